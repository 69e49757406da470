"""Rows of a record that stand in an order, edited together on one page: written, added, moved and taken out, then saved at once.

Every kind of row with a `position` is edited here. Nothing is stored before it is saved, and then all of it or nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from aftersales.record.base import SharedRecord
from aftersales.record.display import shown
from aftersales.record.forms import RecordForm, form_class
from aftersales.record.ordered import POSITION, row_class
from aftersales.record.refusal import Conflict, Refusal
from aftersales.record.saving import settle

MOST = 300
COMPACT = 6
NEW = "new"  # the row that the page holds ready to be copied


class Row:
    """One row on the page. `key` tells it from the others: the id of a row there is, "n1" for one that is not written yet."""

    def __init__(self, cls: type[SharedRecord], key: str, row: SharedRecord | None, sent: MultiDict[str, str] | None = None) -> None:
        self.key, self.row = key, row
        names = row_fields(cls)
        preset = _defaults(cls, names) if row is None and sent is None else {}
        self.form: RecordForm = form_class(cls, names)(formdata=sent, obj=row, data=preset, prefix=f"{key}-")

    @property
    def fields(self) -> dict[str, Any]:
        """The fields by name, without the reason, which is asked once for all rows."""
        return {field.short_name: field for field in self.form if field is not self.form.change_reason}

    @property
    def given(self) -> list[tuple[str, str]]:
        """What the program wrote into a row that nobody adds: its name, and what else tells which one it is."""
        if self.row is None or self.row.made_by_hand:
            return []
        told = [(self.row.field_label(name), shown(self.row, name).text) for name in self.row.listing if name in self.row.fixed]
        return [(caption, text) for caption, text in told if text]

    @property
    def is_spare(self) -> bool:
        return self.key == NEW

    def values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self.fields.items()}


class RowSheet:
    """The rows as they stand, or as they were sent."""

    def __init__(self, record: SharedRecord, relation: str, sent: MultiDict[str, str] | None = None) -> None:
        self.record, self.relation = record, relation
        self.cls: type[SharedRecord] = row_class(type(record), relation)
        self.there = {str(row.id): row for row in getattr(record, relation)}
        keys = list(dict.fromkeys(sent.getlist("row")))[: MOST + 1] if sent is not None else list(self.there)
        self.rows = [Row(self.cls, key, self.there.get(key), sent) for key in keys if key in self.there or key.startswith("n")]
        self.errors: list[str] = []

    @property
    def mark(self) -> str:
        """Which rows the person has before them, so that what somebody else wrote meanwhile is not written over."""
        return ",".join(f"{row.id}.{row.version}" for row in self.there.values())

    @property
    def is_compact(self) -> bool:
        """Whether a row fits on one line, so that the words above the first serve all."""
        return len(row_fields(self.cls)) <= COMPACT

    @property
    def notes(self) -> list[tuple[str, str]]:
        """The help of the fields, told once for all rows."""
        return [(field.label.text, field.description) for field in Row(self.cls, NEW, None).fields.values() if field.description]

    @property
    def is_open(self) -> bool:
        """Whether rows are added, moved and taken out."""
        return self.cls.made_by_hand

    def shown(self) -> list[Row]:
        """The rows, and an empty one for the page to copy."""
        return [*self.rows, Row(self.cls, NEW, None)] if self.is_open else self.rows

    def do(self, step: str) -> None:
        """One step without storing: "add", "up:12", "down:n1", "drop:12"."""
        verb, _colon, key = step.partition(":")
        at = next((index for index, row in enumerate(self.rows) if row.key == key), None)
        if verb == "add":
            number = max((int(row.key[1:]) for row in self.rows if row.key[1:].isdecimal() and row.key.startswith("n")), default=0) + 1
            self.rows.append(Row(self.cls, f"n{number}", None))
        elif at is not None and verb == "drop":
            del self.rows[at]
        elif at is not None and verb in ("up", "down"):
            self.rows.insert(max(0, at + (1 if verb == "down" else -1)), self.rows.pop(at))

    def save(self, session: Session, reason: str, mark: str) -> None:
        """Write all rows in the order they were sent. Refusal where one is not right: at its field if it has one, else for the page."""
        if mark != self.mark:
            raise Conflict(_("Somebody changed this record while you were writing. Look at it again."))
        if len(self.rows) > MOST:
            raise Refusal(_("No more than %(n)s rows.", n=MOST))
        are_right = [row.form.validate() for row in self.rows]  # each of them, so that every field says what is wrong
        if not all(are_right):
            raise Refusal(_("Nothing was saved yet: please correct the marked fields."))
        with session.no_autoflush:
            written = list(self._write(session, reason))
            for row, record, is_new in written:
                self._judge(row, record, is_new)
        if any(row.form.errors for row in self.rows):
            raise Refusal(_("Nothing was saved yet: please correct the marked fields."))
        settle(session, lambda: None)

    def _write(self, session: Session, reason: str) -> Iterator[tuple[Row, SharedRecord, bool]]:
        kept = {row.key for row in self.rows}
        for key, record in self.there.items():
            if key not in kept:
                record._audit_reason = reason or None
                session.delete(record)  # said outright: the guards do not see a row that merely lost its record
        for position, row in enumerate(self.rows, 1):
            record = row.row if row.row is not None else self.cls()
            changed = {n: v for n, v in (row.values() | {POSITION: position}).items() if row.row is None or getattr(record, n) != v}
            if not changed:
                continue
            for name, value in changed.items():
                setattr(record, name, value)
            record._audit_reason = reason or None
            if row.row is None:
                getattr(self.record, self.relation).append(record)
            yield row, record, row.row is None

    def _judge(self, row: Row, record: SharedRecord, is_new: bool) -> None:
        try:
            record.on_create() if is_new else record.on_change()
        except Refusal as refusal:
            for name, texts in refusal.errors.items():
                field = row.fields.get(name)
                (field.errors if field is not None else row.form.form_errors).extend(texts)


def row_fields(cls: type[SharedRecord]) -> tuple[str, ...]:
    return tuple(name for name in cls.form_fields() if name not in (POSITION, f"{cls.parent}_id"))


def _defaults(cls: type[SharedRecord], names: Iterable[str]) -> dict[str, Any]:
    """What a new row has until somebody says otherwise."""
    columns = inspect(cls).columns
    return {n: columns[n].default.arg for n in names if n in columns and columns[n].default is not None and columns[n].default.is_scalar}
