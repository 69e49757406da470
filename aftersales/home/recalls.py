"""The recalls under way, each with its next deadline: for whoever leads them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from aftersales.recalls.recall import Recall
from aftersales.record.clocks import ClockRun, next_open

SHOWN = 6
UNDER_WAY = ("proposed", "running", "completed")


@dataclass(frozen=True)
class RunningRecall:
    recall: Recall
    clock: ClockRun | None


def running(session: Session) -> list[RunningRecall]:
    """Real ones before rehearsals. Two statements."""
    chosen = select(Recall).where(Recall.state.in_(UNDER_WAY)).options(joinedload(Recall.model))
    rows = session.scalars(chosen.order_by(Recall.is_mock, Recall.id.desc()).limit(SHOWN)).all()
    clocks = next_open(session, Recall, [row.id for row in rows])
    return [RunningRecall(row, clocks.get(row.id)) for row in rows]
