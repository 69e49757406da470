"""What stands around every page of a signed-in person: where they are, who they are, and the way on when something is refused."""

import re

import pytest
from flask import Flask

from aftersales.devices.device import Device
from aftersales.roles import Role
from tests.world import OWN, sign_in, specimen


def way_to(text: str) -> list[str]:
    """The breadcrumb as people read it."""
    crumbs = re.search(r'<ol class="crumbs".*?</ol>', text, re.S)
    return re.sub(r"<[^>]+>", " ", crumbs[0]).split() if crumbs else []


def test_every_page_says_the_way_to_it_from_the_start(app: Flask) -> None:
    client = sign_in(app, Role.engineer)
    assert way_to(client.get("/").text) == []
    assert way_to(client.get("/inbox/").text) == ["工作台", "收件箱"]
    assert way_to(client.get("/device/list/").text) == ["工作台", "设备与客户", "设备"]
    way = way_to(client.get(f"/device/show/{specimen(app, Device, OWN)}").text)
    assert way[:3] == ["工作台", "设备与客户", "设备"]
    assert way[3].startswith("DV-")


def test_the_bar_names_the_person_with_their_posts(app: Flask) -> None:
    text = sign_in(app, Role.engineer).get("/inbox/").text
    who = re.search(r'class="who quiet".*?</a>', text, re.S)
    assert who is not None
    assert f"</b><small>{Role.engineer}</small>" in who[0]


def test_a_refusal_keeps_the_navigation_for_whoever_is_signed_in(app: Flask) -> None:
    client = sign_in(app, Role.engineer)
    for url, status in (("/nowhere", 404), ("/roles/", 403)):
        answer = client.get(url)
        assert answer.status_code == status
        assert 'id="side"' in answer.text
        assert answer.text.count("<main") == 1
    answer = app.test_client().get("/nowhere")
    assert 'id="side"' not in answer.text
    assert answer.text.count("<main") == 1


def test_a_failure_of_our_own_stands_without_the_frame_that_may_have_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "InboxView.index", lambda: 1 / 0)
    answer = sign_in(app, Role.engineer).get("/inbox/")
    assert answer.status_code == 500
    assert 'id="side"' not in answer.text
