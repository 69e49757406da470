"""Signals of risk: a lot of pumps that is confirmed, a device that is called about again and again, smoke of this hour. Stories as in
`stories`; the signals are found by the program, at each call."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.customers.customer import Customer
from aftersales.demo.people import HOME, PASSWORD, Cast
from aftersales.demo.products import Kind
from aftersales.devices.device import Device
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import ActionKind, CapaSource, RiskGrade
from aftersales.labels import speaking
from aftersales.people.person import Person
from aftersales.portal.stranger import portal_actor
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.now import now, today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.request import Channel, Harm, ServiceRequest
from aftersales.signals.kinds import SignalKind, SignalOutcome
from aftersales.signals.looking import look_at_request
from aftersales.signals.signal import Signal

Story = Iterator[datetime]
LOTS, OF_A_LOT = "ABCDE", 5
BAD_LOT = (75, 68, 60, 51, 45)  # days ago
AGAIN = (40, 33, 25)
EASY = {"is_device_down": False, "is_treatment_affected": False, "has_alternative": True, "harm": Harm.no}
LOT_ASSESSMENT = (
    "同批次多台均为推注中断，退回 2 台复测：电池触点氧化，电阻增大。输注中断可能影响用药，风险不可接受；涉及该批次全部在用设备。"
)
AGAIN_ASSESSMENT = "三次报修均为夜间断电后开机自检报错；现场测得科室插座接触不良，设备本身检测合格。"
AGAIN_CLOSED = "原因在科室供电，与产品无关；已书面告知设备科更换插座，更换后两周无再发。"


def warn(
    session: Session, cast: Cast, pumps: Kind, customers: Sequence[Customer], spared: Sequence[Device], present: datetime
) -> list[Story]:  # fmt: skip
    at_home = [customer for customer in customers if customer.region_id == cast.regions[HOME].id]
    return [
        _bad_lot(session, cast, pumps, at_home, present),
        _called_again(session, cast, spared[0], present),
        _smoke(session, spared[1], present - timedelta(minutes=40)),
    ]


def _bad_lot(session: Session, cast: Cast, pumps: Kind, customers: Sequence[Customer], present: datetime) -> Story:
    yield present - timedelta(days=170)
    with acting_as(cast.actors[Role.administrator]):
        devices = [create(session, Device, unit) for unit in _delivered(pumps, customers)]
    for days, device in zip(BAD_LOT, devices, strict=False):
        yield present - timedelta(days=days)
        for signal in _call(session, cast, device, "推注中断报警，按确认键后可继续，半小时后再次出现"):
            if signal.kind is SignalKind.batch:
                yield from _confirm(session, cast, signal, present)


def _confirm(session: Session, cast: Cast, signal: Signal, present: datetime) -> Story:
    yield now() + timedelta(hours=20)
    with acting_as(cast.actors[Role.complaint_officer]):
        perform(signal, "assess")
    yield now() + timedelta(days=1)
    with acting_as(cast.actors[Role.complaint_officer]):
        perform(signal, "confirm", values={"assessment": LOT_ASSESSMENT, "outcome": SignalOutcome.capa})
        doer = session.scalars(select(Person).where(Person.user_id == cast.actors[Role.technical_support].user_id)).one()
        told = {
            "title": f"{signal.subject} 电池触点氧化",
            "problem": LOT_ASSESSMENT,
            "risk_grade": RiskGrade.high,
            "region_id": doer.region_id,
        }
        said = {"risk": "输注中断", "containment": "停用并隔离同批库存，通知科室备用泵", "cause": "触点镀层厚度不足"}
        action = create(session, CorrectiveAction, told | said | {"source": CapaSource.signal, "signal": signal})
        row = {"kind": ActionKind.corrective, "measure": "更换该批次在用设备的电池组件", "assignee": doer}
        create(session, CapaAction, row | {"due_on": max(today() + timedelta(days=60), present.date()), "corrective_action": action})
        perform(action, "submit")


def _delivered(pumps: Kind, customers: Sequence[Customer]) -> Iterator[dict[str, Any]]:
    """Five lots of five, at the hospitals in turn."""
    model, made = pumps.models[0], today() - timedelta(days=40)
    for place in range(len(LOTS) * OF_A_LOT):
        lot, customer = f"{made:%y%m}{LOTS[place // OF_A_LOT]}", customers[place % len(customers)]
        serial = f"{pumps.facts['serial']}{lot}{place % OF_A_LOT + 1:02d}"
        yield {
            "region_id": customer.region_id, "model": model, "serial_no": serial, "lot_no": lot, "customer": customer,
            "department": pumps.facts["places"][0], "udi": f"(01){model.udi_di}(11){made:%y%m%d}(10){lot}(21){serial}", "made_on": made,
            "installed_on": today(), "warranty_until": today() + timedelta(days=730),
        }  # fmt: skip


def _called_again(session: Session, cast: Cast, device: Device, present: datetime) -> Story:
    found: list[Signal] = []
    for days in AGAIN:
        yield present - timedelta(days=days)
        found += _call(session, cast, device, "夜间开机自检报错，重启后正常")
    for signal in found:
        yield now() + timedelta(hours=18)
        with acting_as(cast.actors[Role.complaint_officer]):
            perform(signal, "assess")
            change(session, signal, {"assessment": AGAIN_ASSESSMENT})
        yield now() + timedelta(days=15)
        with acting_as(cast.actors[Role.quality]):
            perform(signal, "close", values={"closing_reason": AGAIN_CLOSED}, password=PASSWORD)


def _smoke(session: Session, device: Device, moment: datetime) -> Story:
    yield moment
    told = {"channel": Channel.qr, "fault_text": "开机后机箱后部冒烟，已断电，未接患者", "harm": Harm.not_sure}
    _take(session, portal_actor(device.region_id), device, told)


def _call(session: Session, cast: Cast, device: Device, words: str) -> list[Signal]:
    """A call that is solved by telephone."""
    intake = cast.actors[Role.intake]
    request, found = _take(session, intake, device, EASY | {"channel": Channel.hotline, "fault_text": words})
    with acting_as(intake):
        perform(request, "register")
    with acting_as(cast.actors[Role.technical_support]):
        perform(request, "solve_remotely", values={"remote_solution": "已电话指导重启并更换电源线；机器继续观察"})
    return found


def _take(session: Session, actor: Actor, device: Device, told: dict[str, Any]) -> tuple[ServiceRequest, list[Signal]]:
    caller = device.customer.contacts[0]
    values = {"received_at": now(), "device": device, "caller_name": caller.name, "caller_phone": caller.phone}
    with acting_as(actor):
        request = create(session, ServiceRequest, values | told)
    with acting_as(SYSTEM), speaking("zh"):
        return request, look_at_request(session, request)
