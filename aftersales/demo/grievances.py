"""Complaints in all their states, and the corrective actions that follow. Stories as in `stories`."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.kinds import CauseKind, CauseMethod, ComplaintKind, CustodyStep, FaultGate, FishboneBranch, InquiryKind
from aftersales.complaints.lines import ComplaintCause, ComplaintCustody, ComplaintInquiry
from aftersales.demo.people import PASSWORD, Cast
from aftersales.demo.stories import NO_HARM
from aftersales.devices.device import Device
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import ActionKind, CapaSource, RiskGrade
from aftersales.people.person import Person
from aftersales.portal.stranger import portal_actor
from aftersales.record.actor import acting_as
from aftersales.record.now import now, today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import rate
from aftersales.service.request import Channel, Harm, RequestKind, ServiceRequest

Story = Iterator[datetime]
WAY = ("received", "registered", "confirm", "conclude", "plan", "act", "answer", "close")
LATE_VISIT = {
    "words": "两周前报修，约好的上门时间改了三次，无人说明原因", "kind": ComplaintKind.service_attitude, "wish": "按约上门并说明原因",
    "question": "调度记录与通话记录", "finding": "三次改期均未电话告知科室", "method": CauseMethod.five_whys,
    "causes": (
        {"statement": "上门改期三次，科室空等"}, {"statement": "工程师临时被抽调抢修"}, {"statement": "改派时调度未通知用户"},
        {"statement": "派工流程没有改期确认这一步", "is_root": True},
    ),
    "cause_kind": CauseKind.service, "root_cause": "派工流程缺少改期后向用户确认的步骤",
    "remedy": "致歉；改期须由调度电话确认并登记通知时间", "action_done": "派工流程已修改，三名调度已培训",
    "reply": "就三次改期未及时告知，我公司向贵科致歉。\n经查，改派工程师时未向贵科确认。现已规定：改期须由调度电话确认并登记。",
    "criterion": "一个月内没有未通知的改期",
}  # fmt: skip
DRIFT = {
    "words": "同一台设备的测量值半年内漂移两次，怀疑换上的传感器有质量问题", "kind": ComplaintKind.product_quality,
    "wish": "查明原因并更换合格的传感器", "question": "退回传感器复测；向供货方调取该批次检验记录",
    "finding": "复测零点漂移 6%，超出 3% 的限值；同批出厂检验未做湿热老化", "method": CauseMethod.fault_tree,
    "causes": (
        {"statement": "测量读数漂移", "gate": FaultGate.any_of}, {"statement": "传感器零点漂移", "depth": 2, "gate": FaultGate.all_of},
        {"statement": "密封胶吸湿", "depth": 3, "is_root": True}, {"statement": "出厂未做湿热老化筛选", "depth": 3},
        {"statement": "接线松动（已排除）", "depth": 2},
    ),
    "cause_kind": CauseKind.manufacture, "root_cause": "该批次密封胶配比偏差，吸湿后零点漂移；出厂检验未能筛出",
    "remedy": "免费更换为新批次传感器；停用并隔离同批库存", "action_done": "已更换新批次传感器并复测合格，库存 14 只已隔离",
    "reply": "贵科反映的漂移属实，系换上的传感器批次密封不良所致。\n已更换新批次传感器并复测合格，该批次已停用，并已通知生产企业。",
    "criterion": "更换后一个月内读数偏差不超过 3%",
    "informed": {"informed_party": "传感器生产企业", "informed_how": "书面函告并附检测报告，对方签收"},
    "returned": "传感器",
}  # fmt: skip
INSTALLATION = {
    "words": "新设备安装后没有培训夜班护士，夜间报警不会处理", "kind": ComplaintKind.installation, "wish": "补做夜班培训",
    "question": "安装验收与培训签到", "finding": "培训签到只有白班 6 人", "method": CauseMethod.fishbone,
    "causes": (
        {"statement": "夜班不会处理报警"}, {"statement": "培训计划未覆盖夜班", "branch": FishboneBranch.method, "is_root": True},
        {"statement": "夜班护士未到场", "branch": FishboneBranch.person}, {"statement": "只备一台演示机", "branch": FishboneBranch.machine},
        {"statement": "快捷卡未张贴", "branch": FishboneBranch.material},
        {"statement": "培训安排在交班时段", "branch": FishboneBranch.environment},
        {"statement": "未考核掌握程度", "branch": FishboneBranch.measurement},
    ),
    "cause_kind": CauseKind.service, "root_cause": "安装培训计划没有按班次排人，也不考核夜班人员",
    "remedy": "一周内补做夜班培训并考核，张贴快捷卡", "action_done": "夜班 9 人已培训考核，快捷卡已张贴",
    "reply": "已为贵科夜班 9 人补做培训并考核合格，报警处理快捷卡已张贴在机旁。",
    "criterion": "夜班人员抽问全部掌握",
}  # fmt: skip
DELIVERY = LATE_VISIT | {
    "words": "合同约定的备件三周未到，多次询问没有明确答复", "kind": ComplaintKind.delivery, "wish": "给出准确到货日期",
    "question": "备件订单与往来记录", "finding": "缺货三周，科室四次询问均未得到预计日期",
    "causes": (
        {"statement": "备件三周未到，科室不知何时到货"}, {"statement": "供方缺货，到货日期两次推迟"},
        {"statement": "推迟的日期未转告科室"}, {"statement": "缺货备件没有向用户通报这一步", "is_root": True},
    ),
    "root_cause": "备件缺货时没有向用户通报预计到货日期", "remedy": "致歉；缺货备件每三天向用户通报一次",
    "action_done": "备件已到货安装，通报制度已执行", "criterion": "一个月内缺货备件均有通报",
    "reply": "备件延误三周，我公司致歉。\n备件已到货并安装；今后缺货备件每三天通报一次到货日期。",
}  # fmt: skip
TOLD = (  # days ago, what it is about, how far it has come, whether a patient may have come to harm
    (95, LATE_VISIT, "close", Harm.no), (88, DRIFT, "close", Harm.not_sure), (61, INSTALLATION, "close", Harm.no),
    (27, DELIVERY, "answer", Harm.no), (22, DRIFT, "act", Harm.no), (20, DRIFT, "conclude", Harm.no), (18, DRIFT, "confirm", Harm.no),
    (9, INSTALLATION, "plan", Harm.no), (5, LATE_VISIT, "conclude", Harm.no), (3, DELIVERY, "confirm", Harm.no),
    (1, DRIFT, "registered", Harm.yes), (0.1, LATE_VISIT, "received", Harm.no),
)  # fmt: skip
GROUP = (4, 5, 6)  # of TOLD: the first leads the other two
DISMISSED = "已与科室核实：属正常维修，科室无不满；可能的伤害由法规专员另行评估"
EFFECT = timedelta(days=30)


def complain(session: Session, cast: Cast, devices: Sequence[Device], present: datetime) -> list[Story]:
    opened: list[Complaint] = []
    return [
        *(_follow(session, cast, device, present - timedelta(days=ago), *told, place, opened)
          for place, (device, (ago, *told)) in enumerate(zip(devices, TOLD, strict=True))),
        _sift(session, cast, present),
        _be_annoyed(session, present - timedelta(hours=5)),
        *(_improve(session, cast, present, *plan) for plan in _plans()),
    ]  # fmt: skip


def _follow(
    session: Session, cast: Cast, device: Device, moment: datetime, about: dict[str, Any], last: str, harm: Harm, place: int,
    opened: list[Complaint],
) -> Story:  # fmt: skip
    """One complaint, from the page of the device's label as far as it has come."""
    yield moment
    caller = device.customer.contacts[0]
    values = {
        "kind": RequestKind.complaint, "channel": Channel.qr, "received_at": now(), "device": device, "fault_text": about["words"],
        "harm": harm, "caller_name": caller.name, "caller_phone": caller.phone, "customer_text": device.department,
    }  # fmt: skip
    with acting_as(portal_actor(device.region_id)):
        request = create(session, ServiceRequest, values)
    complaint = request.complaint
    for step in WAY[1 : WAY.index(last) + 1]:
        yield now() + _pause(step)
        if step == "registered":
            with acting_as(cast.actors[Role.intake]):
                perform(request, "register", values={"harm": harm, "customer_id": device.customer_id, "device_id": device.id})
            continue
        if place == GROUP[0] and step == "confirm":
            opened.append(complaint)
        elif place in GROUP and step == "confirm" and opened:
            with acting_as(cast.actors[Role.complaint_officer]):
                change(session, complaint, {"leading": opened[0]})
        if step == "confirm":
            told = {"wish": about["wish"], "happened_on": today() - timedelta(days=1), "place": device.department, "extent": "一台设备"}
            with acting_as(cast.actors[Role.complaint_officer]):
                change(session, complaint, told)
        if step == "conclude":
            _investigate(session, cast, complaint, about)
        yield from _take(session, cast, complaint, about, step)


def _take(session: Session, cast: Cast, complaint: Complaint, about: dict[str, Any], step: str) -> Story:
    """One step, by whose it is."""
    hand = {"conclude": Role.quality, "act": Role.technical_support, "close": Role.quality}.get(step, Role.complaint_officer)
    with acting_as(cast.actors[Role.regulatory]):
        if step == "close" and complaint.request.vigilance == "to_assess":
            reason = {"decision_reason": "患者未受伤害，监测数据另有床旁仪器佐证"}
            perform(complaint.request.assessment, "clear", values=NO_HARM | reason)
    with acting_as(cast.actors[hand]):
        if step == "close" and "informed" in about:
            change(session, complaint, about["informed"] | {"informed_on": today()}, reason="补记通知情况")
        if step == "close" and "returned" in about:
            _hand_on(session, complaint, about["returned"], CustodyStep.disposed, "质量部")
        perform(complaint, step, values=_said(session, cast, about, step), password=PASSWORD if step in ("answer", "close") else "")
    yield now()


def _pause(step: str) -> timedelta:
    return {
        "registered": timedelta(minutes=9), "confirm": timedelta(hours=2), "conclude": timedelta(days=2), "plan": timedelta(hours=4),
        "act": timedelta(days=3), "answer": timedelta(hours=20), "close": EFFECT + timedelta(days=1),
    }[step]  # fmt: skip


def _said(session: Session, cast: Cast, about: dict[str, Any], step: str) -> dict[str, Any]:
    officer, owner = (_person(session, cast, role) for role in (Role.complaint_officer, Role.technical_support))
    return {
        "confirm": {"kind": about["kind"], "recurrence_harm": Harm.no, "officer_id": officer.id, "team": "质量部、技术支持部、售后服务部"},
        "conclude": {"cause_kind": about["cause_kind"], "root_cause": about["root_cause"]},
        "plan": {
            "decision": "投诉成立", "remedy": about["remedy"], "action_owner_id": owner.id, "action_due_on": today() + timedelta(days=7),
            "effect_criterion": about["criterion"], "effect_due_on": today() + EFFECT + timedelta(days=3),
        },
        "act": {"action_done": about["action_done"]},
        "answer": {"reply": about["reply"]},
        "close": {"is_accepted": True, "effect_result": f"已验证：{about['criterion']}"},
    }[step]  # fmt: skip


def _investigate(session: Session, cast: Cast, complaint: Complaint, about: dict[str, Any]) -> None:
    with acting_as(cast.actors[Role.quality]):
        plan = {"investigation_plan": about["question"], "cause_method": about["method"]}
        change(session, complaint, plan | {"investigator": _person(session, cast, Role.quality)})
        asked = {"kind": InquiryKind.test if "returned" in about else InquiryKind.service_record, "question": about["question"]}
        create(session, ComplaintInquiry, asked | {"complaint": complaint, "finding": about["finding"]})
        for cause in about["causes"]:
            create(session, ComplaintCause, {"complaint": complaint} | cause)
        for step in (CustodyStep.received, CustodyStep.quarantined) if "returned" in about else ():
            _hand_on(session, complaint, about["returned"], step, "退货隔离区")


def _hand_on(session: Session, complaint: Complaint, item: str, step: CustodyStep, place: str) -> None:
    values = {"step": step, "item": item, "identifier": f"S26-{complaint.id:04d}", "place": place, "counterpart": complaint.customer.name}
    create(session, ComplaintCustody, values | {"complaint": complaint})


def _sift(session: Session, cast: Cast, present: datetime) -> Story:
    """Each morning complaint staff looks at what service proposed; what came in the last two days still waits."""
    moment = present - timedelta(days=560)
    while True:
        moment += timedelta(days=1)
        yield moment
        with acting_as(cast.actors[Role.complaint_officer]):
            old = Complaint.state == "proposed", Complaint.received_at < min(now() - timedelta(hours=6), present - timedelta(days=2))
            for complaint in session.scalars(select(Complaint).where(*old).order_by(Complaint.id).limit(50)).all():
                perform(complaint, "dismiss", values={"dismissal_reason": DISMISSED})


def _be_annoyed(session: Session, moment: datetime) -> Story:
    """A low rating of this morning: the complaint that is proposed from it waits."""
    yield moment
    unrated = select(ServiceOrder).where(ServiceOrder.state == "closed", ~ServiceOrder.rating.has()).order_by(ServiceOrder.id.desc())
    for order in session.scalars(unrated.limit(1)).all():
        with acting_as(portal_actor(order.region_id)):
            rate(session, order, 1, "同一故障修了两次，报警音仍时有时无")


def _plans() -> Iterator[tuple[int, str, dict[str, Any], CauseKind | None, tuple[tuple[ActionKind, str], ...]]]:
    """Days ago, how far it came, what it says, the complaint it comes from by its cause, the actions."""
    yield (
        80, "fail", {
            "title": "改期无人确认", "problem": "三个月内多次改期未通知用户", "risk_grade": RiskGrade.middle,
            "risk": "用户停机等待，影响诊疗安排", "containment": "调度每日下班前核对次日上门安排", "cause": "派工流程没有改期确认步骤",
        }, CauseKind.service, ((ActionKind.corrective, "派工流程增加改期电话确认"), (ActionKind.preventive, "调度培训并考核")),
    )  # fmt: skip
    yield (
        75, "confirm", {
            "title": "传感器批次密封不良", "problem": "同一批次传感器零点漂移", "risk_grade": RiskGrade.high,
            "risk": "监测值偏差可能误导参数设置", "containment": "停用并隔离同批库存，排查在用数量", "cause": "来料检验不含湿热老化",
        }, CauseKind.manufacture, ((ActionKind.corrective, "更换在用的同批传感器"), (ActionKind.preventive, "来料检验增加湿热老化抽检")),
    )  # fmt: skip
    yield (
        40, "finish", {
            "title": "检测仪器超期校准", "problem": "内审发现两台仪器校准过期仍在使用", "risk_grade": RiskGrade.middle,
            "risk": "检测结论不可靠", "containment": "停用两台仪器，复测期间的检测项目", "cause": "校准到期提醒只发给一人",
        }, None, ((ActionKind.corrective, "送检并复核 3 份检测记录"), (ActionKind.preventive, "到期前 30 天提醒改为两人")),
    )  # fmt: skip
    yield (
        6, "submit", {
            "title": "夜班培训缺失", "problem": "安装后夜班人员未受训", "risk_grade": RiskGrade.low, "risk": "报警处置延误",
            "containment": "一周内补训", "cause": "培训计划不按班次排人",
        }, None, ((ActionKind.preventive, "安装培训表增加班次栏"),),
    )  # fmt: skip


def _improve(
    session: Session, cast: Cast, present: datetime, ago: int, last: str, said: dict[str, Any], cause: CauseKind | None,
    actions: tuple[tuple[ActionKind, str], ...],
) -> Story:  # fmt: skip
    """Written by complaint staff, approved by the manager, checked by quality; one fails its first check and is being carried out again."""
    yield present - timedelta(days=ago)
    doer = _person(session, cast, Role.technical_support)
    with acting_as(cast.actors[Role.complaint_officer]):
        alike = select(Complaint).where(Complaint.cause_kind == cause).order_by(Complaint.id).limit(1)
        found = session.scalars(alike).one_or_none() if cause is not None else None
        source = {"source": CapaSource.complaint, "complaint": found} if found is not None else {"source": CapaSource.audit}
        action = create(session, CorrectiveAction, said | source | {"region_id": doer.region_id})
        for place, (kind, measure) in enumerate(actions, 1):
            row = {"kind": kind, "measure": measure, "assignee": doer, "due_on": today() + timedelta(days=6 * place)}
            create(session, CapaAction, row | {"corrective_action": action})
        perform(action, "submit")
    if last == "submit":
        return
    yield from _carry_out(session, cast, action, 21)
    if last == "finish":
        return
    yield now() + timedelta(days=18)
    with acting_as(cast.actors[Role.quality]):
        if last == "confirm":
            perform(action, "confirm", values={"effect_result": "到期复查无同类问题，抽检全部合格"}, password=PASSWORD)
            return
        perform(action, "fail", reason="复查发现仍有两次改期未通知，电话确认没有留痕")
    yield now() + timedelta(days=2)
    with acting_as(cast.actors[Role.complaint_officer]):
        row = {"kind": ActionKind.preventive, "measure": "系统改期时必填通知时间和接听人", "assignee": doer}
        until = max(today() + timedelta(days=20), present.date() + timedelta(days=4))
        create(session, CapaAction, row | {"corrective_action": action, "due_on": until})
        perform(action, "submit")
    yield now() + timedelta(hours=5)
    _approve(cast, action, 60)


def _carry_out(session: Session, cast: Cast, action: CorrectiveAction, days: int) -> Story:
    yield now() + timedelta(hours=6)
    _approve(cast, action, days)
    for row in action.actions:
        yield now() + timedelta(days=4)
        with acting_as(cast.actors[Role.technical_support]):
            change(session, row, {"evidence": "已完成，记录与签到表已归档"})
    yield now() + timedelta(days=1)
    with acting_as(cast.actors[Role.complaint_officer]):
        perform(action, "finish", values={"no_adverse_effect": "试行两周，服务时限达成率与检测合格率均未下降"})


def _approve(cast: Cast, action: CorrectiveAction, days: int) -> None:
    with acting_as(cast.actors[Role.manager]):
        said = {"effect_criterion": "到期复查无同类问题", "effect_due_on": today() + timedelta(days=days)}
        perform(action, "approve", values=said, password=PASSWORD)


def _person(session: Session, cast: Cast, role: Role) -> Person:
    return session.scalars(select(Person).where(Person.user_id == cast.actors[role].user_id)).one()
