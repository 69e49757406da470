"""Who is affected: the customers whose devices are of the model, lot or release, or had a part of the lot built in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.organization.region import Region
from aftersales.record.refusal import Refusal
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder

if TYPE_CHECKING:
    from aftersales.emergencies.emergency import Emergency

MOST = 500  # a page and a paper hold them; more are told region by region


def find(session: Session, emergency: "Emergency") -> Sequence[tuple[Customer, int]]:
    """Each customer with how many of its devices are affected, in order of their names. Head office finds those of every region, a
    region its own. Refusal where there are more than one page holds."""
    conditions = narrowed(emergency)
    region = session.get(Region, emergency.region_id) if emergency.region_id is not None else None
    if not conditions or region is None:  # without a region it is refused anyway
        return []
    if not region.is_head_office:
        conditions.append(Device.region_id == emergency.region_id)
    counted = (
        select(Device.customer_id, func.count().label("units"))
        .where(Device.customer_id.is_not(None), Device.state != "retired", *conditions)
        .group_by(Device.customer_id)
        .limit(MOST + 1)
        .subquery()
    )
    chosen = select(Customer, counted.c.units).join(counted, counted.c.customer_id == Customer.id).order_by(Customer.name)
    found = [(customer, units) for customer, units in session.execute(chosen)]
    if len(found) > MOST:
        raise Refusal(_("More than %(n)s customers: narrow it by lot, or open it region by region.", n=MOST), field="model_id")
    return found


def narrowed(emergency: "Emergency") -> list[ColumnElement[bool]]:
    """The conditions on devices that say what is affected; none where nothing is named."""
    conditions: list[ColumnElement[bool]] = []
    if (model_id := emergency.model_id or (emergency.model and emergency.model.id)) is not None:
        conditions.append(Device.model_id == model_id)
    if emergency.lot_no:
        conditions.append(Device.lot_no == emergency.lot_no)
    if emergency.software_release:
        conditions.append(Device.software_release == emergency.software_release)
    if emergency.part_lot_no:
        fitted = select(ServiceOrder.device_id).join(PartReplaced, PartReplaced.order_id == ServiceOrder.id)
        conditions.append(Device.id.in_(fitted.where(PartReplaced.new_lot_no == emergency.part_lot_no)))
    return conditions
