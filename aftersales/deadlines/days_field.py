"""The days of a holiday notice as it is worded: each holiday from – to, and the days worked to make up for it. Needs no script."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import Field
from wtforms.validators import ValidationError

from aftersales.calendar import SpecialDay
from aftersales.deadlines.calendar import consecutive, problem_of_days
from aftersales.labels import language

# 《全国年节及纪念日放假办法》, art. 2; a notice may join two of them with 、.
HOLIDAYS = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Qingming Festival",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}
CHINESE = {english: chinese for chinese, english in HOLIDAYS.items()}
LONGEST = timedelta(days=31)
MOST_ROWS = 40
SPARE = 2
DAY = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One holiday as it was typed."""

    name: str = ""
    since: str = ""
    until: str = ""
    made_up: str = ""
    problem: str = ""


class DaysField(Field):
    """`data` are the days as values. Errors stand in the row they are about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[Row] = []

    def widget(self, field: Field, **attributes: Any) -> Markup:
        return Markup(render_template("deadlines/_days.html", field=self, holidays=_known()))

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.object_data = self.data = tuple(data) if isinstance(data, Iterable) else ()
        if formdata is None:
            self.rows = [*rows_of(self.data), *(Row() for _spare in range(SPARE))]
            return
        columns = (formdata.getlist(f"{self.name}-{part}")[:MOST_ROWS] for part in ("name", "since", "until", "made_up"))
        self.rows = [Row(*(text.strip()[:200] for text in row)) for row in zip(*columns, strict=False)]

    def pre_validate(self, form: Any) -> None:
        year = form["year"].data
        if not isinstance(year, int) or not 1 < year < 9999:
            return  # told at the year
        days: list[SpecialDay] = []
        for place, row in enumerate(self.rows):
            try:
                days += _days_of(row, year)
            except ValueError as problem:
                self.rows[place] = Row(row.name, row.since, row.until, row.made_up, str(problem))
        if any(row.problem for row in self.rows):
            raise ValidationError(_("Please correct the marked holidays."))
        if problem := problem_of_days(year, days):
            raise ValidationError(problem)
        self.data = tuple(sorted(days, key=lambda special: special.day))


def rows_of(days: Sequence[SpecialDay]) -> Iterator[Row]:
    """The days as a notice words them; the holidays of every year, still to be filled in, where there are none."""
    if not days:
        yield from (Row(name) for name in _known())
        return
    for names in dict.fromkeys(special.name for special in sorted(days, key=lambda special: special.day)):
        of_it, name = [special for special in days if special.name == names], names[language() == "en"]
        made_up = "、".join(f"{special.day:%Y-%m-%d}" for special in of_it if special.works)
        for since, until in consecutive(special.day for special in of_it if not special.works):
            yield Row(name, since.isoformat(), until.isoformat(), made_up)
            made_up = ""
        if made_up:
            yield Row(name, made_up=made_up)


def _known() -> list[str]:
    return list(CHINESE if language() == "en" else HOLIDAYS)


def _both(text: str) -> tuple[str, str]:
    """What was typed in one language, in Chinese and English; a name that is not known stays what it is in both."""
    chinese = "、".join(CHINESE.get(part, part) for part in text.split(" and "))
    return chinese, " and ".join(HOLIDAYS.get(part, part) for part in chinese.split("、"))[:40]


def _days_of(row: Row, year: int) -> Iterator[SpecialDay]:
    """ValueError in the reader's words for a row that cannot be meant."""
    if not (row.since or row.until or row.made_up):
        return
    if not row.name or len(row.name) > 40:
        raise ValueError(_("Name the holiday, in up to 40 characters."))
    name = _both(row.name)
    for text in filter(None, re.split(r"[、,，;；\s]+", row.made_up)):
        yield SpecialDay(_day(text, year), name, works=True)
    if row.until and not row.since:
        raise ValueError(_("Enter the first day as well."))
    if not row.since:
        return
    since = _day(row.since, year)
    until = _day(row.until, year) if row.until else since
    if not timedelta(0) <= until - since < LONGEST:
        raise ValueError(_("A holiday ends on or after its first day, within a month."))
    yield from (SpecialDay(since + timedelta(days=n), name, works=False) for n in range((until - since).days + 1))


def _day(text: str, year: int) -> date:
    match = DAY.fullmatch(text)
    try:
        return date(int(match[1] or year), int(match[2]), int(match[3]))  # type: ignore[index]
    except (TypeError, ValueError):
        raise ValueError(_("“%(text)s” is no date. Write it like 2027-02-14 or 2-14.", text=text[:20])) from None
