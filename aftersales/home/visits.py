"""The engineer's day: what is due next, large, with the one thing to do; and the orders after it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.people.person import Person
from aftersales.record.actor import Actor
from aftersales.record.privacy import note_reading, read_personal
from aftersales.service.desk.due import Due, due_page
from aftersales.service.job import map_url
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest

SHOWN = 12
TAPS = {"assigned": "accept", "accepted": "arrive"}


@dataclass(frozen=True)
class Visits:
    """`first` is what is due first; `tap` the step that one tap does ("" where the order's page asks more); then the others."""

    first: Due | None
    tap: str
    caller_name: str
    caller_phone: str
    map_url: str
    others: list[Due]


def visits(session: Session, actor: Actor) -> Visits:
    """Two statements: with a running clock, and without; the latter only where the former do not fill the page."""
    me = select(Person.id).where(Person.user_id == actor.user_id).scalar_subquery()
    rows = due_page(session, {}, ServiceOrder.engineer_id == me, size=SHOWN).rows
    if not rows:
        return Visits(None, "", "", "", "", [])
    first, *others = rows
    call = first.order.request
    note_reading(call)
    name, phone = (read_personal(ServiceRequest, field, getattr(call, field)) or "" for field in ("caller_name", "caller_phone"))
    return Visits(first, TAPS.get(first.order.state, ""), name, phone, map_url(first.order), others)
