"""A job: something a person asked for that takes longer than a page may."""

from enum import StrEnum, auto
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import aftersales.record.base  # noqa: F401  declares how enums are stored
from aftersales.columns import Instant, Json, RowId
from aftersales.extensions import Model
from aftersales.record.actor import Actor

SEES_ALL = ("can_see_all", "Job")


class JobState(StrEnum):
    """Where a job stands. The last three are final."""

    queued = auto()
    running = auto()
    done = auto()
    failed = auto()
    cancelled = auto()

    @property
    def is_final(self) -> bool:
        return self not in (JobState.queued, JobState.running)


class Job(Model):
    """One import, export or binder: who asked, how far it is, and what came of it (`result` is the sha256 of a file in the store).

    `arguments` are plain values for the handler of its `kind`; `beat_at` is the last sign of life of a running one.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("done >= 0 AND (total IS NULL OR done <= total)", name="progress"),
        Index("ix_job_asked_by_id_id", "asked_by_id", "id"),
        Index("ix_job_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    arguments: Mapped[dict[str, Any]] = mapped_column(Json)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    asked_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    beat_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    state: Mapped[JobState] = mapped_column(default=JobState.queued)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(String(2000), default="")
    result: Mapped[str | None] = mapped_column(String(64))
    result_name: Mapped[str | None] = mapped_column(String(200))
    result_media_type: Mapped[str | None] = mapped_column(String(100))

    @property
    def percent(self) -> int | None:
        return None if not self.total else self.done * 100 // self.total


def job_of(session: Session, job_id: int, actor: Actor) -> Job | None:
    """The job, where the actor asked for it or sees everybody's."""
    mine = visible(actor).where(Job.id == job_id)
    return session.scalars(mine).one_or_none()


def visible(actor: Actor) -> Any:
    """The jobs an actor may see: their own, and an administrator everybody's."""
    chosen = select(Job)
    return chosen if actor.can(*SEES_ALL) else chosen.where(Job.asked_by_id == actor.user_id)
