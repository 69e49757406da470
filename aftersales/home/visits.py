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
class Visit:
    """An order of mine, whom to call about it ("" where nobody is named, a mask where I may not see), and the way there."""

    due: Due
    caller_name: str
    caller_phone: str
    map_url: str

    @property
    def order(self) -> ServiceOrder:
        return self.due.order

    @property
    def tap(self) -> str:
        """The step that one tap does, "" where the order's page asks more."""
        return TAPS.get(self.order.state, "")


def visits(session: Session, actor: Actor) -> list[Visit]:
    """What is due first stands first. Two statements: with a running clock, and without, where the former do not fill the page."""
    me = select(Person.id).where(Person.user_id == actor.user_id).scalar_subquery()
    return [_visit(due) for due in due_page(session, {}, ServiceOrder.engineer_id == me, size=SHOWN).rows]


def _visit(due: Due) -> Visit:
    call = due.order.request
    note_reading(call)
    name, phone = (read_personal(ServiceRequest, field, getattr(call, field)) or "" for field in ("caller_name", "caller_phone"))
    return Visit(due, name, phone, map_url(due.order))
