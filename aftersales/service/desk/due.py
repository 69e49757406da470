"""Open orders by what is due next: one row per order, with the first of its running clocks. Board, home page and figures ask here.

Every statement starts from the clocks that still run and stops after a page, or after a thousand for a figure: closed orders cost nothing.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased, joinedload

from aftersales.devices.device import Device
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record.clocks import ClockRun
from aftersales.record.listing import at_most
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.service.fault import FaultLevel
from aftersales.service.order import ServiceOrder
from aftersales.service.standing import STANDINGS, standing

OPEN = ("opened", "assigned", "accepted", "working", "in_workshop")
PAGE = 25
MOST = 1000
SOON = timedelta(hours=2)


@dataclass(frozen=True)
class Due:
    """An open order and the clock that is due first; None when none of its clocks runs any more."""

    order: ServiceOrder
    clock: ClockRun | None


@dataclass(frozen=True)
class DuePage:
    rows: list[Due]
    after: str | None


@dataclass(frozen=True)
class Figure:
    """A count that stops at a thousand, and the arguments of the board that show what it counts."""

    name: str
    count: int
    args: dict[str, str]
    tone: str

    @property
    def text(self) -> str:
        return f"{MOST}+" if self.count > MOST else str(self.count)


def due_page(session: Session, args: Mapping[str, str], *conditions: ColumnElement[bool], size: int = PAGE) -> DuePage:
    """A page of the board: what is due first stands first, what no clock drives any more stands last.

    `args`: region_id, state, why, level, clock (late, soon, none), after. Refusal for an argument that means nothing.
    """
    after = args.get("after", "")
    due_at, number = _read_mark(after) if after else (None, 0)
    if args.get("clock") == "none" or (after and due_at is None):
        return _clockless(session, args, conditions, size, number)
    statement = select(ServiceOrder, ClockRun).join(ClockRun, _is_first_clock()).where(*_narrowed(args), *conditions)
    if due_at is not None:
        statement = statement.where(tuple_(ClockRun.due_at, ClockRun.id) > tuple_(due_at, number))
    rows = session.execute(statement.options(*_shown()).order_by(ClockRun.due_at, ClockRun.id).limit(size + 1)).unique().all()
    page = [Due(order, clock) for order, clock in rows[:size]]
    if len(rows) > size:
        return DuePage(page, _mark(f"{rows[size - 1][1].due_at.isoformat()}|{rows[size - 1][1].id}"))
    if args.get("clock"):
        return DuePage(page, None)
    rest = _clockless(session, args, conditions, size - len(page), 0)
    return DuePage([*page, *rest.rows], rest.after)


def figures(session: Session, *conditions: ColumnElement[bool]) -> list[Figure]:
    """The five numbers of the board in one statement."""
    asked = {
        "open": ({}, ""), "soon": ({"clock": "soon"}, "warn"), "late": ({"clock": "late"}, "late"),
        "unassigned": ({"state": "opened"}, ""), "in_workshop": ({"state": "in_workshop"}, ""),
    }  # fmt: skip
    counts = session.execute(select(*(_bounded(args, conditions).label(name) for name, (args, _tone) in asked.items()))).one()
    return [Figure(name, getattr(counts, name), args, tone if getattr(counts, name) else "") for name, (args, tone) in asked.items()]


def board_figure(session: Session, name: str, args: dict[str, str], tone: str) -> Figure:
    """One number of the board, for `args`."""
    count = session.scalar(select(_bounded(args, ()))) or 0
    return Figure(name, count, args, tone if count else "")


def count_by_region(session: Session, args: Mapping[str, str]) -> list[tuple[Region, int]]:
    """The regions of what the board shows for `args`, the most first: a board narrowed to one of them has as many rows."""
    found = _limited(select(ServiceOrder.region_id), args).subquery()
    count = func.count()
    rows = select(Region, count).join(found, found.c.region_id == Region.id).group_by(Region).order_by(count.desc(), Region.id)
    return [(region, number) for region, number in session.execute(rows)]


def late_by_reason(session: Session) -> list[tuple[Region, str, int]]:
    """What is late, counted for each region and standing: a board narrowed to both has as many rows."""
    found = _limited(select(ServiceOrder.region_id, standing().label("why")), {"clock": "late"}).subquery()
    rows = select(Region, found.c.why, func.count()).join(found, found.c.region_id == Region.id).group_by(Region, found.c.why)
    return [(region, why, number) for region, why, number in session.execute(rows.order_by(Region.id))]


@cache
def late(own_only: bool, most: int) -> Select[tuple[int]]:
    """How many open orders are past the deadline that is due first at :now; of those the person :user_id has in hand, where `own_only`.
    Counted to one more than `most`."""
    chosen = select(ServiceOrder.id).join(ClockRun, _is_first_clock())
    chosen = chosen.where(ServiceOrder.state.in_(OPEN), ClockRun.due_at < bindparam("now"), ClockRun.paused_at.is_(None))
    if own_only:
        me = select(Person.id).where(Person.user_id == bindparam("user_id")).scalar_subquery()
        chosen = chosen.where(ServiceOrder.engineer_id == me)
    return select(func.count()).select_from(chosen.limit(at_most(most + 1)).subquery())


def _bounded(args: Mapping[str, str], conditions: tuple[ColumnElement[bool], ...]) -> Any:
    return select(func.count()).select_from(_limited(select(ServiceOrder.id), args, conditions).subquery()).scalar_subquery()


def _limited(chosen: Select[Any], args: Mapping[str, str], conditions: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
    """What the board shows for `args`, all pages of it, up to one more than MOST."""
    chosen = chosen.where(*_narrowed(args), *conditions)
    match args.get("clock", ""):
        case "none":
            chosen = chosen.where(~_any_clock())
        case "late" | "soon":
            chosen = chosen.join(ClockRun, _is_first_clock())
    return chosen.limit(MOST + 1)


def _narrowed(args: Mapping[str, str]) -> list[ColumnElement[bool]]:
    state = args.get("state", "")
    if state and state not in OPEN:
        raise Refusal(_("There is no such state."), field="state")
    wanted: list[ColumnElement[bool]] = [ServiceOrder.state == state if state else ServiceOrder.state.in_(OPEN)]
    if region := args.get("region_id", ""):
        if not region.isascii() or not region.isdigit() or len(region) > 18:
            raise Refusal(_("There is no such record."), field="region_id")
        wanted.append(ServiceOrder.region_id == int(region))
    if level := args.get("level", ""):
        if level not in list(FaultLevel):
            raise Refusal(_("There is no such level."), field="level")
        wanted.append(ServiceOrder.fault_level == level)
    if why := args.get("why", ""):
        if why not in STANDINGS:
            raise Refusal(_("There is no such state."), field="why")
        wanted.append(standing() == why)
    match args.get("clock", ""):
        case "late":
            wanted += [ClockRun.due_at < now(), ClockRun.paused_at.is_(None)]
        case "soon":
            wanted += [ClockRun.due_at >= now(), ClockRun.due_at < now() + SOON, ClockRun.paused_at.is_(None)]
        case "" | "none":
            pass
        case _:
            raise Refusal(_("There is no such view."), field="clock")
    return wanted


def _runs(clock: Any) -> ColumnElement[bool]:
    return and_(clock.kind == ServiceOrder.__name__, clock.met_at.is_(None), clock.dropped_at.is_(None))


def _is_first_clock() -> ColumnElement[bool]:
    """Of the order's running clocks the one due first: a clock with none before it."""
    earlier = aliased(ClockRun)
    before = or_(earlier.due_at < ClockRun.due_at, and_(earlier.due_at == ClockRun.due_at, earlier.id < ClockRun.id))
    return and_(
        ClockRun.record_id == ServiceOrder.id,
        _runs(ClockRun),
        ~exists().where(earlier.record_id == ClockRun.record_id, _runs(earlier), before),
    )


def _any_clock() -> ColumnElement[bool]:
    return exists().where(ClockRun.record_id == ServiceOrder.id, _runs(ClockRun))


def _clockless(
    session: Session, args: Mapping[str, str], conditions: tuple[ColumnElement[bool], ...], size: int, above: int
) -> DuePage:
    """Open orders no clock of which runs, those after the id `above`: everything promised was kept, the paper is not done."""
    statement = select(ServiceOrder).where(*_narrowed(args), *conditions, ~_any_clock(), ServiceOrder.id > above)
    rows = list(session.scalars(statement.options(*_shown()).order_by(ServiceOrder.id).limit(size + 1)).unique())
    page = rows[:size]
    last = page[-1].id if page else rows[0].id - 1 if rows else 0
    return DuePage([Due(order, None) for order in page], _mark(f"|{last}") if len(rows) > size else None)


def _shown() -> list[Any]:
    return [
        joinedload(ServiceOrder.customer), joinedload(ServiceOrder.engineer), joinedload(ServiceOrder.request),
        joinedload(ServiceOrder.device).joinedload(Device.model),
    ]  # fmt: skip


def _mark(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_mark(text: str) -> tuple[datetime | None, int]:
    """When the last row was due, and its clock; of rows without a clock: None, and the order."""
    try:
        moment, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        due_at = datetime.fromisoformat(moment) if moment else None
        if (due_at is not None and due_at.tzinfo is None) or not 0 <= int(number) < 2**63:
            raise ValueError(text)
        return due_at, int(number)
    except (ValueError, binascii.Error):
        raise Refusal(_("This page mark is not valid."), field="after") from None
