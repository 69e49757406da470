"""A decided deadline: everything that made it so, kept with the clock so that it can be explained without the rules, years later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from aftersales.record.rule import Fact, Rule

FORMAT = 1


class DayKind(StrEnum):
    """Why a day on the way to the deadline was not counted; `make_up` is the reverse, a weekend day that was."""

    holiday = auto()
    weekend = auto()
    make_up = auto()
    paused = auto()


@dataclass(frozen=True)
class DayNote:
    """A day that is not what its weekday promises. `name` is the holiday's, in (Chinese, English)."""

    day: date
    kind: DayKind
    name: tuple[str, str] | None = None


@dataclass(frozen=True)
class Pause:
    """A stretch in which the company's clocks stood still. `until` is None while it lasts. Both are aware moments."""

    since: datetime
    until: datetime | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        """ValueError for a moment without a time zone, or an end before the beginning."""
        if self.since.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError(f"a pause without a time zone: {self}")
        if self.until is not None and self.until < self.since:
            raise ValueError(f"a pause that ends before it begins: {self}")


@dataclass(frozen=True)
class Candidate:
    """One rule that applied and when it fell due. `due_at` is None while an open pause holds the clock before that time."""

    rule: Rule
    due_at: datetime | None
    day_notes: tuple[DayNote, ...] = ()
    notice_numbers: tuple[str, ...] = ()
    unannounced_years: tuple[int, ...] = ()


@dataclass(frozen=True)
class Decision:
    """When a milestone is due and why. `winners` fell due first, at one moment; `losers` later, in that order.

    `due_at` is None while the clock is held by an open pause: it has no due time until it goes on.
    """

    milestone: str
    started_at: datetime
    winners: tuple[Candidate, ...]
    losers: tuple[Candidate, ...]
    facts: Mapping[str, Fact] = field(hash=False)
    pauses: tuple[Pause, ...] = ()

    @property
    def due_at(self) -> datetime | None:
        return self.winners[0].due_at

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.winners + self.losers

    @property
    def unannounced_years(self) -> tuple[int, ...]:
        """The years counted by weekends only, because no holiday notice was known when this was decided."""
        return tuple(sorted({year for candidate in self.candidates for year in candidate.unannounced_years}))

    @property
    def remind_at(self) -> datetime | None:
        """The first reminder any winning rule asks for."""
        minutes = [c.rule.remind_before_minutes for c in self.winners if c.rule.remind_before_minutes is not None]
        return self.due_at - timedelta(minutes=max(minutes)) if self.due_at and minutes else None

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON column; `from_json` gives the equal decision back."""
        return {
            "format": FORMAT,
            "milestone": self.milestone,
            "started_at": _moment(self.started_at),
            "facts": dict(self.facts),
            "winners": [_candidate_json(candidate) for candidate in self.winners],
            "losers": [_candidate_json(candidate) for candidate in self.losers],
            "pauses": [{"since": _moment(p.since), "until": _moment(p.until), "reason": p.reason} for p in self.pauses],
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Decision":
        """ValueError for a row written in a format this program does not know."""
        if row["format"] != FORMAT:
            raise ValueError(f"a decision in format {row['format']!r}; this program reads {FORMAT}")
        return cls(
            milestone=row["milestone"],
            started_at=datetime.fromisoformat(row["started_at"]),
            winners=tuple(_candidate(candidate) for candidate in row["winners"]),
            losers=tuple(_candidate(candidate) for candidate in row["losers"]),
            facts=dict(row["facts"]),
            pauses=tuple(Pause(datetime.fromisoformat(p["since"]), _parsed(p["until"]), p["reason"]) for p in row["pauses"]),
        )


def _candidate_json(candidate: Candidate) -> dict[str, Any]:
    return {
        "rule": candidate.rule.to_json(),
        "due_at": _moment(candidate.due_at),
        "day_notes": [[note.day.isoformat(), note.kind.value, note.name and list(note.name)] for note in candidate.day_notes],
        "notice_numbers": list(candidate.notice_numbers),
        "unannounced_years": list(candidate.unannounced_years),
    }


def _candidate(row: Mapping[str, Any]) -> Candidate:
    return Candidate(
        rule=Rule.from_json(row["rule"]),
        due_at=_parsed(row["due_at"]),
        day_notes=tuple(
            DayNote(date.fromisoformat(day), DayKind(kind), (name[0], name[1]) if name else None) for day, kind, name in row["day_notes"]
        ),
        notice_numbers=tuple(row["notice_numbers"]),
        unannounced_years=tuple(row["unannounced_years"]),
    )


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None


def _parsed(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
