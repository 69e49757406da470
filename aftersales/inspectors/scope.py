"""The bounds of an inspector beneath every door: which record types open whole, which as far as the access reaches; all others not at all.

New types and new pages are closed by being named nowhere here. It rests on the guard of the session, as regions do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, false, inspect, or_, select, tuple_
from sqlalchemy.orm import with_loader_criteria

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.lines import ComplaintCause, ComplaintCustody, ComplaintInquiry
from aftersales.customers.contract import ContractPromise, ServiceContract
from aftersales.customers.customer import Customer, CustomerContact
from aftersales.deadlines.calendar import CalendarDay, HolidayNotice
from aftersales.deadlines.clock_rule import ClockRule
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.devices.form_item import FunctionTestItem
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.devices.model import DeviceModel
from aftersales.documents.document import ControlledDocument, DocumentReader, DocumentScope
from aftersales.documents.external import Affected, ExternalDocument
from aftersales.documents.prints import PrintEntry
from aftersales.documents.version import DocumentVersion
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.lines import EmergencyCustomer, EmergencyEntry, EmergencyStep
from aftersales.emergencies.plan import EmergencyPlan, PlanMeasure, PlanMember
from aftersales.extensions import Model
from aftersales.implants.attempt import FollowUpAttempt
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.implants.plan import FollowUpPlan
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.inspectors.log import InspectorEntry
from aftersales.inspectors.reach import ReachedRecord
from aftersales.organization.code_list import Code, CodeList
from aftersales.organization.department import Department
from aftersales.organization.region import Region, ServiceCentre
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import RecallCriterion
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import Actor
from aftersales.record.archive import SealedDocument
from aftersales.record.attachments import Attachment
from aftersales.record.audit import AuditEntry
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.clocks import ClockRun
from aftersales.record.signatures import Signature
from aftersales.security.account import Account, PastPassword
from aftersales.service.deviation import Deviation
from aftersales.service.lines import Loaner, Measurement, PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import ServiceRating
from aftersales.service.request import ServiceRequest
from aftersales.service.visit import Visit
from aftersales.settings.letterhead import Letterhead
from aftersales.signals.signal import Signal, SignalCase
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.group import GroupEvent, GroupNotice
from aftersales.vigilance.measure import EventMeasure
from aftersales.vigilance.report import EventReport

# Open as far as the access reaches, and the rows inside them.
REACHED: tuple[type[Any], ...] = (
    ServiceOrder, ServiceRequest, Device, Customer, Person, ServiceContract, TestInstrument, Deviation, ServiceRating, VigilanceAssessment,
    Complaint, CorrectiveAction, AdverseEvent, EventReport, GroupEvent, Emergency, Signal, Recall, RecallUnit, RecallNotice,
    RecallSubmission, Implant, ImplantFollowUp,
)  # fmt: skip
INSIDE: tuple[type[Any], ...] = (
    Visit, PartReplaced, Measurement, Loaner, Qualification, CustomerContact, ContractPromise, ComplaintInquiry, ComplaintCustody,
    ComplaintCause, CapaAction, EventMeasure, GroupNotice, EmergencyCustomer, EmergencyStep, EmergencyEntry, SignalCase, RecallCriterion,
    FollowUpAttempt,
)  # fmt: skip
# Open whole: what the company makes and works by. They name no customer and no patient.
WHOLE: tuple[type[Any], ...] = (
    DeviceModel, DeviceFamily, FunctionTest, FunctionTestItem, ControlledDocument, DocumentScope, DocumentReader, ExternalDocument,
    Affected, Region, ServiceCentre, Department, CodeList, Code, HolidayNotice, CalendarDay, ClockRule, Letterhead,
    EmergencyPlan, PlanMember, PlanMeasure, FollowUpPlan,
)  # fmt: skip
ARRIVES = ("can_arrive", "Inspector")  # no role gives it: only the account of an inspector has it
ISSUED = ("effective", "obsolete")  # of a controlled document what was in force, not what is being written
TRACES: tuple[type[Any], ...] = (SealedDocument, Attachment, Signature, ClockRun, AuditEntry)
# What may be listed by them; the rest of what is open stands beside these records only.
LISTED = (*REACHED, EmergencyPlan, DeviceModel, DeviceFamily, FunctionTest, ControlledDocument, DocumentVersion, ExternalDocument)
# What is the company's own business of an inspection, even where everything else is open.
OWN_BUSINESS = ("InspectorAccess", "InspectorEntry", "SelfInspection", "SelfInspectionItem", "QualityMeeting", "MeetingDecision")


@dataclass(frozen=True)
class Scope:
    """Of one access."""

    access_id: int
    is_everything: bool
    user_id: int | None = field(compare=False)

    def may_store(self, row: Any) -> bool:
        """What is noted of the visit, and the inspector's own password."""
        if isinstance(row, Account):
            return row.id == self.user_id
        if isinstance(row, PastPassword):
            return row.account_id == self.user_id
        return isinstance(row, InspectorEntry | PrintEntry)

    @lru_cache(maxsize=64)  # noqa: B019  as many accesses as are open at once; they differ by what is compared, and hold no session
    def options(self) -> Sequence[Any]:
        """Made once for an access: over a hundred types, 4 ms of every request."""
        classes = (mapper.class_ for mapper in Model.registry.mappers)
        told = ((cls, self._condition(cls)) for cls in classes if issubclass(cls, SharedRecord | RecordTrace | AuditEntry))
        return tuple(with_loader_criteria(cls, condition, include_aliases=True) for cls, condition in told if condition is not None)

    def _condition(self, cls: type[Any]) -> ColumnElement[bool] | None:
        """What narrows a type; None where nothing does."""
        if self.is_everything:
            return false() if cls.__name__ in OWN_BUSINESS else None
        if cls in WHOLE:
            return None
        if cls in REACHED:
            return cls.id.in_(self._reached(cls.__name__))
        if cls is SignalCase:  # a signal has cases in every region: only those whose request is reached
            return cls.signal_id.in_(self._reached("Signal")) & cls.request_id.in_(self._reached("ServiceRequest"))
        if cls in INSIDE:
            relation = inspect(cls).relationships[cls.parent]
            (column,) = relation.local_columns
            return getattr(cls, column.key).in_(self._reached(relation.mapper.class_.__name__))
        if cls is DocumentVersion:
            return cls.state.in_(ISSUED)
        return self._of_trace(cls) if cls in TRACES else false()

    def _of_trace(self, cls: type[Any]) -> ColumnElement[bool]:
        reached = select(ReachedRecord.kind, ReachedRecord.record_id).where(ReachedRecord.access_id == self.access_id)
        issued = select(DocumentVersion.id).where(DocumentVersion.state.in_(ISSUED))
        whole = cls.kind.in_([kind.__name__ for kind in WHOLE])
        return or_(tuple_(cls.kind, cls.record_id).in_(reached), whole, (cls.kind == DocumentVersion.__name__) & cls.record_id.in_(issued))

    def _reached(self, kind: str) -> Select[Any]:
        return select(ReachedRecord.record_id).where(ReachedRecord.access_id == self.access_id, ReachedRecord.kind == kind)


def bounded(actor: Actor, how: str, access_id: int) -> Actor | None:
    """The actor of an inspector's account today; None on any day but the given ones, and once it was withdrawn."""
    if how not in ("everything", "subjects"):
        return None
    scope = Scope(access_id, how == "everything", actor.user_id)
    return replace(actor, permissions=frozenset(_rights(actor, scope)), bounds=scope)


def _rights(actor: Actor, scope: Scope) -> Iterator[tuple[str, str]]:
    """Of what the account's roles give, reading only, and of that only what is open; with the page they arrive at."""
    yield ARRIVES
    listed = {cls.__name__ for cls in LISTED}
    for permission, kind in actor.permissions:
        if permission == "can_read" and (kind in listed or (scope.is_everything and kind not in OWN_BUSINESS)):
            yield permission, kind


__all__ = ["ARRIVES", "LISTED", "Scope", "bounded"]
