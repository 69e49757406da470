"""The listeners that turn every flush of an audited class into entries, in the same transaction.

A class is audited when it says `__audited__ = True`; columns in `__unaudited__` and primary keys are left out. A class may
say whose record it belongs to with `audit_root(self) -> (kind, id)`. On an instance, `_audit_action` and `_audit_reason`
name what is being done and why, for the next flush only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Table, UpdateBase, event, inspect
from sqlalchemy.orm import Mapper, Session, SessionTransaction, UOWTransaction, object_session, scoped_session, sessionmaker

from aftersales.extensions import Model
from aftersales.record.audit.chain import Ledger, append, ledger, root_tables, take_write_lock
from aftersales.record.audit.drafts import associations, audited_columns, draft_of, is_audited, line_of, root_of
from aftersales.record.audit.entry import Draft, canonical
from aftersales.record.audit.evidence import AuditSettings

MAINTENANCE = "Maintenance"
_flushing: ContextVar[frozenset[int]] = ContextVar("sessions_in_a_flush", default=frozenset())
_in_maintenance: ContextVar[bool] = ContextVar("in_unaudited_maintenance", default=False)


audited_tables: set[str] = set()


class UnauditedStatementError(RuntimeError):
    """An UPDATE, DELETE or INSERT on an audited table that no flush issued: the trail would not know of it."""


def install(target: scoped_session[Session] | sessionmaker[Session] | type[Session], settings: Callable[[], AuditSettings]) -> None:
    """Hangs the trail on a session or session factory. `settings` is asked at each write, so that it can follow the app."""

    def begin(session: Session, transaction: SessionTransaction) -> None:
        session.info.setdefault("audit", Ledger(settings)).begin(transaction)

    event.listen(target, "after_transaction_create", begin)
    event.listen(target, "before_flush", _before_flush)
    event.listen(target, "after_flush", _after_flush)
    event.listen(target, "after_commit", _after_commit)
    event.listen(target, "after_soft_rollback", _after_rollback)
    for mapper in Model.registry.mappers:  # classes defined before this module was imported
        _know_table(mapper, mapper.class_)
        if mapper.configured:
            _keep_old_values(mapper, mapper.class_)


@contextmanager
def unaudited_maintenance(session: Session, reason: str) -> Iterator[None]:
    """Bulk statements on audited tables are allowed within, and the block itself is an entry (kind "Maintenance", record 0).

    `verify_records` reports what was changed so until `adopt` takes the new values into the trail.
    """
    append(session, [Draft(MAINTENANCE, 0, None, "maintenance", {}, reason)])
    token = _in_maintenance.set(True)
    try:
        yield
    finally:
        _in_maintenance.reset(token)


def record_event(
    session: Session, record: Any, action: str, *, changes: dict[str, list[Any]] | None = None, reason: str | None = None
) -> None:
    """Writes an entry for something done with a stored record that is no change of its columns: signed, printed, sent."""
    kind, record_id = root_of(record)
    region_id = getattr(record, "region_id", None)
    append(session, [Draft(kind, record_id, region_id, action, canonical(changes or {}), reason, *line_of(record))])


def note_event(session: Session, record: Any, action: str, *, changes: dict[str, list[Any]] | None = None) -> None:
    """`record_event` for a request that reads, in a transaction of its own that commits: SQLite cannot turn a transaction that has read
    into a writing one while others write."""
    kind, record_id = root_of(record)
    draft = Draft(kind, record_id, getattr(record, "region_id", None), action, canonical(changes or {}), None, *line_of(record))
    session.rollback()
    take_write_lock(session.connection())
    append(session, [draft])
    session.commit()


@event.listens_for(Mapper, "after_mapper_constructed")
def _know_table(mapper: Mapper[Any], cls: type) -> None:
    if is_audited(cls):
        audited_tables.update(table.key for table in mapper.tables)
        root_tables[cls.__name__] = mapper.local_table


@event.listens_for(Mapper, "mapper_configured")
def _keep_old_values(mapper: Mapper[Any], cls: type) -> None:
    """Without active_history an attribute that expired (after each commit) forgets what it was when set anew."""
    if not is_audited(cls):
        return
    for key in audited_columns(cls):
        if any(column.onupdate is not None for column in mapper.attrs[key].columns):
            raise TypeError(f"{cls.__name__}.{key} has onupdate: its old value would be unknown. Add it to __unaudited__")
        if not event.contains(getattr(cls, key), "set", _no_change):
            event.listen(getattr(cls, key), "set", _no_change, active_history=True)


def _no_change(target: Any, value: Any, old: Any, initiator: Any) -> None:
    """Carries `active_history`, nothing else."""


@event.listens_for(Mapper, "before_insert")
@event.listens_for(Mapper, "before_update")
@event.listens_for(Mapper, "before_delete")
def _enter_flush(mapper: Mapper[Any], connection: Connection, record: Any) -> None:
    """Set where the unit of work is about to write: after_flush or a rollback surely follows and takes it back."""
    _flushing.set(_flushing.get() | {id(object_session(record))})


def _leave_flush(session: Session) -> None:
    _flushing.set(_flushing.get() - {id(session)})


@event.listens_for(Mapper, "before_delete")
def _load_before_delete(mapper: Mapper[Any], connection: Connection, record: Any) -> None:
    """Expired values cannot be read any more once the row is gone."""
    if is_audited(type(record)):
        for key in audited_columns(type(record)):
            getattr(record, key)


def _before_flush(session: Session, context: UOWTransaction, instances: Any) -> None:
    for record in session.dirty:
        if is_audited(type(record)):
            for key in associations(type(record)):
                if inspect(record).attrs[key].history.has_changes():
                    getattr(record, key)  # loads the collection, so that the ids before are known


def _after_flush(session: Session, context: UOWTransaction) -> None:
    _leave_flush(session)
    drafts, new, written = [], set(), set()
    # session.deleted lacks orphans and rows deleted by cascade; the unit of work knows all it has written.
    for state, (is_delete, list_only) in context.states.items():
        record = state.obj()
        if list_only or record is None or not is_audited(type(record)):
            continue
        draft = draft_of(session, record, state, is_delete)
        if draft is None:
            continue
        drafts.append(draft)
        if draft.line_kind is None:
            written.add(draft.root)
            if not state.has_identity:
                new.add(draft.root)
    if not drafts:
        return
    drafts.sort(key=lambda draft: (draft.root, draft.line_kind is not None, draft.line_kind or "", draft.line_id or 0))
    reasons = {draft.root: draft.reason for draft in drafts if draft.line_kind is None}
    drafts = [replace(draft, reason=draft.reason or reasons.get(draft.root)) for draft in drafts]
    append(session, drafts, locked=frozenset(written), new=frozenset(new))


def _after_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        ledger(session).publish()


def _after_rollback(session: Session, previous: SessionTransaction) -> None:
    _leave_flush(session)
    ledger(session).undo(previous)


@event.listens_for(Engine, "before_execute")
def _refuse_unaudited(connection: Connection, statement: Any, multiparams: Any, params: Any, execution_options: Any) -> None:
    if not isinstance(statement, UpdateBase) or _flushing.get() or _in_maintenance.get():
        return
    table = statement.table
    if isinstance(table, Table) and table.key in audited_tables:
        raise UnauditedStatementError(f"{table.key} is audited: change it through the session, or within unaudited_maintenance")
