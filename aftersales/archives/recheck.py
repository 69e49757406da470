"""What may have changed how long records are kept: written with the change, worked off by the runner, batch by batch.

So discontinuing a model with a hundred thousand records holds nobody up. Killed between two batches it goes on where it was; nothing
is destroyed by an old judgement meanwhile, because a destruction judges anew.
"""

from datetime import date, datetime

from sqlalchemy import Connection, Index, String, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Day, RowId
from aftersales.extensions import Model
from aftersales.record.now import now, today


class RetentionRecheck(Model):
    """One thing that changed, and the entries it reaches: those of a model, a device, a contract or a record; all where none is named.

    `done_to` is the id of the last entry that was judged anew, `due_on` the day from which it may begin.
    """

    __tablename__ = "retention_recheck"
    __table_args__ = (Index("ix_retention_recheck_ended_at_due_on", "ended_at", "due_on"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    model_id: Mapped[int | None] = mapped_column(RowId)
    device_id: Mapped[int | None] = mapped_column(RowId)
    contract_id: Mapped[int | None] = mapped_column(RowId)
    cause: Mapped[str] = mapped_column(String(250))
    due_on: Mapped[Day]
    asked_at: Mapped[datetime]
    done_to: Mapped[int] = mapped_column(RowId, default=0)
    ended_at: Mapped[datetime | None]


def ask_recheck(session: Session, cause: str, *, due_on: date | None = None, **reached: int) -> None:
    """All entries, or those of model_id, device_id or contract_id, are judged anew once `due_on` has come."""
    session.add(RetentionRecheck(cause=cause[:250], due_on=due_on or today(), asked_at=now(), done_to=0, **reached))


def note_change(connection: Connection, cause: str, **reached: int) -> None:
    """The same from within a flush, where the session takes nothing more: the entries of model_id, device_id or contract_id."""
    values = {"cause": cause[:250], "due_on": today(), "asked_at": now(), "done_to": 0}
    connection.execute(insert(RetentionRecheck).values(**values, **reached))
