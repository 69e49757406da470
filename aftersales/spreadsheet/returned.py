"""The workbook that goes back: the rows at fault as they came, the cells marked, what is wrong in words. Corrected, it is brought again."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.labels import label
from aftersales.spreadsheet.cells import Sheet, bytes_of, cell_of, writing
from aftersales.spreadsheet.fields import fields_of
from aftersales.spreadsheet.incoming import Import, ImportRow
from aftersales.spreadsheet.layout import ImportSheet
from aftersales.spreadsheet.source import is_ours, open_source

BATCH = 1000
COMMENTED = 1000  # cells; openpyxl holds every comment in memory, and the last column has the words anyway
FAULTY = PatternFill("solid", fgColor="FFC7CE")


def returned(session: Session, brought: Import) -> bytes:
    source = open_source(brought.data(), brought.file_name)
    places = [place for place, heading in enumerate(source.headings) if not is_ours(heading)]
    names = [brought.columns[place] for place in places]
    extra = [label("import_column.error"), label("import_column.row")]
    fields = {field.name: field for field in fields_of(brought.cls)}
    import_id, cls = brought.id, brought.cls
    with writing() as book:
        if not brought.is_foreign and all(name in fields for name in names):
            sheet, note = ImportSheet(book, cls, [fields[name] for name in names], extra).sheet, [None]
        else:
            whole = Sheet(book, cls.label(), [*(source.headings[place] for place in places), *extra])
            whole.write([])
            sheet, note = whole.sheet, []
        marks = Marks(sheet, {name: field.caption for name, field in fields.items()})
        rows = source.rows()
        while batch := list(islice(rows, BATCH)):
            told = select(ImportRow).where(
                ImportRow.import_id == import_id, ImportRow.record_id.is_(None), ImportRow.row.in_([number for number, _cells in batch])
            )
            faults = {row.row: row.errors or {} for row in session.scalars(told)}
            for number, cells in batch:
                if number in faults:
                    marked = [marks.cell(cells[place], faults[number].get(name, ())) for place, name in zip(places, names, strict=True)]
                    sheet.append([*note, *marked, cell_of(sheet, marks.words(faults[number])), number])
        return bytes_of(book)


class Marks:
    """Marks cells and counts the comments."""

    def __init__(self, sheet: Any, captions: Mapping[str, str]) -> None:
        self.sheet, self.captions, self.left = sheet, captions, COMMENTED

    def cell(self, value: Any, errors: Sequence[str]) -> Any:
        cell = cell_of(self.sheet, value)
        if not errors:
            return cell
        cell = cell if isinstance(cell, Cell) else WriteOnlyCell(self.sheet, cell)
        cell.fill = FAULTY
        if self.left:
            self.left -= 1
            cell.comment = Comment("\n".join(errors), "")
        return cell

    def words(self, errors: Mapping[str, Sequence[str]]) -> str:
        told = ((self.captions.get(name), text) for name, texts in errors.items() for text in texts)
        return "；".join(f"{caption}: {text}" if caption else text for caption, text in told)
