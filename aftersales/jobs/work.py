"""Carrying out a job: as the person who asked, step by step, with its progress beside its work."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from time import monotonic, sleep
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aftersales.jobs.job import Job, JobState
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store
from aftersales.security.account import Account
from aftersales.security.manager import actor_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What a job leaves behind: a sentence for the person, and a file where there is one."""

    message: str = ""
    data: bytes | None = None
    name: str = ""
    media_type: str = "application/octet-stream"


class Cancelled(Exception):
    """The person does not want it any more. A handler lets it pass through."""


class Work:
    """What a handler gets: the session, the arguments, and `advance` to say how far it is."""

    def __init__(self, session: Session, job: Job) -> None:
        self.session, self.job_id, self.arguments = session, job.id, dict(job.arguments)
        self._step_began = monotonic()

    def advance(self, done: int, total: int | None = None) -> None:
        """Say how far it is, and commit what was done so far: call it between whole steps. Raises Cancelled when it was cancelled."""
        going = update(Job).where(Job.id == self.job_id, Job.state == JobState.running)
        values: dict[str, Any] = {"done": done, "beat_at": now()} | ({} if total is None else {"total": total})
        is_going = self.session.connection().execute(going.values(values)).rowcount == 1
        if not is_going:
            self.session.rollback()
            raise Cancelled
        self.session.commit()
        self._let_others_write()

    def _let_others_write(self) -> None:
        """Whoever waits for SQLite's one write lock only looks for it now and then: a next step begun at once has it again before them."""
        if self.session.get_bind().dialect.name == "sqlite":
            sleep(min(monotonic() - self._step_began, SQLITE_LOOKS_EACH))
        self._step_began = monotonic()


Handler = Callable[[Work], Result]
handlers: dict[str, Handler] = {}
Arguments = Mapping[str, Any]
# Of which arguments a job goes on for many minutes: told beforehand, so that the others need not wait for it.
_long: dict[str, Callable[[Arguments], bool]] = {}
# What follows from something that was decided already: carried out as the system, never cancelled, begun again until it is done.
_owed: set[str] = set()
SQLITE_LOOKS_EACH = 0.1  # seconds, after the first tries: sqliteDefaultBusyCallback in SQLite's main.c
SILENT = timedelta(minutes=30)
SILENT_OWED = timedelta(minutes=2)
# One long job at a time in this process, and one of all others beside it.
_lanes = {False: Lock(), True: Lock()}


def handles(kind: str, *, owed: bool = False, long: Callable[[Arguments], bool] | None = None) -> Callable[[Handler], Handler]:
    """Declares a function as the handler of the jobs of `kind`, which is also the key of their label: job.kind.<kind>.

    One whose jobs are `owed` may be begun again at any point, also beside a runner that was only slow. `long` says of the arguments
    of a job whether it goes on for more than some minutes: such jobs wait for each other, and nobody else waits for them.
    """

    def declare(handler: Handler) -> Handler:
        if handlers.setdefault(kind, handler) is not handler:
            raise ValueError(f"two handlers for the jobs of kind {kind}")
        if owed:
            _owed.add(kind)
        if long is not None:
            _long[kind] = long
        return handler

    return declare


def work_off(session: Session, *, long: bool = False) -> int:
    """Carry out the jobs that wait, the oldest first, and return how many: the long ones or the others. At once where this process
    already does."""
    if not _lanes[long].acquire(blocking=False):
        return 0
    try:
        _give_up_lost(session)
        count = 0
        while (job := _claim(session, long)) is not None:
            carry_out(session, job)
            count += 1
        return count
    finally:
        _lanes[long].release()


def is_long(kind: str, arguments: Arguments) -> bool:
    return kind in _long and _long[kind](arguments)


def _claim(session: Session, long: bool) -> Job | None:
    """The oldest job that waits in this lane, what is owed before what is wished, now ours: of two runners only one changes its state."""
    queued = select(Job.id, Job.kind, Job.arguments).where(Job.state == JobState.queued).order_by(Job.kind.not_in(_owed), Job.id)
    while (job_id := next((row.id for row in session.execute(queued).all() if is_long(row.kind, row.arguments) is long), None)) is not None:
        waiting = update(Job).where(Job.id == job_id, Job.state == JobState.queued)
        ours = waiting.values(state=JobState.running, started_at=now(), beat_at=now())
        is_ours = session.connection().execute(ours).rowcount == 1
        session.commit()
        if is_ours:
            return session.get_one(Job, job_id)
    session.commit()
    return None


def _give_up_lost(session: Session) -> None:
    """A job that was silent for so long has lost its runner. What it committed stays; only what is owed is begun again unasked."""
    running, is_owed = update(Job).where(Job.state == JobState.running), Job.kind.in_(_owed)
    again = running.where(is_owed, Job.beat_at < now() - SILENT_OWED).values(state=JobState.queued)
    lost = running.where(~is_owed, Job.beat_at < now() - SILENT)
    session.connection().execute(again)
    session.connection().execute(lost.values(state=JobState.failed, ended_at=now(), message=_("The program was stopped while this ran.")))
    session.commit()


def carry_out(session: Session, job: Job) -> None:
    """Run one job that was claimed. It sees and may do what the person who asked sees and may do, and what is owed what the system may."""
    job_id, is_owed = job.id, job.kind in _owed
    try:
        result = _run(session, job)
    except Cancelled:
        session.rollback()
        return
    except Refusal as refusal:
        session.rollback()
        _end(session, job_id, JobState.failed, Result(str(refusal)))
    except Exception:
        session.rollback()
        log.exception("job %s failed", job_id)
        if not is_owed:  # else it is silent from now on, and so begun again
            _end(session, job_id, JobState.failed, Result(_("Something went wrong on our side.")))
    else:
        session.commit()
        _end(session, job_id, JobState.done, result)
    finally:
        session.close()


def _run(session: Session, job: Job) -> Result:
    handler, account = handlers.get(job.kind), session.get_one(Account, job.asked_by_id)
    if handler is None:
        raise Refusal(_("This version of the program does not know jobs of this kind."))
    is_owed = job.kind in _owed
    if not account.is_active and not is_owed:
        raise Refusal(_("The account that asked for it is switched off."))
    work, actor = Work(session, job), SYSTEM if is_owed else actor_of(account)
    session.close()  # nothing that was read as somebody else is left in the session
    with acting_as(actor):
        return handler(work)


def _end(session: Session, job_id: int, state: JobState, result: Result) -> None:
    values: dict[str, Any] = {"state": state, "ended_at": now(), "message": result.message[:2000]}
    if result.data is not None:
        store: Store = current_app.extensions["store"]
        values |= {"result": store.put(result.data), "result_name": result.name, "result_media_type": result.media_type}
    session.connection().execute(update(Job).where(Job.id == job_id, Job.state == JobState.running).values(values))
    session.commit()


def may_be_cancelled(job: Job) -> bool:
    return not job.state.is_final and job.kind not in _owed


def cancel(session: Session, job: Job) -> bool:
    """Whether it could still be cancelled. One that runs notices at its next step."""
    going = update(Job).where(Job.id == job.id, Job.kind.not_in(_owed), Job.state.in_([JobState.queued, JobState.running]))
    is_cancelled = session.connection().execute(going.values(state=JobState.cancelled, ended_at=now())).rowcount == 1
    session.commit()
    return is_cancelled
