"""The demonstration company, at a twentieth of its size: built on both engines, and held to what a real one is held to."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales import create_app
from aftersales.commands import upgrade_database
from aftersales.complaints.complaint import Complaint
from aftersales.customers.customer import Customer
from aftersales.demo import build, is_built, logins
from aftersales.demo.building import NotEmpty
from aftersales.demo.stories import Call
from aftersales.devices.device import Device
from aftersales.devices.function_test import FunctionTest
from aftersales.extensions import db
from aftersales.people.gate import qualified
from aftersales.people.person import Person
from aftersales.people.qualification import Work
from aftersales.recalls.choices import SubmissionKind
from aftersales.recalls.recall import Recall
from aftersales.recalls.submission import RecallSubmission
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument
from aftersales.record.audit import verify_command
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.now import CHINA, at
from aftersales.record.printing.verify import verify_pdf
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest, Vigilance
from aftersales.vigilance.assessment import VigilanceAssessment
from tests.engines import Installation, release, settings
from tests.traceability.papers import words_of

SCALE = 0.05
MOMENT = datetime(2026, 11, 16, 8, 30, tzinfo=UTC)
TOLD: dict[str, dict[str, list[Any]]] = {}
"""What the company of each engine is, once it is built."""
IN_EVERY_STATE = (ServiceRequest, Complaint, ServiceOrder, VigilanceAssessment, Device, FunctionTest)


@dataclass
class Ground:
    """Databases of one engine, each with its instance folder."""

    installation: Installation

    def app(self, name: str, like: str = "") -> Flask:
        """The program on a database of that name: empty, or a copy of the one called `like`, which nobody may have open."""
        server, folder = self.installation.server, self._folder(name)
        shutil.rmtree(folder, ignore_errors=True)
        if like:
            shutil.copytree(self._folder(like), folder)
        else:
            folder.mkdir()
        if server:
            server.create(self._database(name), template=self._database(like) if like else "template0")
        url = server.url(self._database(name)) if server else f"sqlite:///{folder}/aftersales.db"
        return create_app(settings(url, folder))

    def _folder(self, name: str) -> Path:
        return self.installation.shared / f"{self._database(name)}-{self.installation.engine}"

    def _database(self, name: str) -> str:
        return f"demo_{name}_{self.installation.worker}"


@pytest.fixture(scope="module")
def ground(installation: Installation) -> Ground:
    ground = Ground(installation)
    bare = ground.app("bare")
    upgrade_database(bare)
    release(bare)
    return ground


@pytest.fixture(scope="module")
def company(ground: Ground) -> Iterator[Flask]:
    app = ground.app("company", like="bare")
    with app.app_context(), acting_as(SYSTEM), at(MOMENT):
        build(lambda line: None, SCALE)
        TOLD[ground.installation.engine] = _told()
    yield app
    release(app)


@pytest.fixture
def inside(company: Flask) -> Iterator[Flask]:
    with company.app_context(), acting_as(SYSTEM), at(MOMENT):
        yield company


def test_every_state_stands_in_it(inside: Flask) -> None:
    for cls in IN_EVERY_STATE:
        declared = {state.name for state in cls.workflow.states}
        assert set(db.session.scalars(select(cls.state).distinct())) == declared, cls.__name__


def test_some_deadlines_are_kept_some_late_and_some_run_or_were_missed(inside: Flask) -> None:
    assert {run.state for run in db.session.scalars(select(ClockRun))} >= {"met", "late", "missed", "running", "paused", "dropped"}


def test_nobody_arrived_unqualified_unless_quality_answered_for_it(inside: Flask) -> None:
    arrived = db.session.scalars(select(ServiceOrder).where(ServiceOrder.arrived_at.is_not(None))).all()
    departures = 0
    for order in arrived:
        day = order.arrived_at.astimezone(CHINA).date()
        if qualified(db.session, order.engineer_id, order.device.model, Work.repair, day) is None:
            assert [deviation.person_id for deviation in order.deviations] == [order.engineer_id], order.number
            departures += 1
    assert 0 < departures < len(arrived) / 4


def test_suspected_harm_waits_or_was_cleared_by_somebody_with_a_name(inside: Flask) -> None:
    requests = db.session.scalars(select(ServiceRequest)).all()
    assert {request.vigilance for request in requests} == set(Vigilance)
    cleared = db.session.scalars(select(VigilanceAssessment).where(VigilanceAssessment.state == "cleared")).all()
    assert cleared
    assert all(assessment.decided_by_user_id for assessment in cleared)


def test_a_device_goes_to_the_workshop_while_the_only_loaner_of_its_kind_is_out(inside: Flask) -> None:
    with db.session.begin_nested() as savepoint:
        order = db.session.scalars(select(ServiceOrder).where(ServiceOrder.state == "working")).first()
        plot = SimpleNamespace(kind=SimpleNamespace(family=order.device.model.family), ends_in="", rng=Random(1), late=None, haste=None)
        cast = SimpleNamespace(hand=lambda _person: SYSTEM)
        list(Call(db.session, cast, None, plot, loaners={})._workshop(order))
        assert (order.state, order.is_loaner_offered, order.loaners) == ("working", False, [])
        savepoint.rollback()


def test_the_live_and_the_closed_recall_say_on_their_papers_all_that_the_forms_ask(inside: Flask) -> None:
    recalls = db.session.scalars(select(Recall).where(Recall.is_mock.is_(False)).order_by(Recall.id)).all()
    assert [recall.state for recall in recalls] == ["closed", "running"]
    for recall in recalls:
        told = ("event_form", "plan", "assessment")
        assert not [name for section in told for name in recall.sections[section] if getattr(recall, name) in (None, "")]
    closed = recalls[0]
    sent = select(RecallSubmission).where(RecallSubmission.recall_id == closed.id, RecallSubmission.state.in_(("sent", "acknowledged")))
    submissions = db.session.scalars(sent).all()
    assert all(submission.recipient_name for submission in submissions)
    (progress,) = (submission.figures for submission in submissions if submission.kind is SubmissionKind.progress)
    assert 0 < progress["done"] < progress["sold"]
    assert [run.state for run in runs_of(db.session, closed) if run.milestone == "recall_progress"] == ["met", "dropped"]
    paper = select(SealedDocument).where(SealedDocument.kind == "Recall", SealedDocument.record_id == closed.id)
    words = "".join(words_of(inside.extensions["store"].get(db.session.scalars(paper).one().sha256)))
    assert "不再要求" in words
    assert "进展报告提交" not in words  # that is not kept, and a dash would deny what was sent


def test_its_trail_and_its_records_are_whole(inside: Flask) -> None:
    said: list[str] = []
    assert verify_command(db.session, inside.extensions["audit"], say=said.append) == 0, said


def test_every_sealed_paper_is_genuine(inside: Flask) -> None:
    papers = db.session.scalars(select(SealedDocument)).all()
    certificate = inside.extensions["signer"].certificate_pem
    assert {paper.status for paper in papers} >= {"valid", "superseded"}
    for paper in papers:
        verdict = verify_pdf(inside.extensions["store"].get(paper.sha256), [certificate])
        assert verdict.is_genuine, (paper.number, verdict.words())


def test_every_identifier_on_a_device_can_be_read(inside: Flask) -> None:
    devices = db.session.scalars(select(Device).where(Device.is_loaner.is_(False))).all()
    assert devices
    assert all(device.udi_di and device.udi_problems is None for device in devices)


def test_there_is_a_login_for_each_role_and_it_opens(company: Flask) -> None:
    with company.app_context(), acting_as(SYSTEM):
        assert is_built(db.session)
    for _role, username, password in logins():
        answer = company.test_client().post("/login/", data={"username": username, "password": password})
        assert answer.status_code == 302, username


def test_it_is_never_mixed_into_a_database_that_somebody_uses(inside: Flask) -> None:
    with pytest.raises(NotEmpty):
        build(lambda line: None, SCALE)


def test_the_same_day_gives_the_same_company(company: Flask, ground: Ground) -> None:
    """On the other engine too: what was built there, or a twin here while nothing was."""
    told = dict(TOLD)
    first = told.pop(ground.installation.engine)
    second = next(iter(told.values()), None) or _twin(ground)
    assert second == first


def _twin(ground: Ground) -> dict[str, list[Any]]:
    twin = ground.app("twin", like="bare")
    twin.extensions["printer"] = lambda record, document, code, is_sealing: b"what is printed does not matter here"
    with twin.app_context(), acting_as(SYSTEM), at(MOMENT):
        build(lambda line: None, SCALE)
        told = _told()
    release(twin)
    return told


def _told() -> dict[str, list[Any]]:
    """The numbers, names, times and states of the company."""
    facts = {
        Person: (Person.staff_no, Person.name),
        Customer: (Customer.number, Customer.name, Customer.contact_name),
        Device: (Device.number, Device.serial_no, Device.udi, Device.state),
        ServiceRequest: (ServiceRequest.number, ServiceRequest.received_at, ServiceRequest.fault_text, ServiceRequest.state),
        ServiceOrder: (ServiceOrder.number, ServiceOrder.completed_at, ServiceOrder.satisfaction, ServiceOrder.state),
    }
    return {cls.__name__: list(map(tuple, db.session.execute(select(*columns).order_by(columns[0])))) for cls, columns in facts.items()}
