"""Deviations: where quality let somebody do what the rule forbids, with the reason on record (R10.4)."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText, ShortText
from aftersales.people.person import Person
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.rights import written_by
from aftersales.service.order import ServiceOrder


class Deviation(Record):
    """One decision to send somebody who was not qualified: what was lacking, who decided, why."""

    prefix = "DN"
    made_by_hand = False
    access = written_by()

    order_id: Mapped[int] = mapped_column(ForeignKey("service_order.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    lacking: Mapped[ShortText]
    reason: Mapped[LongText]
    decided_by: Mapped[str] = mapped_column(String(120))
    decided_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    decided_at: Mapped[datetime]

    order: Mapped[ServiceOrder] = reference(back_populates="deviations", foreign_keys=[order_id])
    person: Mapped[Person] = reference(foreign_keys=[person_id])

    __table_args__ = (Index("ix_deviation_order_id_person_id", "order_id", "person_id"), Index("ix_deviation_decided_at", "decided_at"))

    listing = ("number", "decided_at", "order", "person", "lacking", "reason", "decided_by")
    filters = ("region_id", "person_id")
    searched = ("number", "order.number", "person.name", "reason")
    sections = {"decision": ("order_id", "person_id", "lacking", "reason", "decided_by", "decided_by_user_id", "decided_at")}
    fixed = ("order_id", "person_id", "lacking", "reason", "decided_by", "decided_by_user_id", "decided_at")

    def on_create(self) -> None:
        raise Refusal(_("A deviation is recorded by the action that departs from the rule."))
