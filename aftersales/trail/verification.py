"""Verifying the whole trail, every record against it and every stored file, as a job that is watched and whose findings are kept."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.extensions import Model, db
from aftersales.jobs.job import Job, JobState
from aftersales.jobs.work import Result, Work, handles
from aftersales.record.actor import current_actor
from aftersales.record.audit import AuditSettings, Finding, Found, SignedHead, verify_records
from aftersales.record.audit.drafts import is_audited
from aftersales.record.audit.sealing import last_head
from aftersales.record.audit.verify import verify_parts
from aftersales.record.filed import verify_files
from aftersales.record.now import now
from aftersales.record.refusal import NotAllowed
from aftersales.record.storage import Store

KIND = "verify_trail"
READS_TRAIL = ("can_read", "Trail")
MOST = 1000


@dataclass(frozen=True)
class Verification:
    """What a verification found: when, over which head of the log, how much, and the first MOST findings."""

    at: datetime
    head: dict[str, Any] | None
    count: int
    findings: tuple[Finding, ...]


@handles(KIND, long=lambda _arguments: True)
def verify_trail(work: Work) -> Result:
    """Part by part, then type by type; `advance` between them tells how far it is."""
    if not current_actor().can(*READS_TRAIL):
        raise NotAllowed(_("Your role may not do this."))
    settings: AuditSettings = current_app.extensions["audit"]
    found: list[Finding] = []
    count = 0
    with reading_session() as session:
        head = last_head(session.connection())
        parts = _parts(session, settings)
        for done, part in enumerate(parts):
            work.advance(done, len(parts))
            findings = iter(part())
            kept = list(islice(findings, MOST - len(found)))
            count += len(kept) + sum(1 for _finding in findings)
            found += kept
            session.rollback()
        work.advance(len(parts))
    told = {"at": now().isoformat(), "head": None if head is None else asdict(head), "count": count, "findings": [asdict(f) for f in found]}
    message = _("%(n)s damages found.", n=count) if count else _("The audit trail and the records are whole.")
    return Result(message, json.dumps(told, ensure_ascii=False).encode(), f"verification-{now():%Y%m%d-%H%M}.json", "application/json")


def last_verification(session: Session) -> Verification | None:
    """The newest one that came to its end, whoever asked for it."""
    job = last_job(session)
    if job is None or job.result is None:
        return None
    store: Store = current_app.extensions["store"]
    told = json.loads(store.get(job.result))
    findings = tuple(Finding(**(values | {"found": Found(values["found"])})) for values in told["findings"])
    return Verification(datetime.fromisoformat(told["at"]), told["head"], told["count"], findings)


def last_job(session: Session) -> Job | None:
    """The job that did it; its message says in a sentence what it found."""
    ended = select(Job).where(Job.kind == KIND, Job.state == JobState.done).order_by(Job.id.desc()).limit(1)
    return session.scalars(ended).one_or_none()


def running(session: Session) -> Job | None:
    """A verification that somebody asked for and that has not ended."""
    going = select(Job).where(Job.kind == KIND, Job.state.in_([JobState.queued, JobState.running])).order_by(Job.id.desc()).limit(1)
    return session.scalars(going).one_or_none()


def present_head(session: Session) -> SignedHead | None:
    """The newest signed head of the log."""
    return last_head(session.connection())


def reading_session() -> Session:
    """A session that writes nothing and that nobody who writes waits for."""
    return Session(db.engine.execution_options(reads_only=True))


def _parts(session: Session, settings: AuditSettings) -> list[Callable[[], Iterable[Finding]]]:
    classes = [mapper.class_ for mapper in Model.registry.mappers if is_audited(mapper.class_)]
    compared = [lambda cls=cls: verify_records(session, [cls]) for cls in sorted(classes, key=lambda cls: cls.__name__)]
    store: Store = current_app.extensions["store"]
    return [*verify_parts(session, settings), *compared, lambda: verify_files(session, store)]
