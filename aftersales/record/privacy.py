"""Personal data: who may read it in full, what the others see of it, and the note that it was read.

Pages and API ask here, so that a telephone number hidden on the one is not open on the other.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from flask import g
from sqlalchemy import inspect

from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord

READS_PERSONAL_DATA = ("can_read", "PersonalData")
_NUMBER = re.compile(r"[+(]?\d[\d\s()+-]{5,}[\dXx]")


@dataclass(frozen=True)
class Subject:
    """The record that was read, by its name in the trail: to ask the record itself would open a transaction that the note waits for."""

    root: tuple[str, int]
    region_id: int | None

    def audit_root(self) -> tuple[str, int]:
        return self.root


def sees_personal_data() -> bool:
    return current_actor().can(*READS_PERSONAL_DATA)


def masked(value: Any) -> Any:
    """What is left of a personal value: 139****2208 of a number, 沈** of words, nothing of anything else."""
    if not isinstance(value, str) or isinstance(value, Enum) or value == "":
        return value if value == "" else None
    if _NUMBER.fullmatch(value):
        return f"{value[:3]}****{value[-4:]}" if len(value) > 8 else f"{value[:1]}****{value[-2:]}"
    return f"{value[0]}**"


def masked_in(subject: type[SharedRecord] | None, name: str, value: Any) -> Any:
    """The same of a value as the trail and the API have it: there a choice is plain text, and its first letter says it all."""
    return None if subject is not None and _is_choice(subject, name) else masked(value)


@cache
def _is_choice(subject: type[SharedRecord], name: str) -> bool:
    column = inspect(subject).columns.get(name)
    return column is not None and getattr(column.type, "enum_class", None) is not None


def read_personal(subject: type[SharedRecord], name: str, value: Any) -> Any:
    """The value as this person may see it."""
    if not subject.may_tell(name):
        return None
    return value if sees_personal_data() or name not in subject.personal else masked_in(subject, name, value)


def without_masks(record: SharedRecord, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was written without the masks that a person who may not see behind them sent back unchanged."""
    if sees_personal_data():
        return dict(values)
    return {name: value for name, value in values.items() if name not in record.personal or value != masked(getattr(record, name))}


def note_reading(record: SharedRecord, rows: Iterable[SharedRecord] = ()) -> None:
    """Have the trail say that this person read the personal data of `record` and of the rows inside it; masks are no reading."""
    if not sees_personal_data():
        return
    names = {name for row in (record, *rows) for name in row.personal if row.may_tell(name) and getattr(row, name) not in (None, "")}
    if names:
        subject = Subject(record.audit_root(), getattr(record, "region_id", None))
        g.setdefault("readings", []).append((subject, tuple(sorted(names))))
