"""Which records an access leads to, written down: what the guard beneath every door asks. Made at the approval and every few minutes."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Instant, Json, RowId
from aftersales.customers.contract import ServiceContract
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.instrument import TestInstrument
from aftersales.extensions import Model
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.inspection.choosing import BY_DEVICE, Chosen, Wanted, repairs_of
from aftersales.inspection.story import HANGS, Found, follow, where
from aftersales.people.person import Person
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.record.now import now
from aftersales.service.deviation import Deviation
from aftersales.service.lines import Loaner, Measurement
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import ServiceRating
from aftersales.service.request import ServiceRequest
from aftersales.service.visit import Visit
from aftersales.traceability.start import Kind, start_of
from aftersales.vigilance.assessment import VigilanceAssessment

FRESH = timedelta(minutes=5)


class ReachedRecord(Model):
    """One record that an access leads to."""

    __tablename__ = "reached_record"

    access_id: Mapped[int] = mapped_column(ForeignKey("inspector_access.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    record_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)


class Reach(Model):
    """When that was found out, and how many of each type there are."""

    __tablename__ = "inspector_reach"

    access_id: Mapped[int] = mapped_column(ForeignKey("inspector_access.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    reached_at: Mapped[Instant]
    counts: Mapped[dict[str, int]] = mapped_column(Json)


def reach_anew(session: Session, access: Any) -> None:
    """Find and write what the subjects lead to now. Acts with the rights of whoever calls. Nothing is written for everything."""
    found = {} if access.is_everything else reached_by(session, access)
    wanted = {(cls.__name__, pk) for cls, ids in found.items() for pk in ids}
    mine = ReachedRecord.access_id == access.id
    held = {tuple(row) for row in session.execute(select(ReachedRecord.kind, ReachedRecord.record_id).where(mine))}
    connection = session.connection()
    for kind, pk in held - wanted:
        connection.execute(delete(ReachedRecord).where(mine, ReachedRecord.kind == kind, ReachedRecord.record_id == pk))
    rows = [{"access_id": access.id, "kind": kind, "record_id": pk} for kind, pk in sorted(wanted - held)]
    if rows:
        connection.execute(insert(ReachedRecord), rows)
    reach = session.get(Reach, access.id) or Reach(access_id=access.id)
    reach.reached_at, reach.counts = now(), {cls.__name__: len(ids) for cls, ids in found.items() if ids}
    session.add(reach)
    session.flush()


def is_stale(session: Session, access_id: int, moment: datetime) -> bool:
    reach = session.get(Reach, access_id)
    return reach is None or reach.reached_at < moment - FRESH


def reached_by(session: Session, access: Any) -> Found:
    """The ids of every record that the subjects lead to, by type: the repairs, what they are about, and who and what took part."""
    starts = tuple(start_of(session, kind, key) for kind, key, _text in access.starts)
    wanted = Wanted(starts, "" if starts else ServiceOrder.__name__, access.records_from, access.records_until)
    chosen = repairs_of(session, wanted)
    found: Found = defaultdict(set)
    found[ServiceOrder] |= set(chosen.orders)
    found[Customer] |= {start.pk for start in starts if start.kind is Kind.customer}
    found[Person] |= {start.pk for start in starts if start.kind is Kind.person}
    is_direct = any(start.kind in BY_DEVICE for start in starts)
    owned = where(session, Device.id, Device.customer_id, found[Customer])
    found[Device] |= set(chosen.devices) | {order.device_id for order in chosen.orders.values()} | owned
    _requests(session, wanted, found, (set(chosen.devices) if is_direct else set()) | owned, set(found[Customer]))
    _took_part(session, chosen, found)
    _recalls(session, wanted, found)
    for cls, column in ((Device, Device.customer_id), (ServiceRequest, ServiceRequest.customer_id)):
        found[Customer] |= where(session, column, cls.id, found[cls])
    return found


def _requests(session: Session, wanted: Wanted, found: Found, devices: Collection[int], customers: Collection[int]) -> None:
    """What was reported: of the repairs, and in the period about the devices and customers themselves, complaints without a repair too."""
    requests = where(session, ServiceOrder.request_id, ServiceOrder.id, found[ServiceOrder])
    within = wanted.within(ServiceRequest.received_at)
    requests |= where(session, ServiceRequest.id, ServiceRequest.device_id, devices, *within)
    requests |= where(session, ServiceRequest.id, ServiceRequest.customer_id, customers, *within)
    found[ServiceRequest] |= requests
    found[Device] |= where(session, ServiceRequest.device_id, ServiceRequest.id, requests)
    within = wanted.within(VigilanceAssessment.known_at)
    found[VigilanceAssessment] |= where(session, VigilanceAssessment.id, VigilanceAssessment.device_id, found[Device], *within)
    follow(session, found, HANGS)  # patients never
    found[Implant] |= where(session, Implant.id, Implant.device_id, found[Device])
    found[ImplantFollowUp] |= where(session, ImplantFollowUp.id, ImplantFollowUp.implant_id, found[Implant])


def _recalls(session: Session, wanted: Wanted, found: Found) -> None:
    """The recalls that a device is in, with what the authorities got; of their units those devices alone, and notices only of the customers
    that are themselves the subject: a notice tells of all units there. Frozen lists name everybody's, so never."""
    within = wanted.within(RecallUnit.created_at)
    found[RecallUnit] |= where(session, RecallUnit.id, RecallUnit.device_id, found[Device], *within)
    found[Recall] |= where(session, RecallUnit.recall_id, RecallUnit.id, found[RecallUnit])
    found[RecallSubmission] |= where(session, RecallSubmission.id, RecallSubmission.recall_id, found[Recall])
    subjects = {start.pk for start in wanted.starts if start.kind is Kind.customer}
    of_subjects = RecallNotice.customer_id.in_(subjects)
    found[RecallNotice] |= where(session, RecallNotice.id, RecallNotice.recall_id, found[Recall], of_subjects)
    found[CorrectiveAction] |= where(session, CorrectiveAction.id, CorrectiveAction.recall_id, found[Recall])


def _took_part(session: Session, chosen: Chosen, found: Found) -> None:
    orders = set(chosen.orders)
    found[Customer] |= {order.customer_id for order in chosen.orders.values()} - {None}
    found[Person] |= {order.engineer_id for order in chosen.orders.values()} - {None}
    for target, column, by in (
        (Person, Visit.engineer_id, Visit.order_id),
        (Person, Deviation.person_id, Deviation.order_id),
        (Deviation, Deviation.id, Deviation.order_id),
        (ServiceRating, ServiceRating.id, ServiceRating.order_id),
        (ServiceContract, ServiceOrder.contract_id, ServiceOrder.id),
        (TestInstrument, Measurement.instrument_id, Measurement.order_id),
        (Device, Loaner.device_id, Loaner.order_id),
    ):
        found[target] |= where(session, column, by, orders)
