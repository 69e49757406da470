"""What a change of the rule book or of the calendar does to the clocks that run: looked at beforehand, done at the approval."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.clocks import ClockRun, drop, settle
from aftersales.record.deadline import Decision
from aftersales.record.now import CHINA

LOOKED_AT = 1000  # so that a preview costs the same whether a thousand clocks run or a million
SHOWN = 20
OPEN = select(ClockRun).where(ClockRun.met_at.is_(None), ClockRun.dropped_at.is_(None))


@dataclass(frozen=True)
class Change:
    """An open clock that would be decided differently; `decision` is None where no rule would demand it any more."""

    run: ClockRun
    decision: Decision | None

    @property
    def old_due_at(self) -> datetime:
        return self.run.due_at

    @property
    def new_due_at(self) -> datetime | None:
        return self.decision.due_at if self.decision else None

    @property
    def moves(self) -> bool:
        """Whether it falls due at another time. One that stands still has none to move."""
        return self.decision is None or self.new_due_at not in (None, self.old_due_at)


@dataclass(frozen=True)
class Reach:
    """The open clocks that a change may touch, and how each would then be decided."""

    chosen: Select[tuple[ClockRun]]
    judge: Callable[[ClockRun, Decision], Decision | None]

    def changes(self, session: Session, some: Select[tuple[ClockRun]]) -> Iterator[Change]:
        """What would be decided differently of `some` of the chosen."""
        return (change for change in _judged(session, some, self) if change is not None)


@dataclass(frozen=True)
class Outlook:
    """Of the clocks that were looked at, how many move, with the most urgent of them. `is_all`: none was left out."""

    looked_at: int
    moved: int
    is_all: bool
    sample: list[Change]


def changes(session: Session, reach: Reach) -> Iterator[Change]:
    return reach.changes(session, reach.chosen)


def outlook(session: Session, reach: Reach) -> Outlook:
    judged = [*_judged(session, reach.chosen.limit(LOOKED_AT + 1), reach)]
    moved = sorted((change for change in judged[:LOOKED_AT] if change is not None and change.moves), key=lambda change: change.old_due_at)
    return Outlook(min(len(judged), LOOKED_AT), len(moved), len(judged) <= LOOKED_AT, moved[:SHOWN])


def rejudge(session: Session, reach: Reach) -> None:
    """Write it to all of them, wherever they are: a rule holds in every region, whoever approved it."""
    with acting_as(SYSTEM):
        for change in [*changes(session, reach)]:
            settle_change(change)
        session.flush()


def settle_change(change: Change) -> None:
    if change.decision is None:
        drop([change.run])
    else:
        settle(change.run, change.decision, None)


def _judged(session: Session, chosen: Select[tuple[ClockRun]], reach: Reach) -> Iterator[Change | None]:
    for run in session.scalars(chosen.execution_options(yield_per=200)):
        earlier = Decision.from_json(run.decision)
        decision = reach.judge(run, earlier)
        yield None if decision == earlier else Change(run, decision)


def midnight(day: date) -> datetime:
    """When a day begins in China."""
    return datetime.combine(day, time(), CHINA)
