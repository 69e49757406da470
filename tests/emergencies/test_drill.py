"""A drill through the pages: planned, started, team, customers, restored, scored, closed; and nothing leaves the house."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from aftersales.devices.model import DeviceModel
from aftersales.emergencies.drill import EmergencyDrill
from aftersales.emergencies.emergency import Emergency
from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.organization.region import Region
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import alert_due
from aftersales.record.archive import sealed_of
from aftersales.record.notices import Delivery, Notice
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.webhooks.call import WebhookCall
from aftersales.webhooks.subscription import WebhookSubscription
from tests.emergencies.case import REPORT, plan
from tests.scenarios.person import Visitor
from tests.world import PASSWORD

TITLED = select(EmergencyDrill).where(EmergencyDrill.title == "批量故障通知演练")


def told(app: Flask, *addresses: str) -> list[int]:
    """How many notices there are of these pages, messages on their way of whatever, and calls of programs outside."""
    with app.app_context(), acting_as(SYSTEM):
        asked = [select(func.count()).select_from(kind) for kind in (Notice, Delivery, WebhookCall)]
        asked[0] = asked[0].where(Notice.url.in_(addresses))
        return [db.session.scalar(statement) for statement in asked]


def test_a_drill_runs_in_the_same_screens_and_nothing_leaves_the_house(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        ours = plan()
        hook = {"name": "集团平台", "url": "https://example.invalid/hook", "secret": "long enough a secret"}
        create(db.session, WebhookSubscription, hook | {"events": "emergency.form_team,emergency.close,emergency_drill.start"})
        db.session.commit()
        plan_id = ours.id
    quiet = told(app)
    quality, dispatcher = Visitor.signed_in(app, Role.quality), Visitor.signed_in(app, Role.dispatcher)
    manager = Visitor.signed_in(app, Role.manager)
    with app.app_context(), acting_as(SYSTEM):
        model_id = db.session.scalars(select(DeviceModel.id).where(DeviceModel.specification == "VX-90")).one()
        region_id = db.session.scalars(select(Region.id).where(Region.code == "HD")).one()
    day = (today() + timedelta(days=3)).isoformat()
    page = quality.open(f"/emergency_drill/add?plan_id={plan_id}").send(
        "/add", title="批量故障通知演练", planned_on=day, outline="假设同批传感器漂移", model_id=str(model_id), region_id=str(region_id),
    )  # fmt: skip
    assert "计划" in page.text
    drill_page = page.url
    page = quality.send("/start")
    assert "演练中" in page.text
    with app.app_context(), acting_as(SYSTEM):
        run = db.session.scalars(select(Emergency).where(Emergency.is_drill)).one()
        own = f"/emergency/show/{run.id}"
    page = dispatcher.open(own)
    assert "不实际通知客户" in page.text
    page.send("/form_team", team="调度、客服")
    page.send("/reach", way="first_contact", result="reached")
    assert "［演练，未实际呼叫］" in page.text
    page.send("/do_step", outcome="模拟冻结")
    page.send("/do_step", outcome="模拟召回评估")
    page.send("/restore", restoration="模拟更换")
    assert "演练" in manager.open(own).text
    assert not manager.offers("close")  # it is scored first
    page = quality.open(f"{drill_page}")
    _score(app)
    assert not dispatcher.open(drill_page).offers("score")  # the dispatcher led it
    page = quality.open(drill_page).send("/score", conclusion="第二联系人缺失，需补齐", password=PASSWORD)
    assert "已评分" in page.text
    page = manager.open(own).send("/close", **REPORT, password=PASSWORD)
    assert "已关闭" in page.text
    with app.app_context(), acting_as(SYSTEM):
        drill = db.session.scalars(TITLED).one()
        assert (drill.points, drill.is_passed) == (95, True)
        assert [bool(row.measured) for row in drill.scores] == [True, True, True, False, False, False]
        assert [paper.name for paper in sealed_of(db.session, drill)] == ["emergency_drill"]
        with server_time.at(server_time.server_now() + timedelta(days=2)):
            alert_due(db.session())
    assert told(app, own, drill_page) == quiet
    page = quality.open(f"/corrective_action/add?source=emergency&emergency_id={run.id}").send(
        "/add", title="补齐第二联系人", problem="演练中发现缺失", risk_grade="middle"
    )
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.scalars(select(CorrectiveAction).where(CorrectiveAction.emergency_id == run.id)).one().source == "emergency"
    assert "补齐第二联系人" in quality.open(drill_page).text


def test_each_row_to_score_says_what_for_and_none_is_added_or_taken_out(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        drill = db.session.scalars(select(EmergencyDrill).where(EmergencyDrill.scores.any())).first()
        page, criteria = f"/emergency_drill/{drill.id}/rows/scores", [str(row) for row in drill.scores]
    visitor = Visitor.signed_in(app, Role.quality).open(page)
    assert visitor.page.xpath("//p[@class='given']/b/text()") == criteria
    assert "分值 20" in visitor.text
    assert visitor.page.xpath("//form[@id='row-form']//button[@name='do']/@value") == ["save", "save"]


def _score(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        drill = db.session.scalars(TITLED).one()
        for row in drill.scores:
            change(db.session, row, {"points": row.weight - (5 if row.position == 2 else 0)})
        db.session.commit()


def test_a_drill_whose_run_was_called_off_is_cancelled(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        model, region = (db.session.scalars(select(kind).limit(1)).one() for kind in (DeviceModel, Region))
        told = {"plan": plan(), "title": "通知演练", "planned_on": today(), "outline": "假设漂移", "model": model, "region_id": region.id}
        drill = create(db.session, EmergencyDrill, told)
        perform(drill, "start")
        with pytest.raises(Refusal):
            perform(drill, "cancel", reason="改期")
        perform(drill.emergency, "call_off", reason="改期")
        perform(drill, "cancel", reason="改期")
        assert drill.state == "cancelled"
