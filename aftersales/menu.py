"""The table of contents: every record type of the product, in the order people see them. Read this first."""

from typing import Any

from aftersales.archives.destruction import Destruction, DestructionItem
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import HeldEntry, LegalHold
from aftersales.archives.paper import PaperRequest
from aftersales.archives.rule import RetentionRule
from aftersales.archives.views import ArchiveEntryView, DestructionView, RetentionRuleView
from aftersales.complaints.complaint import Complaint
from aftersales.complaints.lines import ComplaintCause, ComplaintCustody, ComplaintInquiry
from aftersales.complaints.views import ComplaintView
from aftersales.configuration.kind import Kind
from aftersales.configuration.list_views import ListViewsKind
from aftersales.configuration.pages import ConfigurationPage
from aftersales.custom_fields.definition import FieldDefinition
from aftersales.customers.contract import ServiceContract
from aftersales.customers.customer import Customer
from aftersales.deadlines.calendar import HolidayNotice
from aftersales.deadlines.calendar_pages import HolidayNoticeView
from aftersales.deadlines.clock_pause import ClockPause
from aftersales.deadlines.clock_rule import ClockRule
from aftersales.deadlines.rule_pages import ClockRuleView
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.devices.form_views import FunctionTestView
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.devices.model import DeviceModel
from aftersales.devices.views import DeviceView
from aftersales.documents.copies import ControlledCopy
from aftersales.documents.document import ControlledDocument, DocumentReader, DocumentScope
from aftersales.documents.external import Affected, ExternalDocument
from aftersales.documents.list_pages import DocumentListsPage
from aftersales.documents.prints import PrintEntry
from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion, ReadingQuestion
from aftersales.documents.views import ControlledDocumentView, DocumentVersionView, ReadingTaskView
from aftersales.emergencies.drill import DrillScore, EmergencyDrill
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.lines import EmergencyCustomer, EmergencyEntry, EmergencyStep
from aftersales.emergencies.plan import EmergencyPlan, PlanMeasure, PlanMember
from aftersales.emergencies.views import EmergencyDrillView, EmergencyPlanView, EmergencyView
from aftersales.implants.attempt import FollowUpAttempt
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.implants.patient import ImplantPatient
from aftersales.implants.plan import FollowUpPlan
from aftersales.implants.views import ImplantFollowUpView, ImplantPatientView, ImplantView
from aftersales.improvement.action import CapaAction
from aftersales.improvement.api import CapaActionApi
from aftersales.improvement.board import CapaBoardPage
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.views import CorrectiveActionView
from aftersales.inspection.pages import BinderPage
from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.log import InspectorEntry
from aftersales.inspectors.pages import InspectorPage
from aftersales.inspectors.views import InspectorAccessView
from aftersales.jobs.pages import JobsView
from aftersales.meetings.decision import MeetingDecision
from aftersales.meetings.meeting import QualityMeeting
from aftersales.meetings.views import MeetingDecisionView, QualityMeetingView
from aftersales.organization.code_list import CodeList
from aftersales.organization.department import Department
from aftersales.organization.region import Region, ServiceCentre
from aftersales.organization.views import CodeListView
from aftersales.packages.drill import RestoredPackage, RestoreDrill
from aftersales.packages.fixity import FixityFinding, FixityReport
from aftersales.packages.package import ArchivePackage
from aftersales.packages.views import ArchivePackageView, FixityReportView, RestoreDrillView
from aftersales.people.absence import Absence
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification
from aftersales.people.views import PersonView
from aftersales.recalls.lists import RecallList
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import RecallCriterion
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.recalls.views import RecallPartView, RecallView
from aftersales.record.base import SharedRecord
from aftersales.search import SearchPage
from aftersales.security.account_pages import AccountsPage
from aftersales.security.role_kind import RolesKind
from aftersales.security.role_pages import RolesPage
from aftersales.selfcheck.page import SelfCheckPage
from aftersales.selfcheck.report import SelfInspection, SelfInspectionItem
from aftersales.selfcheck.views import SelfInspectionView
from aftersales.service.desk.board import DispatchPage
from aftersales.service.desk.intake import IntakePage
from aftersales.service.desk.loaners import LoanersPage
from aftersales.service.deviation import Deviation
from aftersales.service.lines import Loaner, Measurement, PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.order_view import ServiceOrderView
from aftersales.service.rating import ServiceRating
from aftersales.service.request import ServiceRequest
from aftersales.service.request_view import ServiceRequestView
from aftersales.settings.letterhead import Letterhead
from aftersales.settings.notice_text import NoticeText
from aftersales.settings.number_pattern import NumberPattern
from aftersales.settings.views import NoticeTextView
from aftersales.signals.rule import SignalRule
from aftersales.signals.signal import Signal, SignalCase
from aftersales.signals.views import SignalView
from aftersales.spreadsheet.import_api import ImportApi
from aftersales.spreadsheet.import_pages import ImportPage
from aftersales.spreadsheet.pages import SpreadsheetPage
from aftersales.traceability.page import TracePage
from aftersales.trail.page import TrailPage
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.group import GroupEvent, GroupNotice
from aftersales.vigilance.measure import EventMeasure
from aftersales.vigilance.patient import EventPatient
from aftersales.vigilance.report import EventReport
from aftersales.vigilance.risk_report import RiskReport
from aftersales.vigilance.term import EventTerm
from aftersales.vigilance.views import AdverseEventView, GroupEventView, RiskReportView
from aftersales.webhooks.call import WebhookCall
from aftersales.webhooks.subscription import WebhookSubscription

SECTIONS: dict[str, tuple[type[SharedRecord], ...]] = {
    "service": (ServiceRequest, ServiceOrder, ServiceRating, Deviation, ClockPause),
    "improvement": (Complaint, Signal, CorrectiveAction, QualityMeeting, MeetingDecision),
    "adverse_events": (VigilanceAssessment, AdverseEvent, EventPatient, EventReport, GroupEvent, RiskReport, EventTerm),
    "recall": (Recall, RecallNotice, RecallUnit, RecallSubmission, RecallList),
    "implants": (ImplantFollowUp, Implant, ImplantPatient),
    "emergencies": (Emergency, EmergencyDrill, EmergencyPlan),
    "devices_and_customers": (Device, Customer, ServiceContract, DeviceModel, DeviceFamily, FunctionTest, TestInstrument),
    "documents": (ControlledDocument, DocumentVersion, ReadingTask, ControlledCopy, PrintEntry, ExternalDocument),
    "archive": (ArchiveEntry, PaperRequest, LegalHold, Destruction, ArchivePackage, FixityReport, RestoreDrill),
    "inspection": (SelfInspection, InspectorAccess, InspectorEntry),
    "people": (Person,),
    "organization": (Region, ServiceCentre, Department),
    "settings": (
        ClockRule, RetentionRule, SignalRule, FollowUpPlan, HolidayNotice, CodeList, FieldDefinition, NumberPattern, Letterhead, NoticeText,
        WebhookSubscription, WebhookCall,
    ),
}  # fmt: skip

# Imported so that they are mapped: rows that live inside the records above.
LINES: tuple[type[SharedRecord], ...] = (
    Qualification, Absence, PartReplaced, Measurement, Loaner, DocumentScope, DocumentReader, ReadingQuestion, Affected, HeldEntry,
    DestructionItem, SelfInspectionItem, FixityFinding, RestoredPackage, ComplaintInquiry, ComplaintCustody, ComplaintCause, CapaAction,
    EventMeasure, GroupNotice, RecallCriterion, PlanMember, PlanMeasure, EmergencyCustomer, EmergencyStep, EmergencyEntry, DrillScore,
    SignalCase, FollowUpAttempt,
)  # fmt: skip

# Record types with pages of their own beside the generic ones, and pages that belong to no record type.
VIEWS: dict[type[SharedRecord], Any] = {
    Device: DeviceView, ServiceRequest: ServiceRequestView, ServiceOrder: ServiceOrderView, ClockRule: ClockRuleView, Person: PersonView,
    NoticeText: NoticeTextView, CodeList: CodeListView, FunctionTest: FunctionTestView, HolidayNotice: HolidayNoticeView,
    ControlledDocument: ControlledDocumentView, DocumentVersion: DocumentVersionView, ReadingTask: ReadingTaskView,
    ArchiveEntry: ArchiveEntryView, Destruction: DestructionView, RetentionRule: RetentionRuleView, InspectorAccess: InspectorAccessView,
    SelfInspection: SelfInspectionView, ArchivePackage: ArchivePackageView, FixityReport: FixityReportView, RestoreDrill: RestoreDrillView,
    Complaint: ComplaintView, CorrectiveAction: CorrectiveActionView, Signal: SignalView, AdverseEvent: AdverseEventView,
    GroupEvent: GroupEventView, RiskReport: RiskReportView, Recall: RecallView, RecallNotice: RecallPartView,
    RecallUnit: RecallPartView, RecallSubmission: RecallPartView, RecallList: RecallPartView, Emergency: EmergencyView,
    EmergencyDrill: EmergencyDrillView, EmergencyPlan: EmergencyPlanView, QualityMeeting: QualityMeetingView,
    MeetingDecision: MeetingDecisionView, Implant: ImplantView, ImplantPatient: ImplantPatientView, ImplantFollowUp: ImplantFollowUpView,
}  # fmt: skip
PAGES: tuple[Any, ...] = (
    IntakePage, DispatchPage, LoanersPage, RolesPage, AccountsPage, TrailPage, ConfigurationPage, JobsView, SearchPage, SpreadsheetPage,
    ImportPage, TracePage, BinderPage, InspectorPage, SelfCheckPage, DocumentListsPage, CapaBoardPage,
)  # fmt: skip
RECORD_APIS: dict[type[SharedRecord], Any] = {CapaAction: CapaActionApi}
APIS: tuple[Any, ...] = (ImportApi,)

# What an export of settings has beside the record types that say `setting`: before them, because they may refer to it, and after.
CONFIGURED: tuple[tuple[Kind, ...], tuple[Kind, ...]] = ((RolesKind(),), (ListViewsKind(),))
