"""The runner: huey keeps the time and wakes the workers; what is to be done stands in our own tables.

So nothing is lost with the queue: a job whose waking was lost is found by the pass of the next minute.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from aftersales.jobs import passes
from aftersales.jobs.job import Job
from aftersales.jobs.work import is_long
from aftersales.record.actor import current_actor
from aftersales.record.now import now

log = logging.getLogger(__name__)
NAME = "aftersales"
SOON = 2  # seconds
EACH_DAY = "every_day"
# A thread for each pass of a minute, for both lanes of jobs and for the passes of the day, which go one after the other: however long any
# of them takes, no other waits for it, the clocks least of all. (A pass that is still under way is not begun again: see `lease`.)
WORKERS = len(passes.EVERY_MINUTE) + len(passes.JOBS) + 1


def queue_of(app: Flask) -> Huey:
    """The queue of this app, made at first use: with the database, or in a file beside SQLite's."""
    if "queue" not in app.extensions:
        app.extensions["queue"] = _queue(app)
    return app.extensions["queue"]


def _queue(app: Flask) -> Huey:
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    options: dict[str, Any] = {"name": NAME, "results": False, "utc": True}
    if url.get_backend_name() == "postgresql":
        queue: Huey = PostgresHuey(dsn=url.set(drivername="postgresql").render_as_string(hide_password=False), **options)
    else:
        queue = SqliteHuey(filename=str(Path(app.config["INSTANCE_PATH"]) / "queue.db"), **options)
    for run in passes.EVERY_MINUTE:
        queue.periodic_task(crontab(), name=run.__name__, expires=60)(_in_app(app, run))
    for run in passes.JOBS:
        queue.periodic_task(crontab(), name=f"{run.__name__}_every_minute", expires=60)(_in_app(app, run, with_lease=False))
    queue.periodic_task(crontab(hour="19", minute="30"), name=EACH_DAY)(_each_day(app))  # 03:30 in China
    short, long = (queue.task(name=run.__name__)(_in_app(app, run, with_lease=False)) for run in passes.JOBS)
    app.extensions["wake"] = {False: short, True: long}
    return queue


def _each_day(app: Flask) -> Callable[[], None]:
    def task() -> None:
        for run in passes.EVERY_DAY:
            try:
                _in_app(app, run)()
            except Exception:  # those behind it are still to be done
                log.exception("%s failed", run.__name__)

    return task


def _in_app(app: Flask, run: Callable[[], int], *, with_lease: bool = True) -> Callable[[], None]:
    def task() -> None:
        with app.app_context():
            count = passes.run_pass(run) if with_lease else passes.run_as_system(run)
        if count:
            log.info("%s: %s", run.__name__, count)

    return task


def ask(session: Session, kind: str, arguments: dict[str, Any] | None = None) -> Job:
    """Ask for a job as the acting person, and wake the runner. Commits the session, with what the caller has written so far."""
    job = _added(session, kind, arguments)
    session.commit()
    _wake(job)()
    return job


def ask_along(session: Session, kind: str, arguments: dict[str, Any] | None = None) -> Job:
    """The same in the transaction of something else, such as a move: the runner is woken when that should be committed."""
    job = _added(session, kind, arguments)
    session.flush()
    _wake(job).schedule(delay=SOON)
    return job


def _added(session: Session, kind: str, arguments: dict[str, Any] | None) -> Job:
    user_id = current_actor().user_id
    if user_id is None:
        raise ValueError("a job belongs to a person, and nobody is signed in")
    job = Job(kind=kind, arguments=arguments or {}, asked_by_id=user_id, asked_at=now())
    session.add(job)
    return job


def _wake(job: Job) -> Any:
    """What wakes the runner for this job."""
    app: Flask = current_app._get_current_object()
    queue_of(app)
    return app.extensions["wake"][is_long(job.kind, job.arguments)]


def run_consumer(app: Flask) -> None:
    """Run until SIGTERM (the present work may finish, for a while) or SIGINT (at once)."""
    Consumer(queue_of(app), workers=WORKERS, max_delay=1, scheduler_interval=1, graceful_signal="TERM", shutdown_timeout=10).run()
