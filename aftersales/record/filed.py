"""Whether the files that records name still lie in the store, byte for byte: attachments, sealed papers, drawn signatures."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.record.archive import SealedDocument
from aftersales.record.attachments import Attachment
from aftersales.record.audit import Finding, Found
from aftersales.record.signatures import Signature
from aftersales.record.storage import DamagedFileError, Store

BATCH = 500
NAMED = ((Attachment, ("sha256", "thumbnail")), (SealedDocument, ("sha256",)), (Signature, ("image",)))


def verify_files(session: Session, store: Store) -> Iterator[Finding]:
    """Reads every file that a record names and hashes it again; memory is bounded by a piece of one file.

    `place` is the key in the store, `detail` the name people know the file by.
    """
    for cls, columns in NAMED:
        for row in _rows(session, cls, columns):
            for column in columns:
                found = _state(store, getattr(row, column))
                if found is not None:
                    yield Finding(found, row.kind, row.record_id, place=getattr(row, column), detail=row.name)


def _rows(session: Session, cls: Any, columns: tuple[str, ...]) -> Iterator[Any]:
    wanted = (cls.id, cls.kind, cls.record_id, cls.name, *(getattr(cls, column) for column in columns))
    last = 0
    while rows := session.execute(select(*wanted).where(cls.id > last).order_by(cls.id).limit(BATCH)).all():
        yield from rows
        last = rows[-1].id


def _state(store: Store, key: str | None) -> Found | None:
    """What is wrong with the file of this key; None where nothing is, or where there is no file."""
    if key is None:
        return None
    try:
        for _piece in store.stream(key):
            pass
    except FileNotFoundError:
        return Found.file_missing
    except DamagedFileError:
        return Found.file_damaged
    except ValueError:  # no key at all: the row was changed by hand
        return Found.file_missing
    return None
