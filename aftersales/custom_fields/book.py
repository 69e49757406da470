"""What the kernel asks for: every custom field by record type, read again only when a definition changed."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import current_app, g, has_request_context
from sqlalchemy import ColumnElement, Select, event, inspect, select
from sqlalchemy.orm import object_session

from aftersales.custom_fields.definition import FieldChoice, FieldDefinition, type_of
from aftersales.deadlines.memory import forget, mark_of, once_a_transaction
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.custom import Choice, CustomField, declared_by

KEY = "custom_fields"
Book = Mapping[str, Mapping[str, CustomField]]


def custom_fields() -> Book:
    """Kept in the process while the mark is the same. A person's request brings the mark with the grants; else it is asked."""
    return once_a_transaction(db.session, KEY, _book)


def _book() -> Book:
    mark = g.get("custom_fields_mark") if has_request_context() else None
    mark = mark or db.session.connection().execute(select(custom_fields_mark())).scalar_one()
    known, book = current_app.extensions.get("custom_fields_kept", ("", {}))
    if mark != known:
        book = _read()
        current_app.extensions["custom_fields_kept"] = (mark, book)
    return book


@cache
def custom_fields_mark() -> ColumnElement[str]:
    definitions, choices = (select(mark_of(cls)).scalar_subquery() for cls in (FieldDefinition, FieldChoice))
    return definitions + ";" + choices


def _read() -> Book:
    """By columns: what somebody is just writing must not be taken for what is in force."""
    choices, book = defaultdict(list), defaultdict(dict)
    with db.session.no_autoflush, acting_as(SYSTEM):
        for row in db.session.execute(_columns(FieldChoice).order_by(FieldChoice.position, FieldChoice.id)):
            choices[row.definition_id].append(row)
        for row in db.session.execute(_columns(FieldDefinition).order_by(FieldDefinition.position, FieldDefinition.id)):
            field = _field(row, choices[row.id])
            book[row.record_type][field.name] = field
    return dict(book)


def _columns(cls: type[SharedRecord]) -> Select[Any]:
    return select(*(getattr(cls, attribute.key) for attribute in inspect(cls).column_attrs))


def _field(row: Any, choices: list[Any]) -> CustomField:
    """A section that the program no longer has is its first."""
    declared = declared_by(type_of(row.record_type), "sections")
    section = row.place.partition(".")[2]
    return CustomField(
        code=row.code,
        kind=row.kind,
        section=section if section in declared else next(iter(declared), ""),
        words=(row.name, row.name_en),
        help=(row.hint_zh or "", row.hint_en or ""),
        unit=row.unit or "",
        lower=row.lower,
        upper=row.upper,
        choices=tuple(Choice(choice.code, (choice.name, choice.name_en), choice.is_offered) for choice in choices),
        revision=row.version + sum(choice.version for choice in choices),
        required_from=row.required_from,
        required_state=(row.required_state or "").partition(".")[2] or None,
        active_from=row.active_from,
        active_until=row.active_until,
        is_personal=row.is_personal,
        is_listed=row.is_listed,
        is_filter=row.is_filter,
        is_searched=row.is_searched,
        is_summed=row.is_summed,
    )


for changed in (FieldDefinition, FieldChoice):
    for moment in ("after_insert", "after_update", "after_delete"):

        @event.listens_for(changed, moment)
        def _forget(mapper: object, connection: object, row: FieldDefinition | FieldChoice) -> None:
            forget(object_session(row), KEY)
            if has_request_context():
                g.pop("custom_fields_mark", None)
