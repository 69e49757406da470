"""The calendar of working days: weekends, less what the yearly notices of the State Council change."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

NOTICES = Path(__file__).parent / "notices"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Notice:
    """The State Council's announcement of one year's holidays (国务院办公厅关于…年部分节假日安排的通知)."""

    year: int
    title: str
    number: str
    issued_on: date


@dataclass(frozen=True)
class SpecialDay:
    """A day a notice names: off as part of a holiday, or worked to make up for one (调休). `name` is (Chinese, English)."""

    day: date
    name: tuple[str, str]
    works: bool


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked. A value: build it from the shipped notices, or from the rows an administrator keeps.

    A year without a notice is counted by its weekends alone, and `unannounced_years` says so.
    A notice may name days of the December before its year.
    """

    notices: tuple[Notice, ...]
    days: tuple[SpecialDay, ...]

    def __post_init__(self) -> None:
        """ValueError if a year has two notices or a day is named twice: one of the two would be silently ignored."""
        _refuse_twice("year", [notice.year for notice in self.notices])
        _refuse_twice("day", [special.day for special in self.days])

    @classmethod
    def shipped(cls) -> "WorkingCalendar":
        """The calendar of the notices that come with the program, one TOML file a year."""
        return cls.from_folder(NOTICES)

    @classmethod
    def from_folder(cls, folder: Path) -> "WorkingCalendar":
        """Read `<year>.toml` files: a [notice] and its [[holiday]] spans with their make-up days."""
        years = [(int(path.stem), tomllib.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.toml"))]
        return cls(
            notices=tuple(Notice(year=year, **table["notice"]) for year, table in years),
            days=tuple(special for _, table in years for holiday in table["holiday"] for special in _special_days(holiday)),
        )

    def is_working_day(self, day: date) -> bool:
        special = self._special(day)
        return special.works if special else day.weekday() < 5

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which is not counted itself; 0 gives `day` back. ValueError below 0."""
        if count < 0:
            raise ValueError(f"working days are counted forward, not {count}")
        while count:
            day += ONE_DAY
            count -= self.is_working_day(day)
        return day

    def name_of(self, day: date) -> tuple[str, str] | None:
        """The holiday a day belongs to or makes up for, in (Chinese, English); None for a day no notice names."""
        special = self._special(day)
        return special.name if special else None

    def is_announced(self, year: int) -> bool:
        return year in self._notice_by_year

    def notice(self, year: int) -> Notice | None:
        return self._notice_by_year.get(year)

    def unannounced_years(self, from_day: date, to_day: date) -> tuple[int, ...]:
        """The years from `from_day` to `to_day`, both included, that are counted by weekends only."""
        return tuple(year for year in range(from_day.year, to_day.year + 1) if not self.is_announced(year))

    def notice_numbers(self, from_day: date, to_day: date) -> tuple[str, ...]:
        """The notices the years from `from_day` to `to_day` are counted by."""
        found = (self.notice(year) for year in range(from_day.year, to_day.year + 1))
        return tuple(notice.number for notice in found if notice)

    def _special(self, day: date) -> SpecialDay | None:
        if isinstance(day, datetime):
            raise TypeError(f"a moment is not a day: {day!r}")  # it is a date to Python, yet equals none: holidays would be missed
        return self._special_by_day.get(day)

    @cached_property
    def _special_by_day(self) -> dict[date, SpecialDay]:
        return {special.day: special for special in self.days}

    @cached_property
    def _notice_by_year(self) -> dict[int, Notice]:
        return {notice.year: notice for notice in self.notices}


def _special_days(holiday: dict[str, Any]) -> Iterator[SpecialDay]:
    chinese, english = holiday["name"]
    day = holiday["from"]
    while day <= holiday["to"]:
        yield SpecialDay(day, (chinese, english), works=False)
        day += ONE_DAY
    for made_up in holiday.get("make_up", ()):
        yield SpecialDay(made_up, (chinese, english), works=True)


def _refuse_twice(what: str, values: list[Any]) -> None:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"the {what} {value} is given twice")
        seen.add(value)
