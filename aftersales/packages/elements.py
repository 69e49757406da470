"""The elements of DA/T 46-2009 as far as they are known (elements.toml), and whether metadata keeps to them. Pure."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as xml

FORMS = {
    "year": r"\d{4}",
    "date": r"\d{4}-\d\d-\d\d",
    "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d",
    "positive": r"[1-9]\d*",
    "count": r"\d+",
    "base64": r"[A-Za-z0-9+/]+={0,2}",
    "oid": r"\d+(\.\d+)+",
    "sha256": r"[0-9a-f]{64}",
}


@dataclass(frozen=True)
class Element:
    """One element below the one it stands in. `origin` says what is written, `left` why nothing is; the rest as elements.toml explains."""

    name: str
    no: str = ""
    english: str = ""
    need: str = "may"
    repeats: bool = False
    mixed: bool = False
    form: str = ""
    values: Sequence[str] = ()
    open: Sequence[str] = ()
    origin: str = ""
    left: str = ""
    found: Sequence[str] = ()

    def takes(self, value: str) -> bool:
        if self.values:
            return value in self.values
        return bool(re.fullmatch(FORMS[self.form], value) if self.form else value)


def _read() -> dict[str, tuple[Element, ...]]:
    table = tomllib.loads((Path(__file__).parent / "elements.toml").read_text("utf-8"))
    del table["sources"]
    return {holder: tuple(Element(**row) for row in rows) for holder, rows in table.items()}


ELEMENTS = _read()
ROOT = next(iter(ELEMENTS))


def faults(root: xml.Element) -> list[str]:
    """What is wanting, unknown, in the wrong place or out of range."""
    return [f"{holder.tag}/{fault}" for holder in root.iter() if holder.tag in ELEMENTS for fault in _faults_in(holder)]


def _faults_in(holder: xml.Element) -> Iterator[str]:
    known = {element.name: element for element in ELEMENTS[holder.tag]}
    places = list(known)
    told = [child.tag for child in holder]
    yield from (f"{name}: unknown" for name in told if name not in known)
    order = [places.index(name) for name in told if name in known]
    if order != sorted(order):
        yield "order"
    for element in known.values():
        found = holder.findall(element.name)
        if element.need == "must" and not found:
            yield f"{element.name}: wanting"
        if len(found) > 1 and not element.repeats:
            yield f"{element.name}: {len(found)} times"
        for one in found:
            value = (one.text or "").strip()
            if element.name in ELEMENTS and not element.mixed:
                if value or not len(one):
                    yield f"{element.name}: {value or 'empty'}"
            elif not element.takes(value):
                yield f"{element.name}: {value or 'empty'}"
