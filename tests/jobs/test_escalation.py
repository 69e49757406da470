"""Nothing is told twice and nothing never: step by step up the chain, whatever happens in between."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from aftersales.extensions import db
from aftersales.jobs.passes import escalate, run_pass
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import Escalation, alert_due
from aftersales.record.clocks import pause, resume
from aftersales.record.deadline import RuleKind
from aftersales.record.notices import Notice
from aftersales.record.now import at
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.service.request import ServiceRequest
from tests.jobs.conftest import DUE, HOUR, START, Company, rule

ROOT = Path(__file__).parent.parent.parent
MINUTE = timedelta(minutes=1)
REMINDED = ("intake", "0")
PASSED = [("intake", "1"), ("dispatcher", "1")]


def sweep(company: Company, *minutes_after_due: int) -> None:
    for minutes in minutes_after_due:
        with company.at(DUE + minutes * MINUTE):
            alert_due(db.session)


def told(company: Company) -> list[tuple[str, str]]:
    with company.at(DUE):
        return company.told()


@pytest.fixture
def request_id(company: Company) -> int:
    with company.at(START):
        return company.request().id


def test_nobody_is_told_before_the_reminder_is_due(company: Company, request_id: int) -> None:
    sweep(company, -60, -16)
    assert told(company) == []


def test_each_step_is_told_at_its_time_and_only_once(company: Company, request_id: int) -> None:
    sweep(company, -15, -14, -1)
    assert told(company) == [REMINDED]
    sweep(company, 0, 1, 29)
    assert told(company) == [REMINDED, *PASSED]
    sweep(company, 30, 31, 59)
    assert told(company) == [REMINDED, *PASSED, ("manager", "2")]
    sweep(company, 60, 600, 6000)
    assert told(company) == [REMINDED, *PASSED, ("manager", "2")]
    with company.at(DUE + 6000 * MINUTE):
        assert company.clock(db.session.get_one(ServiceRequest, request_id)).next_alert_at is None


def test_after_a_long_outage_the_whole_chain_is_told_but_no_reminder(company: Company, request_id: int) -> None:
    sweep(company, 3000)
    assert told(company) == [*PASSED, ("manager", "2")]


@pytest.mark.usefixtures("request_id")
def test_a_step_without_readers_is_passed_over_up_to_the_deadline(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServiceRequest, "alert_readers", lambda record, milestone, step: [3] if step == 2 else [])
    sweep(company, -10, 5, 40, 70)
    assert told(company) == [("manager", "2")]


def test_a_met_clock_alerts_nobody(company: Company, request_id: int) -> None:
    sweep(company, -15)
    with company.at(DUE - 5 * MINUTE):
        db.session.get_one(ServiceRequest, request_id).registered_at = DUE - 5 * MINUTE
        db.session.commit()
    sweep(company, 5, 300)
    assert told(company) == [REMINDED]


def test_a_cancelled_record_alerts_nobody(company: Company, request_id: int) -> None:
    with company.at(START + MINUTE):
        perform(db.session.get_one(ServiceRequest, request_id), "cancel", reason="重复登记")
        db.session.commit()
    sweep(company, 5, 300)
    assert told(company) == []


def test_a_due_time_moved_later_leaves_no_stale_alert(company: Company, request_id: int) -> None:
    sweep(company, -15)
    move(company, request_id, START + 30 * MINUTE, now=START + 46 * MINUTE)
    sweep(company, 0, 14)
    assert told(company) == [REMINDED]
    sweep(company, 15, 30)
    assert told(company) == [REMINDED, REMINDED, *PASSED]


def test_a_due_time_moved_earlier_alerts_at_once(company: Company, request_id: int) -> None:
    move(company, request_id, START - HOUR, now=START + MINUTE)
    sweep(company, -58)
    assert told(company) == PASSED


def test_a_due_time_that_moves_away_and_back_tells_nothing_twice(company: Company, request_id: int) -> None:
    sweep(company, 0)
    move(company, request_id, START + 3 * HOUR, now=START + 4 * HOUR)
    move(company, request_id, START, now=START + 4 * HOUR)
    sweep(company, 241)
    assert told(company) == [*PASSED, ("manager", "2")]


def move(company: Company, request_id: int, received_at: object, *, now: object) -> None:
    with company.at(now):
        record = db.session.get_one(ServiceRequest, request_id)
        record.received_at, record._audit_reason = received_at, "更正来电时间"
        db.session.commit()


def test_a_pause_holds_the_alerts_and_a_resumed_clock_is_due_later(company: Company, request_id: int) -> None:
    with company.at(START + 20 * MINUTE):
        run = company.clock(db.session.get_one(ServiceRequest, request_id))
        pause(db.session, run, START + 20 * MINUTE)
        db.session.commit()
        assert run.state == "paused"
    sweep(company, -15, 0, 60)
    assert told(company) == []
    with company.at(DUE + HOUR):
        run = company.clock(db.session.get_one(ServiceRequest, request_id))
        resume(db.session, run, START + 2 * HOUR)
        db.session.commit()
        assert run.due_at == START + 2 * HOUR + 40 * MINUTE
    sweep(company, 80, 85, 100)
    assert told(company) == [REMINDED, *PASSED]


def test_a_pause_without_length_silences_nothing(company: Company, request_id: int) -> None:
    sweep(company, -15)
    for step in (pause, resume):
        with company.at(START + 50 * MINUTE):
            step(db.session, company.clock(db.session.get_one(ServiceRequest, request_id)), START + 50 * MINUTE)
            db.session.commit()
    sweep(company, -9, 0)
    assert told(company) == [REMINDED, *PASSED]


def test_a_clock_met_while_it_stands_is_met_and_not_late(company: Company, request_id: int) -> None:
    with company.at(START + 20 * MINUTE):
        pause(db.session, company.clock(db.session.get_one(ServiceRequest, request_id)), START + 20 * MINUTE)
        db.session.commit()
    with company.at(START + 5 * HOUR):
        record = db.session.get_one(ServiceRequest, request_id)
        record.registered_at = START + 5 * HOUR
        db.session.commit()
        run = company.clock(record)
        assert (run.state, run.pauses[0][1]) == ("met", (START + 5 * HOUR).isoformat())
        resume(db.session, run, START + 6 * HOUR)
        assert run.state == "met"


def test_a_legal_clock_is_never_paused(company: Company) -> None:
    company.app.extensions["clock_rules"] = lambda session, milestone: [rule(kind=RuleKind.legal)]
    with company.at(START), pytest.raises(Refusal, match=r"."):
        pause(db.session, company.clock(company.request()), START)


def test_a_clock_no_rule_asks_for_any_longer_is_dropped(company: Company, request_id: int) -> None:
    company.app.extensions["clock_rules"] = lambda session, milestone: []
    move(company, request_id, START + MINUTE, now=START + 2 * MINUTE)
    sweep(company, 5)
    assert told(company) == []
    with company.at(DUE):
        assert company.clock(db.session.get_one(ServiceRequest, request_id)).state == "dropped"


def test_a_record_whose_code_fails_holds_up_no_other(company: Company, request_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with company.at(START):
        company.request()
    monkeypatch.setattr(
        ServiceRequest, "alert_readers", lambda record, milestone, step: 1 // 0 if record.id == request_id else [2] if step == 1 else []
    )
    with pytest.raises(ExceptionGroup):
        sweep(company, 5)
    assert told(company) == [("dispatcher", "1")]


def test_a_notice_says_what_is_late_since_when_and_by_which_rule(company: Company, request_id: int) -> None:
    sweep(company, 5)
    with company.at(DUE):
        notice = db.session.scalars(select(Notice)).first()
        record = db.session.get_one(ServiceRequest, request_id)
        for part in (record.number, "2026-03-02 10:00", "T 1"):
            assert part in notice.subject + notice.body
        assert notice.is_urgent
        assert notice.url == f"/service_request/show/{request_id}"


def test_two_runners_at_once_tell_each_step_once(company: Company) -> None:
    with company.at(START):
        for _ in range(30):
            company.request()
    barrier, errors = Barrier(2), []

    def runner() -> None:
        try:
            with company.app.app_context(), acting_as(SYSTEM), at(DUE + 10 * HOUR):
                barrier.wait()
                alert_due(db.session, batch=7)
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=runner) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with company.at(DUE):
        assert db.session.scalar(select(func.count(Notice.id))) == 30 * 3
        assert db.session.scalar(select(func.count(func.distinct(Notice.key)))) == 30 * 2


KILLED = """
import os, signal, sys
from datetime import datetime
from aftersales import create_app
from aftersales.extensions import db
from aftersales.record import alerts
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import at
from aftersales.service.request import ServiceRequest
from tests.jobs.conftest import readers, settings
from pathlib import Path

url, instance, moment, where, count = sys.argv[1:]
ServiceRequest.alert_readers = readers
app = create_app(settings(url, Path(instance)))
real, calls = getattr(alerts, where), 0

def dying(*args, **kwargs):
    global calls
    calls += 1
    answer = real(*args, **kwargs)
    if calls == int(count):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(alerts, where, dying)
with app.app_context(), acting_as(SYSTEM), at(datetime.fromisoformat(moment)):
    alerts.alert_due(db.session)
"""


@pytest.mark.parametrize(("where", "told_by_then"), [("tell", 4), ("alert", 6)], ids=["before the commit", "after the commit"])
def test_a_runner_killed_at_any_point_loses_nothing_and_doubles_nothing(company: Company, where: str, told_by_then: int) -> None:
    with company.at(START):
        for _ in range(6):
            company.request()
        db.session.remove()
    moment = (DUE + 5 * MINUTE).isoformat()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, company.url, str(company.instance), moment, where, "3"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(told(company)) == told_by_then
    sweep(company, 6)
    assert sorted(told(company)) == sorted(PASSED * 6)


def test_the_pass_runs_under_its_lease(company: Company, request_id: int) -> None:
    with company.at(DUE + MINUTE):
        assert run_pass(escalate) == 1


def test_the_interval_of_the_chain_stays_within_its_bounds() -> None:
    policy = Escalation()
    lengths = {timedelta(minutes=15): timedelta(minutes=30), timedelta(hours=8): timedelta(hours=2), timedelta(days=20): timedelta(days=1)}
    assert {length: policy.interval(length) for length in lengths} == lengths
