"""Reading personal data leaves an entry too: who saw which fields of whose record."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, cast, func, literal, null, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aftersales.record.actor import current_actor
from aftersales.record.audit.chain import (
    NO_LINK,
    ROOTS_PER_READ,
    Link,
    Root,
    append,
    entries_of,
    ledger,
    newest_of,
    root_tables,
    take_write_lock,
)
from aftersales.record.audit.drafts import root_of
from aftersales.record.audit.entry import AuditEntry, Draft
from aftersales.record.now import now


def record_read(session: Session, record: Any, fields: Iterable[str]) -> bool:
    """One record of `record_reads`; True when an entry was written."""
    return record_reads(session, [(record, fields)]) > 0


def record_reads(session: Session, readings: Iterable[tuple[Any, Iterable[str]]]) -> int:
    """Logs what was read of which records in one short transaction of its own, and returns how many entries were written.

    The same person reading the same fields of the same record within the same hour is one reading. Call it after the
    request's own transaction has ended or when it has only read: on SQLite a transaction that has read cannot turn to
    writing safely, and one that holds the write lock would make this one wait for it. Raises NoActorError.
    """
    regions: dict[Root, int | None] = {}
    names: dict[Root, set[str]] = defaultdict(set)
    for record, fields in readings:
        root = root_of(record)
        regions[root] = getattr(record, "region_id", None)
        names[root] |= set(fields)
    if not names:
        return 0
    with Session(session.get_bind(), info={"audit": ledger(session).fresh()}) as own:
        return _write(own, names, regions)


def _write(own: Session, read: Mapping[Root, set[str]], regions: Mapping[Root, int | None], tries: int = 5) -> int:
    """Writes what is not in the trail yet."""
    logged = _locked_and_logged(own, sorted(read))
    drafts = [
        Draft(*root, regions[root], "read", {name: [None, None] for name in sorted(fields)})
        for root, fields in read.items()
        if not logged[root] >= fields
    ]
    if not drafts:
        own.commit()  # lets go of the locks; psycopg would forget its prepared statements at a rollback
        return 0
    if own.get_bind().dialect.name == "sqlite":  # where nothing is locked, and who has read cannot turn to writing
        own.rollback()
        ledger(own).forget()
        take_write_lock(own.connection())
    try:
        append(own, drafts, locked=frozenset(read))
    except IntegrityError:  # somebody took this place in the chain while we waited for the lock, or there was no row to lock
        own.rollback()
        ledger(own).forget()
        if tries == 1:
            raise
        return _write(own, read, regions, tries - 1)
    own.commit()
    ledger(own).publish()
    return len(drafts)


def _locked_and_logged(own: Session, roots: Sequence[Root]) -> Mapping[Root, set[str]]:
    """Locks the records against other writers of their chains, lets the ledger know where these end, and tells what this person's
    readings of the present hour are, by record. One statement for all of it: every page with personal data waits for it."""
    actor, hour = current_actor(), now().replace(minute=0, second=0, microsecond=0)
    logged: dict[Root, set[str]] = defaultdict(set)
    ends = ledger(own).ends
    for start in range(0, len(roots), ROOTS_PER_READ):
        batch = roots[start : start + ROOTS_PER_READ]
        ends |= dict.fromkeys(batch, NO_LINK)
        asked = {f"{name}_{i}": value for i, root in enumerate(batch) for name, value in zip(("kind", "id"), root, strict=True)}
        asked |= {"hour": hour, "actor_name": actor.name, "actor_id": actor.user_id}
        look = _look(tuple(kind for kind, _record_id in batch), actor.user_id is None)
        for kind, record_id, sequence, digest, region_id, changes in own.connection().execute(look, asked):
            if changes is not None:
                logged[kind, record_id] |= set(json.loads(changes))
            elif sequence is not None:
                ends[kind, record_id] = Link(sequence, digest, region_id)
    return logged


@lru_cache(maxsize=200)
def _look(kinds: tuple[str, ...], is_nobody: bool) -> CompoundSelect[Any]:
    """A row for each record's last entry, one for each reading of theirs, and one without values for each table locked. With "IS NOT
    DISTINCT FROM" PostgreSQL would find no index by the person, and would look through everybody's readings of the hour."""
    entry = AuditEntry.__table__.c
    empty = tuple(cast(null(), column.type) for column in (entry.sequence, entry.hash, entry.region_id, entry.changes))
    by_me = entry.actor_id.is_(None) if is_nobody else entry.actor_id == bindparam("actor_id")
    rows: list[Select[Any]] = []
    for kind in sorted(set(kinds)):
        if (table := root_tables.get(kind)) is not None:
            ids = [bindparam(f"id_{i}") for i, other in enumerate(kinds) if other == kind]
            locked = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(key_share=True).cte()
            rows.append(select(literal(kind), func.max(locked.c.id), *empty))
    for i in range(len(kinds)):
        rows.append(select(newest_of(i).add_columns(empty[-1]).subquery()))
        mine = (entry.action == "read", entry.at >= bindparam("hour"), entry.actor_name == bindparam("actor_name"), by_me)
        rows.append(entries_of(i).add_columns(entry.changes).where(*mine))
    return union_all(*rows)
