"""A condition as people write it in a cell, read back: "故障级别：一级 或 二级；设备风险：高", in either language."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from flask_babel import gettext as _

from aftersales.deadlines.condition import Question, condition_words, offered_milestones, questions
from aftersales.labels import LANGUAGES, speaking
from aftersales.record.refusal import Refusal

BETWEEN_FIELDS = re.compile(r"[;；\n]+")
BETWEEN_VALUES = re.compile(r"^(?:或者|或|or\b|[\s,，、/])+", re.IGNORECASE)
ALWAYS = ("一律适用", "always")


class ConditionWords:
    """How the condition of a rule stands in a spreadsheet."""

    @staticmethod
    def read(text: str) -> dict[str, Any]:
        """The condition as rules keep it. Refusal for a field or value that no rule asks; which the milestone asks, the rule says."""
        if text.strip().casefold() in ALWAYS:
            return {}
        return dict(map(_part, filter(str.strip, BETWEEN_FIELDS.split(text))))

    @staticmethod
    def example() -> str:
        question = next(iter(_asked().values()))
        return condition_words(_milestone_of(question.name), {question.name: [value for value, _word in question.choices[:2]]})

    @staticmethod
    def takes() -> str:
        """Every field with its values: nobody guesses how one is written."""
        fields = [f"{question.label}: {' / '.join(word for _value, word in question.choices)}" for question in _asked().values()]
        return "\n".join([_("Empty for a rule that always holds, else fields with their values, fields apart by semicolons:"), *fields])


def _part(text: str) -> tuple[str, list[Any]]:
    name, said = (part.strip() for part in re.split(r"[:：=]", f"{text}:", maxsplit=1))
    fact = next((fact for fact, called in _called().items() if name.casefold() in called), None)
    if fact is None:
        known = " / ".join(question.label for question in _asked().values())
        raise Refusal(_("No rule asks about “%(name)s”. Known are: %(known)s", name=name[:40], known=known))
    return fact, list(dict.fromkeys(_values(fact, said.rstrip(": "))))


def _values(fact: str, said: str) -> Iterator[Any]:
    """One known value after the other: a value may hold a comma itself, so the text is not taken apart at commas."""
    spellings = sorted(_spellings(fact), key=lambda pair: len(pair[0]), reverse=True)
    rest = said.casefold()
    while rest := BETWEEN_VALUES.sub("", rest):
        found = next(((word, value) for word, value in spellings if rest.startswith(word)), None)
        if found is None:
            known = " / ".join(word for _value, word in _asked()[fact].choices)
            raise Refusal(_("“%(word)s” is no value of %(field)s: %(known)s", word=rest[:40], field=_asked()[fact].label, known=known))
        yield found[1]
        rest = rest[len(found[0]) :]


def _asked() -> dict[str, Question]:
    """Every field that some milestone asks, in the reader's words; where two ask a field of one name, with the choices of both."""
    asked: dict[str, Question] = {}
    for milestone, _words in offered_milestones():
        for name, question in questions(milestone).items():
            known = asked.setdefault(name, question)
            asked[name] = replace(known, choices=tuple(dict.fromkeys((*known.choices, *question.choices))))
    return asked


def _milestone_of(fact: str) -> str:
    return next(milestone for milestone, _words in offered_milestones() if fact in questions(milestone))


@cache
def _called() -> dict[str, set[str]]:
    """By fact: its own name and its labels in both languages."""
    called: dict[str, set[str]] = {}
    for language in LANGUAGES:
        with speaking(language):
            for name, question in _asked().items():
                called.setdefault(name, {name}).add(question.label.casefold())
    return called


@cache
def _spellings(fact: str) -> frozenset[tuple[str, Any]]:
    found: set[tuple[str, Any]] = set()
    for language in LANGUAGES:
        with speaking(language):
            choices = _asked()[fact].choices
            found |= {(spelling.casefold(), value) for value, word in choices for spelling in (word, str(value))}
    return frozenset(found)
