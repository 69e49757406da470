"""The emergencies that are under way, each with its next clock: above everything else, for all who may lead one."""

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from aftersales.emergencies.emergency import UNDER_WAY, Emergency
from aftersales.record.clocks import ClockRun

SHOWN, CLOCKS = 5, 3


@dataclass(frozen=True)
class Alarm:
    """`clock` is None where none runs any more."""

    emergency: Emergency
    clock: ClockRun | None


def alarms(session: Session) -> list[Alarm]:
    """The real ones first, the latest on top. One statement."""
    runs = and_(ClockRun.kind == "Emergency", ClockRun.record_id == Emergency.id, ClockRun.met_at.is_(None), ClockRun.dropped_at.is_(None))
    chosen = select(Emergency, ClockRun).outerjoin(ClockRun, runs).where(Emergency.state.in_(UNDER_WAY))
    ordered = chosen.order_by(Emergency.is_drill, Emergency.id.desc(), ClockRun.due_at).limit(SHOWN * CLOCKS)
    first: dict[int, Alarm] = {}
    for emergency, clock in session.execute(ordered):
        first.setdefault(emergency.id, Alarm(emergency, clock))
    return list(first.values())[:SHOWN]
