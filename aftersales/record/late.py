"""Entries that come late: captured on a device without a network, sent when it is back, taken once, and judged by when they happened.

The sender says two things in the headers of its POST: `Idempotency-Key`, under which one person's entry is taken one time however often
it arrives, and `Captured-At`. A page may say its key in the field `entry_key`: then an answer that got lost doubles nothing either.
What was captured settles fields and clocks through `now()`; the trail, the stamps and the alarms keep the server's time beside it.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, jsonify, redirect, request
from flask_babel import gettext as _
from sqlalchemy import Index, String, UniqueConstraint, event, func, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column, scoped_session

from aftersales.columns import RowId
from aftersales.extensions import Model, db
from aftersales.record.actor import current_actor
from aftersales.record.audit import AuditEntry
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.display import words
from aftersales.record.now import captured, captured_at, server_now
from aftersales.record.refusal import Refusal
from aftersales.record.words import Meaning, State, Transition

KEY, CAPTURED = "Idempotency-Key", "Captured-At"
LONGEST = timedelta(days=7)  # a week's journey; whoever writes down later what was earlier says so in words, and no clock believes it
SKEW = timedelta(minutes=2)  # a device's clock, corrected by the server's, is off by less
KEPT = timedelta(days=90)  # how long a key is remembered; a telephone that was off for longer sends what LONGEST refuses


class ReceivedEntry(Model):
    """One entry that was taken in under a key of its sender. `location` is the page or address of what came of it."""

    __tablename__ = "received_entry"
    __table_args__ = (UniqueConstraint("user_id", "key"), Index("ix_received_entry_received_at", "received_at"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int]
    key: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    captured_at: Mapped[datetime | None]
    location: Mapped[str] = mapped_column(String(500))


def install(session: scoped_session[Session]) -> None:
    event.listen(session, "before_flush", _refuse_too_early)


def once(work: Callable[[], Response]) -> Response:
    """Do `work`, which commits, at the time its request says it was captured; not at all where its key was taken before."""
    key, moment, user_id = _key(), moment_of_request(), current_actor().user_id
    if key is None or user_id is None:
        with captured(moment):
            return work()
    if (earlier := _received(user_id, key)) is not None:
        return _again(earlier)
    location = request.full_path.rstrip("?")[:500]
    entry = ReceivedEntry(user_id=user_id, key=key, received_at=server_now(), captured_at=moment, location=location)
    db.session.add(entry)
    try:
        db.session.flush()  # whoever sends the same at the same moment waits here for the first
    except IntegrityError:
        db.session.rollback()
        return _again(_received(user_id, key) or entry)
    with captured(moment):
        response = work()
    if inspect(entry).persistent and response.location:
        entry.location = response.location[:500]
        db.session.commit()
    return response


def is_queued() -> bool:
    """Whether this request was sent by a queue, which wants its answer as data."""
    return request.method == "POST" and KEY in request.headers


def refuse_desk_work(transition: Transition, target: State) -> None:
    """What is sealed, signed with a password or kept apart from another's step is decided in sight of the record as it stands."""
    is_signed = transition.signs is not None and transition.signs.by is Meaning.staff
    if captured_at() is not None and (is_signed or transition.apart_from or target.seals):
        raise Refusal(_("This step needs the server: it cannot be captured without a network."), field="captured_at")


def late_words(moment: datetime, sent: datetime) -> str:
    """The mark of what came late, beside its entry and its clock."""
    return _("captured %(captured)s (offline), sent %(sent)s", captured=words(moment), sent=words(sent))


def _key() -> str | None:
    key = request.headers.get(KEY) or (request.form.get("entry_key") if not request.is_json else None)
    if not key:
        return None
    if not re.fullmatch(r"[A-Za-z0-9-]{8,64}", key):
        raise Refusal(_("Not a key: 8 to 64 letters, digits and hyphens."), field="entry_key")
    return key


def moment_of_request() -> datetime | None:
    """The captured time as the request says it, within bounds: at most a week ago, and not later than now."""
    text, sent = request.headers.get(CAPTURED, "").strip(), server_now()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise Refusal(_("Say when it was captured, with the time zone: 2026-11-16T14:02:00+08:00."), field="captured_at")
    if moment > sent + SKEW:
        raise Refusal(_("It cannot have been captured in the future."), field="captured_at")
    if moment < sent - LONGEST:
        raise Refusal(_("It was captured more than %(days)s days ago: enter it as of now.", days=LONGEST.days), field="captured_at")
    return min(moment, sent)


def _received(user_id: int, key: str) -> ReceivedEntry | None:
    return db.session.scalars(select(ReceivedEntry).where(ReceivedEntry.user_id == user_id, ReceivedEntry.key == key)).one_or_none()


def _again(entry: ReceivedEntry) -> Response:
    if is_queued():
        response = jsonify(message=_("This was received already."), done=True, location=entry.location)
        response.headers["Location"] = entry.location
        return response
    return redirect(entry.location)


def _refuse_too_early(session: Session, context: UOWTransaction, instances: Any) -> None:
    """Nothing was captured before the last step of its record: who captured it had that step before them."""
    moment = captured_at()
    if moment is None:
        return
    for kind, record_id in dict.fromkeys(_written(session)):
        stepped_at = _last_step(session, kind, record_id)
        if stepped_at is not None and moment < stepped_at:
            raise Refusal(
                _(
                    "It was captured %(captured)s, before the last step of the record at %(stepped)s.",
                    captured=words(moment), stepped=words(stepped_at),
                ),
                field="captured_at",
            )  # fmt: skip


def _written(session: Session) -> Iterator[tuple[str, int]]:
    """The records this flush writes on, by what is written: themselves, rows inside them, what hangs on them."""
    for row in [*session.new, *(row for row in session.dirty if session.is_modified(row))]:
        if isinstance(row, RecordTrace):
            yield row.kind, row.record_id
        elif isinstance(row, SharedRecord) and (root := row.root()).id is not None:
            yield type(root).__name__, root.id


def _last_step(session: Session, kind: str, record_id: int) -> datetime | None:
    """When the record last came to where it stands, by the time that counts."""
    workflow = SharedRecord.record_types[kind].workflow
    steps = ["create", *(transition.name for transition in workflow.transitions)] if workflow else ["create"]
    happened = func.coalesce(AuditEntry.captured_at, AuditEntry.at)
    chosen = select(happened).where(AuditEntry.kind == kind, AuditEntry.record_id == record_id, AuditEntry.line_kind.is_(None))
    return session.scalar(chosen.where(AuditEntry.action.in_(steps)).order_by(AuditEntry.sequence.desc()).limit(1))
