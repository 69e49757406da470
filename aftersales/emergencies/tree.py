"""The telephone tree as a picture, the same on page and paper: who calls whom, from left to right, in the order of the calls."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from aftersales.complaints.drawing import parent_of
from aftersales.spreadsheet.cells import width_of

WIDTH, HIGH, GAP, STEP = 720, 44, 12, 44  # in pixels, four to a millimetre of paper


def caller_of(members: Sequence[Any], place: int) -> Any:
    """Who calls the member at this place: the nearest one above that stands one level higher; None for who begins."""
    parent = parent_of(members, place)
    return None if parent is None else members[parent]


def drawn(members: Sequence[Any]) -> Markup:
    """The SVG of the members (depth, duty, name, phone, deputy, deputy_phone), in their order; empty without any."""
    if not members:
        return Markup("")
    body = Markup("").join(_shapes(members))
    return Markup('<svg class="cause" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        WIDTH, 4 + len(members) * (HIGH + GAP), _("Telephone tree"), body
    )


def _shapes(members: Sequence[Any]) -> Iterator[Markup]:
    for place, member in enumerate(members):
        x, y = _corner(members, place)
        parent = parent_of(members, place)
        if parent is not None:
            left, top = _corner(members, parent)
            way = f"M{left + 20} {top + HIGH}V{y + HIGH // 2}H{x}"
            yield Markup('<path d="{}" fill="none" stroke="#888"/>').format(way)
        box = '<rect x="{}" y="{}" width="{}" height="{}" rx="3" fill="#fff" stroke="#000" stroke-width="{}"/>'
        yield Markup(box).format(x, y, WIDTH - 4 - x, HIGH, 2 if parent is None else 1)
        yield _text(x + 10, y + 18, f"{place + 1}. {member.duty}", is_strong=True)
        yield _text(x + 10, y + 36, _cut(f"{member.name}　{member.phone}", 38))
        if member.deputy:
            yield _text(x + 280, y + 36, _cut(_("deputy: %(who)s", who=f"{member.deputy}　{member.deputy_phone or ''}"), 40))


def _corner(members: Sequence[Any], place: int) -> tuple[int, int]:
    return 4 + STEP * (members[place].depth - 1), 4 + place * (HIGH + GAP)


def _text(x: int, y: int, text: str, *, is_strong: bool = False) -> Markup:
    return Markup('<text x="{}" y="{}" font-size="12"{}>{}</text>').format(x, y, Markup(' font-weight="bold"') if is_strong else "", text)


def _cut(text: str, units: int) -> str:
    """As much of it as has room, a Chinese letter taking two."""
    if width_of(text) <= units:
        return text
    while width_of(text) > units - 1:
        text = text[:-1]
    return f"{text}…"
