"""Records as plain data without a number of the database: what people wrote, and of other records what those are known by anywhere."""

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import JSON, inspect, select
from sqlalchemy.orm import Session

from aftersales.record.base import SharedRecord
from aftersales.record.custom import stored
from aftersales.record.display import relation_of
from aftersales.record.filtering import value_of
from aftersales.record.payload import filled_form
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create

Item = dict[str, Any]


def key_of(record: SharedRecord) -> Any:
    """What the record is known by: a value, or a list where that takes several."""
    parts = [_plain(getattr(record, name)) for name in record.known_by]
    return parts[0] if len(parts) == 1 else parts


def described(record: SharedRecord) -> Item:
    """What people wrote into the record and the rows inside it; personal data is left out."""
    own = {name: _plain(getattr(record, name)) for name in names_of(type(record))}
    return own | {lines.relation: [described(row) for row in getattr(record, lines.relation)] for lines in record.lines}


def names_of(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The fields of a description; references go by their relation."""
    relations = relation_of(cls)
    names = dict.fromkeys((*cls.known_by, *(relations.get(name, name) for name in cls.form_fields())))
    return tuple(name for name in names if name != cls.parent and name not in cls.personal)


def found(session: Session, cls: type[SharedRecord], key: Any) -> Any:
    """The record known by `key`; None where there is none."""
    parts = [key] if len(cls.known_by) == 1 else key
    if not isinstance(parts, list) or len(parts) != len(cls.known_by):
        return None
    statement = select(cls)
    for name, part in zip(cls.known_by, parts, strict=True):
        relation = inspect(cls).relationships.get(name)
        if relation is not None and part is not None:
            part = found(session, relation.mapper.class_, part)
            if part is None:
                return None
        elif part is not None and not isinstance(getattr(cls, name).type, JSON):
            part = value_of(getattr(cls, name), str(part), name)
        statement = statement.where(getattr(cls, name) == part)
    return session.scalars(statement.limit(1)).one_or_none()


def written(
    session: Session, cls: type[SharedRecord], item: Mapping[str, Any], record: Any = None, *, parent: Any = None, reason: str = ""
) -> SharedRecord:
    """What `item` describes, as a new record or as what `record` becomes, through the form that people fill in. Rows inside it are
    added or changed, never taken out. Raises Refusal."""
    inside = {lines.relation for lines in cls.lines}
    columns = {name: column for column, name in relation_of(cls).items()}
    values = {columns.get(name, name): _here(session, cls, name, value) for name, value in item.items() if name not in inside}
    form = filled_form(cls, tuple(columns.get(name, name) for name in names_of(cls)), values, record, partial=record is not None)
    if record is None:
        record = create(session, cls, form.values() | ({} if parent is None else {cls.parent: parent}), reason=reason)
    else:
        change(session, record, form.values(), reason=reason)
    for lines in cls.lines:
        _write_rows(session, record, lines.relation, item.get(lines.relation) or [], reason)
    return record


def _write_rows(session: Session, record: SharedRecord, relation: str, items: Any, reason: str) -> None:
    cls = inspect(type(record)).relationships[relation].mapper.class_
    there = {row_key(cls, described(row)): row for row in getattr(record, relation)}
    for item in rows(items, relation):
        row = there.get(row_key(cls, item))
        written(session, cls, item, row, parent=record, reason=reason)


def rows(items: Any, field: str) -> Iterable[Item]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(_("Not a list of entries."), field=field)
    return items


def row_key(cls: type[SharedRecord], item: Mapping[str, Any]) -> str:
    """What tells a row inside a record from its siblings."""
    return str([item.get(name) for name in cls.known_by if name != cls.parent])


def _here(session: Session, cls: type[SharedRecord], name: str, value: Any) -> Any:
    """A described value as the form takes it: of another record the id it has here."""
    relation = inspect(cls).relationships.get(name)
    if relation is None or value is None:
        return value
    target = relation.mapper.class_
    record = found(session, target, value)
    if record is None:
        raise Refusal(_("There is no %(type)s “%(key)s” here.", type=target.label(), key=key_words(value)), field=name)
    return record.id


def key_words(key: Any) -> str:
    """A key as people read it."""
    parts = key if isinstance(key, list) else [key]
    return " · ".join(str(part) for part in parts if part is not None)


def _plain(value: Any) -> Any:
    if isinstance(value, SharedRecord):
        return key_of(value)
    return value.value if isinstance(value, enum.Enum) else stored(value)
