"""Signatures on records: who, in what meaning, when, and over which content. A later change of that content voids them visibly."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Index, String, column, event, select
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column, scoped_session

from aftersales.columns import Json, RowId
from aftersales.extensions import Model
from aftersales.record.actor import current_actor
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.content import content_hash
from aftersales.record.drawn import Photo
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store
from aftersales.record.words import Meaning, Signing

VOIDED = column("voided_at").is_not(None)
PasswordCheck = Callable[[int, str], bool]


class Signature(RecordTrace, Model):
    """One signature on one record. `image` is the SHA-256 of the drawn signature, or of the photo of the signed paper."""

    __tablename__ = "signature"
    __table_args__ = (
        Index("ix_signature_kind_record_id", "kind", "record_id"),
        Index("ix_signature_image", "image"),
        Index("ix_signature_voided_at", "voided_at", postgresql_where=VOIDED, sqlite_where=VOIDED),
    )
    __audited__ = True

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(16))
    signer_name: Mapped[str] = mapped_column(String(120))
    signer_id: Mapped[int | None]
    signed_at: Mapped[datetime]
    covers: Mapped[list[str]] = mapped_column(Json)
    content_hash: Mapped[str] = mapped_column(String(64))
    image: Mapped[str | None] = mapped_column(String(64))
    voided_at: Mapped[datetime | None]
    destroyed_under: Mapped[str | None] = mapped_column(String(40))

    def audit_root(self) -> tuple[str, int]:
        return (self.kind, self.record_id)

    @property
    def is_valid(self) -> bool:
        return self.voided_at is None


def install(session: scoped_session[Session]) -> None:
    event.listen(session, "after_flush", _notice_what_changed)
    # Not after_flush: what is set on a loaded row there, SQLAlchemy takes for flushed and forgets.
    event.listen(session, "after_flush_postexec", void_what_changed)


def sign(
    session: Session, record: SharedRecord, signing: Signing, *, password: str = "", drawn: bytes | None = None, signer: str = ""
) -> Signature:
    """Put a signature over the record as it stands. Staff prove themselves by their password, the customer by hand and name."""
    signature = _by_staff(password) if signing.by is Meaning.staff else _by_customer(drawn, signer)
    signature.kind, signature.record_id = type(record).__name__, record.id
    signature.region_id = getattr(record, "region_id", None)
    signature.name, signature.covers = signing.name, list(signing.covers)
    signature.signed_at = now()
    signature.content_hash = content_hash(record, signing.covers)
    session.add(signature)
    session.flush()
    return signature


def _by_staff(password: str) -> Signature:
    actor = current_actor()
    if actor.is_system:
        return Signature(method="system", signer_name=actor.name)
    check: PasswordCheck = current_app.extensions["password_check"]
    if actor.user_id is None or not check(actor.user_id, password):
        raise Refusal(_("The password is wrong, so nothing was signed."), field="password")
    return Signature(method="password", signer_name=actor.name, signer_id=actor.user_id)


def _by_customer(drawn: bytes | None, signer: str) -> Signature:
    if not signer.strip():
        raise Refusal(_("Write the name of the person who signs."), field="signer")
    if not drawn:
        raise Refusal(_("Sign in the box, or file a photo of the signed paper."), field="drawn")
    store: Store = current_app.extensions["store"]
    method = "paper" if isinstance(drawn, Photo) else "drawn"
    return Signature(method=method, signer_name=signer.strip(), image=store.put(drawn))


def signatures_of(session: Session, record: SharedRecord) -> list[Signature]:
    return Signature.of_record(session, record)


def _notice_what_changed(session: Session, context: UOWTransaction) -> None:
    changed: set[SharedRecord] = session.info.setdefault("signatures_to_check", set())
    for row in [*session.new, *session.dirty, *session.deleted]:
        if isinstance(row, SharedRecord) and _can_be_signed(root := row.root()) and root not in session.new:
            changed.add(root)


def void_what_changed(session: Session, context: UOWTransaction) -> None:
    """After a write: every live signature whose content is no longer what was signed is marked void."""
    for root in session.info.pop("signatures_to_check", ()):
        for signature in session.scalars(select(Signature).where(Signature.hangs_on(root), Signature.voided_at.is_(None))):
            if content_hash(root, signature.covers) != signature.content_hash:
                signature.voided_at = now()


def _can_be_signed(record: Any) -> bool:
    return bool(record.workflow and any(t.signs for t in record.workflow.transitions))
