"""A complaint brought through its steps by the program, for tests that are about what comes before or after."""

from typing import Any

from flask import Flask
from sqlalchemy import select

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.kinds import CauseKind, CauseMethod, ComplaintKind, InquiryKind
from aftersales.complaints.lines import ComplaintCause, ComplaintInquiry
from aftersales.demo.stories import NO_HARM
from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.service.request import Harm, ServiceRequest

STEPS = ("confirm", "conclude", "plan", "act", "answer", "close")


def complaint_of(app: Flask, request_id: int) -> Complaint:
    """Detached from its session."""
    with app.app_context(), acting_as(SYSTEM):
        found = db.session.scalars(select(Complaint).where(Complaint.request_id == request_id)).one()
        db.session.expunge_all()
        return found


def advance(complaint: Complaint, last: str = "close", **values: Any) -> None:
    """All steps up to `last`, with `values` over what they say. Vigilance has cleared the request. The caller commits."""
    person = db.session.scalars(select(Person).where(Person.region_id == complaint.region_id).order_by(Person.id).limit(1)).one()
    assessment = complaint.request.assessment
    if assessment is not None and assessment.state == "to_assess":
        perform(assessment, "clear", values=NO_HARM | {"decision_reason": "患者未受伤害"})
    begun = next(place for place, step in enumerate(STEPS) if complaint.state in complaint.workflow.transition(step).from_states)
    for step in STEPS[begun : STEPS.index(last) + 1]:
        if step == "conclude":
            change(db.session, complaint, {"cause_method": CauseMethod.five_whys})
            asked = {"kind": InquiryKind.interview, "question": "为何三次改期", "finding": "调度未电话确认"}
            create(db.session, ComplaintInquiry, asked | {"complaint": complaint})
            create(db.session, ComplaintCause, {"complaint": complaint, "statement": "改期无确认步骤", "is_root": True})
        perform(complaint, step, values=_said(complaint, person, step) | {k: v for k, v in values.items() if k in _asked(complaint, step)})


def _asked(complaint: Complaint, step: str) -> tuple[str, ...]:
    return complaint.workflow.transition(step).fields


def _said(complaint: Complaint, person: Person, step: str) -> dict[str, Any]:
    return {
        "confirm": {
            "kind": ComplaintKind.service_attitude, "recurrence_harm": Harm.no, "officer_id": person.id, "team": "质量部、售后服务部",
        },
        "conclude": {"cause_kind": CauseKind.service, "root_cause": "派工流程缺少改期确认"},
        "plan": {
            "decision": "投诉成立", "remedy": "致歉并修改派工流程", "action_owner_id": person.id, "action_due_on": today(),
            "effect_criterion": "一个月内无同类投诉", "effect_due_on": today(),
        },
        "act": {"action_done": "流程已修改并培训"},
        "answer": {"reply": "已致歉并于当日上门"},
        "close": {"is_accepted": True, "effect_result": "一个月内无同类投诉"},
    }[step]  # fmt: skip


def registered(request: ServiceRequest) -> Complaint:
    """The complaint of a request that the desk has registered."""
    perform(request, "register", values={"customer_id": request.customer_id, "device_id": request.device_id, "harm": request.harm})
    return request.complaint
