"""Who was tried, how, and what came of it: the rows of a follow-up. Nobody types who tried, or when."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import ShortText
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.kinds import AttemptResult, FollowUpChannel
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference


class FollowUpAttempt(Record):
    """One attempt. It stays: the number of those in vain decides whether somebody may be called unreachable."""

    parent = "follow_up"

    follow_up_id: Mapped[int] = mapped_column(ForeignKey("implant_follow_up.id"))
    channel: Mapped[FollowUpChannel]
    result: Mapped[AttemptResult]
    note: Mapped[ShortText | None]
    tried_at: Mapped[datetime]
    tried_by: Mapped[str] = mapped_column(String(120))

    follow_up: Mapped[ImplantFollowUp] = reference(back_populates="attempts")

    __table_args__ = (Index("ix_follow_up_attempt_follow_up_id", "follow_up_id"),)

    listing = ("tried_at", "tried_by", "channel", "result", "note")
    sections = {"basics": ("channel", "result", "note", "tried_at", "tried_by")}
    fixed = ("tried_at", "tried_by")

    def __str__(self) -> str:
        return f"{self.follow_up} {self.label()}"

    @property
    def why_kept(self) -> str:
        return _("An attempt stays: write another one.")

    def on_create(self) -> None:
        self.tried_at, self.tried_by = now(), current_actor().name
