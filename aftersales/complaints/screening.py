"""Every closed repair and every low rating is looked through for what is a complaint although nobody called it one (R11).

A hit only proposes: that it is none, is somebody's decision under their name.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, object_session

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.opening import propose
from aftersales.labels import speaking
from aftersales.record import workflow
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.now import now, today
from aftersales.service.lines import PartReplaced
from aftersales.service.order import RepairResult, ServiceOrder
from aftersales.service.request import Harm
from aftersales.signals.rule import Numbers, numbers_on


@dataclass(frozen=True)
class Facts:
    """What the screening judges by: `repairs` of the same device in the last `days`, parts fitted there again, lots that keep failing."""

    days: int
    harm: Harm | None = Harm.no
    is_treatment_affected: bool = False
    is_unsafe: bool = False
    repairs: int = 0
    same_parts: tuple[str, ...] = ()
    failing_lots: tuple[str, ...] = ()
    score: int | None = None
    opinion: str = ""

    @property
    def could_harm(self) -> bool:
        """Whether it could harm a patient when it comes again."""
        return self.is_treatment_affected or self.is_unsafe


def reasons(facts: Facts) -> list[str]:
    """Why it is to be looked at as a complaint, in words; empty where nothing says so. What nobody knows counts as a hit."""
    told = []
    if facts.harm is not Harm.no:
        told.append(_("A patient may have come to harm: the answer was “yes” or “not sure”, or nobody answered."))
    if facts.could_harm:
        told.append(_("If it came again it could harm a patient: treatment was affected, or the device must not be used."))
    if facts.repairs:
        told.append(_("Repeated: the same device was repaired %(n)s times before within %(days)s days.", n=facts.repairs, days=facts.days))
    if facts.same_parts:
        parts = "、".join(facts.same_parts)
        told.append(_("Repeated: the same part was replaced in it before within %(days)s days: %(parts)s", days=facts.days, parts=parts))
    if facts.failing_lots:
        lots = "、".join(facts.failing_lots)
        told.append(_("Repeated: the same lot failed in several repairs within %(days)s days: %(lots)s", days=facts.days, lots=lots))
    if facts.score is not None:
        told.append(_("The customer rated the repair %(score)s of 5. %(opinion)s", score=facts.score, opinion=facts.opinion).strip())
    return told


def after_move(record: SharedRecord, name: str, source: str) -> None:
    """Called by perform for every move, in its transaction."""
    if isinstance(record, ServiceOrder) and name == "close":
        screen(object_session(record), record)


workflow.listeners.append(after_move)


def screen(session: Session, order: ServiceOrder, score: int | None = None, opinion: str | None = None) -> Complaint | None:
    """Look a repair through, or a low rating of it, and propose a complaint where something says so."""
    with acting_as(SYSTEM), speaking("zh"):
        numbers = numbers_on(session, today())
        given = Facts(numbers.repeat_days, score=score, opinion=opinion or "")
        facts = given if score is not None else _facts_of(session, order, numbers)
        told = reasons(facts)
        return propose(session, order, told, could_harm=facts.could_harm) if told else None


def _facts_of(session: Session, order: ServiceOrder, numbers: Numbers) -> Facts:
    since, request = now() - timedelta(days=numbers.repeat_days), order.request
    earlier = (ServiceOrder.device_id == order.device_id, ServiceOrder.id != order.id, ServiceOrder.reported_at >= since)
    within = (PartReplaced.order_id != order.id, PartReplaced.created_at >= since)
    fitted, taken = {part.part_no for part in order.parts}, {part.old_lot_no for part in order.parts} - {None}
    mine = select(ServiceOrder.id).where(*earlier)
    again = select(PartReplaced.part_no).where(PartReplaced.part_no.in_(fitted), PartReplaced.order_id.in_(mine)).distinct()
    failing = (
        select(PartReplaced.old_lot_no)
        .where(PartReplaced.old_lot_no.in_(taken), *within)
        .group_by(PartReplaced.old_lot_no)
        .having(func.count(PartReplaced.order_id.distinct()) >= numbers.least_cases - 1)  # this one among them
    )
    return Facts(
        numbers.repeat_days, harm=request.harm if request.vigilance != "cleared" else Harm.no,
        is_treatment_affected=bool(request.is_treatment_affected),
        is_unsafe=order.result is RepairResult.not_to_be_used,
        repairs=session.scalar(select(func.count()).select_from(mine.where(ServiceOrder.state != "cancelled").limit(100).subquery())) or 0,
        same_parts=tuple(sorted(session.scalars(again))) if fitted else (),
        failing_lots=tuple(sorted(session.scalars(failing))) if taken else (),
    )  # fmt: skip
