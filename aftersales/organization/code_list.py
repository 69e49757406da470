"""Lists of words that people choose from and code never asks about: causes of faults, kinds of instruments."""

import tomllib
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, exists, inspect, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Code as CodeText
from aftersales.columns import Day, Name
from aftersales.labels import language
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines, Setting
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import Standing

SHIPPED = Path(__file__).parent / "code_lists.toml"


class CodeList(SharedRecord):
    """One list, such as the causes of faults. Its code is how a field says which list it means."""

    access = written_by(Role.administrator, Role.quality)
    known_by = ("code",)
    setting = Setting()

    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[Name]
    codes: Mapped[list["Code"]] = relationship(back_populates="code_list", order_by="Code.position", cascade="all, delete-orphan")

    listing = ("code", "name")
    searched = ("code", "name")
    sections = {"basics": ("code", "name"), "codes": ()}
    lines = (Lines("codes", "codes"),)

    @property
    def hint(self) -> str:
        return self.code

    def on_change(self) -> None:
        _refuse_another_code(self)


class Code(SharedRecord):
    """One entry of a list, offered from a day until another. One no longer offered stays, because old records name it."""

    parent = "code_list"
    known_by = ("code_list", "code")

    code_list_id: Mapped[int] = mapped_column(ForeignKey("code_list.id"))
    code: Mapped[CodeText]
    name: Mapped[Name]
    name_en: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)
    offered_from: Mapped[Day | None]
    retired_from: Mapped[Day | None]

    code_list: Mapped[CodeList] = reference(back_populates="codes")

    __table_args__ = (
        UniqueConstraint("code_list_id", "code"),
        CheckConstraint("offered_from < retired_from", name="retired_from"),
        Index("ix_code_code_list_id_position", "code_list_id", "position"),
    )

    listing = ("name", "name_en", "code", "offered_from", "retired_from")
    searched = ("code", "name", "name_en")
    sections = {"basics": ("name", "name_en", "code", "position", "offered_from", "retired_from")}

    def __str__(self) -> str:
        return self.name_en if language() == "en" else self.name

    @property
    def hint(self) -> str:
        return str(self.code_list)

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        """What is offered today of the list of that code."""
        day = today()
        return (
            cls.code_list.has(CodeList.code == among),
            or_(cls.offered_from.is_(None), cls.offered_from <= day),
            or_(cls.retired_from.is_(None), cls.retired_from > day),
        )

    @property
    def standing(self) -> Standing:
        day = today()
        if self.offered_from is not None and day < self.offered_from:
            return Standing.coming
        return Standing.past if self.retired_from is not None and self.retired_from <= day else Standing.in_force

    @property
    def why_kept(self) -> str:
        return _("Records have this value: retire it instead.") if _is_used(self) else ""

    def on_create(self) -> None:
        if self.offered_from is not None and self.retired_from is not None and self.retired_from <= self.offered_from:
            raise Refusal(_("It would end before it begins."), field="retired_from")

    def on_change(self) -> None:
        _refuse_another_code(self)
        self.on_create()


def _is_used(code: Code) -> bool:
    """Whether any record names it, also one that the person does not see."""
    session: Session = object_session(code)
    pointing = [
        exists().where(relation.class_attribute == code)
        for cls in SharedRecord.record_types.values()
        for relation in inspect(cls).relationships
        if relation.mapper.class_ is Code and relation.direction.name == "MANYTOONE"
    ]
    with session.no_autoflush, acting_as(SYSTEM):
        return bool(session.scalar(select(or_(*pointing))))


def _refuse_another_code(record: CodeList | Code) -> None:
    if inspect(record).attrs.code.history.deleted:
        raise Refusal(_("It is known by this code, which stays."), field="code")


def load_shipped_codes(session: Session) -> None:
    """Write the lists and entries that are not there yet. What administrators changed stays changed."""
    known = {codes.code: codes for codes in session.scalars(select(CodeList))}
    for list_code, table in tomllib.loads(SHIPPED.read_text("utf-8")).items():
        if list_code in known:
            continue
        entries = [
            Code(code=code, name=chinese, name_en=english, position=position)
            for position, (code, (chinese, english)) in enumerate(table["codes"].items(), 1)
        ]
        session.add(CodeList(code=list_code, name=table["name"], codes=entries))
    session.flush()
