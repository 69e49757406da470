"""What waits for a person's own step: calls to register, complaints to answer, orders to review, marks to assess, pauses to decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.steps import UNDER_WAY
from aftersales.deadlines.clock_pause import ClockPause
from aftersales.devices.device import Device
from aftersales.emergencies.drill import EmergencyDrill
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.meetings.decision import MeetingDecision
from aftersales.meetings.meeting import QualityMeeting
from aftersales.recalls.recall import Recall
from aftersales.record.actor import Actor
from aftersales.record.base import SharedRecord
from aftersales.record.filtering import clock_is
from aftersales.service.desk.due import MOST
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import LOW, ServiceRating
from aftersales.service.request import ServiceRequest
from aftersales.signals.signal import OPEN, Signal
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.group import GroupEvent
from aftersales.vigilance.risk_report import RiskReport

SHOWN = 8
COMPLAINTS = {"proposed": ("proposed",), "complaints": ("registered",), "complaints_under_way": UNDER_WAY}
MEETING = ("prepared", "held")
MOST_SHOWN = 4  # whoever has more queues than this is told how long they are, in these groups
GROUPS = {
    "late_or_legal": (
        "complaints_late", "capa_late", "drills_late", "decisions_late", "follow_ups_late", "to_assess", "events_to_report",
        "groups_open", "risk_reports_due",
    ),
    "mine": (
        "received", "proposed", "complaints", "capa_to_approve", "capa_to_check", "meetings", "to_review", "to_decide", "low_ratings",
        "follow_ups_today", "follow_ups_to_confirm",
    ),
    "watched": ("complaints_under_way", "signals", "recalls", "follow_ups_due"),
}  # fmt: skip
RUNNING_RECALLS = ("proposed", "running", "completed")


@dataclass(frozen=True)
class Waiting:
    """A queue: how many (up to a thousand and more), where the list is, the first of it."""

    name: str
    kind: type[SharedRecord]
    count: int
    url: str
    rows: list[Any]

    @property
    def text(self) -> str:
        return f"{MOST}+" if self.count > MOST else str(self.count)


def waiting(session: Session, actor: Actor) -> Iterator[Waiting]:
    """The queues of the rights the actor holds: one statement that counts them all, and up to MOST_SHOWN for the first rows of each."""
    queues = list(_queues(actor))
    if not queues:
        return
    counts = session.execute(select(*(_count(statement).label(name) for name, statement, _url in queues))).one()
    for name, statement, url in queues:
        count = getattr(counts, name)
        is_shown = count and len(queues) <= MOST_SHOWN
        kind = statement.column_descriptions[0]["entity"]
        yield Waiting(name, kind, count, url, list(session.scalars(statement.limit(SHOWN)).unique()) if is_shown else [])


def _queues(actor: Actor) -> Iterator[tuple[str, Select[Any], str]]:
    if actor.can("can_register", "ServiceRequest"):
        rows = select(ServiceRequest).where(ServiceRequest.state == "received").order_by(ServiceRequest.kind, ServiceRequest.id)
        beside = joinedload(ServiceRequest.customer), joinedload(ServiceRequest.device).joinedload(Device.model)
        yield "received", rows.options(*beside), "/service_request/list/?state=received&order=id"
    if actor.can("can_confirm", "Complaint"):
        rows = select(Complaint).order_by(Complaint.id).options(joinedload(Complaint.customer))
        yield "complaints_late", rows.where(clock_is(Complaint, "late")), "/complaint/list/?clock=late&order=id"
        for name, states in COMPLAINTS.items():
            yield name, rows.where(Complaint.state.in_(states)), f"/complaint/list/?state={','.join(states)}&order=id"
    if actor.can("can_assess", "Signal") or actor.can("can_close", "Signal"):
        signals = select(Signal).where(Signal.state.in_(OPEN)).order_by(Signal.id)
        yield "signals", signals, f"/signal/list/?state={','.join(OPEN)}&order=id"
    actions = select(CorrectiveAction).order_by(CorrectiveAction.id)
    if actor.can("can_approve", "CorrectiveAction"):
        yield "capa_to_approve", actions.where(CorrectiveAction.state == "submitted"), "/corrective_action/list/?state=submitted&order=id"
    if actor.can("can_write", "CorrectiveAction"):
        yield "capa_to_check", actions.where(CorrectiveAction.state == "checking"), "/corrective_action/list/?state=checking&order=id"
        yield "capa_late", actions.where(clock_is(CorrectiveAction, "late")), "/corrective_action/list/?clock=late&order=id"
    if actor.can("can_hold", "QualityMeeting"):
        meetings = select(QualityMeeting).where(QualityMeeting.state.in_(MEETING)).order_by(QualityMeeting.id)
        yield "meetings", meetings, f"/quality_meeting/list/?state={','.join(MEETING)}&order=id"
        overdue = select(MeetingDecision).where(clock_is(MeetingDecision, "late")).order_by(MeetingDecision.id)
        yield "decisions_late", overdue, "/meeting_decision/list/?clock=late&order=id"
    if actor.can("can_approve", "EmergencyPlan"):
        drills = select(EmergencyDrill).where(clock_is(EmergencyDrill, "late")).order_by(EmergencyDrill.id)
        yield "drills_late", drills, "/emergency_drill/list/?clock=late&order=id"
    if actor.can("can_follow_up", "ServiceRating"):
        low = select(ServiceRating).where(ServiceRating.score <= LOW, ServiceRating.state == "given").order_by(ServiceRating.id)
        rows = low.options(joinedload(ServiceRating.order).joinedload(ServiceOrder.customer))
        yield "low_ratings", rows, f"/service_rating/list/?state=given&score_until={LOW}&order=id"
    asked = select(ImplantFollowUp).order_by(ImplantFollowUp.counted_from, ImplantFollowUp.id)
    beside = joinedload(ImplantFollowUp.implant).joinedload(Implant.customer)
    if actor.can("can_complete", "ImplantFollowUp") and not actor.can("can_clear", "VigilanceAssessment"):  # those have queues enough
        late = asked.where(clock_is(ImplantFollowUp, "late"))
        yield "follow_ups_late", late.options(beside), "/implant_follow_up/list/?clock=late&order=id"
        due = asked.where(ImplantFollowUp.state == "due", clock_is(ImplantFollowUp, "today"))
        yield "follow_ups_today", due.options(beside), "/implant_follow_up/list/?state=due&clock=today&order=id"
        open_ones = asked.where(ImplantFollowUp.state == "due").options(beside)
        yield "follow_ups_due", open_ones, "/implant_follow_up/list/?state=due&order=id"
    if actor.can("can_confirm", "ImplantFollowUp"):
        lost = asked.where(ImplantFollowUp.state == "to_confirm").options(beside)
        yield "follow_ups_to_confirm", lost, "/implant_follow_up/list/?state=to_confirm&order=id"
    if actor.can("can_clear", "VigilanceAssessment"):
        marks = select(VigilanceAssessment).where(VigilanceAssessment.state == "to_assess").order_by(VigilanceAssessment.id)
        beside = joinedload(VigilanceAssessment.request), joinedload(VigilanceAssessment.customer)
        yield "to_assess", marks.options(*beside), "/vigilance_assessment/list/?state=to_assess&order=id"
    if actor.can("can_report", "AdverseEvent"):
        unsent = select(AdverseEvent).where(AdverseEvent.state == "draft").order_by(AdverseEvent.id)
        rows = unsent.options(joinedload(AdverseEvent.customer))
        yield "events_to_report", rows, "/adverse_event/list/?state=draft&order=id"
    if actor.can("can_tell", "GroupEvent"):
        groups = select(GroupEvent).where(GroupEvent.state.in_(("open", "told"))).order_by(GroupEvent.id)
        yield "groups_open", groups, "/group_event/list/?state=open,told&order=id"
    if actor.can("can_submit", "RiskReport"):
        reports = select(RiskReport).where(RiskReport.state.in_(("due", "written"))).order_by(RiskReport.id)
        yield "risk_reports_due", reports, "/risk_report/list/?state=due,written&order=id"
    if actor.can("can_propose", "Recall") or actor.can("can_decide", "Recall"):
        recalls = select(Recall).where(Recall.state.in_(RUNNING_RECALLS)).order_by(Recall.is_mock, Recall.id.desc())
        yield "recalls", recalls.options(joinedload(Recall.model)), f"/recall/list/?state={','.join(RUNNING_RECALLS)}"
    if actor.can("can_close", "ServiceOrder"):
        orders = select(ServiceOrder).where(ServiceOrder.state == "completed").order_by(ServiceOrder.id)
        beside = joinedload(ServiceOrder.customer), joinedload(ServiceOrder.device).joinedload(Device.model)
        yield "to_review", orders.options(*beside), "/service_order/list/?state=completed&order=id"
    if actor.can("can_approve", "ClockPause"):
        pauses = select(ClockPause).where(ClockPause.state == "requested").order_by(ClockPause.id)
        yield "to_decide", pauses, "/clock_pause/list/?state=requested&order=id"


def _count(statement: Select[Any]) -> Any:
    entity = statement.column_descriptions[0]["entity"]
    bounded = select(entity.id).where(statement.whereclause).limit(MOST + 1).subquery()
    return select(func.count()).select_from(bounded).scalar_subquery()
