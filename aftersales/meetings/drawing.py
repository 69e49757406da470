"""The lines of a table as bars, the period before beneath each: the same on page and paper."""

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _
from markupsafe import Markup

from aftersales.spreadsheet.cells import width_of

WIDTH, LEFT, RIGHT, LINE, TOP = 420, 132, 36, 26, 22  # in pixels, four to a millimetre of paper
LONGEST = 20  # of a name, in Latin characters


def drawn(title: str, rows: Sequence[tuple[str, int, int]]) -> Markup:
    """The SVG of (name, number, number before); empty where there is nothing to compare."""
    most = max((number for _name, *numbers in rows for number in numbers), default=0)
    if not most:
        return Markup("")
    body = Markup("").join(_shapes(rows, most))
    return Markup(
        '<svg class="meeting-bars" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}" font-size="11">{3}</svg>'
    ).format(WIDTH, TOP + LINE * len(rows) + 2, title, body)


def _shapes(rows: Sequence[tuple[str, int, int]], most: int) -> Iterator[Markup]:
    yield from _key(LEFT, _("This period"), 0.7)
    yield from _key(LEFT + 90, _("Period before"), 0.25)
    scale = (WIDTH - LEFT - RIGHT) / most
    for place, (name, now, before) in enumerate(rows):
        y = TOP + LINE * place
        yield _text(LEFT - 8, y + 13, _short(name), anchor="end")
        yield _bar(LEFT, y + 2, now * scale, 11, 0.7)
        yield _bar(LEFT, y + 14, before * scale, 6, 0.25)
        yield _text(LEFT + now * scale + 5, y + 12, str(now))
    yield Markup('<path d="M{0} {1}V{2}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>').format(
        LEFT, TOP, TOP + LINE * len(rows)
    )


def _key(x: float, words: str, shade: float) -> Iterator[Markup]:
    yield _bar(x, 4, 10, 10, shade)
    yield _text(x + 15, 13, words)


def _bar(x: float, y: float, wide: float, high: float, shade: float) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" fill="currentColor" fill-opacity="{}"/>').format(
        x, y, wide, high, shade
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="currentColor">{}</text>').format(x, y, anchor, words)


def _short(name: str) -> str:
    told = ""
    for letter in name:
        if width_of(told + letter) > LONGEST:
            return told + "…"
        told += letter
    return told
