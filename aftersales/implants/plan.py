"""How implants are followed up (随访方案): of all models or of one, as dated rows proposed by one person and approved by another."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Day, LongText
from aftersales.devices.model import DeviceModel
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Setting
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import DATED, in_force

SHIPPED = Path(__file__).parent / "shipped.toml"
SHIPPED_ID = "OWN-follow_up"
MOST_ATTEMPTS = 20
MOST_HOURS = 168
MOST_MONTHS, MOST_VISITS = 600, 24


@dataclass(frozen=True)
class Numbers:
    """After how many attempts in vain somebody may be called unreachable, how many hours apart, and the months after the operation of what
    follows the visit."""

    fruitless_attempts: int
    hours_apart: int
    months: tuple[int, ...] = ()
    asks: str = ""


class FollowUpPlan(SharedRecord):
    """The numbers from a day on. A model's own plan goes before the one of all models."""

    access = written_by(Role.administrator, Role.regulatory, Role.quality)
    known_by = ("model", "effective_from")
    setting = Setting(holds="approved", since="effective_from", shipped="shipped_id")

    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    fruitless_attempts: Mapped[int]
    hours_apart: Mapped[int | None]
    further_months: Mapped[str | None] = mapped_column(String(120))
    asks: Mapped[LongText | None]
    effective_from: Mapped[Day]
    shipped_id: Mapped[str | None] = mapped_column(String(64), unique=True)

    model: Mapped[DeviceModel | None] = reference()

    __table_args__ = (
        CheckConstraint(f"fruitless_attempts BETWEEN 1 AND {MOST_ATTEMPTS}", name="fruitless_attempts"),
        Index("ix_follow_up_plan_state_effective_from", "state", "effective_from"),
        Index("ix_follow_up_plan_model_id", "model_id"),
    )

    listing = ("model", "fruitless_attempts", "hours_apart", "further_months", "effective_from", "state")
    filters = ("state", "model_id")
    searched = ("model.name", "model.specification")
    sections = {
        "content": ("model_id", "fruitless_attempts", "hours_apart", "further_months", "asks"),
        "force": ("effective_from", "shipped_id"),
    }
    about_from = ("model",)
    fixed = ("shipped_id",)
    workflow = DATED

    def __str__(self) -> str:
        day = self.effective_from.isoformat()
        return _("%(model)s, from %(day)s", model=self.model, day=day) if self.model is not None else _("From %(day)s", day=day)

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.fruitless_attempts is not None and not 1 <= self.fruitless_attempts <= MOST_ATTEMPTS:
            raise Refusal(_("From %(least)s to %(most)s.", least=1, most=MOST_ATTEMPTS), field="fruitless_attempts")
        if self.hours_apart is not None and not 0 <= self.hours_apart <= MOST_HOURS:
            raise Refusal(_("From %(least)s to %(most)s.", least=0, most=MOST_HOURS), field="hours_apart")
        if self.model is not None and not self.model.is_implant:
            raise Refusal(_("This model is no implant."), field="model_id")
        self.further_months = ", ".join(str(month) for month in months_of(self.further_months)) or None
        if self.effective_from is not None and self.effective_from < today() and not current_actor().is_system:
            raise Refusal(_("Units registered before were followed up by the plan of their time: choose today or a later day."),
                          field="effective_from")  # fmt: skip

    def check_approve(self) -> None:
        self.on_change()


def months_of(text: str | None) -> tuple[int, ...]:
    """ "3, 6, 12" as numbers, in order. Raises Refusal for anything else."""
    parts = [part for part in (text or "").replace("，", ",").replace("、", ",").replace(" ", ",").split(",") if part]
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 and 1 < int(part) <= MOST_MONTHS for part in parts):
        raise Refusal(_("Months after the operation, from 2 on, separated by commas: 3, 6, 12."), field="further_months")
    if len(parts) > MOST_VISITS:
        raise Refusal(_("At most %(most)s.", most=MOST_VISITS), field="further_months")
    return tuple(sorted({int(part) for part in parts}))


def plan_for(session: Session, model: DeviceModel, day: date) -> Numbers:
    """The plan of the model on `day`, else that of all models, else the shipped one."""
    row = in_force(session, FollowUpPlan, day, FollowUpPlan.model_id == model.id)
    row = row or in_force(session, FollowUpPlan, day, FollowUpPlan.model_id.is_(None))
    shipped = _shipped()
    if row is None:
        return Numbers(int(shipped["fruitless_attempts"]), int(shipped["hours_apart"]))
    apart = int(shipped["hours_apart"]) if row.hours_apart is None else row.hours_apart
    return Numbers(row.fruitless_attempts, apart, months_of(row.further_months), row.asks or "")


def load_shipped_plan(session: Session) -> None:
    """Write the row shipped with the program that is not there yet."""
    if session.scalar(select(FollowUpPlan.id).where(FollowUpPlan.shipped_id == SHIPPED_ID)) is not None:
        return
    row = FollowUpPlan(shipped_id=SHIPPED_ID, **_shipped())
    session.add(row)
    session.flush()
    perform(row, "approve")


def _shipped() -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text("utf-8"))
