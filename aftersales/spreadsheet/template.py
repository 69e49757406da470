"""The empty workbook a person fills in: headings in their language, marks of what is required, drop-downs, an example, how to fill in."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.spreadsheet.cells import Sheet, bytes_of, text_cell, writing
from aftersales.spreadsheet.fields import Field, fields_of, keys_of
from aftersales.spreadsheet.layout import ImportSheet

OFFERED = 200  # records; a longer list is looked up on the page and typed
EXAMPLE = Font(italic=True, color="808080")


def template(session: Session, cls: type[SharedRecord]) -> bytes:
    fields = fields_of(cls)
    offered = {field.name: _offered(session, field) for field in fields}
    with writing() as book:
        sheet = ImportSheet(book, cls, fields)
        values = [_example(field, offered[field.name]) for field in fields]
        sheet.sheet.append([_pale(sheet.sheet, value) for value in (label("import_column.example"), *values)])
        sheet.offer(offered)
        _explain(book, fields)
        return bytes_of(book)


def _offered(session: Session, field: Field) -> list[str]:
    if field.target is None:
        return field.choice_words
    if not current_actor().can("can_read", field.target.permission_name()):
        return []
    records = list(session.scalars(select(field.target).order_by(field.target.id.desc()).limit(OFFERED + 1)))
    return names_apart(records, keys_of(field.target)) if len(records) <= OFFERED else []


def names_apart(records: Sequence[Any], keys: Sequence[str]) -> list[str]:
    """What these records are called by the first of the keys that tells each from the others."""
    for key in keys:
        names = [getattr(record, key) for record in records]
        if all(names) and len(set(names)) == len(names):
            return sorted(names)
    return []


def _example(field: Field, offered: Sequence[str]) -> Any:
    if offered:
        return offered[0]
    plain = {"day": "2026-03-01", "moment": "2026-03-01 09:30", "whole": 1, "number": 1}
    if field.in_words is not None:
        return field.in_words.example()
    if field.kind in plain:
        return plain[field.kind]
    text = f"{field.target.label()} 1" if field.target is not None else f"{field.caption} 1"
    return text[: field.longest]


def _pale(sheet: Any, value: Any) -> Any:
    cell = text_cell(sheet, str(value))
    cell.font = EXAMPLE
    return cell


def _explain(book: Workbook, fields: Sequence[Field]) -> None:
    sheet = Sheet(book, _("How to fill in"), [_("Column"), _("Required"), _("Kind"), _("What it takes"), _("Hint")])
    sheet.write([_explained(field) for field in fields])
    sheet.finish()


def _explained(field: Field) -> list[str]:
    required, hint = label("yes_no.true") if field.required else "", "" if field.in_words else field.help
    return [field.caption, required, label(f"import_kind.{field.kind}"), _takes(field), hint]


def _takes(field: Field) -> str:
    if field.target is not None:
        by = "、".join(field.target.field_label(key) for key in keys_of(field.target))
        several = _("; several with commas") if field.kind == "references" else ""
        return f"{field.target.label()}: {by}{several}"
    if field.in_words is not None:
        return field.in_words.takes()
    if field.choices:
        return " / ".join(field.choice_words)
    examples = {"day": "2026-03-01", "moment": "2026-03-01 09:30"}
    return _("at most %(n)s characters", n=field.longest) if field.longest else examples.get(field.kind, "")
