"""Who is told that a deadline nears, passes and stays past: nothing twice, nothing never.

Each step of each clock is one transaction: the notices, and the time of the next step. Killed before its commit, nothing was told
and the clock is found again; killed after, the next runner goes on behind it. A notice's key names clock, step and due time, so
even a step taken twice is told once; a due time that moved is another deadline and is told anew.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from aftersales.labels import citation, label, language
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import LEGAL, ClockRun, record_of
from aftersales.record.decision import Decision
from aftersales.record.display import url_of, words
from aftersales.record.notices import tell
from aftersales.record.now import now, today

REMINDER, PASSED = 0, 1
BATCH = 100
MOST_FAILURES = 50


@dataclass(frozen=True)
class Escalation:
    """How fast a missed deadline climbs: a step after each `share` of the clock's own length, within bounds."""

    share: float = 0.25
    at_least: timedelta = timedelta(minutes=30)
    at_most: timedelta = timedelta(hours=24)

    def interval(self, length: timedelta) -> timedelta:
        return min(max(length * self.share, self.at_least), self.at_most)

    def step_at(self, step: int, run: ClockRun) -> datetime:
        """When a step past the deadline (1 and on) is taken."""
        return run.due_at + (step - PASSED) * self.interval(run.due_at - run.started_at)


def alert_due(session: Session, batch: int = BATCH) -> int:
    """Take every step that is due and return how many. Commits the session after each.

    A clock whose record cannot be asked (an error in its own code) holds up no other; all such errors are raised together at the end.
    """
    taken, failures = 0, dict[int, Exception]()
    while len(failures) < MOST_FAILURES:
        due = select(ClockRun.id).where(ClockRun.next_alert_at <= now(), ClockRun.id.not_in(failures)).order_by(ClockRun.next_alert_at)
        run_ids = session.scalars(due.limit(batch)).all()
        session.commit()
        before = taken + len(failures)
        for run_id in run_ids:
            try:
                taken += alert(session, run_id)
            except Exception as error:
                session.rollback()
                failures[run_id] = error
        if taken + len(failures) == before:
            break  # nothing is due, or another runner has it in hand
    if failures:
        raise ExceptionGroup(f"clocks that could not be told of: {sorted(failures)}", list(failures.values()))
    return taken


def alert(session: Session, run_id: int) -> bool:
    """Take the next step of one clock, if it is due and no other runner has it. Commits the session."""
    due = select(ClockRun).where(ClockRun.id == run_id, ClockRun.next_alert_at <= now())
    run = session.scalars(due.with_for_update(skip_locked=True).execution_options(populate_existing=True)).one_or_none()
    if run is None:
        session.commit()
        return False
    record = record_of(session, run)
    step = REMINDER if now() < run.due_at else max(PASSED, run.alert_step)
    readers = record.alert_readers(run.milestone, step)
    key = f"clock:{run.id}:{step}:{run.due_at:%Y%m%d%H%M%S}"
    tell(session, readers, key=key, words=partial(sentences, record, run, step), url=url_of(record), is_urgent=step >= PASSED)
    run.alert_step, run.next_alert_at = step + 1, _next_alert(run, step, bool(readers))
    session.commit()
    return True


def _next_alert(run: ClockRun, step: int, was_told: bool) -> datetime | None:
    """The chain ends above the deadline, at the first step with nobody to tell."""
    if step > PASSED and not was_told:
        return None
    policy: Escalation = current_app.extensions["escalation"]
    return policy.step_at(step + 1, run)


def sentences(record: SharedRecord, run: ClockRun, step: int) -> tuple[str, str]:
    """Subject and body: which record, which milestone, when it is due, and by which rule; in the company's own words where it has some."""
    names = {"record": f"{record.label()} {record}", "milestone": label(f"milestone.{run.milestone}"), "due": words(run.due_at)}
    rule = Decision.from_json(run.decision).winners[0].rule
    why = {"rule": rule.label[language() == "en"], "source": citation(rule.source, rule.article)}
    legal = _("This is a legal deadline.") if run.track == LEGAL else ""
    kind = ("reminder", "passed")[step] if step <= PASSED else "still_overdue"
    own = current_app.extensions["notice_texts"](object_session(record), kind, today(), names | why | {"step": str(step)})
    if own is not None:
        return own[0], f"{own[1]} {legal}".strip()
    if step == REMINDER:
        subject = _("Due soon: %(milestone)s · %(record)s", **names)
        opening = _("%(milestone)s (%(record)s) is due by %(due)s.", **names)
    elif step == PASSED:
        subject = _("Overdue: %(milestone)s · %(record)s", **names)
        opening = _("%(milestone)s (%(record)s) was due by %(due)s and is not done.", **names)
    else:
        subject = _("Still overdue: %(milestone)s · %(record)s", **names)
        opening = _(
            "%(milestone)s (%(record)s) was due by %(due)s and is still not done. This is escalation %(step)s.", step=step, **names
        )
    return subject, " ".join(filter(None, (opening, _("Rule: %(rule)s (%(source)s).", **why), legal)))
