"""Device models: what was registered with the authority, and how much hangs on it."""

from enum import StrEnum, auto

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, Name
from aftersales.devices.family import DeviceFamily
from aftersales.extensions import db
from aftersales.record.base import SharedRecord
from aftersales.record.references import reference
from aftersales.rights import written_by
from aftersales.roles import Role


class Risk(StrEnum):
    """The company's own class of service risk (B 3); deadlines and retention ask for it."""

    high = auto()
    middle = auto()
    low = auto()


class LegalClass(StrEnum):
    """The class of the device under the regulation (管理类别)."""

    class_1 = auto()
    class_2 = auto()
    class_3 = auto()


class DeviceModel(SharedRecord):
    """One model of one maker. `name` is the product's name on its certificate, `specification` the model on its plate."""

    access = written_by(Role.administrator, Role.technical_support, Role.regulatory)
    known_by = ("maker", "specification")

    family_id: Mapped[int] = mapped_column(ForeignKey("device_family.id"))
    name: Mapped[Name]
    specification: Mapped[Name]
    maker: Mapped[Name]
    registration_no: Mapped[str | None] = mapped_column(String(64))
    registration_valid_until: Mapped[Day | None]
    first_approved_on: Mapped[Day | None]
    renewed_on: Mapped[Day | None]
    classification_code: Mapped[str | None] = mapped_column(String(32))
    risk: Mapped[Risk]
    legal_class: Mapped[LegalClass]
    is_implant: Mapped[bool] = mapped_column(default=False)
    is_sterile: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_large: Mapped[bool] = mapped_column(default=False)
    is_innovative: Mapped[bool] = mapped_column(default=False)
    udi_di: Mapped[str | None] = mapped_column(String(64), unique=True)
    service_life_years: Mapped[int | None]
    discontinued_on: Mapped[Day | None]

    family: Mapped[DeviceFamily] = reference()

    __table_args__ = (
        UniqueConstraint("maker", "specification"),
        CheckConstraint("first_approved_on < renewed_on", name="renewed_on"),
        CheckConstraint("service_life_years > 0", name="service_life_years"),
        Index("ix_device_model_family_id", "family_id"),
    )

    listing = ("name", "specification", "maker", "family", "risk", "legal_class", "registration_no")
    filters = ("family_id", "risk", "legal_class")
    searched = ("name", "specification", "maker", "registration_no", "udi_di")
    spelled = ("name",)
    sections = {
        "basics": ("family_id", "name", "specification", "maker", "udi_di", "service_life_years", "discontinued_on"),
        "registration": (
            "registration_no",
            "first_approved_on",
            "renewed_on",
            "registration_valid_until",
            "classification_code",
            "legal_class",
        ),
        "nature": ("risk", "is_implant", "is_sterile", "is_active", "is_large", "is_innovative"),
    }

    def __str__(self) -> str:
        return f"{self.name} {self.specification}"

    @property
    def hint(self) -> str:
        return self.maker


def model_of_udi(di: str) -> DeviceModel | None:
    return db.session.scalars(select(DeviceModel).where(DeviceModel.udi_di == di)).one_or_none()
