"""The company's own words for the messages that deadlines send, from a day on."""

import string
from collections.abc import Mapping
from datetime import date
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Day, LongText
from aftersales.labels import label, language
from aftersales.record.base import SharedRecord
from aftersales.record.refusal import Refusal
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import DATED, DATED_SETTING, in_force

# What may stand in braces, by its English and its Chinese word, with an example in each language for the preview.
PLACEHOLDERS = {
    "record": ("记录", "维修工单 SO-HD-2026-000123", "Repair order SO-HD-2026-000123"),
    "milestone": ("时限", "到场", "On site"),
    "due": ("到期", "2026-11-26 17:05", "2026-11-26 17:05"),
    "step": ("次数", "2", "2"),
    "rule": ("规则", "高风险紧急类：到场", "High risk: on site"),
    "source": ("出处", "B 3", "B 3"),
}
_KEYS = {names[0]: key for key, names in PLACEHOLDERS.items()} | {key: key for key in PLACEHOLDERS}


class NoticeKind(StrEnum):
    """Which message: before the deadline, at it, and at each step after."""

    reminder = auto()
    passed = auto()
    still_overdue = auto()


class NoticeText(SharedRecord):
    """Subject and body of one kind of message. Where there is none in force, the shipped words are sent."""

    access = written_by(Role.administrator, Role.quality, Role.manager)
    known_by = ("kind", "effective_from")
    setting = DATED_SETTING

    kind: Mapped[NoticeKind]
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[LongText]
    subject_en: Mapped[str | None] = mapped_column(String(200))
    body_en: Mapped[LongText | None]
    effective_from: Mapped[Day]

    __table_args__ = (Index("ix_notice_text_kind_state_effective_from", "kind", "state", "effective_from"),)

    listing = ("kind", "subject", "effective_from", "state")
    filters = ("kind",)
    searched = ("subject", "body")
    sections = {"content": ("kind", "subject", "body", "subject_en", "body_en"), "force": ("effective_from",)}
    workflow = DATED

    def __str__(self) -> str:
        return f"{label(f'notice_kind.{self.kind.value}')} · {self.subject}"

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        for name in ("subject", "body", "subject_en", "body_en"):
            check_text(getattr(self, name) or "", name)

    def preview(self) -> tuple[str, str]:
        """Subject and body as they would read."""
        return self.filled({key: names[2 if self._speaks_english() else 1] for key, names in PLACEHOLDERS.items()})

    def filled(self, values: Mapping[str, str]) -> tuple[str, str]:
        subject, body = (self.subject_en, self.body_en) if self._speaks_english() else (self.subject, self.body)
        return fill(subject or "", values), fill(body or "", values)

    def _speaks_english(self) -> bool:
        return language() == "en" and bool(self.subject_en and self.body_en)


def check_text(text: str, field: str) -> None:
    """Refuses braces that hold anything but a known word: no attribute, no index, no format is looked up in what people type."""
    try:
        found = [(name, spec, conversion) for _literal, name, spec, conversion in string.Formatter().parse(text) if name is not None]
    except ValueError:
        found = [("", "", None)]
    wrong = [name for name, spec, conversion in found if name not in _KEYS or spec or conversion]
    if wrong:
        known = " ".join(f"{{{key if language() == 'en' else names[0]}}}" for key, names in PLACEHOLDERS.items())
        raise Refusal(_("Unknown in braces: “%(wrong)s”. Known are %(known)s.", wrong=wrong[0], known=known), field=field)


def fill(text: str, values: Mapping[str, str]) -> str:
    return "".join(
        literal + (str(values.get(_KEYS[name], "")) if name is not None else "")
        for literal, name, _spec, _conversion in string.Formatter().parse(text)
    )


def notice_text_for(session: Session, kind: str, day: date, values: Mapping[str, str]) -> tuple[str, str] | None:
    """The company's own subject and body in force, filled in; None where the shipped words are to be sent."""
    row = in_force(session, NoticeText, day, NoticeText.kind == NoticeKind(kind))
    return None if row is None else row.filled(values)
