"""The file: readable JSON with the version of its format, of the program, and a sum that tells damage on the way."""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

import aftersales
from aftersales.configuration.kind import Kind
from aftersales.record.natural import Item
from aftersales.record.now import now
from aftersales.record.payload import Malformed, object_of
from aftersales.record.refusal import Refusal

WHAT = "after-sales configuration"
FORMAT = 1
LARGEST = 4 * 1024 * 1024
MOST_ENTRIES = 20_000
Sections = dict[str, list[Item]]


def write(session: Session, kinds: Iterable[Kind]) -> bytes:
    """The settings of these kinds, as they are here."""
    sections = {kind.name: kind.entries(session) for kind in kinds}
    head = {"what": WHAT, "format": FORMAT, "product_version": product_version(), "written_at": now().isoformat(timespec="seconds")}
    content = head | {"checksum": checksum(sections), "sections": sections}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def read(data: bytes) -> Sections:
    """The sections of a file that is whole and of a format known here. Raises Refusal."""
    if len(data) > LARGEST:
        raise Refusal(_("The file is too large."), field="file")
    try:
        content = object_of(data)
    except Malformed:
        raise Refusal(_("This is no file of settings."), field="file") from None
    if content.get("what") != WHAT or type(content.get("format")) is not int:
        raise Refusal(_("This is no file of settings."), field="file")
    if content["format"] != FORMAT:
        message = _("The file has format %(theirs)s, this program reads format %(ours)s. Bring both programs to the same version.",
                    theirs=content["format"], ours=FORMAT)  # fmt: skip
        raise Refusal(message, field="file")
    sections = content.get("sections")
    if not isinstance(sections, dict) or not all(_is_section(items) for items in sections.values()):
        raise Refusal(_("This is no file of settings."), field="file")
    if sum(map(len, sections.values())) > MOST_ENTRIES:
        raise Refusal(_("The file is too large."), field="file")
    if content.get("checksum") != checksum(sections):
        raise Refusal(_("The file was changed after it was written: its checksum is another."), field="file")
    return sections


def _is_section(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def checksum(sections: Sections) -> str:
    canonical = json.dumps(sections, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


@cache
def product_version() -> str:
    project = tomllib.loads((Path(aftersales.__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    return project["project"]["version"]
