"""A record as plain data: what signatures hash, what the PDF carries as JSON, what the API answers."""

import enum
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect

from aftersales.record.base import SharedRecord
from aftersales.record.custom import is_custom
from aftersales.record.words import Lines


def plain(value: Any) -> Any:
    """A column's value as JSON: dates ISO, instants UTC, decimals as strings, records by their name."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, SharedRecord):
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def fields_of(record: SharedRecord, names: Iterable[str]) -> dict[str, Any]:
    """Fields by name; a reference is given as its id and, beside it, what it is called."""
    relations = {next(iter(r.local_columns)).key: r.key for r in inspect(type(record)).relationships if r.direction.name == "MANYTOONE"}
    values: dict[str, Any] = {}
    for name in names:
        values[name] = plain(getattr(record, name))
        if name in relations:
            values[relations[name]] = plain(getattr(record, relations[name]))
    return values


def lines_of(record: SharedRecord, lines: Lines) -> list[dict[str, Any]]:
    return [
        {"id": row.id, **fields_of(row, _told(row, [f for fields in row.sections.values() for f in fields]))}
        for row in getattr(record, lines.relation)
    ]


def _told(record: SharedRecord, names: Iterable[str]) -> list[str]:
    """Without the custom fields that are empty: a field made later must not change what was signed before."""
    return [name for name in names if not is_custom(name) or getattr(record, name) is not None]


def content(record: SharedRecord, sections: Iterable[str] | None = None) -> dict[str, Any]:
    """The record's sections with their fields and lines; all of them, or those named."""
    chosen = list(record.sections) if sections is None else list(sections)
    document: dict[str, Any] = {"type": record.key(), "number": getattr(record, "number", None), "id": record.id}
    for section in chosen:
        document[section] = fields_of(record, _told(record, record.sections[section]))
        for lines in record.lines:
            if lines.section == section:
                document[section][lines.relation] = lines_of(record, lines)
    return document


def canonical(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def content_hash(record: SharedRecord, sections: Iterable[str]) -> str:
    return hashlib.sha256(canonical(content(record, sections))).hexdigest()
