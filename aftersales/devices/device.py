"""Devices: each unit we look after, by serial number and UDI, with its place, dates, software and state."""

import secrets
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, object_session

from aftersales.columns import Day, Name
from aftersales.customers.customer import Customer
from aftersales.devices.model import DeviceModel, model_of_udi
from aftersales.devices.udi import Issuer, Udi, parse_udi
from aftersales.record.base import Record
from aftersales.record.now import CHINA, now
from aftersales.record.references import reference
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

CODES = ("serial_no", "lot_no", "udi")
LOANERS = "loaner"
IMPLANTS = "implant"


def new_token() -> str:
    """What stands in the QR code of a device or the link of a request: nobody can guess another one's."""
    return secrets.token_urlsafe(16)


class Device(Record):
    """One unit. A loaner (备用机) is ours and has no customer of its own."""

    prefix = "DV"
    access = written_by(Role.administrator, Role.intake, Role.dispatcher, Role.technical_support, Role.sales, Role.manager)

    model_id: Mapped[int] = mapped_column(ForeignKey("device_model.id"))
    serial_no: Mapped[str | None] = mapped_column(String(64))
    lot_no: Mapped[str | None] = mapped_column(String(64))
    udi: Mapped[str | None] = mapped_column(String(250))
    udi_di: Mapped[str | None] = mapped_column(String(64))
    udi_pi: Mapped[str | None] = mapped_column(String(250))
    udi_problems: Mapped[str | None] = mapped_column(Text)
    made_on: Mapped[Day | None]
    installed_on: Mapped[Day | None]
    warranty_until: Mapped[Day | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    department: Mapped[Name | None]
    place: Mapped[Name | None]
    software_release: Mapped[str | None] = mapped_column(String(64))
    software_full_version: Mapped[str | None] = mapped_column(String(64))
    is_loaner: Mapped[bool] = mapped_column(default=False)
    qr_token: Mapped[str] = mapped_column(String(32), unique=True, default=new_token)

    model: Mapped[DeviceModel] = reference()
    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])

    __table_args__ = (
        UniqueConstraint("model_id", "serial_no"),
        CheckConstraint("serial_no IS NOT NULL OR lot_no IS NOT NULL", name="serial_no"),
        CheckConstraint("made_on <= installed_on", name="installed_on"),
        CheckConstraint("installed_on <= warranty_until", name="warranty_until"),
        CheckConstraint("is_loaner OR customer_id IS NOT NULL", name="customer_id"),
        Index("ix_device_customer_id", "customer_id"),
        Index("ix_device_serial_no", "serial_no"),
        Index("ix_device_udi_di", "udi_di"),
        Index("ix_device_lot_no", "lot_no"),
        Index("ix_device_software_full_version", "software_full_version"),
        Index("ix_device_software_release", "software_release"),
        Index("ix_device_installed_on", "installed_on"),
        Index("ix_device_warranty_until", "warranty_until"),
        Index("ix_device_is_loaner_id", "is_loaner", "id"),
    )

    listing = ("number", "model", "serial_no", "customer", "department", "installed_on", "state")
    filters = ("region_id", "state", "model_id", "customer_id", "is_loaner", "installed_on", "warranty_until")
    captioned_by = ("model",)
    searched = ("number", "serial_no", "lot_no", "udi_di", "model.name", "model.specification", "customer.name")
    sections = {
        "basics": ("model_id", "serial_no", "lot_no", "udi", "udi_di", "udi_pi", "udi_problems"),
        "place": ("customer_id", "region_id", "department", "place", "is_loaner", "qr_token"),
        "dates": ("made_on", "installed_on", "warranty_until"),
        "software": ("software_release", "software_full_version"),
    }
    about_from = ("model", "customer")
    fills = {"customer_id": {"region_id": "region_id"}}
    fixed = ("udi_di", "udi_pi", "udi_problems", "qr_token")
    workflow = Workflow(
        states=(State("in_use"), State("not_to_be_used"), State("retired", ends=True)),
        transitions=(
            Transition("ban", "in_use", "not_to_be_used", by=(Role.engineer, Role.quality), reason=True),
            Transition("release", "not_to_be_used", "in_use", by=(Role.engineer, Role.quality), reason=True),
            Transition("retire", ("in_use", "not_to_be_used"), "retired", by=(Role.dispatcher, Role.quality), reason=True),
        ),
    )

    @property
    def caption(self) -> str:
        return str(self.model)

    @property
    def hint(self) -> str:
        return self.serial_no or self.lot_no or ""

    @property
    def about(self) -> str:
        where = " ".join(part for part in (self.customer and self.customer.name, self.department) if part)
        return " · ".join(part for part in (str(self.model), self.hint, where) if part)

    @property
    def known(self) -> str:
        """Where it stands, and what still covers it."""
        from aftersales.customers.contract import contract_in_force

        today = now().astimezone(CHINA).date()
        contract = contract_in_force(object_session(self), self, today)
        warranty = self.warranty_until and _("warranty until %(day)s", day=self.warranty_until.isoformat())
        paper = contract and _("contract %(number)s until %(day)s", number=contract.contract_no, day=contract.valid_until.isoformat())
        return " · ".join(part for part in (self.about, warranty, paper) if part)

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        if among == IMPLANTS:
            return (cls.model_id.in_(select(DeviceModel.id).where(DeviceModel.is_implant)), cls.state == "in_use")
        return (cls.is_loaner, cls.state == "in_use") if among == LOANERS else ()

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """A UDI scanned into whatever code field fills what it says; anything else is left where it was typed."""
        udi = parse_udi(value) if name in CODES else None
        if udi is None or not udi.di:
            return super().following(name, value)
        model = model_of_udi(udi.di)
        return {
            "udi": udi.raw, "serial_no": udi.serial, "lot_no": udi.lot, "made_on": udi.produced_on, "model_id": model and model.id,
            "software_full_version": udi.software_version,
        }  # fmt: skip

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        """A device lives in its customer's region, and says what its UDI says."""
        if self.customer is not None:
            self.region_id = self.customer.region_id
        self.read_udi()

    def read_udi(self) -> None:
        """Take from the code what nobody typed; keep what cannot be read, and say so."""
        if not self.udi:
            self.udi_di = self.udi_pi = self.udi_problems = None
            return
        udi = parse_udi(self.udi)
        self.udi_di, self.udi_pi = udi.di, _production_identifier(udi)
        self.udi_problems = "\n".join(self._contradictions(udi)) or None
        if udi.is_valid:
            self.serial_no = self.serial_no or udi.serial
            self.lot_no = self.lot_no or udi.lot
            self.made_on = self.made_on or udi.produced_on

    def _contradictions(self, udi: Udi) -> list[str]:
        sentences = [_(problem.message, **problem.parameters) for problem in udi.problems]
        if udi.issuer is Issuer.unknown:
            sentences.append(_("This is no UDI known here; it is kept as text."))
        if udi.di and self.model is not None and self.model.udi_di and udi.di != self.model.udi_di:
            sentences.append(_("The UDI-DI belongs to another model than %(model)s.", model=str(self.model)))
        if udi.serial and self.serial_no and udi.serial != self.serial_no:
            sentences.append(_("The UDI names the serial number %(serial)s.", serial=udi.serial))
        return sentences

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "model": str(self.model), "serial_no": self.serial_no or self.lot_no}


def _production_identifier(udi: Udi) -> str | None:
    """The PI in the notation of GS1, whatever issuer it came from."""
    parts = (
        ("10", udi.lot),
        ("11", udi.produced_on and udi.produced_on.strftime("%y%m%d")),
        ("17", udi.expires_on and udi.expires_on.strftime("%y%m%d")),
        ("21", udi.serial),
    )
    return "".join(f"({ai}){value}" for ai, value in parts if value) or None
