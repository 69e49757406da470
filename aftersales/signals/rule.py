"""From how many on, within how long and at what risk of a false alarm something is a signal: numbers of the company, as dated rows."""

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Amount, Day
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.words import Setting
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import DATED, in_force

SHIPPED = Path(__file__).parent / "shipped.toml"
SHIPPED_ID = "OWN-signals"
RANGES = {"window_days": (90, 1830), "least_cases": (2, 100), "repeat_days": (7, 1830), "repeat_cases": (2, 100)}
MOST_ALPHA = 0.2


@dataclass(frozen=True)
class Numbers:
    """`alpha` is the chance of a false alarm for each model, kind of signal and year that is put up with."""

    alpha: float
    window_days: int
    least_cases: int
    repeat_days: int
    repeat_cases: int


class SignalRule(SharedRecord):
    """The numbers from a day on. Lots and parts are compared over `window_days`; below `least_cases` nothing is tested."""

    access = written_by(Role.administrator, Role.quality)
    known_by = ("effective_from",)
    setting = Setting(holds="approved", since="effective_from", shipped="shipped_id")

    alpha: Mapped[Amount]
    window_days: Mapped[int]
    least_cases: Mapped[int]
    repeat_days: Mapped[int]
    repeat_cases: Mapped[int]
    effective_from: Mapped[Day]
    shipped_id: Mapped[str | None] = mapped_column(String(64), unique=True)

    __table_args__ = (
        CheckConstraint(f"alpha > 0 AND alpha <= {MOST_ALPHA}", name="alpha"),
        *(CheckConstraint(f"{name} BETWEEN {least} AND {most}", name=name) for name, (least, most) in RANGES.items()),
        Index("ix_signal_rule_state_effective_from", "state", "effective_from"),
    )

    listing = ("effective_from", "alpha", "window_days", "least_cases", "repeat_days", "repeat_cases", "state")
    filters = ("state",)
    searched = ()
    sections = {
        "content": ("alpha", "window_days", "least_cases", "repeat_days", "repeat_cases"),
        "force": ("effective_from", "shipped_id"),
    }
    fixed = ("shipped_id",)
    workflow = DATED

    def __str__(self) -> str:
        return _("From %(day)s", day=self.effective_from.isoformat())

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.alpha is not None and not 0 < self.alpha <= MOST_ALPHA:
            raise Refusal(_("Above 0, at most %(most)s.", most=MOST_ALPHA), field="alpha")
        for name, (least, most) in RANGES.items():
            if getattr(self, name) is not None and not least <= getattr(self, name) <= most:
                raise Refusal(_("From %(least)s to %(most)s.", least=least, most=most), field=name)
        if self.effective_from is not None and self.effective_from < today() and not current_actor().is_system:
            raise Refusal(
                _("What was found before was found by the numbers of its time: choose today or a later day."), field="effective_from"
            )

    def check_approve(self) -> None:
        self.on_change()


def numbers_on(session: Session, day: date) -> Numbers:
    """The numbers in force on `day`; the shipped ones where every row was withdrawn."""
    row = in_force(session, SignalRule, day)
    told = _shipped() if row is None else {name: getattr(row, name) for name in SignalRule.sections["content"]}
    counted = {name: int(told[name]) for name in RANGES}
    return Numbers(alpha=float(told["alpha"]), **counted)


def load_shipped_numbers(session: Session) -> None:
    """Write the row shipped with the program that is not there yet."""
    if session.scalar(select(SignalRule.id).where(SignalRule.shipped_id == SHIPPED_ID)) is not None:
        return
    row = SignalRule(shipped_id=SHIPPED_ID, **_shipped())
    session.add(row)
    session.flush()
    perform(row, "approve")


def _shipped() -> dict[str, object]:
    told = tomllib.loads(SHIPPED.read_text("utf-8"))
    return told | {"alpha": Decimal(told["alpha"])}
