"""Fields that a company adds to a record type by itself.

Their values stand in one JSON column of every record, `custom`. Everywhere else such a field is an attribute like the declared
ones, named with a prefix, "x_room": the declaration words in `JOINED` are read with these fields added, so that whoever asks
`sections` or `listing` needs not know of them. Which fields there are the product says, by the extension "custom_fields".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from flask import current_app, has_app_context

from aftersales.labels import LANGUAGES, label, language
from aftersales.record.now import today

PREFIX = "x_"
COLUMN = "custom"


class FieldKind(StrEnum):
    text = "text"
    number = "number"
    date = "date"
    choice = "choice"
    yes_no = "yes_no"


@dataclass(frozen=True)
class Choice:
    """A value of a choice; one that is no longer offered stays readable."""

    code: str
    words: tuple[str, str]
    is_offered: bool = True


@dataclass(frozen=True)
class CustomField:
    """One field as the kernel knows it. `required_from`: from that day it must be filled, to enter `required_state` where one is named."""

    code: str
    kind: FieldKind
    section: str
    words: tuple[str, str]
    help: tuple[str, str] = ("", "")
    unit: str = ""
    lower: Decimal | None = None
    upper: Decimal | None = None
    choices: tuple[Choice, ...] = ()
    revision: int = 1
    required_from: date | None = None
    required_state: str | None = None
    active_from: date = date.min
    active_until: date | None = None
    is_personal: bool = False
    is_listed: bool = False
    is_filter: bool = False
    is_searched: bool = False
    is_summed: bool = False

    @property
    def name(self) -> str:
        return PREFIX + self.code

    @property
    def is_ordered(self) -> bool:
        """Whether a lower and an upper bound of it can be asked for."""
        return self.kind in (FieldKind.number, FieldKind.date)

    def is_active(self) -> bool:
        return self.active_from <= today() and (self.active_until is None or today() <= self.active_until)

    def is_required(self, state: str | None = None) -> bool:
        """Whether it must be filled to enter `state`, or in any form where it is None."""
        return self.is_active() and self.required_from is not None and self.required_from <= today() and self.required_state == state

    def label(self, lang: str | None = None) -> str:
        return _in(self.words, lang)

    def caption(self) -> str:
        """Its name, and the unit of the bare value beside it."""
        return f"{self.label()} ({self.unit})" if self.unit else self.label()

    def help_text(self) -> str:
        return _in(self.help, None)

    def typed(self, value: Any) -> Any:
        """The stored value as forms and filters take it."""
        if value is None:
            return None
        if self.kind is FieldKind.number:
            return Decimal(value)
        return date.fromisoformat(value) if self.kind is FieldKind.date else value

    def text(self, value: Any) -> str:
        """A value, stored or typed, as people read it."""
        if value is None or value == "":
            return ""
        if self.kind is FieldKind.yes_no:
            return label(f"yes_no.{str(value).lower()}")
        if self.kind is FieldKind.choice:
            return next((_in(choice.words) for choice in self.choices if choice.code == value), str(value))
        return f"{stored(value)} {self.unit}".strip()


def _in(words: tuple[str, str], lang: str | None = None) -> str:
    return words[LANGUAGES.index(lang or language())] or words[0]


def stored(value: Any) -> Any:
    """A typed value as the JSON column keeps it: decimals and days are text, so that nothing of them is lost."""
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return value.isoformat() if isinstance(value, date) else value


def is_custom(name: str) -> bool:
    return name.startswith(PREFIX)


def all_fields() -> Mapping[str, Mapping[str, CustomField]]:
    """By the key of the record type, then by name."""
    source = current_app.extensions.get("custom_fields") if has_app_context() else None
    return source() if source is not None else {}


def fields_of(cls: Any) -> Mapping[str, CustomField]:
    """The fields of a record type by name, in their order, retired ones too."""
    return all_fields().get(cls.key(), {})


def edition() -> frozenset[tuple[str, CustomField]]:
    """What is in force today, to tell whether something built from it still holds."""
    return frozenset((key, field) for key, fields in all_fields().items() for field in fields.values() if field.is_active())


def field_of(cls: Any, name: str) -> CustomField | None:
    return fields_of(cls).get(name) if name.startswith(PREFIX) else None  # not `is_custom`: asked for each field of each page


def requires(cls: Any, state: str) -> tuple[str, ...]:
    """What must be filled to enter a state, beside what the state declares."""
    return tuple(name for name, field in fields_of(cls).items() if field.is_required(state))


def form_version(cls: Any, version: str) -> str:
    """The version a printed form shows: custom fields in force change it, and every change of them raises it: "A/0+3"."""
    revisions = sum(field.revision for field in fields_of(cls).values() if field.is_active())
    return f"{version}+{revisions}" if revisions else version


# -- how they join a declaration --


def declared_by(cls: Any, word: str) -> Any:
    """What the class itself says."""
    return getattr(cls, f"declared_{word}", {} if word == "sections" else ())


class Joined:
    """A word of a declaration as everybody reads it: what the class declares, and the custom fields that belong there."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.join = JOINED[word]

    def __get__(self, record: Any, cls: Any) -> Any:
        declared = declared_by(cls, self.word)
        fields = fields_of(cls)
        return self.join(declared, fields.values(), record) if fields else declared


def _sections(declared: Mapping[str, tuple[str, ...]], fields: Any, record: Any) -> dict[str, tuple[str, ...]]:
    """Of a type the fields in force; of a record also the retired ones that it has."""
    filled = () if record is None else record.custom or ()
    here = [field for field in fields if field.is_active() or field.code in filled]
    return {section: (*names, *(f.name for f in here if f.section == section)) for section, names in declared.items()}


def _where(has: Callable[[CustomField], bool]) -> Callable[[tuple[str, ...], Any, Any], tuple[str, ...]]:
    return lambda declared, fields, _record: (*declared, *(field.name for field in fields if has(field)))


JOINED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "sections": _sections,
    "listing": _where(lambda field: field.is_listed and field.is_active()),
    "filters": _where(lambda field: field.is_filter and field.is_active()),
    "searched": _where(lambda field: field.is_searched),
    "summed": _where(lambda field: field.is_summed and field.is_active()),
    "personal": _where(lambda field: field.is_personal),
}
