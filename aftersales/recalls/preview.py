"""What the criteria reach now, before a list is frozen: how many units in each region and at which customers."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.organization.region import Region
from aftersales.recalls.implanted import implanted_of
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import in_doubt, in_scope, not_listed
from aftersales.record.actor import SYSTEM, acting_as

SHOWN = 100


@dataclass(frozen=True)
class Preview:
    """`models`: product, units. `implanted`: units that are in patients. `in_doubt`: left out for want of a version or a day of production.
    `regions`: name, units, of which new. `customers`: those with the most units, of the regions one sees."""

    models: list[tuple[str, int]]
    regions: list[tuple[str, int, int]]
    implanted: int
    in_doubt: int
    customers: list[tuple[int, str, str, int]]

    @property
    def total(self) -> int:
        return sum(count for _name, count, _new in self.regions)

    @property
    def new(self) -> int:
        return sum(new for _name, _count, new in self.regions)

    @property
    def is_cut(self) -> bool:
        return len(self.customers) == SHOWN


def preview(session: Session, recall: Recall) -> Preview:
    """Six statements. The numbers are of every region, the customers of those of whoever looks."""
    reached = select(Region.id, Region.name, func.count(Device.id)).join(Device, Device.region_id == Region.id).where(in_scope(recall))
    reached = reached.group_by(Region.id, Region.name).order_by(Region.id)
    with acting_as(SYSTEM):
        rows = session.execute(reached).all()
        new = {pk: count for pk, _name, count in session.execute(reached.where(not_listed(recall)))}
        implanted = implanted_of(session, in_scope(recall))
        doubtful = session.scalar(select(func.count(Device.id)).where(in_doubt(recall), not_listed(recall))) or 0
        counted = select(DeviceModel, func.count(Device.id)).join(Device, Device.model_id == DeviceModel.id).where(in_scope(recall))
        models = [(str(model), count) for model, count in session.execute(counted.group_by(DeviceModel.id).order_by(DeviceModel.id))]
    at = (
        select(Customer.id, Customer.name, Region.name, func.count(Device.id))
        .join(Device, Device.customer_id == Customer.id)
        .join(Region, Region.id == Customer.region_id)
        .where(in_scope(recall))
        .group_by(Customer.id, Customer.name, Region.name)
        .order_by(func.count(Device.id).desc(), Customer.id)
        .limit(SHOWN)
    )
    regions = [(name, count, new.get(pk, 0)) for pk, name, count in rows]
    return Preview(models, regions, implanted, doubtful, list(session.execute(at)))
