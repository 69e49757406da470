"""Corrective and preventive action (CAPA): cause, measures, no adverse effect, effect confirmed by an independent person.

GMP 2025 art. 125 asks for exactly these: the cause, the measures, verified to have no adverse effect, their effectiveness confirmed.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import Day, LongText, ShortText
from aftersales.complaints.complaint import Complaint
from aftersales.complaints.handling import check_fixed, day_fixed, refuse_early_check
from aftersales.emergencies.emergency import Emergency
from aftersales.improvement.kinds import NAMED, CapaSource, RiskGrade
from aftersales.improvement.steps import WORKFLOW, WRITERS
from aftersales.meetings.decision import MeetingDecision
from aftersales.recalls.recall import Recall
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.words import Clock, Document, Lines
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.signals.signal import Signal
from aftersales.vigilance.event import AdverseEvent

ACTIONS, EFFECT = "capa_actions", "capa_effect"
DAYS = ("next_due_on", "effect_due_on", "created_at", "verified_at")


class CorrectiveAction(Record):
    """One problem and what is done so that it does not come again. `next_due_on` is the earliest day of an action that is
    not done.

    A check of the effect that fails brings it back to its author with another round; what was planned and done stays.
    """

    prefix = "CA"
    access = written_by(*WRITERS)

    title: Mapped[ShortText]
    source: Mapped[CapaSource]
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    adverse_event_id: Mapped[int | None] = mapped_column(ForeignKey("adverse_event.id"))
    recall_id: Mapped[int | None] = mapped_column(ForeignKey("recall.id"))
    emergency_id: Mapped[int | None] = mapped_column(ForeignKey("emergency.id"))
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    meeting_decision_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_decision.id"))
    problem: Mapped[LongText]
    risk_grade: Mapped[RiskGrade]
    risk: Mapped[LongText | None]
    containment: Mapped[LongText | None]
    cause: Mapped[LongText | None]
    round_no: Mapped[int] = mapped_column(default=1)
    author: Mapped[str | None] = mapped_column(String(120))
    effect_criterion: Mapped[LongText | None]
    effect_due_on: Mapped[Day | None]
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    next_due_on: Mapped[Day | None]
    done_at: Mapped[datetime | None]
    no_adverse_effect: Mapped[LongText | None]
    effect_result: Mapped[LongText | None]
    verified_by: Mapped[str | None] = mapped_column(String(120))
    verified_at: Mapped[datetime | None]
    failures: Mapped[LongText | None]

    complaint: Mapped[Complaint | None] = reference(foreign_keys=[complaint_id])
    adverse_event: Mapped[AdverseEvent | None] = reference(foreign_keys=[adverse_event_id])
    recall: Mapped[Recall | None] = reference(foreign_keys=[recall_id])
    emergency: Mapped[Emergency | None] = reference(foreign_keys=[emergency_id])
    signal: Mapped[Signal | None] = reference(foreign_keys=[signal_id])
    meeting_decision: Mapped[MeetingDecision | None] = reference(foreign_keys=[meeting_decision_id])
    actions: Mapped[list["CapaAction"]] = relationship(  # noqa: F821
        back_populates="corrective_action", order_by="CapaAction.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        *(Index(f"ix_corrective_action_{name}_id", f"{name}_id") for name in NAMED),
        *(Index(f"ix_corrective_action_{name}", name) for name in DAYS),
    )

    listing = ("number", "title", "source", "risk_grade", "round_no", "next_due_on", "effect_due_on", "author", "state")
    filters = ("region_id", "state", "source", "risk_grade", "round_no", *(f"{name}_id" for name in NAMED), *DAYS)
    responsible = "created_by_id"
    searched = ("number", "title", "problem", "complaint.number")
    sections = {
        "problem": ("title", "source", *(f"{name}_id" for name in NAMED), "problem", "round_no", "author"),
        "risk": ("risk_grade", "risk", "containment"),
        "cause": ("cause",),
        "actions": ("next_due_on", "done_at"),
        "effect": ("effect_criterion", "effect_due_on", "approved_by", "approved_at"),
        "verification": ("no_adverse_effect", "effect_result", "verified_by", "verified_at", "failures"),
    }
    fills = {
        "complaint_id": {"region_id": "region_id", "problem": "description", "cause": "root_cause"},
        "adverse_event_id": {"region_id": "region_id"},
        "recall_id": {"title": "subject", "problem": "cause_brief"},
        "emergency_id": {"region_id": "region_id", "cause": "causes"},
        "signal_id": {"title": "subject", "problem": "assessment"},
        "meeting_decision_id": {"problem": "decision"},
    }
    fixed = ("round_no", "author", "next_due_on", "done_at", "approved_by", "approved_at", *sections["verification"])
    lines = (Lines("actions", "actions"),)
    workflow = WORKFLOW
    clocks = (
        Clock(ACTIONS, starts="approved_at", stops="done_at", facts=("next_due_on",)),
        Clock(EFFECT, starts="approved_at", stops="verified_at", facts=("effect_due_on",)),
    )
    documents = (Document("corrective_action", "QR-GJ-01", "A/0"),)

    @property
    def hint(self) -> str:
        return self.title[:40]

    @property
    def is_open(self) -> bool:
        return self.state not in ("closed", "withdrawn")

    @property
    def begun_with(self) -> Any:
        """The record that is its source, where one of ours is."""
        return next((found for name in NAMED if (found := getattr(self, name)) is not None), None)

    @property
    def device(self) -> Any:
        """What the archive keeps it by: the device of the complaint or the event."""
        return getattr(self.begun_with, "device", None)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "state": self.state}

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Days are no facts that rules ask about: they stand among them so that another day is another decision."""
        return {}

    def promises(self, milestone: str) -> Iterator[Rule]:
        if milestone == ACTIONS:
            yield from day_fixed(milestone, self.number, self.approved_at, self.next_due_on)
        else:
            yield from check_fixed(milestone, self.number, self.approved_at, self.effect_due_on)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """First the author; then, of the effect, quality and the managers. Of an action that is late its own clock tells them."""
        from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

        author = [self.created_by_id] if self.created_by_id is not None else []
        if milestone == ACTIONS:
            return author if step < 2 else []
        match step:
            case 0:
                return author
            case 1:
                return list(dict.fromkeys([*author, *holders((Role.quality,), self.region_id)]))
            case 2:
                return holders((Role.manager,), self.region_id)
            case _:
                return []

    def on_create(self) -> None:
        self.author = current_actor().name
        self.on_change()

    def on_change(self) -> None:
        for name in NAMED:
            if (self.source == name) != (getattr(self, name) is not None):
                raise Refusal(_("Choose it where it is the source, and only then."), field=f"{name}_id")
        if (region_id := getattr(self.begun_with, "region_id", None)) is not None:
            self.region_id = region_id

    def check_submit(self) -> None:
        if not self.actions:
            raise Refusal(_("No action is planned yet."))
        if self.round_no > 1 and all(action.done_at is not None for action in self.actions):
            raise Refusal(_("What was done so far did not solve it: plan a further action."))

    def on_submit(self) -> None:
        self.settle_actions()

    def check_approve(self) -> None:
        last = max((action.due_on for action in self.actions), default=None)
        if self.effect_due_on is not None and (self.effect_due_on < today() or (last is not None and self.effect_due_on < last)):
            raise Refusal(_("The effect is checked after the last action, today at the earliest."), field="effect_due_on")

    def on_approve(self) -> None:
        self.approved_by, self.approved_at = current_actor().name, now()
        self.verified_by = self.verified_at = None
        for action in self.actions:
            action.begin()

    def check_finish(self) -> None:
        if open_ones := [action.measure for action in self.actions if action.done_at is None]:
            raise Refusal(_("Not done yet: %(actions)s", actions="、".join(open_ones[:5])))

    def on_finish(self) -> None:
        self.done_at = now()

    def check_fail(self) -> None:
        user_id = current_actor().user_id
        if user_id is not None and any(user_id in (action.assignee.user_id, action.done_by_user_id) for action in self.actions):
            raise NotAllowed(_("You had a part in the actions: their effect is verified by somebody else."))

    def check_confirm(self) -> None:
        self.check_fail()
        refuse_early_check(self.effect_due_on)

    def on_confirm(self) -> None:
        self.verified_by, self.verified_at = current_actor().name, now()

    on_fail = on_confirm

    def after_fail(self, reason: str) -> None:
        """Another round, with clocks of its own: the check that failed has met the ones before."""
        told = _("Round %(n)s, %(day)s %(person)s: %(reason)s", n=self.round_no, day=today(), person=self.verified_by, reason=reason)
        self.failures = "\n".join(filter(None, (self.failures, told)))
        self._begin_anew()

    def after_reopen(self, reason: str) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.round_no += 1
        self.approved_at = self.approved_by = self.done_at = self.no_adverse_effect = self.effect_result = self.effect_due_on = None

    def settle_actions(self) -> None:
        """Once all are done the last day stays, so that the clock says whether they were done in time."""
        days = [action.due_on for action in self.actions]
        self.next_due_on = min((action.due_on for action in self.actions if action.done_at is None), default=max(days, default=None))
