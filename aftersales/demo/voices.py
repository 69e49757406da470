"""What hospitals say by the public page: complaints, and ratings of repairs. Stories as in `stories`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from aftersales.demo.people import Cast
from aftersales.devices.device import Device
from aftersales.portal.stranger import portal_actor
from aftersales.record.actor import acting_as
from aftersales.record.now import now
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import LOW, rate
from aftersales.service.request import Channel, Harm, RequestKind, ServiceRequest

Story = Iterator[datetime]
RATED_ONE_IN = 6
PLEASED = ((5, "工程师很专业，一次修好"), (5, None), (5, None), (4, "希望下次提前打电话"), (4, None))
ANNOYED = ((2, "等备件等了太久，期间没有人主动告知进度"), (1, "同一故障修了两次"), (3, None))


def complain(session: Session, cast: Cast, device: Device, moment: datetime, words: str, reply: str) -> Story:
    """Made by the page of the device's label; without a `reply` it still waits for the desk."""
    yield moment
    caller = device.customer.contacts[0]
    values = {
        "kind": RequestKind.complaint, "channel": Channel.qr, "received_at": now(), "device": device, "fault_text": words, "harm": Harm.no,
        "is_treatment_affected": False, "caller_name": caller.name, "caller_phone": caller.phone, "customer_text": device.department,
    }  # fmt: skip
    with acting_as(portal_actor(device.region_id)):
        request = create(session, ServiceRequest, values)
    if not reply:
        return
    yield now() + timedelta(minutes=9)
    with acting_as(cast.actors[Role.intake]):
        answers = {"is_device_down": False, "is_treatment_affected": False, "has_alternative": True, "harm": Harm.no}
        perform(request, "register", values=answers | {"customer_id": device.customer_id, "device_id": device.id})
    yield now() + timedelta(hours=20)
    with acting_as(cast.actors[Role.complaint_officer]):
        perform(request, "answer", values={"reply": reply})


def rate_some(session: Session, cast: Cast, rng: Random, order: ServiceOrder, *, is_annoyed: bool) -> Story:
    """One customer in six says something, more where they waited; complaint staff calls those who are not satisfied."""
    if not is_annoyed and rng.randrange(RATED_ONE_IN):
        return
    yield now() + timedelta(hours=rng.uniform(3, 30))
    with acting_as(portal_actor(order.region_id)):
        rating = rate(session, order, *rng.choice(ANNOYED if is_annoyed else PLEASED))
    if rating.score > LOW:
        return
    yield now() + timedelta(days=rng.uniform(1, 9))
    if rating.state == "given":
        with acting_as(cast.actors[Role.complaint_officer]):
            perform(rating, "follow_up", values={"follow_up": "已电话回访并致歉，说明延误原因；备件最低库存已调整"})
