"""The repairs and devices that a thing leads to: everything else hangs on them. A window of each at a time, so no page grows."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, false, or_, select, union
from sqlalchemy.orm import Session, joinedload, load_only

from aftersales.complaints.complaint import Complaint
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.documents.document import DocumentScope
from aftersales.documents.version import DocumentVersion
from aftersales.emergencies.affected import narrowed
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.lines import EmergencyCustomer
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.recalls.unit import RecallUnit
from aftersales.record.refusal import Refusal
from aftersales.service.lines import Loaner, PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.service.visit import Visit
from aftersales.signals.signal import SignalCase
from aftersales.traceability.cases import Case, cases_of
from aftersales.traceability.start import DEVICE_TEXTS, PART_CODES, Kind, Start
from aftersales.vigilance.event import AdverseEvent

WINDOW = 200  # repairs, and devices; what hangs on more is read and sorted for longer than a page may take (bench/trace.py)
TOP = 2**63 - 1

ORDER_COLUMNS = (
    ServiceOrder.id, ServiceOrder.number, ServiceOrder.state, ServiceOrder.fault_text, ServiceOrder.device_id, ServiceOrder.customer_id,
    ServiceOrder.engineer_id, ServiceOrder.reported_at, ServiceOrder.closed_at,
)  # fmt: skip
DEVICE_COLUMNS = (
    Device.number, Device.model_id, Device.serial_no, Device.lot_no, Device.udi_di, Device.udi_pi, Device.customer_id, Device.installed_on,
    Device.software_release, Device.software_full_version, Device.state,
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """Where a window ends: the next has the devices and orders below these ids. 0: there are no further ones."""

    devices: int = TOP
    orders: int = TOP

    def __str__(self) -> str:
        return f"{self.devices}.{self.orders}"

    @classmethod
    def read(cls, text: str) -> "Mark":
        if not text:
            return cls()
        devices, _dot, orders = text.partition(".")
        if not all(part.isascii() and part.isdecimal() and len(part) < 20 and int(part) <= TOP for part in (devices, orders)):
            raise Refusal(_("This page mark is not valid."), field="before")
        return cls(int(devices), int(orders))


@dataclass(frozen=True)
class Hub:
    """One window: orders and devices, the newest first; `own` are the ids of devices the thing leads to by itself, and `older`
    the mark of the next window, None where this was the last."""

    start: Start
    orders: list[Any]
    devices: dict[int, Device]
    own: frozenset[int]
    loans: list[Loaner]
    cases: list[Case]
    older: Mark | None


def hub_of(session: Session, start: Start, mark: Mark, size: int = WINDOW) -> Hub:
    own = _own_devices(session, start, mark, size)
    further_devices, own = len(own) > size, own[:size]
    orders = session.execute(_orders(session, start, own, mark.orders, size + 1)).all()
    further_orders, orders = len(orders) > size, orders[:size]
    loans = _loans(session, orders)
    devices = {device.id: device for device in own}
    wanted = {order.device_id for order in orders} | {loan.device_id for loan in loans}
    wanted |= {start.pk} if start.kind is Kind.device else set()
    devices |= devices_of(session, wanted - set(devices))
    older = None
    by_devices = start.kind in DEVICE_TEXTS or start.kind in (Kind.recall, Kind.maker)
    if further_orders and by_devices:  # the same devices again, their older repairs
        older = Mark(mark.devices, orders[-1].id)
    elif by_devices:
        older = Mark(own[-1].id, TOP) if further_devices else None
    elif further_orders or further_devices:
        older = Mark(own[-1].id if further_devices else 0, orders[-1].id if further_orders else 0)
    cases = cases_of(session, devices.values(), [order.id for order in orders])
    return Hub(start, list(orders), devices, frozenset(device.id for device in own), loans, cases, older)


def windows(session: Session, start: Start, size: int = WINDOW) -> Iterator[Hub]:
    """All windows, one after the other."""
    mark: Mark | None = Mark()
    while mark is not None:
        hub = hub_of(session, start, mark, size)
        yield hub
        mark = hub.older


ABOUT_DEVICES = {
    Kind.complaint: (Complaint.device_id, Complaint.id),
    Kind.event: (AdverseEvent.device_id, AdverseEvent.id),
    Kind.recall: (RecallUnit.device_id, RecallUnit.recall_id),
    Kind.implant: (Implant.device_id, Implant.id),
}


def _cases(start: Start) -> Select[Any]:
    return select(SignalCase.request_id).where(SignalCase.signal_id == start.pk)


def _own_devices(session: Session, start: Start, mark: Mark, size: int) -> list[Device]:
    """The devices that bear the code or run the version, are of the maker, stand at the customer, or are what the record is about."""
    if start.kind is Kind.customer:
        fits: ColumnElement[bool] = Device.customer_id == start.pk
    elif start.kind in ABOUT_DEVICES:
        device_id, record_id = ABOUT_DEVICES[start.kind]
        fits = Device.id.in_(select(device_id).where(record_id == start.pk))
    elif start.kind is Kind.follow_up:
        fits = Device.id.in_(select(Implant.device_id).join(ImplantFollowUp).where(ImplantFollowUp.id == start.pk))
    elif start.kind is Kind.emergency:
        listed = select(EmergencyCustomer.customer_id).where(EmergencyCustomer.emergency_id == start.pk)
        affected = narrowed(session.scalars(select(Emergency).where(Emergency.id == start.pk)).one())
        fits = and_(Device.customer_id.in_(listed), *(affected or (false(),)))
    elif start.kind is Kind.signal:
        fits = Device.id.in_(select(ServiceRequest.device_id).where(ServiceRequest.id.in_(_cases(start))))
    elif start.kind is Kind.maker:
        fits = Device.model_id.in_(models_of(start.key))
    elif start.kind in DEVICE_TEXTS:
        fits = or_(*(column == start.key for column in DEVICE_TEXTS[start.kind]))
    else:
        return []
    return list(session.scalars(_devices().where(fits, Device.id < mark.devices).order_by(Device.id.desc()).limit(size + 1)))


def models_of(maker: str) -> Select[Any]:
    return select(DeviceModel.id).where(DeviceModel.maker == maker)


def devices_of(session: Session, ids: Collection[int]) -> dict[int, Device]:
    if not ids:
        return {}
    return {device.id: device for device in session.scalars(_devices().where(Device.id.in_(ids)))}


def _devices() -> Select[Any]:
    model = joinedload(Device.model).load_only(DeviceModel.name, DeviceModel.specification, DeviceModel.maker, DeviceModel.family_id)
    return select(Device).options(load_only(*DEVICE_COLUMNS), model)


def _orders(session: Session, start: Start, own: list[Device], below: int, size: int) -> Select[Any]:
    """The orders, the newest first. Each source is narrowed and bounded by itself: one that names half the table is not read whole."""
    sources = _sources(session, start, own)
    newest = [chosen.where(order_id < below).order_by(order_id.desc()).limit(size).subquery() for order_id, chosen in sources]
    ids = union(*(select(found.c[0]) for found in newest))
    return select(*ORDER_COLUMNS).where(ServiceOrder.id.in_(ids)).order_by(ServiceOrder.id.desc()).limit(size)


def _sources(session: Session, start: Start, own: list[Device]) -> Iterator[tuple[Any, Select[Any]]]:
    """Statements of order ids, each with its column."""
    order = ServiceOrder.id
    match start.kind:
        case Kind.order:
            yield order, select(order).where(order == start.pk)
        case Kind.part:
            for column in PART_CODES:
                yield PartReplaced.order_id, select(PartReplaced.order_id).where(column == start.key)
        case Kind.device:
            yield order, select(order).where(ServiceOrder.device_id == start.pk)
            yield Loaner.order_id, select(Loaner.order_id).where(Loaner.device_id == start.pk)
        case Kind.customer:
            yield order, select(order).where(ServiceOrder.customer_id == start.pk)
        case Kind.person:
            yield order, select(order).where(ServiceOrder.engineer_id == start.pk)
            yield Visit.order_id, select(Visit.order_id).where(Visit.engineer_id == start.pk)
        case Kind.document:
            yield order, select(order).where(_made_by(session, start.pk))
        case Kind.complaint:
            yield Complaint.order_id, select(Complaint.order_id).where(Complaint.id == start.pk)
            yield order, select(order).where(ServiceOrder.request_id.in_(select(Complaint.request_id).where(Complaint.id == start.pk)))
        case Kind.signal:
            yield order, select(order).where(ServiceOrder.request_id.in_(_cases(start)))
        case _:
            yield order, select(order).where(ServiceOrder.device_id.in_([device.id for device in own]))


def _made_by(session: Session, version_id: int) -> ColumnElement[bool]:
    """Orders that were closed while the version was in force, as their papers say, and those open while it is."""
    asked = select(DocumentVersion).options(load_only(DocumentVersion.in_force_at, DocumentVersion.obsolete_at, DocumentVersion.state))
    governs = DocumentVersion.document_id.in_(_governing())
    version = session.scalars(asked.where(DocumentVersion.id == version_id, governs)).one_or_none()
    if version is None or version.in_force_at is None:
        return false()
    closed_then = ServiceOrder.closed_at >= version.in_force_at
    if version.obsolete_at is not None:
        return and_(closed_then, ServiceOrder.closed_at < version.obsolete_at)
    return or_(closed_then, and_(ServiceOrder.closed_at.is_(None), ServiceOrder.state != "cancelled"))


def _governing() -> Select[Any]:
    return select(DocumentScope.document_id).where(DocumentScope.record_type == ServiceOrder.__name__)


def versions_at(session: Session, orders: list[Any]) -> Iterator[tuple[DocumentVersion, list[Any]]]:
    """The versions by which orders were made, each with those orders: in force when they were closed, or now where they are open."""
    ever = select(DocumentVersion).where(DocumentVersion.document_id.in_(_governing()), DocumentVersion.in_force_at.is_not(None))
    columns = load_only(DocumentVersion.edition, DocumentVersion.in_force_at, DocumentVersion.obsolete_at, DocumentVersion.state)
    ever = ever.options(columns, joinedload(DocumentVersion.document)).order_by(DocumentVersion.id.desc()).limit(5 * WINDOW)
    for version in session.scalars(ever) if orders else ():
        made = [order for order in orders if _is_made_by(version, order)]
        if made:
            yield version, made


def _is_made_by(version: DocumentVersion, order: Any) -> bool:
    if order.closed_at is None:
        return version.state == "effective" and order.state != "cancelled"
    return version.in_force_at <= order.closed_at and (version.obsolete_at is None or order.closed_at < version.obsolete_at)


def _loans(session: Session, orders: list[Any]) -> list[Loaner]:
    chosen = select(Loaner).where(Loaner.order_id.in_([order.id for order in orders])).order_by(Loaner.id.desc())
    return list(session.scalars(chosen.limit(5 * WINDOW)))
