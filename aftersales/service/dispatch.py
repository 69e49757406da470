"""Sending people: the gate that refuses the unqualified, and the way past it that quality answers for (R10.4)."""

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import object_session

from aftersales.people.gate import why_not
from aftersales.people.qualification import Work
from aftersales.record.actor import current_actor
from aftersales.record.now import now, today
from aftersales.record.refusal import Refusal

if TYPE_CHECKING:
    from aftersales.service.order import ServiceOrder


def refuse_unqualified(order: "ServiceOrder") -> None:
    """Raises Refusal at engineer_id, in words, unless the engineer may repair this model today."""
    lacking = _lacking(order)
    if lacking:
        raise Refusal(lacking, field="engineer_id")


def refuse_needless_deviation(order: "ServiceOrder") -> None:
    if not _lacking(order):
        raise Refusal(_("This engineer is qualified: no deviation is needed."), field="engineer_id")


def record_deviation(order: "ServiceOrder", reason: str) -> None:
    from aftersales.service.deviation import Deviation

    actor = current_actor()
    deviation = Deviation(
        order=order, person=order.engineer, region_id=order.region_id, lacking=_lacking(order), reason=reason,
        decided_by=actor.name, decided_by_user_id=actor.user_id, decided_at=now(),
    )  # fmt: skip
    object_session(order).add(deviation)


def _lacking(order: "ServiceOrder") -> str:
    if order.engineer is None:
        raise Refusal(_("Choose an engineer."), field="engineer_id")
    return why_not(order.engineer, order.device.model, Work.repair, today())
