"""What the tests are asked with: cases and device-days, counted by the database in groups, never row by row.

A case is a service request about a device, cancelled ones aside, at the time it came in; for the tests a device counts once in each month,
so that one device that is called about every week makes no bad lot. A device stands from its installation (else its making, else its entry)
to the end, a retired one to its last change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, Integer, Select, and_, case, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from aftersales.devices.device import Device
from aftersales.record.now import CHINA
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.signals.kinds import SignalKind, Subject

MONTHS = 12


class days_between(FunctionElement[int]):
    """Whole days from the second day to the first."""

    type = Integer()
    inherit_cache = True


@compiles(days_between)
def _subtracted(element: Any, compiler: Any, **options: Any) -> str:
    later, earlier = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({later} - {earlier})"


@compiles(days_between, "sqlite")
def _by_julian_days(element: Any, compiler: Any, **options: Any) -> str:
    later, earlier = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


@dataclass(frozen=True)
class Span:
    """From one moment to before another; its days are those of China."""

    since: datetime
    until: datetime

    @property
    def first(self) -> date:
        return self.since.astimezone(CHINA).date()

    @property
    def end(self) -> date:
        """The first day that is no longer in it: exposure is counted in whole days."""
        return self.until.astimezone(CHINA).date()

    @property
    def last(self) -> date:
        return (self.until - timedelta(microseconds=1)).astimezone(CHINA).date()

    @property
    def holds(self) -> Any:
        """The condition on a request that it is a case in this span."""
        return and_(ServiceRequest.received_at >= self.since, ServiceRequest.received_at < self.until, ServiceRequest.state != "cancelled")


@dataclass(frozen=True)
class Count:
    cases: int = 0
    days: int = 0


def midnight(day: date) -> datetime:
    """When a day begins in China."""
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def months_before(day: date, count: int = MONTHS) -> list[date]:
    """The first days of the `count` whole months before that of `day`, and of that one itself."""
    place = day.year * 12 + day.month - 1
    return [date((place - back) // 12, (place - back) % 12 + 1, 1) for back in range(count, -1, -1)]


def _months_in(span: Span) -> list[date]:
    """The first days of the months that a span touches, and of the one after it."""
    end = months_before(span.last, 0)[0]
    count = (end.year - span.first.year) * 12 + end.month - span.first.month
    return [*months_before(end, count), months_before(end + timedelta(days=31), 0)[0]]


def _once_a_month(of: Any, span: Span) -> Select[Any]:
    """What a case belongs to and how many there are, a device counted once in each month: to be joined and narrowed by `_grouped`."""
    return select(of.label("of"), ServiceRequest.device_id, _month_of(_months_in(span)).label("month")).where(span.holds).distinct()


def _grouped(cases: Select[Any]) -> Select[Any]:
    found = cases.subquery()
    return select(found.c.of, func.count()).group_by(found.c.of)


def _clipped(since: Any, until: Any, first: date, end: date) -> Any:
    """How many days from `since` to `until` lie from `first` to before `end`."""
    start = case((since > first, since), else_=literal(first, Date))
    stop = case((until < end, until), else_=literal(end, Date))
    return case((stop > start, days_between(stop, start)), else_=0)


def _device_days(span: Span) -> Any:
    entered = func.date(Device.created_at, type_=Date)
    begun = func.coalesce(Device.installed_on, Device.made_on, entered, type_=Date)
    left = case((Device.state == "retired", func.date(Device.changed_at, type_=Date)), else_=literal(span.end, Date))
    return func.coalesce(func.sum(_clipped(begun, left, span.first, span.end)), 0)


def _merged(cases: Iterable[Any], days: Iterable[Any]) -> dict[Any, Count]:
    told, stood = dict(map(tuple, cases)), dict(map(tuple, days))
    return {key: Count(told.get(key, 0), int(stood.get(key, 0))) for key in {*told, *stood}}


def by_lot(session: Session, model_id: int, span: Span) -> dict[str | None, Count]:
    """Cases and device-days of each lot of the model."""
    mine = Device.model_id == model_id
    cases = _once_a_month(Device.lot_no, span).join_from(Device, ServiceRequest, ServiceRequest.device_id == Device.id).where(mine)
    days = select(Device.lot_no, _device_days(span)).where(mine).group_by(Device.lot_no)
    return _merged(session.execute(_grouped(cases)), session.execute(days))


def by_part_lot(session: Session, part_no: str, span: Span) -> dict[str | None, Count]:
    """Cases of devices since a part of the lot was fitted and until the next one was, and the days between."""
    following = func.lead(PartReplaced.created_at).over(partition_by=ServiceOrder.device_id, order_by=PartReplaced.id)
    fitted = (
        select(
            ServiceOrder.device_id, PartReplaced.new_lot_no.label("lot"), PartReplaced.created_at.label("since"), following.label("until")
        )
        .join(PartReplaced, PartReplaced.order_id == ServiceOrder.id)
        .where(PartReplaced.part_no == part_no)
        .cte("fitted")
    )
    while_fitted = and_(
        ServiceRequest.device_id == fitted.c.device_id, ServiceRequest.received_at > fitted.c.since,
        or_(fitted.c.until.is_(None), ServiceRequest.received_at <= fitted.c.until),
    )  # fmt: skip
    cases = _once_a_month(fitted.c.lot, span).join_from(fitted, ServiceRequest, while_fitted)
    since, until = func.date(fitted.c.since, type_=Date), func.date(fitted.c.until, type_=Date)
    stood = func.sum(_clipped(since, func.coalesce(until, literal(span.end, Date)), span.first, span.end))
    days = select(fitted.c.lot, stood).group_by(fitted.c.lot)
    return _merged(session.execute(_grouped(cases)), session.execute(days))


def part_numbers(session: Session) -> list[str]:
    """Those of which a part with a lot was ever fitted."""
    fitted = select(PartReplaced.part_no).where(PartReplaced.new_lot_no.is_not(None), PartReplaced.part_no.is_not(None))
    return list(session.scalars(fitted.distinct().order_by(PartReplaced.part_no)))


def by_model(session: Session, months: Sequence[date], split: date) -> dict[int, tuple[Count, Count]]:
    """For each model what came from `split` on, and what came in the months before it: a device counts once in each month."""
    earlier, later = Span(midnight(months[0]), midnight(split)), Span(midnight(split), midnight(months[-1]))
    whole = Span(earlier.since, later.until)
    month = _month_of(months).label("month")
    cases = select(Device.model_id, month, func.count(ServiceRequest.device_id.distinct()))
    cases = cases.join(ServiceRequest, ServiceRequest.device_id == Device.id).where(whole.holds).group_by(Device.model_id, month)
    told: dict[int, list[int]] = {}
    for model_id, place, count in session.execute(cases):
        told.setdefault(model_id, [0, 0])[months[place] >= split] += count
    days = select(Device.model_id, _device_days(earlier), _device_days(later)).group_by(Device.model_id)
    return {
        model_id: (Count(told[model_id][1], int(after)), Count(told[model_id][0], int(before)))
        for model_id, before, after in session.execute(days)
        if model_id in told
    }


def _month_of(months: Sequence[date]) -> Any:
    """The place among `months` of the month in which a request came."""
    bounds = [(ServiceRequest.received_at < midnight(end), place) for place, end in enumerate(months[1:])]
    return case(*bounds, else_=len(months) - 1)


def cases_of(subject: Subject, span: Span) -> Select[Any]:
    """The requests that are cases of a subject, to be narrowed or counted further."""
    chosen = select(ServiceRequest.id).where(span.holds)
    match subject.kind:
        case SignalKind.repeated:
            return chosen.where(ServiceRequest.device_id == subject.device_id)
        case SignalKind.batch:
            lot = Device.model_id == subject.model_id, Device.lot_no == subject.lot_no
            return chosen.join(Device, Device.id == ServiceRequest.device_id).where(*lot)
        case SignalKind.part_batch:
            first = func.min(PartReplaced.created_at).label("since")  # its devices first: they are found by the lot's index
            fitted = select(ServiceOrder.device_id, first).join(PartReplaced, PartReplaced.order_id == ServiceOrder.id)
            lot = PartReplaced.part_no == subject.part_no, PartReplaced.new_lot_no == subject.lot_no
            since = fitted.where(*lot).group_by(ServiceOrder.device_id).subquery()
            return chosen.join(since, ServiceRequest.device_id == since.c.device_id).where(ServiceRequest.received_at > since.c.since)
        case _:
            return chosen.join(Device, Device.id == ServiceRequest.device_id).where(Device.model_id == subject.model_id)


def monthly(session: Session, subject: Subject, months: Sequence[date], until: datetime) -> list[int]:
    """How many cases came in each of `months`; the last one may still be running."""
    place = _month_of(months).label("place")
    counted = cases_of(subject, Span(midnight(months[0]), until)).with_only_columns(place, func.count()).group_by(place)
    told = dict(map(tuple, session.execute(counted)))
    return [told.get(place, 0) for place in range(len(months))]
