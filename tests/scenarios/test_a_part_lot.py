"""From a part lot's failures to a closed level II recall of 500 units, as the people of the house do it: the program finds the
signal, quality assesses it, a recall follows with that part lot as its scope, customers and authorities are told, each unit is
accounted for with its proof.

What was before is written into the database: two hundred closed repairs a year ago that fitted one lot, and five hundred ten days
ago that fitted the next one. The three failures' repairs are performed by the verbs; `test_the_main_job` does one by the pages. All else
is HTTP.
"""

import io
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.retention import RetentionClass
from aftersales.devices.device import Device
from aftersales.devices.form_item import FunctionTestItem
from aftersales.devices.instrument import TestInstrument
from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.recalls.effect import drawn
from aftersales.recalls.lists import RecallList
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.tally import whole_tally
from aftersales.recalls.unit import RecallUnit
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.attachments import attachments_of
from aftersales.record.audit import unaudited_maintenance, verify_records
from aftersales.record.clocks import runs_of
from aftersales.record.now import CHINA
from aftersales.record.workflow import perform
from aftersales.security.account import Account
from aftersales.service.lines import Measurement, PartReplaced
from aftersales.service.order import RepairResult, ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.signals.looking import look
from aftersales.signals.signal import Signal
from tests.portal.nurse import form_token
from tests.recalls.cases import decide, draft, make_units, notices, the, units
from tests.scenarios.person import Visitor
from tests.world import DOT, MONDAY, PASSWORD

PART, GOOD, BAD = "VX-S04", "FS-2511", "FS-2611"
FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=CHINA)
ANSWERS = dict.fromkeys(("is_device_down", "is_treatment_affected", "has_alternative"), "true")
People = dict[str, Visitor]


@pytest.mark.sqlite
def test_a_part_lot_that_fails_becomes_a_recall_that_is_closed_when_it_adds_up(app: Flask) -> None:
    make_units(app, 700, lot="VX-24")
    _fitted(app, GOOD, MONDAY - timedelta(days=370), range(500, 700))
    _fitted(app, BAD, MONDAY - timedelta(days=10), range(500))
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY - timedelta(hours=1)):
        look(db.session)  # what was before has been looked at
    people = {name: Visitor.signed_in(app, name) for name in ("intake", "quality", "regulatory", "manager", "engineer", "dispatcher")}
    people |= {"far_engineer": Visitor.signed_in(app, "far_engineer")}
    for day in range(3):
        with server_time.at(MONDAY + timedelta(days=day, hours=1)):
            _fails(app, people["intake"], f"VX-24-{10 * day:04d}")
    signal_id = _found(app)
    with server_time.at(FRIDAY - timedelta(hours=1)):
        address = _assessed(app, people, signal_id)
    pk = int(address.rsplit("/", 1)[1])
    with server_time.at(FRIDAY):
        assert "500" in people["regulatory"].open(f"/recall/{pk}/scope").text
        decide(app, address)
        page = people["manager"].open(f"/signal/show/{signal_id}").send("/close", closing_reason="转召回处理", password=PASSWORD)
        assert "已关闭" in page.text, page.text[:800]
        _is_frozen_with_its_clocks(app, pk)
        _hand_in(app, people["regulatory"], pk)
        _tell(app, people, pk)
    with server_time.at(FRIDAY + timedelta(days=5)):
        _handle(app, people, pk)
        _check(app, people["quality"], address, pk)
        page = people["regulatory"].open(address).send(f"/{pk}/perform/complete")
        assert page.status == 200, page.text[:1500]
        assert not people["manager"].open(address).offers("close"), "the summary is not handed in"
    with server_time.at(FRIDAY + timedelta(days=9)):
        _close(app, address, pk)


# -- what was before, and the failures --


def _fitted(app: Flask, lot: str, moment: datetime, places: range) -> None:
    """Into each of these devices a part of the lot, by a repair that was closed long before anybody looks."""
    with app.app_context(), acting_as(SYSTEM), unaudited_maintenance(db.session, "what was before"):
        engineer = _engineer()
        rows: dict[Any, list[dict[str, Any]]] = {ServiceRequest: [], ServiceOrder: [], PartReplaced: []}
        serials = [f"VX-24-{place:04d}" for place in places]
        for device in db.session.scalars(select(Device).where(Device.serial_no.in_(serials))):
            key = 100_000 + device.id
            told = {"region_id": device.region_id, "version": 1, "search_text": "", "created_at": moment, "changed_at": moment}
            about = told | {"id": key, "device_id": device.id, "customer_id": device.customer_id, "fault_text": "年度保养"}
            about |= {"fault_level": "level_3"}
            done = dict.fromkeys(("assigned_at", "responded_at", "arrived_at", "solution_at", "plan_explained_at", "resolved_at"), moment)
            rows[ServiceRequest].append(
                about | {
                    "kind": "fault", "channel": "hotline", "received_at": moment, "registered_at": moment, "harm": "no", "state": "ordered",
                    "is_device_down": False, "is_treatment_affected": False, "has_alternative": True, "vigilance": "none",
                    "progress_token": f"before-{key}", "number": f"SR-{key}",
                }
            )  # fmt: skip
            rows[ServiceOrder].append(
                about | done | {
                    "request_id": key, "reported_at": moment, "engineer_id": engineer, "cause": "到期更换", "cause_category_id": 1,
                    "plan": "更换", "plan_explained_to": "设备科", "result": "usable", "accepted_by": "设备科", "satisfaction": 95,
                    "completed_at": moment, "closed_at": moment, "review_opinion": "符合要求", "reviewed_by": "质量", "number": f"SO-{key}",
                    "state": "closed",
                }
            )  # fmt: skip
            rows[PartReplaced].append(
                told | {"order_id": key, "part_no": PART, "name": "流量传感器", "quantity": 1, "new_lot_no": lot, "reason": "到期更换"}
            )
        for cls, values in rows.items():
            db.session.connection().execute(insert(cls.__table__), values)
        db.session.commit()


def _fails(app: Flask, intake: Visitor, serial: str) -> None:
    """The hospital calls, the desk opens the order in one form; the repair is closed the same day."""
    intake.open("/intake/").send(
        "/intake/", do="order", code=serial, fault_text="流量传感器失效，潮气量报警", harm="no", caller_name="沈护士长",
        caller_phone="139 0000 2208", channel="hotline", **ANSWERS,
    )  # fmt: skip
    assert intake.status == 200, intake.text[:800]
    (address,) = intake.links("/service_order/show/")
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.get_one(ServiceOrder, int(address.rsplit("/", 1)[1]))
        for verb, values in (("assign", {"engineer_id": _engineer()}), ("accept", {}), ("arrive", {})):
            perform(order, verb, values=values)
        told = {"cause": "流量传感器失效", "plan": "更换流量传感器", "plan_explained_to": "设备科", "cause_category_id": 1}
        for name, value in (told | {"plan_explained_at": server_time.now()}).items():
            setattr(order, name, value)
        _measure(order)
        accepted = {"result": RepairResult.usable, "accepted_by": "设备科", "satisfaction": 90}
        perform(order, "complete", values=accepted, drawn=DOT, signer="设备科")
        perform(order, "close", values={"review_opinion": "同批次传感器失效"})
        db.session.commit()
        assert order.state == "closed"
        look(db.session)


def _engineer() -> int:
    mine = select(Person.id).join(Account, Account.id == Person.user_id).where(Account.username == "engineer")
    return db.session.scalars(mine).one()


def _measure(order: ServiceOrder) -> None:
    """Each item of the function test, with the analyser that is calibrated."""
    analyser = db.session.scalars(select(TestInstrument).where(TestInstrument.serial_no == "QL-HD-1")).one()
    for item in db.session.scalars(select(FunctionTestItem).where(FunctionTestItem.test_id == order.function_test_id)):
        answer = {"value": Decimal(502), "instrument": analyser} if item.name == "潮气量" else {"is_passed": True}
        measurement = Measurement(order=order, item=item, measured_at=server_time.now(), **answer)
        measurement.on_create()
        db.session.add(measurement)
    db.session.flush()


def _found(app: Flask) -> int:
    """The program found the part lot by itself, and nothing of the lot before it."""
    with app.app_context(), acting_as(SYSTEM):
        found = db.session.scalars(select(Signal).where(Signal.kind == "part_batch", Signal.found_at > MONDAY)).one()
        assert (found.part_no, found.lot_no, found.case_count, found.state) == (PART, BAD, 3, "found")
        return found.id


def _assessed(app: Flask, people: People, signal_id: int) -> str:
    """Quality assesses and decides that a recall is to be looked at; regulatory begins it from the signal. Its address."""
    quality, regulatory = people["quality"], people["regulatory"]
    page = quality.open(f"/signal/show/{signal_id}")
    assert BAD in page.text
    page.send(f"/{signal_id}/perform/assess")
    page = page.send(f"/{signal_id}/perform/confirm", assessment="同一批次流量传感器失效", outcome="recall")
    assert page.status == 200, page.text[:800]
    (link,) = regulatory.open(f"/signal/show/{signal_id}").links("/recall/add")
    assert f"signal_id={signal_id}" in link
    address = draft(regulatory, signal_id=str(signal_id), subject="", source_text="")
    assert BAD in regulatory.open(address).text, "the part lot is the first line of the scope"
    return address


# -- frozen, told to authorities and customers --


def _is_frozen_with_its_clocks(app: Flask, pk: int) -> None:
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


def _tell(app: Flask, people: People, pk: int) -> None:
    """All letters at once by the list; five hospitals confirm by their link, one is reminded, our people ask the others; one hospital
    has closed down."""
    regulatory = people["regulatory"]
    with app.app_context(), acting_as(SYSTEM):
        ids = [notice.id for notice in notices(pk)]
    answer = regulatory.client.post("/recall_notice/bulk", data={"ids": ids, "transition": "send", "go": "1"})
    assert answer.status_code == 200
    with app.app_context(), acting_as(SYSTEM):
        sent = [(notice.id, notice.token, notice.unit_count, notice.state, notice.way.value) for notice in notices(pk)]
        assert {told[3:] for told in sent} == {("sent", "letter")}, "all at once, by the list; no mail server is configured"
        assert the(pk).started_at is not None
    for _number, token, count, *_rest in sent[:5]:
        stranger = app.test_client()
        shown = stranger.get(f"/r/{token}")
        assert (shown.status_code, "Set-Cookie" in shown.headers) == (200, False)
        said = {"token": form_token(shown.text), "name": "王敏", "department": "设备科", "found": str(count)}
        assert stranger.post(f"/r/{token}", data=said | {"found": ""}).status_code == 422
        assert stranger.post(f"/r/{token}", data=said).status_code == 303
        assert re.search(r"王敏", stranger.get(f"/r/{token}").text) is None
    number, _token, count, *_rest = sent[5]
    regulatory.open(f"/recall_notice/show/{number}").send(f"/{number}/perform/remind")
    with server_time.at(FRIDAY + timedelta(days=1)):
        for number, _token, count, *_rest in sent[5:9]:
            page = regulatory.open(f"/recall_notice/show/{number}")
            page = page.send(f"/{number}/perform/confirm", confirmed_name="李科长", confirmed_how="电话核实", found_count=str(count))
            assert page.status == 200, page.text[:800]
        assert _notified(app, pk) == "running"
        lost = sent[9][0]
        page = regulatory.open(f"/recall_notice/show/{lost}")
        page.send(f"/{lost}/perform/give_up", attempts="11-20 信件退回，11-21 上门", explanation="医院已停业，设备封存待查")
        assert _notified(app, pk) == "met", "within the three days of level II"


def _notified(app: Flask, pk: int) -> str:
    with app.app_context(), acting_as(SYSTEM):
        return next(run.state for run in runs_of(db.session, the(pk)) if run.milestone == "recall_notify")


# -- each unit, the sample, the end --


def _handle(app: Flask, people: People, pk: int) -> None:
    """Each region its own: 495 exchanged in bulk, four destroyed under supervision with their record, one that nobody finds explained."""
    with app.app_context(), acting_as(SYSTEM):
        own, far = ([unit.id for unit in units(pk) if unit.region.code == code] for code in ("HD", "XN"))
    assert (len(own), len(far)) == (250, 250)
    engineer, dispatcher = people["engineer"], people["dispatcher"]
    assert engineer.open(f"/recall_unit/show/{far[0]}").status == 404
    for who, ids in ((engineer, own[:-5]), (people["far_engineer"], far)):
        posted = {"ids": ids, "transition": "treat", "go": "1", "measure": "exchanged", "result": "更换流量传感器，检测合格"}
        assert who.client.post("/recall_unit/bulk", data=posted).status_code == 200
    assert _open_units(app, pk) == own[-5:]
    assert dispatcher.client.post(f"/recall_unit/{own[-5]}/perform/destroy", data={"supervised_by": "监管局"}).status_code == 422
    for number in own[-5:-1]:
        proof = {"files": (io.BytesIO(DOT), "监督销毁记录.png")}
        assert dispatcher.client.post(f"/recall_unit/{number}/attach", data=proof).status_code == 302
        page = dispatcher.open(f"/recall_unit/show/{number}")
        page = page.send(f"/{number}/perform/destroy", supervised_by="市场监督管理局", result="现场销毁")
        assert page.status == 200, page.text[:800]
    answer = people["regulatory"].client.post(f"/recall/{pk}/perform/complete")
    told = "数量核对不一致：清单 500 台，已处理 495 台，已监督销毁 4 台，无法处理（已说明）0 台，还有 1 台未处理。"
    assert (answer.status_code, told in answer.text) == (422, True)
    give_up = f"/{own[-1]}/perform/give_up"
    unexplained = dispatcher.client.post(f"/recall_unit{give_up}", data={"attempts": "11-21 电话、11-22 上门"})
    assert unexplained.status_code == 422
    dispatcher.open(f"/recall_unit/show/{own[-1]}").send(give_up, attempts="11-21 电话、11-22 上门", explanation="医院已报废并移交回收公司")
    with app.app_context(), acting_as(SYSTEM):
        tally = whole_tally(db.session, the(pk))
        assert (tally.sold, tally.found, tally.units["unreachable"], tally.is_even) == (500, 499, 1, True)
        assert not list(verify_records(db.session, [RecallUnit])), "every step of every unit is in the trail"


def _open_units(app: Flask, pk: int) -> list[int]:
    with app.app_context(), acting_as(SYSTEM):
        return [unit.id for unit in units(pk, state="to_do")]


def _check(app: Flask, quality: Visitor, address: str, pk: int) -> None:
    """Quality, who handled none of them, checks ten that were drawn; the same seed draws the same ones again."""
    quality.open(address).send(f"/{pk}/perform/draw_sample", sample_size="10")
    with app.app_context(), acting_as(SYSTEM):
        recall, sampled = the(pk), units(pk, is_sampled=True)
        assert [unit.device_id for unit in sampled] == drawn([unit.device_id for unit in units(pk)], 10, recall.sample_seed)
        ids = [unit.id for unit in sampled]
    for place, number in enumerate(ids):
        found = "effective" if place else "not_effective"
        page = quality.open(f"/recall_unit/edit/{number}").send(f"/edit/{number}", check_result=found, check_note="现场复核")
        assert page.status == 200, page.text[:800]


def _close(app: Flask, address: str, pk: int) -> None:
    """The summary within ten working days of the completion, and the end."""
    with app.app_context(), acting_as(SYSTEM):
        run = next(run for run in runs_of(db.session, the(pk)) if run.milestone == "recall_summary")
        assert run.due_at.astimezone(CHINA).isoformat()[:10] == "2026-12-10"  # the end of 9 December, ten working days after 25 November
        assert the(pk).effective_percent == Decimal("90")
        number = next(row.id for row in _submissions(pk) if row.kind == "summary")
    regulatory, manager = Visitor.signed_in(app, "regulatory"), Visitor.signed_in(app, "manager")
    page = regulatory.open(f"/recall/edit/{pk}").send(f"/edit/{pk}", summary="达到预期", improvement="更换供应商，加严进货检验")
    assert page.status == 200, page.text[:800]
    page = regulatory.open(f"/recall_submission/show/{number}").send(f"/{number}/perform/send", sent_how="省局网上系统")
    assert page.status == 200, page.text[:800]
    page = manager.open(address).send(f"/{pk}/perform/close")
    assert page.status == 200, page.text[:1500]
    with app.app_context(), acting_as(SYSTEM):
        recall = the(pk)
        assert recall.state == "closed"
        assert sealed_of(db.session, recall)
        entry = db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "Recall", ArchiveEntry.record_id == pk)).one()
        assert entry.retention_class is RetentionClass.recall
        assert entry.retain_until.isoformat() == "2034-05-01"  # five years after the certificate ends (R29 art. 21)
        assert all(run.met_at or run.dropped_at for run in runs_of(db.session, recall))
        summary = db.session.get_one(RecallSubmission, number)
        assert (summary.figures["done"], summary.figures["destroyed"], summary.figures["unreachable"]) == (495, 4, 1)
