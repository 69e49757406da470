"""What was recalled: a software update long since closed, a rehearsal with its score, and a level II recall that runs now."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo.people import PASSWORD, Cast
from aftersales.devices.device import Device
from aftersales.recalls.choices import (
    CheckResult,
    Defect,
    Handling,
    NoticeWay,
    RecallConclusion,
    RecallLevel,
    RecallSource,
    Recipient,
    SubmissionKind,
    UnitAction,
)
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import RecallCriterion
from aftersales.recalls.steps import ASSESSMENT
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import acting_as
from aftersales.record.now import today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role

Story = Iterator[datetime]
UNITS = 20
UPDATED = "软件已更新，报警功能核对合格"
IN_STOCK = 4  # made and not sold
WITHIN = 60  # days that the plan gives itself
ASSESSED = dict(
    zip(
        ASSESSMENT,
        (
            "不符合产品技术要求中关于报警的条款。", "已发生故障，未造成伤害。",
            "现有使用环境下有值守人员，可能延迟发现；已由验证试验复现。", "全国使用单位，成人与儿童患者。",
            "可能引起暂时的、可逆的健康危害。", "每千台每年约 2 起。", "短期为治疗中断风险，未见长期后果。", "无。",
        ),
        strict=True,
    )
)  # fmt: skip
AUTHORITIES = {
    Recipient.province: "示例省药品监督管理局", Recipient.registration_authority: "国家药品监督管理局",
    Recipient.province_website: "示例省药品监督管理局网站",
}  # fmt: skip
COMMON = {
    "defect": Defect.unreasonable_risk, "intended_use": "按产品注册证载明的适用范围", "places": "中国境内",
    "person_in_charge": "管理者代表", "contact": "法规事务部，服务热线转召回专线",
    "demands": "立即暂停使用清单所列产品，将本通知转发至相关科室，并在回执中填写找到的数量。",
    "plan_quantities": "见受影响产品清单；拟召回数量为清单全部数量。",
    "plan_measures": f"售后服务部组织，覆盖全部使用单位，{WITHIN} 日内完成。",
    "plan_publication": "省级药品监督管理部门网站，并逐户通知。", "plan_expected": "清单产品全部处理，抽查有效。",
    "plan_afterwards": "换下的部件统一隔离、评审后处置；纠正措施验证后关闭。", "progress_every_days": 14, "target_percent": 100,
}  # fmt: skip


def recall(session: Session, cast: Cast, devices: list[Device], present: datetime) -> list[Story]:
    """By the commonest models, so that there are enough units of each."""
    models = sorted({device.model for device in devices}, key=lambda model: (-sum(d.model is model for d in devices), model.id))
    chosen = [[device for device in devices if device.model is model][:UNITS] for model in models[:3]]
    return [
        _closed(session, cast, chosen[0], present - timedelta(days=150)),
        _rehearsed(session, cast, chosen[1 % len(chosen)], present - timedelta(days=80)),
        _running(session, cast, chosen[2 % len(chosen)], present - timedelta(days=2)),
    ]


def _proposed(session: Session, cast: Cast, devices: list[Device], facts: dict[str, Any]) -> Recall:
    row = _drafted(session, cast, devices, facts)
    _propose(cast, row)
    return row


def _drafted(session: Session, cast: Cast, devices: list[Device], facts: dict[str, Any]) -> Recall:
    """Assessed by quality, with what tells the units."""
    with acting_as(cast.actors[Role.quality]):
        row = create(
            session,
            Recall,
            COMMON | ASSESSED | facts | {
                "model": devices[0].model, "made_quantity": len(devices) + IN_STOCK, "sold_quantity": len(devices),
                "plan_done_by": today() + timedelta(days=WITHIN),
            },
        )  # fmt: skip
        serials = " ".join(device.serial_no for device in devices if device.serial_no)
        create(session, RecallCriterion, {"recall": row, "model_id": devices[0].model_id, "serials": serials})
    return row


def _propose(cast: Cast, row: Recall) -> None:
    with acting_as(cast.actors[Role.quality]):
        perform(row, "freeze")
        proposal = {"conclusion": RecallConclusion.recall, "recall_level": RecallLevel.level_2}
        perform(row, "propose", values=proposal | {"proposal_reason": "危害为暂时的、可逆的，符合第十三条二级的情形。"})


def _decide(cast: Cast, row: Recall) -> None:
    with acting_as(cast.actors[Role.manager]):
        perform(row, "decide", password=PASSWORD)


def _closed(session: Session, cast: Cast, devices: list[Device], moment: datetime) -> Story:
    yield moment
    facts = {
        "subject": "报警音量设置可能丢失", "source": RecallSource.software_defect, "source_text": "维修记录中三起断电后报警音量恢复为最低",
        "defect_text": "断电重启后报警音量设置未被恢复", "handling": Handling.software_update, "cause_brief": "软件未保存报警音量设置",
        "instructions": "工程师上门更新软件至修正版本，并核对报警功能。",
    }  # fmt: skip
    row = _proposed(session, cast, devices, facts)
    yield moment + timedelta(hours=1)
    _decide(cast, row)
    _hand_in(session, cast, row, (SubmissionKind.event_form, SubmissionKind.announcement))
    yield moment + timedelta(hours=3)
    with acting_as(cast.actors[Role.intake]):
        for notice in _of(session, RecallNotice, row):
            perform(notice, "send")
    yield moment + timedelta(days=2)
    with acting_as(cast.actors[Role.intake]):
        for notice in _of(session, RecallNotice, row):
            said = {"confirmed_name": "设备科值班人员", "confirmed_how": "电话核实", "found_count": notice.unit_count, "answer": None}
            perform(notice, "confirm", values=said)
    yield moment + timedelta(days=3)
    _hand_in(session, cast, row, (SubmissionKind.assessment_and_plan,))
    yield moment + timedelta(days=10)
    _treat(session, cast, row, UnitAction.software_updated, UPDATED, leave=row.unit_count // 2)
    yield moment + timedelta(days=17)
    with acting_as(cast.actors[Role.regulatory]):
        create(session, RecallSubmission, {"recall": row, "kind": SubmissionKind.progress, "recipient": Recipient.province})
    _hand_in(session, cast, row, (SubmissionKind.progress,))
    yield moment + timedelta(days=20)
    _treat(session, cast, row, UnitAction.software_updated, UPDATED, leave=1)
    with acting_as(cast.actors[Role.dispatcher]):
        for unit in _of(session, RecallUnit, row, state="to_do"):
            lost = {"attempts": "电话两次、上门一次", "explanation": "科室搬迁时报废，医院出具报废证明"}
            perform(unit, "give_up", values=lost)
    with acting_as(cast.actors[Role.quality]):
        perform(row, "draw_sample", values={"sample_size": min(5, row.unit_count)})
        for unit in _of(session, RecallUnit, row, is_sampled=True):
            change(session, unit, {"check_result": CheckResult.effective, "check_note": "现场核对软件版本和报警音量"})
        perform(row, "complete")
        change(session, row, {"summary": "清单产品均有结果，抽查全部有效，达到预期。", "improvement": "发布前增加断电恢复测试。"})
    yield moment + timedelta(days=24)
    _hand_in(session, cast, row, (SubmissionKind.summary,))
    with acting_as(cast.actors[Role.manager]):
        perform(row, "close")


def _rehearsed(session: Session, cast: Cast, devices: list[Device], moment: datetime) -> Story:
    yield moment
    facts = {
        "subject": "年度模拟召回：电源模块批次", "source": RecallSource.other, "source_text": "年度演练计划", "is_mock": True,
        "mock_target_minutes": 120, "defect_text": "假定电源模块电容失效", "handling": Handling.replacement, "cause_brief": "假定的缺陷",
        "instructions": "假定更换电源模块。",
    }  # fmt: skip
    row = _drafted(session, cast, devices, facts)
    yield moment + timedelta(minutes=35)
    _propose(cast, row)
    yield moment + timedelta(minutes=50)
    _decide(cast, row)
    with acting_as(cast.actors[Role.intake]):
        for notice in _of(session, RecallNotice, row):
            perform(notice, "send")
            said = {"confirmed_name": "模拟", "confirmed_how": "桌面推演", "found_count": notice.unit_count, "answer": None}
            perform(notice, "confirm", values=said)
    yield moment + timedelta(hours=5)
    _treat(session, cast, row, UnitAction.inspected, "已核对所在位置", leave=2)
    with acting_as(cast.actors[Role.quality]):
        perform(row, "complete")
        found = "两台设备在限定时间内未核实到所在科室。"
        change(session, row, {"summary": found, "improvement": "更新设备科室信息，下次演练复核。"})
    with acting_as(cast.actors[Role.manager]):
        perform(row, "close")


def _running(session: Session, cast: Cast, devices: list[Device], moment: datetime) -> Story:
    yield moment
    facts = {
        "subject": "压力传感器批次零点漂移", "source": RecallSource.signal, "source_text": "同批次维修换件率高于预期，见趋势分析",
        "defect_text": "传感器零点漂移超出允许范围", "handling": Handling.replacement, "further_handling": Handling.inspection,
        "cause_brief": "供应商工艺变更使一批压力传感器零点漂移", "instructions": "工程师上门检测并更换传感器，检测合格后恢复使用。",
    }  # fmt: skip
    row = _proposed(session, cast, devices, facts)
    yield moment + timedelta(hours=2)
    _decide(cast, row)
    _hand_in(session, cast, row, (SubmissionKind.event_form, SubmissionKind.announcement))
    yield moment + timedelta(hours=4)
    with acting_as(cast.actors[Role.intake]):
        for place, notice in enumerate(_of(session, RecallNotice, row)):
            perform(notice, "send", values={"way": NoticeWay.telephone if place % 3 == 0 else NoticeWay.letter})
    yield moment + timedelta(days=1, hours=2)
    with acting_as(cast.actors[Role.intake]):
        for place, notice in enumerate(_of(session, RecallNotice, row)):
            if place % 3 == 2:
                perform(notice, "remind")
            else:
                said = {"confirmed_name": "设备科李老师", "confirmed_how": "签收单", "found_count": notice.unit_count, "answer": None}
                perform(notice, "confirm", values=said)
    yield moment + timedelta(days=1, hours=8)
    _treat(session, cast, row, UnitAction.exchanged, "已更换压力传感器，检测合格", leave=row.unit_count * 2 // 3)


def _treat(session: Session, cast: Cast, row: Recall, measure: UnitAction, result: str, leave: int) -> None:
    with acting_as(cast.actors[Role.technical_support]):
        waiting = _of(session, RecallUnit, row, state="to_do")
        for unit in waiting[: len(waiting) - leave]:
            perform(unit, "treat", values={"measure": measure, "result": result, "agreement": None})


def _hand_in(session: Session, cast: Cast, row: Recall, kinds: tuple[SubmissionKind, ...]) -> None:
    with acting_as(cast.actors[Role.regulatory]):
        for place, form in enumerate(_of(session, RecallSubmission, row, state="to_send")):
            if form.kind in kinds:
                how = "网站召回专栏" if form.kind is SubmissionKind.announcement else "监管部门网上系统"
                perform(form, "send", values={"sent_how": how, "recipient_name": AUTHORITIES[form.recipient]})
                if form.kind is not SubmissionKind.announcement:
                    perform(form, "acknowledge", values={"receipt_no": f"受理 {row.number[-4:]}-{place + 1}"})


def _of(session: Session, cls: Any, row: Recall, **wanted: Any) -> list[Any]:
    return list(session.scalars(select(cls).filter_by(recall_id=row.id, **wanted).order_by(cls.id)))
