"""Repair orders: one device, one fault, from dispatch to the reviewed and archived report (R5)."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from aftersales.columns import Instant, LongText, ShortText
from aftersales.customers.contract import ServiceContract, contract_in_force
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.function_test import FunctionTest
from aftersales.organization.code_list import Code
from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import CHINA, now
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.words import Clock, Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service import completion, dispatch
from aftersales.service.alerts import chain
from aftersales.service.fault import FaultLevel
from aftersales.service.request import ServiceRequest
from aftersales.service.standing import Waiting
from aftersales.service.visit import Visit, VisitKind


class RepairResult(StrEnum):
    """What the repair came to: the device may be used again, or it must not be."""

    usable = auto()
    not_to_be_used = auto()


FACTS = ("fault_level", "device.model.risk")
WORK = ("diagnosis", "workshop", "visits", "parts", "tests", "loaners", "acceptance")
DONE = (
    "engineer_id", "responded_at", "arrived_at", "resolved_at",
    "cause", "cause_category_id", "plan", "result", "accepted_by", "satisfaction",
)  # fmt: skip


class ServiceOrder(Record):
    """One repair. Its states follow the work; its lines hold visits, parts, measurements and loaners."""

    prefix = "SO"
    made_by_hand = False
    access = written_by(Role.administrator, Role.dispatcher, Role.engineer, Role.technical_support, Role.quality)

    request_id: Mapped[int] = mapped_column(ForeignKey("service_request.id"), unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("service_contract.id"))
    fault_level: Mapped[FaultLevel]
    fault_text: Mapped[LongText]
    reported_at: Mapped[Instant]
    engineer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    planned_at: Mapped[Instant | None]
    assigned_at: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    waiting_for: Mapped[Waiting | None]
    waiting_note: Mapped[ShortText | None]
    cause: Mapped[LongText | None]
    cause_category_id: Mapped[int | None] = mapped_column(ForeignKey("code.id"))
    plan: Mapped[LongText | None]
    solution_at: Mapped[datetime | None]
    plan_explained_to: Mapped[str | None] = mapped_column(String(60))
    plan_explained_at: Mapped[Instant | None]
    workshop_reason: Mapped[LongText | None]
    workshop_at: Mapped[datetime | None]
    is_loaner_offered: Mapped[bool | None]
    function_test_id: Mapped[int | None] = mapped_column(ForeignKey("function_test.id"))
    signing_token: Mapped[str | None] = mapped_column(String(32), unique=True)
    signing_until: Mapped[datetime | None]
    result: Mapped[RepairResult | None]
    accepted_by: Mapped[str | None] = mapped_column(String(60))
    satisfaction: Mapped[int | None]
    customer_opinion: Mapped[LongText | None]
    resolved_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    review_opinion: Mapped[LongText | None]
    reviewed_by: Mapped[ShortText | None]
    closed_at: Mapped[datetime | None]

    request: Mapped[ServiceRequest] = reference(back_populates="order", foreign_keys=[request_id])
    device: Mapped[Device] = reference(foreign_keys=[device_id])
    customer: Mapped[Customer] = reference(foreign_keys=[customer_id])
    contract: Mapped[ServiceContract | None] = reference(foreign_keys=[contract_id])
    engineer: Mapped[Person | None] = reference(foreign_keys=[engineer_id])
    cause_category: Mapped[Code | None] = reference()
    function_test: Mapped[FunctionTest | None] = reference()
    visits: Mapped[list[Visit]] = relationship(back_populates="order", order_by="Visit.id", cascade="all, delete-orphan")
    parts: Mapped[list["PartReplaced"]] = relationship(  # noqa: F821
        back_populates="order", order_by="PartReplaced.id", cascade="all, delete-orphan"
    )
    measurements: Mapped[list["Measurement"]] = relationship(  # noqa: F821
        back_populates="order", order_by="Measurement.id", cascade="all, delete-orphan"
    )
    loaners: Mapped[list["Loaner"]] = relationship(  # noqa: F821
        back_populates="order", order_by="Loaner.id", cascade="all, delete-orphan"
    )
    rating: Mapped["ServiceRating | None"] = relationship(viewonly=True, uselist=False)  # noqa: F821
    deviations: Mapped[list["Deviation"]] = relationship(back_populates="order", order_by="Deviation.id")  # noqa: F821

    __table_args__ = (
        CheckConstraint("satisfaction BETWEEN 1 AND 100", name="satisfaction"),
        CheckConstraint("reported_at <= responded_at", name="responded_at"),
        CheckConstraint("responded_at <= arrived_at", name="arrived_at"),
        CheckConstraint("arrived_at <= completed_at", name="completed_at"),
        CheckConstraint("completed_at <= closed_at", name="closed_at"),
        Index("ix_service_order_device_id", "device_id"),
        Index("ix_service_order_customer_id", "customer_id"),
        Index("ix_service_order_engineer_id_state", "engineer_id", "state"),
        Index("ix_service_order_engineer_id_id", "engineer_id", "id"),
        Index("ix_service_order_contract_id", "contract_id"),
        Index("ix_service_order_reported_at", "reported_at"),
        Index("ix_service_order_closed_at", "closed_at"),
        Index("ix_service_order_function_test_id", "function_test_id"),
    )

    listing = ("number", "reported_at", "customer", "device", "fault_level", "engineer", "state")
    filters = ("region_id", "state", "fault_level", "engineer_id", "customer_id", "device_id", "result", "reported_at")
    responsible = "engineer.user_id"
    searched = ("number", "request.number", "customer.name", "device.serial_no", "device.model.name", "fault_text")
    sections = {
        "intake": ("request_id", "reported_at", "customer_id", "device_id", "contract_id", "fault_level", "fault_text"),
        "dispatch": ("engineer_id", "planned_at", "assigned_at", "responded_at", "arrived_at"),
        "waiting": ("waiting_for", "waiting_note"),
        "visits": (),
        "diagnosis": ("cause", "cause_category_id", "plan", "solution_at", "plan_explained_to", "plan_explained_at"),
        "workshop": ("workshop_reason", "workshop_at", "is_loaner_offered"),
        "parts": (),
        "tests": ("function_test_id",),
        "loaners": (),
        "signing": ("signing_token", "signing_until"),
        "acceptance": ("result", "accepted_by", "satisfaction", "customer_opinion", "resolved_at", "completed_at"),
        "review": ("review_opinion", "reviewed_by", "closed_at"),
    }
    about_from = ("device.model", "customer")
    seldom = ("rating", "deviations")
    among = {"cause_category_id": completion.CAUSES}
    fixed = (
        "request_id", "reported_at", "customer_id", "device_id", "contract_id", "engineer_id", "assigned_at", "responded_at", "arrived_at",
        "solution_at", "workshop_at", "function_test_id", "signing_token", "signing_until", "resolved_at", "completed_at", "reviewed_by",
        "closed_at",
    )  # fmt: skip
    personal = ("plan_explained_to", "accepted_by")
    lines = (Lines("visits", "visits"), Lines("parts", "parts"), Lines("measurements", "tests"), Lines("loaners", "loaners"))
    workflow = Workflow(
        states=(
            State("opened", writes=("dispatch",)),
            State("assigned", requires=("engineer_id", "assigned_at"), writes=("dispatch", "waiting")),
            State("accepted", requires=("engineer_id", "responded_at"), writes=("dispatch", "waiting")),
            State("working", requires=("engineer_id", "responded_at", "arrived_at"), writes=("waiting", "signing", *WORK)),
            State(
                "in_workshop", requires=("engineer_id", "arrived_at", "workshop_reason", "workshop_at", "is_loaner_offered"),
                writes=("waiting", "signing", *WORK),
            ),
            State("completed", requires=(*DONE, "completed_at"), writes=("loaners", "review")),
            State("closed", requires=(*DONE, "completed_at", "review_opinion", "closed_at"), seals=True),
            State("cancelled", ends=True),
        ),
        transitions=(
            Transition("assign", "opened", "assigned", by=(Role.dispatcher,), fields=("engineer_id", "planned_at"), alike=True),
            Transition(
                "reassign", ("assigned", "accepted", "working", "in_workshop"), "assigned", by=(Role.dispatcher,),
                fields=("engineer_id", "planned_at"), reason=True, alike=True,
            ),
            Transition(
                "assign_with_deviation", ("opened", "assigned", "accepted", "working", "in_workshop"), "assigned", by=(Role.quality,),
                fields=("engineer_id", "planned_at"), reason=True, alike=True,
            ),
            Transition("accept", "assigned", "accepted", by=(Role.engineer,)),
            Transition("arrive", "accepted", "working", by=(Role.engineer,)),
            Transition("connect", "accepted", "working", by=(Role.engineer,)),
            Transition(
                "complete", ("working", "in_workshop"), "completed", by=(Role.engineer,),
                fields=("result", "accepted_by", "satisfaction", "customer_opinion"),
                signs=Signing("acceptance", Meaning.customer, ("intake", "diagnosis", "parts", "tests", "acceptance")),
            ),
            Transition("take_to_workshop", "working", "in_workshop", by=(Role.engineer,), fields=("workshop_reason", "is_loaner_offered")),
            Transition("bring_back", "in_workshop", "working", by=(Role.engineer,)),
            Transition(
                "close", "completed", "closed", by=(Role.quality,), fields=("review_opinion",), apart_from=("complete",),
                signs=Signing("review", Meaning.staff, ("intake", "dispatch", *WORK, "review")),
            ),
            Transition("return_to_engineer", "completed", "working", by=(Role.quality,), reason=True),
            Transition("reopen", "closed", "working", by=(Role.quality,), reason=True),
            Transition("cancel", ("opened", "assigned", "accepted", "working"), "cancelled", by=(Role.dispatcher,), reason=True),
        ),
    )  # fmt: skip
    clocks = (
        Clock("respond", starts="reported_at", stops="responded_at", facts=FACTS),
        Clock("on_site", starts="reported_at", stops="arrived_at", facts=FACTS),
        Clock("solution", starts="reported_at", stops="solution_at", facts=FACTS),
        Clock("resolve", starts="reported_at", stops="resolved_at", facts=FACTS),
    )
    documents = (
        Document("repair_report", form_no="QR-SH-05", version="A/0"),
        Document("do_not_use_notice", form_no="QR-SH-06", version="A/0", goes_out=True),
    )

    @classmethod
    def from_request(cls, session: Session, request: ServiceRequest) -> "ServiceOrder":
        """The order a registered request becomes. Its clocks began with the call."""
        contract = contract_in_force(session, request.device, request.received_at.astimezone(CHINA).date())
        return cls(
            request=request, region_id=request.region_id, device=request.device, customer=request.customer, contract=contract,
            fault_level=request.fault_level, fault_text=request.fault_text, reported_at=request.received_at,
        )  # fmt: skip

    @property
    def hint(self) -> str:
        return self.fault_text[:40]

    @property
    def about(self) -> str:
        return f"{self.device.model} {self.device.hint} · {self.hint} · {self.customer.name}"

    def on_create(self) -> None:
        raise Refusal(_("A service order is made from a registered request."))

    def on_change(self) -> None:
        completion.refuse_foreign_cause(self)
        if self.plan and self.solution_at is None:
            self.solution_at = now()

    # -- dispatch --

    def judge_assign(self) -> None:
        dispatch.refuse_unqualified(self)

    def on_assign(self) -> None:
        self.assigned_at = now()
        self._shut_signing()

    def judge_reassign(self) -> None:
        dispatch.refuse_unqualified(self)

    def on_reassign(self) -> None:
        self.on_assign()

    def judge_assign_with_deviation(self) -> None:
        dispatch.refuse_needless_deviation(self)

    def on_assign_with_deviation(self) -> None:
        self.on_assign()

    def after_assign_with_deviation(self, reason: str) -> None:
        dispatch.record_deviation(self, reason)

    # -- the engineer's work --

    def check_accept(self) -> None:
        self.refuse_other_hands()

    def on_accept(self) -> None:
        self.responded_at = self.responded_at or now()

    def check_arrive(self) -> None:
        self.refuse_other_hands()

    def on_arrive(self) -> None:
        self._begin(VisitKind.on_site)

    def check_connect(self) -> None:
        self.refuse_other_hands()

    def on_connect(self) -> None:
        self._begin(VisitKind.remote)

    def check_take_to_workshop(self) -> None:
        self.refuse_other_hands()

    def on_take_to_workshop(self) -> None:
        self.workshop_at = now()
        self._end_visits()
        self._shut_signing()

    def check_bring_back(self) -> None:
        self.refuse_other_hands()

    def on_bring_back(self) -> None:
        self._begin(VisitKind.on_site)

    def check_complete(self) -> None:
        self.refuse_other_hands()
        completion.refuse_incomplete(self)

    def on_complete(self) -> None:
        self.completed_at, self.waiting_for, self.waiting_note = now(), None, None
        self.resolved_at = self.resolved_at or self.completed_at
        self.solution_at = self.solution_at or self.completed_at
        self._end_visits()

    def after_complete(self, reason: str) -> None:
        completion.mark_device(self)

    # -- review --

    def check_close(self) -> None:
        completion.refuse_open_ends(self)

    def on_close(self) -> None:
        self.closed_at, self.reviewed_by = now(), current_actor().name
        self._shut_signing()

    def on_return_to_engineer(self) -> None:
        self.completed_at = None
        self._shut_signing()

    def on_reopen(self) -> None:
        """The fault is not gone: the clock of resolving runs a second time."""
        self.resolved_at = self.completed_at = self.closed_at = None

    # -- what the kernel asks --

    def promises(self, milestone: str) -> Iterator[Rule]:
        return self.contract.rules_for(milestone) if self.contract is not None else iter(())

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        return chain(self.region_id, self.engineer.user_id if self.engineer is not None else None, step)

    def printed(self) -> tuple[Document, ...]:
        """The notice exists only for a device that must not be used."""
        report, notice = self.documents
        return (report, notice) if self.result is RepairResult.not_to_be_used else (report,)

    def public_facts(self) -> dict[str, Any]:
        served_at = self.completed_at or self.arrived_at
        return {
            "number": self.number,
            "form": self.documents[0].form_no,
            "model": str(self.device.model),
            "serial_no": self.device.hint,
            "customer": self.customer.name,
            "served_on": served_at.astimezone(CHINA).date().isoformat() if served_at else None,
            "result": self.result.value if self.result else None,
        }

    def refuse_other_hands(self) -> None:
        actor = current_actor()
        if not actor.is_system and (self.engineer is None or self.engineer.user_id != actor.user_id):
            raise NotAllowed(_("This order is the work of %(person)s.", person=self.engineer.name if self.engineer else "—"))

    def _begin(self, kind: VisitKind) -> None:
        self.arrived_at = self.arrived_at or now()
        self.function_test = completion.form_of(self)
        self.visits.append(Visit(kind=kind, started_at=now(), engineer_id=self.engineer_id))

    def _end_visits(self) -> None:
        for visit in self.visits:
            visit.ended_at = visit.ended_at or now()

    def _shut_signing(self) -> None:
        """The link that was opened to the customer opens nothing any more."""
        self.signing_token = self.signing_until = None
