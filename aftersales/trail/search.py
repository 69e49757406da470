"""Which entries of the trail an auditor asks for: narrowed, newest first, a page at a time, each by an index."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _
from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from aftersales.record.actor import current_actor
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA
from aftersales.record.refusal import Refusal

PAGE = 50
NOBODY = "0"


@dataclass(frozen=True)
class TrailPageRows:
    """Entries, and the mark of the last when there are more."""

    entries: list[AuditEntry]
    after: str | None


def page_of(session: Session, args: Mapping[str, str], size: int = PAGE) -> TrailPageRows:
    rows = list(session.scalars(chosen(session, args).limit(size + 1)))
    after = mark_of(rows[size - 1]) if len(rows) > size else None
    return TrailPageRows(rows[:size], after)


def every(session: Session, args: Mapping[str, str], most: int, batch: int = 500) -> Iterator[list[AuditEntry]]:
    """Up to `most` entries from the first on, in batches; what was given out is let go."""
    narrowed = {name: value for name, value in args.items() if name != "after"}
    after: str | None = ""
    count = 0
    while after is not None and count < most:
        page = page_of(session, narrowed | {"after": after}, min(batch, most - count))
        yield page.entries
        count, after = count + len(page.entries), page.after
        session.expunge_all()


def chosen(session: Session, args: Mapping[str, str]) -> Select[tuple[AuditEntry]]:
    """The select for number, kind, record_id, person (an account's id), action, from, until (days in China), after (a mark), late.

    `late` leaves what was captured earlier than it was sent.
    """
    wanted = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    regions = current_actor().region_ids
    if regions is not None:
        wanted = wanted.where(AuditEntry.region_id.in_(sorted(regions)) | AuditEntry.region_id.is_(None))
    if number := args.get("number", "").strip():
        wanted = wanted.where(tuple_(AuditEntry.kind, AuditEntry.record_id).in_([_numbered(session, number)]))
    if kind := args.get("kind", ""):
        wanted = wanted.where(AuditEntry.kind == kind)
    if record_id := args.get("record_id", ""):
        wanted = wanted.where(AuditEntry.record_id == _number(record_id, "record_id"))
    if person := args.get("person", ""):
        wanted = wanted.where(AuditEntry.actor_id.is_(None) if person == NOBODY else AuditEntry.actor_id == _number(person, "person"))
    if action := args.get("action", ""):
        wanted = wanted.where(AuditEntry.action == action)
    if day := args.get("from", ""):
        wanted = wanted.where(AuditEntry.at >= _start_of(day, "from"))
    if day := args.get("until", ""):
        wanted = wanted.where(AuditEntry.at < _start_of(day, "until") + timedelta(days=1))
    if args.get("late", ""):
        wanted = wanted.where(AuditEntry.captured_at.is_not(None))
    if mark := args.get("after", ""):
        wanted = wanted.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(*_read_mark(mark)))
    return wanted


def mark_of(entry: AuditEntry) -> str:
    return f"{entry.at.isoformat()}|{entry.id}"


def _read_mark(mark: str) -> tuple[datetime, str]:
    at, _bar, entry_id = mark.partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or len(entry_id) > 32:
        raise Refusal(_("This page mark is not valid."), field="after")
    return moment, entry_id


def _numbered(session: Session, number: str) -> tuple[str, int]:
    """The record of a number such as SO-HD-2026-00012."""
    prefix = number.upper().partition("-")[0]
    for name, cls in SharedRecord.record_types.items():
        if cls.prefix == prefix:
            record_id = session.scalar(select(cls.id).where(cls.number == number.upper()))
            if record_id is not None:
                return (name, record_id)
    raise Refusal(_("There is no such record."), field="number")


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refusal(_("Not a value of this field: %(value)s", value=text[:40]), field=field)
    return int(text)


def _start_of(day: str, field: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), CHINA)
    except (ValueError, OverflowError):
        raise Refusal(_("Not a value of this field: %(value)s", value=day[:40]), field=field) from None


