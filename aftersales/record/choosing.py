"""Which columns a list shows: what may be chosen, and what each is called. List and export ask here."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from flask_babel import gettext as _
from sqlalchemy import Integer, Numeric, inspect

from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.record.ciphers import enciphered
from aftersales.record.custom import FieldKind, field_of, is_custom
from aftersales.record.display import is_handle, relation_of
from aftersales.record.refusal import Refusal

NEXT_DUE = "next_due"
MOST_COLUMNS = 30
ON_PHONE = 3
ALWAYS = ("number", "state", NEXT_DUE)


@dataclass(frozen=True)
class Column:
    """A column of a list. `is_number` stands at the right, `is_minor` is left out on a phone."""

    name: str
    label: str
    is_number: bool = False
    is_minor: bool = False


def choosable(cls: type[SharedRecord]) -> tuple[str, ...]:
    """What may be a column: everything of the record's page that is one value. References go by their relation's name."""
    mapper, relations = inspect(cls), relation_of(cls)
    told = [name for fields in cls.sections.values() for name in fields if is_custom(name) or _is_one_value(cls, name)]
    common = [name for name in ("number", "state", "region_id", "created_at", "changed_at") if name in mapper.columns]
    names = dict.fromkeys(relations.get(name, name) for name in (*cls.listing, *told, *common))
    return (*names, NEXT_DUE) if cls.clocks else tuple(names)


@cache
def _is_one_value(cls: type[SharedRecord], name: str) -> bool:
    """A column that says something by itself, or whose reference leads to a record that does. What is kept encrypted is read on the
    record's page, where that is noted: a list of it would go out as a workbook, which is not."""
    return name in inspect(cls).columns and not is_handle(cls, name) and name not in enciphered(cls)


def usual(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The columns of a list nobody has arranged."""
    return (*cls.listing, NEXT_DUE) if cls.clocks else cls.listing


def chosen(cls: type[SharedRecord], text: str) -> tuple[str, ...]:
    """The columns that `text` names with commas, in its order; () for none. Refusal for one there is not."""
    relations = relation_of(cls)
    names = tuple(dict.fromkeys(relations.get(name.strip(), name.strip()) for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in choosable(cls)]
    if unknown or len(names) > MOST_COLUMNS:
        raise Refusal(_("There is no such field.") + " " + ", ".join(unknown)[:200], field="columns")
    return names


def columns_of(cls: type[SharedRecord], names: Iterable[str]) -> tuple[Column, ...]:
    names = tuple(names)
    further = sorted(names[1:], key=lambda name: name not in relation_of(cls).values())  # a telephone shows whose and which before when
    on_phone = {*names[:1], *[name for name in further if name not in ALWAYS][: ON_PHONE - 1], *ALWAYS}
    return tuple(Column(name, label_of(cls, name), _is_number(cls, name), name not in on_phone) for name in names)


def label_of(cls: type[SharedRecord], name: str) -> str:
    return label("record.next_due") if name == NEXT_DUE else cls.field_label(name)


def _is_number(cls: type[SharedRecord], name: str) -> bool:
    if (field := field_of(cls, name)) is not None:
        return field.kind is FieldKind.number
    column = inspect(cls).columns.get(name)
    return column is not None and isinstance(column.type, Integer | Numeric) and not column.foreign_keys
