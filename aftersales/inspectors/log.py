"""The log of an inspector's visit: each page, file, print and search with its time. Written by the program, never changed."""

from datetime import datetime
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import RowId
from aftersales.documents.document import offered_types
from aftersales.inspectors.access import InspectorAccess
from aftersales.record.base import SharedRecord
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.rights import read_by
from aftersales.roles import Role


class Looked(StrEnum):
    """What was asked for."""

    page = auto()
    listing = auto()
    search = auto()
    file = auto()
    paper = auto()
    binder = auto()
    api = auto()


class InspectorEntry(SharedRecord):
    """One thing that an inspector asked for, and how it was answered. `title` says what in Chinese, as printed."""

    access = read_by(Role.quality, Role.regulatory, Role.manager, Role.administrator)

    access_id: Mapped[int] = mapped_column(ForeignKey("inspector_access.id"))
    looked_at: Mapped[datetime]
    looked: Mapped[Looked]
    title: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str | None] = mapped_column(String(64))
    record_id: Mapped[int | None] = mapped_column(RowId)
    record_name: Mapped[str | None] = mapped_column(String(120))
    asked: Mapped[str | None] = mapped_column(String(250))
    address: Mapped[str] = mapped_column(String(500))
    status: Mapped[int]

    inspector_access: Mapped[InspectorAccess] = reference(foreign_keys=[access_id])

    __table_args__ = (
        Index("ix_inspector_entry_access_id_id", "access_id", "id"),
        Index("ix_inspector_entry_looked_at", "looked_at"),
    )

    listing = ("looked_at", "inspector_access", "looked", "title", "record_name", "asked", "status")
    filters = ("access_id", "looked", "looked_at")
    searched = ("title", "record_name", "asked")
    sections = {
        "look": ("looked_at", "access_id", "looked", "status"),
        "subject": ("title", "kind", "record_name", "asked", "address"),
    }
    fixed = ("looked_at", "access_id", "looked", "status", "title", "kind", "record_name", "asked", "address")
    unseen = frozenset({"record_id"})
    offers = {"kind": offered_types}

    def __str__(self) -> str:
        return f"{self.title} {self.record_name or ''}".strip()

    def on_create(self) -> None:
        raise Refusal(_("The log of inspectors is written by the program."))

    on_change = on_create
