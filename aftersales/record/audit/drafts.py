"""What a row that was just flushed has to tell the trail."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import InstanceState, Session
from sqlalchemy.orm.attributes import set_committed_value

from aftersales.record.audit.chain import Root
from aftersales.record.audit.entry import AuditEntry, Draft, canonical, kept


class UnknownOldValueError(RuntimeError):
    """A value was changed in place, so what it was before is lost. Assign a new value instead."""


def root_of(record: Any) -> Root:
    if hasattr(record, "audit_root"):
        return record.audit_root()
    return (type(record).__name__, record.id)


def is_audited(cls: type) -> bool:
    return bool(getattr(cls, "__audited__", False))


def audited_columns(cls: type) -> list[str]:
    """The attribute names of the columns that the trail keeps."""
    mapper, skipped = inspect(cls), getattr(cls, "__unaudited__", ())
    return [a.key for a in mapper.column_attrs if a.key not in skipped and not any(c.primary_key for c in a.columns)]


def associations(cls: type) -> list[str]:
    """Many-to-many relations: their change is kept as the sorted ids before and after."""
    skipped = getattr(cls, "__unaudited__", ())
    return [r.key for r in inspect(cls).relationships if r.secondary is not None and not r.viewonly and r.key not in skipped]


def draft_of(session: Session, record: Any, state: InstanceState[Any], is_delete: bool) -> Draft | None:
    created = not state.has_identity
    changes = spread(type(record), _all(record, state, 0 if is_delete else 1) if created or is_delete else _changed(record, state))
    if not changes and not created and not is_delete:
        return None
    kind, record_id = root_of(record)
    line_kind, line_id = line_of(record)
    if is_delete and line_kind is None:
        (kind, record_id), line_kind, line_id = _story_of(session, record)
    verb = "delete" if is_delete else "create" if created else "update"
    named = record.__dict__.pop("_audit_action", None)
    action = named if named and not is_delete else f"{verb}_line" if line_kind else verb
    reason = record.__dict__.pop("_audit_reason", None)
    return Draft(kind, record_id, getattr(record, "region_id", None), action, changes, reason, line_kind, line_id)


def line_of(record: Any) -> tuple[str | None, int | None]:
    own = (type(record).__name__, record.id)
    return (None, None) if root_of(record) == own else own


def _story_of(session: Session, record: Any) -> tuple[Root, str | None, int | None]:
    """A line taken out of its collection no longer knows its parent: the trail does."""
    kind, row_id = type(record).__name__, record.id
    entry = AuditEntry.__table__.c
    query = select(entry.kind, entry.record_id).where(entry.line_kind == kind, entry.line_id == row_id).order_by(entry.id.desc()).limit(1)
    found = session.connection().execute(query).first()
    return ((found.kind, found.record_id), kind, row_id) if found else ((kind, row_id), None, None)


def _all(record: Any, state: InstanceState[Any], side: int) -> dict[str, list[Any]]:
    """Every filled column of a row that comes (side 1) or goes (side 0)."""
    changes = {}
    for key in audited_columns(type(record)):
        if side and key not in state.dict and key not in state.expired_attributes:
            # What was never set was written as NULL; SQLAlchemy would call its old value unknown when it is set later.
            set_committed_value(record, key, None)
        history = state.attrs[key].history
        value = history.deleted[0] if side == 0 and history.deleted else getattr(record, key)
        plain = canonical(value, _type(state, key))
        if plain is not None:
            plain = kept(plain, _type(state, key))
            changes[key] = [None, plain] if side else [plain, None]
    for key in associations(type(record)):
        ids = _ids(getattr(record, key)) if key in state.dict else []
        if ids:
            changes[key] = [[], ids] if side else [ids, []]
    return changes


def _changed(record: Any, state: InstanceState[Any]) -> dict[str, list[Any]]:
    changes = {}
    for key in audited_columns(type(record)):
        history = state.attrs[key].history
        if not history.added and not history.deleted:
            continue
        if not history.deleted:
            raise UnknownOldValueError(f"{type(record).__name__}.{key} was changed in place: assign a new value")
        new = history.added[0] if history.added else None
        pair = [canonical(history.deleted[0], _type(state, key)), canonical(new, _type(state, key))]
        if pair[0] != pair[1]:
            changes[key] = [kept(side, _type(state, key)) for side in pair]
    for key in associations(type(record)):
        history = state.attrs[key].history
        if history.added or history.deleted:
            changes[key] = [_ids([*history.unchanged, *history.deleted]), _ids([*history.unchanged, *history.added])]
    return changes


def _type(state: InstanceState[Any], key: str) -> Any:
    return state.mapper.attrs[key].columns[0].type


def spread(cls: type, changes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A column that holds fields of its own, `__spread__ = (column, prefix)`, is told field by field."""
    column, prefix = getattr(cls, "__spread__", ("", ""))
    old, new = (side if isinstance(side, Mapping) else {} for side in changes.get(column, (None, None)))
    told = {prefix + key: [old.get(key), new.get(key)] for key in sorted({*old, *new}) if old.get(key) != new.get(key)}
    return {name: pair for name, pair in changes.items() if name != column} | told


def _ids(rows: Any) -> list[int]:
    return sorted(row.id for row in rows)
