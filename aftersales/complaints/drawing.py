"""The analysis of a cause as a picture, the same on page and paper: five whys as a chain, the fishbone, the fault tree."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from aftersales.complaints.kinds import CauseMethod, FaultGate, FishboneBranch
from aftersales.labels import label
from aftersales.spreadsheet.cells import width_of

WIDTH, LINE, GAP = 720, 15, 16  # in pixels, four to a millimetre of paper
BESIDE_BONE = 22  # columns of 6 pixels: what is written from one bone on ends before the slanting top of the next


def drawn(method: CauseMethod, rows: Sequence[Any]) -> Markup:
    """The SVG of the rows (statement, branch, depth, gate, is_root), in their order."""
    height, shapes = {CauseMethod.five_whys: _chain, CauseMethod.fishbone: _fishbone, CauseMethod.fault_tree: _tree}[method](rows)
    body = Markup("").join(shapes)
    return Markup('<svg class="cause" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        WIDTH, height, label(f"cause_method.{method}"), body
    )


def _chain(rows: Sequence[Any]) -> tuple[int, Iterator[Markup]]:
    """One why below the other, each a little further in."""
    cells = [(_lines(row.statement, 56), row) for row in rows]

    def shapes() -> Iterator[Markup]:
        y = 4
        for place, (lines, row) in enumerate(cells):
            x, high = 4 + 24 * min(place, 8), _high(lines)
            if place:
                yield _path(f"M{x - 12} {y - GAP}V{y + high // 2}H{x}")
            yield from _box(x, y, 500, lines, row.is_root)
            yield _text(x + 512, y + high // 2 + 4, _("Root cause") if row.is_root else _("Why %(n)s", n=place + 1))
            y += high + GAP

    return 8 + sum(_high(lines) + GAP for lines, _row in cells), shapes()


def _fishbone(rows: Sequence[Any]) -> tuple[int, Iterator[Markup]]:
    """Three bones above the spine and three below; the first line without a bone is the effect at the head."""
    effect = next((row for row in rows if row.branch is None), None)
    bones = {branch: [row for row in rows if row.branch == branch] for branch in FishboneBranch}
    cut = {branch: [(_lines(row.statement, BESIDE_BONE), row) for row in found] for branch, found in bones.items()}
    tall = max([sum(len(lines) * LINE + 6 for lines, _row in found) for found in cut.values()], default=0) + 40
    spine = tall + 10

    def shapes() -> Iterator[Markup]:
        yield _path(f"M6 {spine}H{WIDTH - 140}", wide=2)
        for place, (branch, found) in enumerate(cut.items()):
            foot, is_above = 190 + 185 * (place % 3), place < 3
            end = spine - tall + 18 if is_above else spine + tall - 18
            yield _path(f"M{foot} {spine}L{foot - 40} {end}")
            yield _text(foot - 100, end - 5 if is_above else end + 14, label(f"fishbone_branch.{branch}"), is_strong=True)
            y = end + 16 if is_above else spine + 20
            for lines, row in found:
                for line in lines:
                    yield _text(foot - 178, y, line, is_strong=row.is_root)
                    y += LINE
                y += 6
        lines = _lines(effect.statement, 16) if effect is not None else []
        yield from _box(WIDTH - 138, spine - _high(lines) // 2, 134, lines, False)

    return 2 * tall + 24, shapes()


def _tree(rows: Sequence[Any]) -> tuple[int, Iterator[Markup]]:
    """Outlined from left to right: an event, its gate, and below it one step further in what brings it about."""
    cells = [(_lines(row.statement, 44), row) for row in rows]
    tops, y = [], 4
    for lines, _row in cells:
        tops.append(y)
        y += _high(lines) + GAP

    def shapes() -> Iterator[Markup]:
        for place, (lines, row) in enumerate(cells):
            x, high = 4 + 56 * (row.depth - 1), _high(lines)
            parent = parent_of(rows, place)
            if parent is not None:
                left = 4 + 56 * (rows[parent].depth - 1) + 24
                yield _path(f"M{left} {tops[parent] + _high(cells[parent][0])}V{tops[place] + high // 2}H{x}")
            yield from _box(x, tops[place], 400, lines, row.is_root)
            if row.gate is not None:
                yield _gate(x + 24, tops[place] + high, row.gate)
                yield _text(x + 408, tops[place] + high // 2 + 4, label(f"fault_gate.{row.gate}"))

    return y, shapes()


def parent_of(rows: Sequence[Any], place: int) -> int | None:
    """The place of the nearest row above that stands higher; None for a top event."""
    return next((above for above in range(place - 1, -1, -1) if rows[above].depth < rows[place].depth), None)


def _gate(x: int, y: int, gate: FaultGate) -> Markup:
    """Flat below for “all of them”, pointed for “any of them”."""
    top = f"V{y + 5}A8 5 0 0 1 {x + 8} {y + 5}V{y + 10}Z" if gate == FaultGate.all_of else f"L{x} {y}L{x + 8} {y + 10}Z"
    below = f"M{x - 8} {y + 10}{top}"
    return Markup('<path class="gate" d="{}" fill="#fff" stroke="#000"/>').format(below)


def _box(x: int, y: int, width: int, lines: Sequence[str], is_root: bool) -> Iterator[Markup]:
    yield Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3" fill="#fff" stroke="#000" stroke-width="{}"/>').format(
        "root" if is_root else "", x, y, width, _high(lines), 2.5 if is_root else 1
    )
    for number, line in enumerate(lines):
        yield _text(x + 8, y + 17 + LINE * number, line, is_strong=is_root)


def _text(x: int, y: int, text: str, *, is_strong: bool = False) -> Markup:
    return Markup('<text x="{}" y="{}" font-size="12"{}>{}</text>').format(x, y, Markup(' font-weight="bold"') if is_strong else "", text)


def _path(way: str, wide: int = 1) -> Markup:
    return Markup('<path d="{}" fill="none" stroke="#888" stroke-width="{}"/>').format(way, wide)


def _high(lines: Sequence[str]) -> int:
    return max(len(lines), 1) * LINE + 11


def _lines(text: str, units: int) -> list[str]:
    """The text in lines of so many Latin characters, a Chinese one taking two."""
    told, line = [], ""
    for letter in text:
        if width_of(line + letter) > units:
            told.append(line)
            line = ""
        line += letter
    return [*told, line]
