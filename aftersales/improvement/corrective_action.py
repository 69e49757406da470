"""Corrective and preventive action (CAPA): cause, measures, no adverse effect, effect confirmed by an independent person.

GMP 2025 art. 125 asks for exactly these: the cause, the measures, verified to have no adverse effect, their effectiveness confirmed.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import Day, LongText, ShortText
from aftersales.complaints.complaint import Complaint
from aftersales.complaints.handling import day_fixed
from aftersales.emergencies.emergency import Emergency
from aftersales.people.person import Person
from aftersales.recalls.recall import Recall
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import CHINA, now, today
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.words import Clock, Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.signals.signal import Signal
from aftersales.vigilance.event import AdverseEvent

WRITERS = (Role.quality, Role.complaint_officer, Role.regulatory)
APPROVERS = (Role.quality, Role.manager)
CARRIED_OUT = ("create", "submit", "finish")
ACTIONS, EFFECT = "capa_actions", "capa_effect"


class CapaSource(StrEnum):
    """What brought the problem to light."""

    complaint = auto()
    adverse_event = auto()
    recall = auto()
    audit = auto()
    self_inspection = auto()
    deviation = auto()
    emergency = auto()
    signal = auto()
    other = auto()


# The sources that are records of ours, each with a column of its name.
NAMED = (CapaSource.complaint, CapaSource.adverse_event, CapaSource.recall, CapaSource.emergency, CapaSource.signal)


class RiskGrade(StrEnum):
    high = auto()
    middle = auto()
    low = auto()


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
    actions: Mapped[list["CapaAction"]] = relationship(
        back_populates="corrective_action", order_by="CapaAction.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        *(Index(f"ix_corrective_action_{name}_id", f"{name}_id") for name in NAMED),
        Index("ix_corrective_action_next_due_on", "next_due_on"),
        Index("ix_corrective_action_effect_due_on", "effect_due_on"),
    )

    listing = ("number", "title", "source", "risk_grade", "round_no", "next_due_on", "effect_due_on", "author", "state")
    filters = ("region_id", "state", "source", "risk_grade", "round_no", *(f"{name}_id" for name in NAMED), "next_due_on", "effect_due_on")
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
    }
    fixed = ("round_no", "author", "next_due_on", "done_at", "approved_by", "approved_at", *sections["verification"])
    lines = (Lines("actions", "actions"),)
    workflow = Workflow(
        states=(
            State("draft", writes=("problem", "risk", "cause", "actions", "effect")),
            State("submitted", requires=("risk", "containment", "cause", "author")),
            State("acting", requires=("cause", "effect_criterion", "effect_due_on", "approved_by", "approved_at"), writes=("actions",)),
            State("checking", requires=("effect_criterion", "effect_due_on", "done_at", "no_adverse_effect")),
            State(
                "closed", seals=True,
                requires=("approved_at", "done_at", "no_adverse_effect", "effect_result", "verified_by", "verified_at"),
            ),
            State("withdrawn", ends=True),
        ),
        transitions=(
            Transition("submit", "draft", "submitted", by=WRITERS),
            Transition(
                "approve", "submitted", "acting", by=APPROVERS, fields=("effect_criterion", "effect_due_on"),
                apart_from=("create", "submit"),
                signs=Signing("capa_approval", Meaning.staff, ("problem", "risk", "cause", "effect")),
            ),
            Transition("send_back", "submitted", "draft", by=APPROVERS, reason=True),
            Transition("finish", "acting", "checking", by=WRITERS, fields=("no_adverse_effect",)),
            Transition(
                "confirm", "checking", "closed", by=APPROVERS, fields=("effect_result",), apart_from=CARRIED_OUT,
                signs=Signing("capa_effect", Meaning.staff, ("actions", "effect", "verification")),
            ),
            Transition("fail", "checking", "draft", by=APPROVERS, reason=True, apart_from=CARRIED_OUT),
            Transition("withdraw", ("draft", "submitted"), "withdrawn", by=WRITERS, reason=True),
            Transition("reopen", "closed", "draft", by=(Role.quality,), reason=True),
        ),
    )  # fmt: skip
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
        yield from day_fixed(milestone, self.number, self.approved_at, self.next_due_on if milestone == ACTIONS else self.effect_due_on)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """First those whose action is not done, with the author; then quality; then the managers."""
        from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

        owners = [action.assignee.user_id for action in self.actions if action.done_at is None] if milestone == ACTIONS else []
        near = [user_id for user_id in dict.fromkeys([*owners, self.created_by_id]) if user_id is not None]
        match step:
            case 0:
                return near
            case 1:
                return list(dict.fromkeys([*near, *holders((Role.quality,), self.region_id)]))
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

    def on_submit(self) -> None:
        self.settle_actions()

    def check_approve(self) -> None:
        last = max((action.due_on for action in self.actions), default=None)
        if self.effect_due_on is not None and (self.effect_due_on < today() or (last is not None and self.effect_due_on < last)):
            raise Refusal(_("The effect is checked after the last action, today at the earliest."), field="effect_due_on")

    def on_approve(self) -> None:
        self.approved_by, self.approved_at = current_actor().name, now()
        self.verified_by = self.verified_at = None

    def check_finish(self) -> None:
        if open_ones := [action.measure for action in self.actions if action.done_at is None]:
            raise Refusal(_("Not done yet: %(actions)s", actions="、".join(open_ones[:5])))

    def on_finish(self) -> None:
        self.done_at = now()

    def check_confirm(self) -> None:
        user_id = current_actor().user_id
        if user_id is not None and any(user_id in (action.assignee.user_id, action.done_by_user_id) for action in self.actions):
            raise NotAllowed(_("You had a part in the actions: their effect is verified by somebody else."))

    check_fail = check_confirm

    def on_confirm(self) -> None:
        self.verified_by, self.verified_at = current_actor().name, now()

    on_fail = on_confirm

    def after_fail(self, reason: str) -> None:
        """Another round, with clocks of its own: the check that failed has met the ones before."""
        told = _("Round %(n)s, %(person)s: %(reason)s", n=self.round_no, person=self.verified_by, reason=reason)
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


class ActionKind(StrEnum):
    corrective = auto()
    preventive = auto()


class CapaAction(Record):
    """One action: who does it and until when. Whoever writes what came of it has done it, at that moment."""

    parent = "corrective_action"

    corrective_action_id: Mapped[int] = mapped_column(ForeignKey("corrective_action.id"))
    position: Mapped[int]
    kind: Mapped[ActionKind]
    measure: Mapped[ShortText]
    assignee_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    due_on: Mapped[Day]
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
    sections = {"basics": ("position", "kind", "measure", "assignee_id", "due_on", "evidence", "done_by", "done_by_user_id", "done_at")}
    fixed = ("done_by", "done_by_user_id", "done_at")

    def __str__(self) -> str:
        return self.measure

    @property
    def why_kept(self) -> str:
        return _("What was done stays.") if self.done_at is not None else ""

    @property
    def is_late(self) -> bool:
        return (self.done_at.astimezone(CHINA).date() if self.done_at is not None else today()) > self.due_on

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        action = self.corrective_action
        if self.evidence and self.done_at is None:
            if action.state != "acting":
                raise Refusal(_("The action begins with the approval."), field="evidence")
            self.done_by, self.done_by_user_id, self.done_at = current_actor().name, current_actor().user_id, now()
        action.settle_actions()
