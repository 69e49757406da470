"""How many of the units of a recall are in a patient: what is done with those is agreed with hospital and patient (R29 art. 35)."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.devices.device import Device
from aftersales.implants.implant import IN_A_PATIENT, Implant
from aftersales.recalls.unit import RecallUnit

_COUNTED = select(func.count(Implant.id)).where(Implant.state.in_(IN_A_PATIENT))


def implanted_among(session: Session, *units: Any) -> int:
    """Of the listed units that fit these conditions, in the regions of whoever acts."""
    return session.scalar(_COUNTED.join(RecallUnit, RecallUnit.device_id == Implant.device_id).where(*units)) or 0


def implanted_of(session: Session, *devices: Any) -> int:
    """Of the devices that fit these conditions."""
    return session.scalar(_COUNTED.join(Device, Device.id == Implant.device_id).where(*devices)) or 0
