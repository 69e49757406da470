"""Cells as a spreadsheet may have them: text never becomes a formula, times are China's, columns are as wide as their words."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook.child import INVALID_TITLE_REGEX

from aftersales.record.base import SharedRecord
from aftersales.record.display import known_as, relation_of, shown
from aftersales.record.now import CHINA
from aftersales.record.privacy import read_personal

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a program may take for a formula, a command or an error (OWASP, CSV Injection), and "#", which openpyxl takes for an error value.
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "#")
LONGEST = 32_767  # characters of a cell
HEAD = Font(bold=True, color="FFFFFF")
HEAD_FILL = PatternFill("solid", fgColor="1F4E5F")
WIDEST = 48


def cell_of(sheet: Any, value: Any) -> Any:
    """`value` as `sheet.append` takes it. Times must be in China's already."""
    if isinstance(value, str):
        return _text(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST])
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd hh:mm" if isinstance(value, datetime) else "yyyy-mm-dd"
        return cell
    return value


def _text(sheet: Any, text: str) -> Any:
    return text_cell(sheet, text) if text.startswith(RISKY) else text


def text_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.quotePrefix = "s", text.startswith(RISKY)
    return cell


def value_of(record: SharedRecord, name: str) -> Any:
    """What the list shows of a field, as a number or a date where it is one."""
    cls = type(record)
    value = read_personal(cls, name, getattr(record, relation_of(cls).get(name, name)))
    if isinstance(value, SharedRecord):
        return known_as(value)
    return plain(value) if isinstance(value, date | Decimal) or type(value) in (int, float) else shown(record, name).text


def plain(value: Any) -> Any:
    """A moment as the clock on the wall in China shows it: a spreadsheet knows no zones."""
    return value.astimezone(CHINA).replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) else value


def width_of(text: Any) -> int:
    """In characters of a Latin font, of which a Chinese one takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in str(text))


def head_cell(sheet: Any, caption: str) -> Any:
    cell = WriteOnlyCell(sheet, caption)
    cell.data_type, cell.font, cell.fill, cell.alignment = "s", HEAD, HEAD_FILL, Alignment(vertical="center", wrap_text=True)
    return cell


def column_width(texts: Iterable[Any]) -> int:
    return min(max((width_of(text) for text in texts), default=0) + 3, WIDEST)


class Sheet:
    """One sheet of a workbook that is written row by row: a bold head that stays in sight, a filter on every column.

    The widths are the words' of the head and the first rows: openpyxl writes them before any row.
    """

    def __init__(self, book: Workbook, title: str, captions: Sequence[str]) -> None:
        self.sheet, self.captions, self.count = book.create_sheet(title_of(title, book.sheetnames)), list(captions), 0
        self.sheet.freeze_panes = "A2"

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        if self.count == 0:
            self._begin(rows)
        for row in rows:
            self.sheet.append([cell_of(self.sheet, value) for value in row])
        self.count += len(rows)

    def finish(self) -> None:
        if self.count == 0:
            self._begin(())
        self.sheet.auto_filter.ref = f"A1:{get_column_letter(len(self.captions))}{self.count + 1}"

    def _begin(self, rows: Sequence[Sequence[Any]]) -> None:
        for number, caption in enumerate(self.captions, 1):
            texts = [caption, *(row[number - 1] for row in rows[:200])]
            self.sheet.column_dimensions[get_column_letter(number)].width = column_width(texts)
        self.sheet.append([head_cell(self.sheet, caption) for caption in self.captions])


def title_of(text: str, taken: Iterable[str]) -> str:
    """A name that Excel takes: 31 characters, none of them reserved, each sheet another."""
    title = INVALID_TITLE_REGEX.sub(" ", text)[:28]
    return title if title not in taken else f"{title} {len(list(taken)) + 1}"


@contextmanager
def writing() -> Iterator[Workbook]:
    """A workbook that is written row by row; given up half way, it leaves no file behind."""
    book = Workbook(write_only=True)
    try:
        yield book
    except BaseException:
        for sheet in book.worksheets:
            sheet.append([])
            sheet.close()
            sheet._writer.cleanup()
        raise


def bytes_of(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()
