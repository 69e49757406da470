"""Reading personal data leaves an entry too: who saw which fields of whose record."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, and_, bindparam, case, cast, func, literal, null, select, union_all
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
    root_tables,
    take_write_lock,
)
from aftersales.record.audit.drafts import root_of
from aftersales.record.audit.entry import AuditEntry, Draft
from aftersales.record.now import now

LAST = 50  # entries of a record in which its readings of the hour are looked for


def record_read(session: Session, record: Any, fields: Iterable[str]) -> bool:
    """One record of `record_reads`; True when an entry was written."""
    return record_reads(session, [(record, fields)]) > 0


def record_reads(session: Session, readings: Iterable[tuple[Any, Iterable[str]]], within: Connection | None = None) -> int:
    """Logs what was read of which records, commits, and returns how many entries were written. Raises NoActorError.

    The same person reading the same fields of the same record within the same hour is one reading, unless much happened to it between.
    It is a short transaction of its own, to be called after the request's has ended: one that writes would make this one wait for it.
    One that has only read may be gone on in instead, on PostgreSQL: `within` is its connection.
    """
    regions: dict[Root, int | None] = {}
    names: dict[Root, set[str]] = defaultdict(set)
    for record, fields in readings:
        root = root_of(record)
        regions[root] = getattr(record, "region_id", None)
        names[root] |= set(fields)
    if not names:
        return 0
    info = {"audit": ledger(session).fresh()}
    with Session(within or session.get_bind(), join_transaction_mode="control_fully", info=info) as own:
        return _write(own, names, regions)


def _write(own: Session, read: Mapping[Root, set[str]], regions: Mapping[Root, int | None], tries: int = 5) -> int:
    """Writes what is not in the trail yet."""
    logged = _locked_and_logged(own, sorted(read))
    locked = frozenset(root for root in read if not logged[root])
    for root in read.keys() - locked:
        del ledger(own).ends[root]  # not locked, so it may have moved on
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
        append(own, drafts, locked=locked)
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
    """Tells what this person's readings of the present hour are, by record; locks the records of which there are none against other
    writers of their chains, and lets the ledger know where these end. One statement for all of it: every page with personal data waits
    for it."""
    actor, hour = current_actor(), now().replace(minute=0, second=0, microsecond=0)
    logged: dict[Root, set[str]] = defaultdict(set)
    ends = ledger(own).ends
    for start in range(0, len(roots), ROOTS_PER_READ):
        batch = roots[start : start + ROOTS_PER_READ]
        ends |= dict.fromkeys(batch, NO_LINK)
        asked = {f"{name}_{i}": value for i, root in enumerate(batch) for name, value in zip(("kind", "id"), root, strict=True)}
        asked |= {"hour": hour, "actor_name": actor.name, "actor_id": actor.user_id}
        look = _look(tuple(kind for kind, _record_id in batch), actor.user_id is None)
        for kind, record_id, sequence, digest, region_id, read in own.connection().execute(look, asked):
            if sequence is not None and sequence > ends[kind, record_id].sequence:
                ends[kind, record_id] = Link(sequence, digest, region_id)
            if read is not None:
                logged[kind, record_id] |= set(json.loads(read))
    return logged


@lru_cache(maxsize=200)
def _look(kinds: tuple[str, ...], is_nobody: bool) -> CompoundSelect[Any]:
    """A row for each of the last entries of each record, with its changes where it is a reading of this person's in the hour, and one
    without values for each table locked. Asked for such readings alone, PostgreSQL would look through everybody's: it takes the hour
    for empty."""
    entry = AuditEntry.__table__.c
    by_me = entry.actor_id.is_(None) if is_nobody else entry.actor_id == bindparam("actor_id")
    is_mine = and_(entry.action == "read", entry.at >= bindparam("hour"), entry.actor_name == bindparam("actor_name"), by_me)
    read = case((is_mine, entry.changes)).label("read")
    ends = (entries_of(i).add_columns(read).order_by(entry.sequence.desc()).limit(LAST) for i in range(len(kinds)))
    last = union_all(*(select(each.subquery()) for each in ends)).cte("last")
    empty = tuple(cast(null(), column.type) for column in list(last.c)[2:])
    rows: list[Select[Any]] = [select(last)]
    for kind in sorted(set(kinds)):
        if (table := root_tables.get(kind)) is not None:
            places = [i for i, other in enumerate(kinds) if other == kind]
            known = select(last.c.record_id).where(last.c.kind == bindparam(f"kind_{places[0]}"), last.c.read.is_not(None))
            ids = table.c.id.in_([bindparam(f"id_{i}") for i in places])
            locked = select(table.c.id).where(ids, table.c.id.not_in(known)).order_by(table.c.id).with_for_update(key_share=True).cte()
            rows.append(select(literal(kind), func.max(locked.c.id), *empty))
    return union_all(*rows)
