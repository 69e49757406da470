"""From the cells of a row to the values of a form: words of choices, dates as people write them, records by the names people give them."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _
from openpyxl.utils.datetime import from_excel
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import known_as
from aftersales.record.refusal import Refusal
from aftersales.spreadsheet.fields import Field, fields_of, keys_of, spelt
from aftersales.spreadsheet.incoming import Import
from aftersales.spreadsheet.source import Row

STRANGE = 40  # words of a choice that are kept to be asked about
LONGEST_WORD = 120
SPLIT = re.compile(r"[,，;；、\n]+")
YES_NO = {"1": "true", "y": "true", "t": "true", "0": "false", "n": "false", "f": "false", "有": "true", "无": "false"}
DAYS = range(20_000, 80_000)  # the numbers that spreadsheets mean by days from 1954 to 2119
CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AP]M)?"
DATE = re.compile(rf"(\d{{1,4}})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,4}})\s*日?(?:[T,\s]+({CLOCK}))?", re.IGNORECASE)


class Reader:
    """Reads the rows of one file. `strange` gathers the words that no choice has."""

    def __init__(self, session: Session, cls: type[SharedRecord], brought: Import) -> None:
        fields = {field.name: field for field in fields_of(cls)}
        self.session, self.cls, self.date_order = session, cls, brought.date_order
        names = [*brought.columns, *brought.fixed]  # what every row gets stands behind its own cells
        self.columns = {place: fields[name] for place, name in enumerate(names) if name in fields}
        self.fixed = list(brought.fixed.values())
        self.meant = {name: {spelt(word): value for word, value in words.items()} for name, words in brought.meanings.items()}
        self.strange: dict[str, dict[str, None]] = defaultdict(dict)
        self.found: dict[str, dict[str, set[int]]] = {}
        self.held: list[Any] = []

    def look_up(self, rows: Sequence[Row]) -> None:
        """Finds the records that these rows name, one statement for each column, and holds them for the forms that ask by id."""
        self.held = []
        for place, field in self.columns.items():
            if field.target is not None:
                wanted = {name for _number, cells in rows for name in _names([*cells, *self.fixed][place], field)}
                self.found[field.name] = self._called(field.target, wanted)

    def values(self, cells: Sequence[Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """What the form takes, as the API would send it, and what is wrong with the rest."""
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        cells = [*cells, *self.fixed]
        for place, field in self.columns.items():
            try:
                values[field.name] = None if _is_empty(cells[place]) else READ[field.kind](self, field, cells[place])
            except Refusal as refusal:
                errors[field.name] = [str(refusal)]
        return values, errors

    def _called(self, target: type[SharedRecord], wanted: set[str]) -> dict[str, set[int]]:
        called: dict[str, set[int]] = defaultdict(set)
        keys = [getattr(target, key) for key in keys_of(target)]
        if not wanted or not keys or not current_actor().can("can_read", target.permission_name()):
            return called
        texts = wanted | {name.split()[-1] for name in wanted}  # "VX-90 HD-0001", as lists show it, is found by its last word
        records = list(self.session.scalars(select(target).where(or_(*(key.in_(texts) for key in keys)))).unique())
        self.held += records
        for record in records:
            names = {getattr(record, key.key) for key in keys} | {str(record), known_as(record)}
            for name in names - {None}:
                called[spelt(name)].add(record.id)
        return called

    # -- one cell --

    def choice(self, field: Field, value: Any) -> str:
        word = _text(value)
        meant = self.meant.get(field.name, {}).get(spelt(word)) or field.by_word.get(spelt(word))
        if meant is None and field.kind == "yes_no":
            meant = YES_NO.get(spelt(word))
        if meant is None:
            if len(self.strange[field.name]) < STRANGE:
                self.strange[field.name][word[:LONGEST_WORD]] = None
            raise Refusal(_("“%(word)s” is no choice of this field.", word=word[:LONGEST_WORD]))
        return meant

    def yes_no(self, field: Field, value: Any) -> bool:
        return self.choice(field, str(value).lower() if isinstance(value, bool) else value) == "true"

    def reference(self, field: Field, value: Any) -> int:
        return self._one(field, _text(value))

    def references(self, field: Field, value: Any) -> list[int]:
        return [self._one(field, name) for name in _names(value, field)]

    def _one(self, field: Field, name: str) -> int:
        assert field.target is not None
        if not current_actor().can("can_read", field.target.permission_name()):
            raise Refusal(_("Your role may not read these: %(records)s.", records=field.target.label()))
        ids = self.found[field.name].get(spelt(name), set())
        if len(ids) == 1:
            return next(iter(ids))
        told = {"name": name[:LONGEST_WORD], "record": field.target.label()}
        raise Refusal(_("“%(name)s” names several: %(record)s.", **told) if ids else _("There is no %(record)s “%(name)s”.", **told))

    def whole(self, field: Field, value: Any) -> int:
        text = _text(value).replace(",", "")
        if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
            raise Refusal(_("Not a whole number."))
        return int(text)

    def number(self, field: Field, value: Any) -> str:
        return repr(value) if isinstance(value, float) else _text(value).replace(",", "")

    def day(self, field: Field, value: Any) -> str:
        return self._moment(value).date().isoformat()

    def moment(self, field: Field, value: Any) -> str:
        return self._moment(value).isoformat()

    def _moment(self, value: Any) -> datetime:
        if isinstance(value, int | float) and not isinstance(value, bool) and int(value) in DAYS:
            value = from_excel(value)
        if isinstance(value, date):
            return value if isinstance(value, datetime) else datetime.combine(value, time())
        try:
            return _parsed(_text(value), self.date_order)
        except ValueError:
            raise Refusal(_("Not a date: “%(text)s”.", text=_text(value)[:LONGEST_WORD])) from None

    def words(self, field: Field, value: Any) -> Any:
        return field.in_words.read(_text(value))

    def text(self, field: Field, value: Any) -> str:
        return _text(value)


READ: Mapping[str, Callable[[Reader, Field, Any], Any]] = {
    "text": Reader.text, "choice": Reader.choice, "yes_no": Reader.yes_no, "reference": Reader.reference, "references": Reader.references,
    "whole": Reader.whole, "number": Reader.number, "day": Reader.day, "moment": Reader.moment, "words": Reader.words,
}  # fmt: skip


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str:
    """A cell as a person sees it: serial numbers that a spreadsheet took for numbers have no ".0"."""
    if isinstance(value, bool):
        return label(f"yes_no.{str(value).lower()}")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value).strip()


def _names(value: Any, field: Field) -> Iterator[str]:
    if not _is_empty(value):
        parts = SPLIT.split(_text(value)) if field.kind == "references" else [_text(value)]
        yield from (part.strip() for part in parts if part.strip())


def _parsed(text: str, order: str) -> datetime:
    """A date with or without a time. A year of four digits at the front is meant as such whatever the order. Raises ValueError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        match = DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    parts = [int(match[place]) for place in (1, 2, 3)]
    given = dict(zip("ymd" if len(match[1]) == 4 else order, parts, strict=True))
    year = given["y"] + 2000 if given["y"] < 100 else given["y"]
    clock = (match[4] or "0:00").upper().replace(" ", "")
    formats = ("%H:%M", "%H:%M:%S", "%I:%M%p", "%I:%M:%S%p")
    return datetime.combine(date(year, given["m"], given["d"]), next(filter(None, (_clock(clock, form) for form in formats))))


def _clock(text: str, form: str) -> time | None:
    try:
        return datetime.strptime(text, form).time()
    except ValueError:
        return None
