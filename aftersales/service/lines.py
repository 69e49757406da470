"""What a repair leaves behind in the order: parts replaced, values measured, loaners lent."""

from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, column, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Instant, LongText, Name, ShortText
from aftersales.devices.device import LOANERS, Device
from aftersales.devices.form_item import FunctionTestItem, ItemKind, Verdict
from aftersales.devices.instrument import TestInstrument
from aftersales.record.base import Record
from aftersales.record.now import CHINA, now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.service.order import ServiceOrder

# Which field of a measurement holds the answer.
ANSWERED_IN = {ItemKind.numeric: "value", ItemKind.pass_fail: "is_passed", ItemKind.choice: "answer", ItemKind.text: "answer"}
UNSETTLED = column("disinfected_at").is_(None)


class PartReplaced(Record):
    """One part taken out and one put in, each by lot or serial number, and why (R16.1)."""

    parent = "order"

    order_id: Mapped[int] = mapped_column(ForeignKey("service_order.id"))
    part_no: Mapped[str] = mapped_column(String(64))
    name: Mapped[Name]
    quantity: Mapped[int] = mapped_column(default=1)
    old_lot_no: Mapped[str | None] = mapped_column(String(64))
    old_serial_no: Mapped[str | None] = mapped_column(String(64))
    new_lot_no: Mapped[str | None] = mapped_column(String(64))
    new_serial_no: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[ShortText]

    order: Mapped[ServiceOrder] = reference(back_populates="parts")

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("new_lot_no IS NOT NULL OR new_serial_no IS NOT NULL", name="new_lot_no"),
        Index("ix_part_replaced_order_id", "order_id"),
        Index("ix_part_replaced_part_no", "part_no"),
        Index("ix_part_replaced_new_lot_no", "new_lot_no"),
        Index("ix_part_replaced_new_serial_no", "new_serial_no"),
        Index("ix_part_replaced_old_lot_no", "old_lot_no"),
        Index("ix_part_replaced_old_serial_no", "old_serial_no"),
    )

    listing = ("part_no", "name", "quantity", "old_lot_no", "old_serial_no", "new_lot_no", "new_serial_no", "reason")
    searched = ("part_no", "name", "old_lot_no", "old_serial_no", "new_lot_no", "new_serial_no")
    spelled = ("name",)
    summed = ("quantity",)
    sections = {"basics": ("part_no", "name", "quantity", "old_lot_no", "old_serial_no", "new_lot_no", "new_serial_no", "reason")}


class Measurement(Record):
    """One answer to one item of the function test. The verdict is the system's."""

    parent = "order"

    order_id: Mapped[int] = mapped_column(ForeignKey("service_order.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("function_test_item.id"))
    value: Mapped[Decimal | None]
    is_passed: Mapped[bool | None]
    answer: Mapped[str | None] = mapped_column(String(500))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("test_instrument.id"))
    measured_at: Mapped[Instant]
    verdict: Mapped[Verdict]
    remark: Mapped[LongText | None]

    order: Mapped[ServiceOrder] = reference(back_populates="measurements")
    item: Mapped[FunctionTestItem] = reference()
    instrument: Mapped[TestInstrument | None] = reference(foreign_keys=[instrument_id])

    __table_args__ = (
        CheckConstraint(
            "CASE WHEN value IS NULL THEN 0 ELSE 1 END + CASE WHEN is_passed IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN answer IS NULL THEN 0 ELSE 1 END = 1",
            name="value",
        ),
        Index("ix_measurement_order_id", "order_id"),
        Index("ix_measurement_instrument_id_measured_at", "instrument_id", "measured_at"),
    )

    listing = ("item", "value", "is_passed", "answer", "verdict", "instrument", "measured_at", "remark")
    sections = {"basics": ("item_id", "value", "is_passed", "answer", "instrument_id", "measured_at", "verdict", "remark")}
    fixed = ("verdict",)
    about_from = ("item.test",)

    def on_create(self) -> None:
        if self.order.function_test_id not in (None, self.item.test_id):
            raise Refusal(_("This repair is tested by another version of the form."), field="item_id")
        self.on_change()

    def on_change(self) -> None:
        if self.measured_at > now():
            raise Refusal(_("It cannot have been measured in the future."), field="measured_at")
        own = ANSWERED_IN[self.item.kind]
        verdict = self.item.judge(self.value, self.is_passed, self.answer)
        if verdict is None or any(getattr(self, name) is not None for name in ANSWERED_IN.values() if name != own):
            raise Refusal(_wanted(self.item.kind), field=own)
        self.verdict = verdict

    def faults(self) -> list[str]:
        """What keeps this measurement from counting, in sentences."""
        if self.item.judge(self.value, self.is_passed, self.answer) is not Verdict.passed:
            return [_("%(item)s failed.", item=self.item.name)]
        wanted = self.item.instrument_kind
        if wanted is None:
            return []
        if self.instrument is None:
            return [_("%(item)s: name the instrument it was measured with.", item=self.item.name)]
        if self.instrument.kind_id != wanted.id:
            return [_("%(item)s must be measured with: %(kind)s.", item=self.item.name, kind=str(wanted))]
        return []

    def calibration_fault(self) -> str | None:
        """The sentence that refuses an instrument out of calibration on the day it was used; None when all is well."""
        day = self.measured_at.astimezone(CHINA).date()
        if self.instrument is None or self.instrument.is_calibrated_on(day):
            return None
        return _(
            "%(instrument)s (%(serial)s) was not in calibration on %(day)s.",
            instrument=self.instrument.name, serial=self.instrument.serial_no, day=day.isoformat(),
        )  # fmt: skip


class Loaner(Record):
    """A device of ours lent to the customer while theirs is away (R5.2), until it is back and disinfected."""

    parent = "order"

    order_id: Mapped[int] = mapped_column(ForeignKey("service_order.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    given_at: Mapped[Instant]
    returned_at: Mapped[datetime | None]
    disinfected_at: Mapped[datetime | None]

    order: Mapped[ServiceOrder] = reference(back_populates="loaners")
    device: Mapped[Device] = reference(foreign_keys=[device_id])

    __table_args__ = (
        CheckConstraint("given_at <= returned_at", name="returned_at"),
        CheckConstraint("returned_at <= disinfected_at", name="disinfected_at"),
        CheckConstraint("disinfected_at IS NULL OR returned_at IS NOT NULL", name="disinfected_after_return"),
        Index("ix_loaner_order_id", "order_id"),
        Index("ix_loaner_id", "id", postgresql_where=UNSETTLED, sqlite_where=UNSETTLED),
        Index("ix_loaner_device_id_returned_at", "device_id", "returned_at"),
    )

    listing = ("device", "given_at", "returned_at", "disinfected_at")
    among = {"device_id": LOANERS}
    sections = {"basics": ("device_id", "given_at", "returned_at", "disinfected_at")}

    def on_create(self) -> None:
        """Lending a device resolves the customer's trouble for the clock's purposes (R3.2)."""
        self.on_change()
        if self.device.state != "in_use":
            raise Refusal(_("This device may not be used."), field="device_id")
        if self._is_out():
            raise Refusal(_("This loaner is still out with another order."), field="device_id")
        self.order.resolved_at = self.order.resolved_at or self.given_at

    def on_change(self) -> None:
        if not self.device.is_loaner:
            raise Refusal(_("Only a loaner can be lent."), field="device_id")
        if self.given_at > now():
            raise Refusal(_("It cannot have been given in the future."), field="given_at")

    @property
    def is_settled(self) -> bool:
        return self.disinfected_at is not None

    def _is_out(self) -> bool:
        session: Session = object_session(self)
        with session.no_autoflush:
            out = select(Loaner.id).where(Loaner.device_id == self.device_id, Loaner.returned_at.is_(None))
            return session.scalar(out.limit(1)) is not None


def _wanted(kind: ItemKind) -> str:
    return {
        ItemKind.numeric: _("Give the measured value."),
        ItemKind.pass_fail: _("Say whether it passed, and nothing else."),
        ItemKind.choice: _("Choose one of the answers."),
        ItemKind.text: _("Write it down."),
    }[kind]
