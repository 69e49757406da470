"""The actions of a corrective action: rows that each have their own day, and a clock that watches it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Day, LongText, ShortText
from aftersales.complaints.handling import day_fixed
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import ActionKind
from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import CHINA, now, today
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change
from aftersales.record.words import Clock
from aftersales.roles import Role

FIXED_IN_PLAN = ("措施计划的期限", "The day planned for the action")
LONGEST_EVIDENCE = 4000
DONE = ("done_by", "done_by_user_id", "done_at")


class CapaAction(Record):
    """One action: who does it and until when. Whoever writes what came of it has done it, at that moment."""

    parent = "corrective_action"

    corrective_action_id: Mapped[int] = mapped_column(ForeignKey("corrective_action.id"))
    position: Mapped[int]
    kind: Mapped[ActionKind]
    measure: Mapped[ShortText]
    assignee_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    due_on: Mapped[Day]
    began_at: Mapped[datetime | None]
    evidence: Mapped[LongText | None]
    done_by: Mapped[str | None] = mapped_column(String(120))
    done_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    done_at: Mapped[datetime | None]

    corrective_action: Mapped[CorrectiveAction] = reference(back_populates="actions")
    assignee: Mapped[Person] = reference(foreign_keys=[assignee_id])

    __table_args__ = (
        Index("ix_capa_action_corrective_action_id", "corrective_action_id"), Index("ix_capa_action_assignee_id", "assignee_id"),
    )  # fmt: skip

    listing = ("kind", "measure", "assignee", "due_on", "evidence", "done_by", "done_at")
    sections = {"basics": ("position", "kind", "measure", "assignee_id", "due_on", "began_at", "evidence", *DONE)}
    fixed = ("began_at", *DONE)
    clocks = (Clock("capa_action", starts="began_at", stops="done_at", facts=("due_on",)),)

    def __str__(self) -> str:
        return self.measure

    @property
    def why_kept(self) -> str:
        return _("What was done stays.") if self.done_at is not None else ""

    @property
    def is_mine(self) -> bool:
        """Whether it was given to whoever acts."""
        return self.assignee.user_id is not None and self.assignee.user_id == current_actor().user_id

    @property
    def is_late(self) -> bool:
        return (self.done_at.astimezone(CHINA).date() if self.done_at is not None else today()) > self.due_on

    def begin(self) -> None:
        """The approval is where its own day counts from; one that is planned later begins then."""
        if self.done_at is None:
            self.began_at = self.began_at or now()

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The day is no fact that rules ask about: it stands among them so that another day is another decision."""
        return {}

    def promises(self, milestone: str) -> Iterator[Rule]:
        yield from day_fixed(milestone, self.corrective_action.number, self.began_at, self.due_on, FIXED_IN_PLAN)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """Whoever has to do it; once it is late quality too, then the managers."""
        from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

        owner = [self.assignee.user_id] if self.assignee.user_id is not None else []
        match step:
            case 0:
                return owner
            case 1:
                return list(dict.fromkeys([*owner, *holders((Role.quality,), self.region_id)]))
            case 2:
                return holders((Role.manager,), self.region_id)
            case _:
                return []

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        action = self.corrective_action
        if action.state == "acting":
            self.begin()
        if self.evidence and self.done_at is None:
            if action.state != "acting":
                raise Refusal(_("The action begins with the approval."), field="evidence")
            self.done_by, self.done_by_user_id, self.done_at = current_actor().name, current_actor().user_id, now()
        action.settle_actions()


def report_done(session: Session, action: CapaAction | None, evidence: str) -> None:
    """What came of an action, by whoever it was given to, with no other right than that: an engineer or dispatcher writes nothing else
    of it."""
    if action is None or not action.is_mine:
        raise NotAllowed(_("This action was given to somebody else."))
    if action.corrective_action.state != "acting" or action.done_at is not None:
        raise Refusal(_("It is done already, or not to be done now."))
    if not (evidence := evidence.replace("\0", "").strip()):
        raise Refusal(_("This field is required."), field="evidence")
    if len(evidence) > LONGEST_EVIDENCE:
        raise Refusal(_("Too long."), field="evidence")
    change(session, action, {"evidence": evidence})
