"""A list of many units is a job: killed between any two steps it leaves no list, and begun again it makes the one it would have made."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from aftersales.extensions import db
from aftersales.jobs import Job, JobState, Work, work_off
from aftersales.jobs.work import SILENT_OWED
from aftersales.recalls import freezing
from aftersales.recalls.lists import RecallList
from aftersales.recalls.recall import Recall
from aftersales.recalls.tally import gaps_of
from aftersales.recalls.unit import RecallUnit
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import seal_tree, verify, verify_records
from aftersales.record.now import now
from tests.recalls.cases import LOT, draft, make_units, scoped, the, units
from tests.scenarios.person import Visitor

COUNT = 25


class Killed(BaseException):
    """The process is gone: no handler sees it, what was not committed is lost."""


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "AT_ONCE", 5)
    monkeypatch.setattr(freezing, "BLOCK", 10)


@pytest.fixture
def asked(app: Flask) -> tuple[Visitor, str, int]:
    """Quality has asked for the list of 25 units; the job waits."""
    make_units(app, COUNT)
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality)
    pk = int(address.rsplit("/", 1)[1])
    scoped(quality, address, lots=LOT)
    quality.open(address).send(f"/{pk}/perform/freeze")
    return quality, address, pk


def killed_at(monkeypatch: pytest.MonkeyPatch, step: int, *, is_committed: bool) -> None:
    """Let the runner die at the `step`-th word of progress, before or after its commit."""
    advance, said = Work.advance, iter(range(100))

    def dying(work: Work, done: int, total: int | None = None) -> None:
        is_last = next(said) == step
        if is_last and not is_committed:
            raise Killed
        advance(work, done, total)
        if is_last:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Work, "advance", dying)
        with pytest.raises(Killed), acting_as(SYSTEM):
            work_off(db.session)
    db.session.rollback()


@pytest.mark.parametrize(("step", "is_committed"), [(0, False), (0, True), (1, False), (2, True)])
def test_a_killed_job_leaves_no_list_and_the_next_one_makes_the_whole(
    app: Flask, asked: tuple[Visitor, str, int], monkeypatch: pytest.MonkeyPatch, step: int, is_committed: bool
) -> None:
    quality, address, pk = asked
    with app.app_context(), acting_as(SYSTEM):
        killed_at(monkeypatch, step, is_committed=is_committed)
        recall = the(pk)
        assert (recall.list_no, recall.unit_count, recall.list_hash) == (0, 0, None), "half a list counts for nothing"
        assert len(units(pk)) == min(COUNT, 10 * (step + is_committed))
    page = quality.open(address).send(f"/{pk}/perform/propose", conclusion="recall", recall_level="level_2", proposal_reason="可逆危害")
    assert page.status == 422, page.text[:800]
    with server_time.at(now() + SILENT_OWED + timedelta(seconds=1)), app.app_context(), acting_as(SYSTEM):
        work_off(db.session)
        recall, frozen = the(pk), db.session.scalars(select(RecallList).where(RecallList.recall_id == pk)).one()
        assert (recall.list_no, recall.unit_count, recall.list_hash) == (1, COUNT, frozen.list_hash)
        assert db.session.scalars(select(Job.state)).all() == [JobState.done]
        listed = app.extensions["store"].get(frozen.list_hash).decode("utf-8-sig").splitlines()
        assert sorted(line.split(",")[2] for line in listed[1:]) == [f"{LOT}-{number:04d}" for number in range(COUNT)]
        assert len({unit.device_id for unit in units(pk)}) == COUNT
        seal_tree(db.session, app.extensions["audit"])
        assert not list(verify(db.session, app.extensions["audit"]))
        assert not list(verify_records(db.session, [Recall, RecallUnit, RecallList])), "each unit is told to the trail as it is, once"


def test_a_unit_altered_behind_the_trail_is_found_by_its_name(app: Flask, asked: tuple[Visitor, str, int]) -> None:
    _quality, _address, pk = asked
    with app.app_context(), acting_as(SYSTEM):
        work_off(db.session)
        altered = units(pk)[7].id
        table = RecallUnit.__table__
        db.session.connection().exec_driver_sql(f"UPDATE {table.name} SET lot_no = 'OTHER' WHERE id = {altered}")
        (finding,) = verify_records(db.session, [RecallUnit])
        assert (finding.record_id, finding.place) == (altered, "lot_no")
        db.session.rollback()


def test_while_a_list_is_written_its_scope_stays_and_no_other_is_begun(app: Flask, asked: tuple[Visitor, str, int]) -> None:
    quality, address, pk = asked
    assert "正在生成清单和通知" in quality.open(address).text
    assert quality.client.post(f"/recall/{pk}/perform/freeze").status_code == 422
    with app.app_context(), acting_as(SYSTEM):
        (line,) = the(pk).criteria
        assert line.why_kept
        assert gaps_of(db.session, the(pk))
        db.session.connection().execute(update(Job).values(state=JobState.done))
        assert not line.why_kept
        db.session.rollback()
