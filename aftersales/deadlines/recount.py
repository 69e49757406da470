"""More running clocks than an approval may wait for are judged anew by a job: the rule holds at once, the clocks follow in batches.

Each batch is one transaction of whole clocks, and judging a clock twice changes nothing: killed at any moment, the job is begun again.
What starts or changes meanwhile is judged by the new rule already. A clock that was not reached yet keeps its old due time, and the
decision that explains it.
"""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.deadlines.rejudging import Reach, rejudge, settle_change
from aftersales.jobs import Result, Work, handles
from aftersales.jobs.job import Job, JobState
from aftersales.jobs.runner import ask_along
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun

KIND = "recount"
AT_ONCE = 1000  # some two seconds; a preview looks at no more either
BATCH = 200
UNDER_WAY = 50  # jobs that are looked through for one of a record


def recount(session: Session, row: SharedRecord, reach: Reach) -> None:
    """Judge what `row` reaches by what holds from now on: in this transaction where that is soon done, else by a job that it asks for."""
    with acting_as(SYSTEM):
        ids = reach.chosen.with_only_columns(ClockRun.id).order_by(None)
        reached = session.scalars(ids.limit(AT_ONCE + 1)).all()
    if len(reached) > AT_ONCE and current_actor().user_id is not None:
        ask_along(session, KIND, {"record": type(row).__name__, "id": row.id, "page": f"/{row.key()}/show/{row.id}"})
    else:
        rejudge(session, reach)


@handles(KIND, owed=True)
def carry_on(work: Work) -> Result:
    cls, pk, session = SharedRecord.record_types[work.arguments["record"]], work.arguments["id"], work.session
    chosen = session.get_one(cls, pk).reach(session).chosen.order_by(None)
    ids = list(session.scalars(chosen.with_only_columns(ClockRun.id).order_by(ClockRun.id)))
    moved = 0
    work.advance(0, len(ids))
    for start in range(0, len(ids), BATCH):
        reach = session.get_one(cls, pk).reach(session)  # anew for each batch: by what holds now
        some = reach.chosen.where(ClockRun.id.in_(ids[start : start + BATCH])).order_by(None).order_by(ClockRun.id)
        changed = [*reach.changes(session, some.with_for_update(of=ClockRun))]
        for change in changed:
            settle_change(change)
        session.flush()
        moved += sum(change.moves for change in changed)
        session.expunge_all()
        work.advance(min(start + BATCH, len(ids)))
    return Result(_("%(n)s of %(all)s open deadlines moved.", n=moved, all=len(ids)))


def under_way(session: Session, row: SharedRecord) -> Job | None:
    """The job that still judges the clocks of this record, whoever asked for it."""
    going = select(Job).where(Job.kind == KIND, Job.state.in_([JobState.queued, JobState.running])).order_by(Job.id.desc())
    jobs = session.scalars(going.limit(UNDER_WAY))
    return next((job for job in jobs if (job.arguments["record"], job.arguments["id"]) == (type(row).__name__, row.id)), None)
