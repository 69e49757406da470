"""What a customer says of a repair: once it is done, once for each order, and heard where it is bad."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.notices import Notice
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.service.rating import ServiceRating
from tests.portal.nurse import form_token
from tests.portal.repair import repair
from tests.world import MONDAY, sign_in


@pytest.fixture(autouse=True)
def _evening():
    with server_time.at(MONDAY + timedelta(hours=9)):
        yield


def send(client, finished, **answers):
    token = form_token(client.get(f"/t/{finished.token}/rate").text)
    return client.post(f"/t/{finished.token}/rate", data={"token": token} | answers)


def ratings(app):
    with app.app_context(), acting_as(SYSTEM):
        found = list(db.session.scalars(select(ServiceRating)))
        db.session.expunge_all()
        return found


def told(app):
    with app.app_context(), acting_as(SYSTEM):
        rows = select(Account.username, Notice.subject).join(Account, Account.id == Notice.user_id).where(Notice.key.like("rating:%"))
        return db.session.execute(rows.order_by(Notice.id)).all()


def test_a_rating_is_a_record_of_its_order_with_its_trail(app, client, finished):
    answer = send(client, finished, score="5", opinion="很好")
    assert answer.status_code == 303
    assert "感谢您的评价" in client.get(answer.location).text
    (rating,) = ratings(app)
    assert (rating.order_id, rating.score, rating.opinion, rating.state) == (finished.order_id, 5, "很好", "given")
    with app.app_context(), acting_as(SYSTEM):
        about = select(AuditEntry.actor_name).where(AuditEntry.kind == "ServiceRating", AuditEntry.record_id == rating.id)
        assert set(db.session.scalars(about)) == {"公众网页"}
    assert told(app) == []


def test_the_second_rating_changes_the_first(app, client, finished):
    send(client, finished, score="5")
    page = client.get(f"/t/{finished.token}/rate").text
    assert re.search(r'checked[^>]*value="5"', page)
    send(client, finished, score="3", opinion="又坏了")
    (rating,) = ratings(app)
    assert (rating.score, rating.opinion) == (3, "又坏了")


@pytest.mark.parametrize("score", ["1", "2"])
def test_a_low_rating_is_told_to_complaint_staff_and_quality_once(app, client, finished, score):
    for _ in range(2):
        send(client, finished, score=score, opinion="等了三天")
    assert told(app) == [(role, f"客户评分 {score}/5：SO-HD-2026-000001") for role in (Role.complaint_officer, Role.quality)]


def test_a_low_rating_waits_for_complaint_staff_and_stands_on_the_order(app, client, finished):
    send(client, finished, score="1", opinion="等了三天")
    (rating,) = ratings(app)
    officer = sign_in(app, Role.complaint_officer)
    (address,) = set(re.findall(r'href="(/service_rating/list/[^"]+)"', re.sub(r"<nav.*?</nav>", "", officer.get("/").text, flags=re.S)))
    assert rating.number in officer.get(address.replace("&amp;", "&")).text
    assert "等了三天" in sign_in(app, Role.quality).get(f"/service_order/show/{finished.order_id}").text


def test_what_was_followed_up_is_changed_no_more(app, client, finished):
    send(client, finished, score="1")
    page = client.get(f"/t/{finished.token}/rate").text
    with app.app_context(), acting_as(SYSTEM):
        perform(db.session.scalars(select(ServiceRating)).one(), "follow_up", values={"follow_up": "已电话致歉"})
        db.session.commit()
    answer = client.post(f"/t/{finished.token}/rate", data={"token": form_token(page), "score": "5"})
    assert answer.status_code == 422
    assert ratings(app)[0].score == 1
    later = client.get(f"/t/{finished.token}/rate").text
    assert "<form" not in later
    assert "致歉" not in later


def test_a_repair_that_is_not_done_is_not_rated(app, client):
    running = repair(app)
    assert client.get(f"/t/{running.token}/rate").status_code == 404
    assert client.post(f"/t/{running.token}/rate", data={"score": "5"}).status_code == 404
    assert "/rate" not in client.get(f"/t/{running.token}").text


NO_RATINGS = [{}, {"score": ""}, {"score": "0"}, {"score": "6"}, {"score": "x"}, {"score": "5", "opinion": "x" * 1001}]


@pytest.mark.parametrize("answers", NO_RATINGS)
def test_what_is_no_rating_is_refused_at_its_field(app, client, finished, answers):
    answer = send(client, finished, **answers)
    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert ratings(app) == []


def test_a_form_that_this_server_did_not_make_rates_nothing(app, client, finished):
    assert client.post(f"/t/{finished.token}/rate", data={"score": "5", "token": "made up"}).status_code == 422
    assert ratings(app) == []


def test_nobody_writes_a_rating_by_hand(app):
    for role in (Role.administrator, Role.quality):
        assert sign_in(app, role).post("/service_rating/add", data={}).status_code in (403, 422)
    assert ratings(app) == []


def test_the_english_page_says_everything_in_english(app, client, finished):
    text = client.get(f"/t/{finished.token}/rate?lang=en").text.replace(app.config["COMPANY_NAME"], "").replace("中文", "")
    assert not re.findall(r"[\u4e00-\u9fff]", text)


@pytest.mark.parametrize("path", ["/t/no-such-token/rate", "/t/x/rate"])
def test_an_unknown_link_is_not_found(client, path):
    assert client.get(path).status_code == 404
