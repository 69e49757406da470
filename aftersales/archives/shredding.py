"""The files of destroyed records: given up with the certificate, in its transaction; their bytes go from the store after it.

Were the bytes to go first, a kill between the two would leave a record that looks damaged. So the mark comes first, the runner deletes
what is marked and notes it, and begins again where it was killed. A file that another record still names stays for that one's sake.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Index, String, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.archives.entry import ArchiveEntry
from aftersales.columns import RowId
from aftersales.extensions import Model
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.filed import NAMED
from aftersales.record.now import now
from aftersales.record.storage import Store

BATCH = 200


class GivenUpFile(Model):
    """One file that a certificate of destruction gave up; `removed_at` is when its bytes were gone from the store."""

    __tablename__ = "given_up_file"
    __table_args__ = (Index("ix_given_up_file_removed_at_id", "removed_at", "id"), Index("ix_given_up_file_sha256", "sha256"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    certificate: Mapped[str] = mapped_column(String(40))
    given_up_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


def give_up_files(session: Session, entry: ArchiveEntry, certificate: str) -> None:
    """Mark every file of the record as destroyed under `certificate`; hash, code and signature stay where they are."""
    record = session.get_one(SharedRecord.record_types[entry.kind], entry.record_id)
    for cls, columns in NAMED:
        for row in cls.of_record(session, record):
            keys = [key for column in columns if (key := getattr(row, column)) is not None]
            if not keys or row.destroyed_under is not None:
                continue
            row.destroyed_under = certificate
            session.add_all(GivenUpFile(sha256=key, certificate=certificate, given_up_at=now()) for key in keys)


def shred(session: Session) -> int:
    """Delete the bytes of what was given up; says of how many files. Commits after each batch; safe to kill and to repeat."""
    store: Store = current_app.extensions["store"]
    count, last = 0, 0
    with acting_as(SYSTEM):
        while rows := session.scalars(_waiting(last)).all():
            last = rows[-1].id
            for row in rows:
                if not _is_needed(session, row.sha256):
                    store.delete(row.sha256)
                    row.removed_at = now()
                    count += 1
            session.commit()
    return count


def _waiting(last: int) -> Any:
    chosen = select(GivenUpFile).where(GivenUpFile.removed_at.is_(None), GivenUpFile.id > last)
    return chosen.order_by(GivenUpFile.id).limit(BATCH)


def _is_needed(session: Session, key: str) -> bool:
    """Whether a record that is not destroyed names the same bytes."""
    return any(session.scalar(select(exists().where(*condition))) for condition in _naming(key))


def _naming(key: str) -> Iterator[tuple[Any, ...]]:
    for cls, columns in NAMED:
        for column in columns:
            yield getattr(cls, column) == key, cls.destroyed_under.is_(None)
