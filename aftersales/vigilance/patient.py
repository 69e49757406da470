"""The patient of an adverse event: a record of its own, so that who may read the event does not thereby read who was hurt."""

from datetime import date
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.ciphers import Enciphered, is_enciphered
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.vigilance.event import AdverseEvent

READS_PATIENTS = ("can_read", "EventPatientData")
SECRET = ("name", "birth_on", "record_no", "history")  # kept encrypted; age and sex alone tell nobody who it is
IDENTITY = ("name", "birth_on", "age", "sex", "record_no", "history")


class Sex(StrEnum):
    """As the report form asks."""

    male = auto()
    female = auto()
    not_known = auto()


def reads_patients() -> bool:
    """The record and what is in it: each is a right of its own."""
    return current_actor().can(*READS_PATIENTS) and current_actor().can("can_read", EventPatient.__name__)


class EventPatient(Record):
    """Who was hurt. Without the right to events' patients every field is as good as empty, on every page, list, print and export;
    whoever has it leaves a note in the trail at each reading. No search finds a name."""

    made_by_hand = False
    access = read_by(writers=(Role.regulatory, Role.quality))

    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id"), unique=True)
    name: Mapped[str | None] = mapped_column(Enciphered(String(60)))
    birth_on: Mapped[date | None] = mapped_column(Enciphered(Date()))
    age: Mapped[int | None]
    sex: Mapped[Sex | None]
    record_no: Mapped[str | None] = mapped_column(Enciphered(String(60)))
    history: Mapped[str | None] = mapped_column(Enciphered(Text()))

    event: Mapped[AdverseEvent] = reference(back_populates="patient")

    __table_args__ = (CheckConstraint("age BETWEEN 0 AND 150", name="age"), *is_enciphered(*SECRET))

    listing = ("event",)
    filters = ("region_id",)
    searched = ("event.number",)
    sections = {"event": ("event_id",), "patient": IDENTITY}
    about_from = captioned_by = ("event",)
    fixed = ("region_id", "event_id")
    personal = IDENTITY

    def __str__(self) -> str:
        return f"{self.event} {self.label()}"

    @classmethod
    def may_tell(cls, name: str) -> bool:
        return name not in IDENTITY or reads_patients()

    @classmethod
    def may_write(cls) -> bool:
        return reads_patients()

    def on_change(self) -> None:
        if not reads_patients():
            raise NotAllowed(_("Only who may read patients' data may change it."))
