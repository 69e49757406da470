"""Which units a recall is about: criteria, each narrowing by all it says, together reaching what any of them reaches."""

import re
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, and_, exists, false, func, not_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Day, LongText
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.recalls.recall import Recall
from aftersales.recalls.unit import RecallUnit
from aftersales.record.base import SharedRecord
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder

MOST_CODES = 500
BETWEEN = re.compile(r"[\s,;，；、]+")


class RecallCriterion(SharedRecord):
    """One line of the scope. Lots and serial numbers are many, with spaces, commas or line breaks between."""

    parent = "recall"

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    lots: Mapped[LongText | None]
    serials: Mapped[LongText | None]
    part_no: Mapped[str | None] = mapped_column(String(64))
    part_lots: Mapped[LongText | None]
    software: Mapped[str | None] = mapped_column(String(64))
    made_from: Mapped[Day | None]
    made_until: Mapped[Day | None]

    recall: Mapped[Recall] = reference(back_populates="criteria")
    model: Mapped[DeviceModel | None] = reference()

    __table_args__ = (
        CheckConstraint("made_from <= made_until", name="made_until"),
        Index("ix_recall_criterion_recall_id", "recall_id"),
    )

    listing = ("model", "lots", "serials", "part_no", "part_lots", "software", "made_from", "made_until")
    sections = {"basics": ("model_id", "lots", "serials", "part_no", "part_lots", "software", "made_from", "made_until")}

    def __str__(self) -> str:
        return self.told

    @property
    def told(self) -> str:
        """The line as the frozen list and the papers tell it."""
        said = (
            self.model, _labelled(self, "lots"), _labelled(self, "serials"), _labelled(self, "part_no"), _labelled(self, "part_lots"),
            _labelled(self, "software"), _labelled(self, "made_from"), _labelled(self, "made_until"),
        )  # fmt: skip
        return "；".join(str(text) for text in said if text)

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.sections["basics"]}

    def on_create(self) -> None:
        self.on_change()

    @property
    def why_kept(self) -> str:
        from aftersales.recalls.freezing import why_waits

        return why_waits(self.recall)

    def on_change(self) -> None:
        if self.why_kept:
            raise Refusal(self.why_kept)
        if self.model is None and not any(self.values().values()):
            raise Refusal(_("Say at least one thing that tells the units."), field="model_id")
        if self.part_no and not self.part_lots:
            raise Refusal(_("Give the lots or serial numbers of the part."), field="part_lots")
        for name in ("lots", "serials", "part_lots"):
            if len(codes(getattr(self, name))) > MOST_CODES:
                raise Refusal(_("At most %(most)s in one line.", most=MOST_CODES), field=name)
        if self.made_from and self.made_until and self.made_until < self.made_from:
            raise Refusal(_("The period ends before it begins."), field="made_until")

    def condition(self) -> ColumnElement[bool]:
        """The devices that fit everything said here."""
        return and_(*self._named(), *(fits for fits, _unknown in self._noted()))

    def may_fit(self) -> ColumnElement[bool]:
        """Those of the product, too, whose version or day of production nobody noted."""
        if not (noted := self._noted()):
            return false()
        product = () if self.model_id or self.model else (Device.model_id == self.recall.model_id,)
        return and_(*product, *self._named(), *(or_(fits, unknown) for fits, unknown in noted))

    def _named(self) -> list[ColumnElement[bool]]:
        fits: list[ColumnElement[bool]] = []
        if self.model_id is not None or self.model is not None:
            fits.append(Device.model_id == (self.model_id or self.model.id))
        if lots := codes(self.lots):
            fits.append(Device.lot_no.in_(lots))
        if serials := codes(self.serials):
            fits.append(Device.serial_no.in_(serials))
        if part_lots := codes(self.part_lots):
            fits.append(Device.id.in_(self._fitted(part_lots)))
        return fits

    def _noted(self) -> list[tuple[ColumnElement[bool], ColumnElement[bool]]]:
        """What is asked of a note that a device may lack: the condition, and that it lacks it."""
        version = Device.software_full_version, Device.software_release
        noted: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
        if self.software:
            noted.append((or_(*(column == self.software for column in version)), and_(*(column.is_(None) for column in version))))
        if self.made_from:
            noted.append((Device.made_on >= self.made_from, Device.made_on.is_(None)))
        if self.made_until:
            noted.append((Device.made_on <= self.made_until, Device.made_on.is_(None)))
        return noted

    def _fitted(self, part_lots: list[str]) -> Any:
        """The devices into which a repair put such a part. One taken out again later is still looked at: better one too many."""
        put_in = or_(PartReplaced.new_lot_no.in_(part_lots), PartReplaced.new_serial_no.in_(part_lots))
        chosen = select(ServiceOrder.device_id).join(PartReplaced, PartReplaced.order_id == ServiceOrder.id).where(put_in)
        return chosen.where(PartReplaced.part_no == self.part_no) if self.part_no else chosen


def codes(text: str | None) -> list[str]:
    return [code for code in BETWEEN.split(text or "") if code]


def _labelled(criterion: RecallCriterion, name: str) -> str:
    value = getattr(criterion, name)
    return f"{criterion.field_label(name)} {value}" if value else ""


def in_scope(recall: Recall) -> ColumnElement[bool]:
    """The devices that any line reaches."""
    return or_(*(criterion.condition() for criterion in recall.criteria)) if recall.criteria else false()


def in_doubt(recall: Recall) -> ColumnElement[bool]:
    """The devices that no line reaches only because something of them was never noted."""
    return and_(or_(false(), *(criterion.may_fit() for criterion in recall.criteria)), not_(func.coalesce(in_scope(recall), false())))


def not_listed(recall: Recall) -> ColumnElement[bool]:
    return ~exists().where(RecallUnit.recall_id == recall.id, RecallUnit.device_id == Device.id)


def scope_told(recall: Recall) -> str:
    return "\n".join(criterion.told for criterion in recall.criteria)


def ids_in_scope(session: Session, recall: Recall) -> list[int]:
    """The devices that the lines reach and no list has yet, by id."""
    with session.no_autoflush:
        return list(session.scalars(select(Device.id).where(in_scope(recall), not_listed(recall)).order_by(Device.id)))
