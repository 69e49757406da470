"""What may still be written: nothing in a sealed record, and in a submitted one only with a reason (GMP 2025 art. 45)."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, UOWTransaction, scoped_session

from aftersales.record import custom
from aftersales.record.base import SharedRecord
from aftersales.record.display import relation_of
from aftersales.record.refusal import Refusal


def install(session: scoped_session[Session]) -> None:
    event.listen(session, "before_flush", refuse_locked)


def refuse_locked(session: Session, context: UOWTransaction, instances: Any) -> None:
    for record in [*session.new, *session.dirty, *session.deleted]:
        if not isinstance(record, SharedRecord):
            continue
        gone, changed = record in session.deleted, record in session.new or session.is_modified(record)
        if gone and record.parent is None:
            raise Refusal(_("Records are kept: they cannot be deleted."))
        if gone and record.why_kept:
            raise Refusal(record.why_kept)
        if (gone or changed) and _was_sealed(record):
            raise Refusal(_("This record is sealed and can no longer be changed."))
        if (gone or changed) and _is_settled(record):
            raise Refusal(_("What was submitted is no longer changed: send it back or withdraw it first."))
        if gone or record not in session.new:
            _demand_reason(record, gone)


def _was_sealed(record: SharedRecord) -> bool:
    root = record.root()
    if root.workflow is None or root.state is None:
        return False
    before = inspect(root).attrs.state.history.deleted
    return root.workflow.state(before[0] if before else root.state).seals and not before


def _is_settled(record: SharedRecord) -> bool:
    """Its own steps still write into it."""
    root = record.root()
    return root.is_settled and getattr(root, "_audit_action", None) not in _verbs(root)


def _demand_reason(record: SharedRecord, gone: bool) -> None:
    root = record.root()
    if getattr(record, "_audit_reason", None) or getattr(root, "_audit_action", None) in _verbs(root):
        return
    if _is_being_written(record):
        return
    touched = ["id"] if gone else list(replaced(record))
    if touched:
        raise Refusal(_("This record is already submitted: give the reason for the change."), field="reason")


def _is_being_written(record: SharedRecord) -> bool:
    """Rows of a section that the record's state is still writing."""
    root = record.root()
    if record.parent is None or root.current_state is None:
        return False
    return any(
        lines.section in root.current_state.writes
        for lines in root.lines
        if inspect(type(root)).relationships[lines.relation].mapper.class_ is type(record)
    )


def _verbs(record: SharedRecord) -> set[str]:
    return {t.name for t in record.workflow.transitions} if record.workflow else set()


def replaced(record: SharedRecord) -> list[str]:
    """Fields of a submitted record whose value is replaced or emptied. Filling an empty one takes nothing from the record."""
    free = record.open_fields() or frozenset()
    skip = free | set(record.fixed) | record.__unaudited__ | {"state", "id", "number"}
    old = {a.key: value for a in inspect(record).mapper.column_attrs for value in inspect(record).attrs[a.key].history.deleted}
    old |= _referred_before(record)
    inside = old.pop(custom.COLUMN, None) or {}
    old |= {custom.PREFIX + key: value for key, value in inside.items() if value != record.custom.get(key)}
    return [name for name, value in old.items() if name not in skip and value not in (None, "")]


def _referred_before(record: SharedRecord) -> dict[str, Any]:
    """References that another record was put in place of, by their column: before the flush only the relation knows of it. The record
    around a row is none: it lets go of rows that are taken out."""
    attributes, before = inspect(record).attrs, {}
    for column, relation in relation_of(type(record)).items():
        added = attributes[relation].history.added if relation != record.parent else ()
        held = getattr(record, column) if added else None
        if held is not None and (added[0] is None or added[0].id != held):
            before[column] = held
    return before
