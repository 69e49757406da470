"""When a person is not there: leave, training, travel. Why is nobody's business at the dispatch board, so it is not kept."""

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day
from aftersales.people.person import Person
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal


class Absence(Record):
    """The days from the first to the last, both away."""

    parent = "person"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[Day]
    last_day: Mapped[Day]

    person: Mapped[Person] = reference(back_populates="absences")

    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="last_day"),
        Index("ix_absence_person_id_last_day", "person_id", "last_day"),
    )

    listing = ("first_day", "last_day")
    sections = {"days": ("first_day", "last_day")}

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.last_day < self.first_day:
            raise Refusal(_("Nobody comes back before they left."), field="last_day")
