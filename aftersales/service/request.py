"""Service requests: what comes in, by whatever channel, registered within fifteen minutes (R2)."""

from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Instant, LongText, ShortText
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device, new_token
from aftersales.organization.region import region_by_default
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, State, Transition, Workflow
from aftersales.record.workflow import gap_sentence
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service import complaint
from aftersales.service.alerts import chain
from aftersales.service.fault import FaultLevel, level_of


class RequestKind(StrEnum):
    """What the caller wants: a repair, or to complain (R11). By their names complaints come first."""

    complaint = auto()
    fault = auto()


class Channel(StrEnum):
    """How it came in (R2.1)."""

    hotline = auto()
    email = auto()
    web_form = auto()
    online_chat = auto()
    wechat = auto()
    paper = auto()
    sales = auto()
    service_staff = auto()
    qr = auto()


class Harm(StrEnum):
    """Whether a patient may have come to harm. Always asked; "not sure" counts as yes until somebody has looked."""

    no = auto()
    yes = auto()
    not_sure = auto()


class Vigilance(StrEnum):
    """Whether the request must be looked at as a suspected adverse event (R12)."""

    none = auto()
    to_assess = auto()
    cleared = auto()
    reported = auto()


ANSWERS = ("is_device_down", "is_treatment_affected", "has_alternative")
GRADED = (*ANSWERS, "fault_level")


class ServiceRequest(Record):
    """One call for help or complaint, from its first minute. It becomes an order, is solved at a distance, answered, or cancelled."""

    prefix = "SR"
    access = written_by(Role.administrator, Role.intake, Role.dispatcher)

    kind: Mapped[RequestKind] = mapped_column(default=RequestKind.fault)
    channel: Mapped[Channel]
    received_at: Mapped[Instant]
    registered_at: Mapped[datetime | None]
    caller_name: Mapped[str | None] = mapped_column(String(60))
    caller_phone: Mapped[str | None] = mapped_column(String(40))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    customer_text: Mapped[ShortText | None]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    product_text: Mapped[ShortText | None]
    serial_text: Mapped[ShortText | None]
    fault_text: Mapped[LongText]
    is_device_down: Mapped[bool | None]
    is_treatment_affected: Mapped[bool | None]
    has_alternative: Mapped[bool | None]
    fault_level: Mapped[FaultLevel | None]
    fault_level_reason: Mapped[ShortText | None]
    harm: Mapped[Harm | None]
    vigilance: Mapped[Vigilance] = mapped_column(default=Vigilance.none)
    remote_solution: Mapped[LongText | None]
    reply: Mapped[LongText | None]
    progress_token: Mapped[str] = mapped_column(String(32), unique=True, default=new_token)

    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])
    device: Mapped[Device | None] = reference(foreign_keys=[device_id])
    order: Mapped["ServiceOrder | None"] = relationship(back_populates="request", uselist=False)  # noqa: F821
    assessment: Mapped["VigilanceAssessment | None"] = relationship(back_populates="request", uselist=False)  # noqa: F821
    complaint: Mapped["Complaint | None"] = relationship(back_populates="request", uselist=False)  # noqa: F821

    __table_args__ = (
        CheckConstraint("received_at <= registered_at", name="registered_at"),
        # Whether the device is down is asked of a fault; a complaint may be about no device at all.
        *(CheckConstraint(f"state <> 'registered' OR kind = 'complaint' OR {name} IS NOT NULL", name=f"{name}_told") for name in GRADED),
        Index("ix_service_request_kind_state_id", "kind", "state", "id"),
        Index("ix_service_request_customer_id", "customer_id"),
        Index("ix_service_request_device_id_received_at", "device_id", "received_at"),
        Index("ix_service_request_received_at", "received_at"),
        Index("ix_service_request_vigilance_id", "vigilance", "id"),
        Index("ix_service_request_created_by_id_id", "created_by_id", "id"),
    )

    listing = ("number", "kind", "received_at", "channel", "customer", "device", "fault_level", "harm", "state")
    filters = ("region_id", "state", "kind", "channel", "fault_level", "vigilance", "customer_id", "device_id", "received_at")
    responsible = "created_by_id"
    searched = (
        "number", "customer.name", "customer_text", "device.serial_no", "device.model.name", "product_text", "serial_text", "fault_text",
    )  # fmt: skip
    sections = {
        "call": ("kind", "channel", "received_at", "registered_at", "caller_name", "caller_phone"),
        "subject": ("customer_id", "customer_text", "device_id", "product_text", "serial_text", "fault_text"),
        "level": (*ANSWERS, "fault_level", "fault_level_reason"),
        "vigilance": ("harm", "vigilance"),
        "outcome": ("remote_solution", "reply", "progress_token"),
    }
    about_from = ("device.model", "customer")
    fills = {
        "device_id": {"customer_id": "customer_id", "product_text": "model.name", "serial_text": "hint"},
        "customer_id": {"region_id": "region_id"},
    }
    fixed = ("registered_at", "vigilance", "reply", "progress_token")
    personal = ("caller_name", "caller_phone")
    workflow = Workflow(
        states=(
            State("received", writes=("call", "subject", "level", "vigilance", "outcome")),
            State("registered", requires=("registered_at", "customer_id", "harm"), writes=("outcome",)),
            State("ordered", requires=("registered_at", "customer_id", "device_id", *ANSWERS, "fault_level", "harm"), ends=True),
            State(
                "solved_remotely", requires=("registered_at", "customer_id", *ANSWERS, "fault_level", "harm", "remote_solution"), ends=True,
            ),
            State("answered", requires=("registered_at", "customer_id", "harm", "reply"), ends=True),
            State("cancelled", ends=True),
        ),
        transitions=(
            Transition(
                "register", "received", "registered", by=(Role.intake, Role.dispatcher, Role.complaint_officer),
                fields=("customer_id", "device_id", *ANSWERS, "fault_level", "fault_level_reason", "harm"),
            ),
            Transition("order", "registered", "ordered", by=(Role.intake, Role.dispatcher), fields=("device_id",)),
            Transition(
                "solve_remotely", "registered", "solved_remotely", by=(Role.intake, Role.dispatcher, Role.technical_support),
                fields=("remote_solution",),
            ),
            Transition("answer", ("registered", "ordered", "answered"), "answered", by=(Role.complaint_officer, Role.quality)),
            Transition("cancel", ("received", "registered"), "cancelled", by=(Role.intake, Role.dispatcher), reason=True),
        ),
    )  # fmt: skip
    clocks = (Clock("register", starts="received_at", stops="registered_at"),)

    @property
    def hint(self) -> str:
        return self.serial_text or ""

    @property
    def about(self) -> str:
        product = f"{self.device.model} {self.device.hint}" if self.device is not None else self.product_text
        hospital = self.customer.name if self.customer is not None else self.customer_text
        return " · ".join(part for part in (product, self.fault_text[:30], hospital) if part)

    def on_create(self) -> None:
        if self.received_at > now():
            raise Refusal(_("It cannot have been received in the future."), field="received_at")
        self._find_place()
        complaint.announce(self)

    def on_change(self) -> None:
        if self.received_at > now():
            raise Refusal(_("It cannot have been received in the future."), field="received_at")
        self._find_place()
        if self.state != "received":
            self._settle_level()
            self._mark_vigilance()
        complaint.announce(self)

    def check_register(self) -> None:
        self._refuse_foreign_device()

    def on_register(self) -> None:
        self.registered_at = now()
        self._find_place()
        self._settle_level()
        self._refuse_ungraded()
        self._mark_vigilance()
        complaint.announce(self)

    def check_order(self) -> None:
        if self.device is None:
            raise Refusal(_("Choose the device first: an order is for one device."), field="device_id")
        self._refuse_foreign_device()
        if self.device.state == "retired":
            raise Refusal(_("This device is retired."), field="device_id")

    def check_solve_remotely(self) -> None:
        complaint.refuse_to_solve(self)

    def check_answer(self) -> None:
        complaint.refuse_to_answer(self)

    def on_answer(self) -> None:
        self.reply = self.complaint.reply

    def after_order(self, reason: str) -> None:
        """The repair order, with all that is known of it so far."""
        from aftersales.service.order import ServiceOrder

        session: Session = object_session(self)
        session.add(ServiceOrder.from_request(session, self))

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        return chain(self.region_id, None, step, first=(Role.intake,))

    def public_facts(self) -> dict[str, Any]:
        """What the caller may follow by the link they were given."""
        return {"number": self.number, "received_at": self.received_at.isoformat(), "state": self.state}

    def _find_place(self) -> None:
        """The customer follows from the device, the region from the customer; head office takes what has no place yet."""
        self._refuse_foreign_device()
        if self.device is not None and self.customer_id is None:
            self.customer_id = self.device.customer_id
        if self.customer is not None:
            self.region_id = self.customer.region_id
        elif self.region_id is None:
            self.region_id = region_by_default(object_session(self))

    def _refuse_foreign_device(self) -> None:
        if self.device is not None and self.customer_id is not None and self.device.customer_id != self.customer_id:
            raise Refusal(_("This device stands at another customer."), field="device_id")

    def _refuse_ungraded(self) -> None:
        """All that a fault lacks at once; a complaint has no level, and the state says what else it needs."""
        asked = ("customer_id", *GRADED, "harm") if self.kind is not RequestKind.complaint else ()
        if missing := [name for name in asked if getattr(self, name) is None]:
            raise Refusal(errors={name: [gap_sentence(self, name)] for name in missing})

    def _settle_level(self) -> None:
        """The level is what the answers say, unless intake says otherwise and why."""
        if any(getattr(self, answer) is None for answer in ANSWERS):
            return  # the state requires them, and says which is missing
        derived = level_of(self.is_device_down, self.is_treatment_affected, self.has_alternative)
        if self.fault_level is None:
            self.fault_level = derived
        if self.fault_level is not derived and not self.fault_level_reason:
            raise Refusal(_("The answers come to another level: say why this one is right."), field="fault_level_reason")

    def _mark_vigilance(self) -> None:
        """ "Yes" and "not sure" are to be assessed; only the assessment itself clears them."""
        if self.harm not in (None, Harm.no):
            self.assess()

    def assess(self) -> None:
        """Mark the request for vigilance, once."""
        if self.vigilance is not Vigilance.none:
            return
        from aftersales.vigilance.assessment import VigilanceAssessment

        session: Session = object_session(self)
        self.vigilance = Vigilance.to_assess
        session.add(VigilanceAssessment.of_request(self))
