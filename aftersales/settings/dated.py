"""A setting as dated rows: proposed by one person, approved by another, in force from its day until the day of a later one."""

from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.record.base import SharedRecord
from aftersales.record.words import Setting, State, Transition, Workflow
from aftersales.roles import Role

T = TypeVar("T", bound=SharedRecord)


class Standing(StrEnum):
    """Where something that has its dates stands today."""

    coming = "coming"
    in_force = "in_force"
    past = "past"

    @property
    def tone(self) -> str:
        return {"coming": "info", "in_force": "ok"}.get(self.value, "")


DATED = Workflow(
    states=(
        State("proposed", writes=("content", "force")),
        State("approved", seals=True),
        State("rejected", seals=True, ends=True),
        State("withdrawn", seals=True, ends=True),
    ),
    transitions=(
        Transition("approve", "proposed", "approved", by=(Role.quality, Role.manager), apart_from=("create",)),
        Transition("reject", "proposed", "rejected", by=(Role.quality, Role.manager), reason=True),
        Transition("withdraw", "approved", "withdrawn", by=(Role.quality, Role.manager), reason=True),
    ),
)
DATED_SETTING = Setting(holds="approved", since="effective_from")


def in_force(session: Session, cls: type[T], day: date, *conditions: Any) -> T | None:
    """The row that holds on `day`: the approved one with the latest date up to it; of two of the same date the later one."""
    with session.no_autoflush:
        chosen = select(cls).where(cls.state == "approved", cls.effective_from <= day, *conditions)  # type: ignore[attr-defined]
        return session.scalars(chosen.order_by(cls.effective_from.desc(), cls.id.desc()).limit(1)).one_or_none()  # type: ignore[attr-defined]
