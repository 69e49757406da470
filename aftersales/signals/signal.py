"""A signal of risk: what was found about a subject, with its arithmetic and its cases, and what people make of it (R11.4)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, column, select
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from aftersales.columns import Instant, Json, LongText, ShortText
from aftersales.complaints.complaint import Complaint
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import Record, SharedRecord
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.security.manager import users_with_role
from aftersales.service.request import ServiceRequest
from aftersales.signals.drawing import drawn
from aftersales.signals.explaining import explained
from aftersales.signals.kinds import SignalKind, SignalLook, SignalOutcome, Subject
from aftersales.signals.rates import Finding

ASSESSORS = (Role.complaint_officer, Role.quality, Role.regulatory)
CLOSERS = (Role.quality, Role.regulatory, Role.manager)
MOST_OPENED = 20  # of what was begun from one signal
OPEN = ("found", "assessing", "confirmed")
STILL_OPEN = column("state") != "closed"


class Signal(SharedRecord):
    """Head office's: a lot or a model is of no region. It names no customer; its cases are of their regions and shown to whoever sees
    these. One stays open for each subject, and whatever else comes about it joins.
    """

    __unaudited__ = SharedRecord.__unaudited__ | {"months"}  # drawn from the cases, which the trail has

    prefix = "SG"
    made_by_hand = False
    access = read_by(*ASSESSORS, Role.manager, Role.technical_support, Role.administrator, writers=ASSESSORS)

    kind: Mapped[SignalKind]
    subject: Mapped[ShortText]
    subject_key: Mapped[str] = mapped_column(String(250))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    part_no: Mapped[str | None] = mapped_column(String(64))
    lot_no: Mapped[str | None] = mapped_column(String(64))
    look: Mapped[SignalLook]
    found_at: Mapped[Instant]
    last_case_at: Mapped[Instant]
    case_count: Mapped[int]
    finding: Mapped[dict[str, Any]] = mapped_column(Json, info={"told": lambda kept: "\n".join(explained(Finding.from_json(kept)))})
    months: Mapped[dict[str, Any]] = mapped_column(Json)
    assessed_by: Mapped[str | None] = mapped_column(String(120))
    assessed_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    assessed_at: Mapped[datetime | None]
    assessment: Mapped[LongText | None]
    outcome: Mapped[SignalOutcome | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(120))
    confirmed_at: Mapped[datetime | None]
    closing_reason: Mapped[LongText | None]
    closed_by: Mapped[str | None] = mapped_column(String(120))
    closed_at: Mapped[datetime | None]

    model: Mapped[DeviceModel | None] = reference(foreign_keys=[model_id])
    device: Mapped[Device | None] = reference(foreign_keys=[device_id])
    cases: Mapped[list["SignalCase"]] = relationship(back_populates="signal", order_by="SignalCase.id", cascade="all, delete-orphan")

    __table_args__ = (
        # Two looks at once may find the same; the second one then begins again and joins.
        Index("uq_signal_subject_key_open", "subject_key", unique=True, postgresql_where=STILL_OPEN, sqlite_where=STILL_OPEN),
        Index("ix_signal_subject_key_closed_at", "subject_key", "closed_at"),
        Index("ix_signal_kind_id", "kind", "id"),
        Index("ix_signal_model_id", "model_id"),
        Index("ix_signal_device_id", "device_id"),
        Index("ix_signal_outcome_id", "outcome", "id"),
        Index("ix_signal_found_at", "found_at"),
        Index("ix_signal_closed_at", "closed_at"),
    )

    listing = ("number", "kind", "subject", "found_at", "case_count", "last_case_at", "outcome", "assessed_by", "state")
    filters = ("state", "kind", "outcome", "look", "model_id", "device_id", "found_at", "closed_at")
    responsible = "assessed_by_user_id"
    searched = ("number", "subject", "part_no", "lot_no")
    sections = {
        "signal": ("kind", "subject", "model_id", "device_id", "part_no", "lot_no", "look", "found_at", "case_count", "last_case_at"),
        "cases": (),
        "assessment": ("assessed_by", "assessed_by_user_id", "assessed_at", "assessment", "outcome", "confirmed_by", "confirmed_at"),
        "closing": ("closing_reason", "closed_by", "closed_at"),
    }
    fixed = (
        *sections["signal"], "finding", "months", "assessed_by", "assessed_by_user_id", "assessed_at", "outcome", "confirmed_by",
        "confirmed_at", *sections["closing"],
    )  # fmt: skip
    unseen = frozenset({"subject_key", "finding", "months"})
    lines = (Lines("cases", "cases"),)
    workflow = Workflow(
        states=(
            State("found"),
            State("assessing", requires=("assessed_by", "assessed_at"), writes=("assessment",)),
            State("confirmed", requires=("assessed_by", "assessment", "outcome", "confirmed_by", "confirmed_at")),
            State(
                "closed", requires=("assessed_by", "assessment", "outcome", "closing_reason", "closed_by", "closed_at"), seals=True,
                ends=True,
            ),
        ),
        transitions=(
            Transition("assess", "found", "assessing", by=ASSESSORS),
            Transition("confirm", "assessing", "confirmed", by=ASSESSORS, fields=("assessment", "outcome")),
            Transition(
                "close", ("assessing", "confirmed"), "closed", by=CLOSERS, fields=("closing_reason",), apart_from=("assess", "confirm"),
                signs=Signing("signal_closing", Meaning.staff, ("signal", "assessment", "closing")),
            ),
        ),
    )  # fmt: skip
    clocks = (Clock("signal_assess", starts="found_at", stops="assessed_at", facts=("kind",)),)
    documents = (Document("signal_assessment", "QR-TS-03", "A/0"),)

    @property
    def hint(self) -> str:
        return self.subject

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def matter(self) -> Subject:
        return Subject(self.kind, self.model_id, self.device_id, self.lot_no, self.part_no)

    def arithmetic(self) -> list[str]:
        return explained(Finding.from_json(self.finding))

    def drawing(self) -> Markup:
        return drawn(self.months) if self.months else Markup("")

    def all_cases(self) -> list[Any]:
        """Every case for the sealed paper, whoever closes it: number, time and device, and no customer."""
        session, told = object_session(self), (ServiceRequest.number, ServiceRequest.received_at, Device.serial_no, Device.lot_no)
        rows = select(*told, Complaint.number.label("complaint")).select_from(SignalCase)
        rows = rows.join(ServiceRequest, ServiceRequest.id == SignalCase.request_id).outerjoin(
            Device, Device.id == ServiceRequest.device_id
        )
        rows = rows.outerjoin(Complaint, Complaint.request_id == ServiceRequest.id).where(SignalCase.signal_id == self.id)
        with acting_as(SYSTEM):
            return list(session.execute(rows.order_by(ServiceRequest.received_at, ServiceRequest.id)))

    def printed(self) -> tuple[Document, ...]:
        return () if self.state == "found" else self.documents

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "found_at": self.found_at.isoformat(), "state": self.state}

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """First whoever assesses signals, then quality, then the managers."""
        roles = {0: ASSESSORS, 1: (Role.quality,), 2: (Role.manager,)}.get(step, ())
        return list(dict.fromkeys(user_id for role in roles for user_id in users_with_role(role, None)))

    def on_create(self) -> None:
        raise Refusal(_("Signals are found by looking at the cases of service, not made by hand."))

    def on_assess(self) -> None:
        actor = current_actor()
        self.assessed_at, self.assessed_by, self.assessed_by_user_id = now(), actor.name, actor.user_id

    def check_confirm(self) -> None:
        if self.outcome is SignalOutcome.none:
            raise Refusal(_("Nothing follows from it: then it is closed with a reason, by another person."), field="outcome")

    def on_confirm(self) -> None:
        self.confirmed_at, self.confirmed_by = now(), current_actor().name

    def check_close(self) -> None:
        if not self.assessment:
            raise Refusal(_("The assessment is not written yet."))
        follows = followed_by().get(self.outcome)
        if follows is not None and all(record.state == "withdrawn" for record in self._opened(follows)):
            raise Refusal(_("Begin first what follows from it: %(what)s.", what=follows.label()))

    def on_close(self) -> None:
        self.closed_at, self.closed_by = now(), current_actor().name
        self.outcome = self.outcome or SignalOutcome.none

    def opened(self) -> list[Any]:
        """What was begun from it, of all that the person sees."""
        return [record for cls in followed_by().values() for record in self._opened(cls)]

    def _opened(self, cls: Any) -> Iterator[Any]:
        return iter(object_session(self).scalars(select(cls).where(cls.signal_id == self.id).order_by(cls.id).limit(MOST_OPENED)))


def followed_by() -> dict[SignalOutcome, Any]:
    """The record that an outcome begins; each names its signal."""
    from aftersales.improvement.corrective_action import CorrectiveAction
    from aftersales.recalls.recall import Recall

    return {SignalOutcome.capa: CorrectiveAction, SignalOutcome.recall: Recall}


class SignalCase(Record):
    """One case of a signal, in the region of its request."""

    parent = "signal"

    signal_id: Mapped[int] = mapped_column(ForeignKey("signal.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("service_request.id"))
    added_at: Mapped[Instant]

    signal: Mapped[Signal] = reference(back_populates="cases")
    request: Mapped[ServiceRequest] = reference(foreign_keys=[request_id])

    __table_args__ = (UniqueConstraint("signal_id", "request_id"), Index("ix_signal_case_request_id", "request_id"))

    listing = ("request", "added_at")
    sections = {"basics": ("request_id", "added_at")}
    fixed = sections["basics"]

    def __str__(self) -> str:
        return str(self.request or "")

    @property
    def why_kept(self) -> str:
        return _("The cases of a signal stay.")

    def on_create(self) -> None:
        raise Refusal(_("The cases come with the signal."))
