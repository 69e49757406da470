"""Comments on any record, by whoever may read it. Kept as they were written: an author can withdraw one, visibly, and nobody edits any.

They are talk about a record and no part of it: no signature covers them, no reason is asked, and a sealed record still takes them.
Whoever is mentioned (@name) gets a notice, if they may read the record; a name that may not is refused, so that nobody waits in vain.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Json, RowId
from aftersales.extensions import Model
from aftersales.record.actor import current_actor
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.ciphers import enciphered
from aftersales.record.display import url_of
from aftersales.record.notices import tell
from aftersales.record.now import now
from aftersales.record.refusal import NotFound, Refusal

LONGEST = 2000
MOST = 50
OFFERED = 8
_MENTION = re.compile(r"(?<![A-Za-z0-9._%+-])@([\w.-]{1,40})")

# (record, beginning of a name, how many) → the accounts that may read the record, as (id, name), alphabetically.
Readers = Callable[[SharedRecord, list[str] | str, int], list[tuple[int, str]]]


class Comment(RecordTrace, Model):
    """One remark. `mentions` are the accounts that were told of it."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_kind_record_id", "kind", "record_id"),)
    __audited__ = True

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None]
    author_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    mentions: Mapped[list[int]] = mapped_column(Json)
    withdrawn_at: Mapped[datetime | None]

    def audit_root(self) -> tuple[str, int]:
        return (self.kind, self.record_id)


def comments_of(session: Session, record: SharedRecord) -> list[Comment]:
    """The latest, newest first."""
    return Comment.of_record(session, record, newest_first=True, limit=MOST)


def comment(session: Session, record: SharedRecord, text: str) -> Comment:
    """Write a comment and tell whom it mentions. The caller commits."""
    body = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not body:
        raise Refusal(_("Write something."), field="body")
    if len(body) > LONGEST:
        raise Refusal(_("Too long."), field="body")
    if enciphered(type(record)):
        raise Refusal(_("Comments are not encrypted: this record takes none."))
    actor = current_actor()
    mentioned = _mentioned(record, body)
    said: Comment = Comment.of(record, body=body, author_id=actor.user_id, author_name=actor.name, created_at=now(), mentions=mentioned)
    session.add(said)
    session.flush()
    def words() -> tuple[str, str]:
        return _("%(person)s mentions you: %(record)s", person=actor.name, record=f"{record.label()} {record}"), body

    told = [user_id for user_id in mentioned if user_id != actor.user_id]
    tell(session, told, key=f"comment:{said.id}", words=words, url=f"{url_of(record)}#story")
    return said


def withdraw(session: Session, record: SharedRecord, comment_id: int) -> Comment:
    """Take one's own comment back: it stays, struck through, with the time."""
    said = session.get(Comment, comment_id) if comment_id < 2**63 else None
    if said is None or (said.kind, said.record_id) != (type(record).__name__, record.id):
        raise NotFound(_("There is no such comment."))
    if said.author_id != current_actor().user_id:
        raise Refusal(_("Only its author can withdraw a comment."), field="comment")
    said.withdrawn_at = said.withdrawn_at or now()
    return said


def readers_named(record: SharedRecord, beginning: str) -> list[tuple[int, str]]:
    """Whom a comment on this record can mention."""
    readers: Readers = current_app.extensions["readers"]
    return readers(record, beginning, OFFERED)


def _mentioned(record: SharedRecord, body: str) -> list[int]:
    """The accounts behind each @name. Chinese runs on without a blank, so the longest name that the text begins with is meant."""
    readers: Readers = current_app.extensions["readers"]
    found: dict[int, Any] = {}
    for token in dict.fromkeys(_MENTION.findall(body)):
        names = [token[:length] for length in range(len(token), 0, -1)]
        here = readers(record, names, OFFERED)
        if not here:
            raise Refusal(_("Nobody called %(name)s may read this record.", name=token), field="body")
        longest = max(len(name) for _id, name in here)
        found |= {user_id: name for user_id, name in here if len(name) == longest}
    return list(found)
