"""A company of four people and one region, on a database of its own for each test, with one deadline rule of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.engine import make_url
from werkzeug.security import generate_password_hash

from aftersales import create_app
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.deadline import Rule, RuleKind, Unit
from aftersales.record.notices import Notice
from aftersales.record.now import at
from aftersales.security.account import Account
from aftersales.service.request import Channel, ServiceRequest
from config import Testing

if TYPE_CHECKING:
    from tests.postgres import Server

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in China
HOUR = timedelta(hours=1)
DUE = START + HOUR
PEOPLE = ("intake", "dispatcher", "manager", "director")


def rule(**changes: Any) -> Rule:
    """Register within an hour, reminded a quarter of an hour before."""
    values = {
        "id": "T-1", "milestone": "register", "amount": 60, "unit": Unit.minutes, "kind": RuleKind.company, "source": "T", "article": "1",
        "effective_from": date(2025, 1, 1), "label": ("登记", "Register"), "remind_before_minutes": 15,
    }  # fmt: skip
    return Rule(**(values | changes))


@dataclass
class Company:
    app: Flask
    users: dict[str, int]
    url: str
    instance: Path

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """The time stands at `moment`, the system acts, and the session begins anew."""
        with self.app.app_context(), acting_as(SYSTEM), at(moment):
            yield
            db.session.remove()

    def client_of(self, name: str) -> FlaskClient:
        """A browser in which this person is signed in."""
        client = self.app.test_client()
        assert client.post("/login/", data={"username": name, "password": name}).status_code == 302
        with client.session_transaction() as session:
            session["locale"] = "en"
        return client

    def request(self, received_at: datetime = START) -> ServiceRequest:
        request = ServiceRequest(channel=Channel.hotline, received_at=received_at, fault_text="黑屏", region_id=1)
        db.session.add(request)
        db.session.commit()
        return request

    def clock(self, request: ServiceRequest) -> ClockRun:
        return runs_of(db.session, request)[-1]

    def told(self) -> list[tuple[str, str]]:
        """Who was told what, in the order of telling: (name, step)."""
        names = {user_id: name for name, user_id in self.users.items()}
        rows = db.session.scalars(select(Notice).order_by(Notice.id)).all()
        return [(names[row.user_id], row.key.split(":")[2]) for row in rows]


@dataclass
class House:
    """The app of all tests on one engine, and its database as it was built, to come back to."""

    app: Flask
    url: str
    instance: Path
    server: "Server | None"

    def build(self) -> None:
        with self.app.app_context(), acting_as(SYSTEM), at(START - 24 * HOUR):
            db.metadata.create_all(db.engine)
            for name in PEOPLE:
                password = generate_password_hash(name, method="pbkdf2:sha256:1")
                mail = f"{name}@example.cn"
                db.session.add(Account(username=name, first_name=name, last_name="", email=mail, active=True, password=password))
            db.session.add(Region(code="HQ", name="总部", is_head_office=True))
            db.session.commit()
            self._let_go()
        if self.server:
            self.server.create(f"{self._name}_template", template=self._name)
        shutil.copytree(self.instance, self._template)

    def restore(self) -> None:
        with self.app.app_context():
            self._let_go()
        if self.server:
            self.server.create(self._name, template=f"{self._name}_template")
        shutil.rmtree(self.instance)
        shutil.copytree(self._template, self.instance)
        self.app.extensions.pop("queue", None)

    def _let_go(self) -> None:
        db.session.remove()
        db.engine.dispose()

    @property
    def _name(self) -> str:
        return str(make_url(self.url).database)

    @property
    def _template(self) -> Path:
        return self.instance.with_name("template")


@pytest.fixture(scope="session")
def house(engine: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str, request: pytest.FixtureRequest) -> House:
    instance = tmp_path_factory.mktemp("jobs") / "instance"
    instance.mkdir()
    server, url = None, f"sqlite:///{instance}/company.db"
    if engine == "postgresql":
        server = request.getfixturevalue("postgres")
        server.create(f"jobs_{worker_id}", template="template0")
        url = server.url(f"jobs_{worker_id}")
    house = House(create_app(settings(url, instance)), url, instance, server)
    house.build()
    return house


@pytest.fixture
def company(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    house.app.extensions["clock_rules"] = lambda session, milestone: [rule()]
    monkeypatch.setattr(ServiceRequest, "alert_readers", readers)
    yield Company(house.app, {name: number for number, name in enumerate(PEOPLE, start=1)}, house.url, house.instance)
    house.restore()


def readers(record: SharedRecord, milestone: str, step: int) -> list[int]:
    """The chain of these tests: intake, then the dispatcher too, then the manager, then nobody. Ids as in PEOPLE."""
    return {0: [1], 1: [1, 2], 2: [3]}.get(step, [])


def settings(url: str, instance: Path) -> dict[str, Any]:
    chosen = {name: getattr(Testing, name) for name in dir(Testing) if name.isupper()}
    return chosen | {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": str(instance), "STORE_URL": f"file://{instance}/store"}
