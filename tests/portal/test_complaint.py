"""A complaint made by a stranger: what is asked, who is told, and how it ends."""

import re

import pytest
from sqlalchemy import select

from aftersales.documents.prints import PrintEntry
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.notices import Notice
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.service.request import Channel, Harm, RequestKind, ServiceRequest, Vigilance
from tests.complaints.case import advance, complaint_of, registered
from tests.portal.nurse import requests_of
from tests.portal.repair import repair
from tests.world import sign_in

COMPLAINT = {"fault_text": "报修三天无人联系", "is_device_down": None, "is_treatment_affected": None, "has_alternative": None}


def told(app, request):
    """The names of the accounts that were told of the complaint, and the subjects they read."""
    with app.app_context(), acting_as(SYSTEM):
        rows = select(Account.username, Notice.subject, Notice.is_urgent).join(Account, Account.id == Notice.user_id)
        return db.session.execute(rows.where(Notice.key == f"complaint:{request.id}").order_by(Account.username)).all()


def test_a_complaint_from_the_label_is_a_request_of_its_own_kind(app, client, send, device_token):
    answer = send(f"/p/{device_token}?kind=complaint", **COMPLAINT)
    assert answer.status_code == 303
    (request,) = requests_of(app)
    assert (request.kind, request.state, request.channel) == (RequestKind.complaint, "received", Channel.qr)
    assert (request.harm, request.is_treatment_affected, request.is_device_down) == (Harm.not_sure, None, None)
    page = client.get(answer.location).text
    assert request.number in page
    assert "已收到您的投诉" in page


def test_complaint_staff_and_quality_are_told_in_chinese_whatever_the_caller_reads(app, send, device_token):
    send(f"/p/{device_token}?kind=complaint&lang=en", **COMPLAINT)
    (request,) = requests_of(app)
    subject = f"投诉 {complaint_of(app, request.id).number}"
    assert told(app, request) == [(Role.complaint_officer, subject, True), (Role.quality, subject, True)]


def test_a_complaint_need_not_be_about_a_device(app, send):
    assert send("/p/?kind=complaint", **COMPLAINT, product_text="").status_code == 303
    (request,) = requests_of(app)
    assert (request.channel, request.product_text, request.customer_text) == (Channel.web_form, None, "临江第三医院 重症医学科")


@pytest.mark.parametrize("field", ["fault_text", "harm", "caller_phone", "hospital"])
def test_harm_is_always_asked_and_whom_to_answer(app, send, field):
    answer = send("/p/?kind=complaint", **(COMPLAINT | {field: None}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert requests_of(app) == []


def test_an_unknown_kind_is_the_form_for_faults(client):
    assert "is_device_down" in client.get("/p/?kind=praise").text


def test_the_other_choice_keeps_the_device_and_the_language(client, device_token):
    page = client.get(f"/p/{device_token}?kind=complaint&lang=en").text
    assert f'<a href="/p/{device_token}?lang=en">A device is faulty</a>' in page
    assert f'href="/p/{device_token}?kind=complaint" hreflang="zh"' in page


def test_complaints_stand_first_in_the_queue_and_on_the_lists_of_those_who_answer(app, send, device_token):
    send(f"/p/{device_token}", caller_name="报修在先")
    send(f"/p/{device_token}?kind=complaint", **COMPLAINT)
    (fault,), (complaint,) = requests_of(app, "报修在先"), requests_of(app)
    desk = sign_in(app, Role.intake).get("/intake/").text
    assert desk.index(complaint.number) < desk.index(fault.number)
    assert re.search(r'<span class="chip late">投诉</span>', desk)
    officer = sign_in(app, Role.complaint_officer)
    (address,) = set(re.findall(r'href="(/complaint/list/\?state=registered[^"]+)"', officer.get("/").text))
    listed = officer.get(address.replace("&amp;", "&")).text
    assert complaint_of(app, complaint.id).number in listed


def test_a_complaint_ends_with_the_answer_of_complaint_staff_and_its_page_says_so(app, client, send, device_token):
    send(f"/p/{device_token}?kind=complaint", **COMPLAINT)
    (sent,) = requests_of(app)
    with app.app_context(), acting_as(SYSTEM):
        request = db.session.get(ServiceRequest, sent.id)
        complaint = registered(request)
        assert (request.vigilance, complaint.severity, request.fault_level) == (Vigilance.to_assess, "major", None)
        with pytest.raises(Refusal):
            perform(request, "solve_remotely", values={"remote_solution": "已说明"})
        db.session.commit()
    assert "投诉专员将与您联系" in client.get(f"/t/{sent.progress_token}").text
    with app.app_context(), acting_as(SYSTEM):
        request = db.session.get(ServiceRequest, sent.id)
        with pytest.raises(Refusal):
            perform(request, "answer")
        db.session.rollback()
        advance(db.session.get(ServiceRequest, sent.id).complaint)
        db.session.commit()
        request = db.session.get(ServiceRequest, sent.id)
        assert (request.state, request.reply) == ("answered", "已致歉并于当日上门")
    page = client.get(f"/t/{sent.progress_token}").text
    assert "已答复" in page
    assert "致歉" not in page


def test_the_sealed_reply_is_the_customers_too_and_nothing_else_of_the_complaint(app, client, send, device_token):
    send(f"/p/{device_token}?kind=complaint", **COMPLAINT)
    (sent,) = requests_of(app)
    link = f"/t/{sent.progress_token}"
    with app.app_context(), acting_as(SYSTEM):
        registered(db.session.get(ServiceRequest, sent.id))
        db.session.commit()
    assert ".pdf" not in client.get(link).text
    with app.app_context(), acting_as(SYSTEM):
        complaint = db.session.get(ServiceRequest, sent.id).complaint
        advance(complaint)
        db.session.commit()
        papers = {paper.name: paper for paper in sealed_of(db.session, complaint)}
        letter, form = papers["complaint_reply"], papers["complaint_form"]
        told = (letter.id, letter.sha256, form.id)
    (address,) = set(re.findall(r'href="(/t/[^"]+\.pdf)"', client.get(link).text))
    assert address == f"{link}/{told[0]}.pdf"
    copy = client.get(address)
    assert copy.data == app.extensions["store"].get(told[1])
    assert (copy.mimetype, copy.headers["Content-Security-Policy"]) == ("application/pdf", "default-src 'none'; sandbox")
    assert copy.headers["Cache-Control"] == "private, no-store"
    assert client.get(f"{link}/{told[2]}.pdf").status_code == 404
    assert client.get(f"/t/{repair(app).token}/{told[0]}.pdf").status_code == 404
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.scalars(select(PrintEntry).where(PrintEntry.kind == "Complaint")).one().printed_by == "公众网页"
        perform(db.session.get(ServiceRequest, sent.id).complaint, "reopen", reason="用户不认可")
        db.session.commit()
    assert ".pdf" not in client.get(link).text
    assert client.get(address).status_code == 404


def test_only_a_complaint_is_answered(app, send, device_token):
    send(f"/p/{device_token}")
    (sent,) = requests_of(app)
    with app.app_context(), acting_as(SYSTEM):
        request = db.session.get(ServiceRequest, sent.id)
        answers = {"is_device_down": False, "is_treatment_affected": False, "has_alternative": True, "harm": Harm.no}
        perform(request, "register", values=answers | {"customer_id": request.customer_id, "device_id": request.device_id})
        with pytest.raises(Refusal):
            perform(request, "answer")


def test_a_call_taken_as_a_complaint_is_told_once(app):
    call = {
        "kind": "complaint", "channel": "hotline", "received_at": "2026-11-16T09:05", "caller_name": "钱护士", "fault_text": "态度恶劣",
        "customer_text": "临江第三医院", "do": "keep",
    }  # fmt: skip
    desk = sign_in(app, Role.intake)
    assert desk.post("/intake/", data=call).status_code == 302
    (request,) = requests_of(app, "钱护士")
    again = call | {"request": request.id, "fault_text": "态度恶劣，推诿"}
    assert desk.post(f"/intake/?request={request.id}", data=again).status_code == 302
    assert [name for name, _subject, _urgent in told(app, request)] == [Role.complaint_officer, Role.quality]
