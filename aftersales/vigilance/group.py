"""Group events: the same device, close together in time and place, usually three cases or more (R1 art. 4 (4), G25 annex 2)."""

from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, inspect, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Day, Instant, LongText, Name, ShortText
from aftersales.customers.customer import Customer
from aftersales.devices.model import DeviceModel
from aftersales.record.base import Record
from aftersales.record.display import words
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Lines, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.alerts import holders
from aftersales.vigilance.assessment import DECIDE
from aftersales.vigilance.event import AdverseEvent, place_of
from aftersales.vigilance.fields import OurRole, own_role
from aftersales.vigilance.moments import between

# From how many cases on a group is suspected: G25 annex 2, 3.1. Within how many days they stand together is our own choice.
FEWEST_CASES = 3
CLOSE_TOGETHER = timedelta(days=30)
LONGEST_CODES = 240  # of lots and serial numbers that cases bring along; further ones are written by hand
BASICS = (
    "hospital", "user_count", "case_count", "places", "first_used_on", "first_occurred_on", "registration_no", "product_name", "lot_no",
    "specification", "injury_text", "fault_manifestation", "course",
)  # fmt: skip
ASKED = tuple(name for name in BASICS if name not in ("lot_no", "specification", "injury_text", "fault_manifestation"))


class GroupEvent(Record):
    """One group: the fields of the group form, who was told by telephone, what was stopped, what the investigation found."""

    prefix = "AG"
    access = written_by(*DECIDE)

    known_at: Mapped[datetime]
    our_role: Mapped[OurRole] = mapped_column(default=own_role)
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    hospital: Mapped[Name | None]
    user_count: Mapped[int | None]
    case_count: Mapped[int | None]
    places: Mapped[ShortText | None]
    first_used_on: Mapped[Day | None]
    first_occurred_on: Mapped[Day | None]
    registration_no: Mapped[str | None] = mapped_column(String(64))
    product_name: Mapped[Name | None]
    lot_no: Mapped[ShortText | None]
    specification: Mapped[Name | None]
    injury_text: Mapped[LongText | None]
    fault_manifestation: Mapped[LongText | None]
    course: Mapped[LongText | None]
    told_at: Mapped[datetime | None]
    holder_told_at: Mapped[Instant | None]
    stopped_at: Mapped[Instant | None]
    stop_measures: Mapped[LongText | None]
    investigation: Mapped[LongText | None]
    self_inspection: Mapped[LongText | None]
    investigated_at: Mapped[datetime | None]
    is_own_province: Mapped[bool | None]
    dismissal_reason: Mapped[LongText | None]

    model: Mapped[DeviceModel | None] = reference(foreign_keys=[model_id])
    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])
    notices: Mapped[list["GroupNotice"]] = relationship(
        back_populates="group_event", order_by="GroupNotice.id", cascade="all, delete-orphan"
    )
    events: Mapped[list[AdverseEvent]] = relationship(back_populates="group_event", order_by="AdverseEvent.id")

    __table_args__ = (
        CheckConstraint("case_count >= 1 AND user_count >= case_count", name="case_count"),
        Index("ix_group_event_known_at", "known_at"),
        Index("ix_group_event_model_id", "model_id"),
        Index("ix_group_event_customer_id", "customer_id"),
    )

    listing = ("number", "known_at", "product_name", "lot_no", "hospital", "case_count", "told_at", "investigated_at", "state")
    filters = ("region_id", "state", "model_id", "known_at")
    searched = ("number", "product_name", "registration_no", "lot_no", "hospital")
    sections = {
        "awareness": ("known_at", "our_role", "model_id", "customer_id"),
        "basics": BASICS,
        "telling": ("told_at", "holder_told_at"),
        "stopping": ("stopped_at", "stop_measures"),
        "investigation": ("is_own_province", "investigation", "self_inspection", "investigated_at"),
        "dismissal": ("dismissal_reason",),
    }
    fills = {
        "model_id": {"product_name": "name", "specification": "specification", "registration_no": "registration_no"},
        "customer_id": {"hospital": "name", "region_id": "region_id"},
    }
    fixed = ("known_at", "told_at", "investigated_at", "dismissal_reason")
    lines = (Lines("notices", "telling"),)
    workflow = Workflow(
        states=(
            State("open", writes=("awareness", "basics", "telling", "stopping", "investigation")),
            State("told", requires=("told_at",), writes=("basics", "telling", "stopping", "investigation")),
            State(
                "investigated",
                requires=(*ASKED, "told_at", "stopped_at", "stop_measures", "investigation", "self_inspection", "investigated_at"),
            ),
            State("closed", requires=(*ASKED, "told_at", "investigated_at"), seals=True, ends=True),
            State("dismissed", requires=("dismissal_reason",), ends=True),
        ),
        transitions=(
            Transition("tell", "open", "told", by=DECIDE),
            Transition(
                "investigate", "told", "investigated", by=DECIDE,
                fields=("is_own_province", "stopped_at", "stop_measures", "investigation", "self_inspection"),
            ),
            Transition("close", "investigated", "closed", by=DECIDE),
            Transition("reopen", "closed", "investigated", by=DECIDE, reason=True),
            Transition("dismiss", ("open", "told"), "dismissed", by=DECIDE, fields=("dismissal_reason",)),
        ),
    )  # fmt: skip
    clocks = (
        Clock("group_tell", starts="known_at", stops="told_at"),
        Clock("group_tell_holder", starts="known_at", stops="holder_told_at", facts=("our_role",)),
        Clock("group_investigation", starts="known_at", stops="investigated_at"),
    )
    documents = (Document("group_event_form", "QR-AE-02", "A/0"),)

    @property
    def about(self) -> str:
        return " · ".join(part for part in (self.product_name, self.lot_no, self.hospital) if part)

    def form_parts(self) -> list[Any]:
        from aftersales.vigilance.form import group_form

        return group_form(self)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no}

    def on_create(self) -> None:
        self.known_at = now()
        self._check()

    def on_change(self) -> None:
        self._check()
        if self.investigated_at is not None and inspect(self).attrs.is_own_province.history.has_changes():
            self._refuse_unreported()
            self.on_investigate()

    @property
    def reported_to(self) -> tuple["Recipient", ...]:
        """Who gets the report of the investigation (R1 art. 32). Where nobody has said whether it is our own province it may be another."""
        return REPORTED_TO if self.is_own_province else (*REPORTED_TO, *REPORTED_AT_HOME)

    def first_told(self, recipient: "Recipient", *, is_report: bool) -> datetime | None:
        """When it was told, or had the report, for the first time."""
        told = (notice.told_at for notice in self.notices if notice.recipient is recipient and notice.is_report is is_report)
        return min(told, default=None)

    def check_tell(self) -> None:
        """Both authorities of the place, not one of them (R1 art. 31)."""
        for recipient, sentence in (
            (Recipient.drug_authority, _("The provincial drug authority of the place was not told yet.")),
            (Recipient.health_authority, _("The health authority of the place was not told yet.")),
        ):
            if recipient in self.untold:
                raise Refusal(sentence)

    def on_tell(self) -> None:
        """Told is when the second of the two was."""
        self.told_at = self._all_had(BOTH, is_report=False)

    def check_investigate(self) -> None:
        self._check()
        if not self.lot_no or not (self.injury_text or self.fault_manifestation):
            raise Refusal(_("Lot or serial numbers, and what happened to patients or devices, belong to the group form."))
        self._refuse_unreported()

    def on_investigate(self) -> None:
        self.investigated_at = self._all_had(self.reported_to, is_report=True)

    @property
    def unreported(self) -> list["Recipient"]:
        return [recipient for recipient in self.reported_to if self.first_told(recipient, is_report=True) is None]

    @property
    def untold(self) -> list["Recipient"]:
        return [recipient for recipient in BOTH if self.first_told(recipient, is_report=False) is None]

    def _refuse_unreported(self) -> None:
        """What our own province lacks stands at the question that may make it needless."""
        sentences = {
            "": (REPORTED_TO, _("Enter first when the report of the investigation was handed in: %(offices)s.")),
            "is_own_province": (
                REPORTED_AT_HOME,
                _("Unless the place is in our own province, enter first when these had the report of the investigation: %(offices)s."),
            ),
        }
        errors = {
            field: [sentence % {"offices": "、".join(map(words, offices))}]
            for field, (among, sentence) in sentences.items()
            if (offices := [recipient for recipient in self.unreported if recipient in among])
        }
        if errors:
            raise Refusal(errors=errors)

    def _all_had(self, recipients: tuple["Recipient", ...], *, is_report: bool) -> datetime | None:
        """When the last of these was told for the first time."""
        return max(filter(None, (self.first_told(recipient, is_report=is_report) for recipient in recipients)), default=None)

    def check_close(self) -> None:
        if open_ones := [event.number for event in self.events if event.state == "draft"]:
            raise Refusal(_("These cases are not reported yet: %(cases)s.", cases=", ".join(open_ones)))

    def check_dismiss(self) -> None:
        if len(self.events) >= FEWEST_CASES:
            raise Refusal(_("Three cases and more are reported as a group."))

    def after_dismiss(self, reason: str) -> None:
        for event in list(self.events):
            event.group_event, event.group_known_at = None, None
            event._audit_reason = self.dismissal_reason

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        told = {0: DECIDE, 1: (*DECIDE, Role.manager), 2: (Role.manager,)}.get(step, ())
        return holders(told, self.region_id)

    def _check(self) -> None:
        if self.case_count is not None and self.user_count is not None and self.user_count < self.case_count:
            raise Refusal(_("More cases than people the device was used on."), field="case_count")
        for name in ("holder_told_at", "stopped_at"):
            setattr(self, name, between(self.known_at, getattr(self, name), name))


class Recipient(StrEnum):
    """Who is told of a group event."""

    drug_authority = auto()
    health_authority = auto()
    monitoring_body = auto()
    home_drug_authority = auto()
    home_monitoring_body = auto()
    holder = auto()


BOTH = (Recipient.drug_authority, Recipient.health_authority)
# Who gets the report of the investigation (R1 art. 32): those of the place, and those of our own province where that is another one.
REPORTED_TO = (Recipient.drug_authority, Recipient.monitoring_body)
REPORTED_AT_HOME = (Recipient.home_drug_authority, Recipient.home_monitoring_body)


class TellingBy(StrEnum):
    """How."""

    telephone = auto()
    fax = auto()
    system = auto()
    other = auto()


class GroupNotice(Record):
    """One call, or the report of the investigation handed in: whom, when, by what, who took it there, and under which number."""

    parent = "group_event"

    group_event_id: Mapped[int] = mapped_column(ForeignKey("group_event.id"))
    recipient: Mapped[Recipient]
    office: Mapped[Name]
    told_at: Mapped[Instant]
    channel: Mapped[TellingBy]
    spoken_to: Mapped[str] = mapped_column(String(60))
    is_report: Mapped[bool] = mapped_column(default=False, server_default=false())
    receipt_no: Mapped[str | None] = mapped_column(String(64))

    group_event: Mapped[GroupEvent] = reference(back_populates="notices")

    __table_args__ = (Index("ix_group_notice_group_event_id", "group_event_id"),)

    listing = ("recipient", "office", "is_report", "told_at", "spoken_to", "receipt_no")
    sections = {"basics": ("recipient", "office", "is_report", "told_at", "channel", "spoken_to", "receipt_no")}

    def __str__(self) -> str:
        return self.office

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        self.told_at = between(self.group_event.known_at, self.told_at, "told_at")


def join_group(session: Session, event: AdverseEvent, known_at: datetime) -> GroupEvent:
    """The open group of the event's model, else a new one, known since `known_at`. Its 24 hours begin with the knowledge of the group."""
    mine = GroupEvent.state.in_(("open", "told")), GroupEvent.region_id == event.region_id, GroupEvent.model_id == event.model_id
    group = session.scalars(select(GroupEvent).where(*mine).order_by(GroupEvent.id.desc()).limit(1)).one_or_none()
    if group is None:
        group = GroupEvent(known_at=known_at, region_id=event.region_id, model=event.model, customer=event.customer)
        for name in ("product_name", "specification", "registration_no", "injury_text", "fault_manifestation", "our_role"):
            setattr(group, name, getattr(event, name))
        if event.customer is not None:
            group.hospital, group.places = event.customer.name, place_of(event.customer)
        session.add(group)
    put_into(event, group)
    session.flush()
    return group


def gather(session: Session, event: AdverseEvent) -> GroupEvent:
    """The event and those close to it as one group, which is known as such from now on."""
    group = join_group(session, event, now())
    for other in close_together(event):
        if other.group_event_id is None and other.region_id == event.region_id:
            put_into(other, group)
    session.flush()
    return group


def put_into(event: AdverseEvent, group: GroupEvent) -> None:
    """A case of the group: known as such no earlier than the case itself."""
    event.group_event, event.group_known_at = group, max(group.known_at, event.known_at)
    event._audit_reason = _("Case of the group event.")
    code, listed = event.lot_no or event.serial_no, group.lot_no or ""
    if code and code not in listed.split("、") and len(listed) + len(code) < LONGEST_CODES:
        group.lot_no = "、".join(filter(None, (listed, code)))


def close_together(event: AdverseEvent) -> list[AdverseEvent]:
    """Other events of the same model, or lot, not long before or after: what may be a group."""
    session: Session = object_session(event)
    same = [AdverseEvent.model_id == event.model_id] if event.model_id is not None else []
    if event.lot_no:
        same.append(AdverseEvent.lot_no == event.lot_no)
    if not same:
        return []
    near = AdverseEvent.known_at.between(event.known_at - CLOSE_TOGETHER, event.known_at + CLOSE_TOGETHER)
    others = select(AdverseEvent).where(or_(*same), near, AdverseEvent.id != event.id, AdverseEvent.state != "dropped")
    return list(session.scalars(others.order_by(AdverseEvent.id.desc()).limit(10)))
