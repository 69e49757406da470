"""One page of a list: narrowed, searched, ordered and turned by key, so the ten-thousandth page costs what the first does."""

import base64
import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Integer, Select, inspect, literal_column, tuple_
from sqlalchemy.orm import Load, Session, joinedload

from aftersales.record.base import SharedRecord
from aftersales.record.choosing import choosable, chosen, usual
from aftersales.record.display import relation_of
from aftersales.record.filtering import filtered, value_of
from aftersales.record.refusal import Refusal

PAGE = 25
LARGEST_PAGE = 100


@dataclass(frozen=True)
class ListPage:
    """Rows with the cursors to the pages beside them; a cursor is None where there is no such page."""

    rows: list[Any]
    after: str | None
    before: str | None


@dataclass(frozen=True)
class ListQuery:
    """What the arguments of a list's address ask for: the columns by name, and the rows in no order yet."""

    cls: type[SharedRecord]
    columns: tuple[str, ...]
    statement: Select[Any]

    def with_references(self) -> Select[Any]:
        """The rows together with the records that the columns refer to."""
        return self.statement.options(*eager(self.cls, self.columns))


def list_query(session: Session, cls: type[SharedRecord], args: Mapping[str, str], kept: tuple[str, ...] = ()) -> ListQuery:
    """One reading of the arguments for page, API, export and bulk action. `columns` of the address come before those a person `kept`."""
    return ListQuery(cls, chosen(cls, args.get("columns", "")) or kept or usual(cls), filtered(session, cls, args))


def list_page(session: Session, query: ListQuery, args: Mapping[str, str], size: int = PAGE) -> ListPage:
    """The rows of `query`, turned as `args` ask: order ("-id", "number"), after or before a cursor."""
    cls = query.cls
    keys, descending = ordered_by(cls, args)
    backward = bool(args.get("before"))
    statement = query.with_references()
    cursor = args.get("before") or args.get("after")
    downward = descending != backward
    if cursor:
        position = tuple_(*keys) if len(keys) > 1 else keys[0]
        values = _read_cursor(cursor, keys)
        limit = tuple_(*values) if len(keys) > 1 else values[0]
        statement = statement.where(position < limit if downward else position > limit)
    statement = statement.order_by(*(key.desc() if downward else key.asc() for key in keys)).limit(at_most(size + 1))
    rows = list(session.scalars(statement).unique())
    more, rows = len(rows) > size, rows[:size]
    if backward:
        rows.reverse()
    has_next, has_previous = (bool(cursor), more) if backward else (more, bool(cursor))
    return ListPage(
        rows,
        after=_write_cursor(rows[-1], keys) if rows and has_next else None,
        before=_write_cursor(rows[0], keys) if rows and has_previous else None,
    )


def at_most(rows: int) -> ColumnElement[int]:
    """A LIMIT that stands in the statement. Of one that comes beside it PostgreSQL takes a tenth of the table, finds the plan it could
    keep too dear, and plans the statement anew each time it is sent."""
    return literal_column(str(int(rows)), Integer)


def eager(cls: type[SharedRecord], names: Iterable[str]) -> list[Any]:
    """Loads the records that `names` refer to with the rows, and nothing else of them."""
    relations = relation_of(cls)
    wanted = {relations.get(name, name) for name in names} & set(relations.values())
    return [joinedload(getattr(cls, name)).options(*_for_caption(cls, name)) for name in sorted(wanted)]


def _for_caption(cls: type[SharedRecord], relation: str) -> list[Any]:
    target = inspect(cls).relationships[relation].mapper.class_
    return [joinedload(getattr(target, name)) for name in getattr(target, "captioned_by", ())]


@cache
def orders(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The columns a list may be ordered by: those an index serves and that are never empty. A company's own fields are none."""
    return ("id", *(name for name in choosable(cls) if name in led(cls) and not inspect(cls).columns[name].nullable))


def reaching(cls: type[SharedRecord], paths: Iterable[str]) -> list[Any]:
    """Loads with the rows what `paths` lead to: "device.model"."""
    options = []
    for path in paths:
        here, option = cls, Load(cls)
        for name in path.split("."):
            attribute = getattr(here, name)
            here, option = attribute.property.mapper.class_, option.joinedload(attribute)
        options.append(option)
    return options


@cache
def led(cls: type[SharedRecord]) -> frozenset[str]:
    """The columns that an index begins with: what they narrow or order is found without reading the table."""
    first = {next(iter(index.columns)).key for index in cls.__table__.indexes}
    return frozenset(first | {column.key for column in cls.__table__.columns if column.unique or column.index})


def _order(cls: type[SharedRecord], text: str) -> tuple[Any, bool]:
    name, descending = text.lstrip("-"), text.startswith("-")
    if name not in orders(cls):
        raise Refusal(_("The list cannot be ordered by this."), field="order")
    return getattr(cls, name), descending


def ordered_by(cls: type[SharedRecord], args: Mapping[str, str]) -> tuple[tuple[Any, ...], bool]:
    """The columns that order the list, the last of them unique, and whether they descend."""
    order, descending = _order(cls, args.get("order") or "-id")
    return ((order, cls.id) if order is not cls.id else (cls.id,)), descending


def _write_cursor(row: Any, keys: tuple[Any, ...]) -> str:
    values = [getattr(row, key.key) for key in keys]
    plain = [v.value if isinstance(v, enum.Enum) else v.isoformat() if isinstance(v, date) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read_cursor(text: str, keys: tuple[Any, ...]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(keys):
            raise ValueError(text)
        return [value_of(key, str(value), "after") for key, value in zip(keys, values, strict=True)]
    except (ValueError, TypeError):
        raise Refusal(_("This page mark is not valid."), field="after") from None

