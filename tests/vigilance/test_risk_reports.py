"""Periodic risk evaluation reports: opened by themselves, written from figures, sent by another hand to whom the class says."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.clocks import runs_of
from aftersales.record.now import CHINA
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.vigilance.periods import RiskRecipient, RiskReportKind
from aftersales.vigilance.risk_report import RiskReport, open_reports
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of

DECEMBER = datetime(2027, 12, 1, 2, tzinfo=UTC)


def reports(kind: RiskReportKind = RiskReportKind.yearly) -> list[RiskReport]:
    chosen = select(RiskReport).where(RiskReport.report_kind == kind).order_by(RiskReport.ends_on)
    return list(db.session.scalars(chosen))


def test_a_day_opens_what_is_due_once_and_the_clock_is_the_laws(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(DECEMBER):
        model = db.session.scalars(select(DeviceModel).limit(1)).one()
        model.first_approved_on, model.is_innovative, model._audit_reason = date(2024, 12, 20), True, "补登"
        db.session.flush()
        before = len(reports())
        assert open_reports(db.session()) > 0
        assert open_reports(db.session()) == 0
        newest = reports()[-1]
        assert (newest.begins_on, newest.ends_on) == (date(2026, 12, 20), date(2027, 12, 20))
        assert newest.recipient is RiskRecipient.national
        assert len(reports()) - before == 2  # the year that is full is opened; the one before the program knew of it is not
        (legal,) = (run for run in runs_of(db.session, newest) if run.track == "legal")
        assert legal.due_at.astimezone(CHINA).isoformat() == "2028-02-19T00:00:00+08:00"  # 24:00 of the sixtieth day
        (summary,) = (r for r in reports(RiskReportKind.innovative_summary) if r.ends_on == date(2027, 12, 20))
        with pytest.raises(Refusal):
            perform(summary, "compile", values={"evaluation": "—", "conclusion": "—"})  # its half-year is not full yet


def test_who_compiled_what_stands_does_not_send_it_and_who_compiled_before_may(app: Flask) -> None:
    quality, regulatory = Visitor.signed_in(app, Role.quality), Visitor.signed_in(app, Role.regulatory)
    with app.app_context(), acting_as(SYSTEM):
        pk = reports()[0].id
    own, text = f"/risk_report/show/{pk}", {"evaluation": "未见新的风险", "conclusion": "风险可接受"}
    page = regulatory.open(own).send("/perform/compile", **text)
    assert not page.offers("submit")
    assert not page.page.xpath("//button[contains(@class, 'primary')]/@data-dialog"), "it is not to be written again first of all"
    quality.open(own).send("/perform/compile", **text)
    assert regulatory.open(own).page.xpath("//button[contains(@class, 'primary')]/@data-dialog") == ["#move-submit"]
    sent = {"submission_no": "PRER-1", "submitted_at": "2026-11-20T10:00"}
    regulatory.open(f"/risk_report/edit/{pk}").send(f"/edit/{pk}", conclusion="风险受益可接受", reason="措辞")
    assert not regulatory.open(own).offers("submit"), "what stands is now partly of this hand"
    quality.open(own).send("/perform/compile", **text)
    assert "已提交" in regulatory.open(own).send("/perform/submit", **sent).text


def test_figures_are_shown_kept_and_sent_by_another_hand(app: Flask) -> None:
    quality, regulatory = Visitor.signed_in(app, Role.quality), Visitor.signed_in(app, Role.regulatory)
    with app.app_context(), acting_as(SYSTEM):
        pk = reports()[0].id
    page = quality.open(f"/risk_report/show/{pk}")
    assert "其中：严重伤害" in page.text
    paper = "".join(words_of(quality.client.get(f"/risk_report/{pk}/preview/risk_report.pdf").data))
    assert "为打印时的数量，编写报告时固定。" in paper
    page = page.send("/perform/compile", evaluation="未见新的风险", conclusion="风险可接受")
    assert page.status == 200, page.text
    with app.app_context(), acting_as(SYSTEM):
        compiler = db.session.get_one(RiskReport, pk).compiled_by
        assert compiler
    paper = " ".join("".join(words_of(quality.client.get(f"/risk_report/{pk}/preview/risk_report.pdf").data)).split())
    assert f"编写人 {compiler}" in paper
    assert quality.client.post(f"/risk_report/{pk}/perform/submit").status_code == 403
    sent = {"submission_no": "PRER-1", "submitted_at": "2026-11-20T10:00"}
    page = regulatory.open(f"/risk_report/show/{pk}").send("/perform/submit", **(sent | {"submission_no": ""}))
    assert page.status == 422
    page = regulatory.open(f"/risk_report/show/{pk}").send("/perform/submit", **sent)
    with app.app_context(), acting_as(SYSTEM):
        report = db.session.get_one(RiskReport, pk)
        assert (report.state, dict(report.figures)["devices"]) == ("submitted", "4"), page.text
        assert report.figures_at is not None
