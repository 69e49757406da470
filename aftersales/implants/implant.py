"""Implanted units: one unit in one patient, where, when and by whom as the hospital states it (R15). Who the patient is stands apart."""

from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from aftersales.columns import Day, Instant, LongText, Name, ShortText
from aftersales.customers.customer import Customer
from aftersales.devices.device import IMPLANTS, Device
from aftersales.devices.model import DeviceModel
from aftersales.implants.kinds import ExplantCause
from aftersales.people.person import Person
from aftersales.record.base import Record
from aftersales.record.now import CHINA, now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

FOLLOWERS = (Role.follow_up, Role.regulatory, Role.quality)
IN_A_PATIENT = ("implanted", "deceased")


class Implant(Record):
    """One unit of the device register in one patient. A unit that was taken out goes into nobody else (AS-QP-07, 6.5), so it is in at most
    one record that was not a mistake."""

    prefix = "IM"
    access = written_by(*FOLLOWERS, Role.intake)

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    department: Mapped[Name | None]
    surgeon: Mapped[str | None] = mapped_column(String(60))
    operated_at: Mapped[Instant]
    site: Mapped[ShortText | None]
    contact_name: Mapped[str | None] = mapped_column(String(60))
    contact_phone: Mapped[str | None] = mapped_column(String(40))
    follower_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    registered_at: Mapped[datetime]
    is_elsewhere: Mapped[bool] = mapped_column(default=False)
    late_reason: Mapped[ShortText | None]
    revised_on: Mapped[Day | None]
    revision_reason: Mapped[LongText | None]
    explanted_on: Mapped[Day | None]
    explant_cause: Mapped[ExplantCause | None]
    explant_reason: Mapped[LongText | None]
    whereabouts: Mapped[ShortText | None]
    deceased_on: Mapped[Day | None]
    death_circumstances: Mapped[LongText | None]

    device: Mapped[Device] = reference()
    customer: Mapped[Customer] = reference()
    follower: Mapped[Person | None] = reference(foreign_keys=[follower_id])
    patient: Mapped["ImplantPatient"] = relationship(back_populates="implant", uselist=False)  # noqa: F821
    follow_ups: Mapped[list["ImplantFollowUp"]] = relationship(back_populates="implant", order_by="ImplantFollowUp.id")  # noqa: F821

    __table_args__ = (
        CheckConstraint("operated_at <= registered_at", name="operated_at"),
        Index(
            "uq_implant_device_id", "device_id", unique=True,
            postgresql_where=text("state <> 'mistaken'"), sqlite_where=text("state <> 'mistaken'"),
        ),
        Index("ix_implant_customer_id", "customer_id"),
        Index("ix_implant_operated_at", "operated_at"),
        Index("ix_implant_follower_id", "follower_id"),
        Index("ix_implant_is_elsewhere_id", "is_elsewhere", "id"),
    )  # fmt: skip

    listing = ("number", "device", "customer", "department", "operated_at", "follower", "state")
    filters = ("region_id", "state", "customer_id", "device_id", "follower_id", "operated_at", "explant_cause", "is_elsewhere")
    responsible = "follower.user_id"
    searched = ("number", "device.number", "device.serial_no", "device.lot_no", "device.udi_di", "device.model.name", "customer.name")
    sections = {
        "unit": ("device_id", "site", "is_elsewhere"),
        "operation": ("customer_id", "department", "surgeon", "operated_at", "registered_at", "late_reason"),
        "follow_up": ("contact_name", "contact_phone", "follower_id"),
        "revision": ("revised_on", "revision_reason"),
        "explantation": ("explanted_on", "explant_cause", "explant_reason", "whereabouts"),
        "death": ("deceased_on", "death_circumstances"),
    }
    about_from = ("device.model", "customer")
    among = {"device_id": IMPLANTS}
    fills = {"device_id": {"customer_id": "customer_id", "department": "department"}}
    fixed = ("region_id", "is_elsewhere", "registered_at", *sections["revision"], *sections["explantation"], *sections["death"])
    personal = ("surgeon", "contact_name", "contact_phone")
    workflow = Workflow(
        states=(
            State("implanted", writes=("follow_up",)),
            State("explanted", requires=("explanted_on", "explant_cause", "explant_reason", "whereabouts"), ends=True),
            State("deceased", requires=("deceased_on", "death_circumstances")),
            State("mistaken", ends=True),
        ),
        transitions=(
            Transition("revise", "implanted", "implanted", by=FOLLOWERS, fields=("revised_on", "revision_reason")),
            Transition("explant", IN_A_PATIENT, "explanted", by=FOLLOWERS, fields=sections["explantation"]),
            Transition("note_death", "implanted", "deceased", by=FOLLOWERS, fields=sections["death"]),
            Transition("withdraw", "implanted", "mistaken", by=(Role.regulatory, Role.quality), reason=True),
        ),
    )
    documents = (Document("implant_record", "QR-SF-01", "A/0"), Document("implant_card", "QR-SF-04", "A/0", goes_out=True))

    @property
    def model(self) -> DeviceModel:
        return self.device.model

    @property
    def hint(self) -> str:
        return self.device.hint

    @property
    def about(self) -> str:
        return " · ".join(part for part in (str(self.device.model), self.device.hint, str(self.customer)) if part)

    def patient_pairs(self, with_patient: bool) -> list[tuple[str, ...]]:
        from aftersales.implants.papers import patient_pairs

        return patient_pairs(self, with_patient=with_patient)

    @property
    def operated_on(self) -> date:
        return self.operated_at.astimezone(CHINA).date()

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "model": str(self.model), "serial_no": self.device.hint}

    def printed(self) -> tuple[Document, ...]:
        return () if self.state == "mistaken" else self.documents

    def on_create(self) -> None:
        from aftersales.implants.following import open_first
        from aftersales.implants.patient import ImplantPatient

        self.registered_at = now()
        self.on_change()
        self.patient = ImplantPatient(region_id=self.region_id)
        open_first(object_session(self), self)

    def on_change(self) -> None:
        """It is followed up in the region of the hospital. Where another customer has bought it, quality looks at it."""
        if self.device is None or self.customer is None or self.operated_at is None:
            return
        if not self.device.model.is_implant:
            raise Refusal(_("This model is no implant."), field="device_id")
        if self.device.region_id != self.customer.region_id:
            raise Refusal(_("The unit was sold into another region: correct that in the device register first."), field="customer_id")
        if self.operated_at > now():
            raise Refusal(_("This lies in the future."), field="operated_at")
        if self.device.made_on is not None and self.operated_on < self.device.made_on:
            raise Refusal(_("The unit was made on %(day)s.", day=self.device.made_on.isoformat()), field="operated_at")
        self.region_id = self.customer.region_id
        self.is_elsewhere = self.device.customer_id != self.customer.id

    def check_revise(self) -> None:
        self._refuse_day("revised_on")

    def after_revise(self, reason: str) -> None:
        self._assess(_("Operated on again: %(reason)s", reason=self.revision_reason))

    def on_revise(self) -> None:
        self._demand("revised_on", "revision_reason")

    def check_explant(self) -> None:
        self._refuse_day("explanted_on")

    def after_explant(self, reason: str) -> None:
        self._assess(_("Taken out: %(reason)s", reason=self.explant_reason))
        self._end_following(_("The unit was taken out."))

    def check_note_death(self) -> None:
        self._refuse_day("deceased_on")

    def after_note_death(self, reason: str) -> None:
        """Whether the unit had a part in it is not ours to say: it is assessed."""
        self._assess(_("The patient died: %(circumstances)s", circumstances=self.death_circumstances))
        self._end_following(_("The patient died."))

    def after_withdraw(self, reason: str) -> None:
        self._end_following(_("The registration was a mistake."))

    def _demand(self, *names: str) -> None:
        if missing := [name for name in names if getattr(self, name) in (None, "")]:
            raise Refusal(errors={name: [_("This field is required.")] for name in missing})

    def _refuse_day(self, name: str) -> None:
        day = getattr(self, name)
        if day is not None and not self.operated_on <= day <= today():
            raise Refusal(_("From the day of the operation to today."), field=name)

    def _assess(self, told: str) -> None:
        from aftersales.implants.following import suspect

        suspect(object_session(self), self, told)

    def _end_following(self, reason: str) -> None:
        from aftersales.implants.following import end_following

        end_following(object_session(self), self, reason)
