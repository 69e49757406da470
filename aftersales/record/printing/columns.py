"""The widths of the columns of a printed table, told from the text of its cells.

WeasyPrint's own way lays out every cell twice to find them, which is a quarter of the time of a paper. Letters are counted here instead,
Chinese ones as wide as they are high; what a column needs it gets while there is room, and longer texts share what is left.
"""

from collections.abc import Iterator
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element

FULL = 58.0  # what the width of a page holds, in letters as wide as high
LATIN = 0.56  # the width of another letter
GAP = 1.0  # beside each column
LONGEST = 90.0  # a text longer than this asks for no more room than one of this length
WORD = 9.0  # a word is broken beyond this length
MARK = 2 * LATIN + 1.0  # "▲ ", which print.css puts before a verdict that failed
UNBROKEN = {"short", "number", "verdict"}  # classes whose cells stay on one line (print.css)


def settle_columns(page: Element) -> None:
    """Gives every table of `page` that does not say so itself the widths of its columns."""
    for table in page.iter("table"):
        if table.find("colgroup") is None and (columns := _columns(table)):
            group = Element("colgroup")
            group.extend(Element("col", style=f"width: {width:.2f}%") for width in _shares(columns))
            table.insert(1 if table.find("caption") is not None else 0, group)
            table.set("style", "table-layout: fixed")


def _columns(table: Element) -> list[tuple[float, float]]:
    """Of each column the least room and the room it would like; nothing where cells reach over several."""
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    rows = [row for row in rows if not any("colspan" in cell.attrib or "rowspan" in cell.attrib for cell in row)]
    if not rows or len({len(row) for row in rows}) > 1:
        return []
    return [_column(cells) for cells in zip(*rows, strict=True)]


def _column(cells: tuple[Element, ...]) -> tuple[float, float]:
    liked = max(length for cell in cells for length in _lines(cell))
    if liked <= WORD:
        return liked, liked
    unbroken = [length for cell in cells if UNBROKEN.intersection(cell.get("class", "").split()) for length in _lines(cell)]
    word = max((_length(word) for cell in cells for word in "".join(cell.itertext()).split() if word.isascii()), default=0.0)
    head = max(_length("".join(cell.itertext()).strip()) for cell in cells if cell.tag == "th") if cells[0].tag == "th" else 0.0
    return min(liked, max(*unbroken, min(word, WORD), min(head, WORD / 2))), min(liked, LONGEST)


def _lines(cell: Element) -> Iterator[float]:
    mark = MARK if "verdict" in cell.get("class", "").split() else 0.0
    yield from (_length(line.strip()) + mark for line in "".join(cell.itertext()).split("\n"))


def _length(text: str) -> float:
    return sum(1.0 if east_asian_width(letter) in "WF" else LATIN for letter in text)


def _shares(columns: list[tuple[float, float]]) -> list[float]:
    """Percents of the table's width."""
    least, liked = [low + GAP for low, _high in columns], [high + GAP for _low, high in columns]
    if sum(liked) > FULL:
        room, wishes = max(FULL - sum(least), 0.0), [high - low for low, high in columns]
        liked = [low + room * wish / (sum(wishes) or 1.0) for low, wish in zip(least, wishes, strict=True)]
    return [100 * width / sum(liked) for width in liked]
