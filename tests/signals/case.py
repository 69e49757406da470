"""Fifty devices of one model in ten lots, and calls about them, for tests that are about what is found."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel, LegalClass, Risk
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.saving import create
from aftersales.service.request import Channel, Harm, ServiceRequest
from aftersales.signals.looking import look
from aftersales.signals.signal import Signal
from tests.world import MONDAY

LOT = "PL-01"
LOTS, EACH = 10, 5
FEWER = {"alpha": Decimal("0.05"), "window_days": 365, "least_cases": 3, "repeat_days": 90, "repeat_cases": 2}


def lots(*regions: str) -> dict[str, list[Device]]:
    """Devices by lot, in turn at the customers of `regions`. Nothing is left to look at but what comes from now on."""
    customers = [db.session.scalars(select(Customer).where(Customer.region.has(code=code))).first() for code in regions or ("HD",)]
    family = db.session.scalars(select(DeviceModel)).first().family
    model = DeviceModel(
        family=family, name="注射泵", specification="PX-2", maker="澄海医疗设备厂", risk=Risk.high, legal_class=LegalClass.class_2
    )
    found: dict[str, list[Device]] = {}
    for place in range(LOTS * EACH):
        lot, customer = f"PL-{place // EACH + 1:02d}", customers[place % len(customers)]
        told = {"serial_no": f"PX-{place:03d}", "lot_no": lot, "installed_on": date(2025, 3, 1)}
        found.setdefault(lot, []).append(Device(model=model, customer=customer, region_id=customer.region_id, **told))
    db.session.add_all([device for devices in found.values() for device in devices])
    db.session.flush()
    with server_time.at(MONDAY):
        look(db.session)
    return found


def call(device: Device | None, moment: datetime, **facts: Any) -> ServiceRequest:
    told = {"channel": Channel.hotline, "received_at": moment, "fault_text": "推注停止报警", "harm": Harm.no, "device": device}
    with server_time.at(moment):
        return create(db.session, ServiceRequest, told | facts)


def calls_about(devices: list[Device], begin: datetime = MONDAY + timedelta(days=1)) -> None:
    """One call about each, a day apart, each looked at on its day."""
    for place, device in enumerate(devices):
        call(device, begin + timedelta(days=place))
        look_at(begin + timedelta(days=place, minutes=1))


def look_at(moment: datetime) -> int:
    with server_time.at(moment):
        return look(db.session)


def signals(**told: Any) -> list[Signal]:
    """The signals that were found, not those that the company had."""
    return list(db.session.scalars(select(Signal).filter_by(**told).where(Signal.found_at > MONDAY).order_by(Signal.id)))
