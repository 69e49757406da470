"""A unit that waits to be implanted, and what tests ask of the world's own."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.implants.attempt import FollowUpAttempt
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.implants.kinds import AttemptResult, FollowUpChannel
from aftersales.organization.region import Region
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import CHINA
from aftersales.record.saving import create
from tests.scenarios.person import Visitor
from tests.world import OWN

NAME, ADMISSION = "欧阳慕雪", "ZY-2026-0555"
SAFE = {"is_harmed": "no", "is_operated_again": "no", "is_failing": "no"}
TOLD = {
    "respondent": "physician", "respondent_post": "主治医师", "function": "as_expected", "wound": "as_expected", "is_instructed": "true",
}  # fmt: skip


def a_unit(app: Flask, serial: str = "HD-PM-9", code: str = OWN) -> int:
    with app.app_context(), acting_as(SYSTEM):
        model = db.session.scalars(select(DeviceModel).where(DeviceModel.is_implant)).one()
        hospital = db.session.scalars(select(Customer).join(Region).where(Region.code == code)).one()
        unit = Device(model=model, serial_no=serial, lot_no="PM-2611", customer=hospital, region_id=hospital.region_id)
        db.session.add(unit)
        db.session.commit()
        return unit.id


def the_implant(serial: str = f"{OWN}-PM-1") -> Implant:
    return db.session.scalars(select(Implant).join(Device, Device.id == Implant.device_id).where(Device.serial_no == serial)).one()


def ago(**time: Any) -> str:
    """A moment so long ago, as a form sends it."""
    return local(server_time.now() - timedelta(**time))


def local(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def register(visitor: Visitor, unit: int, **values: Any) -> Visitor:
    told = {"device_id": str(unit), "operated_at": ago(hours=2), "surgeon": "许主任", "contact_name": "护士长"}
    return visitor.open("/implant/add").send("/add", **(told | values))


def try_to_reach(visitor: Visitor, follow_up: int, result: str, channel: str = "telephone") -> Visitor:
    return visitor.open(f"/follow_up_attempt/add?parent={follow_up}").send("/add", channel=channel, result=result)


def tried_later(app: Flask, follow_up: int, result: AttemptResult, *hours: int) -> None:
    """Attempts so many hours from now; no sign-in lasts that long."""
    with app.app_context(), acting_as(SYSTEM):
        for later in hours:
            with server_time.at(server_time.now() + timedelta(hours=later)):
                row = {"follow_up": db.session.get_one(ImplantFollowUp, follow_up), "channel": FollowUpChannel.telephone, "result": result}
                create(db.session(), FollowUpAttempt, row)
        db.session.commit()
