"""The notices of holidays that people enter beside the shipped ones: proposed by one, approved by another (国务院办公厅节假日安排)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship, selectinload

from aftersales.calendar import Notice, SpecialDay, WorkingCalendar
from aftersales.columns import Day, ShortText
from aftersales.deadlines.memory import forget, once_a_transaction, while_unchanged
from aftersales.deadlines.rejudging import OPEN, Reach, midnight
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun
from aftersales.record.deadline import Decision, Unit, decide
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines, Setting
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import DATED

KEY = "working_calendar"
YEARS = range(2000, 2100)


class HolidayNotice(SharedRecord):
    """The State Council's notice for one year, in force from the day it is approved: its days say themselves when they are.

    The latest approved one of a year replaces the earlier ones and what the program shipped for that year; all are kept.
    """

    access = written_by(Role.administrator)
    known_by = ("year", "notice_no")
    setting = Setting(holds="approved")

    year: Mapped[int]
    title: Mapped[ShortText]
    notice_no: Mapped[str] = mapped_column(String(64))
    issued_on: Mapped[Day]
    effective_from: Mapped[Day | None]
    days: Mapped[list["CalendarDay"]] = relationship(back_populates="notice", order_by="CalendarDay.day", cascade="all, delete-orphan")

    __table_args__ = (
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),
        Index("ix_holiday_notice_year_state_effective_from", "year", "state", "effective_from"),
    )

    listing = ("year", "title", "notice_no", "issued_on", "effective_from", "state")
    searched = ("title", "notice_no")
    fixed = ("effective_from",)
    sections = {"content": ("year", "title", "notice_no", "issued_on"), "force": ("effective_from",)}
    lines = (Lines("days", "content"),)
    workflow = DATED

    def __str__(self) -> str:
        return self.notice_no

    @property
    def named_days(self) -> tuple[SpecialDay, ...]:
        """The days as values; assigned, the rows follow."""
        return tuple(SpecialDay(row.day, (row.name, row.name_en), works=row.is_worked) for row in self.days)

    @named_days.setter
    def named_days(self, named: Sequence[SpecialDay]) -> None:
        rows = {row.day: row for row in self.days}
        for special in named:
            row = rows.pop(special.day, None)
            if row is None:
                self.days.append(row := CalendarDay(day=special.day))
            (row.name, row.name_en), row.is_worked = special.name, special.works
        for gone in rows.values():
            self.days.remove(gone)

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.year not in YEARS:
            raise Refusal(_("From %(least)s to %(most)s.", least=YEARS[0], most=YEARS[-1]), field="year")

    def check_approve(self) -> None:
        self.on_change()
        if problem := problem_of_days(self.year, self.named_days):
            raise Refusal(problem, field="named_days")

    def on_approve(self) -> None:
        self.effective_from = today()

    def after_approve(self, reason: str) -> None:
        """Open clocks that count working days across a day it changes are counted anew."""
        self._recount()

    def after_withdraw(self, reason: str) -> None:
        self._recount()

    def _recount(self) -> None:
        from aftersales.deadlines.recount import recount  # the jobs know every feature, and so this one

        recount(object_session(self), self, self.reach(object_session(self)))

    def reach(self, session: Session) -> Reach:
        """By the calendar that holds, whether this notice came or went."""
        return reach_of_days(calendar_of(session), changed_days(without(self), with_notice(self)), self.year)


class CalendarDay(SharedRecord):
    """One day the notice names: off, or worked to make up for a holiday (调休)."""

    parent = "notice"
    known_by = ("notice", "day")

    notice_id: Mapped[int] = mapped_column(ForeignKey("holiday_notice.id"))
    day: Mapped[Day]
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(40))
    is_worked: Mapped[bool]

    notice: Mapped[HolidayNotice] = reference(back_populates="days")

    __table_args__ = (UniqueConstraint("notice_id", "day"),)

    listing = ("day", "name", "name_en", "is_worked")
    sections = {"basics": ("day", "name", "name_en", "is_worked")}


def problem_of_days(year: int, days: Sequence[SpecialDay]) -> str:
    """Why these cannot be the days of a year's notice; "" where they can."""
    if not any(not special.works for special in days):
        return _("Enter at least one holiday.")
    seen: set[date] = set()
    for special in days:
        if special.day.year != year and (special.day.year, special.day.month) != (year - 1, 12):
            return _("%(day)s is not in %(year)s.", day=special.day, year=year)
        if special.day in seen:
            return _("%(day)s is named twice.", day=special.day)
        if special.works and special.day.weekday() < 5:
            return _("%(day)s is no weekend: it is worked anyway.", day=special.day)
        seen.add(special.day)
    return ""


def calendar_of(session: Session) -> WorkingCalendar:
    """The shipped notices, each replaced by the latest approved one of that year."""
    types = (HolidayNotice, CalendarDay)
    return once_a_transaction(session, KEY, lambda: while_unchanged(session, KEY, types, lambda: composed(_in_force(session))))


def _in_force(session: Session, but: HolidayNotice | None = None) -> list[HolidayNotice]:
    """One notice for each year that people entered one for; `but` is looked past."""
    with session.no_autoflush:
        approved = select(HolidayNotice).where(HolidayNotice.state == "approved", HolidayNotice.effective_from <= today())
        ordered = approved.order_by(HolidayNotice.effective_from, HolidayNotice.id).options(selectinload(HolidayNotice.days))
        return list({notice.year: notice for notice in session.scalars(ordered) if notice is not but}.values())


def composed(entered: Iterable[HolidayNotice]) -> WorkingCalendar:
    """The shipped calendar with these notices in the place of its own. A day that two of them name is the later year's."""
    by_year = {notice.year: notice for notice in sorted(entered, key=lambda notice: notice.year)}
    shipped = _shipped()
    own = {special.day: special for notice in by_year.values() for special in notice.named_days}
    return WorkingCalendar(
        notices=(
            *(notice for notice in shipped.notices if notice.year not in by_year),
            *(Notice(year=row.year, title=row.title, number=row.notice_no, issued_on=row.issued_on) for row in by_year.values()),
        ),
        days=(*(day for day in shipped.days if day.day.year not in by_year and day.day not in own), *own.values()),
    )


def with_notice(notice: HolidayNotice) -> WorkingCalendar:
    """The calendar as it would be with this notice."""
    return composed([*_in_force(object_session(notice), but=notice), notice])


def without(notice: HolidayNotice) -> WorkingCalendar:
    return composed(_in_force(object_session(notice), but=notice))


def changed_days(before: WorkingCalendar, after: WorkingCalendar) -> list[date]:
    """The days that are worked by one of the calendars and not by the other."""
    named = {special.day for calendar in (before, after) for special in calendar.days}
    return sorted(day for day in named if before.is_working_day(day) is not after.is_working_day(day))


def reach_of_days(calendar: WorkingCalendar, changed: Sequence[date], year: int) -> Reach:
    """The open clocks that are due after the first changed day, or in the year that has another notice now, counted by `calendar`."""

    def judge(run: ClockRun, earlier: Decision) -> Decision | None:
        if all(candidate.rule.unit is not Unit.working_days for candidate in earlier.candidates):
            return earlier
        rules = [candidate.rule for candidate in earlier.candidates]
        return decide(run.milestone, earlier.facts, run.started_at, rules, calendar, earlier.pauses)

    first = min([*changed, date(year, 1, 1)])
    return Reach(OPEN.where(ClockRun.due_at > midnight(first)).order_by(ClockRun.due_at), judge)


@cache
def _shipped() -> WorkingCalendar:
    return WorkingCalendar.shipped()


def consecutive(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Days in a row as spans from the first to the last."""
    span: list[date] = []
    for day in sorted(days):
        if span and day - span[-1] != timedelta(days=1):
            yield span[0], span[-1]
            span = []
        span.append(day)
    if span:
        yield span[0], span[-1]


@event.listens_for(HolidayNotice, "after_insert")
@event.listens_for(HolidayNotice, "after_update")
@event.listens_for(CalendarDay, "after_insert")
@event.listens_for(CalendarDay, "after_update")
@event.listens_for(CalendarDay, "after_delete")
def _forget(mapper: object, connection: object, row: SharedRecord) -> None:
    forget(object_session(row), KEY)
