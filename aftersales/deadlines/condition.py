"""What a rule's condition may ask at each milestone, and how it reads: the fields that the clocks of the record types name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Boolean, Enum, inspect

from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.rule import Fact
from aftersales.record.words import Clock


@dataclass(frozen=True)
class Question:
    """A field that rules of a milestone may ask about, by the name rules know it by, with every value it can have in words."""

    name: str
    label: str
    choices: tuple[tuple[Fact, str], ...]

    def words_of(self, value: Any) -> str:
        return dict(self.choices).get(value, str(value))


def clocks_of(milestone: str) -> Iterator[tuple[type[SharedRecord], Clock]]:
    """The record types that have this milestone, each with its clock."""
    return ((cls, clock) for cls, clock in all_clocks() if clock.milestone == milestone)


def all_clocks() -> Iterator[tuple[type[SharedRecord], Clock]]:
    """Every clock of every record type, in the order of the menu."""
    from aftersales.registration import record_types

    return ((cls, clock) for cls in dict.fromkeys(record_types()) for clock in cls.clocks)


def offered_milestones() -> list[tuple[str, str]]:
    return [(name, label(f"milestone.{name}")) for name in dict.fromkeys(clock.milestone for _cls, clock in all_clocks())]


def questions(milestone: str) -> dict[str, Question]:
    asked = (_question(cls, path) for cls, clock in clocks_of(milestone) for path in clock.facts)
    return {question.name: question for question in asked if question is not None}


def _question(cls: type[SharedRecord], path: str) -> Question | None:
    """None for a field whose values cannot be counted: nobody could choose one."""
    *relations, name = path.split(".")
    for relation in relations:
        cls = inspect(cls).relationships[relation].mapper.class_
    kind = inspect(cls).columns[name].type
    if isinstance(kind, Boolean):
        return Question(name, cls.field_label(name), tuple((answer, words(answer)) for answer in (True, False)))
    if isinstance(kind, Enum):
        return Question(name, cls.field_label(name), tuple((member.value, words(member)) for member in kind.enum_class))
    return None


def allowed(values: Any) -> list[Any]:
    """The values a condition allows for one field: it may name a single one."""
    return list(values) if isinstance(values, list | tuple) else [values]


def condition_words(milestone: str, condition: Mapping[str, Any]) -> str:
    """The condition as people say it; a field or value that is no longer asked keeps the name it had."""
    asked = questions(milestone)
    parts = []
    for name, values in condition.items():
        question = asked.get(name) or Question(name, name, ())
        parts.append(_("%(field)s: %(values)s", field=question.label, values=_(" or ").join(map(question.words_of, allowed(values)))))
    return _("; ").join(parts) or _("Always")


def problem_of(milestone: str, condition: Any) -> str:
    """Why this cannot be the condition of a rule of the milestone; "" where it can."""
    if not isinstance(condition, dict):
        return _("A condition names fields and the values they may have.")
    asked = questions(milestone)
    for name, values in condition.items():
        if name not in asked:
            known = ", ".join(f"{question.label} ({question.name})" for question in asked.values())
            return _("This milestone is not judged by “%(name)s”. Known are: %(known)s", name=name, known=known or "—")
        if not allowed(values):
            return _("%(field)s: no value is left, so the rule would never hold.", field=asked[name].label)
        known_values = [value for value, _words in asked[name].choices]
        if wrong := [value for value in allowed(values) if not isinstance(value, str | bool) or value not in known_values]:
            return _("%(field)s: “%(value)s” is none of its values.", field=asked[name].label, value=str(wrong[0])[:40])
    return ""
