"""What follows a first report has a clock of the company: its own day, or the latest of the rule; the law names none."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import alert_due
from aftersales.record.clocks import runs_of
from aftersales.record.notices import Notice
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.report import EventReport, ReportKind, send_initial
from tests.scenarios.person import Visitor
from tests.world import MONDAY


def test_a_follow_up_is_due_on_its_day_and_who_reports_is_told(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        event = db.session.scalars(select(EventReport).order_by(EventReport.id)).first().event
        report = EventReport(event=event, region_id=event.region_id, report_kind=ReportKind.follow_up, contents="补充检测结果")
        db.session.add(report)
        db.session.flush()
        (clock,) = runs_of(db.session, report)
        assert (clock.track, clock.due_at) == ("company", datetime(2026, 12, 16, 16, tzinfo=UTC))
        change(db.session, report, {"due_on": MONDAY.date() + timedelta(days=10)})
        assert clock.due_at == datetime(2026, 11, 26, 16, tzinfo=UTC)
        db.session.commit()
        with server_time.at(MONDAY + timedelta(days=12)):
            alert_due(db.session)
            told = select(Account.username).join(Notice, Notice.user_id == Account.id)
            assert "regulatory" in set(db.session.scalars(told.where(Notice.url == f"/event_report/show/{report.id}")))
            perform(report, "send", values={"submission_no": "AE-2026-0009", "submitted_at": server_time.now()})
            assert clock.state == "late"


def test_the_first_report_has_no_such_clock(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        event = db.session.scalars(select(AdverseEvent).order_by(AdverseEvent.id)).first()
        event.submission_no, event.submitted_at = "AE-2026-0001", server_time.now()
        report = send_initial(db.session(), event)
        assert not runs_of(db.session, report)


def test_a_follow_up_stands_in_the_region_of_its_event_and_asks_for_none(app: Flask) -> None:
    page = Visitor.signed_in(app, Role.regulatory).open("/event_report/add")
    assert "event_id" in page.form("/add").fields
    assert "region_id" not in page.form("/add").fields


def test_a_control_measure_abroad_is_reported_before_or_after_the_event_itself(app: Flask) -> None:
    assert all("abroad" in AdverseEvent.workflow.state(name).writes for name in ("draft", "reported", "evaluated"))
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        event = db.session.scalars(select(AdverseEvent).where(AdverseEvent.state == "draft").order_by(AdverseEvent.id)).first()
        with pytest.raises(Refusal):
            change(db.session, event, {"control_reported_at": MONDAY})
        event.control_abroad = True
        event.control_reported_at = None
        event._audit_reason = "境外通报"
        db.session.flush()
        clocks = [run for run in runs_of(db.session, event) if run.milestone == "ae_control_abroad"]
        change(db.session, event, {"control_reported_at": MONDAY}, reason="已报告国家局")
        assert clocks
        assert all(run.met_at == MONDAY for run in clocks)
