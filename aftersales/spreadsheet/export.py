"""What a list shows, as a workbook: its rows, its columns, its order, with the rights of the person who asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from openpyxl import Workbook
from sqlalchemy import func, inspect, select, tuple_
from sqlalchemy.orm import Session

from aftersales.jobs.work import Result, Work, handles
from aftersales.labels import label, speaking
from aftersales.record.actor import current_actor
from aftersales.record.audit import record_event
from aftersales.record.base import SharedRecord
from aftersales.record.choosing import NEXT_DUE
from aftersales.record.clocks import next_open
from aftersales.record.custom import field_of
from aftersales.record.display import words
from aftersales.record.filtering import argument_names, periods_of
from aftersales.record.listing import eager, list_query, ordered_by
from aftersales.record.now import now
from aftersales.record.privacy import sees_personal_data
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.spreadsheet.cells import XLSX, Sheet, bytes_of, plain, value_of, writing

KIND = "export"
EXPORTS = ("can_export", "Spreadsheet")
MOST = 200_000  # rows; whoever needs more narrows the list
BATCH = 1000


@dataclass(frozen=True)
class Export:
    """What the trail calls an export: by the job that made it."""

    id: int


@dataclass(frozen=True)
class Table:
    """One sheet with the records of one type; `parent_id` names, for rows inside a record, the column that says of which."""

    sheet: Sheet
    cls: type[SharedRecord]
    names: tuple[str, ...]
    parent_id: str = ""

    @classmethod
    def of(cls, book: Workbook, kind: type[SharedRecord], names: Sequence[str], title: str, parent_id: str = "") -> "Table":
        fields = [name for name in names if name != NEXT_DUE]
        due = [label("record.next_due")] if NEXT_DUE in names else []
        return cls(Sheet(book, title, [*(_caption(kind, name) for name in fields), *due]), kind, tuple(fields), parent_id)

    def values(self, session: Session, records: Sequence[Any]) -> list[list[Any]]:
        rows = [[value_of(record, name) for name in self.names] for record in records]
        if len(self.sheet.captions) > len(self.names):
            open_clocks = next_open(session, self.cls, [record.id for record in records])
            for record, row in zip(records, rows, strict=True):
                row.append(plain(open_clocks[record.id].due_at) if record.id in open_clocks else None)
        return rows

    def inside(self, session: Session, parents: Sequence[Any]) -> list[Any]:
        """The rows inside these records."""
        column = getattr(self.cls, self.parent_id)
        chosen = select(self.cls).where(column.in_([parent.id for parent in parents])).order_by(column, self.cls.id)
        return list(session.scalars(chosen.options(*eager(self.cls, self.names))).unique())


def _caption(cls: type[SharedRecord], name: str) -> str:
    """Also the unit, because a number stands alone in its cell."""
    field = field_of(cls, name)
    return cls.field_label(name) if field is None else field.caption()


def may_export(cls: type[SharedRecord]) -> bool:
    actor = current_actor()
    return cls.parent is None and actor.can(*EXPORTS) and actor.can("can_read", cls.permission_name())


@handles(KIND)
def export(work: Work) -> Result:
    cls = SharedRecord.record_types[work.arguments["type"]]
    with speaking(work.arguments["language"]):
        if not may_export(cls):
            raise NotAllowed(_("Your role may not do this."))
        return _export(work, cls, work.arguments["args"])


def _export(work: Work, cls: type[SharedRecord], args: Mapping[str, str]) -> Result:
    total = count_rows(work.session, cls, args)
    work.advance(0, total)
    with writing() as book:
        names = list_query(work.session, cls, args).columns
        tables = [Table.of(book, cls, names, cls.plural()), *(_lines_table(book, cls, lines.relation) for lines in cls.lines)]
        done = _write(work, tables, batches(work.session, cls, args), total)
        _note(work, tables, args, done)
        _tell(book, cls, args, done)
        return Result(_("%(n)s rows.", n=done), bytes_of(book), f"{cls.plural()}-{now():%Y%m%d}.xlsx", XLSX)


def _write(work: Work, tables: Sequence[Table], found: Iterator[list[Any]], total: int) -> int:
    main, *inside = tables
    done = 0
    for records in found:
        read = [(main, main.values(work.session, records))]
        read += [(table, table.values(work.session, table.inside(work.session, records))) for table in inside]
        done += len(records)
        work.advance(min(done, total))  # the reading is over before the writing begins, so nobody waits for it
        for table, rows in read:
            table.sheet.write(rows)
    for table in tables:
        table.sheet.finish()
    return done


def count_rows(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> int:
    """How many rows there are to write. Raises Refusal where they are too many for one workbook."""
    found = list_query(session, cls, args).statement.with_only_columns(cls.id).limit(MOST + 1).subquery()
    count = session.scalar(select(func.count()).select_from(found)) or 0
    if count > MOST:
        raise Refusal(_("More than %(n)s rows: narrow the list first.", n=MOST))
    return count


def check(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> None:
    """Raises Refusal where `args` are no filter or order of the list, before a job is made of them."""
    list_query(session, cls, args)
    ordered_by(cls, args)


def batches(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> Iterator[list[Any]]:
    """The rows in the order of the list, turned by key: what is added or leaves meanwhile moves no other row."""
    keys, descending = ordered_by(cls, args)
    position = tuple_(*keys)
    chosen = list_query(session, cls, args).with_references().order_by(*(key.desc() if descending else key for key in keys))
    last: tuple[Any, ...] | None = None
    while True:
        further = chosen if last is None else chosen.where(position < tuple_(*last) if descending else position > tuple_(*last))
        rows = list(session.scalars(further.limit(BATCH)).unique())
        if not rows:
            return
        last = tuple(getattr(rows[-1], key.key) for key in keys)
        yield rows
        session.expunge_all()


def _lines_table(book: Workbook, cls: type[SharedRecord], relation: str) -> Table:
    line = inspect(cls).relationships[relation].mapper.class_
    key = f"{line.parent}_id"
    names = [name for name in dict.fromkeys((*line.listing, *line.form_fields())) if name != key]
    return Table.of(book, line, (str(line.parent), *names), line.plural(), key)


def _note(work: Work, tables: Sequence[Table], args: Mapping[str, str], done: int) -> None:
    """The trail says who took away what, and which personal data in full."""
    personal = [t.cls.field_label(name) for t in tables for name in t.names if name in t.cls.personal] if sees_personal_data() else []
    told = {
        "record_type": tables[0].cls.label(),
        "rows": done,
        "filter": _filter_words(tables[0].cls, args),
        "columns": "、".join(tables[0].sheet.captions),
        "personal_data": "、".join(dict.fromkeys(personal)),
    }
    changes = {name: [None, value] for name, value in told.items() if value != ""}
    record_event(work.session, Export(work.job_id), "export", changes=changes)
    work.session.commit()


def _tell(book: Workbook, cls: type[SharedRecord], args: Mapping[str, str], done: int) -> None:
    """The last sheet: who took this out when, and what was left out."""
    sheet = Sheet(book, _("About this workbook"), [_("About this workbook"), cls.label()])
    sheet.write(
        [
            [_("Exported by"), current_actor().name],
            [_("Exported at"), words(now())],
            [_("Filter"), _filter_words(cls, args) or _("all")],
            [_("Rows"), done],
            [_("Personal data"), _("in full") if sees_personal_data() else _("masked")],
        ]
    )


def _filter_words(cls: type[SharedRecord], args: Mapping[str, str]) -> str:
    known = {name: cls.field_label(name) for name in cls.listing} | {"clock": _("Deadlines"), "mine": _("Mine")}
    told = []
    for name, text in args.items():
        if name == "columns":
            continue
        base = name.removesuffix("_from").removesuffix("_until")
        caption = _("Search") if name == "q" else _("Order") if name == "order" else known.get(base) or cls.field_label(base)
        told.append(f"{caption}: {_value_words(cls, name, text, known)}")
    return "; ".join(told)


def _value_words(cls: type[SharedRecord], name: str, text: str, known: Mapping[str, str]) -> str:
    if name == "order":
        return known.get(text.lstrip("-"), text.lstrip("-")) + (" ↓" if text.startswith("-") else " ↑")
    if name == "clock":
        return label(f"clock_filter.{text}")
    if name == "mine":
        return words(True)
    if text in periods_of(cls, name):
        return label(f"period.{text}")
    if name == "state":
        return "、".join(label(f"{cls.key()}.state.{state}") for state in text.split(","))
    column = inspect(cls).columns.get(name)
    members = getattr(getattr(column, "type", None), "enum_class", None)
    return words(members(text)) if members else label(f"yes_no.{text.lower()}") if text.lower() in ("true", "false") else text


def filters_of(cls: type[SharedRecord], args: Mapping[str, str]) -> dict[str, str]:
    """Of the arguments of a list's address those that choose and order rows."""
    known = {*argument_names(cls), "order", "columns"}
    return {name: text.strip() for name, text in islice(args.items(), 40) if text.strip() and name in known}
