"""Sealing: a record that enters a sealing state is printed, signed, stored and locked, in one transaction.

The bytes go to the store first, under their hash; the row that names them commits with the record's new state. Killed
before the commit, the record is not sealed and some bytes lie unused; killed after it, everything is there.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Json, RowId
from aftersales.extensions import Model
from aftersales.record.actor import current_actor
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.custom import form_version
from aftersales.record.now import now
from aftersales.record.storage import Store
from aftersales.record.words import Document

# Digits and letters that nobody confuses on paper.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16


class SealedDocument(RecordTrace, Model):
    """One archived PDF: where its bytes are, what anyone may learn of it by its code, and whether it still holds.

    `destroyed_under` is the number of the certificate under which the bytes were destroyed; the row and its hash stay.
    """

    __tablename__ = "sealed_document"
    __table_args__ = (
        Index("ix_sealed_document_kind_record_id", "kind", "record_id"),
        Index("ix_sealed_document_kind_sealed_at", "kind", "sealed_at"),
        Index("ix_sealed_document_sha256", "sha256"),
    )
    __audited__ = True

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(40))
    form_no: Mapped[str] = mapped_column(String(40))
    form_version: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed_at: Mapped[datetime]
    sealed_by: Mapped[str] = mapped_column(String(120))
    voided_at: Mapped[datetime | None]
    superseded_by: Mapped[str | None] = mapped_column(String(CODE_LENGTH))
    destroyed_under: Mapped[str | None] = mapped_column(String(40))

    def audit_root(self) -> tuple[str, int]:
        return (self.kind, self.record_id)

    @property
    def status(self) -> str:
        if self.destroyed_under:
            return "destroyed"
        if self.superseded_by:
            return "superseded"
        return "void" if self.voided_at else "valid"

    def standing(self, record: SharedRecord) -> str:
        """Its status as a reader is to take it: of a version that is no longer in force, the paper that says so too is void."""
        return self.status if record.void_since is None or self.status == "destroyed" else "void"


Printer = Callable[[SharedRecord, Document, str, bool], bytes]


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def seal(session: Session, record: SharedRecord, documents: tuple[Document, ...] | None = None) -> list[SealedDocument]:
    """Print, sign and store every document of the record, or those of them that leave the house while it is still open. Earlier ones
    are superseded by the new."""
    store: Store = current_app.extensions["store"]
    printer: Printer = current_app.extensions["printer"]
    earlier = sealed_of(session, record)
    sealed = []
    for document in record.printed() if documents is None else documents:
        code = new_code()
        data = printer(record, document, code, True)
        row: SealedDocument = SealedDocument.of(
            record,
            name=document.name,
            number=str(record),
            form_no=document.form_no,
            form_version=form_version(type(record), document.version),
        )
        row.code, row.sha256, row.size = code, store.put(data), len(data)
        row.facts, row.sealed_at, row.sealed_by = record.public_facts(), now(), current_actor().name
        session.add(row)
        for old in earlier:
            if old.name == document.name and old.superseded_by is None:
                old.voided_at, old.superseded_by = old.voided_at or now(), code
        sealed.append(row)
    return sealed


def unseal(session: Session, record: SharedRecord) -> None:
    """The record is open again: what was printed of it no longer holds."""
    for row in sealed_of(session, record):
        row.voided_at = row.voided_at or now()


def sealed_of(session: Session, record: SharedRecord) -> list[SealedDocument]:
    return SealedDocument.of_record(session, record, newest_first=True)
