"""Every route × every shipped role × own and foreign region: nothing leaks, and a route nobody decided on turns this red.

The expectation is computed from the declarations (who may read, write, move), never from what the program answers.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from aftersales.record.base import RecordTrace, Regional, SharedRecord
from aftersales.registration import record_types
from aftersales.roles import Role
from aftersales.security.grants import PARTICULAR
from tests.conformance.test_declarations import home
from tests.doors.decided import OWN_ONLY, PAGES, PUBLIC
from tests.world import FOREIGN, OWN, sign_in, specimen, token_of

TYPES = {cls.key(): cls for cls in record_types()}
Found = Callable[[type[SharedRecord], str], int | None]
SEES_ALL = set(PARTICULAR["can_see_all", "Region"])
pytestmark = pytest.mark.usefixtures("bare_refusals")


@pytest.fixture
def bare_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tens of thousands are refused here: what the refusal says counts, and tests/pages looks at the page around it."""
    monkeypatch.setattr("aftersales.frame.render_template", lambda name, **values: f"{name} {values}")


def routes(app: Flask) -> Iterator[Rule]:
    yield from app.url_map.iter_rules()


def type_of(rule: Rule) -> type[SharedRecord] | None:
    name = rule.endpoint.split(".")[0]
    for cls in TYPES.values():
        if name in (f"{cls.__name__}View", f"{cls.__name__}Api"):
            return cls
    return None


def test_every_route_has_been_decided_on(app: Flask) -> None:
    undecided = {
        rule.endpoint
        for rule in routes(app)
        if type_of(rule) is None and rule.endpoint not in {**PUBLIC, **PAGES}
    }
    assert not undecided, f"say in tests/doors/decided.py who may open: {sorted(undecided)}"


def needed(rule: Rule, method: str, cls: type[SharedRecord]) -> str:
    """The permission a route of a record type asks for, by its method's name."""
    name = rule.endpoint.split(".")[1]
    if method in ("GET", "HEAD") and name not in ("add", "edit", "follow", "rows"):
        return "can_read"
    if name in ("perform", "transition", "comment", "withdraw", "bulk") or rule.endpoint in OWN_ONLY:  # a transition asks for its own right
        return "can_read"
    if name in ("arrange", "keep_view", "print_it"):  # how one likes a list oneself; who may read may print, and is noted
        return "can_read"
    return "can_write"


def allowed(cls: type[SharedRecord], role: str, permission: str) -> bool:
    owner = cls.owner()
    return role == Role.administrator or permission in owner.access.get(role, ())


@pytest.mark.sqlite
@pytest.mark.parametrize("role", [role.value for role in Role])
def test_pages_and_api_obey_role_and_region(app: Flask, role: str) -> None:
    """One person of each role, in region A; the records in A are theirs to see, those in B only if the role sees all."""
    refuse_leaks(app, role)


@pytest.mark.postgres
@pytest.mark.parametrize("role", [Role.engineer.value, Role.inspector.value])
def test_region_and_reading_hold_on_postgresql(app: Flask, role: str) -> None:
    """The rights are the same code on both engines; what differs is how rows are chosen."""
    refuse_leaks(app, role)


def refuse_leaks(app: Flask, role: str) -> None:
    wrong: list[str] = []
    found = cache(partial(specimen, app))  # anew once something was sent: a row that was removed gives way to the next
    page_client, api_client = sign_in(app, role), app.test_client()
    headers = {"Authorization": f"Bearer {token_of(app, role)}"}
    for rule in routes(app):
        cls = type_of(rule)
        if cls is None:
            continue
        client = api_client if rule.endpoint.split(".")[0].endswith("Api") else page_client
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            for region in (OWN, FOREIGN):
                url = fill(app, rule, cls, region, found)
                if url is None:
                    continue
                expected = answer(rule, method, cls, role, region)
                status = ask(client, method, url, headers if client is api_client else {})
                if method != "GET" and status < 400:
                    found.cache_clear()
                if status not in expected:
                    wrong.append(f"{method} {url} as {role}: {status}, expected one of {sorted(expected)}; see {home(cls)}")
    assert not wrong, "\n".join(wrong[:40])


def fill(app: Flask, rule: Rule, cls: type[SharedRecord], region: str, found: Found) -> str | None:
    """The address with the ids of a specimen record of the region, as `found` finds it; None where there is none to try."""
    values: dict[str, Any] = {}
    if "pk" in rule.arguments:
        values["pk"] = found(cls, region)
        if values["pk"] is None:
            return None
    elif region == FOREIGN:
        return None
    for argument in rule.arguments - {"pk"}:
        values[argument] = {"name": "no_such_name", "transition": "no_such_name"}.get(argument, 1 << 40)
    path = app.url_map.bind("localhost").build(rule.endpoint, values)
    if rule.endpoint.endswith(".add") and cls.parent:
        path += f"?parent={found(inside(cls), OWN)}"
    return path


def inside(cls: type[SharedRecord]) -> type[SharedRecord]:
    from sqlalchemy import inspect

    return inspect(cls).relationships[cls.parent].mapper.class_


def answer(rule: Rule, method: str, cls: type[SharedRecord], role: str, region: str) -> set[int]:
    """What may come back. Without the right: 403. A foreign record: 404, as if it did not exist. Else anything but those and 500."""
    hidden = region == FOREIGN and issubclass(cls, Regional | RecordTrace) and role not in SEES_ALL
    if not allowed(cls, role, needed(rule, method, cls)):
        return {403, 404} if hidden else {403}
    if hidden:
        return {404}
    fine = {200, 201, 204, 302, 400, 409, 415, 422} | ({403} if rule.endpoint in OWN_ONLY else set())
    if rule.endpoint.endswith("View.add") and cls.parent and not cls.made_by_hand:  # no such page: these rows come by themselves
        fine |= {404}
    # Names and sub-ids in the address are made up on purpose, so that trying them changes nothing.
    return fine | ({404} if rule.arguments - {"pk"} else set()) | ({405} if rule.endpoint.endswith((".remove", ".delete")) else set())


def ask(client: FlaskClient, method: str, url: str, headers: dict[str, str]) -> int:
    return client.open(url, method=method, headers=headers, json={} if headers and method in ("POST", "PUT") else None).status_code


def test_strangers_are_sent_to_the_door(app: Flask) -> None:
    stranger, found = app.test_client(), cache(partial(specimen, app))  # a stranger changes nothing
    leaks = []
    for rule in routes(app):
        cls = type_of(rule)
        if cls is None:
            continue
        url = fill(app, rule, cls, OWN, found)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}) if url else ():
            status = stranger.open(url, method=method).status_code
            if status not in (302, 401, 403):
                leaks.append(f"{method} {url}: {status}; see {home(cls)}")
    assert not leaks, "\n".join(leaks[:40])


def test_a_list_never_shows_a_foreign_record(app: Flask) -> None:
    """The engineer of region A against every list, look-up and API list: no number, name or serial of region B."""
    from tests.world import foreign_marks

    client = sign_in(app, Role.engineer)
    headers = {"Authorization": f"Bearer {token_of(app, Role.engineer)}"}
    marks = foreign_marks(app)
    leaks = []
    for cls in TYPES.values():
        for url, head in ((f"/{cls.key()}/list/", {}), (f"/{cls.key()}/lookup", {}), (f"/api/v1/{cls.key()}/", headers)):
            text = (client if not head else app.test_client()).get(url, headers=head).get_data(as_text=True)
            leaks += [f"{url} shows {mark}" for mark in marks if mark in text]
    assert not leaks, "aftersales/record/guard.py let through:\n" + "\n".join(leaks)
