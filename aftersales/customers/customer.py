"""Customers: hospitals with their level, address, contacts and emergency file (客户应急档案, R14)."""

from enum import StrEnum, auto

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import LongText, ShortText
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.record.words import Lines
from aftersales.rights import written_by
from aftersales.roles import Role


class HospitalLevel(StrEnum):
    """The grade of a hospital (医院等级); `other` for centres, clinics and whoever else uses a device."""

    tertiary_a = auto()
    tertiary_b = auto()
    tertiary = auto()
    secondary_a = auto()
    secondary_b = auto()
    secondary = auto()
    primary = auto()
    other = auto()


class Customer(Record):
    """An organisation that uses our devices."""

    prefix = "CU"
    access = written_by(Role.administrator, Role.intake, Role.dispatcher, Role.sales, Role.manager)

    name: Mapped[str] = mapped_column(String(120), unique=True)
    level: Mapped[HospitalLevel]
    province: Mapped[str | None] = mapped_column(String(40))
    city: Mapped[str | None] = mapped_column(String(40))
    district: Mapped[str | None] = mapped_column(String(40))
    street: Mapped[ShortText | None]
    contact_name: Mapped[str | None] = mapped_column(String(60))
    contact_phone: Mapped[str | None] = mapped_column(String(40))
    second_contact_name: Mapped[str | None] = mapped_column(String(60))
    second_contact_phone: Mapped[str | None] = mapped_column(String(40))
    backup_plan: Mapped[LongText | None]

    contacts: Mapped[list["CustomerContact"]] = relationship(
        back_populates="customer", order_by="CustomerContact.id", cascade="all, delete-orphan"
    )

    listing = ("number", "name", "level", "region", "city")
    filters = ("region_id", "level")
    searched = ("number", "name", "city", "district", "street")
    spelled = ("name",)
    sections = {
        "basics": ("region_id", "name", "level"),
        "address": ("province", "city", "district", "street"),
        "contact": ("contact_name", "contact_phone"),
        "contacts": (),
        "emergency": ("second_contact_name", "second_contact_phone", "backup_plan"),
    }
    lines = (Lines("contacts", "contacts"),)
    personal = ("contact_name", "contact_phone", "second_contact_name", "second_contact_phone")

    def __str__(self) -> str:
        return self.name

    @property
    def hint(self) -> str:
        return " ".join(part for part in (self.city, self.district) if part)


class CustomerContact(Record):
    """A person at the customer: the head of the equipment department, a nurse in charge."""

    parent = "customer"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[str | None] = mapped_column(String(60))
    phone: Mapped[str | None] = mapped_column(String(40))
    mail: Mapped[str | None] = mapped_column(String(120))

    customer: Mapped[Customer] = reference(back_populates="contacts")

    __table_args__ = (Index("ix_customer_contact_customer_id", "customer_id"),)

    listing = ("name", "position", "phone", "mail")
    sections = {"basics": ("name", "position", "phone", "mail")}
    personal = ("name", "phone", "mail")
