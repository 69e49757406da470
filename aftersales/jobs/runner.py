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
from aftersales.record.actor import current_actor
from aftersales.record.now import now

log = logging.getLogger(__name__)
NAME = "aftersales"
WORKERS = 3
SOON = 2  # seconds


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
    for run in passes.EVERY_DAY:
        queue.periodic_task(crontab(hour="19", minute="30"), name=run.__name__)(_in_app(app, run))  # 03:30 in China
    queue.periodic_task(crontab(), name="work_every_minute", expires=60)(_in_app(app, passes.work, with_lease=False))
    app.extensions["wake"] = queue.task(name="work")(_in_app(app, passes.work, with_lease=False))
    return queue


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
    _wake()()
    return job


def ask_along(session: Session, kind: str, arguments: dict[str, Any] | None = None) -> Job:
    """The same in the transaction of something else, such as a move: the runner is woken when that should be committed."""
    job = _added(session, kind, arguments)
    session.flush()
    _wake().schedule(delay=SOON)
    return job


def _added(session: Session, kind: str, arguments: dict[str, Any] | None) -> Job:
    user_id = current_actor().user_id
    if user_id is None:
        raise ValueError("a job belongs to a person, and nobody is signed in")
    job = Job(kind=kind, arguments=arguments or {}, asked_by_id=user_id, asked_at=now())
    session.add(job)
    return job


def _wake() -> Any:
    app: Flask = current_app._get_current_object()
    queue_of(app)
    return app.extensions["wake"]


def run_consumer(app: Flask) -> None:
    """Run until SIGTERM (the present work may finish, for a while) or SIGINT (at once)."""
    Consumer(queue_of(app), workers=WORKERS, max_delay=1, scheduler_interval=1, graceful_signal="TERM", shutdown_timeout=10).run()
