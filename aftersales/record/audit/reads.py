"""Reading personal data leaves an entry too: who saw which fields of whose record."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, and_, bindparam, func, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aftersales.record.actor import current_actor
from aftersales.record.audit.chain import (
    NO_LINK,
    ROOTS_PER_READ,
    Link,
    Root,
    append,
    ledger,
    of_root,
    root_tables,
    take_write_lock,
)
from aftersales.record.audit.drafts import root_of
from aftersales.record.audit.entry import AuditEntry, Draft
from aftersales.record.now import now

LAST = 50  # entries of a record in which its readings of the hour are looked for


class Seen(NamedTuple):
    """Of a record: its last entries, newest first, and which fields of it this person has read in the hour."""

    entries: list[AuditEntry]
    read: set[str]

    @property
    def end(self) -> Link:
        last = self.entries[0] if self.entries else None
        return NO_LINK if last is None else Link(last.sequence, last.hash, last.region_id)


def record_read(session: Session, record: Any, fields: Iterable[str]) -> bool:
    """One record of `record_reads`; True when an entry was written."""
    return record_reads(session, [(record, fields)]) > 0


def record_reads(
    session: Session,
    readings: Iterable[tuple[Any, Iterable[str]]],
    within: Connection | None = None,
    looked: Mapping[Root, Seen] | None = None,
) -> int:
    """Logs what was read of which records, commits, and returns how many entries were written. Raises NoActorError.

    The same person reading the same fields of the same record within the same hour is one reading, unless much happened to it between.
    It is a short transaction of its own, to be called after the request's has ended: one that writes would make this one wait for it.
    One that has only read may be gone on in instead, on PostgreSQL: `within` is its connection, `looked` what it was told by `look`.
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
        if looked is not None and not looked.keys() >= names.keys():
            own.commit()  # lets go of the locks: whoever takes some, and then more, may wait in a circle
            looked = None
        return _write(own, names, regions, looked)


def _write(
    own: Session, read: Mapping[Root, set[str]], regions: Mapping[Root, int | None], looked: Mapping[Root, Seen] | None, tries: int = 5
) -> int:
    """Writes what is not in the trail yet."""
    seen = look(own, sorted(read)) if looked is None else looked
    locked = frozenset(root for root in read if not seen[root].read)
    ledger(own).ends |= {root: seen[root].end for root in locked}
    drafts = [
        Draft(*root, regions[root], "read", {name: [None, None] for name in sorted(fields)})
        for root, fields in read.items()
        if not seen[root].read >= fields
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
        return _write(own, read, regions, None, tries - 1)
    own.commit()
    ledger(own).publish()
    return len(drafts)


def look(session: Session, roots: Sequence[Root]) -> Mapping[Root, Seen]:
    """What the trail says of these records, in one statement: every page with personal data waits for it. On PostgreSQL it locks, against
    other writers of their chains, the records of which this person has read nothing in the hour."""
    actor, hour = current_actor(), now().replace(minute=0, second=0, microsecond=0)
    found = {root: Seen([], set()) for root in roots}
    for start in range(0, len(roots), ROOTS_PER_READ):
        batch = roots[start : start + ROOTS_PER_READ]
        asked = {f"{name}_{i}": value for i, root in enumerate(batch) for name, value in zip(("kind", "id"), root, strict=True)}
        asked |= {"hour": hour, "actor_name": actor.name, "actor_id": actor.user_id}
        for entry in session.scalars(_looking(tuple(kind for kind, _record_id in batch), actor.user_id is None), asked):
            seen = found[entry.kind, entry.record_id]
            seen.entries.append(entry)
            if entry.action == "read" and entry.at >= hour and (entry.actor_name, entry.actor_id) == (actor.name, actor.user_id):
                seen.read.update(entry.changes)
    for seen in found.values():
        seen.entries.sort(key=lambda entry: -entry.sequence)
    return found


@lru_cache(maxsize=200)
def _looking(kinds: tuple[str, ...], is_nobody: bool) -> Executable:
    """The last entries of each record, once the rows are locked: asking for the ids of these, which decide nothing, makes PostgreSQL do it.
    Asked for this person's readings of the hour instead, it would look through everybody's: it takes the hour for empty."""
    entry = AuditEntry.__table__.c
    ends = (select(AuditEntry.__table__).where(*of_root(i)).order_by(entry.sequence.desc()).limit(LAST) for i in range(len(kinds)))
    last = union_all(*(select(each.subquery()) for each in ends)).cte("last")
    by_me = last.c.actor_id.is_(None) if is_nobody else last.c.actor_id == bindparam("actor_id")
    is_mine = and_(last.c.action == "read", last.c.at >= bindparam("hour"), last.c.actor_name == bindparam("actor_name"), by_me)
    found = select(last)
    for kind in sorted(set(kinds) & root_tables.keys()):
        ids, places = root_tables[kind].c.id, [i for i, other in enumerate(kinds) if other == kind]
        known = select(last.c.record_id).where(last.c.kind == bindparam(f"kind_{places[0]}"), is_mine)
        free = ids.in_([bindparam(f"id_{i}") for i in places]) & ids.not_in(known)
        locked = select(ids).where(free).order_by(ids).with_for_update(key_share=True).cte()
        found = found.where(select(func.coalesce(func.max(locked.c.id), 0)).scalar_subquery() >= 0)
    return select(AuditEntry).from_statement(found).execution_options(reads_only=True)
