"""Ten times as many rows of everything, written past the program: copies of the company, and more lines in each record."""

from typing import Any

from sqlalchemy import Connection, String, Table, UniqueConstraint, insert, select
from sqlalchemy.exc import IntegrityError

from aftersales.extensions import Model
from aftersales.registration import record_types

STRIDE = 100_000
TRACES = ("clock", "attachment", "sealed_document", "signature", "notice", "job")
# What a company has few of, whatever it does.
KEPT = {"region", "code_list", "code", "clock_rule", "holiday_notice", "calendar_day", "field_definition", "field_choice"}
COPIED = {cls.__tablename__ for cls in record_types()} | set(TRACES)


def multiply(connection: Connection, times: int) -> None:
    """Each row `times` times: records with what hangs on them, and the lines again within their own record."""
    tables = [table for table in Model.metadata.sorted_tables if table.name in COPIED - KEPT]
    for table in tables:
        rows = [dict(row._mapping) for row in connection.execute(select(table))]
        for number in range(1, times):
            _write(connection, table, [_copy(table, row, number, tables) for row in rows])
    for cls in record_types():
        if cls.parent is not None and cls.__tablename__ not in KEPT:
            rows = [dict(row._mapping) for row in connection.execute(select(cls.__table__).where(cls.id < STRIDE))]
            for number in range(1, times):
                more = [_unlike(cls.__table__, row, number) | {"id": row["id"] + (times + number) * STRIDE} for row in rows]
                _write(connection, cls.__table__, more)


def _copy(table: Table, row: dict[str, Any], number: int, tables: list[Table]) -> dict[str, Any]:
    """The row in the copy of the company with this number: its id, and where it points, moved by the same step."""
    moved = {column.name for column in table.columns for key in column.foreign_keys if key.column.table in tables} | {"id"}
    if "record_id" in table.c:
        moved.add("record_id")
    alone = {column.name: None for column in table.columns if column.unique and column.foreign_keys and column.nullable}
    return _unlike(table, row, number) | alone | {name: row[name] + number * STRIDE for name in moved if row.get(name) is not None}


def _unlike(table: Table, row: dict[str, Any], number: int) -> dict[str, Any]:
    """Texts that must be unique get the number at their end."""
    unique = {column for column in table.columns if column.unique}
    unique |= {column for each in table.constraints if isinstance(each, UniqueConstraint) for column in each.columns}
    unique |= {column for index in table.indexes if index.unique for column in index.columns}
    texts = {column.name: column.type.length for column in unique if type(column.type) is String and row[column.name]}
    return row | {name: f"{row[name][: (length or 99) - 4]}~{number}" for name, length in texts.items()}


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Row by row: those of which there can be only one stay alone."""
    for row in rows:
        try:
            with connection.begin_nested():
                connection.execute(insert(table).values(**row))
        except IntegrityError:
            continue
