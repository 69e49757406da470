"""Killed at any moment, a record is either sealed and complete, or not sealed and can be sealed again."""

import multiprocessing
import random
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.entering import entry_of
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument, sealed_of
from aftersales.record.audit import verify
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.workflow import perform
from aftersales.service.order import ServiceOrder
from tests.engines import Installation, release, settings
from tests.portal.repair import finish, repair
from tests.scenarios.sealing import POINTS, close

# In seconds after it began; a sealing takes some half a second.
MOMENTS = [random.Random(seed).uniform(0, 0.8) for seed in range(4)]


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start with everything imported and nothing opened."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.scenarios.sealing"])
    return context


@pytest.fixture
def sealing(app: Flask, installation: Installation, processes: ForkServerContext) -> Callable[..., int]:
    """sealing(point, kill_after=None): close the completed order elsewhere, and how that process ended."""
    order_id = finish(app, is_closed=False).order_id
    release(app)
    chosen = settings(app.config["SQLALCHEMY_DATABASE_URI"], Path(app.config["INSTANCE_PATH"]))

    def sealing(point: str = "", kill_after: float | None = None) -> int:
        began = processes.Event()
        process = processes.Process(target=close, args=(chosen, order_id, point, began))
        process.start()
        if kill_after is not None:
            assert began.wait(60)
            time.sleep(kill_after)
            process.kill()
        process.join(60)
        return process.exitcode

    return sealing


def check(app: Flask) -> str:
    """The state of the order, after making sure that all is as this state says."""
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.get(ServiceOrder, repair(app).order_id)
        papers = sealed_of(db.session, order)
        assert list(verify(db.session, app.extensions["audit"])) == []
        if order.state == "completed":
            assert papers == [], "the paper of a record that is not sealed"
            assert entry_of(db.session, order) is None, "the archive entry of a record that is not sealed"
            return order.state
        (paper,) = papers
        data = app.extensions["store"].get(paper.sha256)
        assert (paper.status, paper.size) == ("valid", len(data))
        assert paper.sha256 in {file.sha256 for file in entry_of(db.session, order).archived_files}
        assert verify_pdf(data, [app.extensions["signer"].certificate_pem]).is_genuine
        return order.state


def test_left_alone_it_seals(app: Flask, sealing: Callable[..., int]) -> None:
    assert sealing() == 0
    assert check(app) == "closed"


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_it_is_sealed_or_not(app: Flask, sealing: Callable[..., int], point: str) -> None:
    assert sealing(point) == -9
    assert check(app) == ("closed" if point == "after the commit" else "completed")
    seal_again(app)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_is_sealed_or_not(app: Flask, sealing: Callable[..., int], moment: float) -> None:
    assert sealing(kill_after=moment) in (-9, 0)
    assert check(app) in ("completed", "closed")
    seal_again(app)


def seal_again(app: Flask) -> None:
    """What was not sealed can be sealed as if nothing had been."""
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.get(ServiceOrder, repair(app).order_id)
        if order.state == "completed":
            perform(order, "close", values={"review_opinion": "资料齐全"})
            db.session.commit()
        assert len(db.session.scalars(select(SealedDocument)).all()) == 1
    assert check(app) == "closed"
