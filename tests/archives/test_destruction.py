"""From the shelf to the certificate: a sealed record is lent, held, kept from destruction, released, and destroyed by two people."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select, update

from aftersales.archives.destruction import Destruction, DestructionItem
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import LegalHold
from aftersales.archives.paper import PaperRequest
from aftersales.archives.shredding import GivenUpFile
from aftersales.devices.model import DeviceModel, Risk
from aftersales.extensions import db
from aftersales.jobs.passes import judge_retention, package_all, remove_packages, run_pass, shred_files
from aftersales.packages.package import ArchivePackage
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument, sealed_of
from aftersales.record.attachments import attach
from aftersales.record.audit import Found, verify, verify_records
from aftersales.record.clocks import runs_of
from aftersales.record.filed import verify_files
from aftersales.record.saving import change
from aftersales.service.order import ServiceOrder
from tests.api.caller import Caller
from tests.portal.repair import Repair
from tests.scenarios.person import Visitor
from tests.world import DOT, MONDAY, PASSWORD, sign_in

LATER = MONDAY + timedelta(hours=6)


@pytest.fixture
def sealed(app: Flask, finished: Repair) -> Iterator[Repair]:
    """A sealed report whose term is over: a low risk, a short life, long discontinued. Its paper lies in a box."""
    with server_time.at(LATER):
        with app.app_context(), acting_as(SYSTEM):
            model = db.session.scalars(select(DeviceModel).where(DeviceModel.specification == "VX-90")).one()
            shorter = {"risk": Risk.low, "service_life_years": 1, "discontinued_on": date(2022, 6, 30)}
            change(db.session, model, shorter, reason="停产")
            change(db.session, the(ArchiveEntry, kind="ServiceOrder"), {"paper_room": "档案室", "paper_box": "A-01"})
            db.session.commit()
        with app.app_context():
            run_pass(judge_retention)
        yield finished


def the(cls: type, **wanted: object) -> object:
    return db.session.scalars(select(cls).filter_by(**wanted).order_by(cls.id.desc()).limit(1)).one()


def test_a_record_is_lent_held_kept_released_and_destroyed(app: Flask, sealed: Repair) -> None:
    quality, manager = (Visitor.signed_in(app, name) for name in ("quality", "manager"))
    with app.app_context(), acting_as(SYSTEM):
        entry = the(ArchiveEntry, kind="ServiceOrder")
        entry_id, region_id, files = entry.id, entry.region_id, entry.archived_files
        assert entry.retain_until == date(2026, 1, 8)
        assert run_pass(package_all) == 1
        package, second = the(ArchivePackage), app.extensions["second_store"]
        key = package.sha256

    # Lent: approved by another person, due on its day.
    quality.open(f"/paper_request/add?entry_id={entry_id}")
    quality.send("/add", use="lend", purpose="核对签名", wanted_until="2026-11-20")
    loan = quality.url
    assert quality.open(f"{loan}").status == 200
    refused = quality.client.post(loan.replace("show/", "") + "/perform/approve", data={})
    assert refused.status_code in (403, 422)
    manager.open(loan).send("/perform/approve")
    manager.send("/perform/hand_out", received_by="顾清和")
    with app.app_context(), acting_as(SYSTEM):
        (run,) = runs_of(db.session, the(PaperRequest))
        assert run.due_at.date() == date(2026, 11, 20)  # 24:00 in China

    # Not lent a second time, by page or API; a copy may be asked for.
    caller = Caller.named(app, "quality")
    again = {"entry_id": entry_id, "use": "lend", "purpose": "复核", "wanted_until": "2026-11-21"}
    quality.open(f"/paper_request/add?entry_id={entry_id}").send("/add", **again)
    assert "原件已借出" in quality.text
    assert "顾清和，应于 2026-11-20 归还" in quality.text
    answer = caller.post("/paper_request/", again)
    assert answer.status_code == 422
    assert "entry_id" in answer.json["errors"]
    assert caller.post("/paper_request/", again | {"use": "copy"}).status_code == 201

    # Held, and so not destroyed; nor while it is out.
    manager.open("/legal_hold/add").send("/add", matter="华东仁安医院索赔", demanded_by="公司法务")
    hold = manager.url
    manager.open(manager.links("/held_entry/add")[0]).send("/add", entry_id=str(entry_id))
    quality.open("/destruction/add").send("/add", reason="保存期限已满", region_id=str(region_id))
    listed = quality.url
    quality.open(quality.links("/destruction_item/add")[0]).send("/add", entry_id=str(entry_id))
    assert "华东仁安医院索赔" in quality.text
    assert "顾清和" in quality.text
    manager.open(loan).send("/perform/take_back")

    # Released by another person, with a reason.
    assert manager.client.post(hold.replace("show/", "") + "/perform/release", data={"reason": "x"}).status_code in (403, 422)
    quality.open(hold).send("/perform/release", reason="双方和解")
    with app.app_context(), acting_as(SYSTEM):
        assert (the(LegalHold).state, the(LegalHold).released_by) == ("released", the(LegalHold).released_by)
        assert not the(ArchiveEntry, kind="ServiceOrder").is_held

    # Listed, approved by another, carried out by two.
    quality.open(listed)
    quality.open(quality.links("/destruction_item/add")[0]).send("/add", entry_id=str(entry_id))
    quality.open(listed).send("/perform/submit")
    assert quality.client.post(listed.replace("show/", "") + "/perform/approve", data={"password": PASSWORD}).status_code in (403, 422)
    manager.open(listed).send("/perform/approve", password=PASSWORD)

    # What was approved is what is destroyed: nothing is put on the list or taken off it any more.
    assert not [link for link in manager.open(listed).links("/destruction_item/") if "/edit/" not in link]
    with app.app_context(), acting_as(SYSTEM):
        item_id, list_id = the(DestructionItem).id, the(Destruction).id
    for address in (f"/destruction_item/{item_id}/remove", f"/destruction_item/add?parent={list_id}"):
        answer = manager.client.post(address, data={"entry_id": str(entry_id), "reason": "x"}, follow_redirects=True)
        assert "请先退回或撤销" in answer.text
    with app.app_context(), acting_as(SYSTEM):
        assert [item.id for item in the(Destruction).items] == [item_id]
    quality.open(listed).send("/perform/begin", method="shredded", place="档案室", password=PASSWORD)
    assert quality.client.post(listed.replace("show/", "") + "/perform/confirm", data={"password": PASSWORD}).status_code in (403, 422)
    assert manager.client.post(listed.replace("show/", "") + "/perform/confirm", data={"password": PASSWORD}).status_code == 422
    with app.app_context(), acting_as(SYSTEM):
        attach(db.session, the(Destruction), DOT, "粉碎.png", "photo")
        db.session.commit()
    manager.open(listed).send("/perform/confirm", password=PASSWORD)

    with app.app_context(), acting_as(SYSTEM):
        certificate, entry = the(Destruction), the(ArchiveEntry, kind="ServiceOrder")
        assert (certificate.state, entry.state, entry.destroyed_under) == ("carried_out", "destroyed", certificate.number)
        assert (entry.paper_place, entry.archived_files) == ("", files)
        (paper,) = sealed_of(db.session, certificate)
        with pikepdf.open(io.BytesIO(app.extensions["store"].get(paper.sha256))) as printed:
            assert len(printed.pages) == 1
        assert the(ArchiveEntry, kind="Destruction").term.value == "permanent"
        assert list(verify_files(db.session, app.extensions["store"])) == []
        assert second.exists(key)
        assert (the(ArchivePackage).state, the(ArchivePackage).sha256) == ("given_up", key)
        run_pass(shred_files)
        assert run_pass(remove_packages) == 1
        assert not second.exists(key)
        assert [app.extensions["store"].exists(file.sha256) for file in files if file.role == "paper"] == [False]
        assert list(verify_files(db.session, app.extensions["store"])) == []
        assert list(verify(db.session, app.extensions["audit"])) == []

    # What is gone says so, and its hash still proves a copy.
    gone = quality.open(f"/service_order/{sealed.order_id}/paper/{sealed.paper_id}.pdf")
    assert gone.status == 410
    told = Visitor(app.test_client()).open(f"/v/{sealed.code}")
    assert certificate_number(app) in told.text
    assert sealed.sha256 in told.text
    assert quality.open(f"/service_order/show/{sealed.order_id}").status == 200
    answer = manager.client.post(f"/service_order/{sealed.order_id}/perform/reopen", data={"reason": "x"})
    assert answer.status_code in (403, 422)


def test_everything_that_expired_is_added_at_once_but_what_is_held(app: Flask, sealed: Repair) -> None:
    quality, manager = (Visitor.signed_in(app, name) for name in ("quality", "manager"))
    with app.app_context(), acting_as(SYSTEM):
        entry = the(ArchiveEntry, kind="ServiceOrder")
        entry_id, region_id, number = entry.id, entry.region_id, entry.number
    manager.open("/legal_hold/add").send("/add", matter="华东仁安医院索赔", demanded_by="公司法务")
    hold = manager.url
    manager.open(manager.links("/held_entry/add")[0]).send("/add", entry_id=str(entry_id))
    quality.open("/destruction/add").send("/add", reason="保存期限已满", region_id=str(region_id))
    listed = quality.url
    address = quality.links("/expired")[0]
    adding = address.replace("/expired", "/add_expired")
    page = quality.open(address)
    assert "华东仁安医院索赔" in page.text
    assert 'method="post"' not in page.text.partition("<main")[2].partition("figures")[0]
    assert quality.client.post(adding).status_code == 302
    assert number not in quality.open(listed).text

    quality.open(hold).send("/perform/release", reason="双方和解")
    assert number in quality.open(address).text
    quality.send("/add_expired")
    assert number in quality.open(listed).text
    assert number not in quality.open(address).text  # once is enough
    with app.app_context(), acting_as(SYSTEM):
        (item,) = the(Destruction).items
        assert (item.entry_id, item.record_number, item.kept_until) == (entry_id, "SO-HD-2026-000001", date(2026, 1, 8))
    quality.open(listed).send("/perform/submit")
    assert "只有草稿状态" in quality.client.post(adding, follow_redirects=True).text
    assert sign_in(app, "engineer").post(adding).status_code == 403


def certificate_number(app: Flask) -> str:
    with app.app_context(), acting_as(SYSTEM):
        return the(Destruction).number


def test_a_file_deleted_behind_the_program_is_damage_whatever_is_written_beside_it(app: Flask, sealed: Repair) -> None:
    """A mark of destruction excuses nothing without a sealed certificate, and one that nobody made is found in the trail."""
    (path,) = Path(app.config["INSTANCE_PATH"]).rglob(sealed.sha256)
    path.unlink()
    with app.app_context(), acting_as(SYSTEM):
        order_paper = the(SealedDocument)
        for number in ("DS-HD-2026-000001", order_paper.number):
            forged = update(SealedDocument.__table__).where(SealedDocument.__table__.c.id == order_paper.id).values(destroyed_under=number)
            db.session.rollback()
            with db.engine.begin() as connection:
                connection.exec_driver_sql(str(forged.compile(db.engine, compile_kwargs={"literal_binds": True})))
            db.session.expire_all()
            assert {finding.found for finding in verify_files(db.session, app.extensions["store"])} == {Found.file_missing}
            assert Found.value_differs in {finding.found for finding in verify_records(db.session, [SealedDocument])}


def test_bytes_that_another_record_still_names_stay(app: Flask, sealed: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM):
        store = app.extensions["store"]
        other = db.session.scalars(select(ServiceOrder).where(ServiceOrder.id != sealed.order_id).limit(1)).one()
        kept = attach(db.session, other, DOT, "照片.png").sha256
        gone = store.put(b"only here")
        db.session.add_all(GivenUpFile(sha256=key, certificate="DS-1", given_up_at=LATER) for key in (kept, gone))
        db.session.commit()
        assert run_pass(shred_files) == 1
        assert (store.exists(kept), store.exists(gone)) == (True, False)
        assert run_pass(shred_files) == 0
