"""What a spreadsheet may fill in of a record type: the fields of its form, as columns with words in both languages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import UniqueConstraint, inspect
from wtforms import DateField, IntegerField
from wtforms import Field as FormField
from wtforms.validators import Length

from aftersales.labels import LANGUAGES, label, language, speaking
from aftersales.record.base import SharedRecord, snake_case
from aftersales.record.exposed import writable
from aftersales.record.form_fields import (
    ChoiceField,
    InstantField,
    JsonField,
    LookupField,
    ManyField,
    NumberField,
    OptionField,
    YesNoField,
)
from aftersales.record.forms import form_class

KINDS: dict[type[FormField], str] = {
    ChoiceField: "choice", OptionField: "choice", YesNoField: "yes_no", LookupField: "reference", ManyField: "references",
    IntegerField: "whole", NumberField: "number", DateField: "day", InstantField: "moment", JsonField: "words",
}  # fmt: skip
Words = tuple[str, str]


@dataclass(frozen=True)
class Field:
    """One column: the field it fills, what it is called in Chinese and English, and what it takes."""

    name: str
    captions: Words
    kind: str
    required: bool
    longest: int | None
    help: str
    target: type[SharedRecord] | None
    choices: dict[str, Words] = field(hash=False)  # value → words, of a choice or of yes and no
    in_words: Any = field(default=None, hash=False)  # of a structured value: what reads it from text, with an example and what it takes

    @property
    def caption(self) -> str:
        return self.captions[LANGUAGES.index(language())]

    @property
    def choice_words(self) -> list[str]:
        return [words[LANGUAGES.index(language())] for words in self.choices.values()]

    @cached_property
    def by_word(self) -> dict[str, str]:
        """Any spelling of a choice → its value."""
        return {spelt(word): value for value, words in self.choices.items() for word in (value, *words)}


def fields_of(cls: type[SharedRecord]) -> tuple[Field, ...]:
    """The parent of rows inside a record comes first, else the fields as the form has them."""
    names = writable(cls)
    if cls.parent is not None:
        names = (f"{cls.parent}_id", *(name for name in names if name != f"{cls.parent}_id"))
    form = form_class(cls, names)()
    columns = inspect(cls).columns
    return tuple(_field(name, form[name], columns[name].info.get("in_words") if name in columns else None) for name in names)


def importable(cls: type[SharedRecord]) -> bool:
    """Whether rows of a type may come from a file at all: what people write in a form of its own."""
    if not cls.made_by_hand:
        return False
    fields = [name for name in cls.form_fields() if name != "region_id"]
    return bool(fields) and any("can_write" in rights for rights in cls.owner().access.values())


def spelt(text: Any) -> str:
    """A heading or a word without what people and programs write differently: case, blanks, the star of what is required."""
    return "".join(sign for sign in str(text).casefold() if sign.isalnum())


def keys_of(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The columns by which people name a record of this type: its name, its number, and what else is unique of it."""
    columns = inspect(cls).columns
    unique = [names[-1] for names in unique_together(cls)]
    names = [name for name in dict.fromkeys(("name", "name_en", "number", *unique)) if name in columns and name not in cls.fixed]
    return tuple(name for name in names if columns[name].type.python_type is str and not name.endswith("_token"))


def unique_together(cls: type[SharedRecord]) -> tuple[tuple[str, ...], ...]:
    """The sets of columns that no two records may have alike."""
    return tuple(tuple(column.key for column in constraint.columns) for constraint in _uniques(cls))


def _uniques(cls: type[SharedRecord]) -> Iterator[UniqueConstraint]:
    constraints: Iterable[Any] = sorted(cls.__table__.constraints, key=lambda constraint: str(constraint.name))
    return (constraint for constraint in constraints if isinstance(constraint, UniqueConstraint))


def _field(name: str, field: FormField, in_words: Any) -> Field:
    return Field(
        name=name,
        captions=_in_both(lambda: str(field.label.text)),
        kind=next((word for made, word in KINDS.items() if isinstance(field, made)), "text"),
        required=bool(field.flags.required),
        longest=next((needed.max for needed in field.validators if isinstance(needed, Length)), None),
        help=str(field.description or ""),
        target=getattr(field, "target", None),
        choices=_choices(field),
        in_words=in_words,
    )


def _choices(field: FormField) -> dict[str, Words]:
    if isinstance(field, YesNoField):
        return {value: (label(f"yes_no.{value}", "zh"), label(f"yes_no.{value}", "en")) for value in ("true", "false")}
    if isinstance(field, ChoiceField):
        key = snake_case(field.members.__name__)
        return {member.value: (label(f"{key}.{member.name}", "zh"), label(f"{key}.{member.name}", "en")) for member in field.members}
    if isinstance(field, OptionField):
        chinese, english = _in_both(lambda: dict(field.offered()))
        return {value: (chinese[value], english.get(value, value)) for value in chinese}
    return {}


def _in_both(words: Any) -> Any:
    """What `words` answers in Chinese and in English."""
    told = []
    for spoken in LANGUAGES:
        with speaking(spoken):
            told.append(words())
    return tuple(told)
