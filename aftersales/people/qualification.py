"""What a person may do: on which product, in which kind of work, until when, on what evidence (R10.1, R10.4)."""

from datetime import date
from enum import StrEnum, auto

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, LongText
from aftersales.devices.family import DeviceFamily
from aftersales.devices.model import DeviceModel
from aftersales.people.person import Person
from aftersales.record.base import Record
from aftersales.record.references import reference


class Work(StrEnum):
    """The kinds of work a qualification is for."""

    repair = auto()
    install = auto()
    maintain = auto()
    upgrade = auto()
    train = auto()


class Qualification(Record):
    """One kind of work on one model, or on every model of one family. It counts once the effect of the training is confirmed."""

    parent = "person"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    family_id: Mapped[int | None] = mapped_column(ForeignKey("device_family.id"))
    work: Mapped[Work]
    valid_from: Mapped[Day]
    valid_until: Mapped[Day]
    evidence: Mapped[LongText | None]
    effect_confirmed_on: Mapped[Day | None]

    person: Mapped[Person] = reference(back_populates="qualifications")
    model: Mapped[DeviceModel | None] = reference()
    family: Mapped[DeviceFamily | None] = reference()

    __table_args__ = (
        CheckConstraint("(model_id IS NULL) <> (family_id IS NULL)", name="model_or_family"),
        CheckConstraint("valid_from <= valid_until", name="valid_until"),
        Index("ix_qualification_person_id", "person_id"),
        Index("ix_qualification_valid_until", "valid_until"),
        Index("ix_qualification_model_id_work", "model_id", "work"),
        Index("ix_qualification_family_id_work", "family_id", "work"),
    )

    listing = ("family", "model", "work", "valid_from", "valid_until", "effect_confirmed_on")
    filters = ("valid_from", "valid_until")
    sections = {"basics": ("family_id", "model_id", "work", "valid_from", "valid_until", "evidence", "effect_confirmed_on")}

    def covers(self, model: DeviceModel, work: Work) -> bool:
        return self.work is work and (self.model_id == model.id or (self.family_id is not None and self.family_id == model.family_id))

    def holds_within(self, first: date, last: date) -> bool:
        """On some day of the period."""
        known = self.effect_confirmed_on
        return known is not None and max(self.valid_from, known, first) <= min(self.valid_until, last)

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_until and self.effect_confirmed_on is not None and self.effect_confirmed_on <= day
