"""The inspection binder: page numbers that are right, originals that verify, and nothing that its maker may not see."""

import hashlib
import json
import re
import subprocess
import zipfile
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select, update

from aftersales.complaints.complaint import Complaint
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.inspection import choosing, compiling
from aftersales.inspection.binder import Binder, binder_of
from aftersales.inspection.binding import BINDER, DamagedOriginalError
from aftersales.inspection.story import TOLD
from aftersales.jobs.job import Job
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.refusal import Refusal
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.traceability.start import start_of
from tests.engines import Installation
from tests.portal.repair import Repair, finish, reopen
from tests.traceability.papers import put_in_force, words_of
from tests.world import FOREIGN, MONDAY, OWN, foreign_marks, sign_in, specimen


class Compiled:
    """A binder that an office asked for and got."""

    def __init__(self, office, **asked: str) -> None:
        self.client = office.client
        answer = self.client.post("/binder/new", data=asked)
        assert answer.status_code == 303, answer.text[-3000:]
        self.path = answer.location
        office.work()
        page = self.client.get(self.path).text
        assert f"{self.path}/pdf" in page, page
        self.pdf = self.client.get(f"{self.path}/pdf").data
        self.zip = zipfile.ZipFile(BytesIO(self.client.get(f"{self.path}/zip").data))

    @property
    def pages(self) -> list[str]:
        return words_of(self.pdf)


@pytest.fixture
def sealed(installation: Installation, app: Flask) -> Repair:
    return installation.stage(_sealed_by_procedure)


def _sealed_by_procedure(app: Flask) -> Repair:
    put_in_force(app)
    return finish(app)


def test_contents_bookmarks_and_running_numbers_lead_to_the_right_pages(app: Flask, sealed: Repair, office) -> None:
    binder = Compiled(office(Role.quality), things="HD-0001")
    pages = binder.pages
    assert "检查资料汇编" in pages[0]
    assert all(f"- {number} / {len(pages)} -" in text for number, text in enumerate(pages, 1))
    listed = {}
    for line in filter(str.strip, pages[1].splitlines()):
        *title, number = line.split()
        if number.isdigit() and title:
            listed[" ".join(title)] = int(number)
    leads = {"SO-HD-2026-000001 维修服务报告": "SO-HD-2026-000001", "AS-QP-03 A/0": "规范维修", "审计追踪摘录": "审计追踪摘录"}
    for begins, text in leads.items():
        number = next(number for title, number in listed.items() if title.startswith(begins))
        assert text in pages[number - 1], (begins, number)
    with pikepdf.open(BytesIO(binder.pdf)) as pdf, pdf.open_outline() as outline:
        marked = [child for item in outline.root for child in item.children]
        assert [item.title for item in outline.root][:4] == ["封面与目录", "设备台账", "质量与监管事项", "存档原件"]
        places = {str(child.title): _page_of(pdf, child) for child in marked}
        assert next(page for title, page in places.items() if title.startswith("SO-HD")) == listed[
            next(title for title in listed if title.startswith("SO-HD"))
        ]


def _page_of(pdf: pikepdf.Pdf, item: pikepdf.OutlineItem) -> int:
    return next(number for number, page in enumerate(pdf.pages, 1) if page.obj.objgen == item.destination[0].objgen)


def test_the_originals_are_byte_for_byte_and_still_verify(app: Flask, sealed: Repair, office, tmp_path: Path) -> None:
    binder = Compiled(office(Role.quality), things="SO-HD-2026-000001")
    names = binder.zip.namelist()
    original = next(name for name in names if name.startswith("originals/"))
    data = binder.zip.read(original)
    assert hashlib.sha256(data).hexdigest() == sealed.sha256
    assert verify_pdf(data).outcome == "undecided"  # unaltered; its certificate is not given here
    assert binder.zip.read(BINDER) == binder.pdf
    assert json.loads(binder.zip.read(original.replace("originals/", "records/").replace(".pdf", ".json")))["record"]
    binder.zip.extractall(tmp_path)
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, env={"LC_ALL": "C"})
    assert checked.returncode == 0, checked.stdout
    manifest = json.loads(binder.zip.read("manifest.json"))
    assert sealed.sha256 in {file["sha256"] for file in manifest["files"]}
    assert sealed.sha256 in "".join(binder.pages).replace("\n", "")


def test_what_was_in_force_and_valid_then_stands_beside_them(app: Flask, sealed: Repair, office) -> None:
    text = "\n".join(Compiled(office(Role.quality), things="HD-0001").pages)
    for wanted in ("AS-QP-03", "A004", "2025-01-01 至 2027-05-30", "QL-HD-1", "2026-03-01 至 2027-02-28", "资料齐全"):
        assert wanted in text, wanted


def test_only_qualifications_for_what_was_repaired_that_held_then_are_listed_and_of_the_person_asked_for_all_of_the_period(
    app: Flask, sealed: Repair, office
) -> None:
    with app.app_context(), acting_as(SYSTEM):
        person = db.session.scalars(select(Person).where(Person.staff_no == "A004")).one()
        other = db.session.scalars(select(DeviceModel).where(DeviceModel.specification == "PM-3")).one()
        for evidence, first, last in (("OTHER", 2026, 2027), ("OVER", 2024, 2025)):
            days = {"valid_from": date(first, 1, 5), "valid_until": date(last, 1, 5), "effect_confirmed_on": date(first, 1, 5)}
            person.qualifications.append(Qualification(model=other, work=Work.repair, evidence=evidence, **days))
        person._audit_reason = "for the test"
        db.session.commit()
    office = office(Role.quality)
    of_device, of_person = ("\n".join(Compiled(office, things=things, begins_on="2026-01-01").pages) for things in ("HD-0001", "A004"))
    assert "CERT-1" in of_device
    assert "OTHER" not in of_device
    assert "CERT-1" in of_person
    assert "OTHER" in of_person
    assert "OVER" not in of_device + of_person


def test_a_binder_of_one_device_tells_its_whole_story(app: Flask, sealed: Repair, office) -> None:
    """One record of each kind about the device stands in the chapter by its number, and none of the foreign region."""
    action_id, complaint_id = (specimen(app, cls, OWN) for cls in (CorrectiveAction, Complaint))
    with app.app_context(), acting_as(SYSTEM):
        action = db.session.get_one(CorrectiveAction, action_id)
        action.complaint_id, action._audit_reason = complaint_id, "同源"
        db.session.commit()
    wanted, foreign = ({cls: _name(app, cls, region) for cls in TOLD} for region in (OWN, FOREIGN))
    binder = Compiled(office(Role.quality), things="HD-0001")
    (chapter,) = [page for page in binder.pages[2:] if "投诉、不良事件、召回及其处置" in page.splitlines()[0]]
    del wanted[ServiceRequest]  # it became the repair
    missing = {cls.__name__: name for cls, name in wanted.items() if name not in chapter}
    assert not missing, chapter
    assert not [name for cls, name in foreign.items() if name != wanted.get(cls) and name and name in chapter]
    audited = json.loads(binder.zip.read("audit/entries.json"))
    assert {cls.__name__ for cls in wanted} <= {told["kind"] for told in audited}


def _name(app: Flask, cls: type[SharedRecord], region: str) -> str:
    pk = specimen(app, cls, region)
    with app.app_context(), acting_as(SYSTEM):
        return "" if pk is None else str(db.session.get_one(cls, pk))


def test_a_subject_tells_what_is_not_sealed_yet(app: Flask, office) -> None:
    binder = Compiled(office(Role.quality), subject="Complaint", begins_on="2026-01-01", ends_on="2026-12-31")
    assert _name(app, Complaint, OWN) in "\n".join(binder.pages)


def test_the_extract_of_the_trail_is_told_in_words(app: Flask, sealed: Repair, office) -> None:
    """No name of a column, no id of a record, and nothing that opens a public page."""
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.get_one(ServiceOrder, sealed.order_id)
        device, token = order.device.number, order.request.progress_token
    binder = Compiled(office(Role.quality), things="HD-0001")
    begins = next(number for number, page in enumerate(binder.pages) if page.startswith("审计追踪摘录"))
    told = "\n".join(binder.pages[begins:-1])
    assert f"设备：{device}" in told
    assert re.search(r"状态：\S+ → 已关闭", told)
    assert re.search(r"区域：HD", told)
    assert not re.search(r"区域：\d", told)
    raw = re.findall(r"\b[a-z]+_[a-z_]+\b|SealedDocument|ServiceOrder", told)
    assert raw == []
    assert token not in told + binder.zip.read("audit/entries.json").decode()


def test_a_certificate_that_was_renewed_since_is_told_as_it_was(app: Flask, sealed: Repair, office) -> None:
    from aftersales.devices.instrument import TestInstrument

    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(days=200)):
        analyser = db.session.scalars(select(TestInstrument).where(TestInstrument.serial_no == "QL-HD-1")).one()
        analyser.calibrated_on, analyser.calibration_valid_until = MONDAY.date() + timedelta(180), MONDAY.date() + timedelta(545)
        analyser._audit_reason = "新证书"
        db.session.commit()
    text = "\n".join(Compiled(office(Role.quality), things="HD-0001").pages)
    assert "2026-03-01 至 2027-02-28" in text
    assert "不在有效期内" not in text


@pytest.mark.parametrize("thing", ["software:2.1.4.7", "maker:澄海医疗设备厂"])
def test_no_page_and_no_file_has_a_record_of_a_foreign_region(app: Flask, sealed: Repair, office, thing: str) -> None:
    _grant_to(app, Role.engineer)
    binder = Compiled(office(Role.engineer), things=thing)
    told = "\n".join(binder.pages) + "".join(binder.zip.read(name).decode() for name in binder.zip.namelist() if name.endswith("json"))
    assert "HD-0001" in told
    assert not [mark for mark in foreign_marks(app) if mark in told]
    client = sign_in(app, Role.engineer)
    for far in ("XN-0001", f"device:{specimen(app, Device, 'XN')}"):
        assert client.post("/binder/new", data={"things": far}).status_code in (404, 422)


def test_a_paper_that_was_superseded_says_so_on_its_copy(app: Flask, sealed: Repair, office) -> None:
    reopen(app)
    finish(app)
    binder = Compiled(office(Role.quality), things="SO-HD-2026-000001")
    lines = [line for line in binder.pages[1].splitlines() if "维修服务报告" in line]
    assert ["已被取代" in line for line in lines] == [True, False]
    first, second = (int(line.split()[-1]) for line in lines)
    with pikepdf.open(BytesIO(binder.pdf)) as pdf:
        assert [bool(pdf.pages[number - 1].form_xobjects) for number in (first, second)] == [True, False]


def test_a_subject_needs_a_period_and_takes_what_lies_in_it(app: Flask, sealed: Repair, office) -> None:
    quality = office(Role.quality)
    assert quality.client.post("/binder/new", data={"subject": "ServiceOrder"}).status_code == 422
    binder = Compiled(quality, subject="ServiceOrder", begins_on="2026-11-01", ends_on="2026-11-30")
    assert "SO-HD-2026-000001" in binder.pages[1]
    answer = quality.client.post("/binder/new", data={"subject": "ServiceOrder", "begins_on": "2025-01-01", "ends_on": "2025-12-31"})
    quality.work()
    assert "There is no record of this in the period" in quality.client.get(answer.location).text


def test_only_who_compiled_it_fetches_it_and_each_time_is_kept(app: Flask, sealed: Repair, office) -> None:
    binder = Compiled(office(Role.quality), things="HD-0001")
    assert sign_in(app, Role.manager).get(f"{binder.path}/pdf").status_code == 404
    assert sign_in(app, Role.intake).get("/binder/").status_code == 403
    assert sign_in(app, Role.intake).get(f"{binder.path}/zip").status_code == 403
    with app.app_context(), acting_as(SYSTEM):
        actions = [entry.action for entry in db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "Binder"))]
    assert sorted(actions) == ["compile", "download", "download"]


def test_it_is_fetched_while_others_write(app: Flask, sealed: Repair, office, monkeypatch) -> None:
    binder = Compiled(office(Role.quality), things="HD-0001")

    def read_and_overtaken(session, pk):
        found = binder_of(session, pk)
        with db.engine.begin() as another:
            another.execute(update(Job).values(id=Job.id))
        return found

    monkeypatch.setattr("aftersales.inspection.pages.binder_of", read_and_overtaken)
    assert binder.client.get(f"{binder.path}/pdf").status_code == 200


def test_killed_at_its_end_it_leaves_nothing_and_may_be_repeated(app: Flask, sealed: Repair, office, monkeypatch) -> None:
    quality = office(Role.quality)

    def killed(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(compiling, "record_event", killed)
        path = quality.client.post("/binder/new", data={"things": "HD-0001"}).location
        with pytest.raises(KeyboardInterrupt):
            quality.work()
    with app.app_context(), acting_as(SYSTEM):
        binder = db.session.scalars(select(Binder)).one()
        assert (binder.pdf, binder.zip, binder.made_at) == (None, None, None)
        db.session.rollback()
    stop = re.search(r"/jobs/\d+/cancel", quality.client.get(path).text)[0]
    quality.client.post(stop)
    assert quality.client.post(f"{path}/again").status_code == 303
    quality.work()
    assert quality.client.get(f"{path}/pdf").status_code == 200


def test_a_damaged_original_ends_the_binding(app: Flask, sealed: Repair, office, monkeypatch) -> None:
    monkeypatch.setattr(compiling, "_reader", lambda sha256: lambda: b"%PDF-1.7 forged")
    quality = office(Role.quality)
    path = quality.client.post("/binder/new", data={"things": "HD-0001"}).location
    quality.work()
    assert quality.client.get(f"{path}/pdf").status_code == 302
    assert issubclass(DamagedOriginalError, ValueError)


def test_a_binder_of_a_supplier_has_what_happened_with_its_devices_and_none_of_the_others(app: Flask, sealed: Repair, office) -> None:
    with app.app_context(), acting_as(SYSTEM):
        model = db.session.scalars(select(DeviceModel).where(DeviceModel.specification == "PM-3")).one()
        model.maker, model._audit_reason = "别家医疗", "for the test"
        db.session.commit()
    binder = Compiled(office(Role.quality), things="maker:澄海医疗设备厂", begins_on="2026-01-01", ends_on="2026-12-31")
    text = "\n".join(binder.pages)
    assert "SO-HD-2026-000001" in text
    assert "HD-0001" in text
    assert "质量与监管事项" in text
    assert "HD-PM-1" not in binder.pages[2]


def test_a_supplier_of_too_many_repairs_is_refused_and_taken_in_a_shorter_period(app: Flask, sealed: Repair, monkeypatch) -> None:
    monkeypatch.setattr(choosing, "MOST", 1)
    with app.app_context(), acting_as(SYSTEM):
        start = start_of(db.session(), "maker", "澄海医疗设备厂")
        with pytest.raises(Refusal, match="1 条记录：请缩小范围或期间"):
            choosing.repairs_of(db.session(), choosing.Wanted((start,), "", None, None))
        never = date(2020, 1, 1)
        assert not choosing.repairs_of(db.session(), choosing.Wanted((start,), "", never, never)).devices


def test_a_line_that_means_several_things_is_told_how_to_be_written(app: Flask) -> None:
    client = sign_in(app, Role.quality)
    page = client.post("/binder/new", data={"things": "没有这个\n"})
    assert page.status_code == 422
    assert "没有与“没有这个”对应的对象" in page.text
    assert "没有这个</textarea>" in page.text


def test_a_code_is_written_with_the_words_of_its_kind(app: Flask) -> None:
    client = sign_in(app, Role.quality)
    for kind, key, words in (("part", "HD-S2", "备件批号或序列号：HD-S2"), ("maker", "澄海医疗设备厂", "生产企业／供应商：澄海医疗设备厂")):
        assert f">{words}</textarea>" in client.get(f"/binder/?kind={kind}&key={key}").text
        assert client.post("/binder/new", data={"things": words}).status_code == 303


def _grant_to(app: Flask, role: str) -> None:
    with app.app_context(), acting_as(SYSTEM):
        sm = app.appbuilder.sm
        stored = sm.find_role(role)
        stored.permissions = [*stored.permissions, sm.find_permission_view_menu("can_compile", "Binder")]
        stored._audit_reason = "for the test"
        db.session.commit()
        assert db.session.scalars(select(SealedDocument)).first() is not None
