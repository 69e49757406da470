"""Emergency plans in force, one emergency that was handled and closed, a drill with what it taught, and the next one planned."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo.people import HOME, PASSWORD, Cast
from aftersales.devices.device import Device
from aftersales.emergencies.drill import EmergencyDrill
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.kinds import ContactResult, ContactWay, Scenario
from aftersales.emergencies.lines import EmergencyEntry
from aftersales.emergencies.plan import EmergencyPlan, PlanMeasure, PlanMember
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import ActionKind, CapaSource, RiskGrade
from aftersales.people.person import Person
from aftersales.record.actor import acting_as
from aftersales.record.now import now, today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role

Story = Iterator[datetime]
# Level in the telephone tree, duty, who, deputy.
TEAM = (
    (1, "应急总指挥", Role.manager, Role.quality), (2, "应急小组组长", Role.quality, Role.regulatory),
    (3, "质量法规组", Role.regulatory, Role.quality), (3, "客户沟通组", Role.complaint_officer, Role.intake),
    (4, "客户沟通组（热线）", Role.intake, Role.sales), (2, "现场处置组", Role.dispatcher, Role.engineer),
    (3, "技术组", Role.technical_support, Role.engineer), (3, "保障组", Role.parts_keeper, Role.sales),
)  # fmt: skip
SPEECH = (
    "内部由组长召集并记入应急日志；用户由客户沟通组首次、进展、结束三次告知；"
    "监管部门由法规事务部按法定要求报告；对外由总指挥指定的人员统一发布"
)
PLANS: tuple[tuple[Scenario, str, str, str, tuple[tuple[str, str, int | None], ...]], ...] = (
    (
        Scenario.batch_fault, "批量故障应急预案", "同一型号、批次、部件批次或软件版本的多台产品集中出现同源故障",
        "备用机、应急备件、跨区域工程师",
        (
            ("询问是否有伤害，报告组长；冻结同批次库存和发货", "受理岗、质量部", 30), ("成立应急小组，明确分工和下次碰头时间", "组长", 60),
            ("导出受影响产品清单，逐户通知：风险、停用建议、临时措施", "质量部、客户沟通组", 180),
            ("免费维修或更换，暂不能完成的提供备用机", "现场处置组、保障组", 1440),
            ("启动召回评估，判断是否属于不良事件", "质量法规组", 1440),
        ),
    ),
    (
        Scenario.failure_in_use, "手术室、急诊设备突发停机应急预案", "手术室、急诊、重症监护的设备突然停机且现场无替代设备",
        "最近的备用机、有资质工程师",
        (
            ("保持通话，指导转入备用设备或手动维持", "受理岗", 5), ("派最近的有资质工程师和备用机", "调度岗", 15),
            ("远程协同判断能否恢复", "技术支持岗", 30), ("询问并记录患者情况，交不良事件评估", "法规事务部", 60),
        ),
    ),
    (
        Scenario.cyber_incident, "软件与网络安全事件应急预案", "在用产品软件故障、漏洞被利用、数据异常影响使用或数据安全",
        "修复版本、离线升级介质",
        (
            ("隔离受影响设备，关闭远程通道，保全日志", "技术支持岗", 60), ("告知用户临时防护措施", "客户沟通组", 240),
            ("判断是否构成缺陷，转召回评估", "质量法规组", 1440),
        ),
    ),
)  # fmt: skip
LOG = (
    "两家医院同日报修读数漂移，均无患者伤害",
    "总指挥决定冻结同批库存 14 台并停止发货",
    "不良事件评估：未造成伤害，按规定记录；召回评估已启动",
)


def sound(session: Session, cast: Cast, present: datetime) -> list[Story]:
    plans: list[EmergencyPlan] = []
    return [
        _adopt(session, cast, present - timedelta(days=400), plans),
        _happen(session, cast, present - timedelta(days=130), plans),
        _rehearse(session, cast, present - timedelta(days=55), plans),
        _intend(session, cast, present - timedelta(days=8), plans),
    ]


def _adopt(session: Session, cast: Cast, moment: datetime, plans: list[EmergencyPlan]) -> Story:
    yield moment
    for scenario, title, conditions, resources, measures in PLANS:
        with acting_as(cast.actors[Role.quality]):
            told = {"title": title, "scenario": scenario, "edition": "A/0", "start_conditions": conditions, "resources": resources}
            plan = create(session, EmergencyPlan, told | {"communication": SPEECH})
            for depth, duty, role, other in TEAM:
                person, deputy = _person(session, cast, role), _person(session, cast, other)
                row = {"depth": depth, "duty": duty, "name": person.name, "phone": person.phone}
                create(session, PlanMember, row | {"plan": plan, "deputy": deputy.name, "deputy_phone": deputy.phone})
            for measure, duty, minutes in measures:
                create(session, PlanMeasure, {"plan": plan, "measure": measure, "duty": duty, "minutes": minutes})
            perform(plan, "submit")
        plans.append(plan)
    yield now() + timedelta(days=2)
    with acting_as(cast.actors[Role.manager]):
        for plan in plans:
            perform(plan, "approve", password=PASSWORD)


def _happen(session: Session, cast: Cast, moment: datetime, plans: list[EmergencyPlan]) -> Story:
    """A batch fault in the home region: led by quality, closed by the manager; one customer needed its second contact."""
    yield moment
    with acting_as(cast.actors[Role.intake]):
        said = {"title": "同批设备读数漂移", "situation": "两家医院同日报修读数漂移，怀疑同批传感器"}
        emergency = create(session, Emergency, said | _scope(session, cast) | {"plan": plans[0]})
    yield from _handle(session, cast, emergency, Role.quality, timedelta(hours=2))
    with acting_as(cast.actors[Role.manager]):
        report = {
            "causes": "同批传感器密封胶吸湿，零点漂移", "effect": "受影响设备停用或换用备用机，未造成患者伤害",
            "legal_judgement": "不良事件评估：未造成伤害，已记录；召回评估结论：由生产企业按批次处理",
            "lessons": "个别医院第二联系人缺失，通知多花 40 分钟",
        }  # fmt: skip
        perform(emergency, "close", values=report, password=PASSWORD)


def _rehearse(session: Session, cast: Cast, moment: datetime, plans: list[EmergencyPlan]) -> Story:
    """The drill of the year: the customers were told too late, so it is not passed, and something is done about it."""
    yield moment - timedelta(days=20)
    scope = _scope(session, cast)
    with acting_as(cast.actors[Role.quality]):
        told = {
            "title": "批量故障通知演练", "planned_on": moment.date(), "outline": "假设同批传感器漂移，检验1小时、3小时、24小时三个节点",
            "participants": "售后服务部、质量部、客服", "safety": "不影响真实诊疗；不实际通知客户，只标记", "plan": plans[0],
        }  # fmt: skip
        drill = create(session, EmergencyDrill, told | scope)
    yield moment
    with acting_as(cast.actors[Role.quality]):
        perform(drill, "start")
    yield from _handle(session, cast, drill.emergency, Role.dispatcher, timedelta(hours=3, minutes=25))
    with acting_as(cast.actors[Role.quality]):
        for row in drill.scores:
            short = {2: 10, 6: 1}.get(row.position, 0)
            change(session, row, {"points": row.weight - short, "remark": "超过 3 小时" if row.position == 2 else None})
        conclusion = {"conclusion": "通知超时 25 分钟：第二联系人信息不全。补齐客户应急档案后重新演练"}
        perform(drill, "score", values=conclusion, password=PASSWORD)
        told = {
            "title": "补齐客户应急档案第二联系人",
            "problem": "演练中通知用时超过3小时，部分客户没有第二联系人",
            "risk_grade": RiskGrade.middle,
        }
        cause = {"risk": "批量故障时通知延误", "containment": "区域服务中心保留值班电话", "cause": "签约时未要求提供第二联系人"}
        action = create(session, CorrectiveAction, told | cause | {"source": CapaSource.emergency, "emergency": drill.emergency})
        doer = _person(session, cast, Role.sales)
        row = {"kind": ActionKind.corrective, "measure": "逐户补齐第二联系人", "assignee": doer, "due_on": today() + timedelta(days=30)}
        create(session, CapaAction, row | {"corrective_action": action})
        perform(action, "submit")
    with acting_as(cast.actors[Role.manager]):
        report = {
            "causes": "演练场景", "effect": "未影响真实诊疗", "legal_judgement": "模拟完成不良事件、召回判断", "lessons": "第二联系人不全",
        }  # fmt: skip
        perform(drill.emergency, "close", values=report, password=PASSWORD)


def _intend(session: Session, cast: Cast, moment: datetime, plans: list[EmergencyPlan]) -> Story:
    yield moment
    with acting_as(cast.actors[Role.quality]):
        told = {
            "title": "手术室设备突发停机演练",
            "planned_on": today() + timedelta(days=28),
            "outline": "假设手术中设备停机，检验备用机到位",
        }
        create(session, EmergencyDrill, told | {"plan": plans[1], "region_id": cast.regions[HOME].id, "safety": "使用演示机，不进手术室"})


def _handle(session: Session, cast: Cast, emergency: Emergency, leads: Role, told_after: timedelta) -> Story:
    begun = emergency.started_at
    yield begun + timedelta(minutes=25)
    with acting_as(cast.actors[leads]):
        perform(emergency, "form_team", values={"team": "质量部、客户沟通组、现场处置组、保障组负责人到位"})
        _log(session, emergency, LOG[0])
        _log(session, emergency, LOG[1])
        for step in emergency.steps[:2]:
            change(session, step, {"outcome": "已完成"})
    yield begun + timedelta(minutes=70)
    with acting_as(cast.actors[Role.complaint_officer]):
        last = emergency.customers[-1]
        change(session, last, {"way": ContactWay.first_contact, "result": ContactResult.not_reached})
        for row in emergency.customers[:-1]:
            change(session, row, {"way": ContactWay.first_contact, "result": ContactResult.reached, "note": "设备科已停用并复述要求"})
    yield begun + told_after
    with acting_as(cast.actors[Role.complaint_officer]):
        change(session, last, {"way": ContactWay.second_contact, "result": ContactResult.reached, "note": "护士长已停用"})
        change(session, emergency.steps[2], {"outcome": "全部通知，第二联系人补充到位"})
    yield begun + timedelta(hours=20)
    with acting_as(cast.actors[leads]):
        for step in emergency.steps[3:]:
            change(session, step, {"outcome": "已完成"})
        _log(session, emergency, LOG[2])
        perform(emergency, "restore", values={"restoration": "免费更换传感器，暂缺的提供备用机，全部复测合格"})
    yield begun + timedelta(days=3)


def _log(session: Session, emergency: Emergency, text: str) -> None:
    create(session, EmergencyEntry, {"emergency": emergency, "text": text})


def _scope(session: Session, cast: Cast) -> dict[str, Any]:
    """The model of the first device of the home region."""
    region = cast.regions[HOME]
    there = select(Device).where(Device.region_id == region.id, Device.is_loaner.is_(False))
    device = session.scalars(there.order_by(Device.id).limit(1)).one()
    return {"region_id": region.id, "model": device.model}


def _person(session: Session, cast: Cast, role: Role) -> Person:
    return session.scalars(select(Person).where(Person.user_id == cast.actors[role].user_id)).one()
