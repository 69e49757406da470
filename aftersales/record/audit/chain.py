"""Writing entries: each takes the next place in the chain of its own record, in the transaction of the change."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Connection, FromClause, Insert, Select, bindparam, delete, insert, select, union_all
from sqlalchemy.orm import Session, SessionTransaction

from aftersales.record.actor import current_actor
from aftersales.record.audit.entry import FIRST_HASH, AuditEntry, AuditPending, Draft, entry_hash, keyed_tag, new_id
from aftersales.record.audit.evidence import AuditSettings, JournalLine
from aftersales.record.now import captured_at, server_now

Root = tuple[str, int]
ROOTS_PER_READ = 50
FEW = range(2, 6)
root_tables: dict[str, FromClause] = {}  # kind → its table, for the row lock


class Link(NamedTuple):
    """The last entry of a record's chain."""

    sequence: int
    hash: str
    region_id: int | None


NO_LINK = Link(0, FIRST_HASH, None)


@dataclass
class Ledger:
    """What one transaction of a session has written so far. Lives in `session.info`, forgotten at commit and rollback."""

    settings: Callable[[], AuditSettings]
    transaction_id: str = field(default_factory=new_id)
    ends: dict[Root, Link] = field(default_factory=dict)
    written: list[JournalLine] = field(default_factory=list)
    savepoints: dict[SessionTransaction, int] = field(default_factory=dict)

    def begin(self, transaction: SessionTransaction) -> None:
        if transaction.nested:
            self.savepoints[transaction] = len(self.written)

    def undo(self, transaction: SessionTransaction) -> None:
        """Forgets what was rolled back; chain ends are read again."""
        if transaction not in self.savepoints:
            return self.forget()
        del self.written[self.savepoints[transaction] :]
        self.ends = {}

    def fresh(self) -> "Ledger":
        return Ledger(self.settings)

    def publish(self) -> None:
        """Notes outside the database what the transaction, now committed, has written."""
        if self.written:
            self.settings().journal.note(self.written)
        self.forget()

    def forget(self) -> None:
        self.transaction_id = new_id()
        self.ends, self.written, self.savepoints = {}, [], {}


def ledger(session: Session) -> Ledger:
    if "audit" not in session.info:
        session.connection()  # begins a transaction, and the ledger with it
    try:
        return session.info["audit"]
    except KeyError:
        raise LookupError("this session has no audit trail: call aftersales.record.audit.install on it first") from None


def append(session: Session, drafts: Sequence[Draft], *, locked: frozenset[Root] = frozenset(), new: frozenset[Root] = frozenset()) -> None:
    """Chains the drafts in the given order, in two statements: one to read chain ends (of fifty records), one bulk INSERT.

    `new` are records created in this flush (nothing to read); `locked` those whose row this transaction has written. Any other root row
    is locked first (on PostgreSQL), so that two hands on two lines of one record chain one after the other.
    Raises NoActorError.
    """
    actor, book = current_actor(), ledger(session)
    key, at = book.settings().key, server_now()
    if session.get_bind().dialect.name == "postgresql":  # SQLite may give a deleted record's id out again
        book.ends |= {root: NO_LINK for root in new if root not in book.ends}
    unknown = {draft.root for draft in drafts} - book.ends.keys()
    lock_roots(session, unknown - locked)
    book.ends |= _chain_ends(session, unknown)
    rows = []
    for draft in drafts:
        end = book.ends[draft.root]
        row = draft.columns() | {
            "id": new_id(),
            "transaction_id": book.transaction_id,
            "region_id": end.region_id if draft.region_id is None else draft.region_id,
            "sequence": end.sequence + 1,
            "at": at,
            "captured_at": captured_at(),
            "actor_id": actor.user_id,
            "actor_name": actor.name,
            "previous_hash": end.hash,
        }
        row["hash"] = entry_hash(row)
        row["tag"] = keyed_tag(key, "entry", row["hash"])
        rows.append(row)
        book.ends[draft.root] = Link(row["sequence"], row["hash"], row["region_id"])
        book.written.append(JournalLine(row["id"], draft.kind, draft.record_id, row["sequence"], row["hash"]))
    if len(rows) in FEW:
        told = {f"{name}_{i}": value for i, row in enumerate(rows) for name, value in row.items()}
        session.connection().execute(_inserting(len(rows)), told)
    else:
        session.connection().execute(insert(AuditEntry.__table__), rows)


@cache
def _inserting(count: int) -> Insert:
    """So many entries in one statement: for few, the driver's way of many costs as much again."""
    columns = AuditEntry.__table__.columns
    rows = [select(*(bindparam(f"{column.name}_{i}", type_=column.type) for column in columns)) for i in range(count)]
    return insert(AuditEntry.__table__).from_select([column.name for column in columns], union_all(*rows))


def lock_roots(session: Session, roots: set[Root]) -> None:
    """Locks the record's row against other writers of its chain. SQLite has one writer at a time already."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for kind, ids in _by_kind(roots).items():
        table = root_tables.get(kind)
        if table is not None:
            session.connection().execute(_locking(table), {"ids": ids}).all()


@cache
def _locking(table: FromClause) -> Select[Any]:
    ids = bindparam("ids", expanding=True)
    return select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(key_share=True)


def take_write_lock(connection: Connection) -> None:
    """Takes SQLite's write lock before the first read, by a write that changes nothing. PostgreSQL has row locks."""
    if connection.dialect.name == "sqlite":
        connection.execute(delete(AuditPending.__table__).where(AuditPending.entry_id == ""))


def _chain_ends(session: Session, roots: set[Root]) -> dict[Root, Link]:
    """One look at the end of the index per record. (A join with max(sequence) is planned as a loop over every entry of the kind
    where PostgreSQL's statistics hold the kind for rare.)"""
    ends = dict.fromkeys(roots, NO_LINK)
    ordered = sorted(roots)
    for start in range(0, len(ordered), ROOTS_PER_READ):
        batch = ordered[start : start + ROOTS_PER_READ]
        asked = {f"{name}_{i}": value for i, root in enumerate(batch) for name, value in zip(("kind", "id"), root, strict=True)}
        rows = session.connection().execute(_newest(len(batch)), asked)
        ends |= {(row.kind, row.record_id): Link(row.sequence, row.hash, row.region_id) for row in rows}
    return ends


@cache
def _newest(count: int) -> CompoundSelect[Any]:
    """The last entries of so many records. Built once: that takes longer than the answer, and every writing waits for it."""
    entry = AuditEntry.__table__.c
    columns = (entry.kind, entry.record_id, entry.sequence, entry.hash, entry.region_id)
    ends = (select(*columns).where(*of_root(i)).order_by(entry.sequence.desc()).limit(1) for i in range(count))
    return union_all(*(select(end.subquery()) for end in ends))


def of_root(place: int) -> tuple[ColumnElement[bool], ...]:
    """That an entry is of the record :kind_N, :id_N."""
    entry = AuditEntry.__table__.c
    return entry.kind == bindparam(f"kind_{place}"), entry.record_id == bindparam(f"id_{place}")


def _by_kind(roots: set[Root]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for kind, record_id in sorted(roots):
        found[kind].append(record_id)
    return found
