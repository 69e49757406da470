"""A quality meeting: prepared by itself, its figures frozen when it is held, what was decided followed, the paper sealed by the chair."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.jobs.work import work_off
from aftersales.meetings.decision import DecisionKind, MeetingDecision
from aftersales.meetings.meeting import QualityMeeting
from aftersales.meetings.period import PeriodKind
from aftersales.meetings.preparing import prepare_meetings
from aftersales.organization.department import Department
from aftersales.people.person import Person
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import alert_due
from aftersales.record.archive import sealed_of
from aftersales.record.audit import unaudited_maintenance
from aftersales.record.clocks import runs_of
from aftersales.record.notices import Notice
from aftersales.record.now import today
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.service.order import ServiceOrder
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import PASSWORD, sign_in

AFTERWARDS = datetime(2027, 1, 5, 2, tzinfo=UTC)
SAID = {"attendees": "严开云 售后经理\n顾清和 质量", "minutes": "逐项分析本季度数据。", "conclusion": "总体受控。"}


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    """The quarter of the world's records is over."""
    with server_time.at(AFTERWARDS):
        yield


def prepared(session: Session) -> QualityMeeting:
    prepare_meetings(session)
    return latest()


def latest() -> QualityMeeting:
    return db.session.scalars(select(QualityMeeting).order_by(QualityMeeting.id.desc()).limit(1)).one()


def decided(meeting: QualityMeeting, **facts: object) -> MeetingDecision:
    person = db.session.scalars(select(Person).where(Person.name == "华东engineer")).one()
    told = {"meeting": meeting, "decision": "改期必须电话确认", "assignee": person, "due_on": today() + timedelta(days=30)}
    return create(db.session, MeetingDecision, told | facts)


def test_the_quarter_that_is_over_is_prepared_once_with_its_figures(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        assert prepare_meetings(db.session()) == 3  # opened, counted, and that of the world counted
        assert prepare_meetings(db.session()) == 0
        meeting = latest()
        assert (meeting.period_kind, meeting.begins_on, meeting.ends_on) == ("quarter", date(2026, 10, 1), date(2026, 12, 31))
        assert meeting.figures_at == AFTERWARDS
        assert {table["chapter"] for table in meeting.figures} >= {"complaints", "clocks", "safety"}
        (clock,) = runs_of(db.session, meeting)
        assert (clock.track, clock.due_at) == ("legal", datetime(2027, 3, 31, 16, tzinfo=UTC))  # the end of 31 March in China
        with server_time.at(AFTERWARDS + timedelta(days=1)):
            assert prepare_meetings(db.session()) == 2
        assert meeting.figures_at == AFTERWARDS + timedelta(days=1)


def test_a_company_that_began_later_has_no_meeting_on_what_was_before(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(datetime(2026, 11, 20, tzinfo=UTC)):
        prepare_meetings(db.session())
        assert [meeting.begins_on for meeting in db.session.scalars(select(QualityMeeting))] == [date(2026, 4, 1)]


@pytest.mark.parametrize("facts", [
    {"period_kind": PeriodKind.quarter, "begins_on": date(2026, 11, 1)},
    {"period_kind": PeriodKind.month, "begins_on": date(2026, 11, 2)},
    {"period_kind": PeriodKind.month, "begins_on": date(2027, 1, 1)},
    {"period_kind": PeriodKind.quarter, "begins_on": date(2027, 1, 1)},
])  # fmt: skip
def test_a_period_begins_on_its_first_day_and_is_over(app: Flask, facts: dict) -> None:
    with app.app_context(), acting_as(SYSTEM), pytest.raises(Refusal) as refused:
        create(db.session, QualityMeeting, facts)
    assert set(refused.value.errors) == {"begins_on"}


def test_a_month_is_made_by_hand_and_no_clock_of_the_law_runs(app: Flask) -> None:
    quality = Visitor.signed_in(app, Role.quality)
    page = quality.open("/quality_meeting/add").send("/add", period_kind="month", begins_on="2026-11-01")
    assert "2026年11月" in page.text
    assert "尚未统计" in page.text
    page = quality.send("/count")
    with app.app_context(), acting_as(SYSTEM):
        assert work_off(db.session) == 1
        meeting = latest()
        assert not runs_of(db.session, meeting)
        assert meeting.figures_at == AFTERWARDS
    assert "投诉总况" in quality.open(f"/quality_meeting/show/{meeting.id}").text


def test_the_figures_freeze_when_it_is_held(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        meeting = prepared(db.session())
        told = meeting.figures
        perform(meeting, "hold")
        order = db.session.scalars(select(ServiceOrder)).first()
        perform(order, "cancel", reason="重复登记")
        db.session.commit()
        with pytest.raises(Refusal):
            meeting.count()
        with pytest.raises(Refusal):
            change(db.session, meeting, {"begins_on": date(2026, 7, 1)}, reason="看上季度")
        db.session.rollback()
        with server_time.at(AFTERWARDS + timedelta(days=2)):
            prepare_meetings(db.session())
        db.session.expire_all()
        assert meeting.figures == told
        assert meeting.is_intact
        pk = meeting.id
    quality = Visitor.signed_in(app, Role.quality)
    page = quality.open(f"/quality_meeting/show/{pk}")
    assert "开会时冻结" in page.text
    assert not page.links("/complaint/list/?")
    assert quality.client.post(f"/quality_meeting/{pk}/count").status_code == 302
    with app.app_context(), acting_as(SYSTEM), unaudited_maintenance(db.session, "test"):
        changed = [dict(table) for table in told]
        changed[0]["title"] = ["改过", "Changed"]
        db.session.connection().execute(update(QualityMeeting.__table__).values(figures=changed))
        db.session.commit()
    assert "数据与冻结时不一致" in quality.open(f"/quality_meeting/show/{pk}").text


def test_old_figures_are_counted_anew_before_it_is_held(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        meeting = prepared(db.session())
        with server_time.at(AFTERWARDS + timedelta(days=3)), pytest.raises(Refusal):
            perform(meeting, "hold")


def test_while_it_is_prepared_each_line_leads_to_its_list(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        meeting = prepared(db.session())
    page = Visitor.signed_in(app, Role.quality).open(f"/quality_meeting/show/{meeting.id}")
    assert page.links("/complaint/list/?state=registered")
    assert page.links("judged=")
    assert page.links("/selfcheck/?year=2026")


def test_decisions_are_made_at_the_meeting_and_watched_until_they_are_done(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        meeting = prepared(db.session())
        with pytest.raises(Refusal):
            decided(meeting)
        db.session.rollback()
        perform(meeting, "hold")
        db.session.commit()
        with pytest.raises(Refusal) as refused:
            decided(meeting, kind=DecisionKind.informing)
        db.session.rollback()
        assert set(refused.value.errors) == {"department_id"}
        department = db.session.scalars(select(Department)).one()
        decision = decided(meeting)
        informed = decided(meeting, kind=DecisionKind.informing, department=department, decision="通报流量传感器漂移")
        (clock,) = runs_of(db.session, decision)
        assert (clock.track, clock.due_at) == ("company", datetime(2027, 2, 4, 16, tzinfo=UTC))
        with server_time.at(AFTERWARDS + timedelta(days=32)):
            alert_due(db.session)
            ids = dict(map(tuple, db.session.execute(select(Account.username, Account.id))))
            told = set(db.session.execute(select(Notice.user_id, Notice.url)).all())
            url = f"/meeting_decision/show/{decision.id}"
            assert {(ids["engineer"], url), (ids["quality"], url)} <= told
            perform(informed, "finish", values={"result": "研发部已改设计，见变更单"})
            assert (informed.done_by, informed.state) == (SYSTEM.name, "done")
        with server_time.at(datetime(2027, 4, 2, tzinfo=UTC)):
            following = prepared(db.session())
            assert [each.id for each in following.followed_up()][-2:] == [decision.id, informed.id]


def test_a_decision_begins_a_corrective_action(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        meeting = prepared(db.session())
        perform(meeting, "hold")
        pk = decided(meeting).id
        db.session.commit()
    quality = Visitor.signed_in(app, Role.quality)
    page = quality.open(f"/meeting_decision/show/{pk}")
    (link,) = page.links("/corrective_action/add?")
    region = {"region_id": "2"} if "region_id" in dict(quality.open(link).form("/add").form_values()) else {}
    quality.send("/add", title="改期确认", problem="改期必须电话确认", risk_grade="low", **region)
    with app.app_context(), acting_as(SYSTEM):
        action = db.session.scalars(select(CorrectiveAction).order_by(CorrectiveAction.id.desc())).first()
        assert (action.source, action.meeting_decision_id, action.problem) == ("meeting_decision", pk, "改期必须电话确认")


def test_the_chair_signs_and_the_paper_is_sealed_as_it_was_held(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        meeting = prepared(db.session())
        perform(meeting, "hold")
        decided(meeting)
        db.session.commit()
        pk = meeting.id
    quality, manager = Visitor.signed_in(app, Role.quality), Visitor.signed_in(app, Role.manager)
    assert not quality.open(f"/quality_meeting/show/{pk}").offers("conclude")
    page = manager.open(f"/quality_meeting/show/{pk}")
    assert "请先填写：参会人员、会议纪要" in page.text
    quality.open(f"/quality_meeting/edit/{pk}").send(f"/edit/{pk}", **{name: SAID[name] for name in ("attendees", "minutes")})
    page = manager.open(f"/quality_meeting/show/{pk}").send("/perform/conclude", conclusion=SAID["conclusion"], password=PASSWORD)
    with app.app_context(), acting_as(SYSTEM):
        meeting = db.session.get_one(QualityMeeting, pk)
        assert meeting.state == "concluded", page.text
        paper = sealed_of(db.session, meeting)[0]
        data = app.extensions["store"].get(paper.sha256)
        with pytest.raises(Refusal):
            decided(meeting)
    text = re.sub(r"\s", "", "".join(words_of(data)))
    wanted = ("质量分析会报告", "2026年第4季度", "逐项分析本季度数据", "总体受控", "改期必须电话确认", "法定时限", meeting.figures_hash[:9])
    assert [told for told in wanted if told not in text] == []
    assert "None" not in text
    assert verify_pdf(data)


def test_who_may_see_prepare_and_chair(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        pk = prepared(db.session()).id
    for role in (Role.engineer, Role.sales, Role.intake):
        assert sign_in(app, role).get(f"/quality_meeting/show/{pk}").status_code == 403
        assert sign_in(app, role).get("/meeting_decision/list/").status_code == 403
    officer = sign_in(app, Role.complaint_officer)
    assert officer.get(f"/quality_meeting/show/{pk}").status_code == 200
    assert officer.post(f"/quality_meeting/{pk}/count").status_code == 403
    assert officer.post(f"/quality_meeting/{pk}/perform/hold").status_code == 403
    regulatory = sign_in(app, Role.regulatory)
    assert regulatory.post(f"/quality_meeting/{pk}/perform/forgo", data={"change_reason": "无"}).status_code == 403
