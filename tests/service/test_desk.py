"""The desks, as people use them: every step through HTTP, on both engines, refusals included."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, has_app_context
from sqlalchemy import event, select

from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.extensions import db
from aftersales.people.absence import Absence
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.clocks import ClockRun
from aftersales.record.now import now
from aftersales.record.saving import change
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.service.deviation import Deviation
from aftersales.service.lines import Measurement
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, ServiceRequest
from aftersales.service.standing import Waiting
from aftersales.vigilance.assessment import VigilanceAssessment
from tests.world import MONDAY, sign_in

MOST_STATEMENTS = 15
CALL = {
    "channel": "hotline", "received_at": "2026-11-16T09:05", "caller_name": "钱护士", "caller_phone": "13900001111",
    "fault_text": "高压报警反复",
    "is_device_down": "true", "is_treatment_affected": "true", "has_alternative": "false", "harm": "not_sure",
}  # fmt: skip


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with server_time.at(MONDAY + timedelta(minutes=10)):
        yield


@contextmanager
def looking(app: Flask) -> Iterator[None]:
    """A look into the database beneath the pages. One within another is the same look: on SQLite two would wait for each other."""
    if has_app_context():
        yield
        return
    with app.app_context(), acting_as(SYSTEM):
        yield


def device_id(app: Flask, serial: str = "HD-0001") -> int:
    with looking(app):
        return db.session.scalars(select(Device.id).where(Device.serial_no == serial)).one()


def person_id(app: Flask, username: str) -> int:
    with looking(app):
        return db.session.scalars(select(Person.id).join(Account, Account.id == Person.user_id).where(Account.username == username)).one()


def order_id(app: Flask, code: str = "HD") -> int:
    with looking(app):
        return db.session.scalars(
            select(ServiceOrder.id).where(ServiceOrder.number.like(f"SO-{code}-%")).order_by(ServiceOrder.id).limit(1)
        ).one()


def new_order(app: Flask) -> int:
    """A call taken and its order opened, nobody sent yet."""
    answer = sign_in(app, Role.intake).post("/intake/", data=CALL | {"device_id": device_id(app), "do": "order"})
    assert answer.status_code == 302, text_of(answer)
    with looking(app):
        return db.session.scalars(select(ServiceOrder.id).order_by(ServiceOrder.id.desc()).limit(1)).one()


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


# -- intake --


def test_a_call_becomes_a_registered_request_and_an_order_in_one_form(app: Flask) -> None:
    client = sign_in(app, Role.intake)
    answer = client.post("/intake/", data=CALL | {"device_id": device_id(app), "do": "order"})
    assert answer.status_code == 302
    page = client.get(answer.location)
    with looking(app):
        taken = db.session.scalars(select(ServiceRequest).order_by(ServiceRequest.id.desc()).limit(1)).one()
        assert (taken.state, taken.fault_level, taken.customer.name) == ("ordered", "level_1", "华东仁安医院")
        assert taken.order.number in text_of(page)
        assert f"/t/{taken.progress_token}" in page.get_data(as_text=True)
        assert {run.milestone for run in db.session.scalars(select(ClockRun).where(ClockRun.hangs_on(taken.order)))} >= {
            "respond",
            "on_site",
            "resolve",
        }


def test_possible_harm_is_always_asked_and_goes_to_vigilance(app: Flask) -> None:
    client = sign_in(app, Role.intake)
    unanswered = {name: value for name, value in CALL.items() if name != "harm"} | {"device_id": device_id(app), "do": "register"}
    answer = client.post("/intake/", data=unanswered)
    assert answer.status_code == 422
    assert 'name="harm" value="no" checked' not in answer.get_data(as_text=True)
    with looking(app):
        before = db.session.query(VigilanceAssessment).count()
    assert client.post("/intake/", data=unanswered | {"harm": "not_sure"}).status_code == 302
    with looking(app):
        assert db.session.query(VigilanceAssessment).count() == before + 1


def test_what_is_missing_is_told_at_once_and_nothing_is_stored(app: Flask) -> None:
    with looking(app):
        before = db.session.query(ServiceRequest).count()
    answer = sign_in(app, Role.intake).post("/intake/", data={"channel": "hotline", "received_at": "2026-11-16T09:05", "do": "register"})
    assert answer.status_code == 422
    assert answer.get_data(as_text=True).count('class="error"') >= 6
    with looking(app):
        assert db.session.query(ServiceRequest).count() == before


def test_a_scanned_code_finds_the_device_and_tells_its_deadlines_before_sending(app: Flask) -> None:
    """The code as a scanner types it: product, then serial number."""
    client = sign_in(app, Role.intake)
    answer = client.post("/intake/", data=CALL | {"code": "HD-0001", "do": "look"})
    text = text_of(answer)
    assert answer.status_code == 200
    assert f'value="{device_id(app)}"' in answer.get_data(as_text=True)
    assert "HT-HD-7" in text
    assert "2027-03-01" in text
    assert "2026-11-16 10:05" in text  # one hour for a device of high risk
    assert "钱护士" in answer.get_data(as_text=True)


def test_enter_after_a_scan_looks_and_never_registers(app: Flask) -> None:
    """The first button of a form is what Enter presses; with required fields still empty it must not be held back."""
    page = sign_in(app, Role.intake).get("/intake/").get_data(as_text=True)
    form = page[page.index('id="intake"') :]
    first = re.search(r"<button[^>]*name=\"do\"[^>]*>", form)
    assert first is not None
    assert 'value="look"' in first[0]
    assert "formnovalidate" in first[0]


def test_a_code_with_a_wrong_check_digit_is_refused_in_words(app: Flask) -> None:
    answer = sign_in(app, Role.intake).post("/intake/", data=CALL | {"code": "(01)06901234567890(21)HD-0001", "do": "look"})
    assert "06901234567890" in text_of(answer)
    assert 'role="alert"' in answer.get_data(as_text=True)


def test_a_call_about_an_unknown_device_is_kept_in_the_callers_words(app: Flask) -> None:
    client = sign_in(app, Role.intake)
    words = {
        "channel": "hotline",
        "received_at": "2026-11-16T09:05",
        "fault_text": "不开机",
        "product_text": "蓝色的泵",
        "customer_text": "某诊所",
    }
    assert client.post("/intake/", data=words | {"do": "keep"}).status_code == 302
    with looking(app):
        kept = db.session.scalars(select(ServiceRequest).order_by(ServiceRequest.id.desc()).limit(1)).one()
        assert (kept.state, kept.product_text, kept.device_id) == ("received", "蓝色的泵", None)
        number = kept.number
    assert number in text_of(client.get("/intake/"))


def test_a_report_of_the_portal_is_registered_from_the_queue(app: Flask) -> None:
    with looking(app):
        device = db.session.get(Device, device_id(app))
        waiting = ServiceRequest(
            channel=Channel.qr,
            received_at=now() - timedelta(minutes=4),
            device=device,
            fault_text="扫码报修",
            caller_name="周护士",
            region_id=device.region_id,
        )
        db.session.add(waiting)
        db.session.flush()
        waiting.on_create()
        db.session.commit()
        pk = waiting.id
    client = sign_in(app, Role.intake)
    page = client.get(f"/intake/?request={pk}").get_data(as_text=True)
    assert "扫码报修" in page
    assert "周护士" in page
    answer = client.post(
        "/intake/",
        data=CALL | {"channel": "qr", "received_at": "2026-11-16T09:06", "device_id": device_id(app), "request": pk, "do": "register"},
    )
    assert answer.status_code == 302
    with looking(app):
        assert db.session.get(ServiceRequest, pk).state == "registered"
    assert client.get(f"/intake/?request={pk}").status_code == 302  # it is registered already


def test_another_level_than_the_answers_give_needs_a_reason(app: Flask) -> None:
    data = CALL | {"device_id": device_id(app), "fault_level": "level_3", "do": "register"}
    client = sign_in(app, Role.intake)
    assert client.post("/intake/", data=data).status_code == 422
    assert client.post("/intake/", data=data | {"fault_level_reason": "已有备用机到位"}).status_code == 302


def test_a_call_of_the_future_is_refused(app: Flask) -> None:
    data = CALL | {"device_id": device_id(app), "received_at": "2026-11-17T09:00", "do": "register"}
    assert sign_in(app, Role.intake).post("/intake/", data=data).status_code == 422


@pytest.mark.parametrize("role", [Role.engineer, Role.inspector, Role.quality])
def test_the_intake_desk_is_shut_to_those_who_do_not_register(app: Flask, role: Role) -> None:
    client = sign_in(app, role)
    assert client.get("/intake/").status_code == 403
    assert client.post("/intake/", data=CALL).status_code == 403


def test_strangers_find_no_desk_open(app: Flask) -> None:
    client = app.test_client()
    for url in ("/intake/", "/dispatch/", "/search?q=x", f"/service_order/{order_id(app)}/test"):
        assert client.get(url).status_code == 302, url
    assert client.post("/dispatch/assign").status_code == 302


# -- dispatch --


def test_the_board_shows_what_is_due_next_first(app: Flask) -> None:
    new_order(app)
    page = sign_in(app, Role.dispatcher).get("/dispatch/").get_data(as_text=True)
    due = re.findall(r'data-due="([^"]+)"', page)
    assert len(due) >= 3
    assert due == sorted(due)


def test_the_qualified_may_be_chosen_and_the_others_say_why_not(app: Flask) -> None:
    page = sign_in(app, Role.dispatcher).get(f"/dispatch/?order={new_order(app)}").get_data(as_text=True)
    fit = re.search(rf'name="engineer_id" value="{person_id(app, "engineer")}"([^>]*)>', page)
    far = re.search(rf'name="engineer_id" value="{person_id(app, "far_engineer")}"([^>]*)>', page)
    assert fit
    assert "disabled" not in fit[1]
    assert far
    assert "disabled" in far[1]


def test_the_people_are_shown_with_what_they_have_in_hand_and_until_when_they_are_away(app: Flask) -> None:
    with looking(app):
        day = MONDAY.date()
        order = db.session.get(ServiceOrder, order_id(app))
        order.planned_at = MONDAY + timedelta(hours=6)
        order.engineer.absences = [Absence(region_id=order.region_id, first_day=day, last_day=day + timedelta(days=3))]
        db.session.commit()
    client = sign_in(app, Role.dispatcher)
    shown = {url: mate_of(app, client.get(url), "engineer") for url in ("/dispatch/", f"/dispatch/?order={new_order(app)}")}
    for text in shown.values():
        assert "休假至 2026-11-19" in text
        assert "今日 1 · 本周 1" in text
    assert f'data-person="{person_id(app, "far_engineer")}"' not in client.get("/dispatch/?region_id=2").get_data(as_text=True)


def mate_of(app: Flask, answer: Any, username: str) -> str:
    page = answer.get_data(as_text=True)
    start = page.index(f'data-person="{person_id(app, username)}"')
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[start : page.index("</li>", start)]))


def test_a_drop_onto_somebody_unqualified_tells_why_at_the_order_and_changes_nothing(app: Flask) -> None:
    pk, untrained = new_order(app), person_id(app, "untrained")
    with looking(app):  # whoever is qualified for something else is shown, with the reason
        family = DeviceFamily(code="08-99", name="雾化器")
        days = {"valid_from": MONDAY.date(), "valid_until": MONDAY.date(), "effect_confirmed_on": MONDAY.date()}
        held = Qualification(person_id=untrained, region_id=2, family=family, work=Work.repair, **days)
        db.session.add_all([family, held])
        db.session.commit()
    page = sign_in(app, Role.dispatcher).get(f"/dispatch/?order={pk}&engineer_id={untrained}").get_data(as_text=True)
    row = page[page.index(f'data-order="{pk}"') :]
    assert "没有治疗呼吸机" in re.sub(r"<[^>]+>", "", row[: row.index("</tr>")])
    with looking(app):
        assert db.session.get(ServiceOrder, pk).engineer_id is None


def test_an_order_waits_for_something_and_is_found_by_it(app: Flask) -> None:
    pk = order_id(app)
    with looking(app):
        change(db.session, db.session.get(ServiceOrder, pk), {"waiting_for": Waiting.parts, "waiting_note": "流量传感器"})
        db.session.commit()
    client = sign_in(app, Role.dispatcher)
    found = client.get("/dispatch/?why=parts").get_data(as_text=True)
    assert re.findall(r'data-order="(\d+)"', found) == [str(pk)]
    assert "流量传感器" in found
    assert f'data-order="{pk}"' not in client.get("/dispatch/?why=repairing").get_data(as_text=True)


def test_a_dispatcher_sends_a_qualified_engineer(app: Flask) -> None:
    pk = new_order(app)
    client = sign_in(app, Role.dispatcher)
    assert client.post(f"/dispatch/{pk}/assign", data={"engineer_id": person_id(app, "engineer")}).status_code == 302
    with looking(app):
        order = db.session.get(ServiceOrder, pk)
        assert (order.state, order.engineer_id) == ("assigned", person_id(app, "engineer"))


def test_an_unqualified_engineer_is_refused_in_words_by_page_and_in_bulk(app: Flask) -> None:
    pk, untrained = new_order(app), person_id(app, "untrained")
    client = sign_in(app, Role.dispatcher)
    answer = client.post(f"/dispatch/{pk}/assign", data={"engineer_id": untrained})
    assert answer.status_code == 422
    assert "华东untrained" in text_of(answer)
    report = client.post("/dispatch/assign", data={"orders": [pk], "engineer_id": untrained})
    assert report.status_code == 200
    assert "华东untrained" in text_of(report)
    with looking(app):
        assert db.session.get(ServiceOrder, pk).state == "opened"


def test_a_bulk_assignment_does_what_it_can_and_tells_the_rest(app: Flask) -> None:
    """The first is new; the second is being worked on and asks for a reason that was not given."""
    fresh, working = new_order(app), order_id(app)
    report = sign_in(app, Role.dispatcher).post(
        "/dispatch/assign", data={"orders": [fresh, working], "engineer_id": person_id(app, "engineer")}
    )
    assert report.status_code == 200
    with looking(app):
        assert (db.session.get(ServiceOrder, fresh).state, db.session.get(ServiceOrder, working).state) == ("assigned", "working")


def test_quality_departs_from_the_rule_with_a_reason_on_record(app: Flask) -> None:
    pk, untrained = new_order(app), person_id(app, "untrained")
    client = sign_in(app, Role.quality)
    data = {"engineer_id": untrained, "verb": "assign_with_deviation"}
    assert client.post(f"/dispatch/{pk}/assign", data=data).status_code == 422
    assert client.post(f"/dispatch/{pk}/assign", data=data | {"reason": "厂家工程师现场指导"}).status_code == 302
    with looking(app):
        deviation = db.session.scalars(select(Deviation).where(Deviation.order_id == pk)).one()
        assert (deviation.person_id, deviation.reason) == (untrained, "厂家工程师现场指导")
        number = deviation.number
    assert number in client.get(f"/service_order/show/{pk}").text


def test_a_dispatcher_cannot_depart_from_the_rule(app: Flask) -> None:
    pk = new_order(app)
    data = {"engineer_id": person_id(app, "untrained"), "verb": "assign_with_deviation", "reason": "忙"}
    assert sign_in(app, Role.dispatcher).post(f"/dispatch/{pk}/assign", data=data).status_code == 403


def test_the_board_of_a_region_knows_nothing_of_another(app: Flask) -> None:
    client, foreign = sign_in(app, Role.engineer), order_id(app, "XN")
    page = text_of(client.get("/dispatch/"))
    assert "西南" not in page
    assert client.get(f"/dispatch/?order={foreign}").status_code == 404
    assert client.post(f"/dispatch/{foreign}/assign", data={"engineer_id": 1}).status_code == 404
    both = text_of(sign_in(app, Role.dispatcher).get("/dispatch/"))
    assert "西南仁安医院" in both


def test_the_figures_count_only_ones_own_region(app: Flask) -> None:
    opened = {
        role: re.findall(r"<strong>(\d+)</strong>", sign_in(app, role).get("/dispatch/").get_data(as_text=True))[0]
        for role in (Role.engineer, Role.dispatcher)
    }
    assert opened == {Role.engineer: "1", Role.dispatcher: "2"}


def test_the_board_turns_its_pages_without_loss_or_repetition(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from aftersales.service.desk import due

    for _count in range(3):
        new_order(app)
    with looking(app):
        for run in db.session.scalars(select(ClockRun).where(ClockRun.hangs_on(db.session.get(ServiceOrder, order_id(app))))):
            run.dropped_at = MONDAY  # no clock drives it any more: it stands last
        everything = [row.order.id for row in due.due_page(db.session, {}).rows]
        turned: list[int] = []
        args: dict[str, str] = {}
        while True:
            page = due.due_page(db.session, args, size=2)
            turned += [row.order.id for row in page.rows]
            if page.after is None:
                break
            args = {"after": page.after}
    assert len(everything) == 5
    assert everything[-1] == order_id(app)
    assert turned == everything


@pytest.mark.parametrize(
    "query",
    ["why=unassigned", "clock=late", "clock=soon", "clock=none", "state=opened", "level=level_1", "region_id=2", "clock=soon&after=eA"],
)
def test_every_filter_of_the_board_answers(app: Flask, query: str) -> None:
    assert sign_in(app, Role.dispatcher).get(f"/dispatch/?{query}").status_code in (200, 302)


@pytest.mark.parametrize("query", ["why=x", "state=closed", "level=level_9", "clock=x", "region_id=x", "after=%%%"])
def test_a_filter_that_means_nothing_is_refused_in_words(app: Flask, query: str) -> None:
    client = sign_in(app, Role.dispatcher)
    answer = client.get(f"/dispatch/?{query}")
    assert answer.status_code == 302
    assert answer.location.endswith("/dispatch/")


# -- the engineer --


def item_ids(app: Flask) -> tuple[int, int, int, dict[str, int]]:
    """The measured item, the passed-or-failed one, the kind of instrument asked for, and the instruments by serial number."""
    from aftersales.devices.form_item import FunctionTestItem
    from aftersales.devices.instrument import TestInstrument

    with looking(app):
        items = {item.name: item for item in db.session.scalars(select(FunctionTestItem))}
        tools = {tool.serial_no: tool.id for tool in db.session.scalars(select(TestInstrument))}
        return items["潮气量"].id, items["高压报警"].id, items["潮气量"].instrument_kind_id, tools


def test_the_test_sheet_is_saved_in_one_go_and_judged(app: Flask) -> None:
    volume, alarm, kind, tools = item_ids(app)
    client, pk = sign_in(app, Role.engineer), order_id(app)
    url = f"/service_order/{pk}/test"
    assert "450–550" in text_of(client.get(url))
    sheet = {f"item-{volume}": "560", f"item-{alarm}": "true", f"instrument-{kind}": tools["QL-HD-1"]}
    assert client.post(url, data=sheet).status_code == 302
    with looking(app):
        verdicts = {m.item_id: m.verdict.value for m in db.session.get(ServiceOrder, pk).measurements}
        assert verdicts == {volume: "failed", alarm: "passed"}
    assert client.post(url, data=sheet | {f"item-{volume}": "501"}).status_code == 302
    with looking(app):
        assert {m.item_id: m.verdict.value for m in db.session.get(ServiceOrder, pk).measurements} == {volume: "passed", alarm: "passed"}


def test_a_second_test_stands_beside_the_first(app: Flask) -> None:
    volume, alarm, kind, tools = item_ids(app)
    client, pk = sign_in(app, Role.engineer), order_id(app)
    sheet = {f"item-{volume}": "560", f"item-{alarm}": "true", f"instrument-{kind}": tools["QL-HD-1"]}
    client.post(f"/service_order/{pk}/test", data=sheet)
    assert client.post(f"/service_order/{pk}/test", data=sheet | {f"item-{volume}": "500", "again": "1"}).status_code == 302
    with looking(app):
        values = [
            m.value
            for m in db.session.scalars(
                select(Measurement).where(Measurement.order_id == pk, Measurement.item_id == volume).order_by(Measurement.id)
            )
        ]
        assert [int(value) for value in values] == [560, 500]


@pytest.mark.parametrize("typed", ["abc", "nan", "1e99", "²"])
def test_what_is_no_number_is_refused_at_its_item_and_nothing_is_saved(app: Flask, typed: str) -> None:
    volume, alarm, _kind, _tools = item_ids(app)
    pk = order_id(app)
    with looking(app):
        before = db.session.query(Measurement).count()
    answer = sign_in(app, Role.engineer).post(f"/service_order/{pk}/test", data={f"item-{volume}": typed, f"item-{alarm}": "false"})
    assert answer.status_code == 422
    assert typed in answer.get_data(as_text=True)
    with looking(app):
        assert db.session.query(Measurement).count() == before


def test_an_instrument_of_another_region_is_no_choice(app: Flask) -> None:
    volume, alarm, kind, tools = item_ids(app)
    pk = order_id(app)
    client = sign_in(app, Role.engineer)
    assert "QL-XN-1" not in text_of(client.get(f"/service_order/{pk}/test"))
    answer = client.post(
        f"/service_order/{pk}/test", data={f"item-{volume}": "500", f"item-{alarm}": "true", f"instrument-{kind}": tools["QL-XN-1"]}
    )
    assert answer.status_code in (404, 422)


def test_who_may_not_write_sees_the_sheet_and_cannot_send_it(app: Flask) -> None:
    client, url = sign_in(app, Role.inspector), f"/service_order/{order_id(app)}/test"
    assert client.get(url).status_code == 200
    assert client.post(url, data={}).status_code == 403


def test_the_engineer_finds_the_callers_telephone_and_the_trail_knows(app: Flask) -> None:
    pk = order_id(app)
    page = sign_in(app, Role.engineer).get(f"/service_order/show/{pk}").get_data(as_text=True)
    assert 'href="tel:13900002208"' in page
    with looking(app):
        request_id = db.session.get(ServiceOrder, pk).request_id
        readings = select(AuditEntry).where(
            AuditEntry.kind == "ServiceRequest", AuditEntry.record_id == request_id, AuditEntry.action == "read"
        )
        assert db.session.scalars(readings).first() is not None


def test_who_may_not_read_personal_data_sees_a_mask(app: Flask) -> None:
    page = sign_in(app, Role.inspector).get(f"/service_order/show/{order_id(app)}").get_data(as_text=True)
    assert "13900002208" not in page
    assert "139****2208" in page


def test_what_is_missing_before_completion_is_listed(app: Flask) -> None:
    page = sign_in(app, Role.engineer).get(f"/service_order/show/{order_id(app)}").get_data(as_text=True)
    missing = re.search(r'<ul class="missing">(.*?)</ul>', page, re.S)
    assert missing
    assert "潮气量" in missing[1]
    assert len(re.findall("<li>", missing[1])) == len(set(re.findall(r"<li>(.*?)</li>", missing[1])))


# -- the device's life, home, search --


def test_the_life_of_a_device_is_told_newest_first_and_turns_its_pages(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from aftersales.devices import life

    for _count in range(3):
        new_order(app)
    with looking(app):
        device = db.session.get(Device, device_id(app))
        whole = life.life_of(db.session, device).happenings
        monkeypatch.setattr(life, "PAGE", 2)
        turned, mark = [], ""
        while mark is not None:
            page = life.life_of(db.session, device, mark)
            turned += page.happenings
            mark = page.before
    assert [h.title for h in turned] == [h.title for h in whole]
    assert [h.when for h in whole] == sorted((h.when for h in whole), reverse=True)
    assert any("流量传感器" in h.title for h in whole)
    assert whole[-1].when_text == "2024-01-08"


def test_the_life_of_a_device_stands_on_its_page(app: Flask) -> None:
    client = sign_in(app, Role.engineer)
    assert "流量传感器" in text_of(client.get(f"/device/show/{device_id(app)}"))
    assert client.get(f"/device/show/{device_id(app)}?before=x|y|z").status_code == 422


def test_everybody_starts_with_what_waits_for_them(app: Flask) -> None:
    with looking(app):
        order = db.session.get(ServiceOrder, order_id(app)).number
    assert order in text_of(sign_in(app, Role.engineer).get("/"))
    assert "/vigilance_assessment/list/?state=to_assess" in sign_in(app, Role.regulatory).get("/").text
    for role in Role:
        assert sign_in(app, role).get("/").status_code == 200, role


def test_an_exact_number_or_serial_number_opens_its_record(app: Flask) -> None:
    client, pk = sign_in(app, Role.engineer), order_id(app)
    with looking(app):
        number = db.session.get(ServiceOrder, pk).number
    assert client.get(f"/search?q={number.lower()}").location == f"/service_order/show/{pk}"
    assert client.get("/search?q=HD-0001").location == f"/device/show/{device_id(app)}"


def test_a_search_finds_customers_devices_and_people_of_ones_own_region_only(app: Flask) -> None:
    client = sign_in(app, Role.engineer)
    assert "华东仁安医院" in text_of(client.get("/search?q=仁安医院"))
    assert "西南" not in text_of(client.get("/search?q=仁安医院")).replace("西南仁安医院？", "")
    assert client.get("/search?q=XN-0001").status_code == 200
    assert "XN-L1" not in text_of(client.get("/search?q=VX-90"))
    assert "untrained" in text_of(client.get("/search?q=untrained"))


def test_a_search_for_nothing_asks_for_words(app: Flask) -> None:
    assert sign_in(app, Role.engineer).get("/search").status_code == 200
    assert sign_in(app, Role.engineer).get("/search?q=%").status_code == 200


# -- what a page costs --


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("BEGIN", "SAVEPOINT", "RELEASE", "SET ", "SHOW ")):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("role", [Role.intake, Role.dispatcher, Role.engineer, Role.quality, Role.administrator])
def test_no_page_of_the_desks_asks_the_database_too_often(app: Flask, role: Role) -> None:
    for _count in range(3):
        new_order(app)
    client, pk = sign_in(app, role), order_id(app)
    device = device_id(app)
    desks = ("/", "/intake/", f"/intake/?device_id={device}", "/dispatch/", f"/dispatch/?order={pk}")
    for url in (*desks, f"/service_order/{pk}/test", f"/device/show/{device}", "/search?q=仁安"):
        with counted(app) as statements:
            client.get(url)
        assert len(statements) <= MOST_STATEMENTS, f"{url}: {len(statements)}\n" + "\n".join(s[:120] for s in statements)
