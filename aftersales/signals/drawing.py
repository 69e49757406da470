"""The cases of each month as bars, with the level that was expected: the same on page and paper."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

WIDTH, HEIGHT, LEFT, RIGHT, FOOT, TOP = 720, 150, 20, 130, 34, 10  # in pixels, four to a millimetre of paper


def drawn(told: dict[str, Any]) -> Markup:
    """The SVG of `first` (the first month, "2026-01"), `counts` and `expected`, the level of one month or None."""
    counts, expected = told["counts"], told["expected"]
    body = Markup("").join(_shapes(_months(told["first"], len(counts)), counts, expected))
    return Markup(
        '<svg class="signal-plot" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}" '
        'font-size="11">{3}</svg>'
    ).format(WIDTH, HEIGHT, _("Cases of each month"), body)


def _months(first: str, count: int) -> list[str]:
    year, month = int(first[:4]), int(first[5:])
    return [f"{(year * 12 + month - 1 + n) // 12}-{(month - 1 + n) % 12 + 1:02d}" for n in range(count)]


def _shapes(months: list[str], counts: list[int], expected: float | None) -> Iterator[Markup]:
    most = max([1, *counts, *([expected] if expected is not None else [])])
    floor, step = HEIGHT - FOOT, (WIDTH - LEFT - RIGHT) / len(counts)
    scale = (floor - TOP - 14) / most
    yield Markup('<path d="M{} {}H{}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>').format(LEFT, floor, WIDTH - RIGHT)
    for place, (month, count) in enumerate(zip(months, counts, strict=True)):
        x, high = LEFT + place * step + step * 0.2, count * scale
        yield Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="currentColor" fill-opacity="0.55"/>').format(
            x, floor - high, step * 0.6, high
        )
        if count:
            yield _text(x + step * 0.3, floor - high - 4, str(count))
        is_first_of_year = place == 0 or month.endswith("-01")
        yield _text(x + step * 0.3, floor + 14, f"{int(month[5:])}")
        if is_first_of_year:
            yield _text(x + step * 0.3, floor + 28, month[:4])
    if expected is not None:
        y = floor - expected * scale
        yield Markup('<path class="expected" d="M{} {:.1f}H{}" fill="none" stroke="#b3261e" stroke-dasharray="5 3"/>').format(
            LEFT, y, WIDTH - RIGHT
        )
        yield _text(
            WIDTH - RIGHT + 6,
            y + 4,
            _("expected %(n)s", n=f"{expected:.1f}" if expected >= 1 else f"{expected:.2g}"),
            anchor="start",
            css="expected",
        )


def _text(x: float, y: float, text: str, anchor: str = "middle", css: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="currentColor" class="{}">{}</text>').format(x, y, anchor, css, text)
