"""A complaint from the page of a device's label to the verified, sealed letter; and what each step refuses."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from aftersales.archives.entering import enter_sealed_before
from aftersales.archives.entry import ArchiveEntry
from aftersales.complaints.complaint import Complaint
from aftersales.complaints.kinds import CauseKind, CauseMethod, CustodyStep, Severity
from aftersales.complaints.lines import ComplaintCause, ComplaintCustody
from aftersales.complaints.opening import take_in, take_in_earlier
from aftersales.demo.stories import NO_HARM
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.audit import history
from aftersales.record.clocks import runs_of
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.request import Channel, Harm, RequestKind, ServiceRequest
from tests.complaints.case import advance, complaint_of, registered
from tests.portal.conftest import _hotline, device_token, send
from tests.portal.nurse import requests_of
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import MONDAY, PASSWORD

__all__ = ["_hotline", "device_token", "send"]


def taken(region: str = "HD", **facts: object) -> Complaint:
    """A complaint that the desk has taken on Monday."""
    device = db.session.scalars(select(Device).where(Device.serial_no == f"{region}-0001")).one()
    call = {"kind": RequestKind.complaint, "channel": Channel.hotline, "received_at": MONDAY, "fault_text": "约好的上门改了三次"}
    request = create(db.session, ServiceRequest, call | {"device": device, "harm": Harm.no} | facts)
    return registered(request)


def person_id(app: Flask, username: str) -> int:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(Person.id).where(Person.name == f"华东{username}")).one()


def test_a_hospital_complains_and_gets_a_letter_whose_effect_somebody_else_has_verified(
    app: Flask, client: FlaskClient, send: Callable, device_token: str
) -> None:
    asked_of_faults = dict.fromkeys(("is_device_down", "is_treatment_affected", "has_alternative"))
    told = asked_of_faults | {"fault_text": "约好的上门时间改了三次", "harm": "no"}
    send(f"/p/{device_token}?kind=complaint", **told)
    (sent,) = requests_of(app)
    number = complaint_of(app, sent.id).number
    officer, quality, support = (Visitor.signed_in(app, role) for role in (Role.complaint_officer, Role.quality, Role.technical_support))
    own = f"/complaint/show/{complaint_of(app, sent.id).id}"
    page = officer.open(own)
    assert "请先登记服务请求" in page.text
    officer.open(f"/intake/?request={sent.id}").send("/intake/", do="register")
    assert "投诉专员将与您联系" in client.get(f"/t/{sent.progress_token}").text
    handler = person_id(app, "complaint_officer")
    page = officer.open(own).send("/confirm", kind="service_attitude", recurrence_harm="no", officer_id=str(handler))
    assert "调查核实" in page.text
    _investigate(quality, own)
    plan = {
        "decision": "投诉成立", "remedy": "致歉，修改派工流程", "action_owner_id": str(person_id(app, "dispatcher")),
        "action_due_on": today().isoformat(), "effect_criterion": "一个月内无同类投诉", "effect_due_on": today().isoformat(),
    }  # fmt: skip
    officer.open(own).send("/plan", **plan)
    support.open(own).send("/act", action_done="流程已修改，调度已培训")
    assert "正在准备答复" in client.get(f"/t/{sent.progress_token}").text
    page = officer.open(own).send("/answer", reply="已向贵科致歉。\n改期须电话确认。", password=PASSWORD)
    assert not officer.open(own).offers("close")
    page = quality.open(own).send("/close", is_accepted="true", effect_result="一个月内无同类投诉", password=PASSWORD)
    assert "已归档" in page.text
    with app.app_context(), acting_as(SYSTEM):
        complaint = db.session.scalars(select(Complaint).where(Complaint.number == number)).one()
        papers = {paper.name: paper for paper in sealed_of(db.session, complaint)}
        assert (complaint.state, complaint.request.state, complaint.request.reply) == ("closed", "answered", complaint.reply)
        store = app.extensions["store"]
        letter, form = ("\n".join(words_of(store.get(papers[name].sha256))) for name in ("complaint_reply", "complaint_form"))
        assert {run.milestone: run.state for run in runs_of(db.session, complaint)}["complaint_confirm"] == "met"
        assert db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "Complaint")).one().retention_class == "quality_record"
    assert "改期须电话确认" in letter
    assert "投诉效果验证" not in letter, "who verified the effect signs the form"
    assert "修改派工流程" not in letter, "what was decided inside is not in the letter"
    assert "派工流程缺少改期确认" in form
    progress = client.get(f"/t/{sent.progress_token}").text
    assert "效果已验证，归档" in progress
    assert "致歉" not in progress


def test_the_letter_that_is_sent_is_sealed_then_and_stays_the_one_that_holds(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "act")
        assert [document.name for document in complaint.printed()] == ["complaint_form"]
        advance(complaint, "answer")
        (letter,) = sealed_of(db.session, complaint)
        text = "".join(words_of(app.extensions["store"].get(letter.sha256)))
        assert "控" not in text, "the letter bears no mark"
        assert "投诉答复" in text, "the signature of whoever answers stands on it"
        assert [document.name for document in complaint.printed()] == ["complaint_form"]
        assert enter_sealed_before(db.session) == 0, "a complaint that goes on is not archived"
        db.session.commit()
        code, link = letter.code, f"/t/{complaint.request.progress_token}"
        with server_time.at(server_time.now() + timedelta(minutes=1)):
            advance(complaint)
        assert sorted((paper.name, paper.status) for paper in sealed_of(db.session, complaint)) == [
            ("complaint_form", "valid"), ("complaint_reply", "valid"),
        ]  # fmt: skip
        db.session.rollback()
        perform(db.session.get_one(Complaint, complaint.id), "fail", reason="又有同类投诉")
        complaint = db.session.get_one(Complaint, complaint.id)
        with server_time.at(server_time.now() + timedelta(minutes=1)):
            advance(complaint, "answer", reply="再次致歉")
        assert sorted(paper.status for paper in sealed_of(db.session, complaint)) == ["superseded", "valid"]
        db.session.rollback()
    assert ".pdf" in client.get(link).text
    assert "有效" in client.get(f"/v/{code}").text


def _investigate(quality: Visitor, own: str) -> None:
    """What was asked, and the chain of whys, on the pages that the complaint offers."""
    pk = own.rsplit("/", 1)[1]
    assert "尚无调查结果" in quality.open(own).text
    quality.open(f"/complaint_inquiry/add?parent={pk}").send("/add", kind="interview", question="为何改期", finding="调度未电话确认")
    rows = quality.open(f"/complaint/{pk}/rows/causes").send("/rows/causes", do="add")
    rows.send("/rows/causes", do="save", **{"row": "n1", "n1-statement": "派工流程缺少改期确认", "n1-depth": "1", "n1-is_root": "y"})
    quality.open(f"/complaint/edit/{pk}").send(f"/edit/{pk}", cause_method="five_whys")
    page = quality.open(own)
    assert re.search(r"<svg[^>]*class=\"cause\"", quality.client.get(own).text)
    assert quality.open(own).page.xpath("//section[@id='cause']//*[@class='cause']"), "it stands where the cause is read"
    page.send("/conclude", cause_kind="service", root_cause="派工流程缺少改期确认")


def test_harm_makes_it_major_at_once_and_four_hours_remain(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(minutes=10)):
        complaint = taken(harm=Harm.not_sure)
        (run,) = (run for run in runs_of(db.session, complaint) if run.milestone == "complaint_confirm")
        assert (complaint.severity, run.track, run.due_at) == (Severity.major, "company", MONDAY + timedelta(hours=4))
        assert complaint.request.assessment is not None
        with pytest.raises(Refusal, match="小组"):
            advance(complaint, "confirm", team=None)


def test_only_what_quality_says_lowers_the_severity_and_never_below_safety(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), app.test_request_context():
        complaint = taken(harm=Harm.yes)
        with pytest.raises(Refusal):
            change(db.session, complaint, {"severity": Severity.general}, reason="看起来不严重")


def test_a_doubt_about_the_next_time_goes_to_vigilance(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        assert complaint.request.assessment is None
        advance(complaint, "confirm", recurrence_harm=Harm.not_sure)
        assert (complaint.severity, complaint.request.vigilance) == (Severity.major, "to_assess")
        with pytest.raises(Refusal):
            complaint.check_close()


def test_whoever_did_it_does_not_verify_it(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "plan")
        db.session.commit()
        own = f"/complaint/show/{complaint.id}"
    quality = Visitor.signed_in(app, Role.quality)
    quality.open(own).send("/act", action_done="已修改流程")
    page = quality.open(own).send("/answer", reply="已处理", password=PASSWORD)
    assert not page.offers("close")
    assert not page.offers("fail")


def test_whoever_was_responsible_for_the_action_does_not_verify_it(app: Flask) -> None:
    quality = person_id(app, "quality")
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "answer", action_owner_id=quality)
        db.session.commit()
        own = f"/complaint/show/{complaint.id}"
    page = Visitor.signed_in(app, Role.quality).open(own)
    assert "有效性须由他人验证" in page.text
    assert not page.offers("close")


def test_a_maker_is_informed_before_it_is_closed(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        with pytest.raises(Refusal) as refused:
            advance(complaint, cause_kind=CauseKind.manufacture)
        assert set(refused.value.errors) == {"informed_party"}
        change(db.session, complaint, {"informed_party": "澄海医疗设备厂", "informed_on": today(), "informed_how": "函告"})
        perform(complaint, "close", values={"is_accepted": True, "effect_result": "有效"})
        assert complaint.state == "closed"


def test_a_returned_product_is_quarantined_and_its_whereabouts_are_known(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "confirm")
        part = {"complaint": complaint, "item": "流量传感器", "identifier": "S1", "place": "退货隔离区"}
        with pytest.raises(Refusal):
            create(db.session, ComplaintCustody, part | {"step": CustodyStep.tested})
        db.session.rollback()


@pytest.mark.parametrize("last", [CustodyStep.quarantined, CustodyStep.disposed])
def test_custody_has_no_gap(app: Flask, last: CustodyStep) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        part = {"complaint": complaint, "item": "流量传感器", "identifier": "S1", "place": "退货隔离区"}
        for step in dict.fromkeys((CustodyStep.received, CustodyStep.quarantined, last)):
            row = create(db.session, ComplaintCustody, part | {"step": step})
        assert row.handled_by == SYSTEM.name
        advance(complaint, "answer")
        if last is CustodyStep.quarantined:
            with pytest.raises(Refusal, match="流量传感器"):
                complaint.check_close()
        else:
            complaint.check_close()
        with pytest.raises(Refusal):
            change(db.session, row, {"place": "别处"}, reason="笔误")
        db.session.rollback()


def test_an_effect_that_failed_begins_anew_with_a_second_run_of_the_clocks(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        with server_time.at(MONDAY + timedelta(hours=1)):
            complaint = taken()
            advance(complaint, "answer", effect_due_on=today() + timedelta(days=30))
        with server_time.at(MONDAY + timedelta(days=20)):
            with pytest.raises(Refusal, match="起方可确认"):
                perform(complaint, "close", values={"is_accepted": True, "effect_result": "无同类投诉"})
            perform(complaint, "fail", reason="又有同类投诉")
            assert (complaint.state, complaint.planned_at, complaint.reply) == ("investigating", None, "已致歉并于当日上门")
            advance(complaint)
        runs = [(run.milestone, run.run, run.state) for run in runs_of(db.session, complaint)]
        assert ("complaint_effect", 1, "met") in runs
        assert ("complaint_effect", 2, "met") in runs
        assert ("complaint_plan", 2, "met") in runs


def test_complaints_about_the_same_are_a_group(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        first, second = taken(), taken()
        change(db.session, second, {"leading": first})
        assert (first.severity, second.severity) == (Severity.group, Severity.group)
        with pytest.raises(Refusal):
            change(db.session, first, {"leading": second})
        db.session.rollback()


def test_the_look_up_of_a_leading_complaint_offers_what_saving_takes(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        mine, open_one, led, over, group, none = (taken() for _ in range(6))
        change(db.session, led, {"leading": open_one})
        change(db.session, group, {"severity": Severity.group})
        perform(none, "dismiss", values={"dismissal_reason": "咨询"})
        for closed in (over, group):
            advance(closed)
        db.session.commit()
        numbers = {one.id: one.number for one in (mine, open_one, led, over, group, none)}
        offered, own = {open_one.number, group.number}, f"/complaint/edit/{mine.id}"
    officer = Visitor.signed_in(app, Role.complaint_officer)
    (address,) = officer.open(own).page.xpath("//input[@name='leading_id']/@data-lookup")
    found = {row["text"] for row in officer.client.get(address).json["results"]}
    assert found & set(numbers.values()) == offered
    with app.app_context(), acting_as(SYSTEM):
        for pk, number in numbers.items():
            complaint = db.session.get_one(Complaint, mine.id)
            if number not in offered:
                with pytest.raises(Refusal):
                    change(db.session, complaint, {"leading_id": pk})
                db.session.rollback()


def test_who_forgoes_looking_into_it_waits_for_vigilance(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "confirm", recurrence_harm=Harm.not_sure)
        with pytest.raises(Refusal, match="不良事件"):
            perform(complaint, "forgo", values={"no_investigation_reason": "已在牵头投诉中调查"})
        perform(complaint.request.assessment, "clear", values=NO_HARM | {"decision_reason": "患者未受伤害"})
        perform(complaint, "forgo", values={"no_investigation_reason": "已在牵头投诉中调查"})


def test_not_investigating_is_decided_by_quality_with_a_reason(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "confirm")
        with pytest.raises(Refusal):
            perform(complaint, "forgo")
        perform(complaint, "forgo", values={"no_investigation_reason": "已在牵头投诉中调查"})
        assert (complaint.state, complaint.forgone_by) == ("planning", SYSTEM.name)
        db.session.commit()
        number = complaint.id
    assert not Visitor.signed_in(app, Role.complaint_officer).open(f"/complaint/show/{number}").offers("forgo")


def test_not_investigating_is_never_the_first_thing_to_do(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        advance(complaint, "confirm")
        db.session.commit()
        number = complaint.id
    page = Visitor.signed_in(app, Role.quality).open(f"/complaint/show/{number}")
    assert page.offers("forgo")
    assert not page.offers("conclude")
    assert not page.page.xpath("//button[contains(@class, 'primary')]/@data-dialog")


def test_what_the_desk_corrects_reaches_the_complaint_until_it_is_confirmed(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        change(db.session, complaint.request, {"fault_text": "改期四次"}, reason="补充")
        assert complaint.description == "改期四次"
        advance(complaint, "confirm")
        change(db.session, complaint.request, {"fault_text": "改期五次"}, reason="补充")
        assert complaint.description == "改期四次"
        assert take_in(complaint.request) is complaint


def test_open_complaints_of_the_time_before_get_their_record(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.scalars(select(Device).where(Device.serial_no == "HD-0001")).one()
        call = {"kind": RequestKind.complaint, "channel": Channel.paper, "received_at": MONDAY, "fault_text": "无人回电"}
        earlier = ServiceRequest(device=device, customer=device.customer, region_id=device.region_id, harm=Harm.no, **call)
        db.session.add(earlier)
        db.session.flush()
        assert (take_in_earlier(db.session()), take_in_earlier(db.session())) == (1, 0)
        assert (earlier.complaint.state, earlier.complaint.description) == ("registered", "无人回电")


def test_a_wrong_device_is_corrected_with_a_reason_once_it_is_confirmed_and_at_the_desk_before(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        complaint = taken()
        first = complaint.device
        other = Device(model=first.model, serial_no="HD-9999", customer=first.customer, region_id=first.region_id)
        foreign = db.session.scalars(select(Device).where(Device.customer_id != first.customer_id).limit(1)).one()
        db.session.add(other)
        db.session.commit()
        with pytest.raises(Refusal) as early:
            change(db.session, complaint, {"device_id": other.id})
        db.session.rollback()
        advance(complaint, "confirm")
        db.session.commit()
        with pytest.raises(Refusal) as unreasoned:
            change(db.session, complaint, {"device_id": other.id})
        db.session.rollback()
        with pytest.raises(Refusal) as elsewhere:
            change(db.session, complaint, {"device_id": foreign.id}, reason="序列号抄错")
        db.session.rollback()
        assert [set(told.value.errors) for told in (early, unreasoned, elsewhere)] == [{"device_id"}, {"reason"}, {"device_id"}]
        change(db.session, complaint, {"device_id": other.id}, reason="序列号抄错")
        newest = history(db.session, "Complaint", complaint.id, limit=1)[0]
        assert (newest.changes["device_id"], newest.reason) == ([first.id, other.id], "序列号抄错")


@pytest.mark.parametrize("method", CauseMethod)
def test_each_method_is_drawn(app: Flask, method: CauseMethod) -> None:
    with app.app_context(), acting_as(SYSTEM), app.test_request_context():
        complaint = taken()
        complaint.cause_method = method
        for text, facts in (("传感器漂移", {"gate": "any_of"}), ("密封不良<b>", {"depth": 2, "branch": "material", "is_root": True})):
            create(db.session, ComplaintCause, {"complaint": complaint, "statement": text} | facts)
        picture = complaint.drawing()
        assert "密封不良&lt;b&gt;" in picture
        assert "传感器漂移" in picture
        db.session.rollback()


def test_what_is_written_at_a_bone_of_the_fish_crosses_no_bone(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), app.test_request_context():
        complaint = taken()
        complaint.cause_method = CauseMethod.fishbone
        facts = {"statement": "传感器批次零点漂移接近上限", "branch": "material", "is_root": True}
        create(db.session, ComplaintCause, {"complaint": complaint} | facts)
        picture = complaint.drawing()
        db.session.rollback()
    tops = [int(x) for x in re.findall(r'd="M\d+ \d+L(\d+) ', picture)]  # where each bone ends that leaves the spine
    written = re.findall(r'<text x="(\d+)"[^>]*>([^<]*[\u4e00-\u9fff][^<]*)</text>', picture)
    lines = [(int(x), text) for x, text in written if text in facts["statement"]]
    assert len(lines) > 1
    for x, text in lines:
        assert x + 12 * len(text) <= min(top for top in tops if top > x), text
