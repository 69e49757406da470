"""What happened beside the repairs: complaints, adverse events, recalls, emergencies, signals, and what was done about them.

Found by the columns that say what a record hangs on; `Link`s stand in an order in which each finds what those before it found.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from aftersales.complaints.complaint import Complaint
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.emergencies.emergency import Emergency
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.record.base import SharedRecord
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.signals.signal import Signal, SignalCase
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.group import GroupEvent
from aftersales.vigilance.report import EventReport

BATCH = 500

Found = dict[Any, set[int]]


@dataclass(frozen=True)
class Link:
    """Records of `target`, whose ids `gives` says, hang on those of `source` that `by` names. `at`: what a period narrows."""

    target: type[Any]
    gives: Any
    by: Any
    source: type[Any]
    at: Any = None


def _own(column: Any, source: type[Any], at: Any = None) -> Link:
    """The record names what it hangs on itself."""
    return Link(column.class_, column.class_.id, column, source, at)


# By what the binder is about.
DIRECT = (
    _own(ServiceRequest.device_id, Device, ServiceRequest.received_at),
    _own(ServiceRequest.customer_id, Customer, ServiceRequest.received_at),
    _own(Complaint.device_id, Device, Complaint.received_at),
    _own(Complaint.customer_id, Customer, Complaint.received_at),
    _own(VigilanceAssessment.device_id, Device, VigilanceAssessment.known_at),
    _own(VigilanceAssessment.customer_id, Customer, VigilanceAssessment.known_at),
    _own(AdverseEvent.device_id, Device, AdverseEvent.known_at),
    _own(AdverseEvent.customer_id, Customer, AdverseEvent.known_at),
    _own(Signal.device_id, Device, Signal.found_at),
    _own(RecallUnit.device_id, Device, RecallUnit.created_at),
    _own(RecallUnit.customer_id, Customer, RecallUnit.created_at),
)
# What came of what was reported.
HANGS = (
    _own(Complaint.request_id, ServiceRequest),
    _own(Complaint.order_id, ServiceOrder),
    _own(VigilanceAssessment.request_id, ServiceRequest),
    _own(AdverseEvent.assessment_id, VigilanceAssessment),
    _own(EventReport.event_id, AdverseEvent),
    Link(GroupEvent, AdverseEvent.group_event_id, AdverseEvent.id, AdverseEvent),
    Link(Signal, SignalCase.signal_id, SignalCase.request_id, ServiceRequest),
    _own(Emergency.complaint_id, Complaint),
    _own(Emergency.order_id, ServiceOrder),
    _own(CorrectiveAction.complaint_id, Complaint),
    _own(CorrectiveAction.adverse_event_id, AdverseEvent),
    _own(CorrectiveAction.emergency_id, Emergency),
    _own(CorrectiveAction.signal_id, Signal),
)
# Cases of head office, and of their units and notices what stands in the regions.
RECALLED = (
    Link(Recall, RecallUnit.recall_id, RecallUnit.id, RecallUnit),
    _own(Recall.complaint_id, Complaint),
    _own(Recall.adverse_event_id, AdverseEvent),
    _own(Recall.signal_id, Signal),
    _own(RecallSubmission.recall_id, Recall),
    _own(CorrectiveAction.recall_id, Recall),
)
# Of a recall that is itself what is asked for: every notice, not those of some customers.
OF_A_CASE = (_own(RecallNotice.recall_id, Recall),)


@dataclass(frozen=True)
class Telling:
    """How a chapter tells a record of a type: the names of its moment and of what it was about."""

    at: str = "created_at"
    what: str = "hint"


# In the order in which a chapter tells them. A request that became a repair is told by it.
TOLD: dict[type[SharedRecord], Telling] = {
    ServiceRequest: Telling("received_at", "fault_text"),
    Complaint: Telling("received_at", "description"),
    VigilanceAssessment: Telling("known_at", "about"),
    AdverseEvent: Telling("known_at"),
    EventReport: Telling(),
    GroupEvent: Telling("known_at"),
    Signal: Telling("found_at"),
    Emergency: Telling("started_at"),
    Recall: Telling(),
    RecallUnit: Telling(),
    RecallNotice: Telling(),
    RecallSubmission: Telling(),
    CorrectiveAction: Telling(),
}


# About a device, and nothing that happened to it.
OUTSIDE = ("ServiceOrder", "ArchiveEntry", "LegalHold")


@cache
def kinds() -> dict[type[SharedRecord], Telling]:
    """Those of TOLD, and every other numbered record type that names a device: what is added to the program later is told too."""
    types = ((name, cls) for name, cls in SharedRecord.record_types.items() if cls.prefix and cls.parent is None and cls not in TOLD)
    return TOLD | {cls: Telling() for name, cls in types if name not in OUTSIDE and "device_id" in inspect(cls).columns}


def follow(session: Session, found: Found, links: Iterable[Link], within: Callable[[Any], list[Any]] = lambda column: []) -> None:
    """Add to `found` what hangs on the records in it. `within`: the conditions that a moment lies in the period."""
    for link in links:
        narrowed = [] if link.at is None else within(link.at)
        found[link.target] |= where(session, link.gives, link.by, found[link.source], *narrowed)


def story_of(session: Session, found: Found, within: Callable[[Any], list[Any]]) -> None:
    """Everything that hangs on the repairs, devices and customers in `found`."""
    further = (_own(cls.device_id, Device, cls.created_at) for cls in kinds() if cls not in TOLD)
    follow(session, found, (*DIRECT, *further), within)
    found[ServiceRequest] |= where(session, ServiceOrder.request_id, ServiceOrder.id, found[ServiceOrder])
    follow(session, found, (*HANGS, *RECALLED))
    customers = found[Customer] | where(session, Device.customer_id, Device.id, found[Device])
    found[RecallNotice] |= where(session, RecallNotice.id, RecallNotice.recall_id, found[Recall], RecallNotice.customer_id.in_(customers))
    found[ServiceRequest] -= where(session, ServiceOrder.request_id, ServiceOrder.id, found[ServiceOrder])


def where(session: Session, column: Any, by: Any, values: Iterable[int], *further: Any) -> set[int]:
    """The values of a column where another one is among `values`."""
    found: set[int] = set()
    for some in batches(sorted(values)):
        found |= set(session.scalars(select(column).where(by.in_(some), *further)))
    return found - {None}


def batches(values: Iterable[int]) -> Iterator[list[int]]:
    """So many as one statement takes."""
    left = iter(values)
    while batch := list(islice(left, BATCH)):
        yield batch
