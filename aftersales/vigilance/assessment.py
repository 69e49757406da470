"""The assessment of a suspicion: may it be an adverse event that is reported? What is suspected waits here for a named person (R12)."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import LongText
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.organization.region import region_by_default
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.alerts import holders
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest, Vigilance
from aftersales.vigilance.answers import QUESTIONS, Answer, Answers, SeriousInjury
from aftersales.vigilance.columns import chosen

DECIDE = (Role.regulatory, Role.quality)
# Everybody who may hear of harm at a customer's: whoever cannot write it down would keep it to themselves.
LEARN = tuple(role for role in Role if role is not Role.inspector)


class VigilanceAssessment(Record):
    """One suspicion, from a request, a repair or by hand: what each question was answered, who decided, when and why.

    `known_at` is the first knowledge of anybody in the company and set by the server alone; every legal clock of the event starts then.
    Who answered what, and when, is the history of this record.
    """

    prefix = "VA"
    access = written_by(*LEARN)

    request_id: Mapped[int | None] = mapped_column(ForeignKey("service_request.id"), unique=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("service_order.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    told: Mapped[LongText | None]
    known_at: Mapped[datetime]
    known_by: Mapped[str | None] = mapped_column(String(120))
    death: Mapped[Answer | None] = chosen(Answer, "death")
    serious_injury: Mapped[SeriousInjury | None]
    could_cause: Mapped[Answer | None] = chosen(Answer, "could_cause")
    other_harm: Mapped[Answer | None] = chosen(Answer, "other_harm")
    in_group: Mapped[Answer | None] = chosen(Answer, "in_group")
    is_abroad: Mapped[Answer | None] = chosen(Answer, "is_abroad")
    control_abroad: Mapped[Answer | None] = chosen(Answer, "control_abroad")
    first_cycle_innovative: Mapped[Answer | None] = chosen(Answer, "first_cycle_innovative")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    decision_reason: Mapped[LongText | None]

    request: Mapped[ServiceRequest | None] = reference(back_populates="assessment", foreign_keys=[request_id])
    order: Mapped[ServiceOrder | None] = reference(foreign_keys=[order_id])
    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])
    device: Mapped[Device | None] = reference(foreign_keys=[device_id])
    event: Mapped["AdverseEvent | None"] = relationship(back_populates="assessment", uselist=False)  # noqa: F821

    __table_args__ = (
        CheckConstraint("request_id IS NOT NULL OR told IS NOT NULL", name="told"),
        Index("ix_vigilance_assessment_known_at", "known_at"),
        Index("ix_vigilance_assessment_order_id", "order_id"),
        Index("ix_vigilance_assessment_device_id_known_at", "device_id", "known_at"),
        Index("ix_vigilance_assessment_customer_id", "customer_id"),
    )

    listing = ("number", "known_at", "device", "told", "state", "decided_by", "decided_at")
    filters = ("region_id", "state", "known_at", "order_id", "device_id", "customer_id")
    responsible = "decided_by_user_id"
    searched = ("number", "request.number", "order.number", "device.serial_no", "told")
    sections = {
        "suspicion": ("request_id", "order_id", "customer_id", "device_id", "told"),
        "awareness": ("known_at", "known_by"),
        "questions": QUESTIONS,
        "decision": ("decision_reason", "decided_by", "decided_by_user_id", "decided_at"),
    }
    about_from = ("request", "device.model", "device.customer")
    fills = {
        "order_id": {"device_id": "device_id", "customer_id": "customer_id", "region_id": "region_id"},
        "device_id": {"customer_id": "customer_id", "region_id": "region_id"},
        "customer_id": {"region_id": "region_id"},
    }
    fixed = ("request_id", *sections["awareness"], *QUESTIONS, *sections["decision"])
    workflow = Workflow(
        states=(
            State("to_assess", writes=("suspicion", "questions", "decision")),
            State("reportable", requires=(*QUESTIONS, "decided_at", "decided_by"), ends=True),
            State("cleared", requires=("decided_at", "decided_by", "decision_reason"), ends=True),
        ),
        transitions=(
            Transition("report", "to_assess", "reportable", by=DECIDE, fields=(*QUESTIONS, "decision_reason")),
            Transition("clear", "to_assess", "cleared", by=DECIDE, fields=(*QUESTIONS, "decision_reason")),
            Transition("correct", "reportable", "reportable", by=DECIDE, fields=QUESTIONS, reason=True),
            Transition("reopen", "cleared", "to_assess", by=DECIDE, reason=True),
        ),
    )
    clocks = (Clock("ae_assess", starts="known_at", stops="decided_at"),)

    @property
    def answers(self) -> Answers:
        return Answers(**{name: getattr(self, name) for name in QUESTIONS})

    @property
    def about(self) -> str:
        what = self.told or (self.request.fault_text if self.request is not None else "")
        return " · ".join(part for part in (self.device and self.device.about, what[:30]) if part)

    @classmethod
    def of_request(cls, request: ServiceRequest) -> "VigilanceAssessment":
        """Known since the caller told it, or since it was written down where that was earlier."""
        known_at = min(request.received_at, request.created_at or now())
        place = {"region_id": request.region_id, "customer_id": request.customer_id, "device_id": request.device_id}
        return cls(request=request, told=request.fault_text, known_at=known_at, known_by=current_actor().name, **place)

    @classmethod
    def of_device(cls, device: Device, customer: Customer, told: str) -> "VigilanceAssessment":
        """Known since now: what happened to a device that no request and no repair is about."""
        place = {"region_id": device.region_id, "device": device, "customer": customer}
        return cls(told=told, known_at=now(), known_by=current_actor().name, **place)

    def on_create(self) -> None:
        if not self.told:
            raise Refusal(_("Say what is known of the harm."), field="told")
        self.known_at, self.known_by = now(), current_actor().name
        self.region_id = _region_of(self)

    def check_report(self) -> None:
        self._refuse_open()

    def check_clear(self) -> None:
        """What is not known is no reason to let it go: then it is reported, and corrected later."""
        self._refuse_open()
        if not self.answers.open_questions and self.answers.must_be_reported:
            raise Refusal(_("By these answers it is to be reported. Not sure counts as yes."), field=self._why_reported())

    def check_reopen(self) -> None:
        if self.event is not None:
            raise Refusal(_("It has led to an event already: %(event)s.", event=self.event.number))

    def check_correct(self) -> None:
        self._refuse_open()
        if self.event is not None and self.event.is_sealed:
            raise Refusal(_("The event is closed: open it again first."))

    def on_report(self) -> None:
        self._decide(Vigilance.reported)

    def on_clear(self) -> None:
        self._decide(Vigilance.cleared)

    def on_reopen(self) -> None:
        self.decided_at = self.decided_by = self.decided_by_user_id = None
        if self.request is not None:
            self.request.vigilance = Vigilance.to_assess

    def after_report(self, reason: str) -> None:
        """The event, with all that is known of it; and the group it belongs to."""
        from aftersales.vigilance.event import AdverseEvent
        from aftersales.vigilance.group import join_group

        session: Session = object_session(self)
        with session.no_autoflush:  # half an event must not be written by a look at its device
            event = AdverseEvent.from_assessment(self)
        session.add(event)
        session.flush()
        if self.answers.may_be("in_group"):
            join_group(session, event, self.known_at)

    def after_correct(self, reason: str) -> None:
        """The clocks of the event are decided anew, from the same awareness; a group is known as one from now on."""
        from aftersales.vigilance.group import join_group

        if self.event is not None:
            self.event._audit_reason = reason
            self.event.take_answers(self)
            if self.answers.may_be("in_group") and self.event.group_event is None:
                join_group(object_session(self), self.event, now())

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        return holders(DECIDE, self.region_id) if step == 0 else holders((*DECIDE, Role.manager), self.region_id) if step == 1 else []

    def _decide(self, mark: Vigilance) -> None:
        actor = current_actor()
        self.decided_at, self.decided_by, self.decided_by_user_id = now(), actor.name, actor.user_id
        if self.request is not None:
            self.request.vigilance = mark

    def _refuse_open(self) -> None:
        if missing := self.answers.open_questions:
            raise Refusal(errors={name: [_("Answer this question; not sure is an answer.")] for name in missing})

    def _why_reported(self) -> str:
        return next(name for name in QUESTIONS if name != "is_abroad" and self.answers.may_be(name))


def _region_of(assessment: VigilanceAssessment) -> Any:
    for one in (assessment.order, assessment.device, assessment.customer):
        if one is not None:
            return one.region_id
    return assessment.region_id or region_by_default(object_session(assessment))
