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

    `place` is the key in the store, `detail` the name people know the file by. A file that is gone because its record was destroyed is
    no damage, provided that the certificate it names was sealed and still lies there; that nobody wrote its number in by hand, the
    trail tells.
    """
    certificates: dict[str, bool] = {}
    for cls, columns in NAMED:
        for row in _rows(session, cls, columns):
            for column in columns:
                found = state_of(store, getattr(row, column))
                if found is Found.file_missing and row.destroyed_under and _is_certificate(session, row.destroyed_under, certificates):
                    continue
                if found is not None:
                    yield Finding(found, row.kind, row.record_id, place=getattr(row, column), detail=row.name)


def _rows(session: Session, cls: Any, columns: tuple[str, ...]) -> Iterator[Any]:
    wanted = (cls.id, cls.kind, cls.record_id, cls.name, cls.destroyed_under, *(getattr(cls, column) for column in columns))
    last = 0
    while rows := session.execute(select(*wanted).where(cls.id > last).order_by(cls.id).limit(BATCH)).all():
        yield from rows
        last = rows[-1].id


def _is_certificate(session: Session, number: str, known: dict[str, bool]) -> bool:
    """Whether a paper of that number was sealed and is not itself destroyed."""
    if number not in known:
        sealed = select(SealedDocument.id).where(SealedDocument.number == number, SealedDocument.destroyed_under.is_(None)).limit(1)
        known[number] = session.scalar(sealed) is not None
    return known[number]


def state_of(store: Store, key: str | None) -> Found | None:
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
