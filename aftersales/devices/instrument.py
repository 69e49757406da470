"""Test instruments: what engineers measure with, and until when its calibration holds (ISO 13485 7.6)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, Name
from aftersales.organization.code_list import Code
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.rights import written_by
from aftersales.roles import Role


class TestInstrument(Record):
    """One instrument of ours. `kind` is an entry of the list instrument_kind."""

    __test__ = False  # pytest would collect it by its name

    access = written_by(Role.administrator, Role.technical_support, Role.quality)

    name: Mapped[Name]
    kind_id: Mapped[int] = mapped_column(ForeignKey("code.id"))
    serial_no: Mapped[str] = mapped_column(String(64))
    certificate_no: Mapped[str | None] = mapped_column(String(64))
    calibrated_on: Mapped[Day]
    calibration_valid_until: Mapped[Day]

    kind: Mapped[Code] = reference()

    __table_args__ = (
        UniqueConstraint("name", "serial_no"),
        CheckConstraint("calibrated_on <= calibration_valid_until", name="calibration_valid_until"),
        Index("ix_test_instrument_kind_id", "kind_id"),
        Index("ix_test_instrument_calibration_valid_until", "calibration_valid_until"),
    )

    listing = ("name", "kind", "serial_no", "region", "calibrated_on", "calibration_valid_until", "certificate_no")
    filters = ("region_id", "kind_id", "calibration_valid_until")
    searched = ("name", "serial_no", "certificate_no")
    among = {"kind_id": "instrument_kind"}
    sections = {
        "basics": ("region_id", "name", "kind_id", "serial_no"),
        "calibration": ("calibrated_on", "calibration_valid_until", "certificate_no"),
    }

    @property
    def hint(self) -> str:
        return self.serial_no

    def is_calibrated_on(self, day: date) -> bool:
        return self.calibrated_on <= day <= self.calibration_valid_until
