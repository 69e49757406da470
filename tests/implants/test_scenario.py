"""From an implantation to the sealed visit; the one who cannot be reached; what is told of harm; and what the database refuses."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.retention import Term
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.implants.attempt import FollowUpAttempt
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.implants.kinds import AttemptResult, FollowUpKind
from aftersales.implants.plan import FollowUpPlan
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.clocks import runs_of
from aftersales.record.display import words
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.vigilance.assessment import VigilanceAssessment
from tests.implants.cases import ADMISSION, NAME, SAFE, TOLD, a_unit, ago, register, the_implant, tried_later, try_to_reach
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import FOREIGN, MONDAY, PASSWORD, sign_in


def text_of(app: Flask, record: ImplantFollowUp) -> str:
    (paper,) = [paper for paper in sealed_of(db.session, record) if paper.status == "valid"]
    return re.sub(r"\s", "", "".join(words_of(app.extensions["store"].get(paper.sha256))))


def test_from_an_implantation_to_the_sealed_visit(app: Flask) -> None:
    follower = Visitor.signed_in(app, Role.follow_up)
    page = register(follower, a_unit(app))
    assert page.status == 200, page.text
    with app.app_context(), acting_as(SYSTEM):
        implant = the_implant("HD-PM-9")
        call, visit = implant.follow_ups
        kinds = (call.follow_up_kind, visit.follow_up_kind)
        assert kinds == (FollowUpKind.call, FollowUpKind.visit)
        (run,) = runs_of(db.session, call)
        assert (run.track, run.due_at) == ("company", implant.operated_at + timedelta(hours=24))
        ids, patient_id, implant_id = (call.id, visit.id), implant.patient.id, implant.id
    who = {"name": NAME, "admission_no": ADMISSION, "birth_on": "1958-03-02", "sex": "female"}
    page = follower.open(f"/implant_patient/edit/{patient_id}")
    assert "data-draft" not in str(follower.page.xpath("//form[@id='record-form']")[0].attrib)
    assert page.send(f"/edit/{patient_id}", **who).status == 200
    assert NAME in follower.open(f"/implant_patient/show/{patient_id}").text
    for pk, title in zip(ids, ("植入术后电话随访记录", "植入术后上门随访记录"), strict=True):
        page = follower.open(f"/implant_follow_up/show/{pk}")
        assert "先作安全询问" in page.text
        assert not page.offers("complete")  # nobody was reached yet, and nothing was asked
        assert try_to_reach(follower, pk, "no_answer").status == 200
        assert try_to_reach(follower, pk, "reached", "visit").status == 200
        page = follower.open(f"/implant_follow_up/edit/{pk}").send(f"/edit/{pk}", **(SAFE | TOLD))
        assert page.status == 200, page.text
        page = follower.open(f"/implant_follow_up/show/{pk}").send("/perform/complete", password=PASSWORD)
        assert page.status == 200, page.text
        with app.app_context(), acting_as(SYSTEM):
            row = db.session.get_one(ImplantFollowUp, pk)
            assert (row.state, row.settled_by, row.assessment) == ("done", "Follow_Up Test", None)
            assert runs_of(db.session, row)[0].state == "met"
            paper = text_of(app, row)
            assert title in paper
            assert "不需要" in paper  # each question was answered with no
            assert "限权查阅" in paper
            assert "HD-PM-9" in paper
            assert NAME not in paper
            entry = db.session.scalars(
                select(ArchiveEntry).where(ArchiveEntry.kind == "ImplantFollowUp", ArchiveEntry.record_id == pk)
            ).one()
            assert entry.term is Term.permanent
            assert any("植入性医疗器械的一切记录：永久保存" in line for line in entry.why())
    fresh = follower.client.get(f"/implant/{implant_id}/preview/implant_record.pdf")
    assert NAME in "".join(words_of(fresh.data))  # who may read has it on a fresh print
    assert NAME not in "".join(words_of(sign_in(app, Role.intake).get(f"/implant/{implant_id}/preview/implant_record.pdf").data))
    assert NAME not in "".join(words_of(follower.client.get(f"/implant/{implant_id}/preview/implant_card.pdf").data))


def test_a_unit_is_found_by_the_whole_admission_number_only(app: Flask) -> None:
    follower = Visitor.signed_in(app, Role.follow_up)
    with app.app_context(), acting_as(SYSTEM):
        pk = the_implant().id
    assert follower.open("/implant/find").send("/find", admission_no=" pm-hd-77").url == f"/implant/show/{pk}"
    assert "没有该住院号" in follower.open("/implant/find").send("/find", admission_no="PM-HD").page.text_content()
    assert "没有该住院号" in follower.open("/implant/find").send("/find", admission_no="PM-XN-77").page.text_content()  # another region's
    answer = sign_in(app, Role.engineer).post("/implant/find", data={"admission_no": "PM-HD-77"}, follow_redirects=True)
    assert "/show/" not in answer.request.path
    assert "只有可查看患者信息的人员" in answer.text


def test_the_first_page_says_by_when_each_follow_up_is_due(app: Flask) -> None:
    follower = Visitor.signed_in(app, Role.follow_up)
    with app.app_context(), acting_as(SYSTEM):
        due = [words(run.due_at) for row in the_implant().follow_ups for run in runs_of(db.session, row) if run.met_at is None]
    page = follower.open("/").text
    assert due
    assert all(f"应于 {text} 前完成" in page for text in due)


def test_the_page_of_a_unit_leads_to_its_next_follow_up(app: Flask) -> None:
    follower = Visitor.signed_in(app, Role.follow_up)
    with app.app_context(), acting_as(SYSTEM):
        unit, call = the_implant().id, the_implant().follow_ups[0].id
    page = follower.open(f"/implant/show/{unit}")
    assert [link.get("href") for link in page.page.xpath("//a[contains(@class, 'btn primary')]")] == [f"/implant_follow_up/show/{call}"]
    assert not page.page.xpath("//button[contains(@class, 'primary')]/@data-dialog")


def test_who_cannot_be_reached_is_confirmed_by_a_second_person(app: Flask) -> None:
    follower, quality = Visitor.signed_in(app, Role.follow_up), Visitor.signed_in(app, Role.quality)
    with app.app_context(), acting_as(SYSTEM):
        pk = the_implant().follow_ups[0].id
        assert the_implant().follow_ups[0].tried_in_vain == 1
    page = follower.open(f"/implant_follow_up/show/{pk}")
    assert not page.offers("give_up")
    assert "规定至少 3 次" in page.text
    tried_later(app, pk, AttemptResult.no_answer, 4, 4, 4)
    with app.app_context(), acting_as(SYSTEM):
        assert the_implant().follow_ups[0].tried_in_vain == 2  # three within a minute are one, beside the one before
    assert not follower.open(f"/implant_follow_up/show/{pk}").offers("give_up")
    tried_later(app, pk, AttemptResult.no_answer, 9)
    page = follower.open(f"/implant_follow_up/show/{pk}").send("/perform/give_up", unreachable_reason="")
    assert page.status == 422
    page = follower.open(f"/implant_follow_up/show/{pk}").send("/perform/give_up", unreachable_reason="医院三次无人接听，科室电话停用")
    assert page.status == 200, page.text
    assert not page.offers("confirm")
    assert follower.client.post(f"/implant_follow_up/{pk}/perform/confirm").status_code in (403, 422)
    page = quality.open(f"/implant_follow_up/show/{pk}").send("/perform/confirm", confirmation="同意，改由区域中心函询")
    assert page.status == 200, page.text
    with app.app_context(), acting_as(SYSTEM):
        row = db.session.get_one(ImplantFollowUp, pk)
        assert (row.state, row.asked_by) == ("unreachable", "Follow_Up Test")
        assert runs_of(db.session, row)[0].met_at is not None
        assert "科室电话停用" in text_of(app, row)
        assert "不需要" not in text_of(app, row)  # nobody was asked: the paper does not say that nothing is to be assessed
        assert row.implant.state == "implanted"  # a recall still looks for it
    page = quality.open(f"/implant_follow_up/show/{pk}").send("/perform/reopen", reason="科室来电")
    assert page.status == 200, page.text


def test_who_was_not_reached_was_not_followed_up_in_time(app: Flask) -> None:
    follower, quality = Visitor.signed_in(app, Role.follow_up), Visitor.signed_in(app, Role.quality)
    register(follower, a_unit(app))
    with app.app_context(), acting_as(SYSTEM):
        pk = the_implant("HD-PM-9").follow_ups[0].id
    try_to_reach(follower, pk, "no_answer")
    tried_later(app, pk, AttemptResult.no_answer, 5, 10)
    follower.open(f"/implant_follow_up/show/{pk}").send("/perform/give_up", unreachable_reason="医院三次无人接听")
    page = quality.open(f"/implant_follow_up/show/{pk}").send("/perform/confirm", confirmation="同意")
    assert "不表示已经随访" in page.text
    with app.app_context(), acting_as(SYSTEM):
        row = db.session.get_one(ImplantFollowUp, pk)
        assert runs_of(db.session, row)[0].state == "met"
        assert "失访，期内确认" in text_of(app, row)
        assert "按时" not in text_of(app, row)


def test_quality_may_not_confirm_what_it_asked_itself(app: Flask) -> None:
    quality = Visitor.signed_in(app, Role.quality)
    with app.app_context(), acting_as(SYSTEM):
        pk = the_implant().follow_ups[0].id
    tried_later(app, pk, AttemptResult.wrong_contact, 5, 10)
    quality.open(f"/implant_follow_up/show/{pk}").send("/perform/give_up", unreachable_reason="联系方式有误")
    assert not quality.open(f"/implant_follow_up/show/{pk}").offers("confirm")
    assert quality.client.post(f"/implant_follow_up/{pk}/perform/confirm", data={"confirmation": "同意"}).status_code == 403


@pytest.mark.parametrize("answer", ["yes", "not_sure"])
@pytest.mark.parametrize("question", sorted(SAFE))
def test_a_sign_of_harm_goes_to_vigilance_before_anything_else(app: Flask, question: str, answer: str) -> None:
    follower = Visitor.signed_in(app, Role.follow_up)
    with app.app_context(), acting_as(SYSTEM):
        pk = the_implant().follow_ups[0].id
    page = follower.open(f"/implant_follow_up/edit/{pk}").send(f"/edit/{pk}", **{question: answer})
    assert page.status == 422
    assert "请写明所知的伤害" in page.text
    page = follower.open(f"/implant_follow_up/edit/{pk}").send(f"/edit/{pk}", **{question: answer, "harm_told": "夜间报警一次"})
    assert page.status == 200, page.text
    assert "有伤害迹象" in page.text
    with app.app_context(), acting_as(SYSTEM):
        row = db.session.get_one(ImplantFollowUp, pk)
        assessment = row.assessment
        assert (row.state, assessment.state, assessment.device.serial_no) == ("due", "to_assess", "HD-PM-1")
        (run,) = runs_of(db.session, assessment)
        assert run.due_at - assessment.known_at < timedelta(hours=12)
        assert row.number in assessment.told
        count = len(db.session.scalars(select(VigilanceAssessment)).all())
        change(db.session, row, {"complications": "无"})
        db.session.flush()
        assert len(db.session.scalars(select(VigilanceAssessment)).all()) == count  # one suspicion, once


def test_what_happens_to_a_unit_is_assessed_and_ends_the_following(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        implant, before = the_implant(), len(db.session.scalars(select(VigilanceAssessment)).all())
        day = server_time.today()
        perform(implant, "revise", values={"revised_on": day, "revision_reason": "更换电极导线"})
        told = {"explanted_on": day, "explant_cause": "complication", "explant_reason": "囊袋感染", "whereabouts": "移交公司隔离"}
        perform(implant, "explant", values=told)
        assert len(db.session.scalars(select(VigilanceAssessment)).all()) == before + 2
        assert {row.state for row in implant.follow_ups} == {"dropped"}
        assert all(run.state == "dropped" for row in implant.follow_ups for run in runs_of(db.session, row))
        again = {"device_id": implant.device_id, "customer_id": implant.customer_id, "operated_at": server_time.now()}
        with pytest.raises(Refusal, match="已存在"):  # what was taken out goes into nobody else
            create(db.session(), Implant, again)


def test_a_death_is_assessed_and_a_mistake_frees_the_unit(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        implant = the_implant(f"{FOREIGN}-PM-1")
        perform(implant, "note_death", values={"deceased_on": server_time.today(), "death_circumstances": "院外死亡，原因不详"})
        last = db.session.scalars(select(VigilanceAssessment).order_by(VigilanceAssessment.id.desc()).limit(1)).one()
        assert "院外死亡" in last.told
        mistaken = the_implant()
        perform(mistaken, "withdraw", reason="登错了序列号")
        again = {"device_id": mistaken.device_id, "customer_id": mistaken.customer_id, "operated_at": server_time.now()}
        assert create(db.session(), Implant, again).state == "implanted"


def test_learnt_of_late_it_is_made_up_for_from_the_registration(app: Flask) -> None:
    follower = Visitor.signed_in(app, Role.follow_up)
    register(follower, a_unit(app), operated_at=ago(days=3), late_reason="医院周末后才回传")
    with app.app_context(), acting_as(SYSTEM):
        implant = the_implant("HD-PM-9")
        call, visit = implant.follow_ups
        assert (call.is_learnt_late, call.counted_from) == (True, implant.registered_at)
        assert (visit.is_learnt_late, visit.counted_from) == (False, implant.operated_at)
        assert runs_of(db.session, call)[0].due_at == implant.registered_at + timedelta(hours=24)


def test_a_models_own_plan_makes_further_follow_ups(app: Flask) -> None:
    unit = a_unit(app)
    with app.app_context(), acting_as(SYSTEM):
        model = db.session.get_one(Device, unit).model
        day = server_time.today()
        plan = create(db.session(), FollowUpPlan, {
            "model_id": model.id, "fruitless_attempts": 2, "further_months": "12，3", "effective_from": day,
        })  # fmt: skip
        assert plan.further_months == "3, 12"
        perform(plan, "approve")
        db.session.commit()
    register(Visitor.signed_in(app, Role.follow_up), unit)
    with app.app_context(), acting_as(SYSTEM):
        further = [row for row in the_implant("HD-PM-9").follow_ups if row.follow_up_kind is FollowUpKind.further]
        assert len(further) == 2
        (run,) = runs_of(db.session, further[0])
        assert run.due_at.astimezone(server_time.CHINA).date() == further[0].due_on + timedelta(days=1)
        with pytest.raises(Refusal, match="月数"):
            create(db.session(), FollowUpPlan, {"fruitless_attempts": 2, "further_months": "soon", "effective_from": day})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"operated_at": "2999-01-01T00:00"}, "将来"),
        ({"operated_at": ""}, "必填"),
        ({"device_id": "999999"}, "没有"),
        ({"device_id": "1"}, ""),  # no implant
    ],
)
def test_the_page_says_what_is_wrong_and_stores_nothing(app: Flask, values: dict[str, str], said: str) -> None:
    unit = a_unit(app)
    page = register(Visitor.signed_in(app, Role.follow_up), unit, **values)
    assert page.status == 422
    assert said in page.text
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.scalars(select(Implant).where(Implant.device_id == unit)).all() == []


def test_the_database_refuses_what_the_page_refuses(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        for name, value in {"phone": "13900001111", "consent": "given"}.items():
            setattr(the_implant().patient, name, value)
            with pytest.raises(IntegrityError, match=r"(?i)check"):
                db.session.flush()
            db.session.rollback()
        row = the_implant().follow_ups[0]
        for name, value in (SAFE | {"is_failing": "yes"} | TOLD | {"is_instructed": True}).items():
            setattr(row, name, value)
        row.settled_at, row.settled_by = MONDAY, "某人"
        row.__dict__["_moving_to"] = "done"
        row.state = "done"
        with pytest.raises(IntegrityError, match="assessment_id"):
            db.session.flush()
        db.session.rollback()


def test_what_patients_say_needs_their_consent_and_an_attempt_stays(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        row = the_implant().follow_ups[0]
        with pytest.raises(Refusal, match="书面同意"):
            change(db.session, row, {"respondent": "patient"})
        db.session.rollback()
        attempt = db.session.scalars(select(FollowUpAttempt).limit(1)).one()
        assert attempt.why_kept
        with pytest.raises((Refusal, NotAllowed)):
            create(db.session(), ImplantFollowUp, {"implant": the_implant()})


def test_a_recall_knows_how_many_units_are_in_patients(app: Flask) -> None:
    from aftersales.recalls.choices import Defect, Handling, RecallSource
    from aftersales.recalls.preview import preview
    from aftersales.recalls.recall import Recall
    from aftersales.recalls.scope import RecallCriterion
    from aftersales.recalls.steps import ASSESSMENT

    with app.app_context(), acting_as(SYSTEM):
        told = {"subject": "电池提前耗竭", "source": RecallSource.signal, "source_text": "两例", "defect": Defect.unreasonable_risk}
        told |= {"handling": next(iter(Handling)), "cause_brief": "电池", "demands": "加强随访", "instructions": "协商"}
        model = the_implant().device.model
        recall = create(db.session(), Recall, told | dict.fromkeys(ASSESSMENT, "已评估") | {"model": model})
        create(db.session(), RecallCriterion, {"recall": recall, "model": model, "lots": "HD-PM"})
        assert (preview(db.session(), recall).total, preview(db.session(), recall).implanted) == (1, 1)


def test_a_trace_leads_from_the_lot_to_hospital_and_follow_ups_and_back(app: Flask) -> None:
    engineer = Visitor.signed_in(app, Role.intake)
    with app.app_context(), acting_as(SYSTEM):
        implant = the_implant()
        number, call, hospital = implant.number, implant.follow_ups[0], implant.customer.name
        follow_up, follow_up_no = call.id, call.number
        implant_id = implant.id
    page = engineer.open("/trace/?kind=lot&key=HD-PM")
    assert all(text in page.text for text in (number, follow_up_no, hospital))
    for kind, key in (("implant", implant_id), ("follow_up", follow_up)):
        page = engineer.open(f"/trace/?kind={kind}&key={key}")
        assert all(text in page.text for text in ("HD-PM", hospital)), page.text
