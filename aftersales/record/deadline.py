"""When is it due, and why: the arithmetic of deadlines. Pure: rules, calendar and pauses come in, a `Decision` comes out.

The front door of rule.py, decision.py and explanation.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from aftersales.record.decision import Candidate, DayKind, DayNote, Decision, Pause
from aftersales.record.explanation import explain, explain_late
from aftersales.record.now import CHINA
from aftersales.record.rule import Rule, RuleKind, Unit, loosens, plain

__all__ = [
    "Candidate", "DayKind", "DayNote", "Decision", "Pause", "Rule", "RuleKind", "Unit",
    "candidates", "decide", "decide_all", "explain", "explain_late", "loosens",
]  # fmt: skip

ONE_DAY = timedelta(days=1)


class Calendar(Protocol):
    """What the arithmetic asks of a calendar of working days."""

    def is_working_day(self, day: date) -> bool: ...
    def name_of(self, day: date) -> tuple[str, str] | None: ...
    def unannounced_years(self, from_day: date, to_day: date) -> tuple[int, ...]: ...
    def notice_numbers(self, from_day: date, to_day: date) -> tuple[str, ...]: ...


def decide_all(
    milestone: str, facts: Mapping[str, Any], started_at: datetime, rules: Iterable[Rule], calendar: Calendar, pauses: Sequence[Pause] = ()
) -> dict[str, Decision | None]:
    """The two clocks of a milestone: "legal", which nothing pauses, and "company", where contract and company compete."""
    rules = tuple(rules)
    legal = [rule for rule in rules if rule.kind is RuleKind.legal]
    others = [rule for rule in rules if rule.kind is not RuleKind.legal]
    return {
        "legal": decide(milestone, facts, started_at, legal, calendar),
        "company": decide(milestone, facts, started_at, others, calendar, pauses),
    }


def decide(
    milestone: str, facts: Mapping[str, Any], started_at: datetime, rules: Iterable[Rule], calendar: Calendar, pauses: Sequence[Pause] = ()
) -> Decision | None:
    """The earliest due time among the rules that apply, and how it came about; None if no rule applies.

    A pause never moves a legal rule. Minutes and hours move by its length; days count anew without every day the pause
    touched, be it for a minute: such a day was not a whole one. A pause that begins after the due time moves nothing.
    """
    facts = {name: plain(value) for name, value in facts.items()}
    applying = candidates(milestone, frozenset(RuleKind), facts, started_at, rules)
    if not applying:
        return None
    judged = [_judge(rule, started_at, calendar, pauses) for rule in applying]
    judged.sort(key=lambda ranked: (ranked[0], str(ranked[1].rule.id)))
    first = judged[0][0]
    return Decision(
        milestone=milestone,
        started_at=started_at.astimezone(UTC),
        winners=tuple(candidate for rank, candidate in judged if rank == first),
        losers=tuple(candidate for rank, candidate in judged if rank != first),
        facts=facts,
        pauses=tuple(sorted(pauses, key=lambda pause: pause.since)) if any(rule.kind is not RuleKind.legal for rule in applying) else (),
    )


def candidates(
    milestone: str, kinds: Collection[RuleKind], facts: Mapping[str, Any], started_at: datetime, rules: Iterable[Rule]
) -> tuple[Rule, ...]:
    """The rules of those kinds whose condition holds and that were in force on the day, in China, the clock began.

    ValueError if `started_at` has no time zone: nobody could say which day it means.
    """
    if started_at.tzinfo is None:
        raise ValueError(f"a beginning without a time zone: {started_at!r}")
    known = {name: plain(value) for name, value in facts.items()}
    day = _day_in_china(started_at)
    return tuple(rule for rule in rules if rule.milestone == milestone and rule.kind in kinds and rule.in_force(day) and rule.holds(known))


def _judge(rule: Rule, started_at: datetime, calendar: Calendar, pauses: Sequence[Pause]) -> tuple[tuple[bool, datetime], Candidate]:
    """The candidate after its rank: running before held, then by the time it is due at the earliest (an open pause leaves no other)."""
    pauses = () if rule.kind is RuleKind.legal else pauses
    ended = [(pause.since, pause.until) for pause in pauses if pause.until is not None and pause.until > pause.since]
    if not rule.unit.counts_days:
        due, notes = _due_after(started_at, _length(rule), ended), ()
    else:
        due, notes = _due_on(rule, started_at, calendar, ended)
    is_held = any(pause.until is None and pause.since < due for pause in pauses)
    by_calendar = rule.unit is Unit.working_days
    span = _day_in_china(started_at), _day_in_china(due - timedelta(microseconds=1))
    return (is_held, due), Candidate(
        rule=rule,
        due_at=None if is_held else due,
        day_notes=notes,
        notice_numbers=calendar.notice_numbers(*span) if by_calendar else (),
        unannounced_years=calendar.unannounced_years(*span) if by_calendar else (),
    )


def _length(rule: Rule) -> timedelta:
    return timedelta(minutes=rule.amount) if rule.unit is Unit.minutes else timedelta(hours=rule.amount)


def _due_after(started_at: datetime, length: timedelta, pauses: list[tuple[datetime, datetime]]) -> datetime:
    """The moment `length` of unpaused time has passed; overlapping pauses count once."""
    due, stood_until = (started_at + length).astimezone(UTC), started_at
    for since, until in sorted(pauses):
        since = max(since, stood_until)
        if since < due and since < until:
            due += until - since
            stood_until = until
    return due


def _due_on(
    rule: Rule, started_at: datetime, calendar: Calendar, pauses: list[tuple[datetime, datetime]]
) -> tuple[datetime, tuple[DayNote, ...]]:
    """24:00 of the last counted day, and a note on every day passed over on the way or worked against its weekday."""
    paused = [(_day_in_china(since), _day_in_china(until - timedelta(microseconds=1))) for since, until in pauses]
    day, left, notes = _day_in_china(started_at), rule.amount, []
    while left:
        day += ONE_DAY
        note = _note(day, rule.unit, calendar, paused)
        if note:
            notes.append(note)
        left -= note is None or note.kind is DayKind.make_up
    return datetime.combine(day + ONE_DAY, time(), CHINA).astimezone(UTC), tuple(notes)


def _note(day: date, unit: Unit, calendar: Calendar, paused: list[tuple[date, date]]) -> DayNote | None:
    is_weekend = day.weekday() >= 5
    by_calendar = unit is Unit.working_days
    if by_calendar and not calendar.is_working_day(day):
        name = calendar.name_of(day)
        return DayNote(day, DayKind.holiday, name) if name else DayNote(day, DayKind.weekend)
    if any(first <= day <= last for first, last in paused):
        return DayNote(day, DayKind.paused)
    return DayNote(day, DayKind.make_up, calendar.name_of(day)) if by_calendar and is_weekend else None


def _day_in_china(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
