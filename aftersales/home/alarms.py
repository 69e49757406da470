"""The emergencies that are under way, each with its next clock: above everything else, for all who may act in one."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.emergencies.emergency import UNDER_WAY, Emergency
from aftersales.record.clocks import ClockRun, next_open

SHOWN = 5


@dataclass(frozen=True)
class Alarm:
    """`clock` is None where none runs any more."""

    emergency: Emergency
    clock: ClockRun | None


def alarms(session: Session) -> list[Alarm]:
    """The latest first. One statement, and another where there are any."""
    chosen = select(Emergency).where(Emergency.state.in_(UNDER_WAY)).order_by(Emergency.is_drill, Emergency.id.desc()).limit(SHOWN)
    rows = list(session.scalars(chosen))
    clocks = next_open(session, Emergency, [row.id for row in rows])
    return [Alarm(row, clocks.get(row.id)) for row in rows]
