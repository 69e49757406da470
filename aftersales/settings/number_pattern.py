"""How the numbers of a record type are built, from a day on. Numbers given out before stay as they are."""

import re
from datetime import date
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Index, String, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Day
from aftersales.deadlines.memory import forget, once_a_transaction, while_unchanged
from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.numbering import Numbering, series_of
from aftersales.record.refusal import Refusal
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import DATED, DATED_SETTING

KEY = "number_patterns"
LETTERS = re.compile(r"[A-Z][A-Z0-9]{0,7}", re.ASCII)
FEWEST_DIGITS, MOST_DIGITS = 4, 9


class YearForm(StrEnum):
    """How the year stands in a number; without it the count never begins anew."""

    four_digits = auto()
    two_digits = auto()
    none = auto()


YEAR_DIGITS = {YearForm.four_digits: 4, YearForm.two_digits: 2, YearForm.none: 0}


def offered_prefixes() -> list[tuple[str, str]]:
    """Every record type that is numbered: (its shipped letters, what it is called and these letters)."""
    numbered = {cls.prefix: cls.label() for cls in SharedRecord.record_types.values() if cls.prefix}
    return sorted(((prefix, f"{name} · {prefix}") for prefix, name in numbered.items()), key=lambda offer: offer[1])


class NumberPattern(SharedRecord):
    """The numbers of one record type (`prefix` is the shipped one, such as SO) from `effective_from` on."""

    access = written_by(Role.administrator, Role.quality)
    known_by = ("prefix_of", "effective_from")
    setting = DATED_SETTING

    prefix_of: Mapped[str] = mapped_column(String(8))
    letters: Mapped[str] = mapped_column(String(8))
    has_region: Mapped[bool] = mapped_column(default=True)
    year_form: Mapped[YearForm] = mapped_column(default=YearForm.four_digits)
    digit_count: Mapped[int] = mapped_column(default=6)
    effective_from: Mapped[Day]

    __table_args__ = (
        CheckConstraint(f"digit_count BETWEEN {FEWEST_DIGITS} AND {MOST_DIGITS}", name="digit_count"),
        Index("ix_number_pattern_prefix_of_state_effective_from", "prefix_of", "state", "effective_from"),
    )

    listing = ("prefix_of", "letters", "has_region", "year_form", "digit_count", "effective_from", "state")
    filters = ("prefix_of",)
    offers = {"prefix_of": offered_prefixes}
    searched = ("prefix_of", "letters")
    sections = {"content": ("prefix_of", "letters", "has_region", "year_form", "digit_count"), "force": ("effective_from",)}
    workflow = DATED

    def __str__(self) -> str:
        return f"{self.prefix_of} → {self.example()}"

    @property
    def hint(self) -> str:
        names = [cls.label() for cls in SharedRecord.record_types.values() if cls.prefix == self.prefix_of]
        return names[0] if names else ""

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        self.prefix_of, self.letters = (self.prefix_of or "").upper(), (self.letters or "").upper()
        shipped = {cls.prefix for cls in SharedRecord.record_types.values() if cls.prefix}
        if self.prefix_of not in shipped:
            raise Refusal(_("No record type has these letters. There are: %(list)s", list=", ".join(sorted(shipped))), field="prefix_of")
        if not LETTERS.fullmatch(self.letters):
            raise Refusal(_("One to eight capital letters and digits, a letter first."), field="letters")
        if self.letters != self.prefix_of and self.letters in shipped:
            raise Refusal(_("These letters belong to another record type: %(name)s", name=_type_of(self.letters)), field="letters")
        if self.digit_count is not None and not FEWEST_DIGITS <= self.digit_count <= MOST_DIGITS:
            raise Refusal(_("From %(least)s to %(most)s digits.", least=FEWEST_DIGITS, most=MOST_DIGITS), field="digit_count")
        if self.effective_from is not None and self.effective_from < today():
            raise Refusal(_("Numbers of the past are given out already: choose today or a later day."), field="effective_from")

    def check_approve(self) -> None:
        self.on_change()

    def numbering(self) -> Numbering:
        return Numbering(self.letters, self.has_region, YEAR_DIGITS[self.year_form], self.digit_count)

    def example(self) -> str:
        numbering = self.numbering()
        return numbering.number(series_of(numbering, "HD", (self.effective_from or today()).year), 1)


def _type_of(prefix: str) -> str:
    return next(label(cls.key()) for cls in SharedRecord.record_types.values() if cls.prefix == prefix)


def numbering_for(session: Session, prefix: str, day: date) -> Numbering:
    """The pattern in force on `day`, or the shipped one: SO-HD-2026-000123. Asked once for all rows that are written together."""
    approved = once_a_transaction(session, KEY, lambda: while_unchanged(session, KEY, (NumberPattern,), lambda: _approved(session)))
    return next((pattern for of, since, pattern in approved if of == prefix and since <= day), Numbering(prefix))


def _approved(session: Session) -> list[tuple[str, date, Numbering]]:
    """What holds at any time, the latest first: of two of the same date the later one."""
    with session.no_autoflush:
        chosen = select(NumberPattern).where(NumberPattern.state == "approved")
        rows = session.scalars(chosen.order_by(NumberPattern.effective_from.desc(), NumberPattern.id.desc()))
        return [(row.prefix_of, row.effective_from, row.numbering()) for row in rows]


@event.listens_for(NumberPattern, "after_insert")
@event.listens_for(NumberPattern, "after_update")
def _forget(mapper: object, connection: object, row: NumberPattern) -> None:
    forget(object_session(row), KEY)
