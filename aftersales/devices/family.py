"""Families of devices: what people are trained on and forms are written for."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.record.base import SharedRecord
from aftersales.rights import written_by
from aftersales.roles import Role


class DeviceFamily(SharedRecord):
    """Models that are serviced alike, such as the ventilators of one maker."""

    access = written_by(Role.administrator, Role.technical_support)
    known_by = ("code",)

    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)

    listing = ("code", "name")
    searched = ("code", "name")
    sections = {"basics": ("code", "name")}

    @property
    def hint(self) -> str:
        return self.code
