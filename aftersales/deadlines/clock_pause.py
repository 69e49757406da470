"""Pausing a clock: asked for with a reason by one person, approved by another. Legal clocks are never paused (R3.7)."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import LongText
from aftersales.organization.region import region_by_default
from aftersales.record.base import Record
from aftersales.record.clocks import LEGAL, ClockRun, pause, record_of, resume
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role


class ClockPause(Record):
    """A request to let one company clock stand still. Approved, it stands from the moment of the request until it is ended."""

    prefix = "PA"
    access = written_by(Role.administrator, Role.intake, Role.dispatcher, Role.engineer, Role.quality, Role.manager)

    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    subject: Mapped[str | None]
    reason: Mapped[LongText]
    requested_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    clock: Mapped[ClockRun] = reference(foreign_keys=[clock_id])

    __table_args__ = (CheckConstraint("requested_at <= ended_at", name="ended_at"), Index("ix_clock_pause_clock_id", "clock_id"))

    listing = ("number", "subject", "reason", "requested_at", "ended_at", "state")
    filters = ("region_id", "state")
    searched = ("number", "subject", "reason")
    sections = {"request": ("clock_id", "subject", "reason"), "course": ("requested_at", "ended_at")}
    fixed = ("subject", "requested_at", "ended_at")
    workflow = Workflow(
        states=(
            State("requested", writes=("request",)),
            State("approved", requires=("requested_at",)),
            State("refused", ends=True),
            State("ended", requires=("ended_at",), ends=True),
        ),
        transitions=(
            Transition("approve", "requested", "approved", by=(Role.quality, Role.manager), apart_from=("create",)),
            Transition("refuse", "requested", "refused", by=(Role.quality, Role.manager), reason=True),
            Transition("end", "approved", "ended", by=(Role.dispatcher, Role.engineer, Role.quality, Role.manager)),
        ),
    )

    def on_create(self) -> None:
        session: Session = object_session(self)
        self._refuse_what_cannot_stand()
        self.subject = str(record_of(session, self.clock))
        self.region_id = self.clock.region_id or region_by_default(session)
        self.requested_at = now()

    def check_approve(self) -> None:
        self._refuse_what_cannot_stand()

    def on_approve(self) -> None:
        pause(object_session(self), self.clock, self.requested_at)

    def on_end(self) -> None:
        self.ended_at = now()
        resume(object_session(self), self.clock, self.ended_at)

    def _refuse_what_cannot_stand(self) -> None:
        clock = self.clock
        if clock is None:
            raise Refusal(_("There is no such clock."), field="clock_id")
        if clock.track == LEGAL:
            raise Refusal(_("A legal deadline cannot be paused."), field="clock_id")
        if clock.state != "running":
            raise Refusal(_("This clock does not run: it was met, has passed its deadline or already stands still."), field="clock_id")
