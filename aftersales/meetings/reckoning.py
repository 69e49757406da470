"""The tables that are more than a list counted: times, repeated repairs, deadlines kept and missed, satisfaction, recalls one by one."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import Float, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.functions import FunctionElement

from aftersales.devices.device import Device
from aftersales.labels import LANGUAGES, label
from aftersales.meetings.figures import DONE_OR_GOING
from aftersales.meetings.period import Period
from aftersales.recalls.marks import percent
from aftersales.recalls.recall import Recall
from aftersales.recalls.tally import tally_of
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import LEGAL, ClockRun
from aftersales.record.filtering import WAS_MISSED, Judgement
from aftersales.service.fault import FaultLevel
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import ServiceRating

MOST_REPEATED, MOST_RECALLS = 10, 30
Row = dict[str, Any]
Reckoning = Callable[[Session, Period], tuple[list[str], list[Row]]]


def both(key: str) -> list[str]:
    """The words of a label in each language."""
    return [label(key, language) for language in LANGUAGES]


class minutes_between(FunctionElement[float]):
    """From the second moment to the first."""

    type = Float()
    inherit_cache = True


@compiles(minutes_between)
def _by_epoch(element: Any, compiler: Any, **options: Any) -> str:
    later, earlier = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({later} - {earlier})) / 60"


@compiles(minutes_between, "sqlite")
def _by_julian_days(element: Any, compiler: Any, **options: Any) -> str:
    later, earlier = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(julianday({later}) - julianday({earlier})) * 1440"


def order_times(session: Session, period: Period) -> tuple[list[str], list[Row]]:
    """The mean from the call to each step, of the orders that took it."""
    found, before = _times(session, period), _times(session, period.previous)
    rows = [_time_row(level, found.get(level), before.get(level), period) for level in FaultLevel]
    return ["orders", "respond", "on_site", "resolve", "resolve_before"], rows


def _times(session: Session, period: Period) -> dict[FaultLevel, Any]:
    steps = (ServiceOrder.responded_at, ServiceOrder.arrived_at, ServiceOrder.resolved_at)
    means = (func.avg(minutes_between(step, ServiceOrder.reported_at)) for step in steps)
    found = select(ServiceOrder.fault_level, func.count(), *means).where(*_reported(period)).group_by(ServiceOrder.fault_level)
    return {level: tuple(values) for level, *values in session.execute(found)}


def _time_row(level: FaultLevel, found: Any, before: Any, period: Period) -> Row:
    count, *means = found or (0, None, None, None)
    cells = [count, *(None if mean is None else round(mean) for mean in (*means, before[-1] if before else None))]
    url = f"/service_order/list/?{_days(period)}&state={DONE_OR_GOING}&fault_level={level.value}"
    return {"key": level.value, "name": both(f"fault_level.{level.name}"), "cells": cells, "kind": "ServiceOrder", "url": url}


def _reported(period: Period) -> tuple[Any, ...]:
    return ServiceOrder.reported_at >= period.since, ServiceOrder.reported_at < period.until, ServiceOrder.state != "cancelled"


def _days(period: Period) -> str:
    return f"reported_at_from={period.first}&reported_at_until={period.last}"


def repeated(session: Session, period: Period) -> tuple[list[str], list[Row]]:
    """Devices that were repaired more than once in the period, and the first of them by number."""
    found, before = _repeated(period).subquery(), _repeated(period.previous).subquery()
    totals = (select(value).select_from(of).scalar_subquery() for value, of in (
        (func.count(), found), (func.count(), before), (func.coalesce(func.sum(found.c.n), 0), found),
        (func.coalesce(func.sum(before.c.n), 0), before),
    ))  # fmt: skip
    devices, devices_before, orders, orders_before = session.execute(select(*totals)).one()
    rows = [
        {"key": "devices", "name": both("meeting_row.repeated.devices"), "cells": [devices, devices_before], "kind": "", "url": ""},
        {"key": "orders", "name": both("meeting_row.repeated.orders"), "cells": [int(orders), int(orders_before)], "kind": "", "url": ""},
    ]  # fmt: skip
    most = select(Device, found.c.n).join(found, found.c.device_id == Device.id).options(joinedload(Device.model))
    for device, count in session.execute(most.order_by(found.c.n.desc(), Device.id).limit(MOST_REPEATED)):
        url = f"/service_order/list/?{_days(period)}&state={DONE_OR_GOING}&device_id={device.id}"
        name = f"{device.model} {device.hint}"
        rows.append({"key": f"device:{device.id}", "name": [name, name], "cells": [count, None], "kind": "ServiceOrder", "url": url})
    return ["n", "before"], rows


def _repeated(period: Period) -> Any:
    counted = select(ServiceOrder.device_id, func.count().label("n")).where(*_reported(period)).group_by(ServiceOrder.device_id)
    return counted.having(func.count() > 1)


def clocks_legal(session: Session, period: Period) -> tuple[list[str], list[Row]]:
    return _clocks(session, period, is_legal=True)


def clocks_company(session: Session, period: Period) -> tuple[list[str], list[Row]]:
    """The company's own, with those promised by contract: the two compete on one track."""
    return _clocks(session, period, is_legal=False)


def _clocks(session: Session, period: Period, *, is_legal: bool) -> tuple[list[str], list[Row]]:
    found, before = _judged(session, period, is_legal), _judged(session, period.previous, is_legal)
    rows = [
        _clock_row(kind, milestone, found.get((kind, milestone), (0, 0)), before.get((kind, milestone)), period, is_legal)
        for kind, milestone in _milestones() if (kind, milestone) in found or (kind, milestone) in before
    ]  # fmt: skip
    return ["due", "kept", "missed", "rate", "rate_before"], rows


def _milestones() -> list[tuple[str, str]]:
    return [(cls.__name__, clock.milestone) for cls in SharedRecord.record_types.values() for clock in cls.clocks]


def _judged(session: Session, period: Period, is_legal: bool) -> dict[tuple[str, str], tuple[int, int]]:
    """How many records had one that fell due, and how many missed it. A record counts once, as in the list behind it."""
    fell_due = Judgement("", "", "", period.first, period.last).fell_due
    track = ClockRun.track == LEGAL if is_legal else ClockRun.track != LEGAL
    records = select(ClockRun.kind, ClockRun.milestone, func.max(WAS_MISSED).label("missed")).where(*fell_due, track)
    records = records.where(ClockRun.kind.in_({kind for kind, _milestone in _milestones()}))
    of = records.group_by(ClockRun.kind, ClockRun.milestone, ClockRun.record_id).subquery()
    counted = select(of.c.kind, of.c.milestone, func.count(), func.sum(of.c.missed)).group_by(of.c.kind, of.c.milestone)
    return {(kind, milestone): (due, int(missed)) for kind, milestone, due, missed in session.execute(counted)}


def _clock_row(
    kind: str, milestone: str, found: tuple[int, int], before: tuple[int, int] | None, period: Period, is_legal: bool
) -> Row:  # fmt: skip
    cls = SharedRecord.record_types[kind]
    due, missed = found
    name = [f"{label(cls.key(), language)} · {label(f'milestone.{milestone}', language)}" for language in LANGUAGES]
    cells = [due, due - missed, missed, _rate(found), _rate(before) if before else None]
    verdict = "missed" if missed else "kept"
    url = f"/{cls.key()}/list/?judged={milestone}.{verdict}.{period.first}_{period.last}.{'legal' if is_legal else 'company'}"
    return {"key": f"{kind}.{milestone}", "name": name, "cells": cells, "kind": kind if cls.parent is None else "", "url": url}


def _rate(judged: tuple[int, int]) -> str | None:
    due, missed = judged
    return str(percent(due - missed, due)) if due else None


def satisfaction(session: Session, period: Period) -> tuple[list[str], list[Row]]:
    """The mean of what customers gave at the acceptance, of a hundred, and afterwards, of five. No list tells orders with an answer."""
    rated_url = f"/service_rating/list/?rated_at_from={period.first}&rated_at_until={period.last}"
    accepted = ("accepted", ServiceOrder.satisfaction, ServiceOrder.reported_at, "", "")
    rated = ("rated", ServiceRating.score, ServiceRating.rated_at, "ServiceRating", rated_url)
    rows = []
    for key, value, moment, kind, url in (accepted, rated):
        (count, mean), (_count, before) = (_mean(session, value, moment, one) for one in (period, period.previous))
        cells = [count, mean, before]
        rows.append({"key": key, "name": both(f"meeting_row.satisfaction.{key}"), "cells": cells, "kind": kind, "url": url})
    return ["answers", "score", "score_before"], rows


def _mean(session: Session, value: Any, moment: Any, period: Period) -> tuple[int, str | None]:
    found = select(func.count(value), func.avg(value)).where(moment >= period.since, moment < period.until)
    count, mean = session.execute(found).one()
    return count, None if mean is None else str(Decimal(mean).quantize(Decimal("0.01")))


def recalls(session: Session, period: Period) -> tuple[list[str], list[Row]]:
    """Each recall that was decided by the end of the period and not closed before it began: how far it is on the day of counting."""
    is_open = or_(Recall.closed_at.is_(None), Recall.closed_at >= period.since)
    chosen = select(Recall).where(Recall.recall_level.is_not(None), ~Recall.is_mock, Recall.decided_at < period.until, is_open)
    found = session.scalars(chosen.where(Recall.state != "not_recalled").order_by(Recall.decided_at).limit(MOST_RECALLS)).all()
    return ["recall_level", "units", "told", "done", "effective", "recall_state"], [_recall_row(session, recall) for recall in found]


def _recall_row(session: Session, recall: Recall) -> Row:
    tally = tally_of(session, recall)
    shares = [str(percent(part, whole)) if whole else None for part, whole in ((tally.told, tally.asked), (tally.found, tally.sold))]
    effective = None if recall.effective_percent is None else f"{recall.effective_percent:.1f}"
    level = [words.split(sign)[0] for words, sign in zip(both(f"recall_level.{recall.recall_level.name}"), "：:", strict=True)]  # its name
    state = both(f"recall.state.{recall.state}")
    name = f"{recall.number} {recall.subject}"
    cells = [level, tally.sold, *shares, effective, state]
    return {"key": recall.number, "name": [name, name], "cells": cells, "kind": "Recall", "url": f"/recall/show/{recall.id}"}


RECKONED: dict[str, Reckoning] = {
    function.__name__: function for function in (order_times, repeated, clocks_legal, clocks_company, satisfaction, recalls)
}
