"""An inspector of the first region's device: proposed by quality, approved by the manager, handed over, signed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import aftersales.menu  # noqa: F401 — maps every record class
from aftersales.extensions import db
from aftersales.inspectors.access import InspectorAccess
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.security.account import Account
from tests.engines import Installation
from tests.scenarios.person import Visitor
from tests.spreadsheet.conftest import office
from tests.traceability.papers import words_of
from tests.world import MONDAY

__all__ = ["office"]
NEW_PASSWORD = "inspection in november"
FIRST, LAST = date(2026, 11, 16), date(2026, 11, 18)


@dataclass
class Inspector:
    """The access, the browser and the token of its inspector."""

    app: Flask
    pk: int
    username: str
    client: FlaskClient

    def token(self) -> dict[str, str]:
        asked = {"username": self.username, "password": NEW_PASSWORD, "provider": "db"}
        answer = self.app.test_client().post("/api/v1/security/login", json=asked)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json['access_token']}"}


def let_in(app: Flask, **scope: str) -> Inspector:
    """Through the pages, as people do it."""
    quality, manager = (Visitor.signed_in(app, name) for name in ("quality", "manager"))
    about = {"inspector_name": "秦检", "authority": "华东市药监局", "purpose": "监督检查", "credential_no": "沪药监01"}
    days = {"begins_on": FIRST.isoformat(), "ends_on": LAST.isoformat()}
    page = quality.open("/inspector_access/add").send("/add", **about, **days, **scope)
    assert "/show/" in page.url, page.text
    pk = int(page.url.rsplit("/", 1)[1])
    quality.send(f"/{pk}/perform/submit")
    assert not quality.offers("approve")
    manager.open(page.url).send(f"/{pk}/perform/approve")
    slip = quality.client.post(f"/inspector_access/{pk}/hand_over")
    assert slip.mimetype == "application/pdf", slip.text[-2000:]
    return signed_in(app, pk, slip.data)


def signed_in(app: Flask, pk: int, slip: bytes) -> Inspector:
    """Signs in by what the slip says and changes the password, as it asks."""
    text = " ".join(words_of(slip))
    words = text.split()
    username = next(word for word in words if word.startswith("ia-"))
    password = next(word for word in words if word.count("-") == 2 and len(word) == 14 and word.islower() and word != username)
    client = app.test_client()
    assert client.post("/login/", data={"username": username, "password": password}).status_code == 302
    assert client.get("/device/list/").location == "/account/"
    changed = client.post("/account/", data={"old": password, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert changed.status_code == 302, changed.text
    return Inspector(app, pk, username, client)


@pytest.fixture
def clock() -> Iterator[datetime]:
    with server_time.at(MONDAY + timedelta(hours=1)):
        yield MONDAY


@pytest.fixture
def inspector(app: Flask, installation: Installation, clock: datetime) -> Inspector:
    """One inspector of the first region's device, let in once per run and copied."""
    pk, username = installation.stage(let_one_in)
    client = app.test_client()
    assert client.post("/login/", data={"username": username, "password": NEW_PASSWORD}).status_code == 302
    return Inspector(app, pk, username, client)


def let_one_in(app: Flask) -> tuple[int, str]:
    inspector = let_in(app, things="HD-0001")
    return inspector.pk, inspector.username


def account_of(username: str) -> Account:
    return db.session.scalars(select(Account).where(Account.username == username)).one()


def access_of(app: Flask, pk: int) -> InspectorAccess:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.get_one(InspectorAccess, pk)


def pages_of(data: bytes) -> int:
    with pikepdf.open(BytesIO(data)) as pdf:
        return len(pdf.pages)
