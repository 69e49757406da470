"""From a lot to a closed level II recall of 500 units, by the pages: notices, actions, closing refused until it adds up, the summary."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.retention import RetentionClass
from aftersales.extensions import db
from aftersales.recalls.choices import CheckResult
from aftersales.recalls.effect import drawn
from aftersales.recalls.lists import RecallList
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.attachments import attach, attachments_of
from aftersales.record.audit import verify_records
from aftersales.record.clocks import runs_of
from aftersales.record.now import CHINA
from aftersales.record.saving import change
from aftersales.record.workflow import perform
from tests.portal.nurse import form_token
from tests.recalls.cases import LOT, decide, draft, make_units, notices, scoped, the, units
from tests.scenarios.person import Visitor
from tests.world import DOT

FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=CHINA)


@pytest.fixture(autouse=True)
def _friday() -> Iterator[None]:
    with server_time.at(FRIDAY):
        yield


@pytest.mark.sqlite
def test_a_lot_becomes_a_recall_that_is_closed_when_it_adds_up(app: Flask) -> None:
    make_units(app, 500)
    regulatory, quality, manager = (Visitor.signed_in(app, name) for name in ("regulatory", "quality", "manager"))
    address = draft(quality)
    pk = int(address.rsplit("/", 1)[1])
    scoped(quality, address, lots=LOT)
    assert "500" in quality.open(f"/recall/{pk}/scope").text
    decide(app, address)
    with app.app_context(), acting_as(SYSTEM):
        recall = the(pk)
        assert (recall.state, recall.unit_count, len(units(pk)), len(notices(pk))) == ("running", 500, 500, 10)
        due = {(run.milestone, run.track): run.due_at.astimezone(CHINA).isoformat()[:16] for run in runs_of(db.session, recall)}
        assert due["recall_notify", "legal"] == "2026-11-24T00:00"  # the end of the 23rd
        assert due["recall_plan", "legal"] == "2026-11-28T00:00"  # the end of the 27th
        assert due["recall_event_form", "legal"] == "2026-11-20T10:00"
        assert due["recall_start", "company"] == "2026-11-22T10:00"
        frozen = db.session.scalars(select(RecallList).where(RecallList.recall_id == pk)).one()
        (file,) = attachments_of(db.session, frozen)
        assert frozen.list_hash == recall.list_hash == file.sha256
        assert app.extensions["store"].get(file.sha256).count(b"\n") == 501
        assert not list(verify_records(db.session, [RecallUnit])), "the units were told to the trail as they are"
        handed_in = [(row.kind.value, row.recipient.value) for row in _submissions(pk)]
        assert handed_in == [
            ("event_form", "province"), ("event_form", "registration_authority"), ("announcement", "province_website"),
            ("assessment_and_plan", "province"), ("assessment_and_plan", "registration_authority"),
        ]  # fmt: skip
    _hand_in(app, regulatory, pk)
    _tell(app, regulatory, pk)
    page = quality.open(address)
    assert "500" in page.text
    assert "还有 500 台未处理" in page.text, page.text[:1500]
    _handle(app, pk)
    answer = regulatory.client.post(f"/recall/{pk}/perform/complete")
    assert answer.status_code == 422
    told = "数量核对不一致：清单 500 台，已处理 495 台，已监督销毁 4 台，无法处理（已说明）0 台，还有 1 台未处理。"
    assert told in answer.text, regulatory.open(address).text[:1500]
    with app.app_context(), acting_as(SYSTEM):
        (left,) = units(pk, state="to_do")
        perform(left, "give_up", values={"attempts": "11-21 电话、11-22 上门", "explanation": "医院已报废并移交回收公司"})
        db.session.commit()
    quality.open(address).send(f"/{pk}/perform/draw_sample", sample_size="20")
    _check(app, pk)
    page = regulatory.open(address).send(f"/{pk}/perform/complete")
    assert page.status == 200, page.text[:1500]
    assert not manager.open(address).offers("close"), "the summary is not handed in"
    with app.app_context(), acting_as(SYSTEM):
        run = next(run for run in runs_of(db.session, the(pk)) if run.milestone == "recall_summary")
        assert run.due_at.astimezone(CHINA).isoformat()[:10] == "2026-12-05"  # the end of 4 December
        assert the(pk).effective_percent == Decimal("95")
        (summary,) = (row for row in _submissions(pk) if row.kind == "summary")
        change(db.session, the(pk), {"summary": "达到预期", "improvement": "更换供应商"})
        db.session.commit()
        number = summary.id
    regulatory.open(f"/recall_submission/show/{number}").send(f"/{number}/perform/send", sent_how="省局网上系统")
    page = manager.open(address).send(f"/{pk}/perform/close")
    assert page.status == 200, page.text[:1500]
    with app.app_context(), acting_as(SYSTEM):
        recall = the(pk)
        assert recall.state == "closed"
        assert sealed_of(db.session, recall)
        entry = db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "Recall", ArchiveEntry.record_id == pk)).one()
        assert entry.retention_class is RetentionClass.recall
        assert entry.retain_until.isoformat() == "2034-05-01"  # five years after the certificate ends (R29 art. 21)
        late = [run for run in runs_of(db.session, recall) if run.met_at is None and run.dropped_at is None]
        assert not late


def _submissions(pk: int) -> list[RecallSubmission]:
    return list(db.session.scalars(select(RecallSubmission).filter_by(recall_id=pk).order_by(RecallSubmission.id)))


def _hand_in(app: Flask, regulatory: Visitor, pk: int) -> None:
    with app.app_context(), acting_as(SYSTEM):
        ids = [row.id for row in _submissions(pk)]
    for number in ids:
        page = regulatory.open(f"/recall_submission/show/{number}").send(f"/{number}/perform/send", sent_how="省局网上系统")
        assert page.status == 200, page.text[:1500]
    regulatory.send(f"/{ids[-1]}/perform/acknowledge", receipt_no="国械受 2026-1")
    with app.app_context(), acting_as(SYSTEM):
        recall = the(pk)
        assert None not in (recall.event_reported_at, recall.plan_filed_at, recall.announced_at)
        last = db.session.get_one(RecallSubmission, ids[-1])
        assert (last.state, last.receipt_no) == ("acknowledged", "国械受 2026-1")
        assert {paper.name for paper in sealed_of(db.session, last)} == {"recall_assessment_report", "recall_plan"}
        assert last.figures["sold"] == 500
        progress = next(run for run in runs_of(db.session, recall) if run.milestone == "recall_progress")
        assert progress.due_at.astimezone(CHINA).isoformat()[:10] == "2026-12-05"  # 14 days, as the plan says


def _tell(app: Flask, regulatory: Visitor, pk: int) -> None:
    """All letters at once by the list; half are confirmed by the hospitals, one reminded, the rest by our people."""
    with app.app_context(), acting_as(SYSTEM):
        ids = [notice.id for notice in notices(pk)]
    answer = regulatory.client.post("/recall_notice/bulk", data={"ids": ids, "transition": "send", "go": "1"}, follow_redirects=True)
    assert answer.status_code == 200
    assert _all_sent(app, pk), "all at once, by the list"
    with app.app_context(), acting_as(SYSTEM):
        tokens = [(notice.id, notice.token, notice.unit_count) for notice in notices(pk)]
        assert the(pk).started_at is not None
        assert {notice.way.value for notice in notices(pk)} == {"letter"}, "no mail server is configured"
    for _number, token, count in tokens[:5]:
        stranger = app.test_client()
        shown = stranger.get(f"/r/{token}")
        assert shown.status_code == 200
        assert "Set-Cookie" not in shown.headers
        said = {"token": form_token(shown.text), "name": "王敏", "department": "设备科", "found": str(count)}
        assert stranger.post(f"/r/{token}", data=said | {"found": ""}).status_code == 422
        assert stranger.post(f"/r/{token}", data=said).status_code == 303
        assert re.search(r"王敏", stranger.get(f"/r/{token}").text) is None
    with app.app_context(), acting_as(SYSTEM):
        assert the(pk).notified_at is None
        for number, _token, count in tokens[5:]:
            notice = notices(pk, id=number)[0]
            perform(notice, "confirm", values={"confirmed_name": "李科长", "confirmed_how": "电话核实", "found_count": count})
        db.session.commit()
        assert the(pk).notified_at is not None
        run = next(run for run in runs_of(db.session, the(pk)) if run.milestone == "recall_notify")
        assert run.state == "met"


def _all_sent(app: Flask, pk: int) -> bool:
    with app.app_context(), acting_as(SYSTEM):
        return all(notice.state == "sent" for notice in notices(pk))


def _handle(app: Flask, pk: int) -> None:
    """All but one: 495 exchanged, 4 destroyed under supervision, each with its proof."""
    engineer = Visitor.signed_in(app, "engineer")
    with app.app_context(), acting_as(SYSTEM):
        own = next(unit.id for unit in units(pk) if unit.region.code == "HD")
        foreign = next(unit.id for unit in units(pk) if unit.region.code == "XN")
    assert engineer.open(f"/recall_unit/show/{foreign}").status == 404
    page = engineer.open(f"/recall_unit/show/{own}").send(f"/{own}/perform/treat", measure="exchanged", result="更换电源板，检测合格")
    assert page.status == 200, page.text[:800]
    dispatcher = Visitor.signed_in(app, "dispatcher")
    with app.app_context(), acting_as(SYSTEM):
        doomed = [unit.id for unit in units(pk, state="to_do")[-5:-1]]
    page = dispatcher.open(f"/recall_unit/show/{doomed[0]}")
    assert not page.offers("destroy"), "the record of destruction is missing"
    with app.app_context(), acting_as(SYSTEM):
        for number in doomed:
            unit = units(pk, id=number)[0]
            attach(db.session, unit, DOT, "监督销毁记录.png")
            db.session.flush()
            perform(unit, "destroy", values={"supervised_by": "市场监督管理局", "result": "现场销毁"})
        for unit in units(pk, state="to_do")[:-1]:
            perform(unit, "treat", values={"measure": "exchanged", "result": "更换", "agreement": None})
        db.session.commit()


def _check(app: Flask, pk: int) -> None:
    with app.app_context(), acting_as(SYSTEM):
        recall = the(pk)
        sampled = units(pk, is_sampled=True)
        devices = [unit.device_id for unit in units(pk)]
        assert [unit.device_id for unit in sampled] == drawn(devices, 20, recall.sample_seed), "anybody draws the same again"
        for place, unit in enumerate(sampled):
            change(db.session, unit, {"check_result": CheckResult.not_effective if place == 0 else CheckResult.effective})
        db.session.commit()


