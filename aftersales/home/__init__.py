"""The first page after signing in: each person finds there what waits for them, by what they may do, whatever their role is called."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from aftersales.home.alarms import Alarm, alarms
from aftersales.home.deadlines import Deadline, deadlines
from aftersales.home.house import Check, checks, steps
from aftersales.home.lateness import Kept, Late, kept, late
from aftersales.home.queues import GROUPS, MOST_SHOWN, Waiting, waiting
from aftersales.home.stores import Stores, stores
from aftersales.home.support import Support, support
from aftersales.home.taken import taken_today
from aftersales.home.visits import Visit, visits
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.jobs.job import SEES_ALL, Job
from aftersales.record.actor import Actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun, next_open
from aftersales.record.now import now
from aftersales.service.desk.crew import Mate, workforce
from aftersales.service.desk.due import Due, Figure, due_page, figures
from aftersales.service.desk.loaners import READS_LOANERS
from aftersales.service.deviation import Deviation
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.trail.verification import READS_TRAIL, last_job
from aftersales.trail.voided import count_voided

SHOWN, FREE = 8, 10
LATELY = timedelta(days=30)
ONLY_READING = ("can_read", "can_see_all", "can_export", "can_compile")


@dataclass(frozen=True)
class Start:
    """What the page shows; a part that is None or empty is none of this person's business. `clocks`: the next deadline
    of each call and each follow-up."""

    emergencies: list[Alarm]
    figures: list[Figure]
    mine: list[Visit] | None
    unsent: list[Due] | None
    free: list[Mate]
    late: Late | None
    kept: list[Kept]
    taken: list[Figure]
    waiting: list[Waiting]
    deadlines: list[Deadline] | None
    clocks: dict[str, dict[int, ClockRun]]
    deviations: list[Deviation]
    voided: int | None
    verified: Job | None
    stores: Stores | None
    support: Support | None
    parts: list[PartReplaced]
    steps: list[Check]
    checks: list[Check]
    only_reads: bool
    reads_trail: bool

    @property
    def has_many_queues(self) -> bool:
        return len(self.waiting) > MOST_SHOWN

    @property
    def groups(self) -> dict[str, list[Waiting]]:
        """The queues in the order in which they press: what is late or of the law, what waits for this person, what is to be watched."""
        told = {item.name: item for item in self.waiting}
        named = {group: [told[name] for name in names if name in told] for group, names in GROUPS.items()}
        return {group: items for group, items in named.items() if items}


def start_of(session: Session, actor: Actor) -> Start:
    """Each part is bounded and costs one statement or two; no shipped role sees more of them than the page may ask."""
    queues = list(waiting(session, actor))
    orders, sends, answers = (
        actor.can(right, kind)
        for right, kind in (("can_read", "ServiceOrder"), ("can_assign", "ServiceOrder"), ("can_approve", "ClockPause"))
    )
    helps = actor.can("can_solve_remotely", "ServiceRequest") and not actor.can("can_register", "ServiceRequest")  # and takes no calls
    repairs = any(kind == "ServiceOrder" and permission not in ONLY_READING for permission, kind in actor.permissions)
    only_reads = not any(permission not in ONLY_READING for permission, _kind in actor.permissions)
    reads_trail = actor.can(*READS_TRAIL)
    keeps = len(queues) > MOST_SHOWN and not actor.can(*SEES_ALL)
    decides = actor.can("can_assign_with_deviation", "ServiceOrder") and not actor.can(*SEES_ALL)  # administrators have enough of their own
    ringing = alarms(session) if actor.can("can_form_team", "Emergency") else []
    return Start(
        emergencies=ringing,
        figures=figures(session) if orders and (repairs or not queues) else [],
        mine=visits(session, actor) if actor.can("can_accept", "ServiceOrder") else None,
        unsent=due_page(session, {"state": "opened"}, size=SHOWN).rows if sends and not answers else None,
        free=workforce(session, size=FREE) if sends else [],
        late=late(session) if answers else None,
        kept=kept(session) if answers else [],
        taken=taken_today(session) if not ringing and any(item.name == "received" for item in queues) and len(queues) <= MOST_SHOWN else [],
        waiting=queues,
        deadlines=deadlines(session, {item.kind for item in queues}) if keeps else None,
        clocks={cls.key(): next_open(session, cls, _shown(queues, cls)) for cls in (ServiceRequest, ImplantFollowUp)},
        deviations=_deviations(session) if decides else [],
        voided=count_voided(session) if decides and reads_trail else None,
        verified=last_job(session) if decides and reads_trail else None,
        stores=stores(session, tells_short=not sends) if actor.can(*READS_LOANERS) and not answers else None,
        support=support(session) if orders and helps else None,
        parts=_parts(session) if orders and only_reads else [],
        steps=steps(session) if actor.can("can_write", "Region") else [],
        checks=checks(session) if actor.can(*SEES_ALL) else [],
        only_reads=only_reads,
        reads_trail=reads_trail,
    )


def _shown(queues: list[Waiting], cls: type[SharedRecord]) -> list[int]:
    return [row.id for item in queues if item.kind is cls for row in item.rows]


def _deviations(session: Session) -> list[Deviation]:
    chosen = (
        select(Deviation).where(Deviation.decided_at >= now() - LATELY).options(joinedload(Deviation.order), joinedload(Deviation.person))
    )
    return list(session.scalars(chosen.order_by(Deviation.decided_at.desc()).limit(SHOWN)).unique())


def _parts(session: Session) -> list[PartReplaced]:
    chosen = select(PartReplaced).options(joinedload(PartReplaced.order).joinedload(ServiceOrder.customer))
    return list(session.scalars(chosen.order_by(PartReplaced.id.desc()).limit(SHOWN)).unique())
