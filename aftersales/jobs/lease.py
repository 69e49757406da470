"""A lease: the right to do one pass, held by one runner at a time and given up by itself when that runner dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import String, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Instant
from aftersales.extensions import Model
from aftersales.record.now import now

LENGTH = timedelta(minutes=10)


class JobLease(Model):
    """Who does the pass `name`, and until when nobody else may."""

    __tablename__ = "job_lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(40))
    until: Mapped[Instant]


@contextmanager
def lease(session: Session, name: str, length: timedelta = LENGTH) -> Iterator[bool]:
    """Whether the pass is ours. Commits the session before the block and after it; given back at its end, whatever happened in it."""
    holder = uuid4().hex
    if not _take(session, name, holder, length):
        yield False
        return
    try:
        yield True
    finally:
        session.rollback()
        session.connection().execute(update(JobLease).where(JobLease.name == name, JobLease.holder == holder).values(until=now()))
        session.commit()


def _take(session: Session, name: str, holder: str, length: timedelta) -> bool:
    """One statement, so that of two runners at once only one gets it."""
    insert = postgresql_insert if session.connection().dialect.name == "postgresql" else sqlite_insert
    wanted = insert(JobLease).values(name=name, holder=holder, until=now() + length)
    taken = wanted.on_conflict_do_update(
        index_elements=[JobLease.name],
        set_={"holder": wanted.excluded.holder, "until": wanted.excluded.until},
        where=JobLease.until <= now(),
    )
    is_ours = session.connection().execute(taken.returning(JobLease.holder)).scalar() == holder
    session.commit()
    return is_ours
