"""A field that an administrator adds: where it stands, what it takes, from when to when. Never deleted, because old records have it."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from pypinyin import lazy_pinyin
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, inspect, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import Code as CodeText
from aftersales.columns import Day, Name, ShortText
from aftersales.extensions import db
from aftersales.labels import label, language
from aftersales.record.base import SharedRecord
from aftersales.record.ciphers import enciphered
from aftersales.record.custom import FieldKind, declared_by
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines, Setting
from aftersales.rights import written_by
from aftersales.roles import Role

# What a field is once it is in force: records may have values that mean this.
SETTLED = ("place", "kind")
LONGEST_CODE = 40


def offered_places() -> list[tuple[str, str]]:
    """Every section of every record type: "service_order.intake"."""
    return [(f"{cls.key()}.{section}", f"{cls.label()} · {label(f'{cls.key()}.section.{section}')}") for cls, section in _sections()]


def _sections() -> Iterator[tuple[type[SharedRecord], str]]:
    from aftersales.registration import record_types

    types = (cls for cls in dict.fromkeys(record_types()) if not enciphered(cls))  # a custom field is not encrypted
    yield from ((cls, section) for cls in types for section in cls.sections)


def offered_types() -> list[tuple[str, str]]:
    return [(cls.key(), cls.label()) for cls in dict.fromkeys(cls for cls, _section in _sections())]


def offered_states() -> list[tuple[str, str]]:
    """Every state of every record type: "service_order.closed"."""
    types = dict.fromkeys(cls for cls, _section in _sections() if cls.workflow)
    return [
        (f"{cls.key()}.{s.name}", f"{cls.label()} · {label(f'{cls.key()}.state.{s.name}')}") for cls in types for s in cls.workflow.states
    ]


def type_of(key: str) -> type[SharedRecord] | None:
    """The record type of this key; None where the program no longer has it."""
    return next((cls for cls in SharedRecord.record_types.values() if cls.key() == key), None)


class FieldDefinition(SharedRecord):
    """One custom field of one record type. Its `code` is made from its name, and its values are known by it for good."""

    access = written_by(Role.administrator)

    place: Mapped[str] = mapped_column(String(128))
    record_type: Mapped[str] = mapped_column(String(64))
    code: Mapped[CodeText]
    name: Mapped[Name]
    name_en: Mapped[Name]
    kind: Mapped[FieldKind]
    unit: Mapped[str | None] = mapped_column(String(20))
    lower: Mapped[Decimal | None]
    upper: Mapped[Decimal | None]
    hint_zh: Mapped[ShortText | None]
    hint_en: Mapped[ShortText | None]
    position: Mapped[int] = mapped_column(default=0)
    is_listed: Mapped[bool] = mapped_column(default=False)
    is_filter: Mapped[bool] = mapped_column(default=False)
    is_searched: Mapped[bool] = mapped_column(default=False)
    is_summed: Mapped[bool] = mapped_column(default=False)
    is_personal: Mapped[bool] = mapped_column(default=False)
    required_from: Mapped[Day | None]
    required_state: Mapped[str | None] = mapped_column(String(128))
    active_from: Mapped[Day] = mapped_column(default=today)
    active_until: Mapped[Day | None]

    choices: Mapped[list["FieldChoice"]] = relationship(
        back_populates="definition", order_by="FieldChoice.position", cascade="all, delete-orphan"
    )

    __table_args__ = (UniqueConstraint("record_type", "code"), Index("ix_field_definition_record_type_id", "record_type", "id"))

    listing = ("name", "place", "kind", "active_from", "active_until")
    filters = ("record_type", "kind")
    searched = ("name", "name_en", "code")
    known_by = ("record_type", "code")
    setting = Setting()
    fixed = ("record_type", "code")
    offers = {"record_type": offered_types, "place": offered_places, "required_state": offered_states}
    sections = {
        "basics": ("name", "name_en", "place", "position", "kind", "unit", "lower", "upper", "hint_zh", "hint_en", "record_type", "code"),
        "choices": (),
        "use": ("is_listed", "is_filter", "is_searched", "is_summed", "is_personal"),
        "force": ("active_from", "active_until", "required_from", "required_state"),
    }
    lines = (Lines("choices", "choices"),)

    def __str__(self) -> str:
        return self.name_en if language() == "en" else self.name

    def on_create(self) -> None:
        self.record_type = (self.place or "").partition(".")[0]
        self.code = self.code or self._free_code()
        self._check()

    def on_change(self) -> None:
        changed = [name for name in SETTLED if inspect(self).attrs[name].history.has_changes()]
        if changed and self._was_active_from() <= today():
            raise Refusal(errors={name: [_("The field is in use, so this stays. End it and make a new one.")] for name in changed})
        self.record_type = self.place.partition(".")[0]
        self._check()

    def _was_active_from(self) -> Any:
        before = inspect(self).attrs.active_from.history.deleted
        return before[0] if before else self.active_from

    def _free_code(self) -> str:
        """Made from the English name, else from the sound of the Chinese one; nobody types it."""
        words = re.findall("[a-z0-9]+", (self.name_en or "").lower()) or re.findall("[a-z0-9]+", "_".join(lazy_pinyin(self.name)).lower())
        stem = "_".join(words)[: LONGEST_CODE - 4].strip("_") or "field"
        taken = set(db.session.scalars(select(FieldDefinition.code).where(FieldDefinition.record_type == self.record_type)))
        return next(code for n in range(1, len(taken) + 2) if (code := stem if n == 1 else f"{stem}_{n}") not in taken)

    def _check(self) -> None:
        if errors := dict(self._problems()):
            raise Refusal(errors={name: [text] for name, text in errors.items()})

    def _problems(self) -> Iterator[tuple[str, str]]:
        cls = type_of(self.record_type)
        if self.kind is not FieldKind.number:
            yield from ((name, _("Only a number has this.")) for name in ("unit", "lower", "upper") if getattr(self, name) is not None)
            if self.is_summed:
                yield "is_summed", _("Only a number has this.")
        if self.lower is not None and self.upper is not None and self.upper < self.lower:
            yield "upper", _("The upper bound is below the lower one.")
        if self.active_from and self.active_until and self.active_until < self.active_from:
            yield "active_until", _("It would end before it begins.")
        if self.is_searched and cls is not None and not declared_by(cls, "searched"):
            yield "is_searched", _("This record has no search.")
        if self.is_filter and self.is_personal:
            yield "is_filter", _("Personal data is no filter.")
        if self._is_foreign_state():
            yield "required_state", _("This state belongs to another record.")

    def _is_foreign_state(self) -> bool:
        return bool(self.required_state) and not self.required_state.startswith(f"{self.record_type}.")



class FieldChoice(SharedRecord):
    """A value of a choice. Once it may stand in records it is kept, and only offered no longer."""

    parent = "definition"
    known_by = ("definition", "code")

    definition_id: Mapped[int] = mapped_column(ForeignKey("field_definition.id"))
    code: Mapped[CodeText]
    name: Mapped[Name]
    name_en: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)
    is_offered: Mapped[bool] = mapped_column(default=True)

    definition: Mapped[FieldDefinition] = reference(back_populates="choices")

    __table_args__ = (UniqueConstraint("definition_id", "code"),)

    listing = ("code", "name", "name_en", "is_offered")
    sections = {"basics": ("code", "name", "name_en", "position", "is_offered")}

    def __str__(self) -> str:
        return self.name_en if language() == "en" else self.name

    @property
    def why_kept(self) -> str:
        return _("Records may have this value: take it out of the offer instead.") if self.definition.active_from <= today() else ""

    def on_create(self) -> None:
        if self.definition.kind is not FieldKind.choice:
            raise Refusal(_("Only a choice has values."), field="code")

    def on_change(self) -> None:
        if inspect(self).attrs.code.history.has_changes() and self.definition.active_from <= today():
            raise Refusal(_("The field is in use, so this stays. End it and make a new one."), field="code")
