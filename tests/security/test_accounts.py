"""Accounts of people: given by an administrator, with a password that is told once and changed at once."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.security.account import Account
from tests.security.conftest import account, entries
from tests.world import FOREIGN, OWN, sign_in, token_of

Inside = Callable[[Callable[[], Any]], Any]
NEW = "plough-and-barley 7"


@pytest.fixture
def administrator(app: Flask) -> FlaskClient:
    return sign_in(app, "administrator")


def newcomer(region: str = OWN) -> int:
    """A person who has no account yet."""
    region_id = db.session.scalars(select(Region.id).where(Region.code == region)).one()
    person = Person(region_id=region_id, staff_no=f"N-{region}", name="黎禾", joined_on=date(2026, 11, 1))
    db.session.add(person)
    db.session.flush()
    return person.id


def role(name: str) -> int:
    return db.session.scalars(select(Role.id).where(Role.name == name)).one()


def password_in(page: str) -> str:
    return re.search(r'data-copy="([^"]+)"', page)[1]


def give(client: FlaskClient, inside: Inside, roles: tuple[str, ...] = ("engineer",)) -> tuple[int, str]:
    """A new account by the page: the person's id and the one-time password."""
    person = inside(newcomer)
    ids = inside(lambda: [role(name) for name in roles])
    answer = client.post("/accounts/new", data={"person": person, "username": " LiHe ", "role": ids, "reason": "入职"})
    assert answer.status_code == 200, answer.text
    return person, password_in(answer.text)


def enter(app: Flask, username: str, password: str) -> FlaskClient | None:
    client = app.test_client()
    client.post("/login/", data={"username": username, "password": password})
    return client if client.get("/account/").status_code == 200 else None


def test_a_person_gets_an_account_and_must_choose_a_password(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    person, password = give(administrator, inside)
    assert inside(lambda: db.session.get(Person, person).user_id == account("lihe").id)
    client = enter(app, "LIHE", password)
    assert client.get("/service_order/list/").location == "/account/"
    body = {"old": password, "new": NEW, "again": NEW}
    assert client.post("/account/", data=body).location == "/"
    assert client.get("/service_order/list/").status_code == 200
    assert enter(app, "lihe", password) is None
    pk = inside(lambda: account("lihe").id)
    told = inside(lambda: [(e.action, e.reason, e.actor_id == pk) for e in entries("Account", pk)])
    assert told[0] == ("create", "入职", False)
    assert [action for action, _why, own in told if own] == ["sign_in", "change_password"]


def test_the_trail_keeps_no_password_and_no_hash(administrator: FlaskClient, inside: Inside) -> None:
    _person, password = give(administrator, inside)
    kept = inside(lambda: "".join(e.changes_json for e in entries("Account")))
    hashed = inside(lambda: account("lihe").password)
    assert password not in kept
    assert hashed not in kept
    assert "password" not in kept.replace("must_change_password", "")


def test_a_one_time_password_is_in_one_answer_only(administrator: FlaskClient, inside: Inside) -> None:
    _person, password = give(administrator, inside)
    pk = inside(lambda: account("lihe").id)
    assert password not in administrator.get(f"/accounts/{pk}").text
    answer = administrator.post(f"/accounts/{pk}/password", data={"reason": "忘记密码"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert password_in(answer.text) != password


def test_a_reset_ends_sessions_and_tokens_and_unlocks(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    engineer, token = sign_in(app, "engineer"), token_of(app, "engineer")
    pk = inside(lambda: account("engineer").id)
    password = password_in(administrator.post(f"/accounts/{pk}/password", data={"reason": "遗失手机"}).text)
    assert engineer.get("/service_order/list/").status_code == 302
    assert app.test_client().get("/api/v1/service_order/", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert enter(app, "engineer", password) is not None
    told = inside(lambda: [(e.action, e.reason) for e in entries("Account", pk)])
    assert ("reset_password", "遗失手机") in told


@pytest.mark.parametrize(("action", "undo"), [("lock", "unlock"), ("close", "open")])
def test_an_account_is_closed_and_opened_again(app: Flask, administrator: FlaskClient, inside: Inside, action: str, undo: str) -> None:
    engineer = sign_in(app, "engineer")
    pk = inside(lambda: account("engineer").id)
    administrator.post(f"/accounts/{pk}/{action}", data={"reason": "调查期间"})
    assert engineer.get("/service_order/list/").status_code == 302
    assert enter(app, "engineer", "a password of 2026") is None
    administrator.post(f"/accounts/{pk}/{undo}", data={"reason": "调查结束"})
    assert enter(app, "engineer", "a password of 2026") is not None
    told = inside(lambda: [(e.action, e.reason) for e in entries("Account", pk)])
    assert (action, "调查期间") in told
    assert (undo, "调查结束") in told


def test_roles_of_a_person_change_with_a_reason_and_are_told(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    pk, quality, engineer = inside(lambda: (account("engineer").id, role("quality"), role("engineer")))
    administrator.post(f"/accounts/{pk}/roles", data={"role": [engineer, quality], "reason": "兼任"})
    told = inside(lambda: [(e.action, e.changes.get("roles"), e.reason) for e in entries("Account", pk)])
    assert told[-1] == ("roles", [[engineer], sorted([engineer, quality])], "兼任")
    assert "+ 质量" in administrator.get(f"/trail/?kind=Account&record_id={pk}").text
    administrator.post(f"/accounts/{pk}/roles", data={"role": [engineer], "reason": ""})
    assert inside(lambda: {r.id for r in account("engineer").roles}) == {engineer, quality}


def test_nobody_locks_or_switches_off_themselves(administrator: FlaskClient, inside: Inside) -> None:
    me = inside(lambda: account("administrator").id)
    for action in ("lock", "close"):
        administrator.post(f"/accounts/{me}/{action}", data={"reason": "试试"})
        assert administrator.get("/accounts/").status_code == 200


def test_who_looks_after_accounts_does_not_climb(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    """With the right on accounts alone nobody takes over an administrator's account, nor gives a stronger role than their own."""
    made = administrator.post("/roles/", data={"name": "账号管理员", "like": inside(lambda: role("intake")), "reason": "分工"})
    clerk = int(made.location.rsplit("/", 1)[1])
    ticked = re.findall(r'value="([^"]+)" checked', administrator.get(f"/roles/{clerk}").text)
    administrator.post(f"/roles/{clerk}", data={"right": [*ticked, "can_read:Account", "can_write:Account"], "reason": "分工"})
    me, boss = inside(lambda: (account("intake").id, account("administrator").id))
    administrator.post(f"/accounts/{me}/roles", data={"role": [clerk], "reason": "分工"})
    client = sign_in(app, "intake")
    assert client.get("/accounts/").status_code == 200
    assert "data-copy" not in client.post(f"/accounts/{boss}/password", data={"reason": "夺权"}, follow_redirects=True).text
    client.post(f"/accounts/{me}/roles", data={"role": [inside(lambda: role("administrator"))], "reason": "夺权"})
    assert inside(lambda: [r.id for r in account("intake").roles]) == [clerk]


def test_an_account_is_seen_by_who_sees_its_person(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    """An administrator of one region finds no account of another: not in the list, not by its number."""
    pk = inside(lambda: role("administrator"))
    made = administrator.post("/roles/", data={"name": "区域管理员", "like": pk, "reason": "分区"})
    own = int(made.location.rsplit("/", 1)[1])
    ticked = set(re.findall(r'value="([^"]+)" checked', administrator.get(f"/roles/{own}").text)) - {"can_see_all:Region"}
    administrator.post(f"/roles/{own}", data={"right": sorted(ticked), "reason": "分区"})
    far, me = inside(lambda: (account("far_engineer").id, account("manager").id))
    administrator.post(f"/accounts/{me}/roles", data={"role": [own], "reason": "分区"})
    client = sign_in(app, "manager")
    page = client.get("/accounts/").text
    assert "untrained" in page
    assert "far_engineer" not in page
    assert client.get(f"/accounts/{far}").status_code == 404
    assert client.post(f"/accounts/{far}/password", data={"reason": "越权"}).status_code == 404


def test_who_edits_people_does_not_let_themselves_into_a_region(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    """Neither by a further region nor by pointing their person at another's account."""
    pk = inside(lambda: role("manager"))
    made = administrator.post("/roles/", data={"name": "区域经理", "like": pk, "reason": "分区"})
    own = int(made.location.rsplit("/", 1)[1])
    ticked = set(re.findall(r'value="([^"]+)" checked', administrator.get(f"/roles/{own}").text)) - {"can_see_all:Region"}
    administrator.post(f"/roles/{own}", data={"right": sorted(ticked), "reason": "分区"})
    me, far = inside(lambda: (account("manager").id, db.session.scalars(select(Region.id).where(Region.code == FOREIGN)).one()))
    administrator.post(f"/accounts/{me}/roles", data={"role": [own], "reason": "分区"})
    person = inside(lambda: db.session.scalars(select(Person.id).where(Person.user_id == me)).one())
    headers = {"Authorization": f"Bearer {token_of(app, 'manager')}"}
    caller = app.test_client()
    assert caller.put(f"/api/v1/person/{person}", json={"regions": [far], "reason": "扩权"}, headers=headers).status_code == 422
    boss = inside(lambda: account("administrator").id)
    assert caller.put(f"/api/v1/person/{person}", json={"user_id": boss, "reason": "冒名"}, headers=headers).status_code == 422
    assert inside(lambda: (db.session.get(Person, person).regions, db.session.get(Person, person).user_id)) == ([], me)


def test_two_names_that_differ_by_a_capital_are_one(administrator: FlaskClient, inside: Inside) -> None:
    person = inside(newcomer)
    answer = administrator.post("/accounts/new", data={"person": person, "username": "ENGINEER", "reason": "入职"})
    assert answer.status_code == 422

    def by_sql() -> None:
        values = {"username": "Engineer", "first_name": "x", "last_name": "y", "email": "e2@example.invalid"}
        values |= {"session_version": 1, "must_change_password": False}
        db.session.connection().execute(Account.__table__.insert().values(values))

    from aftersales.record.audit import unaudited_maintenance

    def behind_the_guard() -> None:
        with unaudited_maintenance(db.session(), "试验"), pytest.raises(IntegrityError):
            by_sql()
        db.session.rollback()

    inside(behind_the_guard)


def test_the_list_is_narrowed_by_words_role_region_and_state(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    give(administrator, inside)
    administrator.post(f"/accounts/{inside(lambda: account('sales').id)}/close", data={"reason": "离职"})
    regions = inside(lambda: {region.code: region.id for region in db.session.scalars(select(Region))})
    engineers = inside(lambda: role("engineer"))

    def found(**args: Any) -> set[str]:
        page = administrator.get("/accounts/", query_string=args)
        assert page.status_code == 200
        return set(re.findall(r'<span class="code">([^<]+)</span>', page.text))

    assert found(q="lihe") == found(q="N-HD") == {"lihe"}
    assert found(role=engineers) == {"engineer", "untrained", "far_engineer", "lihe"}
    assert found(role=engineers, region=regions[FOREIGN]) == {"far_engineer"}
    assert found(state="off") == {"sales"}
    assert "lihe" in found(state="first")
    assert "administrator" in found(state="open")
    assert found(state="locked") == set()
    assert found(state="nonsense", role=-1) >= {"sales", "lihe"}
    assert found(region=10**30) == set()
