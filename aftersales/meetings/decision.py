"""What a quality meeting decided: who does it until when, or which department is informed and what came back (R11.4)."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, LongText
from aftersales.complaints.handling import day_fixed
from aftersales.labels import label
from aftersales.organization.department import Department
from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.deadline import Rule
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, State, Transition, Workflow
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

WRITERS = (Role.quality, Role.regulatory, Role.manager)
FIXED_BY_MEETING = ("会议确定的日期", "The day fixed by the meeting")
DOERS = (*WRITERS, Role.complaint_officer, Role.technical_support)


class DecisionKind(StrEnum):
    """A task, or results that go to a department, which answers what it does with them."""

    task = auto()
    informing = auto()


class MeetingDecision(SharedRecord):
    """One decision, watched by its own day. It is written while the meeting is held, and goes on after its paper was sealed."""

    prefix = "QD"
    access = read_by(*DOERS, Role.administrator, writers=WRITERS)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("quality_meeting.id"))
    kind: Mapped[DecisionKind] = mapped_column(default=DecisionKind.task)
    decision: Mapped[LongText]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    assignee_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    due_on: Mapped[Day]
    decided_at: Mapped[datetime]
    result: Mapped[LongText | None]
    done_by: Mapped[str | None] = mapped_column(String(120))
    done_at: Mapped[datetime | None]

    meeting: Mapped["QualityMeeting"] = reference(back_populates="decisions")  # noqa: F821
    department: Mapped[Department | None] = reference()
    assignee: Mapped[Person] = reference(foreign_keys=[assignee_id])

    __table_args__ = (
        CheckConstraint("kind <> 'informing' OR department_id IS NOT NULL", name="department_id"),
        Index("ix_meeting_decision_meeting_id", "meeting_id"),
        Index("ix_meeting_decision_assignee_id", "assignee_id"),
        Index("ix_meeting_decision_department_id", "department_id"),
        Index("ix_meeting_decision_due_on", "due_on"),
    )

    listing = ("number", "meeting", "kind", "decision", "department", "assignee", "due_on", "done_at", "state")
    filters = ("state", "kind", "meeting_id", "department_id", "assignee_id", "due_on")
    searched = ("number", "decision", "result")
    responsible = "assignee.user_id"
    sections = {
        "decision": ("meeting_id", "kind", "decision", "department_id", "assignee_id", "due_on", "decided_at"),
        "result": ("result", "done_by", "done_at"),
    }
    fixed = ("decided_at", *sections["result"])
    workflow = Workflow(
        states=(
            State("open", writes=("decision",)),
            State("done", requires=("result", "done_by", "done_at"), ends=True),
            State("dropped", ends=True),
        ),
        transitions=(
            Transition("finish", "open", "done", by=DOERS, fields=("result",)),
            Transition("drop", "open", "dropped", by=WRITERS, reason=True),
        ),
    )  # fmt: skip
    clocks = (Clock("meeting_decision", starts="decided_at", stops="done_at", facts=("due_on",)),)

    @property
    def hint(self) -> str:
        return self.decision[:40]

    @property
    def outcome(self) -> str:
        """What came of it, or that nothing did yet."""
        return self.result or label(f"meeting_decision.state.{self.state}")

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_on < today()

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The day is no fact that rules ask about: it stands among them so that another day is another decision."""
        return {}

    def promises(self, milestone: str) -> Iterator[Rule]:
        yield from day_fixed(milestone, self.number, self.decided_at, self.due_on, FIXED_BY_MEETING)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """Whoever has to do it, then quality, then the managers."""
        owner = [self.assignee.user_id] if self.assignee.user_id is not None else []
        roles = {0: () if owner else (Role.quality,), 1: (Role.quality,), 2: (Role.manager,)}.get(step, ())
        near = owner if step < 2 else []
        return list(dict.fromkeys([*near, *(user_id for role in roles for user_id in users_with_role(role, None))]))

    def on_create(self) -> None:
        if self.meeting.state != "held":
            raise Refusal(_("Decisions are made while the meeting is held: after its opening, before the chair signs."), field="meeting_id")
        self.decided_at = now()
        self.on_change()

    def on_change(self) -> None:
        if (self.kind is DecisionKind.informing) != (self.department is not None):
            raise Refusal(_("Name the department where one is informed, and only then."), field="department_id")

    def on_finish(self) -> None:
        self.done_by, self.done_at = current_actor().name, now()
