"""The pages of the working calendar: a year to look at, the form of a notice, and what an approval would change."""

from typing import Any

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.calendar import WorkingCalendar
from aftersales.deadlines.calendar import YEARS, HolidayNotice, calendar_of, changed_days, reach_of_days, with_notice, without
from aftersales.deadlines.days_field import DaysField
from aftersales.deadlines.recount import under_way
from aftersales.deadlines.rejudging import outlook
from aftersales.deadlines.rule_pages import moved_rows
from aftersales.deadlines.year import DayKind, months_of
from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import url_of, words
from aftersales.record.forms import RecordForm
from aftersales.record.now import today
from aftersales.record.views import RecordView

SHOWN = 20


class HolidayNoticeView(RecordView):
    """The bare address shows the year that is asked for with `?year=`, else this one."""

    show_page_template = "deadlines/holiday_notice.html"
    form_page_template = "deadlines/holiday_notice_form.html"

    def opening(self) -> str:
        session, year = db.session(), _year(today().year)
        calendar = calendar_of(session)
        return render_template(
            "deadlines/year.html", year=year, years=years_of(calendar), months=months_of(calendar, year), kinds=DayKind,
            notice=calendar.notice(year), versions=_versions(session, year), is_past=year < today().year, url=self.url, url_of=url_of,
            words=words, may_write=current_actor().can("can_write", HolidayNotice.permission_name()),
        )  # fmt: skip

    def form_type(self, names: tuple[str, ...]) -> type[RecordForm]:
        return type("HolidayNoticeForm", (super().form_type(names),), {"named_days": DaysField(HolidayNotice.field_label("days"))})

    def _preset(self, names: tuple[str, ...]) -> dict[str, Any]:
        """A year that has a notice begins with its days: what is entered is the whole notice once more, with what is different now."""
        calendar = calendar_of(db.session())
        year = _year(next_year(calendar))
        return {
            "year": year,
            "title": f"国务院办公厅关于{year}年部分节假日安排的通知",
            "named_days": [special for special in calendar.days if special.day.year == year] if calendar.is_announced(year) else [],
        }

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, HolidayNotice)
        session = db.session()
        after = with_notice(record)
        extras = {"months": months_of(after, record.year), "kinds": DayKind, "outlook": None, "changed": [], "recounting": None}
        if record.state != "proposed":
            return extras | {"recounting": under_way(session, record)}
        before = without(record)
        changed = changed_days(before, after)
        seen = outlook(session, reach_of_days(after, changed, record.year))
        return extras | {
            "months": months_of(after, record.year, frozenset(changed)),
            "outlook": seen,
            "moved": moved_rows(session, seen),
            "changed": [(day, after.is_working_day(day), after.name_of(day) or before.name_of(day)) for day in changed],
        }


def _year(usual: int) -> int:
    asked = request.args.get("year", usual, type=int)
    return asked if asked in YEARS else usual


def next_year(calendar: WorkingCalendar) -> int:
    """The first year from now on that no notice is known for."""
    return next(year for year in range(today().year, YEARS[-1]) if not calendar.is_announced(year))


def years_of(calendar: WorkingCalendar) -> range:
    """From the first notice to the year after the last that is known or begun."""
    known = [notice.year for notice in calendar.notices]
    return range(min(known), max(*known, today().year) + 2)


def _versions(session: Session, year: int) -> list[HolidayNotice]:
    chosen = select(HolidayNotice).where(HolidayNotice.year == year).order_by(HolidayNotice.id.desc()).limit(SHOWN)
    return list(session.scalars(chosen))
