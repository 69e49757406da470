"""What a file is, told by its content and never by its name: the few kinds that may hang on a record, and their thumbnails.

Only kinds that prove themselves are let in, so pages, drawings with scripts and programs stay out whatever they are called.
"""

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from flask_babel import gettext
from PIL import Image, ImageOps

from aftersales.record.refusal import Refusal


class RefusedFile(Refusal):
    """The file may not be kept. `message` is the message key, `parameters` its values."""

    def __init__(self, message: str, **parameters: str | int) -> None:
        self.message, self.parameters = message, parameters
        super().__init__(gettext(message, **parameters))


@dataclass(frozen=True)
class Kind:
    """A kind of file that may be kept. `limit` is in bytes; the first of `extensions` is given to a file named otherwise."""

    media_type: str
    extensions: tuple[str, ...]
    limit: int


@dataclass(frozen=True)
class Media:
    """An inspected file: the name to show and to download under, what it really is, bytes and, for images, pixels."""

    name: str
    media_type: str
    size: int
    width: int | None = None
    height: int | None = None

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")


MEGABYTE = 1024 * 1024
PIXEL_LIMIT = 80_000_000  # a picture of 50 million pixels is an ordinary telephone's; one of 80 takes 240 MB to decode
THUMBNAIL_PIXELS = 320
UNPACKED_LIMIT = 200 * MEGABYTE
UNPACKED_FILES = 5000

IMAGES = {
    "JPEG": Kind("image/jpeg", (".jpg", ".jpeg"), 20 * MEGABYTE),
    "PNG": Kind("image/png", (".png",), 20 * MEGABYTE),
    "WEBP": Kind("image/webp", (".webp",), 20 * MEGABYTE),
}
PDF = Kind("application/pdf", (".pdf",), 50 * MEGABYTE)
VIDEO = Kind("video/mp4", (".mp4", ".m4v"), 60 * MEGABYTE)  # a request may not be larger, see config.py
OFFICE = {
    "xl/workbook.xml": Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",), 20 * MEGABYTE),
    "word/document.xml": Kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",), 20 * MEGABYTE),
}
CSV = Kind("text/csv", (".csv",), 10 * MEGABYTE)
TEXT = Kind("text/plain", (".txt", ".log"), 10 * MEGABYTE)

MP4_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4VH", b"dash", b"MSNV", b"3gp4", b"3gp5"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
MARKUP = re.compile(r"^\s*(<|#!|%!PS|\{\\rtf)|<\s*(script|html|svg|iframe|\?php)\b", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def inspect(data: bytes, name: str) -> Media:
    """Tell what `data` is and whether it may be kept; `name` is the uploader's. Raises RefusedFile."""
    if not data:
        raise RefusedFile("The file is empty.")
    if image := _open_image(data):
        return _media(IMAGES[str(image.format)], data, name, *_checked_pixels(image))
    if data.startswith(b"%PDF-"):
        return _media(PDF, data, name)
    if data[4:8] == b"ftyp":
        return _media(_film(data[8:12]), data, name)
    if data.startswith(b"PK\x03\x04"):
        return _media(_office(data), data, name)
    return _media(_text(data, name), data, name)


def thumbnail(data: bytes) -> bytes:
    """A JPEG of at most 320 × 320 pixels, upright, on white, without the place and camera data of the original."""
    image = _open_image(data)
    if image is None:
        raise RefusedFile("The picture cannot be read.")
    _checked_pixels(image)
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()


def display_name(name: str, extensions: tuple[str, ...] = ()) -> str:
    """The uploader's name, Chinese included, without paths, invisible characters and signs that file systems refuse.

    A name that does not end in one of `extensions` gets the first of them.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C")  # among them the signs that turn "gpj.exe" round
    path = PurePosixPath(re.sub(r'[<>:"|?*]', "_", visible).strip(" .") or "file")
    suffix = path.suffix if not extensions or path.suffix.lower() in extensions else extensions[0]
    return path.stem[:100].rstrip(" .") + suffix[:20]


def _media(kind: Kind, data: bytes, name: str, width: int | None = None, height: int | None = None) -> Media:
    if len(data) > kind.limit:
        raise RefusedFile("The file is larger than %(megabytes)s MB.", megabytes=kind.limit // MEGABYTE)
    return Media(display_name(name, kind.extensions), kind.media_type, len(data), width, height)


def _open_image(data: bytes) -> Image.Image | None:
    """The image, its header read and no pixel yet; None where it is none of ours."""
    try:
        return Image.open(io.BytesIO(data), formats=list(IMAGES))
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception:  # whatever a decoder stumbles over in hostile bytes: this is no picture we can show
        return None


def _checked_pixels(image: Image.Image) -> tuple[int, int]:
    """Width and height as shown, after the whole picture could be decoded."""
    if image.width * image.height > PIXEL_LIMIT:
        raise _too_many_pixels()
    width, height = image.size
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    try:
        image.draft("RGB", (THUMBNAIL_PIXELS * 2, THUMBNAIL_PIXELS * 2))  # a JPEG is then decoded at an eighth, in an eighth of the time
        image.load()
    except Exception as error:
        raise RefusedFile("The picture is damaged.") from error
    return (height, width) if turned else (width, height)


def _too_many_pixels() -> RefusedFile:
    return RefusedFile("The picture has more than %(millions)s million pixels.", millions=PIXEL_LIMIT // 1_000_000)


def _film(brand: bytes) -> Kind:
    if brand in HEIC_BRANDS:  # Pillow reads no HEIC of its own
        raise RefusedFile("HEIC pictures cannot be shown: set the camera to JPEG (“most compatible”) and take the picture again.")
    if brand not in MP4_BRANDS:
        raise _not_permitted()
    return VIDEO


def _office(data: bytes) -> Kind:
    """A workbook or text document without macros, and not one that unpacks into a flood."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise _not_permitted() from error
    names = {part.filename for part in parts}
    kinds = [kind for path, kind in OFFICE.items() if path in names and "[Content_Types].xml" in names]
    if len(kinds) != 1:
        raise _not_permitted()
    if any(name.lower().endswith(("vbaproject.bin", ".exe", ".js")) for name in names):
        raise RefusedFile("Office files with macros or programs are not kept.")
    if len(parts) > UNPACKED_FILES or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise RefusedFile("The file unpacks to more than %(megabytes)s MB.", megabytes=UNPACKED_LIMIT // MEGABYTE)
    return kinds[0]


def _text(data: bytes, name: str) -> Kind:
    """Words or a table in UTF-8 or GB 18030, called what they are; nothing that a browser or a shell would run."""
    kind = next((kind for kind in (CSV, TEXT) if name.lower().endswith(kind.extensions)), None)
    text = plain_text(data)
    if kind is None or text is None or MARKUP.search(text):
        raise _not_permitted()
    return kind


def plain_text(data: bytes) -> str | None:
    """The text, where the bytes are words in UTF-8 or GB 18030 without signs that steer machines."""
    text = _decoded(data)
    return None if text is None or CONTROL.search(text) else text


def _decoded(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _not_permitted() -> RefusedFile:
    return RefusedFile("Only pictures (JPEG, PNG, WebP), PDF, MP4, Excel, Word and text files are kept.")
