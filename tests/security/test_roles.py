"""Roles are the administrators': made, changed and removed on a page, each time with a reason, told in the trail."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import PermissionView, Role
from sqlalchemy import select

from aftersales.commands import upgrade_database
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.refusal import Refusal
from aftersales.registration import record_types
from aftersales.roles import Role as Shipped
from aftersales.security import grants
from aftersales.security.grants import PARTICULAR, declared, grants_of
from aftersales.security.matrix import all_rights
from tests.recordlevel import start
from tests.security.conftest import account, entries
from tests.world import FOREIGN, OWN, sign_in, specimen, token_of

Inside = Callable[[Callable[[], Any]], Any]


def role_id(inside: Inside, name: str) -> int:
    return inside(lambda: db.session.scalars(select(Role.id).where(Role.name == name)).one())


def ticked(page: str) -> set[str]:
    import re

    return {m[1] for m in re.finditer(r'name="right" value="([^"]+)" checked', page)}


@pytest.fixture
def administrator(app: Flask) -> FlaskClient:
    return sign_in(app, "administrator")


def test_the_list_names_shipped_roles_in_chinese_and_counts_people(administrator: FlaskClient) -> None:
    page = administrator.get("/roles/").text
    assert "售后工程师" in page
    assert "engineer" not in page.split("<main")[1].split("</main>")[0]


def test_a_shipped_role_has_what_the_declarations_say_and_no_more(inside: Inside) -> None:
    """The administrator has all. tests/doors rests on it: what it expects is computed from the declarations."""
    rights = dict(declared(dict.fromkeys(record_types())))
    for role in Shipped:
        said = {pair for pair, roles in rights.items() if role in roles or role == Shipped.administrator}
        assert inside(lambda role=role: grants_of(db.session(), role_id(lambda what: what(), role))) == said, role


def test_the_matrix_speaks_in_words_and_shows_what_is_granted(administrator: FlaskClient, inside: Inside) -> None:
    page = administrator.get(f"/roles/{role_id(inside, 'inspector')}").text
    assert "查看和校验审计追踪" in page
    assert "can_list" not in page
    rights = ticked(page)
    assert {"can_read:Device", "can_read:Trail"} <= rights
    assert "can_write:Device" not in rights


def test_a_right_given_on_the_page_holds_at_the_next_request(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    """Also for who is signed in already, by cookie and by token."""
    inspector, pk = sign_in(app, "inspector"), role_id(inside, "inspector")
    bearer = {"Authorization": f"Bearer {token_of(app, 'inspector')}"}
    assert inspector.get("/device_family/add").status_code in (302, 403)
    rights = ticked(administrator.get(f"/roles/{pk}").text) | {"can_write:DeviceFamily"}
    assert administrator.post(f"/roles/{pk}", data={"right": sorted(rights), "reason": "试用"}).status_code == 302
    assert inspector.get("/device_family/add").status_code == 200
    made = app.test_client().post("/api/v1/device_family/", json={"code": "09", "name": "监护仪"}, headers=bearer)
    assert made.status_code == 201
    rights -= {"can_write:DeviceFamily"}
    administrator.post(f"/roles/{pk}", data={"right": sorted(rights), "reason": "试用结束"})
    assert inspector.get("/device_family/add").status_code in (302, 403)
    assert app.test_client().post("/api/v1/device_family/", json={"code": "10", "name": "输液泵"}, headers=bearer).status_code == 403


def test_a_change_of_grants_is_told_old_and_new_with_who_and_why(administrator: FlaskClient, inside: Inside) -> None:
    pk = role_id(inside, "sales")
    before = ticked(administrator.get(f"/roles/{pk}").text)
    administrator.post(f"/roles/{pk}", data={"right": sorted(before | {"can_read:Trail"}), "reason": "参与内审"})
    told = inside(lambda: [(e.action, e.changes, e.reason, e.actor_name) for e in entries("Role", pk)][-1])
    new = inside(lambda: {p.id for p in db.session.get(Role, pk).permissions})
    action, changes, reason, who = told
    old, now = changes["permissions"]
    assert (action, reason, set(now)) == ("update", "参与内审", new)
    assert len(set(now) - set(old)) == 1
    assert "Administrator" in who
    page = administrator.get(f"/trail/?kind=Role&record_id={pk}").text
    assert "+ 查看和校验审计追踪" in page
    assert "参与内审" in page


@pytest.mark.parametrize("path", ["/roles/", "/roles/{pk}", "/roles/{pk}/remove"])
def test_nothing_changes_without_a_reason(administrator: FlaskClient, inside: Inside, path: str) -> None:
    before = inside(lambda: [(r.id, r.name, len(r.permissions)) for r in db.session.scalars(select(Role))])
    administrator.post(path.format(pk=role_id(inside, "sales")), data={"name": "新角色", "reason": "  "})
    assert inside(lambda: [(r.id, r.name, len(r.permissions)) for r in db.session.scalars(select(Role))]) == before


def test_a_role_is_copied_renamed_and_removed(administrator: FlaskClient, inside: Inside) -> None:
    source = role_id(inside, "engineer")
    made = administrator.post("/roles/", data={"name": "高级工程师", "like": source, "reason": "分级"})
    pk = int(made.location.rsplit("/", 1)[1])
    rights = ticked(administrator.get(f"/roles/{pk}").text)
    assert rights == ticked(administrator.get(f"/roles/{source}").text)
    administrator.post(f"/roles/{pk}", data={"name": "资深工程师", "right": sorted(rights), "reason": "改名"})
    assert "资深工程师" in administrator.get("/roles/").text
    administrator.post(f"/roles/{pk}/remove", data={"reason": "不再使用"})
    assert administrator.get(f"/roles/{pk}").status_code == 404
    told = inside(lambda: [(e.action, e.reason) for e in entries("Role", pk)])
    assert told == [("create", "分级"), ("update", "改名"), ("delete", "不再使用")]


def test_a_role_that_somebody_holds_is_not_removed(administrator: FlaskClient, inside: Inside) -> None:
    pk = role_id(inside, "engineer")
    administrator.post(f"/roles/{pk}/remove", data={"reason": "不要了"})
    assert administrator.get(f"/roles/{pk}").status_code == 200


@pytest.mark.parametrize("name", ["", "x" * 65, "engineer", "售后工程师"])
def test_two_roles_have_no_name_in_common(administrator: FlaskClient, inside: Inside, name: str) -> None:
    before = inside(lambda: len(db.session.scalars(select(Role.id)).all()))
    administrator.post("/roles/", data={"name": name, "reason": "试试"})
    assert inside(lambda: len(db.session.scalars(select(Role.id)).all())) == before


def test_a_shipped_role_keeps_its_name(administrator: FlaskClient, inside: Inside) -> None:
    pk = role_id(inside, "dispatcher")
    answer = administrator.post(f"/roles/{pk}", data={"name": "调度", "right": [], "reason": "改名"})
    assert answer.status_code == 422
    assert inside(lambda: (db.session.get(Role, pk).name, bool(db.session.get(Role, pk).permissions))) == ("dispatcher", True)


def test_the_last_administrator_stays_one(administrator: FlaskClient, inside: Inside) -> None:
    """By the role's rights, by their own roles, or by switching the account off."""
    pk = role_id(inside, "administrator")
    me = inside(lambda: account("administrator").id)
    rights = ticked(administrator.get(f"/roles/{pk}").text) - {"can_write:Role"}
    assert administrator.post(f"/roles/{pk}", data={"right": sorted(rights), "reason": "收权"}).status_code == 422
    administrator.post(f"/accounts/{me}/roles", data={"role": [role_id(inside, "sales")], "reason": "转岗"})
    administrator.post(f"/accounts/{me}/close", data={"reason": "离职"})
    assert administrator.get("/roles/").status_code == 200
    assert "can_write:Role" in ticked(administrator.get(f"/roles/{pk}").text)


def test_the_guard_holds_for_code_that_knows_no_page(app: Flask, inside: Inside) -> None:
    """No reason, no change: the session refuses, whoever writes."""
    me = inside(lambda: account("administrator").id)
    with app.app_context(), acting_as(Actor(name="某人", user_id=me, region_ids=None)):
        role = db.session.scalars(select(Role).where(Role.name == "sales")).one()
        role.permissions = []
        with pytest.raises(Refusal):
            db.session.flush()
        db.session.rollback()
        somebody = account("engineer")
        somebody.roles = []
        with pytest.raises(Refusal):
            db.session.flush()
        db.session.rollback()


@pytest.mark.parametrize("role", [role.value for role in Shipped])
def test_only_who_may_reads_and_changes_roles(app: Flask, inside: Inside, role: str) -> None:
    client, pk = sign_in(app, role), role_id(inside, "sales")
    reads = role in PARTICULAR["can_read", "Role"]
    assert client.get("/roles/").status_code == (200 if reads else 403)
    if role != Shipped.administrator:
        for path in ("/roles/", f"/roles/{pk}", f"/roles/{pk}/remove"):
            assert client.post(path, data={"name": "x", "reason": "x"}).status_code == 403


def test_an_upgrade_gives_nothing_back(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    """What administrators took away stays away, a role they removed too; also the administrators' own."""
    for name in ("engineer", "administrator"):
        pk = role_id(inside, name)
        rights = ticked(administrator.get(f"/roles/{pk}").text) - {"can_read:Device"}
        administrator.post(f"/roles/{pk}", data={"right": sorted(rights), "reason": "收权"})
    holder = inside(lambda: account("sales").id)
    administrator.post(f"/accounts/{holder}/roles", data={"role": [role_id(inside, "intake")], "reason": "转岗"})
    administrator.post(f"/roles/{role_id(inside, 'sales')}/remove", data={"reason": "无此岗位"})
    upgrade_database(app)
    for name in ("engineer", "administrator"):
        assert ("can_read", "Device") not in inside(lambda name=name: grants_of(db.session(), role_id(lambda what: what(), name)))
    assert inside(lambda: db.session.scalar(select(Role.id).where(Role.name == "sales"))) is None


def test_a_role_that_an_upgrade_brings_has_its_rights_over_what_was_there_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = start(tmp_path)
    with app.app_context(), acting_as(SYSTEM):
        db.create_all()
        with monkeypatch.context() as before:
            before.setattr(grants, "Role", StrEnum("Role", {role.name: role.value for role in Shipped if role != Shipped.follow_up}))
            grants.write_grants(db.session, dict.fromkeys(record_types()))
        grants.write_grants(db.session, dict.fromkeys(record_types()))
        (pk,) = db.session.scalars(select(Role.id).where(Role.name == Shipped.follow_up))
        wanted = {pair for pair, holders in declared(dict.fromkeys(record_types())) if Shipped.follow_up in holders}
        assert grants_of(db.session(), pk) == wanted
        db.session.remove()


def test_every_right_in_the_database_can_be_given_on_the_page(app: Flask, inside: Inside) -> None:
    """None is hidden from administrators: what a declaration adds appears in the matrix."""
    stored = inside(lambda: {f"{p.permission.name}:{p.view_menu.name}" for p in db.session.scalars(select(PermissionView))})
    with app.test_request_context():
        assert stored == set(all_rights())


def try_role(client: FlaskClient, inside: Inside, name: str) -> None:
    pk = role_id(inside, name)
    region = inside(lambda: db.session.scalars(select(Region.id).where(Region.code == OWN)).one())
    assert client.post(f"/roles/{pk}/try", data={"region": region}).status_code == 303


def test_who_tries_a_role_sees_what_it_sees_and_can_end_it_with_one_click(administrator: FlaskClient, app: Flask, inside: Inside) -> None:
    device, foreign = (specimen(app, Device, region) for region in (OWN, FOREIGN))
    try_role(administrator, inside, "engineer")
    home = administrator.get("/").text
    assert "您正以“售后工程师”角色查看系统" in home
    assert "/accounts/" not in home
    assert administrator.get("/roles/").status_code == 403
    assert administrator.get(f"/device/show/{device}").status_code == 200
    assert administrator.get(f"/device/show/{foreign}").status_code == 404
    assert administrator.post("/roles/trial/end").location == f"/roles/{role_id(inside, 'engineer')}"
    assert administrator.get("/roles/").status_code == 200
    assert administrator.get(f"/device/show/{foreign}").status_code == 200
    told = inside(lambda: [(e.action, e.actor_name != "") for e in entries("Role", role_id(lambda what: what(), "engineer"))][-1])
    assert told == ("try", True)


def test_nothing_is_stored_while_a_role_is_tried(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    """Also where the role may write; the guard on the session refuses what a door would let through."""
    try_role(administrator, inside, "administrator")
    answer = administrator.post("/device_family/add", data={"code": "09", "name": "监护仪"})
    assert answer.status_code == 403
    assert "试用" in answer.text
    assert administrator.post(f"/roles/{role_id(inside, 'sales')}/try").status_code == 403
    assert inside(lambda: db.session.scalar(select(DeviceFamily.id).where(DeviceFamily.code == "09"))) is None
    looks = Actor("看的人", 1, frozenset({("can_write", "DeviceFamily")}), None, only_looks=True)
    with app.app_context(), acting_as(looks):
        db.session.add(DeviceFamily(code="09", name="监护仪"))
        with pytest.raises(Refusal):
            db.session.flush()


def test_a_trial_gives_no_right_the_person_lacks(administrator: FlaskClient, inside: Inside) -> None:
    """Rights may have been taken since it began."""
    try_role(administrator, inside, "quality")
    assert administrator.get("/trail/").status_code == 200
    pk = role_id(inside, "administrator")

    def take() -> None:
        role = db.session.get(Role, pk)
        role._audit_reason = "试验"
        role.permissions = [p for p in role.permissions if (p.permission.name, p.view_menu.name) != ("can_read", "Trail")]

    inside(take)
    assert administrator.get("/trail/").status_code == 403


def test_a_trial_needs_the_right_to_give_rights_and_a_region(app: Flask, administrator: FlaskClient, inside: Inside) -> None:
    pk = role_id(inside, "engineer")
    assert administrator.post(f"/roles/{pk}/try").status_code == 422
    assert sign_in(app, "quality").post(f"/roles/{pk}/try").status_code == 403
    assert "/roles/trial/end" not in administrator.get("/").text


def test_two_roles_are_compared_by_what_only_one_may_do(administrator: FlaskClient, inside: Inside) -> None:
    first, second = role_id(inside, "engineer"), role_id(inside, "intake")
    page = administrator.get(f"/roles/compare?first={first}&second={second}").text.split("<main")[1]
    assert "+ 到达现场" in page
    assert "+ 登记" in page
    assert "产品系列" not in page
    assert "产品系列" in administrator.get(f"/roles/compare?first={first}&second={second}&all=1").text.split("<main")[1]
