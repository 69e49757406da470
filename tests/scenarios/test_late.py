"""What was captured without a network and sent later: taken once, within bounds, settled by when it happened, nothing written over."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from aftersales.extensions import db
from aftersales.jobs.passes import clean
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import alert_due
from aftersales.record.attachments import Attachment
from aftersales.record.audit import AuditEntry
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.late import ReceivedEntry
from aftersales.record.notices import Notice
from aftersales.roles import Role
from aftersales.service.lines import Measurement
from aftersales.service.order import ServiceOrder
from tests.api.caller import Caller
from tests.scenarios.dispatched import dispatched_order
from tests.scenarios.person import Visitor
from tests.world import MONDAY, OWN, sign_in, specimen

CAPTURED, SENT = MONDAY + timedelta(minutes=12), MONDAY + timedelta(hours=5)


@pytest.fixture
def order_id(app: Flask) -> int:
    return dispatched_order(app)


@pytest.fixture
def engineer(app: Flask) -> FlaskClient:
    with server_time.at(SENT):
        return sign_in(app, Role.engineer)


def send(client: FlaskClient, path: str, data: dict[str, Any], *, key: str = "entry-0001") -> TestResponse:
    """One entry as the queue sends it, at SENT."""
    headers = {"Idempotency-Key": key, "Captured-At": CAPTURED.isoformat()}
    with server_time.at(SENT):
        return client.post(path, data=data, headers=headers)


def respond_clock(order_id: int) -> ClockRun:
    order = db.session.get_one(ServiceOrder, order_id)
    return next(run for run in runs_of(db.session, order) if run.milestone == "respond")


def photo() -> tuple[io.BytesIO, str]:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "steelblue").save(file, "JPEG")
    return io.BytesIO(file.getvalue()), "alarm.jpg"


def test_a_clock_is_met_by_when_it_was_captured_and_both_times_stay(app: Flask, order_id: int, engineer: FlaskClient) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(SENT - timedelta(hours=1)):
        assert respond_clock(order_id).state == "missed"
        alert_due(db.session)
        told = db.session.scalars(select(Notice.id).where(Notice.url.contains(f"/service_order/show/{order_id}"))).all()
    assert told
    answer = send(engineer, f"/service_order/{order_id}/perform/accept", {"version": "2"})
    assert (answer.status_code, answer.json["done"]) == (200, True), answer.json
    assert answer.json["record"] == f"service_order/{order_id}"
    assert answer.json["before"] < answer.json["version"]
    with app.app_context(), acting_as(SYSTEM), server_time.at(SENT):
        order, run = db.session.get_one(ServiceOrder, order_id), respond_clock(order_id)
        assert (order.responded_at, order.changed_at) == (CAPTURED, SENT)
        assert (run.state, run.met_at, run.sent_at) == ("met", CAPTURED, SENT)
        chosen = select(AuditEntry).where(AuditEntry.record_id == order_id, AuditEntry.action == "accept")
        entry = db.session.scalars(chosen).one()
        assert (entry.at, entry.captured_at) == (SENT, CAPTURED)
        assert set(told) <= set(db.session.scalars(select(Notice.id)))
    mark = "采集于 2026-11-16 09:12（离线），发送于 2026-11-16 14:00"
    with server_time.at(SENT):
        page = Visitor(engineer).open(f"/service_order/show/{order_id}")
        auditor = Visitor.signed_in(app, Role.inspector).open("/trail/?late=1")
    assert page.text.count(mark) >= 3  # the clock's card, its explanation, the story
    assert mark in auditor.text
    assert auditor.text.count("#") == 1


def test_an_entry_that_arrives_twice_is_taken_once(app: Flask, order_id: int, engineer: FlaskClient) -> None:
    path = f"/service_order/{order_id}/attach"
    first, again = (send(engineer, path, {"purpose": "photo", "files": photo()}) for _time in range(2))
    assert [first.json["done"], again.json["done"]] == [True, True]
    with server_time.at(SENT):  # the page's own form, whose answer got lost before the queue took it over
        lost = engineer.post(path, data={"purpose": "photo", "files": photo(), "entry_key": "entry-0001"})
        other = engineer.post(path, data={"purpose": "photo", "files": photo(), "entry_key": "entry-0002"})
    assert (lost.status_code, other.status_code) == (302, 302)
    with app.app_context(), acting_as(SYSTEM):
        count = len(db.session.scalars(select(Attachment).where(Attachment.record_id == order_id, Attachment.kind == "ServiceOrder")).all())
    assert count == 2


def test_keys_are_forgotten_after_ninety_days(app: Flask, order_id: int, engineer: FlaskClient) -> None:
    send(engineer, f"/service_order/{order_id}/perform/accept", {})
    for days, left in ((89, 1), (91, 0)):
        with app.app_context(), acting_as(SYSTEM), server_time.at(SENT + timedelta(days=days)):
            clean()
            assert len(db.session.scalars(select(ReceivedEntry)).all()) == left


def test_what_somebody_changed_meanwhile_is_not_written_over(app: Flask, engineer: FlaskClient) -> None:
    order_id = specimen(app, ServiceOrder, OWN)
    path = f"/service_order/edit/{order_id}"
    with server_time.at(MONDAY):
        mine = dict(Visitor.signed_in(app, Role.engineer).open(path).form(path).form_values()) | {"cause": "传感器漂移"}
    with app.app_context(), acting_as(SYSTEM), server_time.at(SENT - timedelta(hours=1)):
        order = db.session.get_one(ServiceOrder, order_id)
        order.cause = "主板老化"
        db.session.commit()
    answer = send(engineer, path, mine)
    assert answer.status_code == 409
    assert answer.json["differences"] == [["故障原因", "传感器漂移", "主板老化"]]
    assert [each["who"] for each in answer.json["meanwhile"]] == ["系统"]
    assert cause_of(app, order_id) == "主板老化"
    assert send(engineer, path, mine | answer.json["renew"]).json["done"]
    assert cause_of(app, order_id) == "传感器漂移"


def cause_of(app: Flask, order_id: int) -> str | None:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.get_one(ServiceOrder, order_id).cause


def test_a_value_that_somebody_measured_meanwhile_is_not_written_over(app: Flask, engineer: FlaskClient) -> None:
    order_id = specimen(app, ServiceOrder, OWN)
    with app.app_context(), acting_as(SYSTEM):
        (measured,) = db.session.scalars(select(Measurement).where(Measurement.order_id == order_id)).all()
        item, mark = measured.item_id, f"{measured.id}.{measured.version}"
    sheet = {f"item-{item}": "false", f"was-{item}": f"{mark}9"}
    answer = send(engineer, f"/service_order/{order_id}/test", sheet)
    assert (answer.status_code, answer.json["differences"]) == (409, [["高压报警", "不合格", "合格"]])
    assert answer.json["renew"] == {f"was-{item}": mark}
    assert send(engineer, f"/service_order/{order_id}/test", sheet | answer.json["renew"]).json["done"]
    with app.app_context(), acting_as(SYSTEM):
        again = db.session.scalars(select(Measurement).where(Measurement.order_id == order_id)).one()
        assert (again.is_passed, again.measured_at) == (False, CAPTURED)


@pytest.mark.parametrize(
    "captured",
    ["not a time", "2026-11-16T09:12:00", (SENT + timedelta(minutes=3)).isoformat(), (SENT - timedelta(days=8)).isoformat(),
     (MONDAY - timedelta(minutes=1)).isoformat()],
    ids=["no time", "no zone", "future", "too old", "before the last step"],
)  # fmt: skip
@pytest.mark.sqlite
def test_a_time_out_of_bounds_is_refused_in_words(app: Flask, order_id: int, engineer: FlaskClient, captured: str) -> None:
    with server_time.at(SENT):
        headers = {"Idempotency-Key": "entry-0001", "Captured-At": captured}
        answer = engineer.post(f"/service_order/{order_id}/perform/accept", data={}, headers=headers)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["captured_at"])
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.get_one(ServiceOrder, order_id).responded_at is None
        assert not db.session.scalars(select(ReceivedEntry)).all()


@pytest.mark.sqlite
def test_a_refused_entry_is_told_in_words_and_may_come_again(app: Flask, order_id: int, engineer: FlaskClient) -> None:
    early = send(engineer, f"/service_order/{order_id}/perform/arrive", {})
    assert early.status_code == 422
    assert "不能到达现场" in early.json["message"]
    send(engineer, f"/service_order/{order_id}/perform/accept", {}, key="entry-0002")
    assert send(engineer, f"/service_order/{order_id}/perform/arrive", {}).json["done"]
    part = send(engineer, f"/part_replaced/add?parent={order_id}", {"part_no": "VX"}, key="entry-0003")
    assert part.status_code == 422
    assert {"name", "reason"} <= set(part.json["errors"])


@pytest.mark.sqlite
def test_a_signature_by_password_is_not_captured(app: Flask) -> None:
    order_id = specimen(app, ServiceOrder, OWN)
    with server_time.at(SENT):
        quality = sign_in(app, Role.quality)
    answer = send(quality, f"/service_order/{order_id}/perform/close", {"review_opinion": "同意"})
    assert answer.status_code == 422


def test_the_api_takes_the_same_two_headers(app: Flask, order_id: int) -> None:
    with server_time.at(SENT):
        caller = Caller.named(app, Role.engineer)
        headers = {"Idempotency-Key": "entry-0009", "Captured-At": CAPTURED.isoformat()}
        first = call(caller, order_id, headers)
        again = call(caller, order_id, headers)
        history = caller.get(f"/service_order/{order_id}/history").json["result"]
    assert first.json["result"]["state"] == "accepted"
    assert (again.status_code, again.json["done"]) == (200, True)
    assert [entry["captured_at"] for entry in history if entry["action"] == "accept"] == ["2026-11-16T01:12:00Z"]


def call(caller: Caller, order_id: int, headers: dict[str, str]) -> TestResponse:
    return caller.post(f"/service_order/{order_id}/accept", {}, headers=dict(headers))
