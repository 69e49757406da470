"""The patient of an implanted unit: a record of its own behind a right of its own, encrypted in the database, each reading logged."""

from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from aftersales.columns import Day
from aftersales.implants.implant import FOLLOWERS, Implant
from aftersales.implants.kinds import Consent
from aftersales.record.actor import current_actor
from aftersales.record.base import Record, SharedRecord
from aftersales.record.ciphers import Enciphered, field_keys, is_enciphered
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.rekeying import INDEX_OF
from aftersales.rights import read_by
from aftersales.vigilance.patient import Sex

READS_PATIENTS = ("can_read", "ImplantPatientData")
SECRET = ("name", "birth_on", "admission_no", "phone", "remarks")
IDENTITY = (*SECRET[:2], "sex", *SECRET[2:])


def reads_patients() -> bool:
    """The record and what is in it: each is a right of its own."""
    return current_actor().can(*READS_PATIENTS) and current_actor().can("can_read", ImplantPatient.__name__)


class ImplantPatient(Record):
    """Who bears the unit. Without the right to implants' patients every field is as good as empty, at every door. No search finds a name;
    whoever has the right finds the unit by the hospital's admission number, of which `admission_key` is a keyed hash."""

    made_by_hand = False
    access = read_by(writers=FOLLOWERS)
    __unaudited__ = SharedRecord.__unaudited__ | {"admission_key"}

    implant_id: Mapped[int] = mapped_column(ForeignKey("implant.id"), unique=True)
    name: Mapped[str | None] = mapped_column(Enciphered(String(60)))
    birth_on: Mapped[date | None] = mapped_column(Enciphered(Date()))
    sex: Mapped[Sex | None]
    admission_no: Mapped[str | None] = mapped_column(Enciphered(String(60)))
    admission_key: Mapped[str | None] = mapped_column(String(64), info={INDEX_OF: "admission_no"})
    phone: Mapped[str | None] = mapped_column(Enciphered(String(40)))
    remarks: Mapped[str | None] = mapped_column(Enciphered(Text()))
    consent: Mapped[Consent | None]
    consent_no: Mapped[str | None] = mapped_column(String(60))
    consented_on: Mapped[Day | None]

    implant: Mapped[Implant] = reference(back_populates="patient")

    __table_args__ = (
        *is_enciphered(*SECRET),
        CheckConstraint("phone IS NULL OR (consent IS NOT NULL AND consent = 'given')", name="phone"),
        CheckConstraint("consent <> 'given' OR (consent_no IS NOT NULL AND consented_on IS NOT NULL)", name="consented"),
        Index("ix_implant_patient_admission_key", "admission_key"),
    )

    listing = ("implant", "consent")
    filters = ("region_id", "consent")
    searched = ("implant.number",)
    sections = {"implant": ("implant_id",), "patient": IDENTITY, "consent": ("consent", "consent_no", "consented_on")}
    about_from = captioned_by = ("implant",)
    fixed = ("region_id", "implant_id")
    unseen = frozenset({"admission_key"})
    personal = IDENTITY

    def __str__(self) -> str:
        return f"{self.implant} {self.label()}"

    @validates("admission_no")
    def _index(self, _name: str, value: str | None) -> str | None:
        self.admission_key = field_keys().index(value) if value else None
        return value

    @classmethod
    def may_tell(cls, name: str) -> bool:
        return name not in (*IDENTITY, "admission_key") or reads_patients()

    @classmethod
    def may_write(cls) -> bool:
        return reads_patients()

    def on_change(self) -> None:
        if not reads_patients():
            raise NotAllowed(_("Only who may read patients' data may change it."))
        if self.birth_on is not None and self.birth_on > today():
            raise Refusal(_("This lies in the future."), field="birth_on")
        if self.consented_on is not None and self.consented_on > today():
            raise Refusal(_("This lies in the future."), field="consented_on")
        if self.consent is Consent.given and not (self.consent_no and self.consented_on):
            raise Refusal(_("Name the written consent and its day."), field="consent_no" if not self.consent_no else "consented_on")
        if self.phone and self.consent is not Consent.given:
            raise Refusal(_("Only of a patient who consented in writing to be asked by us."), field="phone")


def with_admission_no(session: Session, number: str) -> list[ImplantPatient]:
    """Those of the regions that the person sees whose hospital gave this admission number; two hospitals may give the same."""
    chosen: Any = select(ImplantPatient).where(ImplantPatient.admission_key.in_(field_keys().indexes(number)))
    return list(session.scalars(chosen.order_by(ImplantPatient.id.desc()).limit(50)))
