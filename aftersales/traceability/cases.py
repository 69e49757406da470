"""What happened to devices: complaints, adverse events, recalls, emergencies, signals, implants. One statement reads them all."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, String, cast, func, literal, null, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from aftersales.complaints.complaint import Complaint
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.lines import EmergencyCustomer
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.labels import label
from aftersales.recalls.recall import Recall
from aftersales.recalls.unit import RecallUnit
from aftersales.record.base import SharedRecord
from aftersales.service.request import ServiceRequest
from aftersales.signals.signal import Signal, SignalCase
from aftersales.traceability.start import RECORDS, Kind, Start, may_follow
from aftersales.vigilance.event import AdverseEvent

MOST = 1000  # of each kind in a window
KINDS = {cls.key(): kind for kind, cls in RECORDS.items()}
WORDED = {AdverseEvent.key(): "outcome", ImplantFollowUp.key(): "follow_up_kind"}  # whose matter is a choice
SHOWN = 30  # letters of what it is about


@dataclass(frozen=True)
class Case:
    """One record of a device, of the repair it began with, or of a customer."""

    thing: Start
    at: datetime
    device_id: int | None
    order_id: int | None
    customer_id: int | None


def cases_of(session: Session, devices: Collection[Device], orders: Collection[int]) -> list[Case]:
    """The newest first, of what the person may read."""
    asked = [_newest(part) for kind, part in _parts(devices, orders) if may_follow(kind)]
    return [_case(row) for row in session.execute(union_all(*asked))] if asked and (devices or orders) else []


def _parts(devices: Collection[Device], orders: Collection[int]) -> Iterator[tuple[Kind, Select[Any]]]:
    ids = [device.id for device in devices]
    complained = _told(Complaint, Complaint.description, Complaint.received_at, device_id=Complaint.device_id, order_id=Complaint.order_id)
    fits = or_(Complaint.device_id.in_(ids), Complaint.order_id.in_(orders))
    yield Kind.complaint, complained.where(fits, Complaint.state != "not_a_complaint")
    outcome = type_coerce(AdverseEvent.outcome, String)
    happened = _told(AdverseEvent, outcome, AdverseEvent.known_at, device_id=AdverseEvent.device_id)
    yield Kind.event, happened.where(AdverseEvent.device_id.in_(ids))
    decided_at = func.coalesce(Recall.decided_at, Recall.created_at)
    recalled = _told(Recall, Recall.subject, decided_at, device_id=RecallUnit.device_id)
    yield Kind.recall, recalled.join(RecallUnit, RecallUnit.recall_id == Recall.id).where(RecallUnit.device_id.in_(ids))
    # Those that had a customer of the window on their list, for a model that stands among its devices or for none.
    customer_id = EmergencyCustomer.customer_id
    alarmed = _told(Emergency, Emergency.title, Emergency.started_at, customer_id=customer_id)
    alarmed = alarmed.join(EmergencyCustomer, EmergencyCustomer.emergency_id == Emergency.id)
    of_model = or_(Emergency.model_id.is_(None), Emergency.model_id.in_({device.model_id for device in devices}))
    yield Kind.emergency, alarmed.where(customer_id.in_({device.customer_id for device in devices} - {None}), of_model)
    found = _told(Signal, Signal.subject, Signal.found_at, device_id=ServiceRequest.device_id).distinct()
    found = found.join(SignalCase, SignalCase.signal_id == Signal.id).join(ServiceRequest, ServiceRequest.id == SignalCase.request_id)
    yield Kind.signal, found.where(ServiceRequest.device_id.in_(ids))
    # Where the unit is and who asks after it; nothing of the patient, who is a record of their own.
    borne = _told(Implant, Customer.name, Implant.operated_at, device_id=Implant.device_id)
    borne = borne.join(Customer, Customer.id == Implant.customer_id)
    yield Kind.implant, borne.where(Implant.device_id.in_(ids))
    kind = type_coerce(ImplantFollowUp.follow_up_kind, String)
    asked = _told(ImplantFollowUp, kind, ImplantFollowUp.counted_from, device_id=Implant.device_id)
    yield Kind.follow_up, asked.join(Implant, Implant.id == ImplantFollowUp.implant_id).where(Implant.device_id.in_(ids))


def _told(cls: type[SharedRecord], about: Any, at: Any, **hangs: Any) -> Select[Any]:
    """The columns that all kinds have in common; `hangs` are the ids of what the record hangs on, null for the others."""
    values = {"key": literal(cls.key()), "pk": cls.id, "number": cls.number, "about": about, "state": cls.state, "at": at}
    values |= {name: hangs.get(name, cast(null(), BigInteger)) for name in ("device_id", "order_id", "customer_id")}
    return select(*(value.label(name) for name, value in values.items()))


def _newest(part: Select[Any]) -> Select[Any]:
    return select(part.order_by(part.selected_columns.pk.desc()).limit(MOST).subquery())


def _case(row: Any) -> Case:
    about = label(f"{WORDED[row.key]}.{row.about}") if row.key in WORDED else row.about[:SHOWN]
    hint = f"{about} · {label(f'{row.key}.state.{row.state}')}"
    thing = Start(KINDS[row.key], str(row.pk), row.number, hint, f"/{row.key}/show/{row.pk}")
    return Case(thing, row.at, row.device_id, row.order_id, row.customer_id)
