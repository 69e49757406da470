"""Service contracts: which devices they cover and which deadlines they promise (C 1.1)."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum, auto

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from aftersales.columns import Day, LongText
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.extensions import Model
from aftersales.labels import label
from aftersales.record.base import Record
from aftersales.record.deadline import Rule, RuleKind, Unit
from aftersales.record.references import reference
from aftersales.record.words import Lines
from aftersales.rights import written_by
from aftersales.roles import Role

service_contract_device = Table(
    "service_contract_device",
    Model.metadata,
    Column("service_contract_id", ForeignKey("service_contract.id"), primary_key=True),
    Column("device_id", ForeignKey("device.id"), primary_key=True, index=True),
)


class Milestone(StrEnum):
    """What a contract can promise: to answer, to arrive, to say what will be done, to resolve."""

    respond = auto()
    on_site = auto()
    solution = auto()
    resolve = auto()


class ServiceContract(Record):
    """A contract with a customer over all of their devices, or over those named. `contract_no` is the number on its paper."""

    prefix = "SC"
    access = written_by(Role.administrator, Role.sales, Role.manager)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    contract_no: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[Day]
    valid_until: Mapped[Day]
    is_for_all_devices: Mapped[bool]
    records_kept_years: Mapped[int | None]
    remark: Mapped[LongText | None]

    customer: Mapped[Customer] = reference()
    devices: Mapped[list[Device]] = relationship(secondary=service_contract_device)
    promised: Mapped[list["ContractPromise"]] = relationship(
        back_populates="contract", order_by="ContractPromise.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("customer_id", "contract_no"),
        CheckConstraint("valid_from <= valid_until", name="valid_until"),
        CheckConstraint("records_kept_years BETWEEN 0 AND 100", name="records_kept_years"),
        Index("ix_service_contract_customer_id_valid_until", "customer_id", "valid_until"),
    )

    listing = ("number", "contract_no", "customer", "valid_from", "valid_until", "is_for_all_devices")
    filters = ("region_id", "customer_id")
    searched = ("number", "contract_no", "customer.name")
    sections = {
        "basics": ("customer_id", "contract_no", "valid_from", "valid_until", "records_kept_years", "remark"),
        "coverage": ("is_for_all_devices", "devices"),
        "promised": (),
    }
    about_from = ("customer",)
    fills = {"customer_id": {"region_id": "region_id"}}
    lines = (Lines("promised", "promised"),)

    def on_create(self) -> None:
        self.region_id = self.customer.region_id

    def on_change(self) -> None:
        self.region_id = self.customer.region_id

    @property
    def hint(self) -> str:
        return self.contract_no

    @property
    def about(self) -> str:
        return f"{self.contract_no} · {self.customer.name}"

    def rules_for(self, milestone: str) -> Iterator[Rule]:
        """The deadlines promised for one milestone, as rules that compete with the company's own."""
        for promise in self.promised:
            if promise.milestone == milestone:
                yield promise.as_rule()


class ContractPromise(Record):
    """One promised deadline: a milestone and how long it may take."""

    parent = "contract"

    contract_id: Mapped[int] = mapped_column(ForeignKey("service_contract.id"))
    milestone: Mapped[Milestone]
    amount: Mapped[int]
    unit: Mapped[Unit]

    contract: Mapped[ServiceContract] = reference(back_populates="promised")

    __table_args__ = (CheckConstraint("amount > 0", name="amount"), UniqueConstraint("contract_id", "milestone"))

    listing = ("milestone", "amount", "unit")
    sections = {"basics": ("milestone", "amount", "unit")}

    def as_rule(self) -> Rule:
        contract = self.contract
        return Rule(
            id=f"{contract.number}-{self.milestone}",
            milestone=self.milestone.value,
            amount=self.amount,
            unit=self.unit,
            kind=RuleKind.contract,
            source=contract.contract_no,
            article=contract.number,
            effective_from=contract.valid_from,
            effective_to=contract.valid_until,
            label=(
                f"合同 {contract.contract_no}：{label(f'milestone.{self.milestone}', 'zh')}",
                f"Contract {contract.contract_no}: {label(f'milestone.{self.milestone}', 'en')}",
            ),
        )


def contract_in_force(session: Session, device: Device, day: date) -> ServiceContract | None:
    """The customer's contract that covers the device on that day; the newest where there are several."""
    covering = select(service_contract_device.c.service_contract_id).where(service_contract_device.c.device_id == device.id)
    contracts = (
        select(ServiceContract)
        .where(ServiceContract.customer_id == device.customer_id, ServiceContract.valid_from <= day, ServiceContract.valid_until >= day)
        .where(or_(ServiceContract.is_for_all_devices, ServiceContract.id.in_(covering)))
    )
    return session.scalars(contracts.order_by(ServiceContract.valid_from.desc(), ServiceContract.id.desc()).limit(1)).one_or_none()
