"""What is late and why: for which reason in which region, by which rule, since when, in whose hands; what stands still; what was kept."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from aftersales.deadlines.clock_pause import ClockPause
from aftersales.labels import label
from aftersales.organization.region import Region
from aftersales.record.clocks import ClockRun
from aftersales.record.decision import Decision
from aftersales.record.filtering import JUDGED
from aftersales.record.now import CHINA, now, today
from aftersales.record.showing import rule_source
from aftersales.service.desk.due import Due, due_page, late_by_reason
from aftersales.service.order import ServiceOrder
from aftersales.service.standing import STANDINGS

SHOWN = 12
PERIODS = ("30_days", "90_days")
MOST_JUDGED = 5000


@dataclass(frozen=True)
class Late:
    """The orders longest past their deadline, each with the rule behind it; how many by region and reason; the clocks that stand still."""

    rows: list[tuple[Due, str]]
    counts: dict[tuple[int, str], int]
    regions: list[Region]
    pauses: list[ClockPause]

    @property
    def reasons(self) -> list[str]:
        """Those that hold anything up, in the order of the work."""
        return [name for name in STANDINGS if any(why == name for _region, why in self.counts)]


@dataclass(frozen=True)
class Kept:
    """One milestone: of the orders for which it fell due in the last 30 and 90 days, how many missed it."""

    name: str
    counts: tuple[tuple[str, int, int], ...]

    @property
    def milestone(self) -> str:
        return label(f"milestone.{self.name}")

    @property
    def cells(self) -> list[tuple[str, int, str]]:
        """For each period the rate kept, how many were missed, and the list of those."""
        return [
            (f"{(due - missed) * 100 / due:.0f}%" if due else "—", missed, f"/service_order/list/?judged={self.name}.missed.{period}")
            for period, due, missed in self.counts
        ]


def late(session: Session) -> Late:
    """Three statements."""
    rows = due_page(session, {"clock": "late"}, size=SHOWN).rows
    standing = select(ClockPause).where(ClockPause.state == "approved").order_by(ClockPause.id).limit(SHOWN)
    counted = late_by_reason(session)
    return Late(
        [(row, _why(row.clock)) for row in rows if row.clock is not None],
        {(region.id, why): number for region, why, number in counted},
        list(dict.fromkeys(region for region, _why_, _number in counted)),
        list(session.scalars(standing)),
    )


def kept(session: Session) -> list[Kept]:
    """One statement over what fell due last, at most MOST_JUDGED clocks: a running clock past its time was not kept. Counted are
    orders, as the list behind each figure shows them."""
    since = {period: datetime.combine(today() - timedelta(days=JUDGED[period] - 1), time(), CHINA) for period in PERIODS}
    judged = (
        select(ClockRun.milestone, ClockRun.record_id, ClockRun.due_at, ClockRun.met_at)
        .where(ClockRun.kind == ServiceOrder.__name__, ClockRun.due_at <= now(), ClockRun.due_at >= min(since.values()))
        .where(ClockRun.dropped_at.is_(None), ClockRun.paused_at.is_(None))
        .order_by(ClockRun.due_at.desc())
        .limit(MOST_JUDGED)
        .subquery()
    )
    is_missed = case((judged.c.met_at <= judged.c.due_at, False), else_=True)
    facts = [
        func.max(case((condition, 1), else_=0)).label(name)
        for period, day in since.items()
        for name, condition in ((f"due_{period}", judged.c.due_at >= day), (f"missed_{period}", (judged.c.due_at >= day) & is_missed))
    ]
    orders = select(judged.c.milestone, *facts).group_by(judged.c.milestone, judged.c.record_id).subquery()
    sums = [func.sum(orders.c[f"{name}_{period}"]) for period in PERIODS for name in ("due", "missed")]
    found = {name: counts for name, *counts in session.execute(select(orders.c.milestone, *sums).group_by(orders.c.milestone))}
    order = [clock.milestone for clock in ServiceOrder.clocks if clock.milestone in found]
    return [Kept(name, tuple((p, *found[name][2 * i : 2 * i + 2]) for i, p in enumerate(PERIODS))) for name in order]


def _why(clock: ClockRun) -> str:
    return rule_source(Decision.from_json(clock.decision).winners[0].rule)
