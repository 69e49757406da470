"""Legal holds: while a matter is open, nothing that is held under it is destroyed, whatever its term. Many matters may hold one record."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.archives.entry import KEPT, ArchiveEntry
from aftersales.archives.recheck import ask_recheck
from aftersales.columns import LongText, Name
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import Record, SharedRecord
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines, State, Transition, Workflow
from aftersales.rights import read_by
from aftersales.roles import Role

HOLDERS = (Role.quality, Role.regulatory, Role.manager)


class LegalHold(SharedRecord):
    """One matter: a claim, an investigation, an inspection. It holds the entries named in it, and all of a device or a model, later ones
    too. It holds from the moment it is written, and is released by another person with a reason."""

    prefix = "LH"
    access = read_by(*HOLDERS, Role.administrator, writers=HOLDERS)

    matter: Mapped[Name]
    demanded_by: Mapped[Name]
    reference_no: Mapped[str | None] = mapped_column(String(80))
    description: Mapped[LongText | None]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    placed_by: Mapped[str] = mapped_column(String(120))
    placed_at: Mapped[datetime]
    released_by: Mapped[str | None] = mapped_column(String(120))
    released_at: Mapped[datetime | None]

    device: Mapped[Device | None] = reference()
    model: Mapped[DeviceModel | None] = reference()
    held: Mapped[list["HeldEntry"]] = relationship(back_populates="hold", order_by="HeldEntry.id", cascade="all, delete-orphan")

    __table_args__ = (Index("ix_legal_hold_device_id", "device_id"), Index("ix_legal_hold_model_id", "model_id"))

    listing = ("number", "matter", "demanded_by", "reference_no", "device", "model", "placed_at", "placed_by", "state")
    filters = ("state", "device_id", "model_id")
    searched = ("number", "matter", "demanded_by", "reference_no")
    sections = {
        "matter": ("matter", "demanded_by", "reference_no", "description"),
        "scope": ("device_id", "model_id"),
        "held": (),
        "life": ("placed_by", "placed_at", "released_by", "released_at"),
    }
    fixed = ("placed_by", "placed_at", "released_by", "released_at")
    lines = (Lines("held", "held"),)
    workflow = Workflow(
        states=(
            State("in_force", writes=("held",)),
            State("released", requires=("released_by", "released_at"), ends=True),
        ),
        transitions=(Transition("release", "in_force", "released", by=HOLDERS, reason=True, apart_from=("create",)),),
    )

    @property
    def hint(self) -> str:
        return self.matter

    def reaches(self, entry: ArchiveEntry) -> bool:
        """Whether it holds all of the entry's device or model."""
        by_device = self.device_id is not None and self.device_id == entry.device_id
        return by_device or (self.model_id is not None and self.model_id == entry.model_id)

    def on_create(self) -> None:
        self.placed_by, self.placed_at = current_actor().name, now()
        self._reach(_("The hold “%(matter)s” was placed.", matter=self.matter))

    def on_change(self) -> None:
        if self.state == "released":
            raise Refusal(_("This hold was released and can no longer be changed."))
        self._reach(_("The hold “%(matter)s” was changed.", matter=self.matter))

    def on_release(self) -> None:
        self.released_by, self.released_at = current_actor().name, now()

    def after_release(self, reason: str) -> None:
        session: Session = object_session(self)
        cause = _("The hold “%(matter)s” was released.", matter=self.matter)
        with acting_as(SYSTEM):
            for row in session.scalars(select(HeldEntry).where(HeldEntry.hold_id == self.id)).all():
                mark_held(session, row.entry, cause)
        self._reach(cause)

    def _reach(self, cause: str) -> None:
        """The entries of its device and model are marked by the runner; a destruction asks the holds themselves."""
        session = object_session(self) or db.session
        if self.device is not None:
            ask_recheck(session, cause, device_id=self.device.id)
        if self.model is not None:
            ask_recheck(session, cause, model_id=self.model.id)


class HeldEntry(Record):
    """One archived record named in a hold. It stays there until the hold is released."""

    parent = "hold"

    hold_id: Mapped[int] = mapped_column(ForeignKey("legal_hold.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("archive_entry.id"))

    hold: Mapped[LegalHold] = reference(back_populates="held")
    entry: Mapped[ArchiveEntry] = reference()

    __table_args__ = (UniqueConstraint("hold_id", "entry_id"), Index("ix_held_entry_entry_id", "entry_id"))

    listing = ("entry",)
    sections = {"basics": ("entry_id",)}
    among = {"entry_id": KEPT}

    def __str__(self) -> str:
        return str(self.entry)

    @property
    def why_kept(self) -> str:
        return _("A record is let go by releasing the hold, with a reason and by another person.")

    def on_create(self) -> None:
        if self.hold.state != "in_force":
            raise Refusal(_("This hold was released and can no longer be changed."))
        if self.entry.state != "kept":
            raise Refusal(_("It was destroyed under %(certificate)s.", certificate=self.entry.destroyed_under), field="entry_id")
        self.region_id = self.entry.region_id
        self.entry.is_held = True
        self.entry._audit_reason = _("Held for “%(matter)s”.", matter=self.hold.matter)

    def on_change(self) -> None:
        raise Refusal(self.why_kept)


def holds_on(session: Session, entry: ArchiveEntry) -> list[LegalHold]:
    """The matters in force that hold it: by name, by its device or by its model."""
    return holds_among(session, [entry])[entry.id]


def holds_among(session: Session, entries: Sequence[ArchiveEntry]) -> dict[int, list[LegalHold]]:
    """Of each entry of a batch, by id, the matters in force that hold it. Two statements, however many entries."""
    ids = [entry.id for entry in entries]
    devices, models = {entry.device_id for entry in entries} - {None}, {entry.model_id for entry in entries} - {None}
    with acting_as(SYSTEM), session.no_autoflush:
        pairs = session.execute(select(HeldEntry.entry_id, HeldEntry.hold_id).where(HeldEntry.entry_id.in_(ids))).all()
        named = {(pair.entry_id, pair.hold_id) for pair in pairs}
        reaching = (
            LegalHold.id.in_({hold_id for _entry_id, hold_id in named}), LegalHold.device_id.in_(devices), LegalHold.model_id.in_(models)
        )  # fmt: skip
        chosen = select(LegalHold).where(LegalHold.state == "in_force", or_(*reaching)).order_by(LegalHold.id)
        holds = session.scalars(chosen).all()
    return {entry.id: [hold for hold in holds if (entry.id, hold.id) in named or hold.reaches(entry)] for entry in entries}


def mark_held(session: Session, entry: ArchiveEntry, cause: str) -> bool:
    """Write whether anything holds it; says whether that changed."""
    is_held = bool(holds_on(session, entry)) and entry.state == "kept"
    if entry.is_held == is_held:
        return False
    entry.is_held = is_held
    entry._audit_reason = cause
    return True
