"""What a trial or an import came to, told alike by page and API."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from openpyxl.utils import get_column_letter
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.jobs import Job, JobState
from aftersales.spreadsheet.fields import Field, fields_of
from aftersales.spreadsheet.importing import is_stalled
from aftersales.spreadsheet.incoming import Import, ImportRow, counts, job_of

SHOWN = 25  # rows at fault; the returned workbook has all
STORED = 20


@dataclass(frozen=True)
class Fault:
    """One thing wrong: the row of the file, the column's letter and what it is called, "" for the whole row, and the sentence."""

    row: int
    column: str
    heading: str
    text: str


@dataclass(frozen=True)
class Outcome:
    brought: Import
    job: Job | None
    good: int
    bad: int
    stored: int
    faults: list[Fault] = field(default_factory=list)
    records: list[ImportRow] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return self.job is not None and not self.job.state.is_final

    @property
    def is_stalled(self) -> bool:
        return self.job is not None and is_stalled(self.job)

    @property
    def state(self) -> str:
        """running, trial (not tried, or the trial failed), tried, or done where nothing is left to import."""
        if self.is_running:
            return "running"
        if self.brought.tried_at is None:
            return "untried"
        return "tried" if self.good else "done"

    @property
    def result_id(self) -> int | None:
        """The job whose file has the rows at fault."""
        return self.job.id if self.job is not None and self.job.state is JobState.done and self.job.result else None

    def json(self) -> dict[str, Any]:
        job = self.job
        return {
            "id": self.brought.id,
            "type": self.brought.cls.key(),
            "file": self.brought.file_name,
            "state": self.state,
            "job": None if job is None else {"state": job.state.value, "done": job.done, "total": job.total, "message": job.message},
            "columns": dict(zip(self.brought.headings, self.brought.columns, strict=True)),
            "rows": self.brought.row_count,
            "good": self.good,
            "at_fault": self.bad,
            "stored": self.stored,
            "strange": {of.name: words for of, words in strange(self.brought)},
            "faults": [asdict(fault) for fault in self.faults],
        }


def strange(brought: Import) -> Iterator[tuple[Field, list[str]]]:
    """The words of choices that nobody has explained yet."""
    for of in fields_of(brought.cls):
        words = [word for word in brought.strange.get(of.name, ()) if word not in brought.meanings.get(of.name, {})]
        if words:
            yield of, words


def outcome_of(session: Session, brought: Import) -> Outcome:
    stored, bad = counts(session, brought)
    of_import = select(ImportRow).where(ImportRow.import_id == brought.id).order_by(ImportRow.row)
    faulty = session.scalars(of_import.where(ImportRow.record_id.is_(None)).limit(SHOWN))
    made = session.scalars(of_import.where(ImportRow.record_id.is_not(None)).limit(STORED))
    good = max(brought.row_count - bad - stored, 0)
    return Outcome(brought, job_of(session, brought), good, bad, stored, list(_faults(brought, list(faulty))), list(made))


def _faults(brought: Import, rows: list[ImportRow]) -> Iterator[Fault]:
    captions = {of.name: of.caption for of in fields_of(brought.cls)}
    for row in rows:
        for name, texts in (row.errors or {}).items():
            letter = get_column_letter(brought.columns.index(name) + 1) if name and name in brought.columns else ""
            for text in texts:
                yield Fault(row.row, letter, captions.get(name, ""), text)
