"""Visits: each time somebody worked on the device, there or over the network."""

from datetime import datetime
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Instant, LongText
from aftersales.people.person import Person
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal


class VisitKind(StrEnum):
    """At the customer's, or from afar (R7)."""

    on_site = auto()
    remote = auto()


class Visit(Record):
    """One visit or remote session. The first is opened by arriving; further ones are entered."""

    parent = "order"

    order_id: Mapped[int] = mapped_column(ForeignKey("service_order.id"))
    kind: Mapped[VisitKind]
    started_at: Mapped[Instant]
    ended_at: Mapped[datetime | None]
    engineer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    travel_minutes: Mapped[int | None]
    remark: Mapped[LongText | None]

    order: Mapped["ServiceOrder"] = reference(back_populates="visits")  # noqa: F821
    engineer: Mapped[Person] = reference(foreign_keys=[engineer_id])

    __table_args__ = (
        CheckConstraint("started_at <= ended_at", name="ended_at"),
        CheckConstraint("travel_minutes >= 0", name="travel_minutes"),
        Index("ix_visit_order_id", "order_id"),
        Index("ix_visit_engineer_id_started_at", "engineer_id", "started_at"),
        Index("ix_visit_engineer_id_order_id", "engineer_id", "order_id"),
    )

    listing = ("kind", "engineer", "started_at", "ended_at", "travel_minutes", "remark")
    summed = ("travel_minutes",)
    sections = {"basics": ("kind", "engineer_id", "started_at", "ended_at", "travel_minutes", "remark")}

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.started_at > now() or (self.ended_at is not None and self.ended_at > now()):
            raise Refusal(_("A visit is entered when it has been."), field="started_at")
