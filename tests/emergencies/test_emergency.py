"""A real batch fault with its clocks, the customers one by one, the log that is only added to, and the rights of regions."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.entry import ArchiveEntry
from aftersales.emergencies.kinds import ContactResult, ContactWay, Scenario
from aftersales.emergencies.lines import EmergencyEntry
from aftersales.emergencies.plan import PlanMember
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.clocks import runs_of
from aftersales.record.deadline import Decision, RuleKind
from aftersales.record.notices import Notice
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.lines import PartReplaced
from tests.emergencies.case import REPORT, do_steps, opened, plan, reach
from tests.scenarios.person import Visitor
from tests.world import MONDAY, PASSWORD


def test_a_batch_fault_keeps_two_clocks_and_misses_one(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        with server_time.at(MONDAY):
            emergency = opened()
            due = {run.milestone: (run.due_at - MONDAY).total_seconds() / 3600 for run in runs_of(db.session, emergency)}
            assert due == {"team_formed": 1, "customers_told": 3, "service_restored": 24}
            rules = [Decision.from_json(run.decision).winners[0].rule for run in runs_of(db.session, emergency)]
            assert {rule.kind for rule in rules} == {RuleKind.company}
            assert [str(row.customer) for row in emergency.customers] == ["华东仁安医院"]
            assert [step.measure for step in emergency.steps] == ["冻结同批库存和发货", "启动召回评估"]
        with server_time.at(MONDAY + timedelta(minutes=40)):
            perform(emergency, "form_team", values={"team": "质量部、客服"})
            reach(emergency, ContactResult.not_reached)
            assert (emergency.untold, emergency.customers_told_at) == (1, None)
        with server_time.at(MONDAY + timedelta(hours=4)):
            reach(emergency, way=ContactWay.second_contact, note="设备科已停用")
            row = emergency.customers[0]
            assert (row.attempts, row.told_at, emergency.customers_told_at) == (2, MONDAY + timedelta(hours=4), MONDAY + timedelta(hours=4))
            told = [entry.text for entry in emergency.entries]
            assert ["未接通" in told[0], "第二联系人" in told[1]] == [True, True]
            with pytest.raises(Refusal):
                change(db.session, emergency.entries[0], {"text": "从未发生"})
            db.session.refresh(emergency.entries[0])
        with server_time.at(MONDAY + timedelta(hours=20)):
            perform(emergency, "restore", values={"restoration": "免费更换传感器 1 台"})
            with pytest.raises(Refusal):
                perform(emergency, "close", values=REPORT)
        with server_time.at(MONDAY + timedelta(hours=26)):
            db.session.refresh(emergency)
            do_steps(emergency)
            assert [step.is_late for step in emergency.steps] == [True, True]
            perform(emergency, "close", values=REPORT)
        states = {run.milestone: run.state for run in runs_of(db.session, emergency)}
        assert states == {"team_formed": "met", "customers_told": "late", "service_restored": "met"}
        assert [paper.name for paper in sealed_of(db.session, emergency)] == ["emergency_report"]
        assert db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "Emergency")).one().retention_class == "quality_record"


def test_a_customer_found_later_begins_the_clock_anew(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        with server_time.at(MONDAY):
            emergency = opened(model=None, part_lot_no="S-77")
            assert emergency.customers == []
            perform(emergency, "form_team", values={"team": "质量部"})
            assert emergency.customers_told_at == MONDAY
            part = db.session.scalars(select(PartReplaced).where(PartReplaced.old_serial_no == "HD-S1")).one()
            change(db.session, part, {"new_lot_no": "S-77"}, reason="补记批号")
        with server_time.at(MONDAY + timedelta(hours=1)):
            change(db.session, emergency, {"situation": "又一家医院报修"}, reason="补充")
            assert [(str(row.customer), row.unit_count) for row in emergency.customers] == [("华东仁安医院", 1)]
            runs = [run for run in runs_of(db.session, emergency) if run.milestone == "customers_told"]
            assert [(run.run, run.state) for run in runs if run.run == 2] == [(2, "running")] or runs[-1].met_at is None
            assert runs[-1].due_at == MONDAY + timedelta(hours=4)


def test_head_office_reaches_every_region_and_a_region_its_own(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        head = db.session.scalars(select(Region).where(Region.is_head_office)).one()
        ours = plan()
        wide, narrow = opened(of=ours, region_id=head.id), opened(of=ours)
        assert [str(row.customer) for row in wide.customers] == ["华东仁安医院", "西南仁安医院"]
        assert [str(row.customer) for row in narrow.customers] == ["华东仁安医院"]
        db.session.commit()
        addresses = [f"/emergency/show/{wide.id}", f"/emergency/show/{narrow.id}"]
    far = Visitor.signed_in(app, "far_engineer")
    assert [far.open(address).status for address in addresses] == [404, 404]
    engineer = Visitor.signed_in(app, Role.engineer)
    assert engineer.client.get(addresses[1]).headers["Page-For"].endswith(";keep"), "it opens in a cellar too"
    own = Visitor.signed_in(app, Role.dispatcher)
    assert "西南" not in own.open(addresses[1]).text


def test_who_leads_is_told_and_somebody_else_closes(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        emergency = opened()
        db.session.commit()
        own, key = f"/emergency/show/{emergency.id}", f"emergency:{emergency.id}"
        urgent = db.session.scalars(select(Notice.is_urgent).where(Notice.key == key)).all()
        assert urgent
        assert all(urgent)
    quality, manager = Visitor.signed_in(app, Role.quality), Visitor.signed_in(app, Role.manager)
    quality.open(own).send("/form_team", team="质量部、客服")
    page = quality.send("/reach", way="first_contact", result="reached", note="护士长知悉")
    assert "1/1 已有结果" in page.text
    page.send("/do_step", outcome="已冻结")
    page.send("/do_step")
    page.send("/note", text="总指挥决定停止发货")
    assert "总指挥决定停止发货" in page.text
    quality.send("/restore", restoration="更换 1 台")
    assert not quality.open(own).offers("close")
    page = manager.open(own).send("/close", **REPORT, password=PASSWORD)
    assert "已关闭" in page.text


def test_a_batch_fault_says_what_is_affected_and_begins_from_a_plan_in_force(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        with pytest.raises(Refusal) as refused:
            opened(model=None)
        assert set(refused.value.errors) == {"model_id"}
        db.session.rollback()
        old = plan()
        perform(old, "withdraw", reason="改版")
        with pytest.raises(Refusal) as refused:
            opened(of=old)
        assert set(refused.value.errors) == {"plan_id"}


def test_other_scenarios_have_no_clock_of_a_batch_fault(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        emergency = opened(of=plan(Scenario.hotline_down, title="热线中断应急预案"), model=None)
        assert runs_of(db.session, emergency) == []
        assert emergency.customers == []


def test_a_new_version_of_a_plan_ends_the_one_before_and_the_tree_says_who_calls_whom(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        old = plan()
        assert [(member.name, caller and caller.name) for member, caller in old.calls] == [
            ("卢致远", None), ("顾清和", "卢致远"), ("许念", "顾清和"), ("白砚", "卢致远"),
        ]  # fmt: skip
        assert [str(word) in old.drawing() for word in ("卢致远", "13800000004", "技术组")] == [True] * 3
        new = plan(edition="A/1", replaces=old)
        assert (old.state, new.state) == ("withdrawn", "in_force")
        assert [(paper.name, paper.status) for paper in sealed_of(db.session, new)] == [("emergency_plan", "valid")]
        with pytest.raises(Refusal):
            create(db.session, PlanMember, {"plan": plan_in_draft(), "duty": "总指挥", "name": "卢", "phone": "1", "depth": 2})


def plan_in_draft() -> object:
    from aftersales.emergencies.plan import EmergencyPlan

    told = {"title": "草案", "scenario": Scenario.other, "edition": "A/0", "start_conditions": "略"}
    return create(db.session, EmergencyPlan, told)


def test_nothing_is_written_into_the_log_by_hand_at_another_time(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        emergency = opened()
        typed = {"noted_by": "别人", "noted_at": MONDAY - timedelta(days=1)}
        entry = create(db.session, EmergencyEntry, {"emergency": emergency, "text": "到场"} | typed)
        assert (entry.noted_by, entry.noted_at) == (SYSTEM.name, MONDAY)
