"""Where an open order stands, in one word that also says why it is not further: by its state, or by what the engineer waits for."""

from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, case, cast, func

from aftersales.labels import label

if TYPE_CHECKING:
    from aftersales.service.order import ServiceOrder


class Waiting(StrEnum):
    """What keeps the engineer from going on."""

    parts = auto()
    customer = auto()
    support = auto()


BY_STATE = {
    "opened": "unassigned", "assigned": "to_accept", "accepted": "on_the_way", "working": "repairing", "in_workshop": "in_workshop",
}  # fmt: skip
STANDINGS = (*BY_STATE.values(), *Waiting)


def standing_of(order: "ServiceOrder") -> str:
    return order.waiting_for or BY_STATE[order.state]


def standing() -> Any:
    """The same as a column of the database."""
    from aftersales.service.order import ServiceOrder

    return func.coalesce(cast(ServiceOrder.waiting_for, String), case(BY_STATE, value=ServiceOrder.state))


def standing_words(name: str) -> str:
    return label(f"{'waiting' if name in list(Waiting) else 'standing'}.{name}")
