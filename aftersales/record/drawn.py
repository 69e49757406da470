"""The customer's signature as it arrives: drawn on the screen, or the photo of a signed paper."""

import base64
import binascii

from flask import Request
from flask_babel import gettext as _

from aftersales.record.media import RefusedFile, inspect
from aftersales.record.refusal import Refusal

PREFIX = "data:image/png;base64,"
LARGEST = 1_000_000


class Photo(bytes):
    """A picture of a signed paper, told from what was drawn on the screen, whatever format either has."""


def drawn_bytes(request: Request) -> bytes | None:
    """The image that signs, checked to be one; None when neither was sent."""
    paper = request.files.get("paper")
    if paper is not None and paper.filename:
        return Photo(_image(paper.read(), paper.filename))
    return from_data_url(request.form.get("drawn", ""))


def from_data_url(text: str) -> bytes | None:
    if not text:
        return None
    if not text.startswith(PREFIX) or len(text) > LARGEST:
        raise Refusal(_("The signature could not be read. Sign again."), field="drawn")
    try:
        return _image(base64.b64decode(text.removeprefix(PREFIX), validate=True), "signature.png")
    except binascii.Error:
        raise Refusal(_("The signature could not be read. Sign again."), field="drawn") from None


def _image(data: bytes, name: str) -> bytes:
    try:
        media = inspect(data, name)
    except RefusedFile as refused:
        raise Refusal(str(refused), field="drawn") from refused
    if not media.is_image:
        raise Refusal(_("The signature could not be read. Sign again."), field="drawn")
    return data
