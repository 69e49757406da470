"""Who could be sent: everybody trained, with what they have in hand and when they are away; beside an order, why the others cannot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from aftersales.people.gate import away_until, qualified_people
from aftersales.people.person import Person, person_region
from aftersales.people.qualification import Qualification, Work
from aftersales.record.now import CHINA, today
from aftersales.service.desk.due import OPEN
from aftersales.service.order import ServiceOrder

SHOWN = 60


@dataclass(frozen=True)
class Mate:
    """One person: how many open orders they have in hand, how many of them planned for today and for this week, and when they are back.

    Beside an order, `refusal` says why they cannot be sent; `is_unqualified` that quality could still decide so.
    """

    person: Person
    open_count: int
    today_count: int
    week_count: int
    away_until: date | None
    valid_until: date | None = None
    refusal: str = ""
    is_unqualified: bool = False

    @property
    def may_be_sent(self) -> bool:
        return not self.refusal


@dataclass(frozen=True)
class Crew:
    """Those who may be sent, the least busy of those present first; then the others. `more` people are not shown."""

    mates: list[Mate]
    more: int

    @property
    def fit(self) -> list[Mate]:
        return [mate for mate in self.mates if mate.may_be_sent]

    @property
    def others(self) -> list[Mate]:
        return [mate for mate in self.mates if not mate.may_be_sent]


def crew_for(session: Session, order: ServiceOrder) -> Crew:
    """Four statements, however many people."""
    candidates = qualified_people(session, order.device.model, Work.repair, today())
    also_here = select(person_region.c.person_id).where(person_region.c.region_id == order.region_id)
    guests = set(session.execute(also_here).scalars())
    asked = candidates[: 3 * SHOWN]
    loads = _loads(session, [candidate.person.id for candidate in asked])
    mates = [
        Mate(
            c.person, *loads[c.person.id], valid_until=c.valid_until, refusal=c.refusal or _out_of_reach(c.person, order, guests),
            is_unqualified=bool(c.refusal),
        )
        for c in asked
    ]  # fmt: skip
    mates.sort(key=lambda m: (not m.may_be_sent, m.is_unqualified, m.away_until is not None, m.open_count, m.person.name))
    return Crew(mates[:SHOWN], max(0, len(candidates) - SHOWN))


def workforce(session: Session, region_id: int | None = None, size: int = SHOWN) -> list[Mate]:
    """Everybody whose qualification for anything holds today, of one region where it is given: those present with the least in hand first.
    One statement: it counts open orders only, and those are as many as the work at hand."""
    day = today()
    holding = select(Qualification.person_id).where(Qualification.valid_from <= day, Qualification.valid_until >= day)
    present = or_(Person.left_on.is_(None), Person.left_on >= day)
    chosen = _with_load(select(Person)).where(Person.id.in_(holding), Person.user_id.is_not(None), present)
    if region_id is not None:
        guests = select(person_region.c.person_id).where(person_region.c.region_id == region_id)
        chosen = chosen.where(or_(Person.region_id == region_id, Person.id.in_(guests)))
    away, in_hand = chosen.selected_columns["away"], chosen.selected_columns["in_hand"]
    rows = session.execute(chosen.options(joinedload(Person.region)).order_by(away.is_not(None), in_hand, Person.id).limit(size))
    return [Mate(*row) for row in rows.unique()]


def _loads(session: Session, person_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    rows = session.execute(_with_load(select(Person.id)).where(Person.id.in_(person_ids)))
    return {person_id: tuple(load) for person_id, *load in rows}


def _with_load(chosen: Select[Any]) -> Select[Any]:
    """Adds to people what they have in hand, what of it is planned for today and for this week, and the day until which they are away."""
    midnight = datetime.combine(today(), time(), CHINA)
    monday = midnight - timedelta(days=midnight.weekday())
    in_hand = (
        select(
            ServiceOrder.engineer_id, func.count().label("open"), _planned(midnight, 1).label("today"), _planned(monday, 7).label("week")
        )
        .where(ServiceOrder.state.in_(OPEN), ServiceOrder.engineer_id.is_not(None))
        .group_by(ServiceOrder.engineer_id)
        .subquery()
    )
    load = (func.coalesce(column, 0) for column in (in_hand.c.open, in_hand.c.today, in_hand.c.week))
    named = (column.label(name) for column, name in zip(load, ("in_hand", "for_today", "for_week"), strict=True))
    return chosen.outerjoin(in_hand, in_hand.c.engineer_id == Person.id).add_columns(*named, away_until(today()).label("away"))


def _planned(since: datetime, days: int) -> ColumnElement[int]:
    is_then = (ServiceOrder.planned_at >= since) & (ServiceOrder.planned_at < since + timedelta(days=days))
    return func.sum(case((is_then, 1), else_=0))


def _out_of_reach(person: Person, order: ServiceOrder, guests: set[int]) -> str:
    """Somebody who could not even open the order is not sent to it."""
    if person.user_id is None:
        return _("%(person)s has no account and could not accept the order.", person=person.name)
    if person.region_id != order.region_id and person.id not in guests:
        return _("%(person)s works in another region and does not see this order.", person=person.name)
    return ""
