"""Tokens: who gets one, what ends it, and that nothing else opens the API."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales import create_app
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.security.account import Account
from aftersales.security.manager import FAILURES_THAT_LOCK
from tests.api.caller import Caller
from tests.engines import release
from tests.world import PASSWORD, sign_in, token_of


def change(app: Flask, username: str, **values: Any) -> None:
    with app.app_context(), acting_as(SYSTEM):
        account = db.session.scalars(select(Account).where(Account.username == username)).one()
        for name, value in values.items():
            setattr(account, name, value)
        db.session.commit()


def login(app: Flask, username: Any, password: Any = PASSWORD, **more: Any) -> Any:
    return app.test_client().post("/api/v1/security/login", json={"username": username, "password": password, **more})


def test_a_wrong_password_gets_no_token(app: Flask) -> None:
    assert login(app, "engineer", "wrong").status_code == 401


def test_a_stranger_is_told_to_sign_in(app: Flask) -> None:
    answer = Caller(app, "").get("/service_order/")
    assert (answer.status_code, answer.mimetype) == (401, "application/json")


def test_a_cookie_opens_no_api(app: Flask) -> None:
    browser = sign_in(app, "administrator")
    assert browser.get("/service_order/list/").status_code == 200
    assert browser.get("/api/v1/service_order/").status_code == 401
    assert browser.post("/api/v1/device_family/", json={"name": "x"}).status_code == 401


def test_a_token_ends_when_the_password_changes(app: Flask) -> None:
    caller = Caller.named(app, "engineer")
    assert caller.get("/service_order/").status_code == 200
    change(app, "engineer", session_version=2)
    assert caller.get("/service_order/").status_code == 401


@pytest.mark.parametrize(
    "change_to",
    [{"active": False}, {"must_change_password": True}, {"locked_until": datetime.now(UTC) + timedelta(hours=1)}],
    ids=lambda change_to: next(iter(change_to)),
)
def test_a_token_ends_when_the_account_is_closed_or_locked(app: Flask, change_to: dict[str, Any]) -> None:
    caller = Caller.named(app, "engineer")
    change(app, "engineer", **change_to)
    assert caller.get("/service_order/").status_code == 401
    assert login(app, "engineer").status_code in (401, 403)


def test_wrong_passwords_in_a_row_lock_the_account_for_a_while(app: Flask) -> None:
    for _ in range(FAILURES_THAT_LOCK):
        assert login(app, "engineer", "wrong").status_code == 401
    assert login(app, "engineer").status_code == 401
    change(app, "engineer", locked_until=datetime.now(UTC) - timedelta(seconds=1))
    assert login(app, "engineer").status_code == 200


def test_a_refresh_token_renews_and_does_nothing_else(app: Flask) -> None:
    refresh = login(app, "engineer", refresh=True).json["refresh_token"]
    assert Caller(app, refresh).get("/service_order/").status_code == 401
    renewed = app.test_client().post("/api/v1/security/refresh", json={"refresh_token": refresh})
    assert renewed.status_code == 200
    assert Caller(app, renewed.json["access_token"]).get("/service_order/").status_code == 200


def test_a_refresh_token_ends_with_the_session_version(app: Flask) -> None:
    refresh = login(app, "engineer", refresh=True).json["refresh_token"]
    change(app, "engineer", session_version=2)
    assert app.test_client().post("/api/v1/security/refresh", json={"refresh_token": refresh}).status_code == 401


@pytest.mark.parametrize("body", [{"refresh_token": 5}, {"refresh_token": "a.b.c"}, {"refresh_token": None}, {}])
def test_an_odd_refresh_token_is_refused(app: Flask, body: dict[str, Any]) -> None:
    assert app.test_client().post("/api/v1/security/refresh", json=body).status_code == 401


def test_an_access_token_renews_nothing(app: Flask) -> None:
    body = {"refresh_token": token_of(app, "engineer")}
    assert app.test_client().post("/api/v1/security/refresh", json=body).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["Bearer x", "Bearer", "Basic abc", "Bearer a.b.c", "Bearer é.é.é", "Bearer " + "a" * 3000, "Bearer a b c"],
    ids=lambda text: text[:12],
)
def test_an_odd_header_is_refused(app: Flask, header: str) -> None:
    answer = app.test_client().get("/api/v1/service_order/", headers={"Authorization": header})
    assert (answer.status_code, answer.mimetype) == (401, "application/json")


@pytest.mark.parametrize("username", ["a\x00b", "", None, 5, ["engineer"], {"a": 1}, "x" * 5000])
def test_an_odd_name_is_refused(app: Flask, username: Any) -> None:
    assert login(app, username).status_code in (400, 401, 422)


@pytest.fixture
def limited(app: Flask) -> Iterator[Flask]:
    """The same installation with its limits switched on."""
    limited = create_app({**app.config, "RATELIMIT_ENABLED": True})
    yield limited
    release(limited)


def test_signing_in_is_limited(limited: Flask) -> None:
    answers = [login(limited, "nobody", "wrong") for _ in range(12)]
    assert answers[0].status_code == 401
    assert (answers[-1].status_code, answers[-1].mimetype) == (429, "application/json")
