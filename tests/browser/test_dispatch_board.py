"""The dispatch board under a mouse: an order is dragged onto a person."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from tests.browser.typing_in import write
from tests.service.test_desk import new_order, order_id, person_id
from tests.world import MONDAY, PASSWORD


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_time, "_set", type("Fixed", (), {"get": lambda self: MONDAY + timedelta(minutes=10)})())


def test_an_order_dropped_on_a_person_is_theirs_and_a_refusal_is_told_at_the_order(app: Flask, desk: Page) -> None:
    fresh, working, near, far = new_order(app), order_id(app), person_id(app, "engineer"), person_id(app, "far_engineer")
    desk.goto("/login/")
    write(desk, {"username": Role.dispatcher.value, "password": PASSWORD})
    desk.press("#password", "Enter")
    desk.wait_for_url("**/")
    desk.goto("/dispatch/")
    desk.drag_and_drop(f'[data-order="{fresh}"][draggable=true]', f'[data-person="{far}"]')
    expect(desk.locator(f'[data-order="{fresh}"] [role=alert]')).to_contain_text("西南")
    desk.goto("/dispatch/")
    desk.drag_and_drop(f'[data-order="{fresh}"][draggable=true]', f'[data-person="{near}"]')
    expect(desk.locator(".flash.ok, .flash.success").first).to_contain_text("华东engineer")
    desk.drag_and_drop(f'[data-order="{working}"][draggable=true]', f'[data-person="{near}"]')
    expect(desk.locator("#assign [name=reason]")).to_be_visible()
    with app.app_context(), acting_as(SYSTEM):
        assert (db.session.get(ServiceOrder, fresh).state, db.session.get(ServiceOrder, working).state) == ("assigned", "working")
