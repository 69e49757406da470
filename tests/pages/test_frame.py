"""What stands around every page of a signed-in person: where they are, who they are, and the way on when something is refused."""

import html
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


def test_a_refusal_leads_back_to_the_page_before_and_never_to_another_house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in(app, Role.engineer)
    here = client.get("/nowhere", headers={"Referer": "http://localhost/device/list/?q=x"}).text
    assert '<a class="btn primary" href="/device/list/?q=x">' in here
    for elsewhere in ("http://evil.example/device/list/", "http://localhost//evil.example/"):
        assert "evil" not in client.get("/nowhere", headers={"Referer": elsewhere}).text
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1 << 20)
    large = sign_in(app, Role.dispatcher).post("/device/add", data={"place": "x" * (1 << 21)})
    assert (large.status_code, "一次最多上传 1 MB" in large.text) == (413, True)


def test_whoever_was_second_sees_both_entries_and_keeps_what_they_typed(app: Flask) -> None:
    client, path = sign_in(app, Role.dispatcher), f"/device/edit/{specimen(app, Device, OWN)}"
    seen = re.search(r'name="version" value="(\d+)"', client.get(path).text)
    assert seen is not None
    first = {**fields(client.get(path).text), "place": "三楼", "reason": "搬科室"}
    assert client.post(path, data=first).status_code == 302
    answer = client.post(path, data={**first, "place": "手术室", "version": seen[1]})
    assert answer.status_code == 409
    card = answer.text[answer.text.index('role="alert"') : answer.text.index('id="record-form"')]
    assert re.findall(r"<td[^>]*>([^<]+)</td>", card) == ["安放位置", "手术室", "三楼"]
    assert "<b>Dispatcher Test</b>" in card
    assert fields(answer.text)["place"] == "手术室"
    assert client.post(path, data=fields(answer.text) | {"reason": "搬科室"}).status_code == 302


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form as it stands, without lists."""
    form = page[page.index('id="record-form"') :]
    inputs = re.findall(r"<input[^>]*>", form)
    named = [(re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs if "checkbox" not in one]
    return {name[1]: html.unescape(value[1]) if value else "" for name, value in named if name}


def test_a_failure_of_our_own_stands_without_the_frame_that_may_have_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "InboxView.index", lambda: 1 / 0)
    answer = sign_in(app, Role.engineer).get("/inbox/")
    assert answer.status_code == 500
    assert 'id="side"' not in answer.text
