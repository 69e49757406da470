"""Files on any record: checked by content, kept by hash outside the web root, never replaced, seen by who sees the record."""

from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import RowId
from aftersales.extensions import Model
from aftersales.record.actor import current_actor
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.ciphers import enciphered
from aftersales.record.media import Media, inspect, thumbnail
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store


class Attachment(RecordTrace, Model):
    """One file. `sha256` is its name in the store; `purpose` says what it is for (photo, evidence, signed paper)."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_kind_record_id", "kind", "record_id"),
        Index("ix_attachment_sha256", "sha256"),
        Index("ix_attachment_thumbnail", "thumbnail"),
    )
    __audited__ = True

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(RowId)
    sha256: Mapped[str] = mapped_column(String(64))
    thumbnail: Mapped[str | None] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(40), default="file")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(120))
    destroyed_under: Mapped[str | None] = mapped_column(String(40))

    def audit_root(self) -> tuple[str, int]:
        return (self.kind, self.record_id)


def attach(session: Session, record: SharedRecord, data: bytes, name: str, purpose: str = "file") -> Attachment:
    """File `data` on `record`. Raises RefusedFile when the content is not of an allowed type or too large."""
    if record.is_sealed:
        raise Refusal(_("This record is sealed and can no longer be changed."))
    if enciphered(type(record)):
        raise Refusal(_("Files are not encrypted: this record takes none."))
    media: Media = inspect(data, name)
    store: Store = current_app.extensions["store"]
    attachment: Attachment = Attachment.of(record, name=media.name, media_type=media.media_type, size=len(data), purpose=purpose)
    attachment.sha256 = store.put(data)
    attachment.thumbnail = store.put(thumbnail(data)) if media.is_image else None
    attachment.created_at, attachment.created_by = now(), current_actor().name
    session.add(attachment)
    return attachment


def attachments_of(session: Session, record: SharedRecord) -> list[Attachment]:
    return Attachment.of_record(session, record)
