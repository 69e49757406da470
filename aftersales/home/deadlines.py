"""What quality and regulation have to keep next: the running clocks of the records that wait for a person, due first on top."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select, union_all
from sqlalchemy.orm import Session

from aftersales.complaints.complaint import Complaint
from aftersales.emergencies.drill import EmergencyDrill
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.recalls.recall import Recall
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import LEGAL, ClockRun
from aftersales.record.now import now
from aftersales.signals.signal import Signal
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.group import GroupEvent
from aftersales.vigilance.risk_report import RiskReport

SHOWN, LONGEST_TITLE = 12, 60
TITLES: dict[type[SharedRecord], Any] = {
    Complaint: Complaint.description, Signal: Signal.subject, CorrectiveAction: CorrectiveAction.title,
    VigilanceAssessment: VigilanceAssessment.told, AdverseEvent: AdverseEvent.product_name, GroupEvent: GroupEvent.product_name,
    RiskReport: RiskReport.product_name, Recall: Recall.subject, EmergencyDrill: EmergencyDrill.title,
}  # fmt: skip


@dataclass(frozen=True)
class Deadline:
    """The first running clock of one record and track; `title` is what the record is about, "" where it does not say."""

    kind: str
    id: int
    number: str
    title: str
    milestone: str
    is_legal: bool
    due_at: datetime

    @property
    def tone(self) -> str:
        return "late" if self.due_at < now() else ""


def deadlines(session: Session, kinds: set[type[SharedRecord]]) -> list[Deadline]:
    """One statement, which reads SHOWN clocks of each kind at most."""
    asked = [_first_of(cls, title) for cls, title in TITLES.items() if cls in kinds]
    if not asked:
        return []
    found = union_all(*(select(one) for one in asked)).subquery()
    rows = session.execute(select(found).order_by(found.c.due_at, found.c.is_legal.desc(), found.c.id).limit(SHOWN))
    return [Deadline(kind, pk, number, title, milestone, bool(legal), due_at) for kind, pk, number, title, milestone, legal, due_at in rows]


def _first_of(cls: type[SharedRecord], title: Any) -> Any:
    columns = (
        literal(cls.key()).label("kind"), cls.id.label("id"), cls.number.label("number"),
        func.coalesce(func.substr(title, 1, LONGEST_TITLE), "").label("title"),
        ClockRun.milestone.label("milestone"), (ClockRun.track == LEGAL).label("is_legal"), ClockRun.due_at.label("due_at"),
    )  # fmt: skip
    chosen = select(*columns).join(ClockRun, _runs(cls)).order_by(ClockRun.due_at, ClockRun.id)
    return chosen.limit(SHOWN).subquery()


def _runs(cls: type[SharedRecord]) -> ColumnElement[bool]:
    goes = ClockRun.met_at.is_(None), ClockRun.dropped_at.is_(None), ClockRun.paused_at.is_(None)
    return and_(ClockRun.kind == cls.__name__, ClockRun.record_id == cls.id, *goes)
