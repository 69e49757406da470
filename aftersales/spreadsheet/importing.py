"""The two jobs of an import: the trial, which stores nothing but what is wrong, and the import itself. Both take each row through the same
door as the page and the API, in a savepoint of its own; a batch is one transaction, so whoever is killed leaves whole rows behind and
nothing twice (`ImportRow`), and may begin again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, inspect, select
from sqlalchemy.exc import DataError, DBAPIError, StatementError
from sqlalchemy.orm import Session

from aftersales.jobs import Job, JobState, ask
from aftersales.jobs.work import Result, Work, cancel, handles
from aftersales.labels import language, speaking
from aftersales.record.audit import record_event
from aftersales.record.base import SharedRecord
from aftersales.record.exposed import writable
from aftersales.record.now import now
from aftersales.record.payload import filled_form, in_own_region
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import create
from aftersales.spreadsheet.cells import XLSX
from aftersales.spreadsheet.fields import unique_together
from aftersales.spreadsheet.incoming import Import, ImportRow, counts, job_of, may_import, remember
from aftersales.spreadsheet.ranges import Ranges
from aftersales.spreadsheet.reading import Reader
from aftersales.spreadsheet.returned import returned
from aftersales.spreadsheet.source import Row, Source, open_source

TRIAL, IMPORT = "import_trial", "import"
BATCH = 50  # rows whose locks others wait for
LARGE = 100_000  # bytes: some thousand rows, which take half a minute
SILENT = timedelta(minutes=2)
Faults = dict[int, dict[str, list[str]]]


def _is_large(arguments: Mapping[str, Any]) -> bool:
    return arguments.get("size", 0) > LARGE


@handles(TRIAL, long=_is_large)
def try_out(work: Work) -> Result:
    with _begun(work) as (brought, source):
        work.session.execute(delete(ImportRow).where(ImportRow.import_id == brought.id, ImportRow.record_id.is_(None)))
        if brought.is_foreign:  # now and not with the import: who finds errors mends them in the other program and comes with a new file
            remember(work.session, brought)
        work.session.commit()
        rows = Rows(work, brought)
        seen: dict[Any, int] = {}
        count = rows.each(source, lambda number, values: rows.refuse_seen(seen, number, rows.make(values)), keep=False)
        brought = work.session.get_one(Import, rows.import_id)
        brought.tried_at, brought.row_count, brought.examples = now(), count, source.examples
        brought.strange = {name: list(words) for name, words in rows.reader.strange.items()}
        stored, bad = counts(work.session, brought)
        work.session.commit()
        message = _("%(good)s rows can be imported, %(bad)s are at fault.", good=count - bad - stored, bad=bad)
        return _result(work, brought, message, bad)


@handles(IMPORT, long=_is_large)
def take_in(work: Work) -> Result:
    with _begun(work) as (brought, source):
        told = {"record_type": brought.cls.label(), "file": brought.file_name, "sha256": brought.sha256, "rows": work.arguments["rows"]}
        record_event(work.session, brought, "import", changes={name: [None, value] for name, value in told.items() if value})
        work.session.commit()
        rows = Rows(work, brought)
        rows.each(source, rows.store, keep=True, chosen=Ranges.of(work.arguments["rows"]))
        brought = work.session.get_one(Import, rows.import_id)
        stored, bad = counts(work.session, brought)
        return _result(work, brought, _("%(n)s records stored, %(bad)s rows at fault.", n=stored, bad=bad), bad)


def start(session: Session, brought: Import, kind: str, rows: str = "") -> Job:
    """Ask for the trial or the import. Raises Refusal where one is under way or the trial is missing."""
    Ranges.of(rows)
    job = job_of(session, brought)
    if job is not None and not job.state.is_final and not (is_stalled(job) and cancel(session, job)):
        raise Refusal(_("This is under way already."))
    if kind == IMPORT and brought.tried_at is None:
        raise Refusal(_("Check the file first."))
    arguments = {
        "import": brought.id, "rows": rows, "size": len(brought.data()), "language": language(), "page": f"/import/file/{brought.id}"
    }  # fmt: skip
    if kind == TRIAL:
        brought.tried_at = None
    job = ask(session, kind, arguments)
    brought.job_id = job.id
    session.commit()
    return job


def is_stalled(job: Job) -> bool:
    """Whether its runner was silent for so long that it may be begun again; should it live still, it notices that it was cancelled."""
    return job.state == JobState.running and job.beat_at is not None and job.beat_at < now() - SILENT


@contextmanager
def _begun(work: Work) -> Iterator[tuple[Import, Source]]:
    with speaking(work.arguments["language"]):
        brought = work.session.get_one(Import, work.arguments["import"])
        if not may_import(brought.cls):
            raise NotAllowed(_("Your role may not do this."))
        yield brought, open_source(brought.data(), brought.file_name)


def _result(work: Work, brought: Import, message: str, bad: int) -> Result:
    if not bad:
        return Result(message)
    name = _("%(file)s errors.xlsx", file=brought.file_name.rpartition(".")[0])
    return Result(message, returned(work.session, brought), name, XLSX)


class Rows:
    """The rows of one file on their way into the database."""

    def __init__(self, work: Work, brought: Import) -> None:
        self.work, self.session, self.import_id, self.cls = work, work.session, brought.id, brought.cls
        self.reader = Reader(work.session, brought.cls, brought)
        self.reason = _("Import %(n)s: %(file)s", n=brought.id, file=brought.file_name)

    def each(self, source: Source, take: Any, *, keep: bool, chosen: Ranges | None = None) -> int:
        """Every chosen row that nothing is told of yet goes through `take`; what refuses is noted. Returns how many rows there are."""
        count, total = 0, max(source.estimate, 1)
        rows = source.rows()
        while batch := list(islice(rows, BATCH)):
            count += len(batch)
            faults = self._batch([row for row in batch if chosen is None or row[0] in chosen], take)
            if not keep:
                self.session.rollback()
            self.session.add_all(ImportRow(import_id=self.import_id, row=row, errors=errors) for row, errors in faults.items())
            self.work.advance(min(count, total), total)
            self.session.expunge_all()
        return count

    def _batch(self, batch: Sequence[Row], take: Any) -> Faults:
        told = select(ImportRow.row).where(ImportRow.import_id == self.import_id, ImportRow.row.in_([number for number, _cells in batch]))
        known = set(self.session.scalars(told))
        waiting = [row for row in batch if row[0] not in known]
        self.reader.look_up(waiting)
        faults: Faults = {}
        for number, cells in waiting:
            try:
                values = self._read(cells)
                with self.session.begin_nested():
                    take(number, values)
            except Refusal as refusal:
                faults[number] = refusal.errors
            except (StatementError, UnicodeEncodeError) as error:
                if isinstance(error, DBAPIError) and not isinstance(error, DataError):
                    raise
                faults[number] = {"": [_("A value is out of range.")]}
        return faults

    def _read(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Through the form of page and API. Raises Refusal with everything that is wrong with the row."""
        names = writable(self.cls)
        values, errors = self.reader.values(cells)
        try:
            filled = filled_form(self.cls, names, in_own_region(names, values)).values()
        except Refusal as refusal:
            raise Refusal(errors=refusal.errors | errors) from refusal
        if errors:
            raise Refusal(errors=errors)
        return filled

    def make(self, values: dict[str, Any]) -> SharedRecord:
        if self.cls.parent is not None:
            target = inspect(self.cls).relationships[self.cls.parent].mapper.class_
            values[self.cls.parent] = self.session.get_one(target, values.pop(f"{self.cls.parent}_id"))
        return create(self.session, self.cls, values, reason=self.reason)

    def store(self, number: int, values: dict[str, Any]) -> None:
        record = self.make(values)
        self.session.add(ImportRow(import_id=self.import_id, row=number, record_id=record.id, name=str(record)[:200]))

    def refuse_seen(self, seen: dict[Any, int], number: int, record: SharedRecord) -> None:
        """What the database cannot see in a trial, where earlier batches are gone: two rows of the file that exclude each other."""
        for names in unique_together(self.cls):
            key = (names, *(getattr(record, name) for name in names))
            if "number" in names or None in key:
                continue
            if (earlier := seen.setdefault(key, number)) != number:
                raise Refusal(_("Row %(n)s has the same.", n=earlier), field=names[-1])
