"""Several hands at the same moment, each in a thread of its own with real transactions: nothing is lost, nothing lands elsewhere."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import verify, verify_records
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, Harm, ServiceRequest
from tests.api.caller import Caller
from tests.portal.repair import repair
from tests.world import MONDAY

pytestmark = pytest.mark.postgres
HANDS = 4
CALL = {
    "channel": "hotline", "received_at": "2026-11-16T09:00:00+08:00", "fault_text": "屏幕不亮", "is_device_down": False,
    "is_treatment_affected": False, "has_alternative": True, "harm": "no",
}  # fmt: skip


def at_once(work: Callable[[int], Any], hands: int = HANDS) -> list[Any]:
    """work(0), work(1), … each in a thread, all let go at one moment; what each returned."""
    gate = threading.Barrier(hands)

    def hand(number: int) -> Any:
        gate.wait(20)
        return work(number)

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(hand, range(hands)))


@contextmanager
def looking(app: Flask) -> Iterator[None]:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=1)):
        yield
        db.session.remove()


def test_of_two_changes_to_one_record_one_wins_and_the_other_is_told(app: Flask) -> None:
    engineer, order = Caller.named(app, Role.engineer), repair(app).order_id
    seen = engineer.get(f"/service_order/{order}").json["result"]["version"]
    told = at_once(lambda number: engineer.put(f"/service_order/{order}", {"version": seen, "cause": f"原因{number}"}), 2)
    assert sorted(answer.status_code for answer in told) == [200, 409]
    (winner,) = [number for number, answer in enumerate(told) if answer.status_code == 200]
    (refused,) = [answer for answer in told if answer.status_code == 409]
    assert refused.json["message"]
    assert engineer.get(f"/service_order/{order}").json["result"]["sections"]["diagnosis"]["cause"] == f"原因{winner}"
    with looking(app):
        assert [*verify(db.session, app.extensions["audit"]), *verify_records(db.session, [ServiceOrder])] == []


def test_a_move_made_twice_at_one_moment_is_made_once(app: Flask) -> None:
    dispatcher, order = Caller.named(app, Role.dispatcher), repair(app).order_id
    told = at_once(lambda _number: dispatcher.post(f"/service_order/{order}/cancel", {"reason": "重复报修"}))
    assert sorted(answer.status_code for answer in told)[0] == 200
    assert {answer.status_code for answer in told} <= {200, 409, 422}
    assert [answer.status_code for answer in told].count(200) == 1
    story = dispatcher.get(f"/service_order/{order}/history").json["result"]
    assert [entry["action"] for entry in story].count("cancel") == 1


def test_lines_added_to_different_orders_at_once_land_each_in_its_own(app: Flask) -> None:
    engineer, orders = Caller.named(app, Role.engineer), open_orders(app)

    def add(number: int) -> list[int]:
        part = {"order_id": orders[number], "part_no": f"P{number}", "new_lot_no": f"L{number}", "reason": "磨损"}
        return [engineer.post("/part_replaced/", part | {"name": f"件{step}"}).status_code for step in range(6)]

    assert at_once(add) == [[201] * 6] * HANDS
    with looking(app):
        for number, order in enumerate(orders):
            rows = db.session.scalars(select(PartReplaced).where(PartReplaced.order_id == order, PartReplaced.part_no.like("P%"))).all()
            assert [(row.part_no, row.new_lot_no) for row in rows] == [(f"P{number}", f"L{number}")] * 6
        assert [*verify(db.session, app.extensions["audit"]), *verify_records(db.session, [ServiceOrder, PartReplaced])] == []


def test_lines_added_to_one_order_at_once_are_all_there(app: Flask) -> None:
    engineer, order = Caller.named(app, Role.engineer), repair(app).order_id
    part = {"order_id": order, "name": "件", "new_lot_no": "L", "reason": "磨损"}
    told = at_once(lambda number: engineer.post("/part_replaced/", part | {"part_no": f"P{number}"}).status_code)
    assert told == [201] * HANDS
    with looking(app):
        rows = db.session.scalars(select(PartReplaced.part_no).where(PartReplaced.order_id == order, PartReplaced.part_no.like("P%")))
        assert sorted(rows) == [f"P{number}" for number in range(HANDS)]
        assert [*verify(db.session, app.extensions["audit"]), *verify_records(db.session, [ServiceOrder, PartReplaced])] == []


def test_requests_registered_at_once_get_different_numbers_without_a_gap(app: Flask) -> None:
    intake = Caller.named(app, Role.intake)
    with looking(app):
        device = db.session.scalars(select(Device).where(Device.serial_no == "HD-0001")).one()
        call = CALL | {"device_id": device.id, "region_id": device.region_id}

    def register(_number: int) -> str:
        request = intake.post("/service_request/", call).json["result"]
        for move in ("register", "order"):
            moved = intake.post(f"/service_request/{request['id']}/{move}", {})
            assert moved.status_code == 200, moved.json
        return request["number"]

    assert sorted(at_once(register)) == [f"SR-HD-2026-{number:06d}" for number in range(2, 2 + HANDS)]
    with looking(app):
        numbers = db.session.scalars(select(ServiceOrder.number).where(ServiceOrder.number.like("SO-HD-%")).order_by(ServiceOrder.number))
        assert list(numbers) == [f"SO-HD-2026-{number:06d}" for number in range(1, 2 + HANDS)]


def open_orders(app: Flask) -> list[int]:
    """Orders the engineer works on, beside the one of the world."""
    with looking(app):
        first = db.session.get(ServiceOrder, repair(app).order_id)
        orders = []
        for _number in range(HANDS):
            answers = {"is_device_down": False, "is_treatment_affected": False, "has_alternative": True, "harm": Harm.no}
            facts = {"channel": Channel.hotline, "received_at": MONDAY, "fault_text": "屏幕不亮", "device": first.device}
            request = create(db.session, ServiceRequest, facts | answers)
            perform(request, "register")
            perform(request, "order")
            perform(request.order, "assign", values={"engineer_id": first.engineer_id})
            perform(request.order, "accept")
            perform(request.order, "arrive")
            orders.append(request.order.id)
        db.session.commit()
        return orders
