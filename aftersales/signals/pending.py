"""Which requests are still to be looked at: written with the request itself, worked off by the runner, one by one.

A mark that only remembers the last id would miss what was committed late, and the device that the desk found out afterwards.
"""

from typing import Any

from sqlalchemy import Connection, String, event, insert, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from aftersales.columns import Day, RowId
from aftersales.extensions import Model
from aftersales.service.request import ServiceRequest

ASKED_ABOUT = ("device_id", "fault_text", "received_at")


class SignalPending(Model):
    """One request that is to be looked at."""

    __tablename__ = "signal_pending"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    request_id: Mapped[int] = mapped_column(RowId)


class SignalMark(Model):
    """Up to which month or quarter everything was looked at: its first day."""

    __tablename__ = "signal_mark"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    look: Mapped[str] = mapped_column(String(16), unique=True)
    period: Mapped[Day]


@event.listens_for(ServiceRequest, "after_insert")
def _came(mapper: Mapper[Any], connection: Connection, request: ServiceRequest) -> None:
    connection.execute(insert(SignalPending).values(request_id=request.id))


@event.listens_for(ServiceRequest, "after_update")
def _changed(mapper: Mapper[Any], connection: Connection, request: ServiceRequest) -> None:
    state = inspect(request)
    if any(state.attrs[name].history.has_changes() for name in ASKED_ABOUT):
        _came(mapper, connection, request)
