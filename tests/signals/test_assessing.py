"""A signal through the pages: calls at the intake desk, the pass, quality that is told, a corrective action, another person who closes."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from aftersales.archives.entry import ArchiveEntry
from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.jobs.passes import look_for_signals, run_pass
from aftersales.labels import speaking
from aftersales.organization.region import Region
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.audit import AuditEntry
from aftersales.record.clocks import runs_of
from aftersales.record.display import change_words, is_handle
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.signals.signal import Signal
from aftersales.signals.views import cases_shown
from tests.scenarios.person import Visitor
from tests.signals.case import LOT, calls_about, lots, signals
from tests.traceability.papers import words_of
from tests.world import MONDAY, PASSWORD

TOLD = {
    "channel": "hotline", "caller_name": "钱护士", "caller_phone": "13900001111", "fault_text": "推注停止报警", "is_device_down": "true",
    "is_treatment_affected": "false", "has_alternative": "true", "harm": "no",
}  # fmt: skip


def test_calls_about_one_lot_become_a_signal_a_corrective_action_and_a_sealed_record(app: Flask) -> None:
    with app.test_request_context(), acting_as(SYSTEM):
        devices = [device.id for device in lots()[LOT]]
        db.session.commit()
    intake, officer, quality = (Visitor.signed_in(app, role) for role in (Role.intake, Role.complaint_officer, Role.quality))
    for place, device_id in enumerate(devices[:3], 1):
        with server_time.at(MONDAY + timedelta(days=place)):
            told = {"device_id": device_id, "do": "register", "received_at": f"2026-11-{16 + place}T08:55"}
            answer = intake.client.post("/intake/", data=TOLD | told)
            assert answer.status_code == 302
    with server_time.at(MONDAY + timedelta(days=3, minutes=1)), app.test_request_context():
        assert run_pass(look_for_signals) == 1
        assert run_pass(look_for_signals) == 0
    own = _own(app)
    assert "批号集中" in quality.open("/inbox/").text
    assert "未关闭的风险信号" in quality.open("/").text
    page = officer.open(own)
    assert "尚未有人评估" in page.text
    assert "=1-BINOM.DIST(2,3,0.100000,TRUE)" in page.text
    assert "华东仁安医院" in page.text
    assert page.page.xpath("//svg")
    assert not quality.open(own).offers("close")
    officer.send("/assess")
    said = {"assessment": "同一批次电池触点氧化，可能中断给药", "outcome": "capa"}
    page = officer.send("/confirm", **said)
    assert "已确认" in page.text
    assert not officer.open(own).offers("close")
    pk = own.rsplit("/", 1)[1]
    page = quality.open(own)
    assert "请先由此信号建立纠正和预防措施" in page.text
    form = officer.open(f"/corrective_action/add?source=signal&signal_id={pk}")
    page = form.send("/add", title="电池触点", risk_grade="high", region_id=_region(app))
    with app.app_context(), acting_as(SYSTEM):
        action = db.session.scalars(select(CorrectiveAction).where(CorrectiveAction.signal_id == int(pk))).one()
        assert (action.source, action.problem) == ("signal", said["assessment"])
        perform(action, "withdraw", reason="误建")
        db.session.commit()
    assert not quality.open(own).offers("close"), "nothing follows from what was withdrawn"
    form = officer.open(f"/corrective_action/add?source=signal&signal_id={pk}")
    form.send("/add", title="电池触点", risk_grade="high", region_id=_region(app))
    page = quality.open(own).send("/close", closing_reason="转纠正和预防措施处理", password=PASSWORD)
    assert "已关闭" in page.text
    with app.app_context(), acting_as(SYSTEM):
        signal = db.session.get_one(Signal, int(pk))
        (paper,) = sealed_of(db.session, signal)
        told = "\n".join(words_of(app.extensions["store"].get(paper.sha256)))
        assert db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "Signal")).one().retention_class == "quality_record"
        assert [run.state for run in runs_of(db.session, signal)] in (["met"], ["late"])
    for words in (LOT, "电池触点氧化", "转纠正和预防措施处理", "PX-000", "BINOM.DIST"):
        assert words in told
    assert "仁安医院" not in told, "the paper names no customer: its reader may be of another region"


def _own(app: Flask) -> str:
    with app.app_context(), acting_as(SYSTEM):
        (found,) = signals()
        return f"/signal/show/{found.id}"


def _region(app: Flask) -> str:
    with app.app_context(), acting_as(SYSTEM):
        return str(db.session.scalars(select(Region.id).where(Region.code == "HD")).one())


def test_a_region_sees_the_signal_of_a_lot_and_its_own_cases_only(app: Flask) -> None:
    with app.test_request_context(), acting_as(SYSTEM):
        calls_about(lots("HD", "XN")[LOT][:3])
        (found,) = signals()
        pk, near = found.id, [case.request.number for case in found.cases]
        region = db.session.scalars(select(Region.id).where(Region.code == "HD")).one()
        actor = Actor("华东投诉专员", permissions=frozenset({("can_read", "Signal")}), region_ids=frozenset({region}))
        db.session.expunge_all()
        with acting_as(actor):
            told = [case.request.number for case in cases_shown(db.session.get_one(Signal, pk))]
    assert told == [number for number in reversed(near) if "-HD-" in number]
    assert 0 < len(told) < len(near)


def test_the_trail_tells_its_arithmetic_in_words_and_no_key(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        calls_about(lots("HD", "XN")[LOT][:3])
        (found,) = signals()
        first = select(AuditEntry).where(AuditEntry.kind == "Signal", AuditEntry.record_id == found.id, AuditEntry.sequence == 1)
        born = db.session.scalars(first).one()
        with speaking("zh"):
            assert change_words(Signal, "finding", born.changes["finding"][1]).splitlines() == found.arithmetic()
    assert is_handle(Signal, "subject_key")


def test_a_signal_is_not_made_by_hand(app: Flask) -> None:
    visitor = Visitor.signed_in(app, Role.quality)
    assert visitor.open("/signal/list/").links("/signal/add") == []
    assert "系统" in visitor.client.get("/signal/add").get_data(as_text=True), "it says where signals come from"
    assert visitor.client.get("/signal/add").status_code == 422
    assert visitor.client.post("/signal/add").status_code == 422
