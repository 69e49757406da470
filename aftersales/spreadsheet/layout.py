"""What our own sheets for importing look like, template and returned rows alike, and how they are known when they come back.

Row 1, hidden, has the names of the fields; row 2 the headings; column A is for the person's notes and is never imported, and a row whose
note begins with the word for "example" is not imported either.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from aftersales.labels import LANGUAGES, label
from aftersales.record.base import SharedRecord
from aftersales.spreadsheet.cells import head_cell, text_cell, title_of, width_of
from aftersales.spreadsheet.fields import Field, spelt

MARK = "sheet:"  # begins cell A1, followed by the key of the record type
EXAMPLES = tuple(label("import_column.example", lang) for lang in LANGUAGES)
# Columns that we add and that are never read.
OURS = {spelt(label(f"import_column.{name}", lang)) for name in ("note", "error", "row") for lang in LANGUAGES}
REQUIRED_FILL = PatternFill("solid", fgColor="8A3B12")
LAST = 100_002
FORMATS = {"day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm", "whole": "0", "number": "General"}


class ImportSheet:
    """The sheet of one record type in a workbook that is written row by row, its first two rows written."""

    def __init__(self, book: Workbook, cls: type[SharedRecord], fields: Sequence[Field], extra: Sequence[str] = ()) -> None:
        self.book, self.fields = book, fields
        self.sheet = book.create_sheet(title_of(cls.label(), book.sheetnames))
        self.sheet.freeze_panes = "B3"
        self.sheet.row_dimensions[1].hidden = True
        captions = [label("import_column.note"), *(f"{field.caption} *" if field.required else field.caption for field in fields), *extra]
        for number, caption in enumerate(captions, 1):
            column = self.sheet.column_dimensions[get_column_letter(number)]
            column.width = min(max(width_of(caption) + 4, 14), 40)
            if 1 < number <= len(fields) + 1:
                column.number_format = FORMATS.get(fields[number - 2].kind, "@")
        self.sheet.append([f"{MARK}{cls.key()}", *(field.name for field in fields)])
        self.sheet.append([self._head(number, caption) for number, caption in enumerate(captions, 1)])

    def offer(self, offered: dict[str, Sequence[str]]) -> None:
        """Drop-downs: the words stand on a hidden sheet, for a list inside the rule ends at 255 characters."""
        lists = self.book.create_sheet(title_of(label("import_column.choices"), self.book.sheetnames))
        lists.sheet_state = "hidden"
        columns = [(field, list(offered[field.name])) for field in self.fields if offered.get(field.name)]
        for place in range(max((len(words) for _field, words in columns), default=0)):
            lists.append([text_cell(lists, words[place]) if place < len(words) else None for _field, words in columns])
        for number, (field, words) in enumerate(columns, 1):
            letter = get_column_letter(number)
            rule = DataValidation("list", f"'{lists.title}'!${letter}$1:${letter}${len(words)}", allow_blank=True)
            rule.showErrorMessage = field.kind in ("choice", "yes_no")  # a reference may be one that the list has no room for
            own = get_column_letter(self.fields.index(field) + 2)
            rule.add(f"{own}3:{own}{LAST}")
            self.sheet.data_validations.append(rule)

    def _head(self, number: int, caption: str) -> Any:
        cell = head_cell(self.sheet, caption)
        if caption.endswith(" *"):
            cell.fill = copy(REQUIRED_FILL)
        return cell

