"""Rows that stand in an order which people give them: every kind of row that has a `position`."""

from sqlalchemy import Integer, inspect

from aftersales.record.base import SharedRecord
from aftersales.record.words import Lines

POSITION = "position"


def row_class(cls: type[SharedRecord], relation: str) -> type[SharedRecord]:
    return inspect(cls).relationships[relation].mapper.class_


def is_ordered(cls: type[SharedRecord]) -> bool:
    """Whether the rows of this type stand in an order that people give them."""
    column = inspect(cls).columns.get(POSITION)
    return cls.parent is not None and column is not None and isinstance(column.type, Integer)


def ordered_lines(cls: type[SharedRecord], relation: str) -> Lines | None:
    return next((lines for lines in cls.lines if lines.relation == relation and is_ordered(row_class(cls, relation))), None)
