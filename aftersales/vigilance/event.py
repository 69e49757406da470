"""One adverse event: the fields of the individual report form in their order (G25 annex 1), its clocks, and its way to the end."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Instant, LongText, Name
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.devices.udi import parse_udi
from aftersales.record.actor import current_actor
from aftersales.record.attachments import attachments_of
from aftersales.record.base import Record
from aftersales.record.now import CHINA, now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Lines, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.alerts import holders
from aftersales.vigilance import fields as form
from aftersales.vigilance.answers import Answer, Outcome, SeriousInjury
from aftersales.vigilance.assessment import DECIDE, VigilanceAssessment
from aftersales.vigilance.completeness import problems
from aftersales.vigilance.fields import IndividualForm, OurRole, ProductCategory, Reevaluation, UsePlace, own_role
from aftersales.vigilance.moments import between
from aftersales.vigilance.sentences import sentence
from aftersales.vigilance.term import EventTerm


class AdverseEvent(IndividualForm, Record):
    """One case. The patient is a record of their own; each report that goes out is one too, sealed as it was sent."""

    prefix = "AE"
    made_by_hand = False
    access = written_by(*DECIDE)

    assessment_id: Mapped[int] = mapped_column(ForeignKey("vigilance_assessment.id"), unique=True)
    group_event_id: Mapped[int | None] = mapped_column(ForeignKey("group_event.id"))
    group_known_at: Mapped[datetime | None]
    our_role: Mapped[OurRole] = mapped_column(default=own_role)
    known_at: Mapped[datetime]
    is_abroad: Mapped[bool] = mapped_column(default=False)
    control_abroad: Mapped[bool] = mapped_column(default=False)
    first_cycle_innovative: Mapped[bool] = mapped_column(default=False)

    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    injury_term_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    fault_term_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_a_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_b_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_c_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_d_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_e_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_f_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    term_g_id: Mapped[int | None] = mapped_column(ForeignKey("event_term.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))

    submission_no: Mapped[str | None] = mapped_column(String(64))
    submitted_at: Mapped[Instant | None]
    submitted_by: Mapped[str | None] = mapped_column(String(120))
    submitted_entered_at: Mapped[datetime | None]
    control_reported_at: Mapped[Instant | None]
    evaluation_result: Mapped[LongText | None]
    evaluation_recipient: Mapped[Name | None]
    evaluation_no: Mapped[str | None] = mapped_column(String(64))
    evaluated_at: Mapped[datetime | None]
    evaluated_by: Mapped[str | None] = mapped_column(String(120))
    evaluated_entered_at: Mapped[datetime | None]
    reevaluation: Mapped[Reevaluation | None]
    reevaluation_ended_at: Mapped[Instant | None]
    reevaluation_reported_at: Mapped[Instant | None]
    dropped_by: Mapped[str | None] = mapped_column(String(120))
    drop_reason: Mapped[LongText | None]

    assessment: Mapped[VigilanceAssessment] = reference(back_populates="event", foreign_keys=[assessment_id])
    group_event: Mapped["GroupEvent | None"] = reference(back_populates="events", foreign_keys=[group_event_id])  # noqa: F821
    device: Mapped[Device | None] = reference(foreign_keys=[device_id])
    model: Mapped[DeviceModel | None] = reference(foreign_keys=[model_id])
    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])
    injury_term: Mapped[EventTerm | None] = reference(foreign_keys=[injury_term_id])
    fault_term: Mapped[EventTerm | None] = reference(foreign_keys=[fault_term_id])
    term_a: Mapped[EventTerm | None] = reference(foreign_keys=[term_a_id])
    term_b: Mapped[EventTerm | None] = reference(foreign_keys=[term_b_id])
    term_c: Mapped[EventTerm | None] = reference(foreign_keys=[term_c_id])
    term_d: Mapped[EventTerm | None] = reference(foreign_keys=[term_d_id])
    term_e: Mapped[EventTerm | None] = reference(foreign_keys=[term_e_id])
    term_f: Mapped[EventTerm | None] = reference(foreign_keys=[term_f_id])
    term_g: Mapped[EventTerm | None] = reference(foreign_keys=[term_g_id])
    patient: Mapped["EventPatient"] = relationship(back_populates="event", uselist=False)  # noqa: F821
    measures: Mapped[list["EventMeasure"]] = relationship(back_populates="event", order_by="EventMeasure.id", cascade="all, delete-orphan")  # noqa: F821
    reports: Mapped[list["EventReport"]] = relationship(back_populates="event", order_by="EventReport.id")  # noqa: F821

    __table_args__ = (
        CheckConstraint(f"{form.OPEN} OR lot_no IS NOT NULL OR serial_no IS NOT NULL", name="lot_or_serial"),
        CheckConstraint(f"{form.OPEN} OR injury_text IS NOT NULL OR fault_manifestation IS NOT NULL", name="injury_or_fault"),
        CheckConstraint(
            f"{form.OPEN} OR outcome <> 'serious_injury' OR (injury_text IS NOT NULL AND serious_kind IS NOT NULL)",
            name="injury_of_serious",
        ),
        CheckConstraint(f"{form.OPEN} OR NOT is_investigated OR investigation IS NOT NULL", name="investigation"),
        CheckConstraint(f"{form.OPEN} OR NOT has_measures OR measures_text IS NOT NULL", name="measures_text"),
        CheckConstraint(f"{form.OPEN} OR has_measures OR no_measures_reason IS NOT NULL", name="no_measures_reason"),
        CheckConstraint(f"{form.OPEN} OR NOT is_error OR error_reason IS NOT NULL", name="error_reason"),
        CheckConstraint(f"{form.OPEN} OR NOT is_merged OR merged_with IS NOT NULL", name="merged_with"),
        CheckConstraint("known_at <= submitted_at", name="submitted_at"),
        Index("ix_adverse_event_known_at", "known_at"),
        Index("ix_adverse_event_outcome_id", "outcome", "id"),
        Index("ix_adverse_event_model_id_known_at", "model_id", "known_at"),
        Index("ix_adverse_event_device_id", "device_id"),
        Index("ix_adverse_event_customer_id", "customer_id"),
        Index("ix_adverse_event_group_event_id", "group_event_id"),
        Index("ix_adverse_event_registration_no_known_at", "registration_no", "known_at"),
    )

    listing = ("number", "known_at", "outcome", "product_name", "serial_no", "customer", "submitted_at", "state")
    filters = ("region_id", "state", "outcome", "model_id", "device_id", "customer_id", "group_event_id", "known_at", "submitted_at")
    searched = ("number", "submission_no", "product_name", "registration_no", "lot_no", "serial_no", "customer.name")
    sections = {
        "awareness": ("assessment_id", "our_role", "known_at", "group_event_id", "group_known_at", "is_abroad", "control_abroad",
                      "first_cycle_innovative"),
        "product": form.PRODUCT,
        "harm": form.HARM,
        "use": form.USE,
        "investigation": form.INVESTIGATION,
        "evaluation": form.EVALUATION,
        "control": form.CONTROL,
        "errors": form.ERRORS,
        "submission": (*form.SUBMITTED, *form.EVALUATED),
        "abroad": ("control_reported_at",),
        "reevaluation": ("reevaluation", "reevaluation_ended_at", "reevaluation_reported_at"),
        "dropping": ("dropped_by", "drop_reason"),
    }  # fmt: skip
    fills = {
        "device_id": {
            "model_id": "model_id", "lot_no": "lot_no", "serial_no": "serial_no", "udi": "udi", "made_on": "made_on",
            "customer_id": "customer_id",
        },
        "model_id": {
            "product_name": "name", "specification": "specification", "registration_no": "registration_no", "legal_class": "legal_class",
        },
    }  # fmt: skip
    among = form.CODES | form.LOCAL
    about_from = ("customer",)
    fixed = (
        "assessment_id", "known_at", "group_event_id", "group_known_at", "is_abroad", "control_abroad", "first_cycle_innovative",
        *form.SUBMITTED, *form.EVALUATED, "dropped_by", "drop_reason",
    )  # fmt: skip
    lines = (Lines("measures", "control"),)
    workflow = Workflow(
        states=(
            State("draft", writes=("awareness", *list(sections)[1:8], "abroad")),
            State("reported", requires=(*form.ASKED, *form.SUBMITTED), writes=("abroad", "reevaluation")),
            State("evaluated", requires=form.CLOSED, writes=("abroad", "reevaluation")),
            State("closed", requires=form.CLOSED, seals=True, ends=True),
            State("dropped", requires=("dropped_by", "drop_reason"), ends=True),
        ),
        transitions=(
            Transition("report", "draft", "reported", by=(Role.regulatory,), fields=("submission_no", "submitted_at")),
            Transition(
                "evaluate", "reported", "evaluated", by=DECIDE, found=("evaluated_at",),
                fields=("relation", "cause_analysis", "evaluation_result", "evaluation_recipient", "evaluation_no", "evaluated_at"),
            ),
            Transition("close", "evaluated", "closed", by=(Role.quality, Role.regulatory), apart_from=("report",)),
            Transition("reopen", "closed", "evaluated", by=DECIDE, reason=True),
            Transition("drop", "draft", "dropped", by=DECIDE, fields=("drop_reason",)),
        ),
    )  # fmt: skip
    clocks = (
        Clock("ae_report", starts="known_at", stops="submitted_at", facts=("outcome", "is_abroad", "first_cycle_innovative")),
        Clock("ae_group_case", starts="group_known_at", stops="submitted_at"),
        Clock("ae_control_abroad", starts="known_at", stops="control_reported_at", facts=("control_abroad",)),
        Clock("ae_evaluation", starts="submitted_at", stops="evaluated_at", facts=("outcome",)),
        Clock("ae_reevaluation", starts="reevaluation_ended_at", stops="reevaluation_reported_at", facts=("reevaluation",)),
    )
    documents = (Document("adverse_event_form", "QR-AE-01", "A/0"),)

    @property
    def about(self) -> str:
        where = self.customer.name if self.customer is not None else ""
        return " · ".join(part for part in (self.product_name, self.serial_no or self.lot_no, where) if part)

    @property
    def hint(self) -> str:
        return self.product_name or ""

    @property
    def known_on(self) -> date:
        return self.known_at.astimezone(CHINA).date()

    @property
    def form_event(self) -> "AdverseEvent":
        return self

    def form_parts(self, with_patient: bool) -> list[Any]:
        from aftersales.vigilance.form import event_form

        return event_form(self, with_patient=with_patient)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "submission_no": self.submission_no}

    @classmethod
    def from_assessment(cls, assessment: VigilanceAssessment) -> "AdverseEvent":
        from aftersales.vigilance.patient import EventPatient

        request, order = assessment.request, assessment.order
        device = assessment.device or (request and request.device) or (order and order.device)
        event = cls(assessment=assessment, region_id=assessment.region_id, known_at=assessment.known_at, patient=EventPatient())
        event.patient.region_id = assessment.region_id
        event.customer = assessment.customer or (device and device.customer)
        event.fault_manifestation = assessment.told or (request and request.fault_text)
        event.take_answers(assessment)
        if device is not None:
            event.device, model = device, device.model
            for name in ("lot_no", "serial_no", "udi", "made_on"):
                setattr(event, name, getattr(device, name))
            event.expires_on = parse_udi(device.udi).expires_on if device.udi else None
            event.model, event.product_name, event.specification = model, model.name, model.specification
            event.registration_no, event.legal_class = model.registration_no, model.legal_class
            event.category = ProductCategory.active if model.is_active else ProductCategory.passive
        if event.customer is not None:
            event.use_place, event.occurred_at_place = UsePlace.hospital, place_of(event.customer)
        return event

    def take_answers(self, assessment: VigilanceAssessment) -> None:
        """What the assessment comes to. The awareness stays what it was, so clocks are decided anew from there."""
        answers = assessment.answers
        self.outcome = answers.outcome
        is_told = self.outcome is Outcome.serious_injury and answers.serious_injury is not SeriousInjury.not_sure
        self.serious_kind = answers.serious_injury if is_told else None
        self.is_abroad = answers.is_abroad is Answer.yes  # 30 days are longer than 7 or 20: in doubt it happened here
        self.control_abroad, self.first_cycle_innovative = answers.may_be("control_abroad"), answers.may_be("first_cycle_innovative")

    def on_change(self) -> None:
        self._take_along()
        for name in ("control_reported_at", "reevaluation_ended_at", "reevaluation_reported_at"):
            setattr(self, name, between(self.known_at, getattr(self, name), name))
        if self.control_reported_at is not None and not self.control_abroad:
            raise Refusal(_("No control measure abroad was answered."), field="control_reported_at")
        if self.serious_kind in (SeriousInjury.none, SeriousInjury.not_sure):
            raise Refusal(_("Say which of the three kinds it is, or leave it empty."), field="serious_kind")
        if self.state not in ("draft", "dropped"):
            self._refuse_problems()

    def _take_along(self) -> None:
        """Patient and reports stand where the event does; what was sent is sealed and stays, so the event does too."""
        if self.patient is None or self.region_id == self.patient.region_id:
            return
        if any(report.is_sealed for report in self.reports):
            raise Refusal(_("Reports of it were sent: it can no longer be moved to another region."), field="region_id")
        for part in (self.patient, *self.reports):
            part.region_id = self.region_id

    def check_report(self) -> None:
        self._refuse_problems()
        between(self.known_at, self.submitted_at, "submitted_at")

    def on_report(self) -> None:
        self.submitted_at = between(self.known_at, self.submitted_at, "submitted_at")
        self.submitted_by, self.submitted_entered_at = current_actor().name, now()

    def after_report(self, reason: str) -> None:
        """The report as it went out, sealed."""
        from aftersales.vigilance.report import send_initial

        send_initial(object_session(self), self)

    @property
    def owes_results(self) -> bool:
        """R1 art. 29: holders hand in the results of whatever killed, injured seriously or could have."""
        return self.our_role is OurRole.holder and self.outcome is not Outcome.other

    def check_evaluate(self) -> None:
        missing = [name for name in ("evaluation_recipient", "evaluation_no") if not getattr(self, name)]
        if missing and self.owes_results:
            raise Refusal(errors={name: [_("This field is required.")] for name in missing})

    def on_evaluate(self) -> None:
        """The results went out when they are said to have; now, where nothing is said."""
        if self.evaluated_at is not None and self.evaluated_at < self.submitted_at.replace(second=0, microsecond=0):
            raise Refusal(_("That is before the first report."), field="evaluated_at")
        self.evaluated_at = max(between(self.known_at, self.evaluated_at, "evaluated_at") or now(), self.submitted_at)
        self.evaluated_by, self.evaluated_entered_at = current_actor().name, now()

    def check_close(self) -> None:
        if waiting := [str(report) for report in self.reports if report.state == "draft"]:
            raise Refusal(_("These reports are not sent yet: %(reports)s.", reports=", ".join(waiting)))

    def check_drop(self) -> None:
        if self.assessment.answers.must_be_reported:
            raise Refusal(_("By the answers of its assessment it is to be reported: correct them first, with the reason."))

    def on_drop(self) -> None:
        self.dropped_by = current_actor().name

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        told = {0: (Role.regulatory,), 1: DECIDE, 2: (*DECIDE, Role.manager)}.get(step, ())
        return holders(told, self.region_id)

    def _refuse_problems(self) -> None:
        session: Session = object_session(self)
        told = {name: getattr(self, name) for name in form.CHECKED}
        facts = {name: value.value if isinstance(value, StrEnum) else value for name, value in told.items()}
        has_file = bool(self.is_error) and bool(attachments_of(session, self))
        errors: dict[str, list[str]] = {}
        for name, problem in problems(facts, self.known_on, has_file=has_file):
            errors.setdefault(name, []).append(sentence(problem))
        if errors:
            raise Refusal(errors=errors)


def place_of(customer: Customer) -> str:
    """Where it stands, as the forms ask for the place of the event."""
    return "".join(part for part in (customer.province, customer.city, customer.district) if part)
