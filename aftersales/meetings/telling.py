"""The figures of a meeting in words, as page and paper show them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from aftersales.labels import LANGUAGES, label, language
from aftersales.meetings.drawing import drawn
from aftersales.meetings.figures import DRAWN, UNITS
from aftersales.record.actor import current_actor

NONE = "—"
HOUR, DAY = 60, 24 * 60
COMPARED = ["n", "before"]


@dataclass(frozen=True)
class Line:
    """`url` is its list while the figures are not frozen and the person may read it."""

    name: str
    cells: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True)
class ToldTable:
    key: str
    title: str
    rule: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    drawing: Markup


@dataclass(frozen=True)
class Chapter:
    key: str
    title: str
    tables: tuple[ToldTable, ...]


def told(figures: Sequence[dict[str, Any]], *, is_open: bool) -> list[Chapter]:
    """In the order they were counted."""
    found: dict[str, list[ToldTable]] = {}
    for table in figures:
        found.setdefault(table["chapter"], []).append(_told(table, is_open=is_open))
    return [Chapter(key, label(f"meeting_chapter.{key}"), tuple(tables)) for key, tables in found.items()]


def _told(table: dict[str, Any], *, is_open: bool) -> ToldTable:
    place, columns, rows = LANGUAGES.index(language()), table["columns"], table["rows"]
    is_compared = columns == COMPARED
    words = [label(f"meeting_column.{name}") for name in columns] + ([label("meeting_column.change")] if is_compared else [])
    rows = rows if any(value not in (0, None) for row in rows for value in row["cells"]) else []
    lines = tuple(Line(row["name"][place], tuple(_cells(columns, row["cells"], is_compared)), _url(row) if is_open else "") for row in rows)
    title = table["title"][place]
    bars = [(row["name"][place], row["cells"][0], row["cells"][1] or 0) for row in rows] if table["key"] in DRAWN else []
    return ToldTable(table["key"], title, table["rule"][place], tuple(words), lines, drawn(title, bars))


def _url(row: dict[str, Any]) -> str:
    return row["url"] if row["kind"] and current_actor().can("can_read", row["kind"]) else ""


def _cells(columns: Sequence[str], cells: Sequence[Any], is_compared: bool) -> Iterator[str]:
    yield from (_cell(UNITS.get(name, ""), value) for name, value in zip(columns, cells, strict=True))
    if is_compared:
        now, before = cells
        yield NONE if before is None else f"{now - before:+d}" if now != before else "0"


def _cell(unit: str, value: Any) -> str:
    if value is None:
        return NONE
    match unit:
        case "minutes":
            return _lasted(value)
        case "percent":
            return f"{value} %"
        case "pair":
            return value[LANGUAGES.index(language())]
        case _:
            return str(value)


def _lasted(minutes: int) -> str:
    if minutes < HOUR:
        return _("%(n)s min", n=minutes)
    if minutes < DAY:
        return _("%(h)s h %(m)s min", h=minutes // HOUR, m=minutes % HOUR)
    return _("%(d)s d %(h)s h", d=minutes // DAY, h=minutes % DAY // HOUR)
