"""A job runs once, as the person who asked, and only that person sees it."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread
from time import sleep

import pytest
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.jobs import Job, JobState, Result, Work, ask, handles, passes
from aftersales.jobs import work as working
from aftersales.jobs.passes import EVERY_MINUTE, JOBS, clean, escalate, run_as_system, run_pass, work_long
from aftersales.jobs.passes import work as work_pass
from aftersales.jobs.runner import EACH_DAY, WORKERS, _each_day, queue_of
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.refusal import Refusal
from aftersales.security.account import Account
from aftersales.security.manager import actor_of
from tests.jobs.conftest import HOUR, START, Company


@pytest.fixture(autouse=True)
def known_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    from aftersales.labels import glossary

    monkeypatch.setitem(glossary(), "job_kind.trial", ("试验", "Trial"))


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Work], Result]], None]:
    def use(function: Callable[[Work], Result]) -> None:
        monkeypatch.setitem(working.handlers, "trial", function)

    return use


def asked(company: Company, name: str = "intake", **arguments: object) -> int:
    with company.at(START):
        person = actor_of(db.session.get_one(Account, company.users[name]))
        with acting_as(person):
            return ask(db.session, "trial", arguments).id


def run(company: Company) -> int:
    with company.at(START):
        return run_as_system(work_pass)


def state(company: Company, job_id: int) -> tuple[str, str]:
    with company.at(START):
        job = db.session.get_one(Job, job_id)
        return job.state.value, job.message


def test_a_job_runs_as_the_person_who_asked_and_leaves_a_file(company: Company, handler: Callable[..., None]) -> None:
    seen = []

    def count(work: Work) -> Result:
        work.advance(0, 2)
        seen.append((current_actor().name, work.arguments))
        work.advance(2)
        return Result("2 行", b"a,b", "导出.csv", "text/csv")

    handler(count)
    job_id = asked(company, rows=2)
    assert run(company) == 1
    assert seen == [("intake", {"rows": 2})]
    assert state(company, job_id) == ("done", "2 行")
    answer = company.client_of("intake").get(f"/jobs/{job_id}/result")
    assert (answer.data, answer.mimetype) == (b"a,b", "text/csv")
    progress = company.client_of("intake").get(f"/jobs/{job_id}/progress").json
    assert (progress["percent"], progress["is_final"], progress["result_url"]) == (100, True, f"/jobs/{job_id}/result")


def test_nobody_else_sees_a_job(company: Company, handler: Callable[..., None]) -> None:
    handler(lambda work: Result("x", b"y", "z"))
    job_id = asked(company)
    run(company)
    for path in ("", "/progress", "/result"):
        assert company.client_of("manager").get(f"/jobs/{job_id}{path}").status_code == 404
        assert company.app.test_client().get(f"/jobs/{job_id}{path}").status_code == 404
    assert company.client_of("manager").post(f"/jobs/{job_id}/cancel").status_code == 404
    assert f"/jobs/{job_id}" not in company.client_of("manager").get("/jobs/").text
    assert f"/jobs/{job_id}" in company.client_of("intake").get("/jobs/").text


def test_the_pages_of_a_job_open_in_every_state(company: Company, handler: Callable[..., None]) -> None:
    handler(lambda work: Result())
    job_id = asked(company)
    for present in JobState:
        with company.at(START):
            db.session.get_one(Job, job_id).state = present
            db.session.commit()
        assert company.client_of("intake").get(f"/jobs/{job_id}").status_code == 200


def test_a_refusal_is_the_jobs_outcome_and_what_it_wrote_is_undone(company: Company, handler: Callable[..., None]) -> None:
    def refuse(work: Work) -> Result:
        account = work.session.get_one(Account, 1)
        account.first_name, account._audit_reason = "somebody else", "import"
        work.session.flush()
        raise Refusal("第 3 行：没有这台设备。")

    handler(refuse)
    job_id = asked(company)
    run(company)
    assert state(company, job_id) == ("failed", "第 3 行：没有这台设备。")
    with company.at(START):
        assert db.session.get_one(Account, 1).first_name == "intake"


def test_an_error_fails_the_job_and_not_the_ones_behind_it(company: Company, handler: Callable[..., None]) -> None:
    handler(lambda work: Result(str(1 // work.arguments["by"])))
    bad, good = asked(company, by=0), asked(company, by=1)
    assert run(company) == 2
    assert state(company, bad)[0] == "failed"
    assert state(company, good) == ("done", "1")


def test_a_cancelled_job_never_starts_and_a_running_one_stops_at_its_next_step(company: Company, handler: Callable[..., None]) -> None:
    reached = []

    def steps(work: Work) -> Result:
        work.advance(1, 2)
        reached.append("first step")
        with company.at(START):
            working.cancel(db.session, db.session.get_one(Job, work.job_id))
        work.advance(2)
        reached.append("second step")
        return Result()

    handler(steps)
    waiting, running = asked(company), asked(company)
    company.client_of("intake").post(f"/jobs/{waiting}/cancel")
    run(company)
    assert reached == ["first step"]
    assert (state(company, waiting)[0], state(company, running)[0]) == ("cancelled", "cancelled")


def test_two_runners_carry_out_each_job_once(company: Company, handler: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def note(work: Work) -> Result:
        done.append(work.job_id)
        return Result()

    handler(note)
    ids = [asked(company) for _ in range(10)]

    class NoLock:
        """As in two processes, which do not share the locks."""

        def acquire(self, blocking: bool) -> bool:
            return True

        def release(self) -> None:
            return None

    monkeypatch.setattr(working, "_lanes", {False: NoLock()})
    barrier = Barrier(2)

    def runner() -> None:
        barrier.wait()
        run(company)

    threads = [Thread(target=runner) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ids


def test_a_job_whose_runner_died_fails_and_says_so(company: Company, handler: Callable[..., None]) -> None:
    handler(lambda work: Result())
    job_id = asked(company)
    with company.at(START):
        job = db.session.get_one(Job, job_id)
        job.state, job.started_at, job.beat_at = JobState.running, START, START
        db.session.commit()
    with company.at(START + timedelta(minutes=29)):
        run_as_system(work_pass)
    assert state(company, job_id)[0] == "running"
    with company.at(START + timedelta(minutes=31)):
        run_as_system(work_pass)
    assert state(company, job_id)[0] == "failed"


def test_jobs_are_forgotten_a_season_after_they_ended(company: Company, handler: Callable[..., None]) -> None:
    handler(lambda work: Result())
    asked(company)
    run(company)
    for days, left in ((89, 1), (91, 0)):
        with company.at(START + timedelta(days=days)):
            run_pass(clean)
            assert len(db.session.scalars(select(Job)).all()) == left


def test_asking_puts_one_waking_into_the_queue(company: Company, handler: Callable[..., None]) -> None:
    asked(company)
    queue = queue_of(company.app)
    assert queue.pending_count() == 1
    asked_for = queue.dequeue()
    handler(lambda work: Result("done by the queue"))
    with company.at(START):
        queue.execute(asked_for)
        assert db.session.scalars(select(Job.message)).all() == ["done by the queue"]


def test_every_pass_is_known_to_the_queue(company: Company) -> None:
    names = {task.name for task in queue_of(company.app)._registry.periodic_tasks}
    assert names == {run.__name__ for run in EVERY_MINUTE} | {EACH_DAY} | {f"{run.__name__}_every_minute" for run in JOBS}


def test_each_of_what_runs_by_itself_has_a_thread_whatever_the_others_do() -> None:
    assert len(EVERY_MINUTE) + len(JOBS) < WORKERS


def test_a_pass_of_the_day_that_fails_keeps_none_of_the_others(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def fail() -> int:
        raise RuntimeError("the second place does not answer")

    def note() -> int:
        done.append(current_actor().name)
        return 1

    monkeypatch.setattr(passes, "EVERY_DAY", (fail, note))
    _each_day(company.app)()
    assert done == [SYSTEM.name]


def test_short_work_and_clocks_pass_work_that_takes_long(
    company: Company, handler: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a long job runs, a short one is carried out and a deadline is told; a second long one waits for the first."""
    monkeypatch.setitem(working._long, "trial", lambda arguments: "rows" in arguments)
    begun, told = Event(), Event()

    def work(work: Work) -> Result:
        if "rows" in work.arguments:
            work.advance(1, work.arguments["rows"])
            begun.set()
            assert told.wait(30), "nothing passed the long job"
        return Result("done")

    handler(work)
    long, second, short = asked(company, rows=50_000), asked(company, rows=50_000), asked(company)
    with company.at(START):
        company.request()

    def run_long() -> None:
        with company.at(START):
            run_as_system(work_long)

    runner = Thread(target=run_long)
    runner.start()
    assert begun.wait(30)
    try:
        with company.at(START):
            assert run_as_system(work_long) == 0
        assert run(company) == 1
        assert [state(company, job_id)[0] for job_id in (long, second, short)] == ["running", "queued", "done"]
        with company.at(START + 2 * HOUR):
            run_pass(escalate)
        with company.at(START + 2 * HOUR):
            assert company.told()
    finally:
        told.set()
        runner.join()
    assert [state(company, job_id)[0] for job_id in (long, second)] == ["done", "done"]


def test_one_kind_has_one_handler() -> None:
    with pytest.raises(ValueError, match="two handlers"):
        handles("doubled")(lambda work: Result()), handles("doubled")(lambda work: Result())
    working.handlers.pop("doubled")


def test_others_write_while_a_job_goes_from_step_to_step(company: Company, handler: Callable[..., None]) -> None:
    begun, steps, written_after = Event(), [], []

    def work(work: Work) -> Result:
        for step in range(12):
            work.session.connection()
            begun.set()
            sleep(0.25)
            work.advance(step + 1, 12)
            steps.append(step)
        return Result()

    def write() -> None:
        assert begun.wait(30)
        with company.at(START):
            company.request()
            written_after.append(len(steps))

    handler(work)
    asked(company)
    writer = Thread(target=write)
    writer.start()
    run(company)
    writer.join()
    assert written_after[0] < 8
