"""Signing in and out: a lock that grows, one answer for every failure, sessions that end, passwords that are good."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from aftersales import create_app
from aftersales.record.now import at
from aftersales.security import passwords
from aftersales.security.secrets import InsecureAddress, MissingSecret, fill_in
from aftersales.security.signin import FAILURES_THAT_LOCK, LONGEST_LOCK, lock_after
from tests.engines import release
from tests.security.conftest import account, entries
from tests.world import PASSWORD, sign_in, token_of

Inside = Callable[[Callable[[], Any]], Any]
NOON = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GOOD = ["plough-and-barley 1", "plough-and-barley 2", "plough-and-barley 3", "plough-and-barley 4", "plough-and-barley 5"]


def by_page(app: Flask, username: str, password: str) -> bool:
    client = app.test_client()
    client.post("/login/", data={"username": username, "password": password})
    return client.get("/account/").status_code == 200


def by_api(app: Flask, username: str, password: str) -> bool:
    return app.test_client().post("/api/v1/security/login", json={"username": username, "password": password}).status_code == 200


@pytest.mark.parametrize("door", [by_page, by_api])
def test_five_wrong_passwords_lock_both_doors_for_a_quarter_of_an_hour(app: Flask, door: Callable[..., bool]) -> None:
    with at(NOON):
        for _attempt in range(FAILURES_THAT_LOCK):
            assert not door(app, "engineer", "wrong")
        assert not by_page(app, "engineer", PASSWORD)
        assert not by_api(app, "engineer", PASSWORD)
    with at(NOON + 14 * MINUTE):
        assert not door(app, "engineer", PASSWORD)
    with at(NOON + 16 * MINUTE):
        assert door(app, "engineer", PASSWORD)


def test_four_wrong_passwords_and_the_right_one_begin_anew(app: Flask) -> None:
    for _round in range(2):
        for _attempt in range(FAILURES_THAT_LOCK - 1):
            by_page(app, "engineer", "wrong")
        assert by_page(app, "engineer", PASSWORD)


def test_the_lock_grows_up_to_a_day() -> None:
    locks = [lock_after(n) for n in range(1, 61)]
    assert [lock for lock in locks if lock][:4] == [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR]
    assert max(lock for lock in locks if lock) == LONGEST_LOCK
    assert lock_after(0) is None


def test_whatever_is_wrong_looks_alike_and_costs_alike(app: Flask, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash is computed whatever is wrong, and the answers are the same to the byte."""
    inside(lambda: setattr(account("sales"), "active", False))
    inside(lambda: setattr(account("quality"), "locked_until", datetime.now(UTC) + HOUR))
    hashed: list[str] = []
    real = passwords.check_password_hash
    monkeypatch.setattr(passwords, "check_password_hash", lambda known, given: hashed.append(known) or real(known, given))
    told = set()
    for username in ("nobody", "sales", "quality", "engineer"):
        hashed.clear()
        answer = app.test_client().post("/login/", data={"username": username, "password": "wrong"}, follow_redirects=True)
        api = app.test_client().post("/api/v1/security/login", json={"username": username, "password": "wrong"})
        told.add((answer.status_code, answer.text.split("<main")[1], api.status_code, api.text))
        assert len(hashed) == 2, f"{username}: the page and the API each compare one hash"
    assert len(told) == 1
    assert "锁定" in next(iter(told))[1]


@pytest.mark.parametrize("username", ["ENGINEER", " engineer ", "Engineer"])
def test_a_capital_or_a_blank_locks_nobody_out(app: Flask, username: str) -> None:
    assert by_page(app, username, PASSWORD)


def test_the_trail_tells_of_signing_in_failing_and_signing_out(app: Flask, inside: Inside) -> None:
    by_page(app, "engineer", "wrong")
    sign_in(app, "engineer").post("/account/signout")
    by_page(app, "a password typed here", "wrong")
    pk = inside(lambda: account("engineer").id)
    told = inside(lambda: [(e.action, e.actor_id, e.changes) for e in entries("Account", pk)][1:])
    where = {"address": [None, "127.0.0.1"]}
    assert told == [("sign_in_failed", None, where), ("sign_in", pk, where), ("sign_out", pk, {})]
    unknown = inside(lambda: [(e.action, e.changes_json) for e in entries("SignIn")])
    assert [action for action, _changes in unknown] == ["sign_in_failed"]
    assert "typed here" not in unknown[0][1]


def test_a_lock_is_told(app: Flask, inside: Inside) -> None:
    for _attempt in range(FAILURES_THAT_LOCK + 1):
        by_page(app, "engineer", "wrong")
    told = inside(lambda: [e.action for e in entries("Account", account("engineer").id)])
    assert sorted(told) == sorted(["create", *["sign_in_failed"] * FAILURES_THAT_LOCK, "lock_out", "sign_in_refused"])


# -- sessions --


def opens(client: FlaskClient) -> bool:
    return client.get("/service_order/list/").status_code == 200


def test_a_session_left_alone_ends_after_two_hours(app: Flask) -> None:
    with at(NOON):
        client = sign_in(app, "engineer")
    for minutes in (90, 180, 270):
        with at(NOON + minutes * MINUTE):
            assert opens(client)
    with at(NOON + 270 * MINUTE + 121 * MINUTE):
        assert not opens(client)


def test_a_session_ends_after_eight_hours_however_busy(app: Flask) -> None:
    with at(NOON):
        client = sign_in(app, "engineer")
    for hours in range(1, 8):
        with at(NOON + hours * HOUR):
            assert opens(client)
    with at(NOON + 8 * HOUR):
        assert not opens(client)


def test_a_copied_cookie_dies_with_the_sign_out(app: Flask) -> None:
    client, thief = sign_in(app, "engineer"), app.test_client()
    thief.set_cookie("session", client.get_cookie("session").value)
    assert opens(thief)
    client.post("/account/signout")
    assert not opens(thief)


def test_nobody_is_signed_out_by_a_link(app: Flask) -> None:
    client = sign_in(app, "engineer")
    assert client.get("/account/signout").status_code == 405
    assert client.get("/logout/").status_code == 404
    assert opens(client)


def test_a_page_fetched_beside_does_not_put_back_the_language(app: Flask) -> None:
    client = sign_in(app, "administrator")
    client.get("/device/list/")
    assert "Set-Cookie" not in client.get("/device/list/").headers
    assert "Set-Cookie" in client.get("/lang/en").headers


def test_a_chosen_language_is_the_accounts_and_comes_back_at_the_next_sign_in(app: Flask) -> None:
    sign_in(app, "engineer").get("/lang/en")
    assert '<html lang="en"' in sign_in(app, "engineer").get("/account/").text
    assert '<html lang="zh' in sign_in(app, "intake").get("/account/").text
    chosen_before = app.test_client()
    chosen_before.get("/lang/zh")
    chosen_before.post("/login/", data={"username": "engineer", "password": PASSWORD})
    assert '<html lang="zh' in chosen_before.get("/account/").text
    assert '<html lang="zh' in sign_in(app, "engineer").get("/account/").text


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(app: Flask) -> None:
    answer = app.test_client().post("/login/", data={"username": "engineer", "password": PASSWORD})
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie" and value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


# -- passwords --


@pytest.mark.parametrize(
    "weak", ["short 1", "1234567890123", "aaaaaaaaaaaa", "my engineer pass", "x" * 201, ""], ids=lambda text: text[:12] or "empty"
)
def test_a_weak_password_is_refused(app: Flask, weak: str) -> None:
    client = sign_in(app, "engineer")
    assert client.post("/account/", data={"old": PASSWORD, "new": weak, "again": weak}).status_code == 422


def test_the_last_five_passwords_do_not_come_back(app: Flask) -> None:
    client, present = sign_in(app, "engineer"), PASSWORD
    for password in GOOD:
        assert client.post("/account/", data={"old": present, "new": password, "again": password}).status_code == 302
        present = password
    for used in GOOD:
        assert client.post("/account/", data={"old": present, "new": used, "again": used}).status_code == 422
    assert client.post("/account/", data={"old": present, "new": PASSWORD, "again": PASSWORD}).status_code == 302


def test_a_password_changes_only_with_the_old_one_and_ends_the_other_sessions(app: Flask) -> None:
    mine, elsewhere, token = sign_in(app, "engineer"), sign_in(app, "engineer"), token_of(app, "engineer")
    assert mine.post("/account/", data={"old": "guess", "new": GOOD[0], "again": GOOD[0]}).status_code == 422
    assert mine.post("/account/", data={"old": PASSWORD, "new": GOOD[0], "again": GOOD[0]}).status_code == 302
    assert opens(mine)
    assert not opens(elsewhere)
    assert app.test_client().get("/api/v1/service_order/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


# -- doors and production --


def test_both_doors_are_limited(app: Flask) -> None:
    limited = create_app({**app.config, "RATELIMIT_ENABLED": True})
    try:
        page = [limited.test_client().post("/login/", data={"username": "nobody", "password": "x"}).status_code for _try in range(12)]
        assert page[0] == 302
        assert page[-1] == 429
    finally:
        release(limited)


def test_the_screens_of_flask_appbuilder_are_gone(app: Flask) -> None:
    paths = [rule.rule for rule in app.url_map.iter_rules()]
    stock = ("/users", "/permissions", "/viewmenus", "/permissionviews", "/groups", "/registeruser", "/reset", "/userinfo")
    assert [path for path in paths if path.startswith(stock)] == []


LONG = "k" * 32
KEYS = dict.fromkeys(("SECRET_KEY", "AUDIT_KEY", "FIELD_KEYS", "SIGNING_PASSPHRASE"), LONG)


@pytest.mark.parametrize(
    ("environment", "refused"),
    [
        ({}, MissingSecret),
        ({"SECRET_KEY": LONG}, MissingSecret),
        (KEYS | {"SECRET_KEY": "short"}, MissingSecret),
        (KEYS | {"FIELD_KEYS": f"{LONG},short"}, MissingSecret),
        (KEYS, InsecureAddress),
        (KEYS | {"ALLOW_HTTP": "yes"}, None),
    ],
    ids=["none", "one", "a short one", "a short one of several", "no https", "http allowed"],
)
def test_production_does_not_start_with_the_defaults(
    environment: dict[str, str], refused: type[Exception] | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in (*KEYS, "ALLOW_HTTP"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"APP_ENV": "production", **environment}.items():
        monkeypatch.setenv(name, value)
    program = Flask("x")
    program.config.update(INSTANCE_PATH=str(tmp_path), BASE_URL="http://example.cn", SECRET_KEY="")
    if refused is None:
        fill_in(program)
        assert program.config["SECRET_KEY"] == LONG
        return
    with pytest.raises(refused):
        fill_in(program)


def test_no_session_outlives_its_account(app: Flask, inside: Inside) -> None:
    client = sign_in(app, "engineer")
    inside(lambda: setattr(account("engineer"), "active", False))
    assert not opens(client)
