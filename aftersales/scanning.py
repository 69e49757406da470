"""Reading the codes of a picture for browsers that cannot: the frame of a camera, or a photo of a label. Nothing is kept."""

from io import BytesIO

import zxingcpp
from flask import Response, abort, current_app, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from aftersales.record.actor import current_actor
from aftersales.record.refusal import Refusal

LARGEST = 12 * 1024 * 1024
MOST_PIXELS = 50_000_000
SIDE = 2400  # what a telephone's photo is made smaller to: a label is read as well, and in a tenth of the time
RATE = "120 per minute"


class ScanView(BaseView):
    """`POST /scan` answers the codes it reads, with FNC1 as 0x1D between their parts."""

    route_base = "/scan"
    default_view = "read"

    @expose("", methods=["POST"])
    def read(self) -> Response:
        if current_actor().user_id is None:
            abort(403)
        upload = request.files.get("picture")
        data = upload.read(LARGEST + 1) if upload is not None else b""
        if len(data) > LARGEST:
            abort(413)
        return current_app.json.response(codes=codes_of(data))


def codes_of(data: bytes) -> list[str]:
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Refusal(_("The picture is too large."), field="picture")
            picture.draft("L", (SIDE, SIDE))
            grey = ImageOps.exif_transpose(picture).convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refusal(_("This is no picture."), field="picture") from error
    grey.thumbnail((SIDE, SIDE))
    return [code.text for code in zxingcpp.read_barcodes(grey, text_mode=zxingcpp.TextMode.Plain)]
