"""Regions, beneath every door: no statement of the session returns a row of a foreign region, and no flush writes one.
A guest's bounds likewise.

New code cannot forget it, because no code asks for it: `install` hangs it on the session. It fails closed: with nobody
acting, every statement on a record raises NoActorError.

Not within reach: what the session holds already. A row that the system loaded is given out by `session.get` to whoever acts
next in the same session; ask by `select`, and do not hand a session over (a job closes its own).
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import TableClause, event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, scoped_session, with_loader_criteria
from sqlalchemy.sql import visitors

from aftersales.extensions import Model
from aftersales.record.actor import Actor, actor_or_none, current_actor
from aftersales.record.base import RecordTrace, Regional, SharedRecord
from aftersales.record.refusal import NotAllowed, NotFound, Refusal


class ForbiddenStatement(RuntimeError):
    """A bulk UPDATE or DELETE on records: it would bypass the guards and the audit trail."""


def install(session: scoped_session[Session]) -> None:
    event.listen(session, "do_orm_execute", narrow)
    event.listen(session, "before_flush", refuse_foreign_rows)


def narrow(state: ORMExecuteState) -> None:
    """Adds the actor's regions to every ORM select, whatever it selects: entities, columns, counts, joins, eager loads.

    Also to one that names no record: `select(Account).where(exists().where(Device.serial_no == …))` would tell of a foreign
    device, and SQLAlchemy names only the account of it. Criteria for what a statement does not touch change nothing.
    """
    if (state.is_update or state.is_delete) and _touches_records(state):
        raise ForbiddenStatement("records change one by one through the session, so that guards and trail see it")
    if not state.is_select or state.is_column_load:
        return
    actor = actor_or_none()
    if actor is None:
        _refuse_records(state)
        return
    if actor.bounds is not None:
        state.statement = state.statement.options(*actor.bounds.options())
    if actor.region_ids is None:
        return
    ids = sorted(actor.region_ids)
    state.statement = state.statement.options(
        with_loader_criteria(Regional, lambda cls: cls.region_id.in_(ids), include_aliases=True),
        with_loader_criteria(RecordTrace, lambda cls: cls.region_id.in_(ids) | cls.region_id.is_(None), include_aliases=True),
    )


def _touches_records(state: ORMExecuteState) -> bool:
    return any(issubclass(mapper.class_, SharedRecord) for mapper in state.all_mappers)


def _refuse_records(state: ORMExecuteState) -> None:
    """Before anybody acts only what is no record can be read: accounts, to sign in. A shared record may lead to regional ones."""
    if any(isinstance(part, TableClause) and part.name in _record_tables() for part in visitors.iterate(state.statement)):
        current_actor()


@cache
def _record_tables() -> frozenset[str]:
    return frozenset(
        mapper.local_table.name for mapper in Model.registry.mappers if issubclass(mapper.class_, SharedRecord | RecordTrace)
    )


def refuse_foreign_rows(session: Session, context: UOWTransaction, instances: Any) -> None:
    actor = current_actor() if (session.new or session.dirty or session.deleted) else None
    if actor is None:
        return
    if actor.only_looks or actor.bounds is not None:
        _refuse_storing(session, actor)
    for record in _records(session.deleted):
        if isinstance(record, Regional):
            _refuse_region(record, actor)
    for record in _records([*session.new, *session.dirty]):
        if isinstance(record, Regional):
            _fill_region(record)
            _refuse_region(record, actor)
            _take_along(session, record)
        _refuse_targets(record, actor, session)


def _refuse_storing(session: Session, actor: Actor) -> None:
    stored = [*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row))]
    if any(actor.bounds is None or not actor.bounds.may_store(row) for row in stored):
        raise NotAllowed(_("You only look: nothing can be stored."))


def _records(rows: Iterable[Any]) -> list[SharedRecord]:
    return [row for row in rows if isinstance(row, SharedRecord)]


def _fill_region(record: Any) -> None:
    """Rows inside a record live in its region."""
    parent = record.parent_record()
    if parent is not None and isinstance(parent, Regional):
        if parent.region_id is None:
            _fill_region(parent)
        record.region_id = parent.region_id


def _refuse_region(record: Any, actor: Actor) -> None:
    history = inspect(record).attrs.region_id.history
    if record.region_id is None:
        raise Refusal(_("Choose a region."), field="region_id")
    for region_id in (*history.added, *history.deleted, record.region_id):
        if region_id is not None and not actor.sees_region(region_id):
            raise Refusal(_("This region is not yours."), field="region_id")


def _take_along(session: Session, record: Any) -> None:
    """What lives inside a record or hangs on it moves to another region with it, else its new people would not see it."""
    if record in session.new or not inspect(record).attrs.region_id.history.has_changes():
        return
    with session.no_autoflush:
        for lines in record.lines:
            for row in getattr(record, lines.relation):
                row.region_id = record.region_id
        for trace in RecordTrace.__subclasses__():
            for row in session.scalars(select(trace).where(trace.hangs_on(record))):
                row.region_id = record.region_id


def _refuse_targets(record: SharedRecord, actor: Actor, session: Session) -> None:
    """Every record pointed at must exist and be visible: an id typed into the API is checked like one chosen on the page."""
    if actor.region_ids is None:
        return
    state = inspect(record)
    for relation in state.mapper.relationships:
        if relation.direction.name != "MANYTOONE" or not issubclass(relation.mapper.class_, Regional):
            continue
        (column,) = relation.local_columns
        attribute = state.mapper.get_property_by_column(column).key
        changed = state.attrs[attribute].history.added or state.attrs[relation.key].history.added
        if not changed:
            continue
        target = getattr(record, relation.key)
        if target is None and getattr(record, attribute) is not None:
            raise NotFound(_("There is no such record."), field=attribute)
        if target is not None and target.region_id is not None and not actor.sees_region(target.region_id):
            raise NotFound(_("There is no such record."), field=attribute)
