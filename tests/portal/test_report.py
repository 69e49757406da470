"""A fault reported by a stranger: what is asked, what is made of it, and what is refused."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.attachments import Attachment
from aftersales.record.audit import AuditEntry
from aftersales.record.clocks import ClockRun
from aftersales.service.request import Channel, Harm, ServiceRequest
from tests.portal.nurse import ANSWERS, form_token, picture, requests_of, token_of_device

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_a_scanned_label_opens_the_form_with_the_device_and_no_cookie(client, device_token):
    page = client.get(f"/p/{device_token}")
    assert page.status_code == 200
    assert "治疗呼吸机" in page.text
    assert "HD-0001" in page.text
    assert "Set-Cookie" not in page.headers


def test_the_form_shows_nobody_and_no_history(client, device_token):
    page = client.get(f"/p/{device_token}").text
    for secret in ("仁安", "主任", "护士长", "139", "engineer", "潮气量", "ICU", "SR-", "SO-"):
        assert secret not in page


def test_a_report_from_the_label_becomes_a_request_of_that_device(app, send, device_token):
    answer = send(f"/p/{device_token}", photos=[(picture(), "屏幕.jpg"), (picture("red"), "铭牌.jpg")])
    assert answer.status_code == 303
    (request,) = requests_of(app)
    assert (request.state, request.channel, request.harm) == ("received", Channel.qr, Harm.not_sure)
    assert (request.is_device_down, request.is_treatment_affected, request.has_alternative) == (True, False, True)
    assert (request.fault_text, request.customer_text, request.caller_phone) == (ANSWERS["fault_text"], "重症医学科", "139 0000 5511")
    with app.app_context(), acting_as(SYSTEM):
        stored = db.session.get(ServiceRequest, request.id)
        assert (stored.device.serial_no, stored.customer.name) == ("HD-0001", "华东仁安医院")
        assert db.session.get(Region, stored.region_id).code == "HD"
        files = db.session.scalars(select(Attachment).where(Attachment.hangs_on(stored))).all()
        assert [(file.name, file.purpose) for file in files] == [("屏幕.jpg", "photo"), ("铭牌.jpg", "photo")]


def test_the_clock_of_the_intake_desk_runs_from_the_report(app, client, device_token):
    with server_time.at(datetime(2026, 11, 17, 3, 0, tzinfo=UTC)):
        client.post(f"/p/{device_token}", data={**ANSWERS, "token": form_token(client.get(f"/p/{device_token}").text)})
    (request,) = requests_of(app)
    with app.app_context(), acting_as(SYSTEM):
        run = db.session.scalars(select(ClockRun).where(ClockRun.hangs_on(request))).one()
        assert (run.milestone, run.due_at - run.started_at) == ("register", timedelta(minutes=15))
        assert run.met_at is None


def test_the_trail_names_the_public_page(app, send, device_token):
    send(f"/p/{device_token}")
    (request,) = requests_of(app)
    with app.app_context(), acting_as(SYSTEM):
        about = select(AuditEntry).where(AuditEntry.kind == "ServiceRequest", AuditEntry.record_id == request.id)
        entries = db.session.scalars(about).all()
    assert {(entry.actor_id, entry.actor_name) for entry in entries} == {(None, "公众网页")}


def test_a_report_without_a_label_goes_to_head_office(app, send):
    assert send("/p/", serial_text="97-00341").status_code == 303
    (request,) = requests_of(app)
    assert (request.channel, request.device_id, request.customer_id) == (Channel.web_form, None, None)
    assert (request.customer_text, request.product_text, request.serial_text) == ("临江第三医院 重症医学科", "婴儿培养箱 BI-97", "97-00341")
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.get(Region, request.region_id).is_head_office


def test_a_device_of_any_region_is_reported_in_its_own(app, send):
    send(f"/p/{token_of_device(app, 'XN-0001')}")
    (request,) = requests_of(app)
    assert request.number.startswith("SR-XN-")


def test_a_loaner_without_a_hospital_is_reported_in_its_own_region(app, send):
    send(f"/p/{token_of_device(app, 'XN-L1')}")
    (request,) = requests_of(app)
    assert (request.number[:6], request.customer_id) == ("SR-XN-", None)


def test_the_answer_gives_the_number_and_the_way_to_follow(app, client, send, device_token):
    answer = client.get(send(f"/p/{device_token}").location)
    (request,) = requests_of(app)
    assert request.number in answer.text
    assert f"/t/{request.progress_token}" in answer.text
    assert "400-000-0000" in answer.text


def test_every_number_of_the_hotline_can_be_dialled(client, device_token):
    page = client.get(f"/p/{device_token}").text
    assert 'href="tel:4000000000"' in page
    assert 'href="tel:02100000000"' in page


@pytest.mark.parametrize("token", ["no_such_token_at_all", "x", "a%00b", "%27%20OR%201=1", "../../etc"])
def test_an_unknown_token_opens_nothing_but_the_way_to_report_without(client, token):
    page = client.get(f"/p/{token}")
    assert page.status_code == 404
    assert client.post(f"/p/{token}", data=ANSWERS).status_code == 404


@pytest.mark.parametrize("field", list(ANSWERS))
def test_what_is_left_out_is_asked_for_at_its_field(app, send, device_token, field):
    answer = send(f"/p/{device_token}?lang=en", **{field: None})
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error"', answer.text)
    assert requests_of(app, "顾小满") == []


@pytest.mark.parametrize("field", ["hospital", "product_text"])
def test_without_a_label_place_and_device_are_asked_for(app, send, field):
    answer = send("/p/", **{field: "  "})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_no_answer_about_harm_is_chosen_beforehand(client, device_token):
    assert "checked" not in client.get(f"/p/{device_token}").text


def test_an_invented_answer_about_harm_is_refused(app, send, device_token):
    assert send(f"/p/{device_token}", harm="perhaps").status_code == 422
    assert requests_of(app) == []


@pytest.mark.parametrize("phone", ["call me", "12", "1" * 30])
def test_a_telephone_that_nobody_can_dial_is_refused(send, device_token, phone):
    assert send(f"/p/{device_token}", caller_phone=phone).status_code == 422


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.jpg", b"MZ\x90\x00 a program"),
        ("photo.png", b"<svg onload=alert(1)>"),
        ("manual.pdf", b"%PDF-1.7 x"),
        ("notes.txt", b"text"),
        ("photo.jpg", b"\xff\xd8\xff broken"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_and_nothing_is_stored(app, send, device_token, name, data):
    answer = send(f"/p/{device_token}", photos=(io.BytesIO(data), name))
    assert answer.status_code == 422
    assert 'id="photos-error"' in answer.text
    assert requests_of(app) == []


def test_six_photos_are_one_too_many(send, device_token):
    assert send(f"/p/{device_token}", photos=[(picture(), f"{n}.jpg") for n in range(6)]).status_code == 422


def test_what_was_typed_is_kept_when_something_is_missing(send, device_token):
    answer = send(f"/p/{device_token}", harm=None, fault_text='压力 <b>"低"</b>')
    assert "压力 &lt;b&gt;" in answer.text
    assert 'value="顾小满"' in answer.text


def test_a_form_sent_twice_is_one_report(app, client, device_token):
    data = {**ANSWERS, "token": form_token(client.get(f"/p/{device_token}").text)}
    first, second = (client.post(f"/p/{device_token}", data=data) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert len(requests_of(app)) == 1


def test_another_fault_from_the_same_page_is_another_report(app, client, device_token):
    data = {**ANSWERS, "token": form_token(client.get(f"/p/{device_token}").text)}
    client.post(f"/p/{device_token}", data=data)
    client.post(f"/p/{device_token}", data={**data, "fault_text": "湿化器也不加热"})
    assert len(requests_of(app)) == 2


@pytest.mark.parametrize("token", ["", "made up", "InNvbWV0aGluZyI.aaaaaa.bbbbbbbb"])
def test_a_form_that_this_server_did_not_make_is_shown_again_and_not_taken(app, send, device_token, token):
    answer = send(f"/p/{device_token}", token=token)
    assert answer.status_code == 422
    assert form_token(answer.text) != token
    assert requests_of(app) == []


def test_a_program_that_fills_in_every_field_is_told_to_call(app, send, device_token):
    answer = send(f"/p/{device_token}", website="https://example.invalid")
    assert answer.status_code == 422
    assert requests_of(app) == []


def test_a_flood_from_one_address_is_stopped_and_told_to_call(app, client, device_token, monkeypatch):
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    statuses = [client.post(f"/p/{device_token}", data={}, environ_base={"REMOTE_ADDR": "198.51.100.7"}).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert client.post(f"/p/{device_token}", data={}, environ_base={"REMOTE_ADDR": "198.51.100.8"}).status_code == 422
    refused = client.post(f"/p/{device_token}", data={"fault_text": "屏幕<不亮>"}, environ_base={"REMOTE_ADDR": "198.51.100.7"}).text
    assert "400-000-0000" in refused
    assert 'name="fault_text" value="屏幕&lt;不亮&gt;"' in refused  # nobody types it twice


def test_one_device_is_not_reported_without_end(app, client, device_token, monkeypatch):
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    url = f"/p/{device_token}"
    statuses = []
    for n in range(11):
        here = {"REMOTE_ADDR": f"2001:db8:{n}::1"}
        token = form_token(client.get(url, environ_base=here).text)
        statuses.append(client.post(url, data={**ANSWERS, "token": token}, environ_base=here).status_code)
    assert statuses == [303] * 10 + [429]
    assert len(requests_of(app)) == 10


def test_addresses_of_one_ipv6_subscriber_count_together(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    statuses = [client.post("/p/", data={}, environ_base={"REMOTE_ADDR": f"2001:db8:77:1::{n:x}"}).status_code for n in range(1, 12)]
    assert statuses[-1] == 429


@pytest.mark.parametrize("path", ["/p/", "/v/", "/p/no-such-token", "/v/NOSUCHCODENOSUCH"])
def test_the_english_pages_have_no_chinese_but_names(app, client, path):
    text = client.get(f"{path}?lang=en").text.replace(app.config["COMPANY_NAME"], "").replace("中文", "")
    assert not CHINESE.findall(text)


def test_the_english_report_says_everything_in_english(app, client, send, device_token):
    name = app.config["COMPANY_NAME"]
    refused = send(f"/p/{device_token}?lang=en", **dict.fromkeys(ANSWERS))
    accepted = client.get(send(f"/p/{device_token}?lang=en").location)
    assert "lang=en" in accepted.request.url
    for page in (refused, accepted):
        assert not CHINESE.findall(page.text.replace(name, "").replace("中文", "").replace("治疗呼吸机", ""))


def test_the_language_is_in_the_address_and_leads_back(client, device_token):
    assert '<html lang="zh-CN">' in client.get(f"/p/{device_token}").text
    english = client.get(f"/p/{device_token}?lang=en").text
    assert '<html lang="en">' in english
    assert f'href="/p/{device_token}" hreflang="zh"' in english


def test_the_page_without_a_label_offers_the_choice_first(client):
    page = client.get("/p/").text
    assert page.index('href="/p/?kind=complaint"') < page.index("<form")
    assert 'aria-current="page">设备故障报修' in page


def test_public_pages_are_not_listed_by_search_engines(client):
    assert "noindex" in client.get("/p/").headers["X-Robots-Tag"]
