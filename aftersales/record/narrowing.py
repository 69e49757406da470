"""Lists narrowed by custom fields.

A value is found by the index over the JSON column. No index serves a span of numbers or days, so a span narrows only what
the other filters leave, and is refused while that is a crowd.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from aftersales.record.base import SharedRecord
from aftersales.record.custom import CustomField, FieldKind, fields_of, stored
from aftersales.record.refusal import Refusal

CROWD = 20_000


def narrowed(session: Session, cls: type[SharedRecord], args: Mapping[str, str], statement: Select[Any]) -> Select[Any]:
    """`statement` narrowed by the custom fields that `args` name."""
    fields = [field for name, field in fields_of(cls).items() if name in cls.filters]
    for field in fields:
        if text := args.get(field.name, "").strip():
            statement = statement.where(_equals(session, cls, field, text))
    spans = [
        (field, suffix, text)
        for field in fields
        for suffix in ("_from", "_until")
        if field.is_ordered and (text := args.get(field.name + suffix, "").strip())
    ]
    if spans:
        _refuse_crowd(session, statement.with_only_columns(cls.id), spans[0][0].name + spans[0][1])
    for field, suffix, text in spans:
        kept = cls.custom[field.code]
        bound = _read(field, text, field.name + suffix)
        column, bound = (kept.as_numeric(30, 10), bound) if field.kind is FieldKind.number else (kept.as_string(), stored(bound))
        statement = statement.where(column >= bound if suffix == "_from" else column <= bound)
    return statement


def _equals(session: Session, cls: type[SharedRecord], field: CustomField, text: str) -> Any:
    value = stored(_read(field, text, field.name))
    if session.connection().dialect.name == "postgresql":
        return type_coerce(cls.custom, JSONB).contains({field.code: value})
    kept = cls.custom[field.code]
    return kept.as_boolean() == value if field.kind is FieldKind.yes_no else kept.as_string() == value


def _read(field: CustomField, text: str, argument: str) -> Any:
    try:
        if field.kind is FieldKind.number:
            number = Decimal(text)
            if not number.is_finite() or abs(number) >= 10**14:
                raise ValueError(text)
            return number
        if field.kind is FieldKind.date:
            return date.fromisoformat(text)
        return {"true": True, "false": False}[text.lower()] if field.kind is FieldKind.yes_no else text
    except (ValueError, KeyError, ArithmeticError):
        raise Refusal(_("Not a value of this field: %(value)s", value=text[:40]), field=argument) from None


def _refuse_crowd(session: Session, ids: Select[Any], argument: str) -> None:
    if session.scalars(ids.offset(CROWD).limit(1)).first() is not None:
        raise Refusal(_("More than %(n)s records: narrow the list by another filter first.", n=CROWD), field=argument)
