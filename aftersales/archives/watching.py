"""What changes in models, devices and contracts and may move the end of a term: noted in the flush that writes it."""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import event, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper

from aftersales.archives.recheck import note_change
from aftersales.customers.contract import ServiceContract
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.record.base import SharedRecord

MODEL = ("risk", "legal_class", "is_implant", "is_large", "service_life_years", "discontinued_on", "registration_valid_until")
DEVICE = ("model_id", "made_on", "installed_on", "udi", "state")
CONTRACT = ("valid_until", "records_kept_years")


def install() -> None:
    """Once every record class is mapped, and once per process."""
    for cls, listener in ((DeviceModel, _model_changed), (Device, _device_changed), (ServiceContract, _contract_changed)):
        if not event.contains(cls, "after_update", listener):
            event.listen(cls, "after_update", listener)


def _changed(row: SharedRecord, names: Sequence[str]) -> list[str]:
    return [name for name in names if inspect(row).attrs[name].history.has_changes()]


def _model_changed(mapper: Mapper, connection: Connection, model: DeviceModel) -> None:
    if changed := _changed(model, MODEL):
        cause = _("%(what)s of %(record)s changed.", what=model.field_label(changed[0]), record=str(model))
        note_change(connection, cause, model_id=model.id)
        if "service_life_years" in changed:  # what is about no device goes by the longest life of all
            note_change(connection, cause)


def _device_changed(mapper: Mapper, connection: Connection, device: Device) -> None:
    if changed := _changed(device, DEVICE):
        cause = _("%(what)s of %(record)s changed.", what=device.field_label(changed[0]), record=str(device))
        note_change(connection, cause, device_id=device.id)


def _contract_changed(mapper: Mapper, connection: Connection, contract: ServiceContract) -> None:
    if changed := _changed(contract, CONTRACT):
        cause = _("%(what)s of %(record)s changed.", what=contract.field_label(changed[0]), record=str(contract))
        note_change(connection, cause, contract_id=contract.id)
