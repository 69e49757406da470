"""The quality meeting of a quarter or month: its figures are counted, frozen when it is held, sealed with its minutes when the chair signs.

It is head office's and names no customer. Such an analysis is made each month and quarter (R11.4), on no day that is told; the law asks
that risks are gone through at least once a quarter (R124 art. 21 and 22), so the meeting on one quarter is due within the next.
"""

import hashlib
import json
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, inspect, select
from sqlalchemy.orm import Mapped, Session, contains_eager, joinedload, mapped_column, object_session, relationship

from aftersales.columns import Day, Json, LongText
from aftersales.labels import LANGUAGES, language
from aftersales.meetings.counting import Table, counted, standing
from aftersales.meetings.decision import MeetingDecision
from aftersales.meetings.period import Period, PeriodKind
from aftersales.meetings.telling import Chapter, told
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA, now, today
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

PREPARERS = (Role.quality, Role.regulatory)
CHAIRS = (Role.manager,)
FROZEN = ("figures_at", "figures_hash", "held_at", "held_by")
MOST_DECISIONS = 100


class QualityMeeting(SharedRecord):
    """`figures` are tables as `counting.counted` makes them, counted anew while the meeting is prepared. They freeze when it is held:
    `figures_hash` is the SHA-256 of their canonical JSON, and stands among what the chair signs."""

    __unaudited__ = SharedRecord.__unaudited__ | {"figures"}  # counted daily; once frozen their hash is audited

    prefix = "QM"
    access = read_by(*PREPARERS, *CHAIRS, Role.complaint_officer, Role.technical_support, Role.administrator, writers=PREPARERS)

    period_kind: Mapped[PeriodKind]
    begins_on: Mapped[Day]
    ends_on: Mapped[Day]
    hold_on: Mapped[datetime | None]
    planned_on: Mapped[Day | None]
    figures: Mapped[list[Table]] = mapped_column(Json, default=list)
    figures_at: Mapped[datetime | None]
    figures_hash: Mapped[str | None] = mapped_column(String(64))
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None] = mapped_column(String(120))
    attendees: Mapped[LongText | None]
    minutes: Mapped[LongText | None]
    conclusion: Mapped[LongText | None]
    chaired_by: Mapped[str | None] = mapped_column(String(120))
    concluded_at: Mapped[datetime | None]

    decisions: Mapped[list[MeetingDecision]] = relationship(back_populates="meeting", order_by="MeetingDecision.id")

    __table_args__ = (
        UniqueConstraint("period_kind", "begins_on"),
        CheckConstraint("begins_on < ends_on", name="ends_on"),
        CheckConstraint("state NOT IN ('held', 'concluded') OR figures_at <= held_at", name="figures_at"),
        Index("ix_quality_meeting_begins_on", "begins_on"),
        Index("ix_quality_meeting_held_at", "held_at"),
    )

    listing = ("number", "period_kind", "begins_on", "ends_on", "planned_on", "held_at", "chaired_by", "state")
    filters = ("state", "period_kind", "begins_on", "held_at")
    searched = ("number", "minutes", "conclusion")
    sections = {
        "period": ("period_kind", "begins_on", "ends_on", "planned_on"),
        "figures": ("figures_at",),
        "meeting": ("held_at", "held_by", "figures_hash", "attendees", "minutes", "conclusion"),
        "signing": ("chaired_by", "concluded_at"),
    }
    fixed = ("ends_on", "hold_on", *FROZEN, "chaired_by", "concluded_at")
    unseen = frozenset({"figures", "hold_on"})
    workflow = Workflow(
        states=(
            State("prepared", writes=("period", "meeting")),
            State("held", requires=FROZEN, writes=("meeting",)),
            State(
                "concluded", requires=(*FROZEN, "attendees", "minutes", "conclusion", "chaired_by", "concluded_at"), seals=True,
            ),
            State("not_held", ends=True),
        ),
        transitions=(
            Transition("hold", "prepared", "held", by=(*PREPARERS, *CHAIRS)),
            Transition(
                "conclude", "held", "concluded", by=CHAIRS, fields=("conclusion",),
                signs=Signing("meeting_chair", Meaning.staff, ("period", "figures", "meeting")),
            ),
            Transition("reopen", "concluded", "held", by=(Role.quality,), reason=True),
            Transition("forgo", "prepared", "not_held", by=CHAIRS, reason=True),
        ),
    )  # fmt: skip
    clocks = (Clock("quality_meeting", starts="hold_on", stops="held_at", facts=("period_kind",)),)
    documents = (Document("quality_meeting", "QR-FX-01", "A/0"),)

    @property
    def period(self) -> Period:
        return Period(self.period_kind, self.begins_on)

    @property
    def hint(self) -> str:
        return self.period.names[LANGUAGES.index(language())]

    @property
    def is_frozen(self) -> bool:
        return self.held_at is not None

    @property
    def is_intact(self) -> bool:
        """Whether the figures are still those that were frozen."""
        return self.figures_hash is None or self.figures_hash == hash_of(self.figures)

    def chapters(self) -> list[Chapter]:
        """The figures in words."""
        return told(self.figures, is_open=not self.is_frozen)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "begins_on": self.begins_on.isoformat(), "state": self.state}

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        roles = {0: PREPARERS, 1: (*PREPARERS, *CHAIRS), 2: CHAIRS}.get(step, ())
        return list(dict.fromkeys(user_id for role in roles for user_id in users_with_role(role, None)))

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        """Another period is another set of figures, and once they are frozen it stays."""
        if self.begins_on != Period.around(self.period_kind, self.begins_on).first:
            raise Refusal(_("Choose the first day of the quarter or month."), field="begins_on")
        if self.period.last >= today():
            raise Refusal(_("This period is not over yet."), field="begins_on")
        changed = inspect(self).attrs.begins_on.history.has_changes() or inspect(self).attrs.period_kind.history.has_changes()
        if changed and self.is_frozen:
            raise Refusal(_("The figures are frozen: the period stays."), field="begins_on")
        if changed:
            self.figures, self.figures_at, self.ends_on = [], None, self.period.last
            is_quarter = self.period_kind is PeriodKind.quarter
            self.hold_on = datetime.combine(self.period.following.last, time(), CHINA) if is_quarter else None

    def count(self) -> None:
        """The figures as of now. Refusal once they are frozen."""
        if self.state != "prepared":
            raise Refusal(_("The figures froze when the meeting was held."))
        session: Session = object_session(self)
        before = self.last_one
        self.figures = counted(session, self.period, standing(before.figures) if before is not None else {})
        self.figures_at = now()

    @property
    def last_one(self) -> "QualityMeeting | None":
        """The meeting held before it, on a period of the same length."""
        earlier = select(QualityMeeting).where(
            QualityMeeting.period_kind == self.period_kind, QualityMeeting.begins_on < self.begins_on,
            QualityMeeting.state.in_(("held", "concluded")),
        )  # fmt: skip
        return object_session(self).scalars(earlier.order_by(QualityMeeting.begins_on.desc()).limit(1)).first()

    def followed_up(self) -> list[MeetingDecision]:
        """What the last meeting decided, and what is still open of those before."""
        before = self.last_one
        of_before = MeetingDecision.meeting_id == (before.id if before is not None else None)
        return self._decisions(QualityMeeting.begins_on < self.begins_on, of_before | (MeetingDecision.state == "open"))

    def decided(self) -> list[MeetingDecision]:
        """What it decided itself."""
        return self._decisions(MeetingDecision.meeting_id == self.id)

    def _decisions(self, *narrowed: Any) -> list[MeetingDecision]:
        chosen = select(MeetingDecision).join(MeetingDecision.meeting).where(*narrowed).order_by(MeetingDecision.id).limit(MOST_DECISIONS)
        shown = contains_eager(MeetingDecision.meeting), joinedload(MeetingDecision.assignee), joinedload(MeetingDecision.department)
        return list(object_session(self).scalars(chosen.options(*shown)))

    def check_hold(self) -> None:
        if self.figures_at is None:
            raise Refusal(_("The figures are not counted yet."))
        if today() - self.figures_at.astimezone(CHINA).date() > timedelta(days=1):
            raise Refusal(_("The figures are older than yesterday: count them anew first."))

    def on_hold(self) -> None:
        self.held_at, self.held_by, self.figures_hash = now(), current_actor().name, hash_of(self.figures)

    def check_conclude(self) -> None:
        missing = [name for name in ("attendees", "minutes") if not getattr(self, name)]
        if missing:
            raise Refusal(_("Write first: %(fields)s", fields="、".join(self.field_label(name) for name in missing)))

    def on_conclude(self) -> None:
        self.chaired_by, self.concluded_at = current_actor().name, now()


def hash_of(figures: list[Table]) -> str:
    return hashlib.sha256(json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def fourth_quarter(session: Session, year: int) -> QualityMeeting | None:
    """The meeting on the last quarter of a year, whose figures the yearly self-inspection goes through too; None where unseen."""
    if not current_actor().can("can_read", QualityMeeting.permission_name()):
        return None
    chosen = select(QualityMeeting).where(QualityMeeting.period_kind == PeriodKind.quarter, QualityMeeting.begins_on == date(year, 10, 1))
    return session.scalars(chosen).one_or_none()
