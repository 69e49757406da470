"""Lists as people arrange them: columns, chips, ranges of days, kept views, and one transition for many records."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record import totals
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.arranging import ListView
from aftersales.record.audit import AuditEntry
from aftersales.record.choosing import columns_of
from aftersales.record.clocks import next_open
from aftersales.record.list_frame import counts
from aftersales.roles import Role
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from tests.api.caller import Caller
from tests.world import FOREIGN, MONDAY, OWN, sign_in, specimen


def heads(page: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', page)


def numbers(page: str) -> set[str]:
    return set(re.findall(r"SO-\w+-\d+-\d+", page.split("<tbody>")[-1])) if "<tbody>" in page else set()


def test_a_row_opens_also_where_its_first_column_is_empty(app: Flask) -> None:
    """The shipped plan is that of all models."""
    page = sign_in(app, Role.quality).get("/follow_up_plan/list/?columns=model,state").text
    assert '<a class="plain" href="/follow_up_plan/show/1">—</a>' in page


def test_a_name_is_told_in_both_languages_where_the_list_has_a_column_for_each(app: Flask) -> None:
    quality = sign_in(app, Role.quality)
    quality.get("/lang/en")
    page = quality.get("/event_term/list/").text
    assert "测量值偏差" in page
    assert "Measured values deviate" in page


def test_days_are_narrowed_to_what_lies_ahead_and_moments_are_not(app: Flask) -> None:
    client = sign_in(app, Role.quality)
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        device = db.session.get_one(Device, specimen(app, Device, OWN))
        device.warranty_until, device._audit_reason = server_time.today() + timedelta(days=29), "for the test"
        db.session.commit()
        number = device.number
    with server_time.at(MONDAY):
        page = client.get("/device/list/?warranty_until=next_30_days").text
        assert '<option value="next_30_days" selected>未来 30 天</option>' in page
        assert number in page
        assert number not in client.get("/device/list/?warranty_until=next_7_days").text
        assert "next_7_days" not in client.get("/service_order/list/").text
        assert Caller.named(app, "quality").get("/service_order/?reported_at=next_7_days").status_code == 422


def test_columns_follow_the_address_then_the_person_and_mask_personal_data(app: Flask) -> None:
    dispatcher = sign_in(app, Role.dispatcher)
    shipped = heads(dispatcher.get("/customer/list/").text)
    shared = dispatcher.get("/customer/list/?columns=contact_phone,name").text
    assert heads(shared) == [Customer.field_label("contact_phone", "zh"), Customer.field_label("name", "zh")]
    assert "139****2208" in shared
    assert "13900002208" not in shared
    assert dispatcher.post("/customer/list/arrange", data={"column": ["city", "name"], "move": "down:city"}).status_code == 302
    assert heads(dispatcher.get("/customer/list/").text) == [Customer.field_label("name", "zh"), Customer.field_label("city", "zh")]
    assert heads(sign_in(app, Role.quality).get("/customer/list/").text) == shipped, "one's columns are nobody else's"
    dispatcher.post("/customer/list/arrange", data={"reset": "1"})
    assert heads(dispatcher.get("/customer/list/").text) == shipped
    assert dispatcher.get("/customer/list/?columns=search_text").status_code == 422
    assert dispatcher.post("/customer/list/arrange", data={"size": "50"}).status_code == 302
    assert 'value="50" aria-current' in dispatcher.get("/customer/list/").text


def test_on_a_telephone_a_row_keeps_its_number_wherever_the_person_put_it(app: Flask) -> None:
    with app.test_request_context():
        columns = columns_of(ServiceOrder, ("state", "reported_at", "customer", "device", "number", "result"))
    assert [column.name for column in columns if column.is_minor] == ["reported_at", "result"]


def test_a_reference_is_shown_by_what_people_know_it_by(app: Flask) -> None:
    page = sign_in(app, Role.dispatcher).get("/service_order/list/").text
    assert re.search(r"治疗呼吸机 VX-90<small>HD-0001</small>", page)
    assert "DV-HD" not in page.split("<tbody>")[1]


def test_clock_chips_show_what_is_overdue_due_and_mine(app: Flask) -> None:
    order = specimen(app, ServiceOrder, OWN)
    dispatcher = sign_in(app, Role.dispatcher)
    with app.app_context(), acting_as(SYSTEM):
        number = db.session.scalars(select(ServiceOrder.number).where(ServiceOrder.id == order)).one()
        due = next_open(db.session, ServiceOrder, [order])[order].due_at
    with server_time.at(due - timedelta(minutes=1)):
        assert number not in numbers(dispatcher.get("/service_order/list/?clock=late").text)
        for clock in ("soon", "today"):
            assert number in numbers(dispatcher.get(f"/service_order/list/?clock={clock}&state=working,assigned,opened,accepted").text)
        assert number not in numbers(dispatcher.get("/service_order/list/?mine=1").text)
    with server_time.at(due + timedelta(minutes=1)):
        late = dispatcher.get("/service_order/list/?clock=late").text
        assert number in numbers(late)
        assert re.search(r'aria-current="true" class="late">已逾期<b>\d', late)
        assert number not in numbers(dispatcher.get("/service_order/list/?clock=none").text)
    assert dispatcher.get("/service_order/list/?clock=never").status_code == 422
    assert number in numbers(sign_in(app, Role.engineer).get("/service_order/list/?mine=1").text)


def test_a_range_of_days_holds_its_last_day_in_china(app: Flask) -> None:
    dispatcher = sign_in(app, Role.dispatcher)
    with server_time.at(MONDAY):
        whole = numbers(dispatcher.get("/service_order/list/").text)
        for span in ("reported_at_from=2026-11-16&reported_at_until=2026-11-16", "reported_at=today", "reported_at=this_quarter"):
            assert numbers(dispatcher.get(f"/service_order/list/?{span}").text) == whole, span
        assert not numbers(dispatcher.get("/service_order/list/?reported_at_until=2026-11-15").text)
    with server_time.at(MONDAY + timedelta(days=8)):
        assert not numbers(dispatcher.get("/service_order/list/?reported_at=7_days").text)
    assert dispatcher.get("/service_order/list/?reported_at_until=0001-01-01").status_code == 422


def test_a_count_is_left_out_where_it_would_read_the_table(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        assert counts(db.session, ServiceOrder, {"customer_id": "1"})["", ""] >= 0
        assert counts(db.session, ServiceOrder, {"result": "usable"}) == {} == counts(db.session, ServiceOrder, {"q": "呼吸"})


def test_a_count_whose_statement_is_kept_follows_the_clock_and_the_person(app: Flask) -> None:
    order = specimen(app, ServiceOrder, OWN)
    with app.app_context(), acting_as(SYSTEM):
        due = next_open(db.session, ServiceOrder, [order])[order].due_at
        before, after = (_counted(due + timedelta(minutes=minutes)) for minutes in (-1, 1))
        assert before["clock", "soon"] >= 1
        assert after["clock", "late"] > before["clock", "late"]
        assert after["mine", "1"] == 0, "the system is responsible for nothing"
        person = db.session.get_one(ServiceOrder, order).engineer.user_id
        mine = select(func.count()).where(ServiceOrder.engineer.has(user_id=person))
        with acting_as(replace(SYSTEM, user_id=person)):
            assert _counted(due)["mine", "1"] == db.session.scalars(mine).one() > 0


def _counted(moment: datetime) -> dict[tuple[str, str], int]:
    with server_time.at(moment):
        return counts(db.session, ServiceOrder, {})


def test_views_are_kept_shared_with_a_role_opened_first_and_audited(app: Flask) -> None:
    dispatcher, engineer = sign_in(app, Role.dispatcher), sign_in(app, Role.engineer)
    kept = {"do": "save", "name": "急件", "query": "fault_level=level_1&columns=number,state&evil=1", "shared_with": Role.engineer.value}
    assert dispatcher.post("/service_order/list/view", data=kept).status_code == 302
    with app.app_context(), acting_as(SYSTEM):
        view = db.session.scalars(select(ListView)).one()
        assert view.args == {"fault_level": "level_1", "columns": "number,state"}
        assert db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "ListView")).one().action == "create"
        view_id = view.id
    assert "急件" in engineer.get("/service_order/list/").text
    assert "急件" not in sign_in(app, Role.quality).get("/service_order/list/").text
    assert "急件" not in engineer.get("/service_request/list/").text
    for attempt in ({**kept, "name": "另一个"}, {**kept, "view": view_id}, {"do": "drop", "view": view_id}):
        engineer.post("/service_order/list/view", data=attempt)
    assert "急件" in engineer.get("/service_order/list/").text
    assert "另一个" not in engineer.get("/service_order/list/").text
    engineer.post("/service_order/list/view", data={"do": "open", "view": view_id})
    assert len(heads(engineer.get("/service_order/list/").text)) == 2 < len(heads(engineer.get("/service_order/list/?view=0").text))
    dispatcher.post("/service_order/list/view", data={"do": "save", "name": "自用", "query": "state=opened"})
    administrator = sign_in(app, Role.administrator)
    assert "自用" not in administrator.get("/service_order/list/").text
    assert administrator.post("/service_order/list/view", data={"do": "drop", "view": view_id}).status_code == 302
    assert len(heads(engineer.get("/service_order/list/").text)) > 2, "a view that is gone opens no list"


@pytest.fixture
def devices(app: Flask) -> list[int]:
    """Two in use, the second is banned already."""
    with app.app_context(), acting_as(SYSTEM):
        return list(db.session.scalars(select(Device.id).where(Device.serial_no.in_(("HD-0001", "HD-L1", "XN-0001"))).order_by(Device.id)))


def states(app: Flask, ids: list[int]) -> list[str]:
    with app.app_context(), acting_as(SYSTEM):
        return [db.session.get_one(Device, pk).state for pk in ids]


def test_many_records_move_each_on_its_own_and_what_was_refused_is_told(app: Flask, devices: list[int]) -> None:
    quality = sign_in(app, Role.quality)
    assert quality.post(f"/device/{devices[1]}/perform/ban", data={"reason": "先停"}).status_code == 302
    chosen = {"transition": "ban", "ids": devices}
    asked = quality.post("/device/bulk", data=chosen)
    assert asked.status_code == 200
    assert 'name="reason"' in asked.text
    assert quality.post("/device/bulk", data=chosen | {"go": "1"}).status_code == 422, "the reason is missing"
    assert states(app, devices) == ["in_use", "not_to_be_used", "in_use"]
    report = quality.post("/device/bulk", data=chosen | {"go": "1", "reason": "召回核查"}).text
    assert "完成 2 条，拒绝 1 条" in report
    assert f"/device/show/{devices[1]}" in report
    assert states(app, devices) == ["not_to_be_used"] * 3
    with app.app_context(), acting_as(SYSTEM):
        told = db.session.scalars(select(AuditEntry.reason).where(AuditEntry.kind == "Device", AuditEntry.action == "ban")).all()
    assert sorted(told) == sorted(["先停", "召回核查", "召回核查"])


def test_all_that_the_filter_finds_stays_within_region_and_right(app: Flask, devices: list[int]) -> None:
    engineer = sign_in(app, Role.engineer)
    everything = {"transition": "ban", "all": "1", "query": "state=in_use", "ids": devices}
    asked = engineer.post("/device/bulk", data=everything).text
    ids = [int(pk) for pk in re.findall(r'name="ids" value="(\d+)"', asked)]
    with app.app_context(), acting_as(SYSTEM):
        own = db.session.scalars(select(Device.id).where(Device.region_id == db.session.get_one(Device, devices[0]).region_id))
        assert set(ids) == set(own), "all of the region, not the device of the other"
    engineer.post("/device/bulk", data={"transition": "ban", "ids": devices, "go": "1", "reason": "试"})
    assert states(app, devices)[2] == "in_use"
    assert "签名" in sign_in(app, Role.quality).get("/service_order/list/").text, "why closing is not offered for many"
    refused = sign_in(app, Role.quality).post("/service_order/bulk", data={"transition": "close", "ids": "1"}, follow_redirects=True)
    assert "不能批量进行" in refused.text


def test_the_api_tells_of_each_record(app: Flask, devices: list[int]) -> None:
    quality = Caller.named(app, Role.quality)
    answer = quality.post("/device/bulk/ban", {"ids": [*devices, 10**9], "reason": "召回核查"})
    assert (answer.json["done"], answer.json["refused"]) == (3, 1)
    assert answer.json["result"][-1] | {"message": ""} == {
        "id": 10**9, "name": "", "done": False, "status": 404, "message": "", "errors": {"": [answer.json["result"][-1]["message"]]},
    }  # fmt: skip
    assert quality.post("/service_order/bulk/close", {"ids": [1]}).status_code == 422
    assert quality.post("/device/bulk/nothing", {"ids": [1]}).status_code == 404
    assert quality.post("/device/bulk/ban", {"ids": []}).status_code == 422
    assert Caller.named(app, Role.sales).post("/device/bulk/ban", {"ids": devices, "reason": "试"}).status_code == 403


def test_numbers_are_added_up_for_the_page_and_for_all_that_is_found(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    own, foreign = specimen(app, ServiceOrder, OWN), specimen(app, ServiceOrder, FOREIGN)
    with app.app_context(), acting_as(SYSTEM):
        for order_id, quantity, times in ((own, 2, 30), (foreign, 5000, 1)):
            order, part = db.session.get(ServiceOrder, order_id), {"name": "阀", "new_lot_no": "L1", "reason": "磨损", "quantity": quantity}
            db.session.add_all(PartReplaced(order=order, part_no=f"P{n}", **part) for n in range(times))
        db.session.commit()
    client = sign_in(app, Role.dispatcher)

    def foot(path: str) -> list[str]:
        return re.sub(r"<[^>]+>", " ", client.get(path).text.partition("<tfoot>")[2].partition("</tfoot>")[0]).split()

    assert foot("/part_replaced/list/") == ["本页合计", "5,048", "全部合计", "5,062"], "the two parts of the world and these"
    assert foot("/part_replaced/list/?q=VX-S04") == ["合计", "2"]
    assert foot("/part_replaced/list/?q=磨损") == []
    monkeypatch.setattr(totals, "MOST", 20)
    assert foot("/part_replaced/list/") == ["本页合计", "5,048"]
    assert foot("/part_replaced/list/?columns=name") == []
    client = sign_in(app, Role.engineer)
    assert foot("/part_replaced/list/") == ["本页合计", "50"], "of one's regions, which no index finds among rows inside records"


@pytest.mark.parametrize("kind", ["archive_entry", "service_order", "print_entry"])
def test_what_comes_into_being_by_itself_has_no_button_to_add_it(app: Flask, kind: str) -> None:
    chief = sign_in(app, Role.administrator)
    assert chief.get("/device/list/").text.count('href="/device/add"') == 1
    page = chief.get(f"/{kind}/list/").text
    assert f'href="/{kind}/add"' not in page
    assert f"/{kind}/import" not in page
