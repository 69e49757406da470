"""The rows inside an emergency: the customers to be told, the steps of the plan, the log."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText, Name, ShortText
from aftersales.customers.customer import Customer
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.kinds import ContactResult, ContactWay
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.display import words
from aftersales.record.now import now, server_now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal


class EmergencyCustomer(Record):
    """One customer to be told, with what the last attempt came to. Each attempt is also written into the log, where none is lost."""

    parent = "emergency"

    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergency.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    unit_count: Mapped[int] = mapped_column(default=0)
    way: Mapped[ContactWay | None]
    result: Mapped[ContactResult | None]
    note: Mapped[ShortText | None]
    attempts: Mapped[int] = mapped_column(default=0)
    told_by: Mapped[str | None] = mapped_column(String(120))
    told_at: Mapped[datetime | None]

    emergency: Mapped[Emergency] = reference(back_populates="customers")
    customer: Mapped[Customer] = reference(foreign_keys=[customer_id])

    __table_args__ = (UniqueConstraint("emergency_id", "customer_id"), Index("ix_emergency_customer_customer_id", "customer_id"))

    listing = ("customer", "unit_count", "way", "result", "attempts", "note", "told_by", "told_at")
    sections = {"basics": ("customer_id", "unit_count", "way", "result", "note", "attempts", "told_by", "told_at")}
    fixed = ("unit_count", "attempts", "told_by", "told_at")
    personal = ("first_contact", "second_contact")

    def __str__(self) -> str:
        return str(self.customer)

    @property
    def first_contact(self) -> str:
        return " ".join(filter(None, (self.customer.contact_name, self.customer.contact_phone)))

    @property
    def second_contact(self) -> str:
        return " ".join(filter(None, (self.customer.second_contact_name, self.customer.second_contact_phone)))

    @property
    def is_settled(self) -> bool:
        """Reached, or given up with a reason."""
        return self.result in (ContactResult.reached, ContactResult.given_up)

    @property
    def why_kept(self) -> str:
        return _("Who is on the list stays on it.")

    def on_create(self) -> None:
        if self.result is not None:
            self._attempt()
        self.emergency.settle_customers()

    def on_change(self) -> None:
        self._attempt()
        self.emergency.settle_customers()

    def _attempt(self) -> None:
        """Written by whoever saves it, at this moment."""
        if self.result is None or self.way is None:
            raise Refusal(_("Say how you asked for them, and what came of it."), field="result" if self.result is None else "way")
        if self.result is ContactResult.given_up and not self.note:
            raise Refusal(_("Say why nobody could be reached, and what was done instead."), field="note")
        self.attempts = (self.attempts or 0) + 1
        self.told_by, self.told_at = current_actor().name, now()
        told = " · ".join(filter(None, (str(self.customer), words(self.way), words(self.result), self.note)))
        drill = _("[drill, nobody was called] ") if self.emergency.is_drill else ""
        self.emergency.entries.append(EmergencyEntry.of_now(f"{drill}{told}"))


class EmergencyStep(Record):
    """One step of the plan, as it was when the emergency began. Whoever writes what came of it has done it, at that moment."""

    parent = "emergency"

    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergency.id"))
    position: Mapped[int]
    measure: Mapped[ShortText]
    duty: Mapped[Name | None]
    minutes: Mapped[int | None]
    outcome: Mapped[ShortText | None]
    done_by: Mapped[str | None] = mapped_column(String(120))
    done_at: Mapped[datetime | None]

    emergency: Mapped[Emergency] = reference(back_populates="steps")

    __table_args__ = (
        CheckConstraint("minutes BETWEEN 0 AND 100000", name="minutes"),
        Index("ix_emergency_step_emergency_id", "emergency_id"),
    )

    listing = ("position", "measure", "duty", "minutes", "outcome", "done_by", "done_at")
    sections = {"basics": ("position", "measure", "duty", "minutes", "outcome", "done_by", "done_at")}
    fixed = ("done_by", "done_at")

    def __str__(self) -> str:
        return self.measure

    @property
    def due_at(self) -> datetime | None:
        return self.emergency.started_at + timedelta(minutes=self.minutes) if self.minutes is not None else None

    @property
    def is_late(self) -> bool:
        return self.due_at is not None and (self.done_at or server_now()) > self.due_at

    @property
    def why_kept(self) -> str:
        return _("A step of the plan stays: write what came of it.")

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.minutes is not None and not 0 <= self.minutes <= 100_000:
            raise Refusal(_("From 0 to 100,000 minutes."), field="minutes")
        if self.outcome and self.done_at is None:
            self.done_by, self.done_at = current_actor().name, now()


class EmergencyEntry(Record):
    """One entry of the log: what, by whom, at the server's time. Only added to."""

    parent = "emergency"

    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergency.id"))
    text: Mapped[LongText]
    noted_by: Mapped[str] = mapped_column(String(120))
    noted_at: Mapped[datetime]

    emergency: Mapped[Emergency] = reference(back_populates="entries")

    __table_args__ = (Index("ix_emergency_entry_emergency_id", "emergency_id"),)

    listing = ("noted_at", "text", "noted_by")
    sections = {"basics": ("text", "noted_by", "noted_at")}
    fixed = ("noted_by", "noted_at")

    def __str__(self) -> str:
        return self.text[:60]

    @classmethod
    def of_now(cls, text: str) -> "EmergencyEntry":
        return cls(text=text, noted_by=current_actor().name, noted_at=now())

    @property
    def why_kept(self) -> str:
        return _("The log is only added to.")

    def on_create(self) -> None:
        self.noted_by, self.noted_at = current_actor().name, now()

    def on_change(self) -> None:
        raise Refusal(_("The log is only added to."))
