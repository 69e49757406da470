"""A deadline rule: one number of the law, of company policy or of a contract, as dated data. Rows are never edited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, StrEnum, auto
from typing import Any

Fact = str | int | bool | None


class Unit(StrEnum):
    """How an amount is counted. Days leave out the day of the event and end at 24:00 in China."""

    minutes = auto()
    hours = auto()
    calendar_days = auto()
    working_days = auto()

    @property
    def counts_days(self) -> bool:
        return self in (Unit.calendar_days, Unit.working_days)


class RuleKind(StrEnum):
    """Who demands it. Legal clocks run beside the others and are never paused; a contract competes with the company's own rule."""

    legal = auto()
    company = auto()
    contract = auto()


@dataclass(frozen=True)
class Rule:
    """What must be reached (`milestone`) how long after its clock began, when every fact in `when` has an allowed value.

    `when` maps a fact to its value or a tuple of allowed ones; empty holds always. `source` is the document's short name,
    `source_title` its full one, `article` the place in it, `label` the (Chinese, English) words for people.
    In force from `effective_from` through `effective_to`, both included, for what began on those days in China.
    """

    id: int | str
    milestone: str
    amount: int
    unit: Unit
    kind: RuleKind
    source: str
    article: str
    effective_from: date
    label: tuple[str, str]
    when: Mapping[str, Fact | tuple[Fact, ...]] = field(default_factory=dict, hash=False)
    effective_to: date | None = None
    remind_before_minutes: int | None = None
    requirement: str = ""
    source_title: str = ""

    def __post_init__(self) -> None:
        """ValueError for a rule that cannot be meant."""
        object.__setattr__(self, "when", {fact: _allowed(values) for fact, values in self.when.items()})
        if isinstance(self.amount, bool) or not isinstance(self.amount, int) or self.amount < 0:
            raise ValueError(f"amount must be a whole number from 0, not {self.amount!r}")
        if self.remind_before_minutes is not None and self.remind_before_minutes <= 0:
            raise ValueError(f"remind_before_minutes must be above 0, not {self.remind_before_minutes}")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError(f"effective_to {self.effective_to} lies before effective_from {self.effective_from}")
        if len(self.label) != 2 or not all(self.label):
            raise ValueError(f"label must be a Chinese and an English text, not {self.label!r}")
        for fact, values in self.when.items():
            if not values:
                raise ValueError(f"when.{fact} allows no value: the rule could never hold")

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        return all(fact in facts and facts[fact] in values for fact, values in self.when.items())

    def to_json(self) -> dict[str, Any]:
        row = dict(vars(self))
        row["when"] = {fact: list(values) for fact, values in self.when.items()}
        row["label"] = list(self.label)
        row["effective_from"] = self.effective_from.isoformat()
        row["effective_to"] = self.effective_to and self.effective_to.isoformat()
        return row | {"unit": self.unit.value, "kind": self.kind.value}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Rule":
        words = dict(row)
        words["when"] = {fact: tuple(values) for fact, values in row["when"].items()}
        words["label"] = tuple(row["label"])
        words["effective_from"] = date.fromisoformat(row["effective_from"])
        words["effective_to"] = date.fromisoformat(row["effective_to"]) if row["effective_to"] else None
        return cls(**(words | {"unit": Unit(row["unit"]), "kind": RuleKind(row["kind"])}))


def plain(value: Any) -> Fact:
    """A fact as rules know it: an enum member by its name. TypeError for anything a rule could not name."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"a fact is text, a whole number, yes or no, or an enum member, not {value!r}")


def loosens(company_rule: Rule, legal_rules: Iterable[Rule]) -> Rule | None:
    """The legal rule that `company_rule` could outlast, for some moment of beginning; None if it only ever tightens.

    Comparable are rules of the same milestone whose conditions and days in force overlap. Rows that are not legal are
    passed over, so the whole rule book may be given. A doubt between units is decided against the company rule.
    """
    comparable = (rule for rule in legal_rules if rule.kind is RuleKind.legal and _meet(company_rule, rule))
    return next((rule for rule in comparable if _may_outlast(company_rule, rule)), None)


def _meet(one: Rule, other: Rule) -> bool:
    if one.milestone != other.milestone:
        return False
    if not all(set(one.when[fact]) & set(other.when[fact]) for fact in one.when.keys() & other.when.keys()):
        return False
    starts_first, starts_last = sorted((one, other), key=lambda rule: rule.effective_from)
    return starts_first.in_force(starts_last.effective_from)


def _may_outlast(company: Rule, legal: Rule) -> bool:
    both_in_days = company.unit.counts_days and legal.unit.counts_days
    if both_in_days and (company.unit is legal.unit or company.unit is Unit.calendar_days):
        return company.amount > legal.amount  # the n-th working day never comes before the n-th day
    return _length(company)[1] > _length(legal)[0]


def _length(rule: Rule) -> tuple[timedelta, timedelta]:
    """The shortest and the longest time a rule can give, over all moments of beginning."""
    if rule.unit is Unit.minutes:
        return (timedelta(minutes=rule.amount),) * 2
    if rule.unit is Unit.hours:
        return (timedelta(hours=rule.amount),) * 2
    # n working days took at most 2n + 8 days in every announced year (a test counts them); nine days off in a row was the longest holiday.
    stretched = rule.unit is Unit.working_days and rule.amount > 0
    most = 2 * rule.amount + 8 if stretched else rule.amount
    return timedelta(days=rule.amount), timedelta(days=most + 1)


def _allowed(values: Any) -> tuple[Fact, ...]:
    if isinstance(values, tuple | list | set | frozenset):
        return tuple(plain(value) for value in values)
    return (plain(values),)
