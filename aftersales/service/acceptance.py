"""The customer signs the acceptance on their own telephone (R5.1): the engineer opens it for some hours, the signature completes the order.

Completion stays one step with one set of checks, in one transaction with the signature, and it stays the engineer's: opening is their
word that the work is done, given before the customer's instead of after.
"""

from dataclasses import replace
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from aftersales.devices.device import new_token
from aftersales.extensions import db
from aftersales.labels import speaking
from aftersales.record.actor import Actor, acting_as
from aftersales.record.content import content_hash
from aftersales.record.notices import tell
from aftersales.record.now import now
from aftersales.record.refusal import Conflict, Refusal
from aftersales.record.saving import change, settle
from aftersales.record.workflow import perform
from aftersales.security.account import Account
from aftersales.security.manager import actor_of
from aftersales.service import completion
from aftersales.service.order import RepairResult, ServiceOrder

OPEN_FOR = timedelta(hours=24)  # a head nurse who is off until the next shift may still sign
COMPLETES = ("can_complete", "ServiceOrder")


def is_open(order: ServiceOrder) -> bool:
    """Whether the customer may sign now."""
    return can_be_opened(order) and order.signing_token is not None and order.signing_until is not None and now() < order.signing_until


def can_be_opened(order: ServiceOrder) -> bool:
    return order.workflow.transition("complete") in order.workflow.leaving(order.state)


def open_to_customer(order: ServiceOrder, result: RepairResult | None) -> None:
    """A new link, and the old one is dead. Raises Refusal while anything but the customer's word is missing. The caller commits."""
    order.refuse_other_hands()
    if not can_be_opened(order):
        raise Refusal(_("The customer signs while the order is being worked on."))
    if result is None:
        raise Refusal(_("%(field)s is missing.", field=order.field_label("result")), field="result")
    session: Session = object_session(order)
    change(session, order, {"result": result, "signing_token": new_token(), "signing_until": now() + OPEN_FOR})
    completion.refuse_unfinished(order)


def withdraw(order: ServiceOrder) -> None:
    """The link opens nothing any more. The caller commits."""
    order.refuse_other_hands()
    change(object_session(order), order, {"signing_token": None, "signing_until": None})


def shown_hash(order: ServiceOrder) -> str:
    """What the customer is shown, as one number: whoever signs says by it what they read."""
    return content_hash(order, order.workflow.transition("complete").signs.covers)


def sign(order: ServiceOrder, *, seen: str, signer: str, satisfaction: int, opinion: str | None, drawn: bytes | None) -> None:
    """Complete the order with the customer's signature. Raises Conflict when the order is no longer what they were shown."""
    if seen != shown_hash(order):
        raise Conflict(_("The engineer changed something meanwhile. Read it again and sign then."))
    values = {"result": order.result, "accepted_by": signer, "satisfaction": satisfaction, "customer_opinion": opinion}
    with speaking("zh"):
        reason = _("Signed by the customer on their own telephone.")
    with acting_as(_engineer_of(order)):
        settle(db.session, lambda: perform(order, "complete", values=values, reason=reason, drawn=drawn, signer=signer))
    url = f"/service_order/show/{order.id}"
    key = f"signed:{order.id}:{order.version}"
    tell(
        db.session, [order.engineer.user_id], key=key, url=url,
        words=lambda: (_("%(number)s: the customer has signed", number=order.number), order.about),
    )  # fmt: skip


def _engineer_of(order: ServiceOrder) -> Actor:
    """The engineer who opened it, for this one step: nothing else is theirs to do here, and nothing at all once they may no longer."""
    account = db.session.get(Account, order.engineer.user_id) if order.engineer is not None and order.engineer.user_id else None
    actor = actor_of(account) if account is not None and account.active else None
    if actor is None or not actor.can(*COMPLETES):
        raise Refusal(_("This cannot be signed now. Please call us."))
    return replace(actor, permissions=frozenset({COMPLETES}))
