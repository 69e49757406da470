"""From a hospital's "not sure" on the public page to a submitted 20-day report with its number, and what nobody may read on the way."""

import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.retention import RetentionClass
from aftersales.extensions import db
from aftersales.labels import label
from aftersales.organization.region import Region
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.audit import AuditEntry
from aftersales.record.clocks import runs_of
from aftersales.record.now import CHINA
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.security.grants import PARTICULAR
from aftersales.security.manager import actor_of
from aftersales.service.request import ServiceRequest, Vigilance
from aftersales.spreadsheet.cells import value_of
from aftersales.vigilance.answers import QUESTIONS, Answer, Outcome, SeriousInjury
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.fields import OurRole, Relation
from aftersales.vigilance.form import event_form
from aftersales.vigilance.group import GroupEvent, GroupNotice, Recipient, TellingBy, put_into
from aftersales.vigilance.patient import READS_PATIENTS, EventPatient
from tests.portal.conftest import device_token, send
from tests.portal.nurse import requests_of
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import FOREIGN, OWN, PATIENTS, sign_in, token_of

__all__ = ["device_token", "send"]

NO = dict.fromkeys(QUESTIONS, "no") | {"serious_injury": "none"}
WHOLE = {
    "registration_no": "国械注准20243080001", "origin": "domestic", "category": "active", "occurred_precision": "day",
    "injury_text": "血氧饱和度降至 82%，改用备用机后恢复", "serious_kind": "intervention", "used_precision": "day", "use_place": "hospital",
    "use_process": "有创通气中出现停机报警", "is_investigated": "false", "relation": "undetermined", "needs_risk_evaluation": "false",
    "has_measures": "true", "measures_text": "涉事设备停用", "is_error": "false", "is_merged": "false",
}  # fmt: skip


@pytest.fixture
def assessed(app: Flask, send, device_token) -> int:
    """A nurse reports a fault and is not sure about harm; intake registers it. The assessment that waits."""
    assert send(f"/p/{device_token}", harm="not_sure").status_code == 303
    (request,) = requests_of(app)
    with app.app_context(), acting_as(SYSTEM):
        stored = db.session.get_one(ServiceRequest, request.id)
        perform(stored, "register")
        db.session.commit()
        assert stored.vigilance is Vigilance.to_assess
        assert stored.assessment.known_at == min(stored.received_at, stored.created_at)
        return stored.assessment.id


def test_from_not_sure_to_a_submitted_report(app: Flask, assessed: int) -> None:
    regulatory, quality = Visitor.signed_in(app, Role.regulatory), Visitor.signed_in(app, Role.quality)
    page = regulatory.open(f"/vigilance_assessment/show/{assessed}")
    assert "公司规定" in page.text
    refused = page.send("/perform/clear", **(NO | {"death": "not_sure", "decision_reason": "应该没事"}))
    assert refused.status == 422
    assert "“不确定”按“是”处理" in refused.text
    assert regulatory.open(f"/vigilance_assessment/show/{assessed}").send("/perform/report", **(NO | {"death": ""})).status == 422

    answers = NO | {"serious_injury": "intervention"}
    page = regulatory.open(f"/vigilance_assessment/show/{assessed}").send("/perform/report", **answers)
    assert page.status == 200, page.text
    with app.app_context(), acting_as(SYSTEM):
        assessment = db.session.get_one(VigilanceAssessment, assessed)
        event, known_at = assessment.event, assessment.known_at
        pk, patient_id, known_on = event.id, event.patient.id, event.known_on
        assert (assessment.request.vigilance, event.known_at) == (Vigilance.reported, known_at)
        assert (event.serial_no, event.model.specification, event.state) == ("HD-0001", "VX-90", "draft")
        (legal,) = (run for run in runs_of(db.session, event) if run.milestone == "ae_report" and run.track == "legal")
        assert legal.due_at.astimezone(CHINA).date() == known_on + timedelta(days=21)  # 24:00 of the twentieth day

    page = regulatory.open(f"/adverse_event/show/{pk}")
    assert "第二十五条" in page.text
    now = server_time.now().astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    submitted = {"submission_no": "3101202600012345", "submitted_at": now}
    assert "选择“严重伤害”的，须填写伤害表现" in page.text
    day = known_on.isoformat()
    page = regulatory.open(f"/adverse_event/edit/{pk}").send(f"/edit/{pk}", **(WHOLE | {"occurred_on": day, "used_on": day}))
    assert page.status == 200, page.text
    who = {"name": "贺兰初雪", "age": "54", "sex": "female", "record_no": "ZY-77"}
    page = regulatory.open(f"/event_patient/edit/{patient_id}").send(f"/edit/{patient_id}", **who)
    assert page.status == 200, page.text
    page = regulatory.open(f"/adverse_event/show/{pk}").send("/perform/report", **submitted)
    assert page.status == 200, page.text
    assert "3101202600012345" in page.text

    with app.app_context(), acting_as(SYSTEM):
        event = db.session.get_one(AdverseEvent, pk)
        assert (event.state, event.submission_no) == ("reported", "3101202600012345")
        runs = {(run.milestone, run.track): run for run in runs_of(db.session, event)}
        assert runs["ae_report", "legal"].state == "met"
        assert runs["ae_evaluation", "legal"].due_at.astimezone(CHINA).date() == known_on + timedelta(days=46)
        (report,) = event.reports
        (paper,) = sealed_of(db.session, report)
        text = re.sub(r"\s", "", "".join(words_of(app.extensions["store"].get(paper.sha256))))
        assert "3101202600012345" in text
        assert "限权查阅" in text
        assert "贺兰初雪" not in text
        entry = db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "EventReport")).one()
        assert entry.retention_class is RetentionClass.adverse_event
        submitter = event.submitted_by
    assert submitter
    told = {"relation": "related", "evaluation_result": "电池老化致停机，已更换"}
    handed_in = {"evaluation_recipient": "东澜省监测中心", "evaluation_no": "评 2026-77"}
    for name in handed_in:
        lacking = quality.open(f"/adverse_event/show/{pk}").send("/perform/evaluate", **(told | handed_in | {name: ""}))
        assert (lacking.status, lacking.page.xpath(f"//*[@name='{name}']/@aria-invalid")) == (422, ["true"])
    told |= handed_in
    early = quality.open(f"/adverse_event/show/{pk}").send("/perform/evaluate", **told, evaluated_at="2020-01-01T08:00")
    assert (early.status, "早于首次报告" in early.text) == (422, True)
    page = quality.open(f"/adverse_event/show/{pk}").send("/perform/evaluate", **told)
    assert page.status == 200, page.text
    assert not regulatory.open(f"/adverse_event/show/{pk}").offers("close")  # whoever reported does not close
    assert regulatory.client.post(f"/adverse_event/{pk}/perform/close").status_code in (403, 422)
    page = quality.open(f"/adverse_event/show/{pk}").send("/perform/close")
    with app.app_context(), acting_as(SYSTEM):
        event = db.session.get_one(AdverseEvent, pk)
        assert event.state == "closed", page.text
        assert (event.evaluated_by, event.evaluated_entered_at is not None) == ("Quality Test", True)
        (paper,) = sealed_of(db.session, event)
        text = re.sub(r"\s", "", "".join(words_of(app.extensions["store"].get(paper.sha256))))
        assert "评价结果报告" in text
        assert not [word for word in ("东澜省监测中心", "评2026-77", "QualityTest") if word not in text]


def test_the_page_says_at_the_field_what_the_form_lacks(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        event.serial_no = None
        db.session.commit()
        pk = event.id
    headers = {"Authorization": f"Bearer {token_of(app, Role.regulatory)}"}
    sent = {"submission_no": "1", "submitted_at": "2026-11-16T03:00:00Z"}
    answer = app.test_client().post(f"/api/v1/adverse_event/{pk}/report", headers=headers, json={"values": sent})
    assert answer.status_code == 422, answer.text
    assert {"lot_no", "serial_no", "injury_text"} <= set(answer.json["errors"]), answer.json
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.get_one(AdverseEvent, pk).state == "draft"


def test_the_database_refuses_what_the_page_refuses(app: Flask) -> None:
    from sqlalchemy.exc import IntegrityError

    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        for values in ({"lot_no": None, "serial_no": None}, {"injury_text": None}, {"serious_kind": None}, {"measures_text": None}):
            fill(event)
            for name, value in values.items():
                setattr(event, name, value)
            event._audit_reason = "试"
            event.__dict__["_moving_to"] = "reported"
            event.state = "reported"
            with pytest.raises(IntegrityError, match=r"(?i)check"):
                db.session.flush()
            db.session.rollback()
            event = own_event()


def test_what_is_not_reportable_has_a_named_decider_and_a_reason(app: Flask, assessed: int) -> None:
    quality = Visitor.signed_in(app, Role.quality)
    assert quality.open(f"/vigilance_assessment/show/{assessed}").send("/perform/clear", **NO).status == 422
    page = quality.open(f"/vigilance_assessment/show/{assessed}").send(
        "/perform/clear", **(NO | {"decision_reason": "自检未通过，未接患者"})
    )
    assert page.status == 200
    with app.app_context(), acting_as(SYSTEM):
        assessment = db.session.get_one(VigilanceAssessment, assessed)
        assert (assessment.state, assessment.event, bool(assessment.decided_by)) == ("cleared", None, True)
        entry = db.session.scalars(
            select(AuditEntry).where(
                AuditEntry.kind == "VigilanceAssessment", AuditEntry.record_id == assessed, AuditEntry.action == "clear"
            )
        ).one()
        assert entry.changes["death"] == [None, "no"]
        assert entry.actor_name == assessment.decided_by


def test_an_engineer_who_hears_of_harm_writes_it_down_and_time_begins(app: Flask) -> None:
    engineer = Visitor.signed_in(app, Role.engineer)
    order = next(link for link in engineer.open("/service_order/list/").links("/service_order/show/"))
    link = engineer.open(order).links("/vigilance_assessment/add")
    assert link, "the order's page leads to it"
    page = engineer.open(link[0]).send("/add", told="护士说上周换管路时患者脱机两分钟")
    assert page.status == 200, page.text
    with app.app_context(), acting_as(SYSTEM):
        written = db.session.scalars(select(VigilanceAssessment).order_by(VigilanceAssessment.id.desc()).limit(1)).one()
        assert (written.device.serial_no, written.known_by) == (written.order.device.serial_no, "Engineer Test")
        assert abs(written.known_at - written.created_at) < timedelta(seconds=5)
        assert {run.track for run in runs_of(db.session, written)} == {"company"}
    assert not engineer.offers("report")


def test_the_answers_change_and_the_clocks_with_them_from_the_same_awareness(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        assessment, known_at = event.assessment, event.known_at
        due = {run.track: run.due_at for run in runs_of(db.session, event) if run.milestone == "ae_report"}
        perform(assessment, "correct", values={"death": Answer.yes}, reason="患者三日后死亡")
        runs = [run for run in runs_of(db.session, event) if run.milestone == "ae_report" and run.track == "legal"]
        (run,) = runs
        assert (run.started_at, event.known_at, event.outcome.value) == (known_at, known_at, "death")
        assert due["legal"] - run.due_at == timedelta(days=13)


# -- no patient's name at any door --

# Whoever administers has every right, and may give any; regulatory affairs and quality are given this one.
READERS_OF_NOBODY = [role for role in Role if role not in (Role.administrator, *PARTICULAR[READS_PATIENTS])]


def doors(event: AdverseEvent) -> list[str]:
    patient, report, group = event.patient, event.reports[0], event.group_event
    pages = [
        f"/adverse_event/show/{event.id}", "/adverse_event/list/", "/event_patient/list/", f"/event_patient/show/{patient.id}",
        f"/event_patient/{patient.id}/story", f"/adverse_event/{event.id}/story", f"/event_report/show/{report.id}",
        f"/group_event/show/{group.id}", f"/adverse_event/{event.id}/related", f"/adverse_event/{event.id}/form.xlsx",
        f"/adverse_event/{event.id}/form.csv", f"/adverse_event/{event.id}/preview/adverse_event_form.pdf",
        f"/event_report/{report.id}/preview/adverse_event_form.pdf", f"/group_event/{group.id}/preview/group_event_form.pdf",
        "/event_patient/lookup", f"/event_patient/lookup?q={quote(PATIENTS[OWN])}", f"/search?q={quote(PATIENTS[OWN])}",
        f"/search/suggest?q={quote(PATIENTS[OWN][:2])}", f"/event_patient/list/?q={quote(PATIENTS[OWN])}", "/trail/?kind=EventPatient",
        f"/trail/?kind=EventPatient&record_id={patient.id}", "/", f"/event_patient/edit/{patient.id}",
    ]  # fmt: skip
    apis = [
        "/api/v1/event_patient/", f"/api/v1/event_patient/{patient.id}", f"/api/v1/event_patient/{patient.id}/history",
        f"/api/v1/adverse_event/{event.id}", "/api/v1/adverse_event/", f"/api/v1/adverse_event/{event.id}/history",
    ]  # fmt: skip
    return [*pages, *apis]


@pytest.mark.parametrize("role", READERS_OF_NOBODY)
def test_nobody_without_the_right_reads_a_patients_name_at_any_door(app: Flask, role: Role) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        urls = doors(event)
    client, headers = sign_in(app, role), {"Authorization": f"Bearer {token_of(app, role)}"}
    for url in urls:
        answer = app.test_client().get(url, headers=headers) if url.startswith("/api/") else client.get(url)
        told = words_in(answer, url).replace(quote(PATIENTS[OWN]), "")
        for mark in (PATIENTS[OWN], f"ZY-{OWN}-88", PATIENTS[OWN][0] + "**", "慢阻肺"):
            if f"q={quote(PATIENTS[OWN])}" in url and mark == PATIENTS[OWN]:
                continue  # the page repeats what was asked
            assert mark not in told, f"{role} reads {mark} at {url}"
        if "lookup?q" in url:
            assert answer.status_code == 403 or PATIENTS[OWN] not in json.dumps(answer.json, ensure_ascii=False)


def words_in(answer, url: str) -> str:
    if answer.status_code != 200:
        return ""
    if answer.mimetype == "application/pdf":
        return re.sub(r"\s", "", "".join(words_of(answer.data)))
    if url.endswith(".xlsx"):
        book = openpyxl.load_workbook(BytesIO(answer.data))
        return "\n".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
    return answer.get_data(as_text=True)


def test_an_export_of_patients_is_empty_for_whoever_lacks_the_right(app: Flask) -> None:
    with app.app_context():
        with acting_as(SYSTEM):
            account = db.session.scalars(select(Account).where(Account.username == Role.inspector)).one()
            actor = actor_of(account)
        with acting_as(actor):
            patient = db.session.scalars(select(EventPatient).limit(1)).one()
            assert value_of(patient, "name") in (None, "", "—")


def test_who_may_reads_the_name_and_that_is_noted(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        pk, patient_id = event.id, event.patient.id
    regulatory = Visitor.signed_in(app, Role.regulatory)
    assert PATIENTS[OWN] in regulatory.open(f"/event_patient/show/{patient_id}").text
    assert PATIENTS[OWN] in words_in(regulatory.client.get(f"/adverse_event/{pk}/form.xlsx"), "form.xlsx")
    assert "导出" in regulatory.open(f"/adverse_event/show/{pk}").text  # its story tells that the form was taken out
    assert PATIENTS[OWN] in words_in(regulatory.client.get(f"/adverse_event/{pk}/preview/adverse_event_form.pdf"), "")
    with app.app_context(), acting_as(SYSTEM):
        read = select(AuditEntry).where(AuditEntry.kind == "EventPatient", AuditEntry.record_id == patient_id, AuditEntry.action == "read")
        assert db.session.scalars(read).all()
    assert sign_in(app, Role.regulatory).get(f"/event_patient/list/?q={quote(PATIENTS[FOREIGN])}").status_code == 200


def test_the_form_as_a_table_has_every_field_in_the_forms_order(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        heads = [field.head for part in event_form(own_event(), with_patient=True) for field in part.fields]
    asked = (
        "产品名称*", "注册证编号*", "曾用注册证编号", "型号", "规格", "产地*", "管理类别*",
        "产品类别*", "产品批号*", "产品编号（序列号）*", "UDI",
        "生产日期", "有效期至", "事件发生日期*", "发现或者获知日期*", "伤害*", "伤害表现",
        "器械故障表现", "患者姓名", "出生日期", "年龄", "性别",
        "病历号", "既往病史",
        "预期治疗疾病或者作用", "器械使用日期*", "使用场所*", "使用过程*", "合并用药、用械情况", "是否开展了调查*", "调查情况",
        "关联性评价*", "事件原因分析",
        "是否需要开展产品风险评价*", "计划提交时间", "是否已采取控制措施*", "具体控制措施", "未采取控制措施原因", "是否为错报误报报告*",
        "是否合并报告*",
    )  # fmt: skip
    places = [heads.index(head) for head in asked]
    assert places == sorted(places)


# -- groups --


def test_a_group_tells_both_authorities_and_its_cases_within_a_day(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        group = event.group_event
        clocks = {(run.milestone, run.track): run.due_at - run.started_at for run in runs_of(db.session, group)}
        assert clocks["group_tell", "legal"] == timedelta(hours=12)
        case = {(run.milestone, run.track): run for run in runs_of(db.session, event)}
        assert case["ae_group_case", "legal"].due_at - group.known_at == timedelta(hours=24)
        with pytest.raises(Refusal, match="药品监督管理部门"):
            perform(group, "tell")
        db.session.rollback()
        group = own_event().group_event
        for hours, recipient in ((2, Recipient.drug_authority), (3, Recipient.health_authority)):
            at = group.known_at + timedelta(hours=hours)
            with server_time.at(at):
                told = {"recipient": recipient, "office": label(f"recipient.{recipient}", "zh"), "told_at": at}
                create(db.session(), GroupNotice, told | {"group_event": group, "channel": TellingBy.telephone, "spoken_to": "值班员"})
        perform(group, "tell")
        assert group.told_at == group.known_at + timedelta(hours=3)
        with pytest.raises(Refusal):
            perform(group, "investigate")
        db.session.rollback()


def test_a_group_is_investigated_when_both_have_the_report_of_it(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        group = own_event().group_event
        known, calls = group.known_at, {"group_event": group, "channel": TellingBy.other, "spoken_to": "值班员", "office": "省局"}
        later = known + timedelta(days=2)
        with server_time.at(later):
            for recipient in (Recipient.drug_authority, Recipient.health_authority):
                create(db.session(), GroupNotice, calls | {"recipient": recipient, "told_at": known + timedelta(hours=1)})
            perform(group, "tell")
            facts = {"lot_no": "B1", "injury_text": "缺氧", "user_count": 3, "case_count": 3, "course": "先后三例", "hospital": "一院"}
            facts |= {"places": "东澜省", "first_used_on": known.date(), "first_occurred_on": known.date(), "product_name": "呼吸机"}
            change(db.session(), group, facts | {"registration_no": "国械注准1"})
            db.session.flush()
            told = {"stopped_at": known, "stop_measures": "停用", "investigation": "批次缺陷", "self_inspection": "来料检验"}
            report = calls | {"is_report": True, "told_at": known + timedelta(days=1), "receipt_no": "受理 7"}
            create(db.session(), GroupNotice, report | {"recipient": Recipient.drug_authority})
            with pytest.raises(Refusal, match="监测机构"):
                perform(group, "investigate", values=told)
            create(db.session(), GroupNotice, report | {"recipient": Recipient.monitoring_body})
            perform(group, "investigate", values=told | {"is_own_province": True})
        assert group.investigated_at == known + timedelta(days=1)
        assert group.told_at == known + timedelta(hours=1)
        db.session.rollback()


def test_another_province_than_our_own_has_the_report_too(app: Flask) -> None:
    """R1 art. 32: of the place and of our own. Not answered counts as another province."""
    with app.app_context(), acting_as(SYSTEM):
        group = own_event().group_event
        pk, known, later = group.id, group.known_at, group.known_at + timedelta(days=4)
        with server_time.at(later):
            for recipient in (Recipient.drug_authority, Recipient.health_authority):
                create(db.session(), GroupNotice, notice(group, recipient, hours=1))
            perform(group, "tell")
            facts = {"lot_no": "B1", "injury_text": "缺氧", "user_count": 3, "case_count": 3, "course": "先后三例", "hospital": "一院"}
            facts |= {"places": "东澜省", "first_used_on": known.date(), "first_occurred_on": known.date(), "product_name": "呼吸机"}
            facts |= {"stopped_at": known, "stop_measures": "停用", "investigation": "批次缺陷", "self_inspection": "来料检验"}
            change(db.session(), group, facts | {"registration_no": "国械注准1"})
            for recipient in (Recipient.drug_authority, Recipient.monitoring_body):
                create(db.session(), GroupNotice, notice(group, recipient, hours=24, is_report=True))
            db.session.commit()
    page, at_home = f"/group_event/show/{pk}", {"所在地省级药品监督管理部门", "所在地省级监测机构"}
    with server_time.at(later):
        regulatory = Visitor.signed_in(app, Role.regulatory)
        assert listed_as_untold(regulatory.open(page)) == at_home
        for answer in ("", "false"):
            refused = regulatory.open(page).send("/perform/investigate", is_own_province=answer)
            assert (refused.status, "在同一省的，请选“是”" in refused.text) == (422, True)
        with app.app_context(), acting_as(SYSTEM):
            change(db.session(), db.session.get_one(GroupEvent, pk), {"is_own_province": True})
            db.session.commit()
        assert not listed_as_untold(regulatory.open(page))
        assert regulatory.send("/perform/investigate").status == 200
        with app.app_context(), acting_as(SYSTEM):
            group = db.session.get_one(GroupEvent, pk)
            assert (group.state, group.investigated_at) == ("investigated", known + timedelta(hours=24))
            with pytest.raises(Refusal) as found:
                change(db.session(), group, {"is_own_province": False}, reason="登记有误")
            assert set(found.value.errors) == {"is_own_province"}
            db.session.rollback()
            for hours, recipient in ((30, Recipient.home_drug_authority), (40, Recipient.home_monitoring_body)):
                create(db.session(), GroupNotice, notice(group, recipient, hours, is_report=True), reason="登记有误")
            change(db.session(), group, {"is_own_province": False}, reason="登记有误")
            assert group.investigated_at == known + timedelta(hours=40)  # the last of the four
            db.session.rollback()


def notice(group: GroupEvent, recipient: Recipient, hours: int, **report: bool) -> dict[str, Any]:
    told = {"recipient": recipient, "told_at": group.known_at + timedelta(hours=hours)}
    return told | {"group_event": group, "channel": TellingBy.other, "spoken_to": "值班员", "office": "省局"} | report


def listed_as_untold(page: Visitor) -> set[str]:
    return set(page.page.xpath("//aside//section[.//h2[normalize-space()='尚待报告']]//li/text()"))


def test_the_codes_of_a_case_come_along_into_its_group(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        event.lot_no, event.group_event.lot_no = None, "B1"
        put_into(event, event.group_event)
        put_into(event, event.group_event)
        assert event.group_event.lot_no == f"B1、{event.serial_no}"
        db.session.rollback()


def test_results_went_out_when_they_are_said_to_have(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        with server_time.at(event.known_at + timedelta(days=9)):
            fill(event)
            db.session.flush()
            db.session.refresh(event)
            perform(event, "report", values={"submission_no": "1", "submitted_at": event.known_at + timedelta(days=1)})
            said = event.known_at + timedelta(days=7)
            told = {"relation": Relation.related, "evaluation_result": "有关", "evaluated_at": said}
            perform(event, "evaluate", values=told | {"evaluation_recipient": "省监测中心", "evaluation_no": "1"})
        (run,) = (run for run in runs_of(db.session, event) if (run.milestone, run.track) == ("ae_evaluation", "legal"))
        assert event.evaluated_at == run.met_at == said
        db.session.rollback()


@pytest.mark.parametrize("exempt", [{"outcome": Outcome.other}, {"our_role": OurRole.dealer}])
def test_only_a_holder_hands_in_results_and_not_of_other_harm(app: Flask, exempt: dict[str, Any]) -> None:
    """R1 art. 29."""
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        fill(event)
        db.session.flush()
        db.session.refresh(event)
        perform(event, "report", values={"submission_no": "1", "submitted_at": event.known_at})
        told = {"relation": Relation.related, "evaluation_result": "有关"}
        with pytest.raises(Refusal) as found:
            perform(event, "evaluate", values=told)
        assert set(found.value.errors) == {"evaluation_recipient", "evaluation_no"}
        for name, value in exempt.items():
            setattr(event, name, value)
        perform(event, "evaluate", values=told)
        assert event.state == "evaluated"
        db.session.rollback()


def test_a_patient_stands_where_the_event_does(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        event = own_event()
        assert "region_id" in EventPatient.fixed
        other = db.session.scalars(select(Region.id).where(Region.code == FOREIGN)).one()
        change(db.session(), event, {"region_id": other}, reason="登记区域有误")
        assert {part.region_id for part in (event.patient, *event.reports)} == {other}
        db.session.rollback()


def test_three_of_one_model_are_a_hint_and_one_click_a_group(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        device = own_event().device
        perform(own_event().group_event, "dismiss", values={"dismissal_reason": "仅一例，排除"})
        for n in range(2):
            written = create(db.session(), VigilanceAssessment, {"device_id": device.id, "told": f"停机 {n}"})
            answers = dict.fromkeys(QUESTIONS, Answer.no) | {"serious_injury": SeriousInjury.none, "could_cause": Answer.yes}
            perform(written, "report", values=answers)
        db.session.commit()
        pk = written.event.id
        assert own_event().group_event is None
    regulatory = Visitor.signed_in(app, Role.regulatory)
    page = regulatory.open(f"/adverse_event/show/{pk}")
    assert "可能构成群体事件" in page.text
    page = page.send("/into_group")
    assert "/group_event/show/" in page.url
    with app.app_context(), acting_as(SYSTEM):
        group = db.session.scalars(select(GroupEvent).order_by(GroupEvent.id.desc()).limit(1)).one()
        assert len(group.events) >= 3
        assert all(any(run.milestone == "ae_group_case" for run in runs_of(db.session, event)) for event in group.events)


def own_event() -> AdverseEvent:
    return db.session.scalars(select(AdverseEvent).where(AdverseEvent.serial_no == f"{OWN}-0001").order_by(AdverseEvent.id)).first() or (
        db.session.scalars(select(AdverseEvent).order_by(AdverseEvent.id)).first()
    )


def fill(event: AdverseEvent) -> None:
    day = event.known_on
    change(db.session, event, {
        "origin": "domestic", "category": "active", "occurred_on": day, "occurred_precision": "day", "used_on": day,
        "used_precision": "day",
        "injury_text": "低氧", "serious_kind": SeriousInjury.intervention, "use_place": "hospital", "use_process": "通气",
        "is_investigated": False,
        "relation": "undetermined", "needs_risk_evaluation": False, "has_measures": True, "measures_text": "停用", "is_error": False,
        "is_merged": False,
    })  # fmt: skip
    event.submission_no, event.submitted_at = "1", event.known_at
    event.submitted_by, event.submitted_entered_at = "测", event.known_at
