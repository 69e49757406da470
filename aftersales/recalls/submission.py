"""What is handed to an authority or published: which form, to whom, when, with which receipt. Sealed as it was sent."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Json, ShortText
from aftersales.devices.model import DeviceModel
from aftersales.labels import label
from aftersales.recalls.choices import RecallLevel, Recipient, SubmissionKind
from aftersales.recalls.recall import Recall
from aftersales.recalls.steps import PLAN, WRITERS
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by

# Both authorities of art. 16; the channels of art. 14 by level; the rest goes to the province (art. 19, 20, 22).
BOTH = (Recipient.province, Recipient.registration_authority)
CHANNELS = {
    RecallLevel.level_1: (Recipient.nmpa_website, Recipient.central_media),
    RecallLevel.level_2: (Recipient.province_website,),
    RecallLevel.level_3: (Recipient.province_website,),
}
# The field of the recall that is filled once all of a kind are sent.
MARKS = {
    SubmissionKind.event_form: "event_reported_at",
    SubmissionKind.assessment_and_plan: "plan_filed_at",
    SubmissionKind.announcement: "announced_at",
    SubmissionKind.summary: "summarised_at",
}
FORMS = {
    SubmissionKind.event_form: ("recall_event_form",),
    SubmissionKind.assessment_and_plan: ("recall_assessment_report", "recall_plan"),
    SubmissionKind.announcement: ("recall_announcement",),
    SubmissionKind.plan_change: ("recall_plan",),
    SubmissionKind.progress: ("recall_progress_report",),
    SubmissionKind.summary: ("recall_summary_report",),
}
# What the forms say, and so what has to be there before they leave.
NEEDED: dict[SubmissionKind, tuple[str, ...]] = {
    SubmissionKind.event_form: ("intended_use", "places", "cause_brief", "instructions", "person_in_charge", "contact"),
    SubmissionKind.assessment_and_plan: PLAN[:6],
    SubmissionKind.announcement: ("cause_brief", "demands", "instructions", "contact"),
    SubmissionKind.plan_change: PLAN[:6],
    SubmissionKind.progress: (),
    SubmissionKind.summary: ("summary", "improvement"),
}


def figures_in_words(figures: dict[str, Any]) -> str:
    """The numbers of a form as its history tells them; those of models and regions stand on the form."""
    ways = "、".join(f"{label(f'notice_way.{way}')} {count}" for way, count in figures.get("ways") or ())
    told = {name: value for name, value in (figures | {"ways": ways}).items() if name not in ("models", "regions") and value != ""}
    return "；".join(f"{label(f'recall_figure.{name}')}：{value}" for name, value in told.items())


class RecallSubmission(SharedRecord):
    """One form for one recipient. `figures` are the numbers it told: what is printed again later tells the same."""

    prefix = "RS"
    access = written_by(*WRITERS)

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    kind: Mapped[SubmissionKind]
    recipient: Mapped[Recipient]
    recipient_name: Mapped[ShortText | None]
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[str | None] = mapped_column(String(120))
    sent_how: Mapped[ShortText | None]
    receipt_no: Mapped[str | None] = mapped_column(String(120))
    acknowledged_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any] | None] = mapped_column(Json, info={"told": figures_in_words})

    recall: Mapped[Recall] = reference()

    __table_args__ = (Index("ix_recall_submission_recall_id_kind", "recall_id", "kind"),)

    listing = ("number", "recall", "kind", "recipient", "recipient_name", "sent_at", "sent_by", "receipt_no", "state")
    filters = ("recall_id", "state", "kind", "recipient")
    searched = ("number", "recall.number", "recipient_name", "receipt_no")
    about_from = ("recall",)
    sections = {
        "basics": ("recall_id", "kind", "recipient", "recipient_name"),
        "sending": ("sent_how", "sent_at", "sent_by", "receipt_no", "acknowledged_at"),
    }
    fixed = sections["sending"]
    unseen = frozenset({"figures"})
    workflow = Workflow(
        states=(
            State("to_send", writes=("basics",)),
            State("sent", requires=("sent_at", "sent_by", "sent_how"), seals=True),
            State("acknowledged", requires=("sent_at", "sent_by", "receipt_no", "acknowledged_at"), seals=True, ends=True),
            State("dropped", ends=True),
        ),
        transitions=(
            Transition("send", "to_send", "sent", by=WRITERS, fields=("sent_how", "recipient_name")),
            Transition("acknowledge", "sent", "acknowledged", by=WRITERS, fields=("receipt_no",)),
            Transition("drop", "to_send", "dropped", by=WRITERS, reason=True),
        ),
    )
    documents = (
        Document("recall_event_form", "QR-ZH-02", "A/0"),
        Document("recall_assessment_report", "QR-ZH-03", "A/0"),
        Document("recall_plan", "QR-ZH-04", "A/0"),
        Document("recall_announcement", "QR-ZH-06", "A/0"),
        Document("recall_progress_report", "QR-ZH-07", "A/0"),
        Document("recall_summary_report", "QR-ZH-08", "A/0"),
    )

    @property
    def hint(self) -> str:
        from aftersales.record.display import words

        return f"{words(self.kind)} · {words(self.recipient)}"

    @property
    def about(self) -> str:
        return f"{self.recall} · {self.hint}"

    @property
    def stays_inside(self) -> bool:
        return self.recall.is_mock

    @property
    def model(self) -> DeviceModel:
        """What the archive counts the years of keeping from."""
        return self.recall.model

    def printed(self) -> tuple[Document, ...]:
        return tuple(document for document in self.documents if document.name in FORMS[self.kind])

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.printed()[0].form_no, "recall": self.recall.number}

    def told(self) -> dict[str, Any]:
        """The numbers of the form: as sent, or as they are now."""
        from aftersales.recalls.tally import figures_of

        return self.figures or figures_of(object_session(self), self.recall)

    def on_create(self) -> None:
        if self.recall.state not in ("proposed", "running", "completed"):
            raise Refusal(_("Only of a recall that was decided and is not closed."), field="recall_id")

    def check_send(self) -> None:
        recall = self.recall
        if recall.decided_at is None:
            raise Refusal(_("The recall is not decided yet."))
        if empty := [recall.field_label(name) for name in NEEDED[self.kind] if getattr(recall, name) in (None, "")]:
            raise Refusal(_("Fill in first, in the recall: %(fields)s", fields="、".join(empty)))
        if self.kind is SubmissionKind.summary and recall.completed_at is None:
            raise Refusal(_("The recall is not completed yet."))

    def on_send(self) -> None:
        self.sent_at, self.sent_by = now(), current_actor().name
        if self.recall.is_mock:
            self.sent_how = _("rehearsed, not handed in")
        self.figures = self.told()

    def after_send(self, reason: str) -> None:
        note_sent(object_session(self), self)

    def on_acknowledge(self) -> None:
        self.acknowledged_at = now()

    def after_drop(self, reason: str) -> None:
        _mark(object_session(self), self)


def ask_submissions(session: Session, recall: Recall) -> None:
    """At the decision: what has to be handed in and published, one row for each recipient."""
    wanted = [
        *((SubmissionKind.event_form, recipient) for recipient in BOTH),
        *((SubmissionKind.announcement, recipient) for recipient in CHANNELS[recall.recall_level]),
        *((SubmissionKind.assessment_and_plan, recipient) for recipient in BOTH),
    ]
    session.add_all([RecallSubmission(recall=recall, kind=kind, recipient=recipient) for kind, recipient in wanted])


def ask_summary(session: Session, recall: Recall) -> None:
    session.add(RecallSubmission(recall=recall, kind=SubmissionKind.summary, recipient=Recipient.province))


def ask_plan_change(recall: Recall) -> None:
    """The plan was filed and says something else now: that goes to the province (art. 19). One is enough until it is sent."""
    session: Session = object_session(recall)
    with session.no_autoflush:
        if _waits(session, recall, SubmissionKind.plan_change) is None:
            session.add(RecallSubmission(recall=recall, kind=SubmissionKind.plan_change, recipient=Recipient.province))


def waiting_of(session: Session, recall: Recall) -> list[RecallSubmission]:
    """What was neither sent nor dropped with a reason."""
    waiting = select(RecallSubmission).where(RecallSubmission.recall_id == recall.id, RecallSubmission.state == "to_send")
    with session.no_autoflush:
        return list(session.scalars(waiting.order_by(RecallSubmission.id)))


def drop_waiting(session: Session, recall: Recall) -> None:
    with acting_as(SYSTEM):
        for submission in waiting_of(session, recall):
            perform(submission, "drop", reason=_("The rehearsal is over."))


def note_sent(session: Session, submission: RecallSubmission) -> None:
    recall = submission.recall
    _mark(session, submission)
    if submission.kind is SubmissionKind.progress:
        recall.progress_sent_at = now()
        session.flush()  # met; and the next report is due from now on
        recall.progress_sent_at = None


def _mark(session: Session, submission: RecallSubmission) -> None:
    recall, name = submission.recall, MARKS.get(submission.kind)
    if name is None:
        return
    if _waits(session, recall, submission.kind) is None and _was_sent(session, recall, submission.kind):
        setattr(recall, name, getattr(recall, name) or now())
        if name == "plan_filed_at" and recall.completed_at is None:
            recall.progress_from = recall.progress_from or now()


def _waits(session: Session, recall: Recall, kind: SubmissionKind) -> int | None:
    mine = select(RecallSubmission.id).where(RecallSubmission.recall_id == recall.id, RecallSubmission.kind == kind)
    return session.scalar(mine.where(RecallSubmission.state == "to_send").limit(1))


def _was_sent(session: Session, recall: Recall, kind: SubmissionKind) -> bool:
    mine = select(RecallSubmission.id).where(RecallSubmission.recall_id == recall.id, RecallSubmission.kind == kind)
    return session.scalar(mine.where(RecallSubmission.sent_at.is_not(None)).limit(1)) is not None
