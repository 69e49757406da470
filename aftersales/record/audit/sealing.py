"""The periodic pass that takes committed entries into the log and publishes a signed head."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.orm import Session

from aftersales.record.audit.chain import take_write_lock
from aftersales.record.audit.entry import FIRST_HASH, AuditEntry, AuditPending, canonical_json, instant_text, keyed_tag, raw
from aftersales.record.audit.evidence import AuditSettings, SignedHead
from aftersales.record.audit.tree import AuditTreeHead, Leaf, LogTree
from aftersales.record.now import now

_LOCK = 0x6175646974  # any number of our own: it orders sealing passes only, writers never ask for it


class TamperedLogError(RuntimeError):
    """The stored edge or head of the log is not what was signed: nothing is built on it. `verify` says where."""


def seal_tree(session: Session, settings: AuditSettings, batch: int = 500) -> int:
    """Takes every entry committed so far into the log and returns how many. Commits the session after each batch.

    Run it each minute. Two passes at once wait for each other; one killed at any moment leaves whole batches, and its
    unpublished head is published by the next. Raises TamperedLogError.
    """
    _publish_left_over(session, settings)
    sealed = count = _seal_batch(session, settings, batch)
    while count == batch:
        sealed += (count := _seal_batch(session, settings, batch))
    if session.connection().execute(select(func.count()).select_from(AuditPending.__table__)).scalar() == 0:
        settings.journal.forget_before((now() - timedelta(days=1)).date())
    session.commit()
    return sealed


def head_hash(size: int, root: str, at: str, previous_hash: str) -> str:
    return hashlib.sha256(canonical_json([size, root, at, previous_hash]).encode()).hexdigest()


def signed(row: Any) -> SignedHead:
    return SignedHead(row.size, row.root, instant_text(row.at), row.previous_hash, row.hash, row.tag)


def last_head(connection: Connection) -> SignedHead | None:
    table = AuditTreeHead.__table__
    row = connection.execute(select(*raw(table)).order_by(table.c.size.desc()).limit(1)).first()
    return signed(row) if row else None


def _publish_left_over(session: Session, settings: AuditSettings) -> None:
    """A pass killed between its commit and its publication left a head that only the database knows."""
    ours, published = last_head(session.connection()), settings.heads.last()
    session.commit()
    if ours is not None and (published is None or published.size < ours.size):
        settings.heads.publish(ours)


def _seal_batch(session: Session, settings: AuditSettings, batch: int) -> int:
    connection = session.connection()
    _take_turn(connection)
    before = last_head(connection)
    tree = LogTree(connection, before.size if before else 0)
    _check_ground(tree, before, settings.key)
    leaves = _waiting(connection, batch)
    if not leaves:
        session.commit()
        return 0
    tree.append_entries(leaves)
    tree.save()
    head = _sign(tree, before, settings.key)
    connection.execute(insert(AuditTreeHead.__table__), {**vars(head), "at": datetime.fromisoformat(head.at)})
    connection.execute(delete(AuditPending.__table__).where(AuditPending.entry_id.in_([leaf.entry_id for leaf in leaves])))
    session.commit()
    settings.heads.publish(head)  # after the commit: a head must never stand for a log that was rolled back
    return len(leaves)


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    take_write_lock(connection)


def _check_ground(tree: LogTree, head: SignedHead | None, key: bytes) -> None:
    if head is None:
        return
    content = head_hash(head.size, head.root, head.at, head.previous_hash)
    try:
        root = tree.get_root().hex()
    except (KeyError, ValueError) as error:
        raise TamperedLogError(f"the edge of the log at {head.size} entries is missing or unreadable") from error
    if (content, keyed_tag(key, "head", content), root) != (head.hash, head.tag, head.root):
        raise TamperedLogError(f"the log at {head.size} entries is not what was signed at {head.at}")


def _waiting(connection: Connection, batch: int) -> list[Leaf]:
    """Pending entries in the order of their ids. One whose entry is gone stays pending: it is the evidence of a deletion."""
    entry, pending = AuditEntry.__table__.c, AuditPending.__table__.c
    rows = (
        select(entry.id, entry.kind, entry.record_id, entry.sequence, entry.hash)
        .join_from(AuditPending.__table__, AuditEntry.__table__, pending.entry_id == entry.id)
        .order_by(pending.entry_id)
        .limit(batch)
    )
    return [Leaf(*row) for row in connection.execute(rows)]


def _sign(tree: LogTree, before: SignedHead | None, key: bytes) -> SignedHead:
    at, previous_hash = now().isoformat(timespec="microseconds"), before.hash if before else FIRST_HASH
    size, root = tree.get_size(), tree.get_root().hex()
    digest = head_hash(size, root, at, previous_hash)
    return SignedHead(size, root, at, previous_hash, digest, keyed_tag(key, "head", digest))
