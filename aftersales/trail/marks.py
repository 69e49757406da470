"""What the records of entries are known by: their number, else the first word of their list. One statement for all of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import Enum, Select, String, inspect, literal, select, union_all
from sqlalchemy.orm import Session

from aftersales.record.base import SharedRecord
from aftersales.security.account import Account
from aftersales.security.matrix import role_words

Key = tuple[str, int]


def marks_of(session: Session, keys: Iterable[Key]) -> dict[Key, str]:
    """By kind and id; what has no such word, or is out of sight, is left out."""
    ids: dict[str, set[int]] = defaultdict(set)
    for kind, record_id in keys:
        ids[kind].add(record_id)
    asked = list(_selects(ids))
    if not asked:
        return {}
    rows = session.execute(select(union_all(*asked).subquery()))
    return {(kind, pk): role_words(mark) if kind == "Role" else mark for kind, pk, mark in rows if mark}


def _selects(ids: dict[str, set[int]]) -> Iterator[Select[Any]]:
    for kind, wanted in ids.items():
        cls, mark = _OUTSIDE.get(kind) or _known(SharedRecord.record_types.get(kind))
        if mark is not None:
            yield select(literal(kind, String).label("kind"), cls.id.label("id"), mark.label("mark")).where(cls.id.in_(wanted))


def _known(cls: Any) -> tuple[Any, Any]:
    """The column that tells one record of the type from another; none that would give away personal data."""
    if cls is None:
        return None, None
    if cls.prefix:
        return cls, cls.number
    columns = inspect(cls).columns
    named = (name for name in cls.listing if name in columns and name not in cls.personal)
    return cls, next((getattr(cls, name) for name in named if _is_text(columns[name].type)), None)


def _is_text(kind: Any) -> bool:
    return isinstance(kind, String) and not isinstance(kind, Enum)


_OUTSIDE: dict[str, tuple[Any, Any]] = {"Account": (Account, Account.username), "Role": (Role, Role.name)}
