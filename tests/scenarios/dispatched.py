"""A second order of the world, that was given to the engineer at nine on Monday and waits to be accepted."""

from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.workflow import perform
from aftersales.security.account import Account
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, Harm, ServiceRequest
from tests.world import MONDAY, OWN, specimen


def dispatched_order(app: Flask) -> int:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        first = db.session.get_one(ServiceOrder, specimen(app, ServiceOrder, OWN))
        request = ServiceRequest(
            region_id=first.region_id, channel=Channel.hotline, received_at=MONDAY, caller_name="沈护士长",
            caller_phone="139 0000 7731", customer=first.customer, device=first.device, fault_text="屏幕不亮", is_device_down=True,
            is_treatment_affected=True, has_alternative=False,
            harm=Harm.no,
        )  # fmt: skip
        db.session.add(request)
        db.session.flush()
        perform(request, "register")
        perform(request, "order")
        chosen = select(Person.id).join(Account, Account.id == Person.user_id).where(Account.username == "engineer")
        perform(request.order, "assign", values={"engineer_id": db.session.scalars(chosen).one()})
        db.session.commit()
        return request.order.id
