"""What is kept of a file somebody brings: how its columns are read, what became of each of its rows, and the mapping for the next one."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Instant, Json, RowId
from aftersales.extensions import Model
from aftersales.jobs.job import Job
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import now
from aftersales.record.refusal import NotAllowed, NotFound
from aftersales.record.storage import Store
from aftersales.spreadsheet.fields import importable, spelt
from aftersales.spreadsheet.source import is_ours

IMPORTS = ("can_import", "Spreadsheet")
DATE_ORDERS = ("ymd", "dmy", "mdy")


class Import(Model):
    """One file (`sha256` in the store) for records of one type. `columns` name the field that each column fills, "" for none.

    `meanings`: what foreign words of a choice mean, field → word → value. `fixed`: what every row gets, field → text.
    `strange`: the words of choices that the trial did not know, by field.
    """

    __tablename__ = "sheet_import"
    __table_args__ = (Index("ix_sheet_import_asked_by_id_id", "asked_by_id", "id"), Index("ix_sheet_import_asked_at", "asked_at"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    record_type: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    asked_at: Mapped[Instant]
    headings: Mapped[list[str]] = mapped_column(Json)
    columns: Mapped[list[str]] = mapped_column(Json)
    meanings: Mapped[dict[str, dict[str, str]]] = mapped_column(Json, default=dict)
    fixed: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    strange: Mapped[dict[str, list[str]]] = mapped_column(Json, default=dict)
    date_order: Mapped[str] = mapped_column(String(3), default="ymd")
    is_foreign: Mapped[bool]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    tried_at: Mapped[Instant | None]
    row_count: Mapped[int] = mapped_column(default=0)
    examples: Mapped[int] = mapped_column(default=0)

    @property
    def cls(self) -> type[SharedRecord]:
        return SharedRecord.record_types[self.record_type]

    def data(self) -> bytes:
        store: Store = current_app.extensions["store"]
        return store.get(self.sha256)


class ImportRow(Model):
    """What became of one row of a file: the record that was made of it, or why none was. No row, no second time."""

    __tablename__ = "sheet_import_row"
    __table_args__ = (Index("ix_sheet_import_row_import_id_record_id", "import_id", "record_id"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("sheet_import.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[int | None] = mapped_column(RowId)
    name: Mapped[str] = mapped_column(String(200), default="")
    errors: Mapped[dict[str, list[str]] | None] = mapped_column(Json)


class ImportMapping(Model):
    """How files with these headings were read the last time, by whomever."""

    __tablename__ = "sheet_mapping"
    __table_args__ = (UniqueConstraint("record_type", "headings_hash"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    record_type: Mapped[str] = mapped_column(String(64))
    headings_hash: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, str]] = mapped_column(Json)
    meanings: Mapped[dict[str, dict[str, str]]] = mapped_column(Json)
    fixed: Mapped[dict[str, str]] = mapped_column(Json)
    date_order: Mapped[str] = mapped_column(String(3))
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    changed_at: Mapped[datetime]


def may_import(cls: type[SharedRecord]) -> bool:
    actor = current_actor()
    return importable(cls) and actor.can(*IMPORTS) and actor.can("can_write", cls.permission_name())


def import_of(session: Session, pk: int) -> Import:
    """One's own, of records one may import still. Raises NotFound and NotAllowed."""
    mine = select(Import).where(Import.id == pk, Import.asked_by_id == current_actor().user_id)
    found = session.scalars(mine).one_or_none() if pk < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such file."))
    if not may_import(found.cls):
        raise NotAllowed(_("Your role may not do this."))
    return found


def counts(session: Session, brought: Import) -> tuple[int, int]:
    """How many rows are stored and how many are at fault. (Within one import, so bounded by the longest file.)"""
    chosen = select(func.count(ImportRow.record_id), func.count()).where(ImportRow.import_id == brought.id)
    stored, told = session.execute(chosen).one()
    return stored, told - stored


def job_of(session: Session, brought: Import) -> Job | None:
    return session.get(Job, brought.job_id) if brought.job_id is not None else None


def remembered(session: Session, cls: type[SharedRecord], headings: Sequence[str]) -> ImportMapping | None:
    chosen = select(ImportMapping).where(ImportMapping.record_type == cls.__name__, ImportMapping.headings_hash == _hash(headings))
    return session.scalars(chosen).one_or_none()


def remember(session: Session, brought: Import) -> None:
    """For the next file with the same headings, in whatever order."""
    mapping = remembered(session, brought.cls, brought.headings)
    if mapping is None:
        mapping = ImportMapping(record_type=brought.record_type, headings_hash=_hash(brought.headings))
        session.add(mapping)
    mapping.columns = {spelt(heading): name for heading, name in zip(brought.headings, brought.columns, strict=True)}
    mapping.meanings, mapping.fixed, mapping.date_order = brought.meanings, brought.fixed, brought.date_order
    mapping.changed_by_id, mapping.changed_at = brought.asked_by_id, now()


def _hash(headings: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(spelt(heading) for heading in headings if not is_ours(heading))).encode()).hexdigest()
