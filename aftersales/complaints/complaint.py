"""Complaints: six steps from registration to the file, closed by an effect that somebody else has verified (R11; GMP 2025 art. 122)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from aftersales.columns import Day, Instant, LongText, ShortText
from aftersales.complaints import handling
from aftersales.complaints.drawing import drawn
from aftersales.complaints.kinds import CauseKind, CauseMethod, ComplaintKind, Severity
from aftersales.complaints.sections import FIXED, SECTIONS
from aftersales.complaints.steps import HANDLING, REDONE, UNDER_WAY, WORKFLOW
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.archive import sealed_of
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Lines
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Harm, ServiceRequest

EFFECT, LEADING = "complaint_effect", "leading"
INDEXED = ("order_id", "customer_id", "device_id", "leading_id", "received_at", "closed_at")


class Complaint(Record):
    """What a customer holds against a device or a service. It hangs on the request by which it came in, or on that of the repair from
    which it was proposed; until it is confirmed it follows what the desk writes there."""

    prefix = "CP"
    made_by_hand = False
    access = written_by(*HANDLING, Role.technical_support)

    request_id: Mapped[int] = mapped_column(ForeignKey("service_request.id"), unique=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("service_order.id"))
    received_at: Mapped[Instant]
    proposal_reasons: Mapped[LongText | None]
    complainant_name: Mapped[str | None] = mapped_column(String(60))
    complainant_organisation: Mapped[ShortText | None]
    complainant_contact: Mapped[str | None] = mapped_column(String(120))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    product_text: Mapped[ShortText | None]
    serial_text: Mapped[ShortText | None]
    description: Mapped[LongText]
    happened_on: Mapped[Day | None]
    place: Mapped[ShortText | None]
    extent: Mapped[ShortText | None]
    wish: Mapped[ShortText | None]
    kind: Mapped[ComplaintKind | None]
    severity: Mapped[Severity] = mapped_column(default=Severity.general)
    recurrence_harm: Mapped[Harm | None]
    leading_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    team: Mapped[ShortText | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(120))
    dismissal_reason: Mapped[LongText | None]
    dismissed_by: Mapped[str | None] = mapped_column(String(120))
    dismissed_at: Mapped[datetime | None]
    investigator_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    investigation_plan: Mapped[LongText | None]
    no_investigation_reason: Mapped[LongText | None]
    forgone_by: Mapped[str | None] = mapped_column(String(120))
    forgone_at: Mapped[datetime | None]
    cause_method: Mapped[CauseMethod | None]
    cause_kind: Mapped[CauseKind | None]
    root_cause: Mapped[LongText | None]
    investigated_at: Mapped[datetime | None]
    investigated_by: Mapped[str | None] = mapped_column(String(120))
    decision: Mapped[LongText | None]
    remedy: Mapped[LongText | None]
    action_owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    action_due_on: Mapped[Day | None]
    effect_criterion: Mapped[LongText | None]
    effect_due_on: Mapped[Day | None]
    planned_at: Mapped[datetime | None]
    planned_by: Mapped[str | None] = mapped_column(String(120))
    action_done: Mapped[LongText | None]
    acted_at: Mapped[datetime | None]
    acted_by: Mapped[str | None] = mapped_column(String(120))
    informed_party: Mapped[ShortText | None]
    informed_on: Mapped[Day | None]
    informed_how: Mapped[ShortText | None]
    reply: Mapped[LongText | None]
    replied_at: Mapped[datetime | None]
    replied_by: Mapped[str | None] = mapped_column(String(120))
    is_accepted: Mapped[bool | None]
    objection: Mapped[ShortText | None]
    effect_result: Mapped[LongText | None]
    verified_by: Mapped[str | None] = mapped_column(String(120))
    verified_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    request: Mapped[ServiceRequest] = reference(back_populates="complaint", foreign_keys=[request_id])
    order: Mapped[ServiceOrder | None] = reference(foreign_keys=[order_id])
    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])
    device: Mapped[Device | None] = reference(foreign_keys=[device_id])
    leading: Mapped["Complaint | None"] = reference(foreign_keys=[leading_id], remote_side="Complaint.id", back_populates="linked")
    linked: Mapped[list["Complaint"]] = relationship(foreign_keys=[leading_id], back_populates="leading", order_by="Complaint.id")
    officer: Mapped[Person | None] = reference(foreign_keys=[officer_id])
    investigator: Mapped[Person | None] = reference(foreign_keys=[investigator_id])
    action_owner: Mapped[Person | None] = reference(foreign_keys=[action_owner_id])
    inquiries: Mapped[list["ComplaintInquiry"]] = relationship(  # noqa: F821
        back_populates="complaint", order_by="ComplaintInquiry.id", cascade="all, delete-orphan"
    )
    custody: Mapped[list["ComplaintCustody"]] = relationship(  # noqa: F821
        back_populates="complaint", order_by="ComplaintCustody.id", cascade="all, delete-orphan"
    )
    causes: Mapped[list["ComplaintCause"]] = relationship(  # noqa: F821
        back_populates="complaint", order_by="ComplaintCause.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        *(Index(f"ix_complaint_{name}", name) for name in INDEXED),
        Index("ix_complaint_officer_id_state_id", "officer_id", "state", "id"),
    )

    listing = ("number", "received_at", "customer", "device", "kind", "severity", "officer", "cause_kind", "state")
    filters = (
        "region_id", "state", "kind", "severity", "cause_kind", "customer_id", "device_id", "officer_id", "leading_id", "received_at",
        "closed_at",
    )  # fmt: skip
    responsible = "officer.user_id"
    searched = (
        "number", "request.number", "customer.name", "complainant_organisation", "device.serial_no", "device.model.name", "description",
    )  # fmt: skip
    sections = SECTIONS
    about_from = ("device.model", "customer")
    among = {"leading_id": LEADING}
    fixed = FIXED
    personal = ("complainant_name", "complainant_contact")
    lines = (Lines("inquiries", "inquiries"), Lines("custody", "custody"), Lines("causes", "cause"))
    workflow = WORKFLOW
    clocks = (
        Clock("complaint_confirm", starts="received_at", stops="confirmed_at", facts=("severity",)),
        Clock("complaint_report", starts="received_at", stops="investigated_at", facts=("severity",)),
        Clock("complaint_plan", starts="received_at", stops="planned_at", facts=("severity",)),
        Clock(EFFECT, starts="planned_at", stops="verified_at", facts=("effect_due_on",)),
    )
    documents = (Document("complaint_form", "QR-TS-01", "A/0"), Document("complaint_reply", "QR-TS-02", "A/0"))

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        """What can lead a group: it is being handled and led by no other; a closed one only where it leads a group already."""
        may_lead = cls.state.in_(("registered", *UNDER_WAY)) | ((cls.state == "closed") & (cls.severity == Severity.group))
        return (cls.leading_id.is_(None), may_lead) if among == LEADING else ()

    @property
    def hint(self) -> str:
        return self.description[:30]

    @property
    def about(self) -> str:
        product = f"{self.device.model} {self.device.hint}" if self.device is not None else self.product_text
        hospital = self.customer.name if self.customer is not None else self.complainant_organisation
        return " · ".join(part for part in (hospital, product, self.description[:30]) if part)

    @property
    def is_open(self) -> bool:
        return self.state in ("registered", *UNDER_WAY)

    def drawing(self) -> Markup:
        """The analysis of the cause as a picture; empty where there is none."""
        return drawn(self.cause_method, self.causes) if self.cause_method is not None and self.causes else Markup("")

    def printed(self) -> tuple[Document, ...]:
        """The letter as long as it has not gone out: from then on it is the sealed one."""
        form, letter = self.documents
        has_draft = bool(self.reply) and not self.is_letter_out
        return () if not (self.is_open or self.state == "closed") else (form, letter) if has_draft else (form,)

    @property
    def is_letter_out(self) -> bool:
        """Whether the reply as it was answered last stands sealed."""
        out = sealed_of(object_session(self), self) if self.replied_at is not None else []
        return any(paper.name == self.documents[1].name and paper.status == "valid" and paper.sealed_at >= self.replied_at for paper in out)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "received_at": self.received_at.isoformat(), "state": self.state}

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """A day is no fact that rules ask about; it stands among them so that another day is another decision."""
        return super().facts(tuple(name for name in names if name != "effect_due_on"))

    def promises(self, milestone: str) -> Iterator[Rule]:
        if milestone == EFFECT:
            yield from handling.check_fixed(EFFECT, self.number, self.planned_at, self.effect_due_on)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        return handling.readers(self, step)

    def on_create(self) -> None:
        raise Refusal(_("A complaint comes in at the intake desk, or is proposed from service."))

    def on_change(self) -> None:
        handling.refuse_other_device(self)
        handling.join_group(self)
        handling.refuse_lower_severity(self)
        handling.refuse_involved(self)
        handling.assess_harm(self)

    def on_open(self) -> None:
        handling.assess_harm(self)

    def check_confirm(self) -> None:
        handling.refuse_unregistered(self)
        handling.refuse_without_team(self)

    def on_confirm(self) -> None:
        self.on_change()
        self.confirmed_at, self.confirmed_by = now(), current_actor().name

    def on_dismiss(self) -> None:
        self.dismissed_at, self.dismissed_by = now(), current_actor().name

    def after_dismiss(self, reason: str) -> None:
        """The call itself is over with it: what is neither a complaint nor a fault needs no further step."""
        if self.request.kind == "complaint" and self.request.state in ("received", "registered"):
            with acting_as(SYSTEM):
                perform(self.request, "cancel", reason=_("Not a complaint: %(reason)s", reason=self.dismissal_reason))

    def on_propose_again(self) -> None:
        """What is newly known counts from now."""
        self.received_at = now()
        self.dismissal_reason = self.dismissed_at = self.dismissed_by = None

    def check_conclude(self) -> None:
        handling.refuse_unfounded(self)

    def on_conclude(self) -> None:
        self.investigated_at, self.investigated_by = now(), current_actor().name

    def check_forgo(self) -> None:
        handling.refuse_before_vigilance(self)
        handling.refuse_unreasoned(self)

    def on_forgo(self) -> None:
        self.forgone_at = self.investigated_at = now()
        self.forgone_by = self.investigated_by = current_actor().name

    def check_plan(self) -> None:
        handling.refuse_past_days(self)

    def on_plan(self) -> None:
        handling.refuse_involved(self)
        self.planned_at, self.planned_by, self.verified_at = now(), current_actor().name, None

    def on_act(self) -> None:
        self.acted_at, self.acted_by = now(), current_actor().name

    def check_answer(self) -> None:
        handling.refuse_complained_of(self)

    def on_answer(self) -> None:
        self.replied_at, self.replied_by = now(), current_actor().name

    def check_fail(self) -> None:
        handling.refuse_complained_of(self)
        handling.refuse_own_work(self)

    def check_close(self) -> None:
        self.check_fail()
        handling.refuse_early_check(self.effect_due_on)
        handling.refuse_open_ends(self)

    def on_close(self) -> None:
        self.closed_at = self.verified_at = now()
        self.verified_by = current_actor().name

    def after_close(self, reason: str) -> None:
        """The request by which it came is answered by it."""
        if self.request.kind == "complaint" and self.request.state in ("registered", "ordered", "answered"):
            with acting_as(SYSTEM):
                perform(self.request, "answer")

    def on_fail(self) -> None:
        self.verified_at, self.verified_by = now(), current_actor().name

    def after_fail(self, reason: str) -> None:
        """Back to the cause. Every clock from here on runs anew, once the verification that failed has met its own."""
        for name in REDONE:
            setattr(self, name, None)

    after_reopen = after_fail
