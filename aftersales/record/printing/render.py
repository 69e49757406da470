"""HTML to PDF/A-3b: one page of Chinese in a tenth of a second, the same bytes each time, nothing fetched from anywhere."""

import hashlib
import io
import logging
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pydyf
from PIL import ImageFile
from weasyprint import CSS, HTML, VERSION, Attachment
from weasyprint.html import UA, UA_COUNTER_STYLE
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from .columns import settle_columns
from .fonts import document_fonts, font_face_css, font_stack
from .metadata import w3c_date, xmp_packet

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE_FOLDER = ROOT / "templates" / "documents"
STATIC_FOLDER = ROOT / "aftersales" / "static"
PRINT_CSS = TEMPLATE_FOLDER / "print.css"
UNUSED = ("::footnote", "::note", "[dir")  # beginnings of browser's rules: each element had six styles more, for notes and markers
RECORD_NAME = "record.json"
SVG = "{http://www.w3.org/2000/svg}svg"
PRODUCER = f"WeasyPrint {VERSION}"

# WeasyPrint, when imported, lets Pillow pass pictures cut off in the middle, for the whole process: uploads too. We want to hear of them.
ImageFile.LOAD_TRUNCATED_IMAGES = False


class RenderingError(ValueError):
    """The page cannot be printed as it was meant; the message says what was refused or broken."""


class _LocalFetcher(URLFetcher):
    """Serves data: URIs and files of our own folders; anything else ends the rendering: better no report than one with a hole."""

    def __init__(self, fonts: frozenset[Path]) -> None:
        super().__init__(allowed_protocols=("data", "file"), allow_redirects=False, fail_on_errors=True)
        self._fonts = fonts

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if url.startswith("file:"):
            path = Path(unquote(urlsplit(url).path)).resolve()
            if path not in self._fonts and not any(path.is_relative_to(folder) for folder in (TEMPLATE_FOLDER, STATIC_FOLDER)):
                raise ValueError(f"outside the document folders: {path}")
        return super().fetch(url, headers)


_BROWSER = "\n".join(line for line in UA.splitlines() if not line.startswith(UNUSED)).replace("\n::marker", "\nli::marker")
_BROWSER_SHEET = CSS(string=_BROWSER, counter_style=UA_COUNTER_STYLE)


class _Page(HTML):
    """Papers have no foot notes and run in one direction: rules of a browser's own sheet for such are left out, a sixth of the time."""

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_BROWSER_SHEET]


class _Press:
    """The fonts, loaded once per process. Pango's font map is not made for threads, so one thread prints at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fetcher = _LocalFetcher(frozenset(path.resolve() for path in document_fonts().values()))
        self.fonts = FontConfiguration()
        self._faces = CSS(string=font_face_css(), font_config=self.fonts, url_fetcher=self.fetcher)
        self._sheets: dict[tuple[Path, int], CSS] = {}

    def sheets(self, paths: Sequence[Path]) -> list[CSS]:
        """The stylesheets, each parsed once until its file changes."""
        return [self._faces, *(self._sheet(path, path.stat().st_mtime_ns) for path in paths)]

    def _sheet(self, path: Path, changed: int) -> CSS:
        if (path, changed) not in self._sheets:
            self._sheets[path, changed] = CSS(filename=path, font_config=self.fonts, url_fetcher=self.fetcher)
        return self._sheets[path, changed]


_press: _Press | None = None
_press_lock = threading.Lock()


def render_pdf(
    html: str,
    *,
    stylesheets: Sequence[Path] = (PRINT_CSS,),
    identifier: bytes,
    record: bytes,
    created: datetime,
    title: str,
    lang: str = "zh-CN",
) -> bytes:
    """A PDF/A-3b of `html` with `record` (JSON) attached as its data. Equal arguments give equal bytes.

    `identifier`: 16 bytes that name the document for good. `created`: aware; the only time in the file.
    Raises RenderingError on anything that is not a data: URI or a file of templates/documents or static, and on images that cannot be read.
    """
    if created.tzinfo is None:
        raise ValueError("created must be an aware datetime")
    press = _warm_press()
    with press.lock, _errors_raised():
        page = _Page(string=html, base_url=TEMPLATE_FOLDER.as_uri() + "/", url_fetcher=press.fetcher)
        settle_columns(page.etree_element)
        for drawing in page.etree_element.iter(SVG):  # takes no family from the page: it would embed one more, of Japanese letters
            drawing.set("font-family", font_stack())
        for steps in page.etree_element.iterfind(".//ol[@start]"):  # no attribute changes looks: a list would begin anew
            steps.set("style", f"counter-reset: list-item {int(steps.get('start', 1)) - 1}")
        document = page.render(stylesheets=press.sheets(stylesheets), font_config=press.fonts, pdf_variant="pdf/a-3b")
        document.metadata.title = title
        document.metadata.lang = lang
        document.metadata.created = document.metadata.modified = w3c_date(created)
        moment = created.astimezone(UTC)
        attachment = Attachment(
            string=record,
            name=RECORD_NAME,
            description="The record's data",
            created=moment,
            modified=moment,
            relationship="Data",
            url_fetcher=press.fetcher,
        )
        digest = hashlib.sha256(record).hexdigest()
        packet = xmp_packet(title=title, lang=lang, created=created, producer=PRODUCER, record_sha256=digest)
        target = io.BytesIO()
        document.write_pdf(
            target,
            finisher=lambda document, pdf: _finish(pdf, packet),
            pdf_variant="pdf/a-3b",
            pdf_identifier=identifier,
            attachments=[attachment],
            uncompressed_pdf=False,
        )
    return target.getvalue()


def _finish(pdf: pydyf.PDF, packet: bytes) -> None:
    """Our own metadata, readable by a plain text search; each attachment named once; images unsmoothed, as PDF/A wants them (6.2.8).
    Compressed by zlib's own measure: the ninth level, which pydyf takes, is a half per cent smaller and costs thrice."""
    number = int(pdf.catalog["Metadata"].split()[0])
    pdf.objects[number].stream = [packet]
    pdf.objects[number].compress = False
    pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
    for item in pdf.objects:
        if not isinstance(item, pydyf.Stream):
            continue
        if "Interpolate" in item.extra:
            item.extra["Interpolate"] = "false"
        if item.compress and all(isinstance(part, bytes) for part in item.stream):
            item.stream, item.compress = [zlib.compress(b"\n".join(item.stream))], False
            item.extra["Filter"] = "/FlateDecode"


def _warm_press() -> _Press:
    global _press
    with _press_lock:
        _press = _press or _Press()
    return _press


@contextmanager
def _errors_raised() -> Iterator[None]:
    """WeasyPrint logs an unreadable image and prints on; here every logged error of this thread becomes a RenderingError."""
    complaints: list[str] = []
    thread = threading.get_ident()
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda entry: complaints.append(entry.getMessage()) if entry.thread == thread else None
    logger = logging.getLogger("weasyprint")
    logger.addHandler(handler)
    try:
        yield
    except FatalURLFetchingError as refusal:  # a BaseException: it must not travel further as one
        raise RenderingError(f"{refusal}: {refusal.__cause__}") from refusal
    finally:
        logger.removeHandler(handler)
    if complaints:
        raise RenderingError("; ".join(complaints))
