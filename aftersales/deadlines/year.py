"""A year of working days as twelve months of weeks, for looking at."""

import calendar as weeks
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto

from aftersales.calendar import WorkingCalendar
from aftersales.deadlines.calendar import consecutive
from aftersales.labels import language


class DayKind(StrEnum):
    """What a day is to somebody who counts working days."""

    work = auto()
    weekend = auto()
    holiday = auto()
    make_up = auto()


@dataclass(frozen=True)
class Cell:
    """One day; `changes` where a proposed notice makes it another kind than it is now."""

    day: date
    kind: DayKind
    name: str
    changes: bool


@dataclass(frozen=True)
class Month:
    """`weeks` begin on Monday and have None for the days of other months; `spans` are the named days: (first, last, name, kind)."""

    number: int
    weeks: list[list[Cell | None]]
    working_days: int
    spans: list[tuple[date, date, str, DayKind]]


def months_of(calendar: WorkingCalendar, year: int, changed: Collection[date] = ()) -> list[Month]:
    return [_month(calendar, year, number, changed) for number in range(1, 13)]


def _month(calendar: WorkingCalendar, year: int, number: int, changed: Collection[date]) -> Month:
    rows = [
        [_cell(calendar, date(year, number, day), changed) if day else None for day in week]
        for week in weeks.Calendar().monthdayscalendar(year, number)
    ]
    cells = [cell for week in rows for cell in week if cell is not None]
    spans = [
        (first, last, name, kind)
        for name, kind in dict.fromkeys((cell.name, cell.kind) for cell in cells if cell.name)
        for first, last in consecutive(cell.day for cell in cells if (cell.name, cell.kind) == (name, kind))
    ]
    return Month(number, rows, sum(calendar.is_working_day(cell.day) for cell in cells), sorted(spans))


def _cell(calendar: WorkingCalendar, day: date, changed: Collection[date]) -> Cell:
    name = calendar.name_of(day)
    if name is None:
        kind = DayKind.weekend if day.weekday() >= 5 else DayKind.work
    else:
        kind = DayKind.make_up if calendar.is_working_day(day) else DayKind.holiday
    return Cell(day, kind, name[1 if language() == "en" else 0] if name else "", day in changed)
