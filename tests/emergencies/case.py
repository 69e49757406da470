"""A plan for batch faults, in force; and what tests say of an emergency."""

from typing import Any

from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.kinds import ContactResult, ContactWay, Scenario
from aftersales.emergencies.plan import EmergencyPlan, PlanMeasure, PlanMember
from aftersales.extensions import db
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform

REPORT = {
    "causes": "流量传感器密封不良", "effect": "1 台停用 3 小时",
    "legal_judgement": "非不良事件；已启动召回评估", "lessons": "第二联系人缺失",
}  # fmt: skip
TEAM = (
    (1, "应急总指挥", "卢致远", "13800000001", "顾清和", "13800000002"), (2, "应急小组组长", "顾清和", "13800000002", None, None),
    (3, "客户沟通组", "许念", "13800000003", "方可", "13800000004"), (2, "技术组", "白砚", "13800000005", None, None),
)  # fmt: skip


def plan(scenario: Scenario = Scenario.batch_fault, **facts: Any) -> EmergencyPlan:
    """Drafted with its team and two steps, approved. The caller commits."""
    told = {"title": "批量故障应急预案", "scenario": scenario, "edition": "A/0", "start_conditions": "同批两台以上出现同源故障"}
    made = create(db.session, EmergencyPlan, told | {"communication": "对外由总指挥指定的人员统一发布"} | facts)
    for depth, duty, name, phone, deputy, deputy_phone in TEAM:
        row = {"depth": depth, "duty": duty, "name": name, "phone": phone, "deputy": deputy, "deputy_phone": deputy_phone}
        create(db.session, PlanMember, row | {"plan": made})
    for measure, minutes in (("冻结同批库存和发货", 30), ("启动召回评估", 24 * 60)):
        create(db.session, PlanMeasure, {"plan": made, "measure": measure, "duty": "质量部", "minutes": minutes})
    perform(made, "submit")
    perform(made, "approve")
    return made


def opened(**facts: Any) -> Emergency:
    """About the model of the first region's device, in that region unless said otherwise."""
    device = db.session.scalars(select(Device).where(Device.serial_no == "HD-0001")).one()
    told = {"region_id": device.region_id, "title": "VX-90 同批潮气量漂移", "situation": "两家医院同日报修", "model": device.model}
    return create(db.session, Emergency, {"plan": facts.pop("of", None) or plan()} | told | facts)


def reach(
    emergency: Emergency, result: ContactResult = ContactResult.reached, way: ContactWay = ContactWay.first_contact, note: str = ""
) -> None:
    for row in emergency.customers:
        change(db.session, row, {"way": way, "result": result, "note": note or None})


def do_steps(emergency: Emergency) -> None:
    for step in emergency.steps:
        change(db.session, step, {"outcome": "已完成"})
