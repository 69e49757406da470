"""Corrective action: approved by another, its effect checked by somebody who had no part in it, twice if need be."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from aftersales.archives.entry import ArchiveEntry
from aftersales.extensions import db
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import ActionKind, CapaSource, RiskGrade
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import alert_due
from aftersales.record.archive import sealed_of
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.notices import Notice
from aftersales.record.now import today
from aftersales.record.openapi import the_document
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from tests.scenarios.person import Visitor
from tests.world import FOREIGN, MONDAY, PASSWORD, token_of

PROBLEM = {
    "title": "改期无人确认", "source": CapaSource.audit, "problem": "三个月内五次改期未通知用户", "risk_grade": RiskGrade.middle,
    "risk": "用户停机等待", "containment": "调度每日核对改期", "cause": "派工流程没有改期确认步骤",
}  # fmt: skip


def written(**facts: Any) -> CorrectiveAction:
    """With one action of the engineer, to be done in a week."""
    person = db.session.scalars(select(Person).where(Person.name == "华东engineer")).one()
    action = create(db.session, CorrectiveAction, PROBLEM | {"region_id": person.region_id} | facts)
    planned = {"kind": ActionKind.corrective, "measure": "增加改期确认步骤", "assignee": person, "due_on": today() + timedelta(days=7)}
    create(db.session, CapaAction, planned | {"corrective_action": action})
    return action


def approve(action: CorrectiveAction, days: int = 30) -> None:
    perform(action, "approve", values={"effect_criterion": "一个月内无未通知的改期", "effect_due_on": today() + timedelta(days=days)})


def carry_out(action: CorrectiveAction) -> None:
    for row in action.actions:
        change(db.session, row, {"evidence": "已修改并培训"})
    perform(action, "finish", values={"no_adverse_effect": "试运行两周，派工时长未增加"})


def due(action: CorrectiveAction) -> datetime:
    return next(run.due_at for run in runs_of(db.session, action) if run.milestone == "capa_actions")


def test_a_failed_check_begins_another_round_with_clocks_of_its_own(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        with server_time.at(MONDAY):
            action = written()
            perform(action, "submit")
            approve(action)
            carry_out(action)
        with server_time.at(MONDAY + timedelta(days=25)):
            perform(action, "fail", reason="仍有两次未通知")
            assert (action.state, action.round_no, action.approved_at, action.no_adverse_effect) == ("draft", 2, None, None)
            assert f"第 1 轮，{today()}" in action.failures
            assert "仍有两次未通知" in action.failures
            with pytest.raises(Refusal, match="增加措施"):
                perform(action, "submit")  # what was done has not worked
            person = action.actions[0].assignee
            more = {"kind": ActionKind.preventive, "measure": "系统改期须填通知时间", "assignee": person}
            create(db.session, CapaAction, more | {"corrective_action": action, "due_on": today() + timedelta(days=9)})
            perform(action, "submit")
            approve(action, 60)
            (effect,) = (run for run in runs_of(db.session, action) if run.milestone == "capa_effect" and run.run == 2)
            assert effect.due_at.date() == (MONDAY + timedelta(days=25 + 60 + 7)).date()  # 24:00 in China, a week after its day
            carry_out(action)
        with server_time.at(MONDAY + timedelta(days=80)), pytest.raises(Refusal, match="起方可确认"):
            perform(action, "confirm", values={"effect_result": "两个月内无未通知的改期"})
        with server_time.at(MONDAY + timedelta(days=86)):
            perform(action, "confirm", values={"effect_result": "两个月内无未通知的改期"})
        runs = {(run.milestone, run.run): run.state for run in runs_of(db.session, action)}
        assert runs == {("capa_actions", 1): "met", ("capa_effect", 1): "met", ("capa_actions", 2): "met", ("capa_effect", 2): "met"}
        assert [paper.name for paper in sealed_of(db.session, action)] == ["corrective_action"]
        entry = db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "CorrectiveAction")).one()
        assert entry.retention_class == "quality_record"


def approved_with_training_in_three_days() -> CorrectiveAction:
    action = written()
    planned = {"kind": ActionKind.corrective, "measure": "培训", "assignee": action.actions[0].assignee}
    create(db.session, CapaAction, planned | {"corrective_action": action, "due_on": today() + timedelta(days=3)})
    perform(action, "submit")
    approve(action)
    return action


def test_the_next_day_of_an_action_is_the_clock(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        action = approved_with_training_in_three_days()
        assert (action.next_due_on, due(action)) == (today() + timedelta(days=3), MONDAY.replace(hour=16) + timedelta(days=3))
        change(db.session, action.actions[1], {"evidence": "已培训 12 人"})
        assert (action.next_due_on, due(action)) == (today() + timedelta(days=7), MONDAY.replace(hour=16) + timedelta(days=7))
        assert action.actions[1].done_by == SYSTEM.name


def test_the_page_tells_how_long_is_left_for_each_action(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        action = approved_with_training_in_three_days()
        change(db.session, action.actions[1], {"evidence": "已培训 12 人"})
        db.session.commit()
        pk, waits = action.id, action.actions[0]
        told, until = f"未完成的措施 {waits.measure}", runs_of(db.session, waits)[0].due_at.isoformat()
    page = Visitor.signed_in(app, Role.quality).open(f"/corrective_action/show/{pk}")
    assert told in page.text
    assert "未完成的措施 培训" not in page.text
    assert page.page.xpath(f"//aside//time[@data-due='{until}']")


def test_whoever_an_action_was_given_to_writes_what_came_of_it(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        action = approved_with_training_in_three_days()
        other = db.session.scalars(select(Person).where(Person.name == "华东dispatcher")).one()
        change(db.session, action.actions[1], {"assignee": other})
        db.session.commit()
        own, rows = f"/corrective_action/show/{action.id}", [row.id for row in action.actions]
    engineer = Visitor.signed_in(app, Role.engineer)
    page = engineer.open(own)
    assert len([form for form in page.page.forms if (form.get("action") or "").endswith("/done")]) == 1
    assert "此项措施由他人负责" in engineer.send("/done", row=str(rows[1]), evidence="替他写").text
    engineer.open(own).send("/done", evidence=" ")
    assert "内容过长" in engineer.open(own).send("/done", evidence="长" * 4001).text
    assert "已修改流程" in engineer.open(own).send("/done", evidence="已修改流程").text
    with app.app_context(), acting_as(SYSTEM):
        row, others = db.session.get_one(CapaAction, rows[0]), db.session.get_one(CapaAction, rows[1])
        assert others.evidence is None
        assert (row.evidence, row.done_by_user_id) == ("已修改流程", row.assignee.user_id)


def test_the_api_has_the_same_door_for_whoever_an_action_was_given_to(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        action = approved_with_training_in_three_days()
        other = db.session.scalars(select(Person).where(Person.name == "华东dispatcher")).one()
        change(db.session, action.actions[1], {"assignee": other})
        early = written(title="尚未批准")
        foreign = create(db.session, CorrectiveAction, PROBLEM | {"title": "外区", "region_id": region_id(FOREIGN)})
        planned = {"kind": ActionKind.corrective, "measure": "外区措施", "assignee": action.actions[0].assignee, "due_on": today()}
        abroad = create(db.session, CapaAction, planned | {"corrective_action": foreign})
        db.session.commit()
        own, others, planned, abroad = (row.id for row in (*action.actions, early.actions[0], abroad))

    def send(row: int, body: object, role: Role = Role.engineer) -> TestResponse:
        headers = {"Authorization": f"Bearer {token_of(app, role)}"}
        return app.test_client().post(f"/api/v1/capa_action/{row}/done", headers=headers, json=body)

    for row, body, status, said in (
        (others, {"evidence": "替他写"}, 403, {"": ["此项措施由他人负责。"]}),
        (planned, {"evidence": "早做完了"}, 422, {"": ["该措施已完成，或当前不在实施阶段。"]}),
        (own, {}, 422, {"evidence": ["此项必填。"]}),
        (own, {"evidence": " \0 "}, 422, {"evidence": ["此项必填。"]}),
        (own, {"evidence": "长" * 4001}, 422, {"evidence": ["内容过长。"]}),
        (own, {"evidence": 7}, 422, None),
        (own, {"evidence": "已修改", "done_at": "2026-01-01"}, 422, {"done_at": ["没有该字段。"]}),
        (abroad, {"evidence": "已修改"}, 404, None),
    ):
        answer = send(row, body)
        assert answer.status_code == status, answer.text
        assert said in (None, answer.json["errors"]), answer.json
    assert send(own, {"evidence": "替他写"}, Role.quality).status_code == 403  # may write the record, and this is not theirs
    answer = send(own, {"evidence": " 已修改流程 "})
    assert (answer.status_code, answer.json["result"]["sections"]["basics"]["evidence"]) == (200, "已修改流程"), answer.text
    assert send(own, {"evidence": "再写"}).status_code == 422
    with app.app_context(), acting_as(SYSTEM):
        row = db.session.get_one(CapaAction, own)
        assert (row.evidence, row.done_by_user_id, row.done_at is None) == ("已修改流程", row.assignee.user_id, False)
        assert [db.session.get_one(CapaAction, pk).evidence for pk in (others, planned)] == [None, None]


def test_the_document_describes_the_door_of_an_action(app: Flask) -> None:
    with app.app_context():
        paths = the_document()["paths"]
    door = paths["/api/v1/capa_action/{pk}/done"]["post"]
    asked = door["requestBody"]["content"]["application/json"]["schema"]
    assert (asked["required"], asked["additionalProperties"], asked["properties"]["evidence"]["maxLength"]) == (["evidence"], False, 4000)
    assert {"200", "403", "404", "422"} <= set(door["responses"])
    assert door["operationId"] == "capa_action.done"
    assert not [path for path in paths if path.endswith("/done") and "capa_action" not in path]


def region_id(code: str) -> int:
    return db.session.scalars(select(Region.id).where(Region.code == code)).one()


def test_each_action_that_is_late_is_told_to_whom_it_was_given_and_further_up(app: Flask) -> None:
    """Also the second one, while the first is late too."""
    with app.app_context(), acting_as(SYSTEM):
        with server_time.at(MONDAY):
            action = written()
            other = db.session.scalars(select(Person).where(Person.name == "华东dispatcher")).one()
            later = {"kind": ActionKind.preventive, "measure": "培训调度", "assignee": other, "due_on": today() + timedelta(days=9)}
            create(db.session, CapaAction, later | {"corrective_action": action})
            perform(action, "submit")
            assert not runs_of(db.session, action.actions[0])
            approve(action)
            first, second = action.actions
            assert [run.due_at for run in runs_of(db.session, second)] == [MONDAY.replace(hour=16) + timedelta(days=9)]
            third = create(db.session, CapaAction, later | {"corrective_action": action, "measure": "改模板", "assignee": first.assignee})
            change(db.session, second, {"due_on": today() + timedelta(days=8)}, reason="提前")
            assert [run.due_at for run in runs_of(db.session, second)] == [MONDAY.replace(hour=16) + timedelta(days=8)]
            db.session.commit()
        with server_time.at(MONDAY + timedelta(days=8, hours=20)):
            alert_due(db.session)
            ids = dict(map(tuple, db.session.execute(select(Account.username, Account.id))))
            told = list(map(tuple, db.session.execute(select(Notice.user_id, Notice.subject).where(Notice.subject.contains("超期")))))
            subjects = {user_id: [text for reader, text in told if reader == user_id] for user_id in ids.values()}
            for measure, name in (("增加改期确认步骤", "engineer"), ("培训调度", "dispatcher")):
                assert any(measure in text for text in subjects[ids[name]]), subjects
                assert any(measure in text for text in subjects[ids["quality"]])
            assert not any("改模板" in text for texts in subjects.values() for text in texts)
            change(db.session, first, {"evidence": "已修改"})
            assert [run.state for run in runs_of(db.session, first)] == ["late"]
            db.session.delete(third)
            db.session.commit()
            kind = select(ClockRun.dropped_at).where(ClockRun.kind == "CapaAction", ClockRun.record_id == third.id)
            assert db.session.scalars(kind).one() is not None
        with server_time.at(MONDAY + timedelta(days=20)):
            alert_due(db.session)
            manager = select(Notice.subject).where(Notice.user_id == ids["manager"])
            assert any("培训调度" in text for text in db.session.scalars(manager))


def test_the_effect_is_not_due_before_the_last_action_and_nothing_is_done_before_the_approval(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        action = written()
        with pytest.raises(Refusal):
            change(db.session, action.actions[0], {"evidence": "早已做完"})
        db.session.expire(action.actions[0])
        perform(action, "submit")
        with pytest.raises(Refusal):
            approve(action, 5)


def test_neither_author_nor_owner_approves_or_verifies(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        manager = db.session.scalars(select(Person).where(Person.name == "华东manager")).one()
        action = written()
        change(db.session, action.actions[0], {"assignee": manager})
        db.session.commit()
        own = f"/corrective_action/show/{action.id}"
    quality, boss = Visitor.signed_in(app, Role.quality), Visitor.signed_in(app, Role.manager)
    quality.open(own).send("/submit")
    assert not quality.open(own).offers("approve")
    day = (today() + timedelta(days=30)).isoformat()
    page = boss.open(own).send("/approve", effect_criterion="无复发", effect_due_on=day, password=PASSWORD)
    assert "实施中" in page.text
    with app.app_context(), acting_as(SYSTEM):
        carry_out(db.session.scalars(select(CorrectiveAction).where(CorrectiveAction.title == PROBLEM["title"])).one())
        db.session.commit()
    assert "有效性须由他人验证" in boss.open(own).text
    assert not boss.open(own).offers("confirm")
    assert not quality.open(own).offers("confirm")


def test_the_source_and_the_complaint_agree(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), pytest.raises(Refusal) as refused:
        written(source=CapaSource.complaint)
    assert set(refused.value.errors) == {"complaint_id"}


def test_the_board_has_a_column_for_each_open_state(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        perform(written(), "submit")
        db.session.commit()
    page = Visitor.signed_in(app, Role.quality).open("/capa_board/")
    columns = [" ".join(section.text_content().split()) for section in page.page.xpath("//div[@class='capa-board']/div")]
    assert [column.split()[0].rstrip("0123456789+") for column in columns] == ["编制", "待批准", "实施中", "待有效性确认"]
    assert PROBLEM["title"] in columns[1]
