"""What went out of one event: the first report, follow-ups and supplements, each sealed as the form stood when it was sent."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Instant, LongText
from aftersales.complaints.handling import day_fixed
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.vigilance.assessment import DECIDE
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.moments import between

ASKED_FOR = ("要求或者计划提交的日期", "The day it is asked or planned for")


class ReportKind(StrEnum):
    """The first one, what the authority asked for later, what we found out later, and the results of the evaluation."""

    initial = auto()
    follow_up = auto()
    supplementary = auto()
    evaluation = auto()


class EventReport(Record):
    """One report of an event. Sent, it is sealed: the paper is the form without the patient, whose data stays behind its own right."""

    prefix = "AR"
    access = written_by(*DECIDE)

    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id"))
    report_kind: Mapped[ReportKind]
    contents: Mapped[LongText | None]
    due_on: Mapped[date | None]
    submission_no: Mapped[str | None] = mapped_column(String(64))
    submitted_at: Mapped[Instant | None]
    entered_by: Mapped[str | None] = mapped_column(String(120))
    entered_at: Mapped[datetime | None]

    event: Mapped[AdverseEvent] = reference(back_populates="reports")

    __table_args__ = (
        CheckConstraint("report_kind = 'initial' OR contents IS NOT NULL", name="contents"),
        Index("ix_event_report_event_id", "event_id"),
        Index("ix_event_report_due_on", "due_on"),
    )

    listing = ("number", "event", "report_kind", "due_on", "submission_no", "submitted_at", "state")
    filters = ("region_id", "state", "report_kind", "event_id", "due_on")
    searched = ("number", "event.number", "submission_no")
    sections = {
        "report": ("event_id", "report_kind", "contents", "due_on"),
        "submission": ("submission_no", "submitted_at", "entered_by", "entered_at"),
    }
    about_from = ("event.customer",)
    fixed = ("region_id", *sections["submission"])
    workflow = Workflow(
        states=(
            State("draft", writes=("report",)),
            State("sent", requires=("submission_no", "submitted_at", "entered_by", "entered_at"), seals=True, ends=True),
            State("dropped", ends=True),
        ),
        transitions=(
            Transition("send", "draft", "sent", by=(Role.regulatory,), fields=("submission_no", "submitted_at")),
            Transition("drop", "draft", "dropped", by=(Role.regulatory,), reason=True),
        ),
    )
    clocks = (Clock("ae_further_report", starts="created_at", stops="submitted_at", facts=("report_kind", "due_on")),)
    documents = (Document("adverse_event_form", "QR-AE-01", "A/0"),)

    @property
    def about(self) -> str:
        return self.event.about

    @property
    def form_event(self) -> AdverseEvent:
        return self.event

    @property
    def device(self) -> Device | None:
        return self.event.device

    @property
    def model(self) -> DeviceModel | None:
        return self.event.model

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """A day is no fact that rules ask about; it stands among them so that another day is another decision."""
        return super().facts(tuple(name for name in names if name != "due_on"))

    def promises(self, milestone: str) -> Iterator[Rule]:
        """The law names no day for what follows the first report: it is the one that the authority asked for, or that we set ourselves."""
        yield from day_fixed(milestone, self.number, self.created_at, self.due_on, ASKED_FOR)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """Whoever reports in the region, then whoever decides there, then the managers."""
        from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

        roles = {0: (Role.regulatory,), 1: DECIDE, 2: (*DECIDE, Role.manager)}.get(step, ())
        return holders(roles, self.region_id)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "submission_no": self.submission_no}

    def on_create(self) -> None:
        self.region_id = self.event.region_id
        if self.report_kind is ReportKind.initial:
            raise Refusal(_("The first report is sent by the event itself."), field="report_kind")
        if self.event.state in ("draft", "dropped"):
            raise Refusal(_("The first report was not sent yet."), field="event_id")
        if not self.contents:
            raise Refusal(_("Say what is reported."), field="contents")

    def on_change(self) -> None:
        if self.report_kind is not ReportKind.initial and not self.contents:
            raise Refusal(_("Say what is reported."), field="contents")

    def check_send(self) -> None:
        between(self.event.known_at, self.submitted_at, "submitted_at")

    def on_send(self) -> None:
        self.entered_by, self.entered_at = current_actor().name, now()


def send_initial(session: Session, event: AdverseEvent) -> EventReport:
    """The first report, by the number and time that the event was told."""
    report = EventReport(event=event, region_id=event.region_id, report_kind=ReportKind.initial)
    session.add(report)
    session.flush()
    perform(report, "send", values={"submission_no": event.submission_no, "submitted_at": event.submitted_at})
    return report
