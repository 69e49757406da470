"""The customer signs on their own telephone: what opens it, what they read, what their signature does, and what it does not."""

import base64
import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.notices import Notice
from aftersales.record.saving import change
from aftersales.record.signatures import signatures_of
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from tests.portal.nurse import form_token, picture
from tests.portal.repair import ready, repair
from tests.world import DOT, MONDAY, sign_in

NOON = MONDAY + timedelta(hours=3)
DRAWN = "data:image/png;base64," + base64.b64encode(DOT).decode()
ANSWER = {"name": "吴敏", "department": "ICU", "score": "4", "opinion": "很快", "drawn": DRAWN}


@pytest.fixture(autouse=True)
def _noon():
    with server_time.at(NOON):
        yield


@pytest.fixture
def finished(app):
    return ready(app)


@pytest.fixture
def engineer(app):
    return sign_in(app, Role.engineer)


@pytest.fixture
def link(engineer, finished) -> str:
    return open_link(engineer, finished)


def open_link(engineer, repair, **answers) -> str:
    """The address on the engineer's page after they opened it."""
    address = f"/service_order/{repair.order_id}/signing"
    assert engineer.post(address, data={"result": "usable"} | answers).status_code == 302
    return re.search(r"/a/[\w-]+", engineer.get(address).text)[0]


def send(client, link, **changes):
    page = client.get(link).text
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    given = {**ANSWER, "token": form_token(page), "seen": seen, **changes}
    data = {name: value for name, value in given.items() if value is not None}
    return client.post(link, data=data, content_type="multipart/form-data")


def look(app, repair, what):
    with app.app_context(), acting_as(SYSTEM):
        return what(db.session.get(ServiceOrder, repair.order_id))


def state(app, repair):
    return look(app, repair, lambda order: order.state)


def test_the_customer_reads_the_facts_and_nobodys_name(client, link):
    page = client.get(link)
    assert page.status_code == 200
    for fact in ("治疗呼吸机", "HD-0001", "流量传感器漂移", "更换传感器", "HD-S2", "潮气量", "502", "mL"):
        assert fact in page.text
    assert not [name for name in ("沈护士长", "13900002208", "华东engineer", "吴医生") if name in page.text]
    assert "Set-Cookie" not in page.headers


def test_their_signature_completes_the_order_in_the_engineers_name(app, client, finished, link):
    answer = send(client, link)
    assert answer.status_code == 303
    assert "签字成功" in client.get(answer.location).text

    def found(order):
        (signature,) = signatures_of(db.session, order)
        step = select(AuditEntry).where(AuditEntry.record_id == order.id, AuditEntry.action == "complete")
        entry = db.session.scalars(step).first()
        return (
            order.state, order.result.value, order.accepted_by, order.satisfaction, order.customer_opinion, signature.signer_name,
            signature.method, signature.is_valid, entry.actor_id == order.engineer.user_id, entry.reason,
        )  # fmt: skip

    assert look(app, finished, found) == (
        "completed", "usable", "ICU 吴敏", 80, "很快", "ICU 吴敏", "drawn", True, True, "客户在自己的手机上签字验收。",
    )  # fmt: skip


def test_the_engineer_is_told_and_sees_when_it_was_signed(app, client, engineer, finished, link):
    send(client, link)
    address = f"/service_order/{finished.order_id}/signing"
    shown = engineer.get(address, follow_redirects=True).text
    assert "ICU 吴敏" in shown
    assert "2026-11-16 12:00" in shown
    with app.app_context(), acting_as(SYSTEM):
        assert "客户已签字" in db.session.scalars(select(Notice.subject).where(Notice.key.like("signed:%"))).one()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_photo_of_the_signed_paper_does_the_same_without_script(app, client, finished, link, format):
    assert send(client, link, drawn=None, paper=(picture(format=format), f"paper.{format.lower()}")).status_code == 303
    assert look(app, finished, lambda order: signatures_of(db.session, order)[0].method) == "paper"


def test_the_signature_box_is_hidden_until_a_script_shows_it(client, link):
    assert re.search(r'data-scripted hidden>\s*<span class="caption', client.get(link).text)


def test_a_later_change_voids_the_signature(app, client, finished, link):
    send(client, link)

    def change_it(order):
        perform(order, "return_to_engineer", reason="原因写错")
        change(db.session, order, {"cause": "电路板故障"}, reason="更正")
        db.session.commit()
        return [signature.is_valid for signature in signatures_of(db.session, order)]

    assert look(app, finished, change_it) == [False]


def test_what_changed_while_they_read_is_read_again_before_it_is_signed(app, client, finished, link):
    seen = re.search(r'name="seen" value="(\w+)"', client.get(link).text)[1]

    def change_it(order):
        change(db.session, order, {"cause": "电路板故障"}, reason="更正")
        db.session.commit()

    look(app, finished, change_it)
    answer = send(client, link, seen=seen)
    assert answer.status_code == 409
    assert "电路板故障" in answer.text
    assert 'value="吴敏"' in answer.text
    assert state(app, finished) == "working"
    assert send(client, link).status_code == 303


def test_a_used_link_leads_to_the_progress_and_signs_nothing_again(app, client, finished, link):
    page = client.get(link).text
    seen, token = re.search(r'name="seen" value="(\w+)"', page)[1], form_token(page)
    answers = [client.post(link, data={**ANSWER, "token": token, "seen": seen}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert client.get(link).location.startswith(f"/t/{finished.token}")
    assert len(look(app, finished, lambda order: signatures_of(db.session, order))) == 1


def test_a_link_closes_by_itself_after_some_hours(app, client, finished, link):
    page = client.get(link).text
    seen, token = re.search(r'name="seen" value="(\w+)"', page)[1], form_token(page)
    with server_time.at(NOON + timedelta(hours=25)):
        assert client.get(link).status_code == 410
        assert client.post(link, data={**ANSWER, "token": token, "seen": seen}).status_code == 410
        assert "签字" not in client.get(f"/t/{finished.token}").text
    assert state(app, finished) == "working"


def test_a_new_link_kills_the_old_one_and_withdrawing_kills_both(app, client, engineer, finished, link):
    newer = open_link(engineer, finished)
    assert client.get(link).status_code == 404
    assert client.get(newer).status_code == 200
    engineer.post(f"/service_order/{finished.order_id}/signing", data={"do": "withdraw"})
    assert client.get(newer).status_code == 404


def test_an_order_that_is_sent_elsewhere_is_signed_no_more(app, client, finished, link):
    def reassign(order):
        perform(order, "reassign", values={"engineer_id": order.engineer_id}, reason="改期")
        db.session.commit()

    look(app, finished, reassign)
    assert client.get(link).status_code == 404


def test_an_engineer_who_may_complete_no_more_has_nobody_sign_for_them(app, client, finished, link):
    def lock_out(order):
        from aftersales.security.account import Account

        db.session.get(Account, order.engineer.user_id).active = False
        db.session.commit()

    look(app, finished, lock_out)
    assert send(client, link).status_code == 422
    assert state(app, finished) == "working"


def test_the_progress_page_leads_to_the_open_acceptance_and_not_before(app, client, engineer, finished):
    assert "/a/" not in client.get(f"/t/{finished.token}").text
    link = open_link(engineer, finished)
    assert f'href="{link}"' in client.get(f"/t/{finished.token}").text


def test_it_opens_only_once_everything_else_is_done(app, engineer):
    unfinished = repair(app)
    answer = engineer.post(f"/service_order/{unfinished.order_id}/signing", data={"result": "usable"})
    assert answer.status_code == 422
    assert "故障原因" in answer.text
    assert look(app, unfinished, lambda order: (order.signing_token, order.result)) == (None, None)


@pytest.mark.parametrize("result", ["", "perfect"])
def test_it_opens_with_the_engineers_result_only(engineer, finished, result):
    assert engineer.post(f"/service_order/{finished.order_id}/signing", data={"result": result}).status_code == 422


@pytest.mark.parametrize("role", [Role.quality, Role.inspector, "untrained"])
def test_nobody_but_the_engineer_of_the_order_opens_it(app, finished, role):
    answer = sign_in(app, role).post(f"/service_order/{finished.order_id}/signing", data={"result": "usable"})
    assert answer.status_code == 403
    assert look(app, finished, lambda order: order.signing_token) is None


@pytest.mark.parametrize("field", ["name", "department", "score", "drawn"])
def test_what_is_left_out_is_asked_for_at_its_field_and_nothing_is_signed(app, client, finished, link, field):
    answer = send(client, f"{link}?lang=en", **{field: None})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert state(app, finished) == "working"


@pytest.mark.parametrize("drawn", ["no picture", "data:image/png;base64,AAAA", "data:image/png;base64,!!", DRAWN + "A" * 1_000_000])
def test_a_signature_that_is_no_picture_is_refused(app, client, finished, link, drawn):
    assert send(client, link, drawn=drawn).status_code == 422
    assert state(app, finished) == "working"


@pytest.mark.parametrize(("name", "data"), [("x.jpg", b"MZ\x90"), ("x.pdf", b"%PDF-1.7"), ("x.png", b"<svg/>")])
def test_a_paper_that_is_no_photo_is_refused(app, client, finished, link, name, data):
    assert send(client, link, drawn=None, paper=(io.BytesIO(data), name)).status_code == 422
    assert state(app, finished) == "working"


def test_a_photo_too_large_is_refused_in_words(client, link):
    large = io.BytesIO()
    Image.new("RGB", (40, 30)).save(large, "JPEG")
    answer = send(client, link, drawn=None, paper=(io.BytesIO(large.getvalue() + bytes(21 * 1024 * 1024)), "paper.jpg"))
    assert answer.status_code == 422
    assert "20 MB" in answer.text
    larger = send(client, link, drawn=None, paper=(io.BytesIO(bytes(23 * 1024 * 1024)), "paper.jpg"))
    assert larger.status_code == 413


@pytest.mark.parametrize("token", ["no-such-token-at-all", "x", "a%00b", "%27%20OR%201=1"])
def test_an_unknown_link_opens_nothing(client, token):
    assert client.get(f"/a/{token}").status_code == 404
    assert client.post(f"/a/{token}", data=ANSWER).status_code == 404


def test_the_english_page_says_everything_in_english(app, client, link):
    text = client.get(f"{link}?lang=en").text
    told = ("治疗呼吸机", "华东仁安医院", "HD 潮气量偏低报警", "流量传感器漂移", "更换传感器", "流量传感器", "潮气量", "高压报警")
    for own in (app.config["COMPANY_NAME"], "中文", *told):
        text = text.replace(own, "")
    assert not re.findall(r"[\u4e00-\u9fff]", text)


def test_signing_cannot_be_tried_without_end(app, client, link, monkeypatch):
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    here = {"REMOTE_ADDR": "203.0.113.77"}
    statuses = [client.post(link, data={}, environ_base=here).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
