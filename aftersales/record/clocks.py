"""Running deadlines: one row per milestone, track and run, each with the decision that says why it is due then.

A clock starts when its `starts` field is filled and is met when its `stops` field is. Emptying `stops` again (a reopened
record) starts a second run and keeps the first. Legal clocks run on a track of their own beside company and contract.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Index, String, UniqueConstraint, event, inspect, select, text
from sqlalchemy.orm import Mapped, Session, UOWTransaction, defer, mapped_column, object_session, scoped_session
from sqlalchemy.orm.attributes import flag_modified

from aftersales.calendar import WorkingCalendar
from aftersales.columns import Json, RowId
from aftersales.extensions import Model
from aftersales.labels import has_label, label
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.deadline import Decision, Pause, Rule, decide_all, explain, explain_late
from aftersales.record.now import captured_at, now, server_now
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock

RuleSource = Callable[[Session, str], list[Rule]]
CalendarSource = Callable[[Session], WorkingCalendar]
LEGAL = "legal"


RUNNING = text("met_at IS NULL AND dropped_at IS NULL")
PAUSED = text("met_at IS NULL AND dropped_at IS NULL AND paused_at IS NOT NULL")


class ClockRun(RecordTrace, Model):
    """One run of one deadline of one record. `decision` reproduces the explanation.

    `pauses` are [from, until] pairs, the last with "" while the clock stands still; `due_at` then keeps the time it had.
    `sent_at` is when the server learned that it was met, where that was captured earlier and sent later.
    `next_alert_at` is when somebody is told next (None: nobody any more) and `alert_step` how far the telling has come.
    """

    __tablename__ = "clock"
    __table_args__ = (
        UniqueConstraint("kind", "record_id", "milestone", "track", "run", name="uq_clock_kind_record_id"),
        Index("ix_clock_next_alert_at", "next_alert_at"),
        Index("ix_clock_kind_due_at_all", "kind", "due_at"),  # what fell due lately, kept or not
        # Only what still runs: the boards ask for nothing else, and it stays as small as the work at hand.
        Index("ix_clock_region_id_due_at", "region_id", "due_at", "id", postgresql_where=RUNNING, sqlite_where=RUNNING),
        Index("ix_clock_kind_due_at", "kind", "due_at", "id", postgresql_where=RUNNING, sqlite_where=RUNNING),
        Index("ix_clock_kind_record_id", "kind", "record_id", postgresql_where=RUNNING, sqlite_where=RUNNING),
        Index("ix_clock_kind_paused", "kind", "record_id", postgresql_where=PAUSED, sqlite_where=PAUSED),
        # What a change of a rule reaches, and one of the calendar.
        Index("ix_clock_milestone_started_at", "milestone", "started_at", postgresql_where=RUNNING, sqlite_where=RUNNING),
        Index("ix_clock_due_at", "due_at", postgresql_where=RUNNING, sqlite_where=RUNNING),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    milestone: Mapped[str] = mapped_column(String(40))
    track: Mapped[str] = mapped_column(String(16))
    run: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    met_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pauses: Mapped[list[list[str]]] = mapped_column(Json, default=list)
    decision: Mapped[dict[str, Any]] = mapped_column(Json)
    next_alert_at: Mapped[datetime | None]
    alert_step: Mapped[int] = mapped_column(default=0)

    def __str__(self) -> str:
        return label(f"milestone.{self.milestone}")

    @property
    def state(self) -> str:
        """met, late (met too late), dropped (asked for no longer), missed (due and not met), paused or running."""
        if self.met_at is not None:
            return "met" if self.met_at <= self.due_at else "late"
        if self.dropped_at is not None:
            return "dropped"
        if self.paused_at is not None:
            return "paused"
        return "missed" if server_now() > self.due_at else "running"


def install(session: scoped_session[Session]) -> None:
    event.listen(session, "before_flush", _notice_what_changes)
    # Not after_flush: what is set on a loaded row there, SQLAlchemy takes for flushed and forgets.
    event.listen(session, "after_flush_postexec", _keep_time)


def _notice_what_changes(session: Session, context: UOWTransaction, instances: Any) -> None:
    todo: dict[SharedRecord, bool] = session.info.setdefault("clocks_to_keep", {})
    for record in session.new:
        if isinstance(record, SharedRecord) and record.clocks:
            todo[record] = True
    for record in session.dirty:
        if isinstance(record, SharedRecord) and record.clocks and _bears_on_clocks(record):
            todo.setdefault(record, False)
    gone = session.info.setdefault("clocks_to_drop", [])
    gone += [record for record in session.deleted if isinstance(record, SharedRecord) and record.clocks]


def _bears_on_clocks(record: SharedRecord) -> bool:
    names = {name for clock in record.clocks for name in (clock.starts, clock.stops, *clock.facts)}
    state = inspect(record)
    watched = {"state"} | {name.split(".")[0] for name in names}
    watched |= {next(iter(r.local_columns)).key for r in state.mapper.relationships if r.key in watched}
    return any(state.attrs[name].history.has_changes() for name in watched if name in state.attrs)


def _keep_time(session: Session, context: UOWTransaction) -> None:
    for record in session.info.pop("clocks_to_drop", []):  # a row that was taken out: nobody is told of it any more
        drop(runs_of(session, record))
    for record, is_new in session.info.pop("clocks_to_keep", {}).items():
        runs = [] if is_new else runs_of(session, record)
        for clock in record.clocks:
            keep(session, record, clock, [run for run in runs if run.milestone == clock.milestone])


def runs_of(session: Session, record: SharedRecord) -> list[ClockRun]:
    return ClockRun.of_record(session, record)


def keep(session: Session, record: SharedRecord, clock: Clock, runs: list[ClockRun]) -> None:
    """Bring the runs of one clock in step with the record: start, re-decide, meet, start again, or drop."""
    started_at, stopped_at = getattr(record, clock.starts), getattr(record, clock.stops)
    latest = {track: max((r for r in runs if r.track == track), key=lambda r: r.run) for track in {r.track for r in runs}}
    if started_at is None or (stopped_at is None and record.current_state is not None and record.current_state.ends):
        drop(latest.values())
        return
    reopened = stopped_at is None and bool(latest) and all(run.met_at is not None for run in latest.values())
    if reopened:
        started_at = now()
    elif any(run.run > 1 for run in latest.values()):
        started_at = max(run.started_at for run in latest.values())
    if stopped_at is not None:
        for run in latest.values():
            _end_pause(run, stopped_at)
    decided = decide(session, record, clock, started_at, {} if reopened else latest)
    for track, decision in decided.items():
        run = latest.get(track)
        if run is None or reopened:
            run = ClockRun.of(record, milestone=clock.milestone)
            run.track, run.run, run.pauses, run.alert_step = track, (latest[track].run + 1 if track in latest else 1), [], 0
            session.add(run)
        elif run.met_at is not None and stopped_at is not None:
            continue  # settled: what was met stays judged by what was known then
        settle(run, decision, stopped_at)
    drop(run for track, run in latest.items() if track not in decided)


def settle(run: ClockRun, decision: Decision, stopped_at: datetime | None) -> None:
    """Write what was decided. While an open pause holds it, a clock keeps the due time it had and tells nobody."""
    begins_anew = run.due_at != decision.due_at or run.dropped_at is not None or run.met_at is not None or _was_held(run)
    run.started_at, run.decision = decision.started_at, decision.to_json()
    run.due_at = decision.due_at or run.due_at
    run.met_at, run.dropped_at = stopped_at, None
    run.sent_at = server_now() if stopped_at is not None and captured_at() is not None else None
    if stopped_at is not None:
        run.paused_at, run.next_alert_at = None, None
    elif decision.due_at is None:
        run.next_alert_at = None
    elif begins_anew:
        run.alert_step, run.next_alert_at = 0, first_alert(decision)
        # Written even where they look unchanged: the job runner may have moved them since this session read the row.
        flag_modified(run, "alert_step")
        flag_modified(run, "next_alert_at")


def _was_held(run: ClockRun) -> bool:
    return run.next_alert_at is None and Decision.from_json(run.decision).due_at is None


def drop(runs: Iterable[ClockRun]) -> None:
    """The milestone is asked for no longer: the record ended without it, or no rule demands it. Late stays late."""
    for run in runs:
        if run.met_at is None and run.dropped_at is None:
            _end_pause(run, now())
            run.dropped_at, run.next_alert_at = now(), None


def pause(session: Session, run: ClockRun, since: datetime) -> None:
    """Let a company clock stand still from `since` on. Refusal for a legal one, and for one that does not run."""
    if run.track == LEGAL:
        raise Refusal(_("A legal deadline cannot be paused."))
    if run.met_at is not None or run.dropped_at is not None:
        raise Refusal(_("This clock has stopped already."))
    if run.paused_at is not None:
        raise Refusal(_("This clock already stands still."))
    run.pauses, run.paused_at = [*run.pauses, [since.isoformat(), ""]], since
    _judge_again(run)


def resume(session: Session, run: ClockRun, until: datetime) -> None:
    """Let it go on from `until`, due later by what the pause took. One that stopped meanwhile stays as it is; Refusal if it never stood."""
    if run.met_at is not None or run.dropped_at is not None:
        return
    if run.paused_at is None:
        raise Refusal(_("This clock does not stand still."))
    _end_pause(run, until)
    _judge_again(run)


def _end_pause(run: ClockRun, until: datetime) -> None:
    if run.paused_at is None:
        return
    end = max(until, run.paused_at).isoformat()
    run.pauses = [[begin, stood_until or end] for begin, stood_until in run.pauses]
    run.paused_at = None


def _judge_again(run: ClockRun) -> None:
    session: Session = object_session(run)
    record = record_of(session, run)
    clock = next(clock for clock in record.clocks if clock.milestone == run.milestone)
    keep(session, record, clock, [other for other in runs_of(session, record) if other.milestone == run.milestone])


def record_of(session: Session, run: ClockRun) -> SharedRecord:
    """The record a clock runs on."""
    return session.get_one(SharedRecord.record_types[run.kind], run.record_id)


def explain_run(run: ClockRun, language: str = "zh", decision: Decision | None = None) -> str:
    """Why it is due then, in the glossary's words for milestone, facts and values. `decision`: the run's, where it was read already."""
    decision = decision or Decision.from_json(run.decision)
    cls = SharedRecord.record_types[run.kind]
    paths = (path for clock in cls.clocks if clock.milestone == run.milestone for path in clock.facts)
    homes = {path.rpartition(".")[2]: _home_of(cls, path) for path in paths}
    words = {run.milestone: label(f"milestone.{run.milestone}", language)}
    for name, value in decision.facts.items():
        known = next((k for k in (name, f"{homes.get(name, cls.key())}.{name}", f"record.{name}") if has_label(k)), None)
        if known:
            words[name] = label(known, language)
        if has_label(f"{name}.{value}"):
            words[str(value)] = label(f"{name}.{value}", language)
    late = [explain_late(run.met_at, run.sent_at, language)] if run.met_at is not None and run.sent_at is not None else []
    return "\n".join([explain(decision, language, words), *late])


def _home_of(cls: type[SharedRecord], path: str) -> str:
    """The key of the record type that a fact is a field of: of "device.model.risk" the model's."""
    for relation in path.split(".")[:-1]:
        cls = inspect(cls).relationships[relation].mapper.class_
    return cls.key()


def first_alert(decision: Decision) -> datetime:
    """The reminder before the deadline, where the winning rule asks for one, else the deadline itself."""
    return decision.due_at if decision.remind_at is None else max(decision.remind_at, decision.started_at)


def decide(session: Session, record: SharedRecord, clock: Clock, started_at: datetime, runs: dict[str, ClockRun]) -> dict[str, Decision]:
    """The decision per track, from the rule book in force and from what this customer was promised."""
    rules_from: RuleSource = current_app.extensions["clock_rules"]
    calendar_from: CalendarSource = current_app.extensions["working_calendar"]
    rules = [*rules_from(session, clock.milestone), *record.promises(clock.milestone)]
    company = runs.get("company")
    decided = decide_all(
        clock.milestone, record.facts(clock.facts), started_at, rules, calendar_from(session), pauses=_pauses(company) if company else ()
    )
    return {track: decision for track, decision in decided.items() if decision is not None}


def _pauses(run: ClockRun) -> tuple[Pause, ...]:
    return tuple(Pause(datetime.fromisoformat(begin), datetime.fromisoformat(end) if end else None) for begin, end in run.pauses)


def next_open(session: Session, cls: type[SharedRecord], record_ids: list[int]) -> dict[int, ClockRun]:
    """The open clock that is due first, for each of the records."""
    if not record_ids:
        return {}
    chosen = select(ClockRun).where(
        ClockRun.kind == cls.__name__, ClockRun.record_id.in_(record_ids), ClockRun.met_at.is_(None), ClockRun.dropped_at.is_(None)
    )
    first: dict[int, ClockRun] = {}
    for run in session.scalars(chosen.options(defer(ClockRun.decision)).order_by(ClockRun.due_at)):
        first.setdefault(run.record_id, run)
    return first
