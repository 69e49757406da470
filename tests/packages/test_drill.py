"""A drill restores what lies at the second place, says what it found, and leaves a sealed report."""

import io
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.jobs import JobState
from aftersales.jobs.job import Job
from aftersales.jobs.work import work_off
from aftersales.packages import restoring
from aftersales.packages.drill import RestoreDrill, RestoreOutcome
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from tests.packages.conftest import flip, lies_at, put_locked, tar_of, the_package
from tests.portal.repair import Repair
from tests.scenarios.person import Visitor


def the_drill() -> RestoreDrill:
    db.session.expire_all()
    return db.session.scalars(select(RestoreDrill).order_by(RestoreDrill.id.desc()).limit(1)).one()


def drilled(app: Flask, *, named: bool = False) -> Visitor:
    """Planned and started on the page, carried out by the runner."""
    quality = Visitor.signed_in(app, "quality")
    quality.open("/restore_drill/add").send("/add", purpose="年度恢复演练", sample_size="3")
    page = quality.url
    if named:
        with app.app_context(), acting_as(SYSTEM):
            package_id = the_package().id
        quality.open(quality.links("/restored_package/add")[0]).send("/add", package_id=str(package_id))
    quality.open(page).send("/perform/start")
    assert "<progress" in quality.client.get(page).text or "排队中" in quality.text
    with app.app_context():
        work_off(db.session)
    return quality.open(page)


@pytest.mark.parametrize("named", [False, True], ids=["sample", "chosen"])
def test_a_drill_restores_and_reports(app: Flask, packed: Repair, named: bool) -> None:
    page = drilled(app, named=named)
    assert "恢复成功，内容一致" in page.text
    with app.app_context(), acting_as(SYSTEM):
        drill = the_drill()
        assert drill.number.startswith("RD-2026-")
        assert (drill.state, drill.started_by, drill.restored_count, drill.failed_count) == ("done", "Quality Test", 1, 0)
        (row,) = drill.packages
        assert (row.outcome, row.sha256) == (RestoreOutcome.same, the_package().sha256)
        assert drill.seconds == row.seconds > 0
        (paper,) = sealed_of(db.session, drill)
        with pikepdf.open(io.BytesIO(app.extensions["store"].get(paper.sha256))) as printed:
            assert len(printed.pages) == 1


def _unlink(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(("harm", "outcome"), [(_unlink, RestoreOutcome.missing), (flip, RestoreOutcome.locked)])
def test_a_drill_finds_what_cannot_be_restored(app: Flask, packed: Repair, harm, outcome: RestoreOutcome) -> None:
    with app.app_context(), acting_as(SYSTEM):
        harm(lies_at(app, "second", the_package().sha256))
    page = drilled(app)
    assert "不是每个档案包" in page.text or "Not every package" in page.text
    with app.app_context(), acting_as(SYSTEM):
        assert [row.outcome for row in the_drill().packages] == [outcome]
        assert (the_drill().restored_count, the_drill().failed_count) == (0, 1)


def test_a_package_of_other_content_does_not_pass(app: Flask, packed: Repair, acting: None, tmp_path: Path) -> None:
    """Somebody with the key put another package there, and even wrote its hash into the database."""
    package = the_package()
    data = tar_of(package)
    for at, (old, new, outcome) in enumerate(
        [(b"%PDF-", b"%PDX-", RestoreOutcome.no_bag), (b'"content_hash":"', b'"content_hask":"', RestoreOutcome.no_bag)]
    ):
        package.sha256 = put_locked([data.replace(old, new)])
        folder = tmp_path / str(at)
        folder.mkdir()
        assert restoring._restored(package, folder)[0] is outcome
    package.sha256 = put_locked([data])
    package.content_hash = "0" * 64
    (tmp_path / "last").mkdir()
    assert restoring._restored(package, tmp_path / "last")[0] is RestoreOutcome.differs
    db.session.rollback()


def test_a_drill_that_was_killed_is_started_again_and_goes_on(app: Flask, packed: Repair, monkeypatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Killed

    quality = Visitor.signed_in(app, "quality")
    quality.open("/restore_drill/add").send("/add", purpose="演练", sample_size="1")
    page = quality.url
    quality.send("/perform/start")
    with app.app_context(), monkeypatch.context() as patch:
        patch.setattr(restoring, "_restored", die)
        with pytest.raises(Killed):
            work_off(db.session)
        db.session.rollback()
    assert quality.client.post(page.replace("show/", "") + "/perform/finish").status_code == 422
    with app.app_context(), acting_as(SYSTEM):
        job = db.session.get_one(Job, the_drill().job_id)
        job.state, job.beat_at = JobState.failed, job.started_at - timedelta(hours=1)
        db.session.commit()
    quality.open(page).send("/perform/start")
    with app.app_context():
        work_off(db.session)
    with app.app_context(), acting_as(SYSTEM):
        assert (the_drill().state, len(the_drill().packages)) == ("done", 1)


def test_a_sample_has_a_size_and_only_keepers_drill(app: Flask, packed: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM), pytest.raises(Refusal):
        create(db.session, RestoreDrill, {"purpose": "x", "sample_size": 101})
    assert Visitor.signed_in(app, "engineer").client.post("/restore_drill/add", data={"purpose": "x"}).status_code in (302, 403)
