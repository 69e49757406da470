"""Documents that no longer say what holds: their live parts are compared with what they said when the version took effect."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, object_session

from aftersales.deadlines.clock_rule import ClockRule
from aftersales.documents.document import ControlledDocument, DocumentScope
from aftersales.documents.live import part_words, said
from aftersales.documents.version import DocumentVersion
from aftersales.labels import speaking
from aftersales.record import workflow
from aftersales.record.notices import tell
from aftersales.record.now import now
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

LONGEST = 4000


def flag_outdated(session: Session) -> int:
    """Marks each document in force a live part of which says something else now, and why; says how many were marked anew.

    A document whose parts say again what they said is no longer marked. Safe to repeat at any time.
    """
    count = 0
    with speaking("zh"):
        today: dict[str, list[str]] = {}
        for version in _in_force(session):
            why = "\n".join(_changes(session, version, today))[:LONGEST] or None
            document = version.document
            if why == document.revise_why:
                continue
            count += document.revise_since is None
            document.revise_since, document.revise_why = (document.revise_since or now(), why) if why else (None, None)
            document._audit_reason = (
                _("What its live parts say has changed.") if why else _("Its live parts say again what the version says.")
            )
            session.flush()
            if why:
                _tell(session, document, version, why)
    return count


def _in_force(session: Session) -> list[DocumentVersion]:
    chosen = select(DocumentVersion).where(DocumentVersion.state == "effective").join(DocumentVersion.document)
    return list(session.scalars(chosen.options(contains_eager(DocumentVersion.document)).order_by(DocumentVersion.id)))


def _changes(session: Session, version: DocumentVersion, today: dict[str, list[str]]) -> Iterator[str]:
    for part, before in version.parts.items():
        if part not in today:
            today[part] = said(session, part).lines()
        words = part_words(part)
        yield from (_("%(part)s no longer says: %(line)s", part=words, line=line) for line in before if line not in today[part])
        yield from (_("%(part)s says now: %(line)s", part=words, line=line) for line in today[part] if line not in before)


def _tell(session: Session, document: ControlledDocument, version: DocumentVersion, why: str) -> None:
    """`why` stays in Chinese, as the document is whose words it quotes."""
    key, url = f"revise:{document.id}:{sha256(why.encode()).hexdigest()[:16]}", f"/controlled_document/show/{document.id}"
    tell(
        session, users_with_role(Role.quality, None), key=key, url=url,
        words=lambda: (_("Due for revision: %(document)s %(name)s", document=str(version), name=document.name), why),
    )  # fmt: skip


def after_move(record: Any, name: str, _source: str) -> None:
    """A rule that came into force or ended may have changed what documents say: they are looked at in its transaction."""
    if isinstance(record, ClockRule) and name in ("approve", "withdraw"):
        flag_outdated(object_session(record))


def in_force_for(session: Session, kind: str) -> list[tuple[str, str]]:
    """Code and edition of the documents in force that govern a record type."""
    chosen = (
        select(ControlledDocument.code, DocumentVersion.edition)
        .join(DocumentScope, DocumentScope.document_id == ControlledDocument.id)
        .join(DocumentVersion, DocumentVersion.document_id == ControlledDocument.id)
        .where(DocumentScope.record_type == kind, DocumentVersion.state == "effective")
        .order_by(ControlledDocument.code)
    )
    return [(code, edition) for code, edition in session.execute(chosen)]


workflow.listeners.append(after_move)
