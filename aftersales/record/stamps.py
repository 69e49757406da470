"""What the system fills in before a row is written: who, when, number, search text. Nobody types these."""

import enum
from datetime import date
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import event, inspect, select, update
from sqlalchemy.orm import Session, UOWTransaction, joinedload, scoped_session, undefer

from aftersales.record.actor import current_actor
from aftersales.record.audit import unaudited_maintenance
from aftersales.record.base import Regional, SharedRecord, follow
from aftersales.record.now import CHINA, server_now
from aftersales.record.numbering import next_number
from aftersales.record.spelling import MARK, initials


def install(session: scoped_session[Session]) -> None:
    event.listen(session, "before_flush", stamp)


def stamp(session: Session, context: UOWTransaction, instances: Any) -> None:
    for record in [*session.new, *session.dirty]:
        if isinstance(record, SharedRecord) and (record in session.new or session.is_modified(record)):
            _stamp(session, record)


def _stamp(session: Session, record: SharedRecord) -> None:
    actor, moment = current_actor(), server_now()
    if record in session.new:
        _say_empty(record)
        record.created_at = record.created_at or moment
        record.created_by_id = actor.user_id
        if record.prefix and not getattr(record, "number", None):
            day = moment.astimezone(CHINA).date()
            numbering = current_app.extensions["numbering"](session, record.prefix, day)
            record.number = next_number(session, numbering, _region_code(session, record), day.year)
    record.changed_at = moment
    record.changed_by_id = actor.user_id
    record.search_text = search_text(record)


def _say_empty(record: SharedRecord) -> None:
    """What was not said of a new record is empty: else nobody knows what was there when it is filled before the commit."""
    said = record.__dict__
    for name, relation in _optional(type(record)):
        if name not in said and relation not in said:
            setattr(record, name, None)


@cache
def _optional(cls: type[SharedRecord]) -> tuple[tuple[str, str], ...]:
    """The columns that may stay empty, each with the relation that may fill it ("" for none)."""
    mapper = inspect(cls)
    relations = {next(iter(r.local_columns)): r.key for r in mapper.relationships if r.direction.name == "MANYTOONE"}
    pairs = ((attribute.key, attribute.columns[0]) for attribute in mapper.column_attrs)
    return tuple((name, relations.get(column, "")) for name, column in pairs if column.nullable and column.default is None)


def _region_code(session: Session, record: SharedRecord) -> str | None:
    if not isinstance(record, Regional):
        return None
    region_class = SharedRecord.record_types["Region"]
    return session.get_one(region_class, record.region_id).code


def search_text(record: SharedRecord) -> str:
    """Everything a person would type to find this record, in lower case, one line a field."""
    values = (follow(record, path) for path in record.searched)
    lines = [_words(value) for value in values if value not in (None, "")]
    spelled = (initials(follow(record, path) or "") for path in record.spelled)
    return "\n".join([*lines, *(MARK + letters for letters in spelled if letters)]).lower()


def rewrite_search_text(session: Session, batch: int = 500) -> int:
    """Write the search text of every record anew, after what it is made of has changed, and return how many differed.

    Commits after each batch, so it may be ended at any moment and begun again. The text is no content: the trail says that it was done.
    """
    count = 0
    for cls in list(SharedRecord.record_types.values()):
        last, table = 0, cls.__table__
        chosen = select(cls).options(undefer(cls.search_text), *_followed(cls)).order_by(cls.id).limit(batch)
        while rows := session.scalars(chosen.where(cls.id > last)).unique().all():
            last, changed = rows[-1].id, {row.id: text for row in rows if (text := search_text(row)) != row.search_text}
            session.expunge_all()
            if changed:
                with unaudited_maintenance(session, f"search text of {len(changed)} × {cls.__name__}"):
                    for row_id, text in changed.items():
                        session.connection().execute(update(table).where(table.c.id == row_id).values(search_text=text))
            count += len(changed)
            session.commit()
    return count


def _followed(cls: type[SharedRecord]) -> list[Any]:
    """The records whose names are part of the search text, loaded with the row."""
    options = []
    for path in {*cls.searched, *cls.spelled}:
        here, option = cls, None
        for name in path.split(".")[:-1]:
            relation = getattr(here, name)
            option = joinedload(relation) if option is None else option.joinedload(relation)
            here = inspect(here).relationships[name].mapper.class_
        options += [option] if option is not None else []
    return options


def _words(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date) else str(value)


def is_new(record: SharedRecord) -> bool:
    state = inspect(record)
    return bool(state.transient or state.pending)
