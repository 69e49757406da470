"""Two quality meetings: the one before was held, signed and followed; the one on the last quarter is prepared."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo.people import PASSWORD, Cast
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import CapaSource, RiskGrade
from aftersales.meetings.decision import DecisionKind, MeetingDecision
from aftersales.meetings.meeting import QualityMeeting
from aftersales.meetings.period import Period, PeriodKind
from aftersales.organization.department import Department
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import now, today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role

Story = Iterator[datetime]
MINUTES = """一、质量部通报本季度投诉、维修、时限、信号和不良事件数据，与上季度对比。
二、重复维修集中在流量传感器和供电模块，技术支持说明原因与返修情况。
三、超时时限逐条说明，多为夜间到场；调度提出增设夜班备班。
四、法规事务部说明召回进展和不良事件报告情况，法定时限均按期。"""
CONCLUSION = "本季度售后质量总体受控。重复维修和夜间到场两项需要改进，按决议落实，下次会议复核。"
ATTENDED = (Role.manager, Role.quality, Role.regulatory, Role.dispatcher, Role.technical_support)
# Decision, role of whoever does it, department informed, days, what came of it (None: still open), begins a corrective action.
DECIDED = (
    ("增设夜班备班，夜间一级故障两小时内到场", Role.dispatcher, None, 30, "备班表已执行一个月，夜间到场均按时", False),
    ("向研发部通报流量传感器重复维修数据，请评估设计余量", Role.technical_support, "研发部", 40, "研发部：密封件改型已立项", False),
    ("向采购部通报供电模块来料批次问题，要求供应商整改", Role.quality, "采购部", 45, "采购部：供应商已整改，连续三批加严检验", False),
    ("向生产部通报安装后首月报修情况，请复核出厂检验项目", Role.complaint_officer, "生产部", 60, None, False),
    ("对改期未通知问题立项纠正措施", Role.quality, None, 90, None, True),
)  # fmt: skip


def meet(session: Session, cast: Cast, present: datetime) -> list[Story]:
    last = Period.around(PeriodKind.quarter, present.date()).previous
    return [_held(session, cast, last.previous), _prepared(session, cast, last, present)]


def _open(session: Session, period: Period) -> QualityMeeting:
    with acting_as(SYSTEM):
        meeting = create(session, QualityMeeting, {"period_kind": period.kind, "begins_on": period.first})
    _count(session, meeting)
    return meeting


def _count(session: Session, meeting: QualityMeeting) -> None:
    with acting_as(SYSTEM):
        meeting.count()
        session.flush()


def _held(session: Session, cast: Cast, period: Period) -> Story:
    yield period.until + timedelta(hours=3, minutes=30)
    meeting = _open(session, period)
    yield period.until + timedelta(days=11, hours=14)
    _count(session, meeting)
    with acting_as(cast.actors[Role.quality]):
        perform(meeting, "hold")
        people = [_person(session, cast, role) for role in ATTENDED]
        told = "\n".join(f"{person.name}　{person.department.name}" for person in people)
        change(session, meeting, {"attendees": told, "minutes": MINUTES})
        decisions = [_decide(session, cast, meeting, *said[:4]) for said in DECIDED]
    yield now() + timedelta(hours=2)
    with acting_as(cast.actors[Role.manager]):
        perform(meeting, "conclude", values={"conclusion": CONCLUSION}, password=PASSWORD)
    for decision, said in zip(decisions, DECIDED, strict=True):
        yield now() + timedelta(days=5)
        with acting_as(cast.actors[Role.quality]):
            if said[-1]:
                _improve(session, cast, decision)
            if said[4] is not None:
                perform(decision, "finish", values={"result": said[4]})


def _decide(
    session: Session, cast: Cast, meeting: QualityMeeting, text: str, role: Role, department: str | None, days: int
) -> MeetingDecision:  # fmt: skip
    facts = {"meeting": meeting, "decision": text, "assignee": _person(session, cast, role), "due_on": today() + timedelta(days=days)}
    if department is not None:
        found = session.scalars(select(Department).where(Department.name == department)).one()
        facts |= {"kind": DecisionKind.informing, "department": found}
    return create(session, MeetingDecision, facts)


def _improve(session: Session, cast: Cast, decision: MeetingDecision) -> None:
    doer = _person(session, cast, Role.technical_support)
    told = {"title": "改期未通知用户", "problem": decision.decision, "risk_grade": RiskGrade.low, "region_id": doer.region_id}
    create(session, CorrectiveAction, told | {"source": CapaSource.meeting_decision, "meeting_decision": decision})


def _prepared(session: Session, cast: Cast, period: Period, present: datetime) -> Story:
    yield period.until + timedelta(hours=3, minutes=30)
    meeting = _open(session, period)
    with acting_as(cast.actors[Role.quality]):
        change(session, meeting, {"planned_on": max(today() + timedelta(days=45), present.date() + timedelta(days=6))})
    yield present - timedelta(hours=2)
    _count(session, meeting)


def _person(session: Session, cast: Cast, role: Role) -> Person:
    return session.scalars(select(Person).where(Person.user_id == cast.actors[role].user_id)).one()
