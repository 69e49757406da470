"""Both copies are read again in time; what is damaged is named, told and mended from the other copy, with a reason."""

import io
from datetime import timedelta

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.jobs.passes import check_copies, package_all, run_pass, work_long
from aftersales.jobs.work import work_off
from aftersales.packages import checking
from aftersales.packages.copies import CopyPlace, CopyState
from aftersales.packages.fixity import FixityFinding, FixityReport
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.audit import AuditEntry
from aftersales.record.notices import Notice
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.security.account import Account
from tests.packages.conftest import LATER, flip, lies_at, the_entry, the_package
from tests.portal.repair import Repair
from tests.scenarios.person import Visitor

DUE = LATER + timedelta(days=90)


def the_report() -> FixityReport:
    db.session.expire_all()
    return db.session.scalars(select(FixityReport).order_by(FixityReport.id.desc()).limit(1)).one()


def checked(app: Flask) -> FixityReport:
    with server_time.at(DUE):
        assert run_pass(check_copies) == 1
    return the_report()


def test_every_copy_is_read_again_within_the_days_of_the_configuration(app: Flask, packed: Repair, acting: None) -> None:
    days = timedelta(days=app.config["FIXITY_DAYS"])
    with server_time.at(LATER + days - timedelta(days=1)):
        assert run_pass(check_copies) == 0
    with server_time.at(LATER + days - timedelta(hours=23)):  # a pass runs each day, so this one comes before the term is over
        assert run_pass(check_copies) == 1
        assert run_pass(check_copies) == 0
    report = the_report()
    assert (report.state, report.package_count, report.file_count, report.damage_count) == ("reported", 1, len(the_entry().files), 0)
    assert the_package().checked_at == report.ended_at
    assert db.session.scalars(select(Notice).where(Notice.key == f"fixity:{report.id}")).all() == []


def test_damage_at_the_first_place_is_named_told_and_mended_from_the_package(app: Flask, packed: Repair) -> None:
    flip(lies_at(app, "store", packed.sha256))
    with app.app_context(), acting_as(SYSTEM):
        report = checked(app)
        (finding,) = report.findings
        assert (finding.place, finding.found, finding.sha256) == (CopyPlace.first, CopyState.damaged, packed.sha256)
        assert the_package().first_copy is CopyState.damaged
        told = select(Account.username).join(Notice, Notice.user_id == Account.id).where(Notice.key == f"fixity:{report.id}")
        assert set(db.session.scalars(told)) == {"quality", "administrator"}
        with pytest.raises(Refusal):
            perform(the_package(), "rebuild", reason="x")
        db.session.rollback()
        package_id, report_id = the_package().id, report.id
    quality = Visitor.signed_in(app, "quality")
    quality.open(f"/archive_package/show/{package_id}").send("/perform/mend", reason="磁盘坏道")
    with app.app_context(), acting_as(SYSTEM):
        assert app.extensions["store"].get(packed.sha256)
        assert the_package().is_whole
        assert the_report().findings[0].mended_at is not None
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "ArchivePackage", AuditEntry.action == "mend")).one()
        assert (entry.reason, entry.actor_name) == ("磁盘坏道", "Quality Test")
    assert quality.client.post(f"/fixity_report/{report_id}/perform/close", data={}).status_code == 422
    quality.open(f"/fixity_report/show/{report_id}").send("/perform/close", measures="更换磁盘，已由档案包修复")
    with app.app_context(), acting_as(SYSTEM):
        (paper,) = sealed_of(db.session, the_report())
        with pikepdf.open(io.BytesIO(app.extensions["store"].get(paper.sha256))) as printed:
            assert len(printed.pages) == 1


@pytest.mark.parametrize("found", [CopyState.damaged, CopyState.missing])
def test_a_damaged_package_is_made_anew_from_the_files(app: Flask, packed: Repair, found: CopyState) -> None:
    with app.app_context(), acting_as(SYSTEM):
        path = lies_at(app, "second", the_package().sha256)
        flip(path) if found is CopyState.damaged else path.unlink()
        (finding,) = checked(app).findings
        assert (finding.place, finding.found) == (CopyPlace.second, found)
        package_id, before = the_package().id, the_package().sha256
    manager = Visitor.signed_in(app, "manager")
    manager.open(f"/archive_package/show/{package_id}").send("/perform/rebuild", reason="第二存放地磁盘更换")
    with app.app_context():
        work_off(db.session)
    with app.app_context(), acting_as(SYSTEM):
        package = the_package()
        assert package.is_whole
        assert package.sha256 != before
        assert the_report().findings[0].mended_at is not None


def test_a_check_that_was_killed_goes_on_in_the_same_report(app: Flask, packed: Repair, acting: None, monkeypatch) -> None:
    class Killed(BaseException):
        pass

    def die(_done: int) -> None:
        raise Killed

    with server_time.at(DUE), pytest.raises(Killed):
        checking.check(db.session, checking.due_before(), die)
    db.session.rollback()
    number = the_report().number
    assert (the_report().state, the_package().checked_in) == ("running", the_report())
    with server_time.at(DUE + timedelta(hours=1)):
        run_pass(check_copies)
    assert (the_report().number, the_report().state, the_report().package_count) == (number, "reported", 1)


def test_a_record_that_could_not_be_packed_is_reported_once_a_term(app: Flask, finished: Repair, acting: None) -> None:
    flip(lies_at(app, "store", finished.sha256))
    assert run_pass(package_all) == 0
    for day in range(3):
        with server_time.at(LATER + timedelta(days=day)):
            run_pass(check_copies)
    assert [row.sha256 for row in db.session.scalars(select(FixityFinding))] == [finished.sha256]


def test_whoever_asks_sees_how_far_it_is(app: Flask, finished: Repair) -> None:
    quality = Visitor.signed_in(app, "quality")
    for name in ("write", "check"):
        quality.open("/archive_package/list/").send(f"/archive_package/{name}")
        assert "/jobs/" in quality.url
        with app.app_context():
            run_as(work_long)
        assert "完成" in quality.open(quality.url).text
    with app.app_context(), acting_as(SYSTEM):
        assert the_report().begun_by == "Quality Test"
        assert the_package().created_by_id is not None
    engineer = Visitor.signed_in(app, "engineer")
    assert engineer.client.post("/archive_package/write").status_code in (302, 403)
    with app.app_context(), acting_as(SYSTEM):
        assert the_report().begun_by == "Quality Test"


def run_as(run) -> None:
    with acting_as(SYSTEM):
        run()
