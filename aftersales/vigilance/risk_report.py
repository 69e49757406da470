"""Periodic risk evaluation reports of each registration, and the half-yearly summaries of innovative devices (R1 art. 39 and 47, G46)."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Day, Instant, Json, LongText, Name
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel, LegalClass
from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA, now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.security.manager import users_with_role
from aftersales.service.order import ServiceOrder
from aftersales.service.request import RequestKind, ServiceRequest
from aftersales.vigilance.answers import Outcome
from aftersales.vigilance.assessment import DECIDE
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.group import GroupEvent
from aftersales.vigilance.periods import Period, Registration, RiskRecipient, RiskReportKind, periods, recipient

AHEAD = timedelta(days=30)  # a report is opened so long before its period is full, so that somebody can begin
GRACE = timedelta(days=90)  # what fell due before this program knew of the registration was made on paper


class RiskReport(SharedRecord):
    """One period of one registration: what the program knows of it as figures, what the company makes of it as text."""

    prefix = "RR"
    made_by_hand = False
    access = written_by(*DECIDE)

    report_kind: Mapped[RiskReportKind]
    registration_no: Mapped[str] = mapped_column(String(64))
    product_name: Mapped[Name]
    model_id: Mapped[int] = mapped_column(ForeignKey("device_model.id"))
    legal_class: Mapped[LegalClass]
    recipient: Mapped[RiskRecipient]
    begins_on: Mapped[Day]
    ends_on: Mapped[Day]
    period_full_at: Mapped[datetime]
    figures: Mapped[list[list[str]]] = mapped_column(Json, default=list)
    figures_at: Mapped[datetime | None]
    evaluation: Mapped[LongText | None]
    conclusion: Mapped[LongText | None]
    submission_no: Mapped[str | None] = mapped_column(String(64))
    submitted_at: Mapped[Instant | None]
    submitted_by: Mapped[str | None] = mapped_column(String(120))

    model: Mapped[DeviceModel] = reference()

    __table_args__ = (
        UniqueConstraint("registration_no", "report_kind", "ends_on"),
        CheckConstraint("begins_on < ends_on", name="ends_on"),
        CheckConstraint("state <> 'submitted' OR recipient = 'kept' OR submission_no IS NOT NULL", name="submission_no"),
        Index("ix_risk_report_period_full_at", "period_full_at"),
        Index("ix_risk_report_model_id", "model_id"),
    )

    listing = ("number", "report_kind", "registration_no", "product_name", "begins_on", "ends_on", "recipient", "submitted_at", "state")
    filters = ("state", "report_kind", "recipient", "ends_on")
    searched = ("number", "registration_no", "product_name", "submission_no")
    sections = {
        "registration": ("report_kind", "registration_no", "product_name", "model_id", "legal_class", "recipient"),
        "period": ("begins_on", "ends_on", "period_full_at", "figures_at"),
        "evaluation": ("evaluation", "conclusion"),
        "submission": ("submission_no", "submitted_at", "submitted_by"),
    }
    fixed = (*sections["registration"], *sections["period"], *sections["submission"])
    unseen = frozenset({"figures"})
    workflow = Workflow(
        states=(
            State("due", writes=("evaluation",)),
            State("written", requires=("figures_at", "evaluation", "conclusion"), writes=("evaluation",)),
            State("submitted", requires=("figures_at", "evaluation", "conclusion", "submitted_at", "submitted_by"), seals=True, ends=True),
            State("not_needed", ends=True),
        ),
        transitions=(
            Transition("write", ("due", "written"), "written", by=DECIDE, fields=("evaluation", "conclusion")),
            Transition(
                "submit", "written", "submitted", by=(Role.regulatory,), fields=("submission_no", "submitted_at"), apart_from=("write",),
            ),
            Transition("excuse", ("due", "written"), "not_needed", by=DECIDE, reason=True),
        ),
    )  # fmt: skip
    clocks = (Clock("risk_report", starts="period_full_at", stops="submitted_at", facts=("report_kind",)),)
    documents = (Document("risk_report", "QR-AE-03", "A/0"),)

    @property
    def about(self) -> str:
        return f"{self.product_name} {self.registration_no}"

    @property
    def told_figures(self) -> list[tuple[str, str]]:
        """The figures with their words: kept by their key, so that they read in any language."""
        return [(label(f"risk_figure.{key}"), count) for key, count in self.figures]

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no}

    def check_write(self) -> None:
        if self.period_full_at > now() and self.report_kind is not RiskReportKind.cycle:
            raise Refusal(_("Its period is not full yet."))

    def on_write(self) -> None:
        self.take_figures()

    def check_submit(self) -> None:
        if self.recipient is not RiskRecipient.kept and self.submission_no is None:
            raise Refusal(_("This field is required."), field="submission_no")
        if self.submitted_at is not None and self.submitted_at > now():
            raise Refusal(_("This lies in the future."), field="submitted_at")

    def on_submit(self) -> None:
        self.submitted_by = current_actor().name

    def take_figures(self) -> None:
        session: Session = object_session(self)
        self.figures, self.figures_at = [[key, str(count)] for key, count in figures_of(session, self)], now()

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        roles = {0: (Role.regulatory,), 1: DECIDE, 2: (*DECIDE, Role.manager)}.get(step, ())
        return [user_id for role in roles for user_id in users_with_role(role, None)]


def figures_of(session: Session, report: RiskReport) -> Sequence[tuple[str, int]]:
    """What happened in the period to the devices of the registration, in the order of the sheet: one statement for each kind of record."""
    models = select(DeviceModel.id).where(DeviceModel.registration_no == report.registration_no)
    begin, end = _moment(report.begins_on), _moment(report.ends_on)

    def count(column: Any, *conditions: Any) -> int:
        return session.scalar(select(func.count(column)).where(*conditions)) or 0

    mine = or_(AdverseEvent.model_id.in_(models), AdverseEvent.registration_no == report.registration_no)
    within = (mine, AdverseEvent.known_at >= begin, AdverseEvent.known_at < end, AdverseEvent.state != "dropped")
    grouped = select(AdverseEvent.outcome, func.count()).where(*within).group_by(AdverseEvent.outcome)
    by_outcome = dict(session.execute(grouped).tuples().all())
    devices = select(Device.id).where(Device.model_id.in_(models))
    received = ServiceRequest.received_at >= begin, ServiceRequest.received_at < end, ServiceRequest.device_id.in_(devices)
    reported = ServiceOrder.reported_at >= begin, ServiceOrder.reported_at < end, ServiceOrder.device_id.in_(devices)
    before = or_(Device.installed_on.is_(None), Device.installed_on < report.ends_on)
    installed = Device.installed_on >= report.begins_on, Device.installed_on < report.ends_on
    return [
        ("devices", count(Device.id, Device.model_id.in_(models), before)),
        ("installed", count(Device.id, Device.model_id.in_(models), *installed)),
        ("events", sum(by_outcome.values())),
        *((outcome.value, by_outcome.get(outcome, 0)) for outcome in Outcome),
        ("abroad", count(AdverseEvent.id, *within, AdverseEvent.is_abroad)),
        ("groups", count(GroupEvent.id, GroupEvent.model_id.in_(models), GroupEvent.known_at >= begin, GroupEvent.known_at < end)),
        ("complaints", count(ServiceRequest.id, *received, ServiceRequest.kind == RequestKind.complaint)),
        ("repairs", count(ServiceOrder.id, *reported)),
    ]  # fmt: skip


def open_reports(session: Session) -> int:
    """Open what is due of each registration, and what will be soon; says how many. Safe to repeat."""
    day, opened = today(), 0
    first = select(DeviceModel).where(DeviceModel.first_approved_on.is_not(None), DeviceModel.registration_no.is_not(None))
    models: dict[str, DeviceModel] = {}
    for model in session.scalars(first.order_by(DeviceModel.id)):
        models.setdefault(model.registration_no, model)
    known = {tuple(row) for row in session.execute(select(RiskReport.registration_no, RiskReport.report_kind, RiskReport.ends_on))}
    for registration_no, model in models.items():
        for period in periods(_registration(model), day + AHEAD):
            is_past = period.ends_on < min(day - GRACE, model.created_at.astimezone(CHINA).date())
            if is_past or (registration_no, period.kind, period.ends_on) in known:
                continue
            session.add(_opened(model, period))
            opened += 1
    session.flush()
    return opened


def _opened(model: DeviceModel, period: Period) -> RiskReport:
    return RiskReport(
        report_kind=period.kind, registration_no=model.registration_no, product_name=model.name, model=model,
        legal_class=model.legal_class, recipient=recipient(period.kind, model.legal_class.value),
        begins_on=period.begins_on, ends_on=period.ends_on, period_full_at=_moment(period.ends_on), figures=[],
    )  # fmt: skip


def _registration(model: DeviceModel) -> Registration:
    ends_on = model.registration_valid_until
    return Registration(model.first_approved_on, model.legal_class.value, model.is_innovative, model.renewed_on, ends_on)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)
