"""Whether the trail is whole, and if not, where: every entry, every chain, the log, its heads and what is kept outside.

Found and located: any change of any column of entries, leaves, nodes and heads, deletion, insertion, reordering, a chain or a log
cut off at its end, an older database put back, a chain forged without the key, and entries deleted before the log took
them up, as long as the journal outside names them.

Not found by any means here: (1) the work of somebody who holds the key as well, except where published heads or the
journal contradict it; (2) the loss of entries by somebody who rewrites database *and* the files outside consistently (shortens
both to the same moment): keep a sink on another machine; (3) within the minute before sealing, an entry removed together with its
pending row by somebody who also removes it from the journal, or whose journal line was lost in a power failure. If the record's
own value was left as it is, `verify_records` still finds (3).
Memory is bounded by the size of a batch; it may run beside writers and sealing passes.
"""

import hmac
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import Row, Table, select, tuple_
from sqlalchemy.orm import Session

from aftersales.record.audit.entry import FIRST_HASH, HASHED, AuditEntry, AuditPending, entry_hash, keyed_tag, raw
from aftersales.record.audit.evidence import AuditSettings
from aftersales.record.audit.findings import Finding, Found
from aftersales.record.audit.tree import AuditLeaf
from aftersales.record.audit.verify_log import verify_log
from aftersales.record.audit.verify_outside import verify_heads, verify_journal

BATCH = 1000


def verify(session: Session, settings: AuditSettings) -> Iterator[Finding]:
    """Streams the findings; none means that the trail is whole."""
    return chain.from_iterable(part() for part in verify_parts(session, settings))


def verify_parts(session: Session, settings: AuditSettings) -> list[Callable[[], Iterator[Finding]]]:
    """What `verify` does, one after the other, for whoever tells how far it is."""
    return [
        lambda: verify_chains(session, settings.key),
        lambda: _verify_pending(session),
        lambda: verify_log(session, settings.key),
        lambda: verify_heads(session, settings),
        lambda: verify_journal(session, settings),
    ]


def verify_chains(session: Session, key: bytes) -> Iterator[Finding]:
    before: Row[Any] | None = None
    for row in _entries(session):
        if before is not None and (before.kind, before.record_id) != (row.kind, row.record_id):
            before = None
        false = list(_check_content(row, key))
        yield from false
        yield from _check_place(row)
        if false and row.sequence != (before.sequence + 1 if before else 1):
            continue  # its sequence is not to be believed: its neighbours say what is missing
        yield from _check_link(row, before)
        before = row


def _entries(session: Session) -> Iterator[Row[Any]]:
    """All entries, chain by chain, each with its leaf and its pending row as of the same moment."""
    entry, leaf, pending = AuditEntry.__table__, AuditLeaf.__table__, AuditPending.__table__
    order = (entry.c.kind, entry.c.record_id, entry.c.sequence, entry.c.id)
    query = (
        select(*raw(entry), *_prefixed(leaf, "leaf"), pending.c.entry_id.label("pending_id"))
        .outerjoin(leaf, leaf.c.entry_id == entry.c.id)
        .outerjoin(pending, pending.c.entry_id == entry.c.id)
        .order_by(*order)
        .limit(BATCH)
    )
    last = None
    while rows := session.connection().execute(query if last is None else query.where(tuple_(*order) > last)).all():
        yield from rows
        last = tuple_(rows[-1].kind, rows[-1].record_id, rows[-1].sequence, rows[-1].id)


def _prefixed(table: Table, prefix: str) -> list[Any]:
    return [column.label(f"{prefix}_{column.key}") for column in table.columns]


def _check_content(row: Row[Any], key: bytes) -> Iterator[Finding]:
    if entry_hash({name: row._mapping[name] for name in HASHED}) != row.hash:
        yield _at(row, Found.entry_altered)
    elif not hmac.compare_digest(keyed_tag(key, "entry", row.hash).encode(), str(row.tag).encode()):
        yield _at(row, Found.entry_forged)


def _check_place(row: Row[Any]) -> Iterator[Finding]:
    if row.leaf_position is None:
        if row.pending_id is None:
            yield _at(row, Found.entry_unlisted)
        return
    if row.pending_id is not None:
        yield _at(row, Found.entry_relisted)
    ours = (row.kind, row.record_id, row.sequence, row.hash)
    if ours != (row.leaf_kind, row.leaf_record_id, row.leaf_sequence, row.leaf_entry_hash):
        yield _at(row, Found.leaf_altered, place=f"leaf {row.leaf_position}")


def _check_link(row: Row[Any], before: Row[Any] | None) -> Iterator[Finding]:
    """`before` is the entry before it of the same record, None for the first there is."""
    last, previous_hash = (before.sequence, before.hash) if before else (0, FIRST_HASH)
    if row.sequence <= last:
        yield _at(row, Found.entry_repeated)
    elif row.sequence > last + 1:
        count = row.sequence - last - 1
        yield Finding(Found.entry_missing, row.kind, row.record_id, last + 1, detail=f"{count}×" if count > 1 else "")
    elif row.previous_hash != previous_hash:
        yield _at(row, Found.chain_broken)


def _verify_pending(session: Session) -> Iterator[Finding]:
    """A pending row whose entry is gone: deleted before the log took it up."""
    entry, pending = AuditEntry.__table__, AuditPending.__table__
    query = select(pending).outerjoin(entry, entry.c.id == pending.c.entry_id).where(entry.c.id.is_(None)).order_by(pending.c.entry_id)
    for row in session.connection().execute(query, execution_options={"yield_per": BATCH}):
        yield Finding(Found.entry_missing, row.kind, row.record_id, row.sequence, row.entry_id)


def _at(row: Row[Any], found: Found, place: str = "") -> Finding:
    return Finding(found, row.kind, row.record_id, row.sequence, row.id, place)
