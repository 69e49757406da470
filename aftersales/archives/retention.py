"""How long a record is kept: the latest of all rules in force. Pure: what is known and the rules come in, a `Judgement` comes out.

Nothing is ever guessed shorter: where a rule applies and the day it counts from is not known or has not come, the end stays open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum, auto
from typing import Any

from dateutil.relativedelta import relativedelta

from aftersales.record.rule import RuleKind

FORMAT = 1


class RetentionClass(StrEnum):
    """What a record is to the law: each class has its own row in the table of terms."""

    quality_record = auto()
    controlled_document = auto()
    adverse_event = auto()
    recall = auto()
    purchase_and_sale = auto()
    user_acceptance = auto()
    user_maintenance = auto()
    periodic_report = auto()
    destruction_record = auto()


class Reach(StrEnum):
    """Which devices a rule is about."""

    implant = auto()
    large = auto()
    neither_implant_nor_large = auto()
    with_expiry = auto()
    without_expiry = auto()
    class_1 = auto()
    class_2_or_3 = auto()


class Anchor(StrEnum):
    """The day a term counts from."""

    settled_on = auto()
    released_on = auto()
    expires_on = auto()
    life_ends_on = auto()
    use_ends_on = auto()
    discontinued_on = auto()
    model_life_ends_on = auto()
    certificate_ends_on = auto()
    obsolete_life_ends_on = auto()
    contract_ends_on = auto()
    paper_kept_until = auto()


class Term(StrEnum):
    """What is known of the end: a day, none yet, or that there is none."""

    dated = auto()
    open = auto()
    permanent = auto()


@dataclass(frozen=True)
class Subject:
    """What is known of one record, and of the device and model it is about. Days that are not known or have not come are None.

    `life_years` is the service life the company set for the model; for what is about no device the longest of all models.
    """

    retention_class: RetentionClass
    recorded_on: date
    closed_on: date | None = None
    risk: str | None = None
    legal_class: str | None = None
    is_implant: bool = False
    is_large: bool = False
    released_on: date | None = None
    expires_on: date | None = None
    life_years: int | None = None
    retired_on: date | None = None
    discontinued_on: date | None = None
    certificate_ends_on: date | None = None
    obsolete_on: date | None = None
    contract_ends_on: date | None = None
    paper_kept_until: date | None = None

    def reaches(self, reach: Reach | None) -> bool:
        return (
            reach is None
            or {
                Reach.implant: self.is_implant,
                Reach.large: self.is_large,
                Reach.neither_implant_nor_large: not self.is_implant and not self.is_large,
                Reach.with_expiry: self.expires_on is not None,
                Reach.without_expiry: self.expires_on is None,
                Reach.class_1: self.legal_class == "class_1",
                Reach.class_2_or_3: self.legal_class in ("class_2", "class_3"),
            }[reach]
        )

    def day(self, anchor: Anchor) -> date | None:
        """The day of an anchor; None where it is not known or has not come."""
        if anchor is Anchor.settled_on:
            return max(day for day in (self.recorded_on, self.closed_on, self.retired_on) if day is not None)
        if anchor is Anchor.life_ends_on:
            return _years_after(self.released_on, self.life_years)
        if anchor is Anchor.use_ends_on:
            return max((day for day in (self.day(Anchor.life_ends_on), self.retired_on) if day is not None), default=None)
        if anchor is Anchor.model_life_ends_on:
            return _years_after(self.discontinued_on, self.life_years)
        if anchor is Anchor.obsolete_life_ends_on:
            return _years_after(self.obsolete_on, self.life_years)
        return getattr(self, anchor.value)

    def to_json(self) -> dict[str, Any]:
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Subject":
        days = {f.name for f in fields(cls) if "date" in str(f.type)}
        values = {name: date.fromisoformat(value) if name in days else value for name, value in row.items()}
        return cls(**values | {"retention_class": RetentionClass(row["retention_class"])})


@dataclass(frozen=True)
class Rule:
    """One term: `years` after the day of `anchor`, or for ever where `years` is None. `retention_class`, `reach` and `risk` say which
    records it is about; what is None is not asked. In force from `effective_from` through `effective_to`, both included."""

    id: str
    kind: RuleKind
    label: tuple[str, str]
    source: str
    article: str
    effective_from: date
    source_title: str = ""
    anchor: Anchor | None = None
    years: int | None = None
    retention_class: RetentionClass | None = None
    reach: Reach | None = None
    risk: str | None = None
    effective_to: date | None = None

    def __post_init__(self) -> None:
        """ValueError for a rule that cannot be meant."""
        if (self.years is None) != (self.anchor is None):
            raise ValueError(f"{self.id}: a term has years and the day they count from; what is kept for ever has neither")
        if self.years is not None and not 0 <= self.years <= 100:
            raise ValueError(f"{self.id}: {self.years} years")

    def applies(self, subject: Subject, day: date) -> bool:
        """Whether it speaks of this record on that day. A rule that counts from a contract or from a paper asks that there is one."""
        if day < self.effective_from or (self.effective_to is not None and day > self.effective_to):
            return False
        if self.anchor in (Anchor.contract_ends_on, Anchor.paper_kept_until) and subject.day(self.anchor) is None:
            return False
        return self.retention_class in (None, subject.retention_class) and self.risk in (None, subject.risk) and subject.reaches(self.reach)

    def to_json(self) -> dict[str, Any]:
        return {
            name: value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value not in (None, "")
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Rule":
        typed: dict[str, Any] = {
            "kind": RuleKind, "label": tuple, "anchor": Anchor, "retention_class": RetentionClass, "reach": Reach,
            "effective_from": date.fromisoformat, "effective_to": date.fromisoformat,
        }  # fmt: skip
        return cls(**{name: typed.get(name, lambda same: same)(value) for name, value in row.items()})


@dataclass(frozen=True)
class Outcome:
    """What one rule demands: `until` is the last day of a dated term, `since` the day it counts from."""

    rule: Rule
    term: Term
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Judgement:
    """How long, and why: what every rule demands, the longest first. `until` is the latest day known, the end itself where it is dated."""

    subject: Subject
    judged_on: date
    outcomes: tuple[Outcome, ...]

    @property
    def term(self) -> Term:
        """Open where no rule applies: what nobody made a rule for is not destroyed."""
        return self.outcomes[0].term if self.outcomes else Term.open

    @property
    def until(self) -> date | None:
        if self.term is Term.permanent:
            return None
        return max((outcome.until for outcome in self.outcomes if outcome.until is not None), default=None)

    @property
    def winners(self) -> tuple[Outcome, ...]:
        """The rules that decide: all of the longest term."""
        return tuple(o for o in self.outcomes if (o.term, o.until) == (self.outcomes[0].term, self.outcomes[0].until))

    def is_over(self, day: date) -> bool:
        """Whether nothing keeps it any longer on `day`: the last day itself still counts."""
        return self.term is Term.dated and self.until is not None and self.until < day

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON column; `from_json` gives the equal judgement back."""
        return {
            "format": FORMAT,
            "judged_on": self.judged_on.isoformat(),
            "subject": self.subject.to_json(),
            "outcomes": [
                {"rule": o.rule.to_json(), "term": o.term, "since": _text(o.since), "until": _text(o.until)} for o in self.outcomes
            ],
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Judgement":
        """ValueError for a row written in a format this program does not know."""
        if row["format"] != FORMAT:
            raise ValueError(f"a judgement in format {row['format']!r}; this program reads {FORMAT}")
        outcomes = (Outcome(Rule.from_json(o["rule"]), Term(o["term"]), _day(o["since"]), _day(o["until"])) for o in row["outcomes"])
        return cls(Subject.from_json(row["subject"]), date.fromisoformat(row["judged_on"]), tuple(outcomes))


RANK = {Term.permanent: 2, Term.open: 1, Term.dated: 0}


def judge(subject: Subject, rules: Iterable[Rule], day: date) -> Judgement:
    """What keeps the record by the rules in force on `day`."""
    outcomes = [_outcome(rule, subject) for rule in rules if rule.applies(subject, day)]
    outcomes.sort(key=lambda o: (-RANK[o.term], -(o.until.toordinal() if o.until else 0), o.rule.id))
    return Judgement(subject, day, tuple(outcomes))


def _outcome(rule: Rule, subject: Subject) -> Outcome:
    if rule.anchor is None:
        return Outcome(rule, Term.permanent)
    since = subject.day(rule.anchor)
    if since is None:
        return Outcome(rule, Term.open)
    return Outcome(rule, Term.dated, since, _years_after(since, rule.years))


def _years_after(day: date | None, years: int | None) -> date | None:
    """The last day of a term of years: the day of the same name, and where the month has none, its last."""
    return None if day is None or years is None else day + relativedelta(years=years)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
