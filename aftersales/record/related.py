"""What refers to a record: of each type that does, and that this person may read, the newest few and the way to all of them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.filtering import filter_names
from aftersales.record.listing import reaching

FEW = 5


@dataclass(frozen=True)
class Related:
    """`url` is the list of all where there are more and the type's list can be narrowed to them."""

    title: str
    rows: list[Any]
    url: str


def related_to(session: Session, record: SharedRecord) -> list[Related]:
    """One statement for each type that refers to this one by a key with an index."""
    actor = current_actor()
    found = []
    for cls, field in referring(type(record)):
        if not actor.can("can_read", cls.permission_name()):
            continue
        chosen = select(cls).where(getattr(cls, field) == record.id).options(*reaching(cls, cls.about_from))
        rows = list(session.scalars(chosen.order_by(cls.id.desc()).limit(FEW + 1)).unique())
        if rows:
            has_all = len(rows) > FEW and field in filter_names(cls)
            found.append(Related(cls.plural(), rows[:FEW], f"/{cls.key()}/list/?{field}={record.id}" if has_all else ""))
    return found


@cache
def referring(target: type[SharedRecord]) -> tuple[tuple[type[SharedRecord], str], ...]:
    """The types that refer to `target`, each with its field: no rows inside records, and not the region, which stands on everything."""
    return tuple(
        (cls, column.key)
        for cls in SharedRecord.record_types.values()
        if cls.parent is None
        for relation in inspect(cls).relationships
        if relation.direction.name == "MANYTOONE" and relation.mapper.class_ is target and relation.key != "region"
        for column in relation.local_columns
        if _is_indexed(cls, column.key)
    )


def _is_indexed(cls: type[SharedRecord], field: str) -> bool:
    column = cls.__table__.columns[field]
    return bool(column.unique or column.index) or any(next(iter(index.columns)).key == field for index in cls.__table__.indexes)
