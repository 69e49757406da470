"""A binder: what it was asked for, by whom, and the two files that came of it."""

from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Instant, Json, RowId
from aftersales.extensions import Model
from aftersales.jobs.job import SEES_ALL, Job
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.refusal import NotAllowed, NotFound
from aftersales.traceability.start import Start, start_of

COMPILES = ("can_compile", "Binder")


class Binder(Model):
    """`starts` are the things it is about, as (kind, key); `subject` is a record type, alone or narrowing those. `pdf` and `zip` are keys
    in the store, both or neither: they are written with the end of the job. `access_id`: the inspector it was made for."""

    __tablename__ = "binder"
    __table_args__ = (Index("ix_binder_asked_by_id_id", "asked_by_id", "id"), Index("ix_binder_access_id_id", "access_id", "id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    starts: Mapped[list[list[str]]] = mapped_column(Json)
    subject: Mapped[str] = mapped_column(String(64), default="")
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    title: Mapped[str] = mapped_column(String(200))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    asked_at: Mapped[Instant]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    access_id: Mapped[int | None] = mapped_column(ForeignKey("inspector_access.id"))
    made_at: Mapped[datetime | None]
    pages: Mapped[int | None]
    originals: Mapped[int | None]
    pdf: Mapped[str | None] = mapped_column(String(64))
    zip: Mapped[str | None] = mapped_column(String(64))

    @property
    def file_name(self) -> str:
        return f"IB-{self.id:06d}"


def visible() -> Any:
    """One's own; of everybody for who may see everybody's jobs; an inspector's those that were made for them."""
    chosen = select(Binder)
    actor = current_actor()
    if actor.bounds is not None:
        return chosen.where(Binder.access_id == actor.bounds.access_id)
    return chosen if actor.can(*SEES_ALL) else chosen.where(Binder.asked_by_id == actor.user_id)


def binder_of(session: Session, pk: int) -> tuple[Binder, list[Start]]:
    """A binder whose things the person still sees, with those. Raises NotFound."""
    found = session.scalars(visible().where(Binder.id == pk)).one_or_none() if pk < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such binder."))
    return found, things_of(session, found)


def things_of(session: Session, binder: Binder) -> list[Start]:
    """What it is about. Raises NotFound or NotAllowed where the person may not see all of it any more."""
    if binder.subject and not current_actor().can("can_read", SharedRecord.record_types[binder.subject].permission_name()):
        raise NotAllowed(_("Your role may not do this."))
    return [start_of(session, kind, key) for kind, key in binder.starts]


def job_of(session: Session, binder: Binder) -> Job | None:
    return session.get(Job, binder.job_id) if binder.job_id is not None else None
