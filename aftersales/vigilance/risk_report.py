"""Periodic risk evaluation reports of each registration, and the half-yearly summaries of innovative devices (R1 art. 39 and 47, G46)."""

from collections.abc import Iterable, Sequence
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
    figures: Mapped[list[list[str]]] = mapped_column(
        Json, default=list, info={"told": lambda kept: _(", ").join(map(" ".join, in_words(kept)))}
    )
    figures_at: Mapped[datetime | None]
    evaluation: Mapped[LongText | None]
    conclusion: Mapped[LongText | None]
    submission_no: Mapped[str | None] = mapped_column(String(64))
    submitted_at: Mapped[Instant | None]
    submitted_by: Mapped[str | None] = mapped_column(String(120))
    compiled_by: Mapped[str | None] = mapped_column(String(120))

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
        "evaluation": ("evaluation", "conclusion", "compiled_by"),
        "submission": ("submission_no", "submitted_at", "submitted_by"),
    }
    fixed = (*sections["registration"], *sections["period"], "compiled_by", *sections["submission"])
    unseen = frozenset({"figures"})
    workflow = Workflow(
        states=(
            State("due", writes=("evaluation",)),
            State("written", requires=("figures_at", "evaluation", "conclusion"), writes=("evaluation",)),
            State("submitted", requires=("figures_at", "evaluation", "conclusion", "submitted_at", "submitted_by"), seals=True, ends=True),
            State("not_needed", ends=True),
        ),
        transitions=(
            Transition(
                "submit", "written", "submitted", by=(Role.regulatory,), fields=("submission_no", "submitted_at"),
                apart_from=("compile", "update"),
            ),
            Transition("compile", ("due", "written"), "written", by=DECIDE, fields=("evaluation", "conclusion")),
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
        """The figures with their words, as they were kept by their key, or as they stand now."""
        return in_words(self.figures or figures_of(object_session(self), self))

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no}

    def check_compile(self) -> None:
        if self.period_full_at > now() and self.report_kind is not RiskReportKind.cycle:
            raise Refusal(_("Its period is not full yet."))

    def on_compile(self) -> None:
        self.compiled_by = current_actor().name
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


def in_words(figures: Iterable[Sequence[Any]]) -> list[tuple[str, str]]:
    return [(label(f"risk_figure.{key}"), str(count)) for key, count in figures]


def figures_of(session: Session, report: RiskReport) -> list[tuple[str, int]]:
    """What happened in the period to the devices of the registration, in the order of the sheet. One statement."""
    models = select(DeviceModel.id).where(DeviceModel.registration_no == report.registration_no)
    devices = select(Device.id).where(Device.model_id.in_(models))
    begin, end = _moment(report.begins_on), _moment(report.ends_on)

    def within(column: Any) -> tuple[Any, Any]:
        return column >= begin, column < end

    mine = or_(AdverseEvent.model_id.in_(models), AdverseEvent.registration_no == report.registration_no)
    events = (mine, *within(AdverseEvent.known_at), AdverseEvent.state != "dropped")
    calls = *within(ServiceRequest.received_at), ServiceRequest.device_id.in_(devices)
    told: dict[str, tuple[Any, ...]] = {
        "devices": (Device, Device.model_id.in_(models), or_(Device.installed_on.is_(None), Device.installed_on < report.ends_on)),
        "installed": (
            Device, Device.model_id.in_(models), Device.installed_on >= report.begins_on, Device.installed_on < report.ends_on,
        ),
        "events": (AdverseEvent, *events),
        **{outcome.value: (AdverseEvent, *events, AdverseEvent.outcome == outcome) for outcome in Outcome},
        "abroad": (AdverseEvent, *events, AdverseEvent.is_abroad),
        "groups": (GroupEvent, *within(GroupEvent.known_at), GroupEvent.model_id.in_(models)),
        "complaints": (ServiceRequest, *calls, ServiceRequest.kind == RequestKind.complaint),
        "repairs": (ServiceOrder, *within(ServiceOrder.reported_at), ServiceOrder.device_id.in_(devices)),
    }  # fmt: skip
    counted = (select(func.count(cls.id)).where(*narrowed).scalar_subquery() for cls, *narrowed in told.values())
    return list(zip(told, session.execute(select(*counted)).one(), strict=True))


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
