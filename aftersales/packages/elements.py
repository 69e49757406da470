"""The elements of DA/T 46-2009 that metadata.xml is held to: which there are, which must be there, and what some may say. Pure.

What is known of them and from where stands in elements.toml.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as xml

SHIPPED = Path(__file__).with_name("elements.toml")


@dataclass(frozen=True)
class Element:
    """One element: its number, name and place (the path of what it stands in), and where that was seen."""

    number: str
    name: str
    within: str
    seen: tuple[str, ...]
    is_counted: bool = False
    is_required: bool = False
    values: tuple[str, ...] = ()


@cache
def elements() -> tuple[Element, ...]:
    rows = tomllib.loads(SHIPPED.read_text("utf-8"))["element"]
    return tuple(Element(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}) for row in rows)


def faults(root: xml.Element) -> Iterator[str]:
    """What an obligatory element lacks, and what says something it may not, in words for whoever maintains the program."""
    for element in elements():
        for place in root.iterfind(element.within):
            found = place.findall(element.name)
            if element.is_required and not any(len(each) or each.text for each in found):
                yield f"{element.number} {element.within}/{element.name} is missing"
            if element.values:
                yield from (f"{element.number} {element.name} says {each.text}" for each in found if each.text not in element.values)
