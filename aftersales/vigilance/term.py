"""Terms of the report forms: IMDRF codes by annex and the national system's own words. The full tables are imported by the company."""

import tomllib
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session

from aftersales.columns import Code, Day, ShortText
from aftersales.labels import language
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.rights import written_by
from aftersales.roles import Role

SHIPPED = Path(__file__).parent / "terms.toml"


class Annex(StrEnum):
    """The annexes A to G of IMDRF N43, and the two lists of terms of the national system."""

    annex_a = auto()
    annex_b = auto()
    annex_c = auto()
    annex_d = auto()
    annex_e = auto()
    annex_f = auto()
    annex_g = auto()
    local_injury = auto()
    local_fault = auto()


IMDRF = tuple(annex for annex in Annex if annex.startswith("annex_"))


class EventTerm(SharedRecord):
    """One code. One no longer valid stays, because old reports name it."""

    access = written_by(Role.administrator, Role.regulatory, Role.quality)
    known_by = ("annex", "code")

    annex: Mapped[Annex]
    code: Mapped[Code]
    name: Mapped[ShortText]
    name_en: Mapped[ShortText | None]
    valid_from: Mapped[Day | None]
    valid_until: Mapped[Day | None]

    __table_args__ = (UniqueConstraint("annex", "code"), CheckConstraint("valid_from <= valid_until", name="valid_until"))

    listing = ("annex", "code", "name", "name_en", "valid_from", "valid_until")
    filters = ("annex",)
    searched = ("code", "name", "name_en")
    spelled = ("name",)
    sections = {"basics": ("annex", "code", "name", "name_en"), "validity": ("valid_from", "valid_until")}

    def __str__(self) -> str:
        return f"{self.code} {self.name_en if language() == 'en' and self.name_en else self.name}"

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        """What is valid today of one annex. Of annex E the first level only groups the others: it is not reported."""
        if among not in set(Annex):
            return ()
        day = today()
        valid = or_(cls.valid_from.is_(None), cls.valid_from <= day), or_(cls.valid_until.is_(None), cls.valid_until >= day)
        level = (cls.code.like("E____%"),) if among == Annex.annex_e else ()
        return cls.annex == Annex(among), *valid, *level


def load_shipped_event_terms(session: Session) -> None:
    """A handful to begin with, in our own words, while the table is empty."""
    if session.scalar(select(EventTerm.id).limit(1)) is None:
        for annex, terms in tomllib.loads(SHIPPED.read_text("utf-8")).items():
            session.add_all([EventTerm(annex=Annex(annex), code=code, name=zh, name_en=en) for code, (zh, en) in terms.items()])
        session.flush()
