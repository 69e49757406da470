"""Entries of the trail as a table for a spreadsheet program, written while it is read."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from itertools import chain

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from aftersales.record.display import words
from aftersales.trail.search import every
from aftersales.trail.telling import Teller, Told

MOST = 50_000
# A cell that begins so is a formula to a spreadsheet program: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def table(session: Session, args: Mapping[str, str]) -> Iterator[str]:
    """CSV, line by line, UTF-8 with the mark that Excel wants. At most MOST entries; one more line says that it was cut."""
    teller = Teller(session)
    captions = [
        _("When"), _("Who"), _("Record"), _("No."), _("Action"), _("Changes"), _("Reason"), _("Entry"), _("Captured and sent"),
    ]  # fmt: skip
    yield "\ufeff" + _line(captions)
    told = chain.from_iterable(map(teller.tell_all, every(session, args, MOST + 1)))
    for count, entry in enumerate(told, 1):
        if count > MOST:
            yield _line([_("Cut after %(n)s entries: narrow the days.", n=MOST)])
            return
        yield _line(_cells(entry))


def _cells(told: Told) -> list[str]:
    changes = "\n".join(f"{change.label}: {change.old} → {change.new}" for change in told.changes)
    return [words(told.at), told.who, told.record, str(told.sequence), told.action, changes, told.reason, told.id, told.late]


def _line(cells: list[str]) -> str:
    out = StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def harmless(cell: str) -> str:
    """The same text, that no spreadsheet program runs as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
