"""A table somebody brings, from .xlsx or .csv: its headings and its rows, read once from front to back."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO, StringIO
from typing import Any

from flask_babel import gettext as _
from openpyxl import load_workbook

from aftersales.record.media import CSV, MEGABYTE, inspect, plain_text
from aftersales.record.refusal import Refusal
from aftersales.spreadsheet.cells import XLSX
from aftersales.spreadsheet.fields import spelt
from aftersales.spreadsheet.layout import EXAMPLES, MARK, OURS

MOST_COLUMNS = 200
MOST_ROWS = 100_000
LONGEST_HEADING = 200
Row = tuple[int, list[Any]]


@dataclass
class Source:
    """`kind` and `names` are what row 1 of our own sheet says, "" and [] in any other table. A row comes with its number in the file."""

    headings: list[str]
    kind: str
    names: list[str]
    estimate: int
    _rows: Iterator[Row] = field(repr=False)
    examples: int = 0

    def rows(self) -> Iterator[Row]:
        """The rows that are not empty, each as long as the headings, without the example of our sheet."""
        width = len(self.headings)
        for number, cells in self._rows:
            row = (cells + [None] * width)[:width]
            if self.kind and str(row[0] or "").startswith(EXAMPLES):
                self.examples += 1
            elif any(value is not None and str(value).strip() for value in row[1 if self.kind else 0 :]):
                yield number, row


def is_ours(heading: str) -> bool:
    """Whether a column is one of those that we add: notes, errors, the row in the first file."""
    return spelt(heading) in OURS


def open_source(data: bytes, name: str) -> Source:
    """The first visible sheet of the file. Raises Refusal."""
    estimate, lines = _workbook(data, name) if data.startswith(b"PK\x03\x04") else _csv(data)
    rows = _bounded(lines)
    number, first = next(((number, row) for number, row in rows if any(value not in (None, "") for value in row)), (0, []))
    kind, names = "", []
    if str(first[0] if first else "").startswith(MARK):
        kind, names = str(first[0])[len(MARK) :], ["" if value is None else str(value) for value in first]
        number, first = next(rows, (0, []))
    headings = ["" if value is None else str(value).strip()[:LONGEST_HEADING] for value in first]
    while headings and not headings[-1]:
        headings.pop()
    if not headings:
        raise Refusal(_("The file has no headings in its first row."), field="file")
    names = (names + [""] * len(headings))[: len(headings)] if kind else []
    return Source(headings, kind, names, max(estimate - number, 0), rows)


def _bounded(lines: Iterator[list[Any]]) -> Iterator[Row]:
    try:
        for number, row in enumerate(lines, 1):
            if number > MOST_ROWS + 2:
                raise Refusal(_("More than %(n)s rows: divide the file.", n=MOST_ROWS), field="file")
            yield number, row[:MOST_COLUMNS]
    except Refusal:
        raise
    except Exception as error:  # whatever a reader stumbles over in a damaged file
        raise _damaged() from error


def _workbook(data: bytes, name: str) -> tuple[int, Iterator[list[Any]]]:
    if inspect(data, name).media_type != XLSX:  # refuses macros and what unpacks into a flood
        raise _no_table()
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        with sheet._get_source() as part:  # what the file says of its size may be wrong or missing
            estimate = sum(piece.count(b"<row") for piece in iter(partial(part.read, MEGABYTE), b""))
        sheet.reset_dimensions()
    except Exception as error:
        raise _damaged() from error
    return estimate, (list(row) for row in sheet.iter_rows(values_only=True))


def _csv(data: bytes) -> tuple[int, Iterator[list[Any]]]:
    if len(data) > CSV.limit:
        raise Refusal(_("The file is larger than %(megabytes)s MB.", megabytes=CSV.limit // MEGABYTE), field="file")
    text = plain_text(data)
    if not text:
        raise _no_table() if data else Refusal(_("The file is empty."), field="file")
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    return text.count("\n"), csv.reader(StringIO(text, newline=""), delimiter=delimiter)


def _damaged() -> Refusal:
    return Refusal(_("The file is damaged and cannot be read."), field="file")


def _no_table() -> Refusal:
    return Refusal(_("Choose an Excel workbook (.xlsx) or a CSV file. An old .xls is saved as .xlsx first."), field="file")
