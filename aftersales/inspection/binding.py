"""One PDF and one ZIP out of parts: merged, numbered, with bookmarks and a table of contents whose page numbers are right.

Sealed papers are copied page by page and never rendered again. A running number is printed on each copy, so the copy is no original any
more: the ZIP holds the originals byte for byte, with their sums.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, OutlineItem, Pdf

BINDER, SUMS, MANIFEST, HOW_TO = "binder.pdf", "SHA256SUMS", "manifest.json", "README.txt"
EDGE = 14  # points from the lower edge of a sheet to the running number, below every footer of ours
FONT = "/BinderNumber"


class DamagedOriginalError(ValueError):
    """The bytes of a part are not those whose sum was given; the message names it."""


@dataclass(frozen=True)
class Part:
    """One file of the binder. `read` gives its bytes when they are wanted; `sha256` is what they must have, "" for what is made now.
    `mark` is the sheet laid over its copies: superseded or void; "" for none."""

    title: str
    detail: str
    path: str
    read: Callable[[], bytes]
    sha256: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Chapter:
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents: a chapter, or one of its parts."""

    title: str
    detail: str
    page: int
    is_chapter: bool


@dataclass(frozen=True)
class Bound:
    """The binder: its bytes, the ZIP's, how many pages, and the table of contents as it was printed."""

    pdf: bytes
    zip: bytes
    pages: int
    contents: tuple[Entry, ...]


@dataclass(frozen=True)
class Press:
    """What prints: the sheets before the parts (cover and contents) for a list of entries, how many sheets those are for a number of
    entries, the last chapter with the sums of all files, and the sheet of each mark."""

    front: Callable[[Sequence[Entry], int], bytes]
    front_sheets: Callable[[int], int]
    sums: Callable[[Sequence[dict[str, Any]]], Part]
    marks: dict[str, bytes]


def bind(
    chapters: Sequence[Chapter], beside: Iterable[tuple[str, bytes]], press: Press, about: dict[str, Any],
    advance: Callable[[int], None] = lambda done: None,
) -> Bound:  # fmt: skip
    """Merge the parts. `beside` are files for the ZIP alone; `about` goes into the manifest; `advance` hears of each part.

    Raises DamagedOriginalError where a part is not what its sum says: no binder is better than one with a forged page.
    """
    packed = io.BytesIO()
    files: list[dict[str, Any]] = []
    with Pdf.new() as pdf, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        chapters = [chapter for chapter in chapters if chapter.parts]
        count = sum(1 + len(chapter.parts) for chapter in chapters) + 2
        offset = press.front_sheets(count)
        entries: list[Entry] = []
        marks = {name: Pdf.open(io.BytesIO(data)) for name, data in press.marks.items()}
        done = 0
        for chapter in chapters:
            entries.append(Entry(chapter.title, "", offset + len(pdf.pages) + 1, is_chapter=True))
            for part in chapter.parts:
                entries.append(Entry(part.title, part.detail, offset + len(pdf.pages) + 1, is_chapter=False))
                files.append(_add(pdf, archive, part, marks))
                done += 1
                advance(done)
        for path, data in beside:
            archive.writestr(path, data, zipfile.ZIP_DEFLATED)
            files.append(_file(path, data))
        last = press.sums(files)
        entries.append(Entry(last.title, "", offset + len(pdf.pages) + 1, is_chapter=True))
        entries.append(Entry(last.title, last.detail, offset + len(pdf.pages) + 1, is_chapter=False))
        _append(pdf, last.read())
        manifest = json.dumps(about | {"files": files}, ensure_ascii=False, indent=1).encode()
        _put_first(pdf, press.front(entries, offset + len(pdf.pages)), offset)
        _number(pdf)
        _bookmark(pdf, entries)
        pdf.attachments[MANIFEST] = manifest
        data = _saved(pdf)
        pages = len(pdf.pages)
        for path, content in ((BINDER, data), (MANIFEST, manifest)):
            archive.writestr(path, content)
            files.append(_file(path, content))
        archive.writestr(HOW_TO, _how_to(about))
        archive.writestr(SUMS, "".join(f"{file['sha256']}  {file['path']}\n" for file in files))
    return Bound(data, packed.getvalue(), pages, tuple(entries))


def _add(pdf: Pdf, archive: zipfile.ZipFile, part: Part, marks: dict[str, Pdf]) -> dict[str, Any]:
    data = part.read()
    file = _file(part.path, data)
    if part.sha256 and file["sha256"] != part.sha256:
        raise DamagedOriginalError(part.path)
    archive.writestr(part.path, data)
    added = _append(pdf, data)
    for page in added if part.mark else ():
        page.add_overlay(marks[part.mark].pages[0])
    return file | {"title": part.title, "pages": len(added)}


def _append(pdf: Pdf, data: bytes) -> list[pikepdf.Page]:
    """The sheets of a file. Its signature stays behind: it is the original's, and a copy shall not look as if it were signed."""
    with Pdf.open(io.BytesIO(data)) as source:
        before = len(pdf.pages)
        if "/AcroForm" in source.Root:
            del source.Root.AcroForm
            for page in source.pages:
                _drop_fields(page)
        pdf.pages.extend(source.pages)
    return [pdf.pages[index] for index in range(before, len(pdf.pages))]


def _drop_fields(page: pikepdf.Page) -> None:
    kept = [annotation for annotation in page.obj.get("/Annots", ()) if annotation.get("/Subtype") != "/Widget"]
    page.obj.Annots = pikepdf.Array(kept)


def _put_first(pdf: Pdf, data: bytes, sheets: int) -> None:
    with Pdf.open(io.BytesIO(data)) as front:
        if len(front.pages) != sheets:
            raise ValueError(f"cover and contents have {len(front.pages)} sheets, and the page numbers were counted for {sheets}")
        for index, page in enumerate(front.pages):
            pdf.pages.insert(index, page)


def _number(pdf: Pdf) -> None:
    """The running number in the middle of the lower edge, in a font that every reader has; one digit is 0.556 of its size wide."""
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    opened = pdf.make_stream(b"q\n")
    total = len(pdf.pages)
    for number, page in enumerate(pdf.pages, 1):
        left, bottom, right, _top = (float(edge) for edge in page.mediabox)
        text = f"- {number} / {total} -"
        at = (left + right) / 2 - len(text) * 0.25 * 9
        name = page.add_resource(font, Name.Font, Name(FONT))  # sheets of one file share their resources
        page.contents_add(opened, prepend=True)
        written = f"Q\nq BT {name} 9 Tf 0.25 g 1 0 0 1 {at:.1f} {bottom + EDGE:.1f} Tm ({text}) Tj ET Q\n"
        page.contents_add(pdf.make_stream(written.encode("ascii")))


def _bookmark(pdf: Pdf, entries: Sequence[Entry]) -> None:
    with pdf.open_outline() as outline:
        outline.root.append(OutlineItem("封面与目录", 0))
        for entry in entries:
            if entry.is_chapter:
                chapter = OutlineItem(entry.title, entry.page - 1)
                chapter.is_closed = True
                outline.root.append(chapter)
            else:
                chapter.children.append(OutlineItem(f"{entry.title} {entry.detail}".strip(), entry.page - 1))
    pdf.Root.PageMode = Name.UseOutlines
    pdf.Root.Lang = pikepdf.String("zh-CN")


def _saved(pdf: Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def _file(path: str, data: bytes) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def _how_to(about: dict[str, Any]) -> str:
    return (
        f"{about['title']}\n\n"
        f"{BINDER}      合订本：存档原件逐页合并，每页加盖册页码，因此不再是原件。\n"
        "originals/      存档原件，与封存时逐字节相同；电子签名在这些文件中有效。\n"
        "procedures/     当时有效的程序文件，同样为封存原件。\n"
        "records/        原件中封存的数据（JSON）。audit/：审计追踪。\n"
        f"核对：在本文件夹内运行  sha256sum -c {SUMS}\n\n"
        f"{BINDER} is a merged copy with running page numbers; the sealed originals are in originals/ and procedures/, byte for byte.\n"
        f"To check: sha256sum -c {SUMS}\n"
    )
