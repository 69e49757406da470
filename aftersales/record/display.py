"""Values as people read them: labels for choices, China's time, names for references; never a raw enum, never "None"."""

import enum
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect

from aftersales.labels import fact_label, has_label, label
from aftersales.record import custom
from aftersales.record.actor import SYSTEM
from aftersales.record.base import SharedRecord, snake_case
from aftersales.record.now import CHINA
from aftersales.record.privacy import read_personal


@dataclass(frozen=True)
class Shown:
    """A value on a page: its words, where they lead, the tone of a chip, whether they are a code or long prose, what stands beneath."""

    text: str
    url: str = ""
    tone: str = ""
    is_code: bool = False
    is_long: bool = False
    hint: str = ""


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
CODES = ("number", "_no", "udi", "code", "version")


def hand_words(name: str | None) -> str:
    """Whose hand it was: a person by name, the program itself in the reader's language."""
    return _("The system") if name == SYSTEM.name else name or "—"


def shown(record: SharedRecord, name: str) -> Shown:
    """A field as the record's page shows it to this person."""
    cls = type(record)
    return as_shown(record, name, read_personal(cls, name, getattr(record, relation_of(cls).get(name, name))))


def as_shown(record: SharedRecord, name: str, value: Any) -> Shown:
    """What may be told of a field, in words."""
    if name == "state":
        return Shown(label(f"{record.key()}.state.{value}"), tone=state_tone(record))
    if isinstance(value, SharedRecord):
        return Shown(str(value), url="" if value.parent else url_of(value))
    if isinstance(value, list):
        return Shown(_(", ").join(str(item) for item in value))
    text = own_words(type(record), name, value) or _worded(name, value)
    return Shown(text, tone=getattr(value, "tone", ""), is_code=name.endswith(CODES), is_long=len(text) > 60 or "\n" in text)


def known_as(record: SharedRecord) -> str:
    """What people recognise a record by, in one line."""
    return f"{record.caption} {record.hint}".strip() if record.caption != str(record) else str(record)


def own_words(cls: type[SharedRecord], name: str, value: Any) -> str:
    """The words that the record type itself has for a value: of a custom field, or of what a column offers; "" for none."""
    if (field := custom.field_of(cls, name)) is not None:
        return field.text(value)
    return dict(cls.offers[name]()).get(value, "") if name in cls.offers and value else ""


@cache
def is_handle(cls: type[SharedRecord], name: str) -> bool:
    """Whether a field is only what the program knows a thing by, an account's number or a key: it tells people nothing."""
    column = inspect(cls).columns.get(name)
    return name.endswith(("token", "_key")) or (column is not None and bool(column.foreign_keys) and name not in relation_of(cls))


def is_code(name: str) -> bool:
    """Whether a field holds what stands on labels and papers, and is scanned rather than typed."""
    return name.endswith(CODES) and not name.endswith("version")


def words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return label(f"yes_no.{str(value).lower()}")
    if isinstance(value, enum.Enum):
        return label(f"{snake_case(type(value).__name__)}.{value.name}")
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, dict):
        return "；".join(f"{fact_label(key)} = {_worded(key, item)}" for key, item in value.items())
    return str(value)


def _worded(name: str, value: Any) -> str:
    """A value in words, also where it is a name that only the glossary knows as a choice: milestone, fault_level."""
    if isinstance(value, list | tuple):
        return _(", ").join(_worded(name, item) for item in value)
    known = isinstance(value, str) and has_label(f"{name}.{value}")
    return label(f"{name}.{value}") if known else words(value)


def change_words(cls: type[SharedRecord], field: str, value: Any) -> str:
    """A value of the trail, which is stored as plain data, in the words of its column."""
    if value is None or value == "":
        return "—"
    if own := own_words(cls, field, value):
        return own
    column = inspect(cls).columns.get(field) if field in inspect(cls).columns else None
    if field == "state":
        key = f"{cls.key()}.state.{value}"
        return label(key) if has_label(key) else str(value)
    members = getattr(getattr(column, "type", None), "enum_class", None)
    if members is not None:
        return words(members(value))
    if isinstance(value, str) and MOMENT.match(value):
        return words(datetime.fromisoformat(value))
    if column is not None and "told" in column.info:  # of structured content, what tells it in words
        return column.info["told"](value)
    return _worded(field, value)


@cache
def relation_of(cls: type[SharedRecord]) -> dict[str, str]:
    """From a foreign key's attribute to the relation that leads to the other record: customer_id → customer."""
    return {
        next(iter(relation.local_columns)).key: relation.key
        for relation in inspect(cls).relationships
        if relation.direction.name == "MANYTOONE" and issubclass(relation.mapper.class_, SharedRecord)
    }


def url_of(record: SharedRecord) -> str:
    """The page a record is read on: for a row inside a record that record's, told from the row without loading it."""
    if record.parent is not None:
        home = inspect(type(record)).relationships[record.parent]
        home_id = getattr(record, f"{record.parent}_id")
        if home.mapper.class_.parent is None and home_id is not None:
            return f"/{home.mapper.class_.key()}/show/{home_id}"
    root = record.root()
    return f"/{root.key()}/show/{root.id}"


def state_tone(record: SharedRecord) -> str:
    state = record.current_state
    if state is None:
        return ""
    if state.seals or state.ends:
        return "ok" if state.seals else ""
    return "info" if state is record.workflow.initial else "accent"
