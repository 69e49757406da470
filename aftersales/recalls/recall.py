"""The recall as a case of head office (R29): why, how grave, decided by whom, by which plan, and how far it is.

Everybody of the company reads it, because whoever works on a unit has to know what for; it names no customer. What stands in a region are
its units and notices.
"""

from collections.abc import Iterator
from datetime import datetime
from secrets import randbelow
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Amount, Day, LongText, ShortText
from aftersales.complaints.complaint import Complaint
from aftersales.devices.model import DeviceModel
from aftersales.recalls.choices import Defect, Handling, RecallConclusion, RecallLevel, RecallSource
from aftersales.recalls.marks import marks_of
from aftersales.recalls.steps import ASSESSMENT, PLAN, WORKFLOW, WRITERS
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA, now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.rule import Rule, RuleKind, Unit
from aftersales.record.words import Clock, Document, Lines
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.signals.kinds import SignalKind
from aftersales.signals.signal import Signal
from aftersales.vigilance.event import AdverseEvent

MOST_SAMPLED = 500
# The sources that are records of ours, each with a column of its name.
NAMED = (RecallSource.complaint, RecallSource.adverse_event, RecallSource.signal)
# A second column of one enum needs a name of its own: two CHECKs of a table cannot share theirs.
FURTHER = Enum(
    Handling, name="further_handling", native_enum=False, length=32, create_constraint=True, values_callable=lambda ways: [*ways]
)


class Recall(SharedRecord):
    """One recall, or the rehearsal of one (`is_mock`), which tells nobody outside and runs no clock of the law.

    The eight points of art. 12 come before any proposal. `list_no` counts its frozen lists, `noticed_to` the last of them that notices
    were made for. A recall that an authority has done again is a new one with `previous`; the first stays as it was.
    """

    prefix = "RC"
    access = written_by(*WRITERS)

    subject: Mapped[ShortText]
    model_id: Mapped[int] = mapped_column(ForeignKey("device_model.id"))
    is_mock: Mapped[bool] = mapped_column(default=False)
    source: Mapped[RecallSource]
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    adverse_event_id: Mapped[int | None] = mapped_column(ForeignKey("adverse_event.id"))
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    source_text: Mapped[LongText]
    order_no: Mapped[str | None] = mapped_column(String(120))
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("recall.id"))
    mock_target_minutes: Mapped[int | None]

    defect: Mapped[Defect | None]
    defect_text: Mapped[LongText | None]
    assess_conformity: Mapped[LongText | None]
    assess_occurred: Mapped[LongText | None]
    assess_use: Mapped[LongText | None]
    assess_reach: Mapped[LongText | None]
    assess_severity: Mapped[LongText | None]
    assess_probability: Mapped[LongText | None]
    assess_consequences: Mapped[LongText | None]
    assess_other: Mapped[LongText | None]

    conclusion: Mapped[RecallConclusion | None]
    recall_level: Mapped[RecallLevel | None]
    proposal_reason: Mapped[LongText | None]
    proposed_at: Mapped[datetime | None]
    proposed_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decision_reason: Mapped[LongText | None]

    handling: Mapped[Handling | None]
    further_handling: Mapped[Handling | None] = mapped_column(FURTHER)
    cause_brief: Mapped[LongText | None]
    demands: Mapped[LongText | None]
    instructions: Mapped[LongText | None]

    list_no: Mapped[int] = mapped_column(default=0)
    noticed_to: Mapped[int] = mapped_column(default=0)
    unit_count: Mapped[int] = mapped_column(default=0)
    list_hash: Mapped[str | None] = mapped_column(String(64))
    frozen_at: Mapped[datetime | None]

    intended_use: Mapped[LongText | None]
    places: Mapped[ShortText | None]
    made_quantity: Mapped[int | None]
    sold_quantity: Mapped[int | None]
    person_in_charge: Mapped[ShortText | None]
    contact: Mapped[ShortText | None]

    plan_quantities: Mapped[LongText | None]
    plan_measures: Mapped[LongText | None]
    plan_publication: Mapped[LongText | None]
    plan_expected: Mapped[LongText | None]
    plan_afterwards: Mapped[LongText | None]
    progress_every_days: Mapped[int | None]
    target_percent: Mapped[int | None]
    plan_done_by: Mapped[Day | None]

    started_at: Mapped[datetime | None]
    notified_at: Mapped[datetime | None]
    event_reported_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    plan_filed_at: Mapped[datetime | None]
    progress_from: Mapped[datetime | None]
    progress_sent_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    summarised_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    sample_size: Mapped[int | None]
    sample_seed: Mapped[int | None]
    sample_drawn_at: Mapped[datetime | None]
    effective_percent: Mapped[Amount | None]
    summary: Mapped[LongText | None]
    improvement: Mapped[LongText | None]
    scope_minutes: Mapped[int | None]
    traced_percent: Mapped[Amount | None]
    reconciled_percent: Mapped[Amount | None]
    mock_score: Mapped[Amount | None]

    model: Mapped[DeviceModel] = reference()
    complaint: Mapped[Complaint | None] = reference(foreign_keys=[complaint_id])
    adverse_event: Mapped[AdverseEvent | None] = reference(foreign_keys=[adverse_event_id])
    signal: Mapped[Signal | None] = reference(foreign_keys=[signal_id])
    previous: Mapped["Recall | None"] = reference(remote_side="Recall.id")
    criteria: Mapped[list[Any]] = relationship(
        "RecallCriterion", back_populates="recall", order_by="RecallCriterion.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("progress_every_days > 0", name="progress_every_days"),
        CheckConstraint("target_percent BETWEEN 0 AND 100", name="target_percent"),
        CheckConstraint("mock_target_minutes > 0", name="mock_target_minutes"),
        Index("ix_recall_model_id", "model_id"),
        *(Index(f"ix_recall_{name}_id", f"{name}_id") for name in NAMED),
        Index("ix_recall_previous_id", "previous_id"),
        Index("ix_recall_is_mock_id", "is_mock", "id"),
        Index("ix_recall_decided_at", "decided_at"),
    )

    listing = ("number", "subject", "model", "recall_level", "is_mock", "unit_count", "decided_at", "state")
    filters = ("state", "recall_level", "is_mock", "model_id", "previous_id", "decided_at")
    searched = ("number", "subject", "model.name", "model.specification", "order_no")
    sections = {
        "trigger": (
            "subject", "model_id", "source", *(f"{name}_id" for name in NAMED), "source_text", "order_no", "previous_id", "is_mock",
            "mock_target_minutes",
        ),
        "defect": ("defect", "defect_text"),
        "assessment": ASSESSMENT,
        "scope": ("list_no", "unit_count", "list_hash", "frozen_at"),
        "handling": ("handling", "further_handling", "cause_brief", "demands", "instructions"),
        "decision": (
            "conclusion", "recall_level", "proposal_reason", "proposed_at", "proposed_by", "decided_at", "decided_by", "decision_reason",
        ),
        "event_form": ("intended_use", "places", "made_quantity", "sold_quantity", "person_in_charge", "contact"),
        "plan": PLAN,
        "progress": (
            "started_at", "notified_at", "event_reported_at", "announced_at", "plan_filed_at", "completed_at", "summarised_at", "closed_at",
        ),
        "effect": ("sample_size", "sample_seed", "sample_drawn_at", "effective_percent", "summary", "improvement"),
        "rehearsal": ("scope_minutes", "traced_percent", "reconciled_percent", "mock_score"),
    }  # fmt: skip
    unseen = frozenset({"noticed_to", "progress_from", "progress_sent_at"})  # the last is filled for a moment only: its clock begins anew
    fixed = (
        *sorted(unseen), *sections["scope"], *sections["decision"], *sections["progress"], *sections["effect"][:4], *sections["rehearsal"],
    )  # fmt: skip
    fills = {
        "complaint_id": {"model_id": "device.model_id", "source_text": "description"},
        "adverse_event_id": {"model_id": "device.model_id"},
        "signal_id": {"model_id": "model_id", "subject": "subject", "source_text": "assessment"},
        "previous_id": {name: name for name in ("model_id", "subject", "defect", "defect_text", "intended_use", "person_in_charge")},
    }
    lines = (Lines("criteria", "scope"),)
    workflow = WORKFLOW
    clocks = (
        Clock("recall_event_form", starts="decided_at", stops="event_reported_at", facts=("is_mock",)),
        Clock("recall_notify", starts="decided_at", stops="notified_at", facts=("recall_level", "is_mock")),
        Clock("recall_start", starts="decided_at", stops="started_at", facts=("recall_level", "is_mock")),
        Clock("recall_plan", starts="decided_at", stops="plan_filed_at", facts=("is_mock",)),
        Clock("recall_progress", starts="progress_from", stops="progress_sent_at", facts=("is_mock",)),
        Clock("recall_summary", starts="completed_at", stops="summarised_at", facts=("is_mock",)),
    )
    documents = (Document("recall_dossier", "QR-ZH-01", "A/0"), Document("mock_recall_report", "QR-ZH-09", "A/0"))

    def __str__(self) -> str:
        """Wherever a rehearsal is named, in lists, workbooks, history and on papers, it is told for one."""
        return _("%(number)s (rehearsal)", number=self.number) if self.is_mock else str(self.number)

    @property
    def hint(self) -> str:
        return self.subject

    @property
    def stays_inside(self) -> bool:
        """Of a rehearsal no program outside is told either."""
        return self.is_mock

    @property
    def is_running(self) -> bool:
        return self.state in ("running", "completed")

    def printed(self) -> tuple[Document, ...]:
        return self.documents if self.is_mock else self.documents[:1]

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "model": str(self.model)}

    def told_figures(self) -> dict[str, Any]:
        """The numbers of its papers, of all regions."""
        from aftersales.recalls.tally import figures_of

        return figures_of(object_session(self), self)

    def marks(self) -> list[tuple[str, str, str, str]]:
        return marks_of(self)

    def promises(self, milestone: str) -> Iterator[Rule]:
        """The plan says how often progress is reported; the law leaves it to the plan (art. 20)."""
        if milestone != "recall_progress" or self.is_mock or not self.progress_every_days:
            return
        words = (f"召回计划：每 {self.progress_every_days} 日报告一次", f"The recall plan: every {self.progress_every_days} days")
        yield Rule(
            id=f"plan-{self.number}", milestone=milestone, amount=self.progress_every_days, unit=Unit.calendar_days,
            kind=RuleKind.company, source=self.number, source_title="召回计划", article="进展报告", label=words,
            effective_from=self.created_at.astimezone(CHINA).date(),
        )  # fmt: skip

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        from aftersales.security.manager import users_with_role  # maps accounts, which name record types that are not there yet

        told = [user_id for role in WRITERS for user_id in users_with_role(role, None)]
        return list(dict.fromkeys(told if step == 0 else [*told, *users_with_role(Role.manager, None)]))

    # -- what each step demands and writes --

    def on_create(self) -> None:
        if self.source is RecallSource.authority_order and not self.order_no:
            raise Refusal(_("Give the number of the authority's order."), field="order_no")
        if self.previous is not None:
            self._follow(self.previous)
        elif self.signal is not None:
            self._begin_with(self.signal)
        self.on_change()

    def _follow(self, previous: "Recall") -> None:
        from aftersales.recalls.scope import RecallCriterion

        if previous.state != "closed":
            raise Refusal(_("Only a recall that is closed is done again."), field="previous_id")
        self.criteria = [RecallCriterion(**criterion.values()) for criterion in previous.criteria]

    def _begin_with(self, signal: Signal) -> None:
        """The lot that the signal is about is the first line of the scope."""
        from aftersales.recalls.scope import RecallCriterion

        if signal.kind is SignalKind.batch:
            self.criteria = [RecallCriterion(model=signal.model, lots=signal.lot_no)]
        elif signal.kind is SignalKind.part_batch:
            self.criteria = [RecallCriterion(part_no=signal.part_no, part_lots=signal.lot_no)]

    def on_change(self) -> None:
        for name in NAMED:
            if self.source != name and getattr(self, name) is not None:
                raise Refusal(_("Choose it where it is the source, and only then."), field=f"{name}_id")
        if self.mock_target_minutes is not None and not self.is_mock:
            raise Refusal(_("Only a rehearsal has a target of its own."), field="mock_target_minutes")
        if self.plan_filed_at is not None and self._plan_changed():
            from aftersales.recalls.submission import ask_plan_change

            ask_plan_change(self)

    def _plan_changed(self) -> bool:
        from sqlalchemy import inspect

        return any(inspect(self).attrs[name].history.has_changes() for name in PLAN)

    def after_freeze(self, reason: str) -> None:
        from aftersales.recalls.freezing import freeze

        freeze(object_session(self), self, reason)

    def check_widen(self) -> None:
        if self.completed_at is not None:
            raise Refusal(_("It is completed already."))

    after_widen = after_freeze

    def check_freeze(self) -> None:
        if not self.criteria:
            raise Refusal(_("Say first which units it is about."))

    def check_propose(self) -> None:
        if self.conclusion is RecallConclusion.recall and self.recall_level is None:
            raise Refusal(_("Propose a level."), field="recall_level")
        if self.conclusion is RecallConclusion.no_recall and self.recall_level is not None:
            raise Refusal(_("Without a recall there is no level."), field="recall_level")
        if self.conclusion is RecallConclusion.recall:
            self._refuse_unready()

    def _refuse_unready(self) -> None:
        """What a notice says (art. 15) has to be there when it is decided: notices leave at once then."""
        wanted = ("handling", "cause_brief", "demands", "instructions")
        if empty := [self.field_label(name) for name in wanted if not getattr(self, name)]:
            raise Refusal(_("Fill in first: %(fields)s", fields="、".join(empty)))
        if not self.unit_count:
            raise Refusal(_("Freeze the list of units first."))

    def on_propose(self) -> None:
        self.proposed_at, self.proposed_by = now(), current_actor().name

    def check_decide(self) -> None:
        if self.conclusion is not RecallConclusion.recall:
            raise Refusal(_("It was proposed not to recall: dismiss it, or send it back."))

    def on_decide(self) -> None:
        self.decided_at, self.decided_by = now(), current_actor().name

    def after_decide(self, reason: str) -> None:
        from aftersales.recalls.freezing import bring_notices
        from aftersales.recalls.submission import ask_submissions

        ask_submissions(object_session(self), self)
        bring_notices(object_session(self), self)

    def check_dismiss(self) -> None:
        if self.conclusion is not RecallConclusion.no_recall:
            raise Refusal(_("A recall was proposed: decide it, or send it back."))

    def on_dismiss(self) -> None:
        self.decided_at, self.decided_by = now(), current_actor().name

    def check_draw_sample(self) -> None:
        if self.sample_seed is not None:
            raise Refusal(_("The sample was drawn: it is not drawn until one pleases."))
        if self.sample_size is not None and not 0 < self.sample_size <= min(self.unit_count, MOST_SAMPLED):
            raise Refusal(_("From 1 to %(most)s.", most=min(self.unit_count, MOST_SAMPLED)), field="sample_size")

    def on_draw_sample(self) -> None:
        if self.sample_size is None:
            raise Refusal(_("This field is required."), field="sample_size")
        self.sample_seed, self.sample_drawn_at = randbelow(2**31), now()

    def after_draw_sample(self, reason: str) -> None:
        from aftersales.recalls.effect import draw

        draw(object_session(self), self)

    def check_complete(self) -> None:
        """A rehearsal ends when its time is up, and its score tells what was left open; a recall ends when it adds up."""
        from aftersales.recalls.tally import gaps_of

        session: Session = object_session(self)
        if not self.is_mock and (gaps := gaps_of(session, self)):
            raise Refusal("\n".join(gaps))

    def on_complete(self) -> None:
        from aftersales.recalls.effect import score

        self.completed_at, self.progress_from = now(), None
        score(object_session(self), self)

    def after_complete(self, reason: str) -> None:
        from aftersales.recalls.submission import ask_summary

        ask_summary(object_session(self), self)

    def check_close(self) -> None:
        if not self.is_mock and self.summarised_at is None:
            raise Refusal(_("Hand in the summary report first."))
        if not self.is_mock and (waiting := self._waiting()):
            raise Refusal(_("These reports are not sent yet: %(reports)s.", reports=", ".join(waiting)))
        self.check_complete()

    def _waiting(self) -> list[str]:
        from aftersales.recalls.submission import waiting_of

        return [f"{submission} {submission.hint}" for submission in waiting_of(object_session(self), self)]

    def on_close(self) -> None:
        self.closed_at = now()

    def after_close(self, reason: str) -> None:
        """What a rehearsal did not try waits for nobody."""
        from aftersales.recalls.submission import drop_waiting

        if self.is_mock:
            drop_waiting(object_session(self), self)
