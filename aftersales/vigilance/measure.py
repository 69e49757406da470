"""Control measures of an adverse event, of the ten kinds of R1 art. 48."""

from enum import StrEnum, auto

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, ShortText
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.vigilance.event import AdverseEvent


class MeasureKind(StrEnum):
    """The ten kinds of R1 art. 48."""

    stop_making_and_selling = auto()
    tell_to_stop_use = auto()
    recall = auto()
    publish_risk = auto()
    self_inspection = auto()
    change_labelling = auto()
    change_making = auto()
    reevaluation = auto()
    change_registration = auto()
    other = auto()


class EventMeasure(Record):
    """One control measure that was taken."""

    parent = "event"

    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id"))
    measure: Mapped[MeasureKind]
    taken_on: Mapped[Day | None]
    what: Mapped[ShortText | None]

    event: Mapped[AdverseEvent] = reference(back_populates="measures")

    __table_args__ = (Index("ix_event_measure_event_id", "event_id"),)

    listing = ("measure", "taken_on", "what")
    sections = {"basics": ("measure", "taken_on", "what")}

    def __str__(self) -> str:
        return self.what or self.label()
