"""What a customer does on their own telephone: signs the acceptance, and reads on when all is done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from aftersales.record import now as server_time
from aftersales.roles import Role
from tests.browser.test_accessibility import AXE, LOOK
from tests.portal.repair import finish, ready
from tests.portal.test_signing import open_link
from tests.world import MONDAY, sign_in


def let_it_be_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the threads of the server too."""
    monkeypatch.setattr(server_time, "_set", type("Fixed", (), {"get": lambda self: MONDAY + timedelta(hours=3)})())


def test_a_customer_may_sign_anywhere_in_the_box(app: Flask, phone: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    repair = ready(app)
    let_it_be_noon(monkeypatch)
    phone.goto(open_link(sign_in(app, Role.engineer), repair))
    phone.fill("#name", "吴敏")
    phone.fill("#department", "ICU")
    phone.locator("[name=score]").nth(1).check()
    pad = phone.locator("canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    phone.mouse.move(box["x"] + 20, box["y"] + 20)
    phone.mouse.down()
    phone.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=12)
    phone.mouse.up()
    phone.locator("form .btn.primary").tap()
    expect(phone.get_by_text("签字成功")).to_be_visible()


def test_the_page_of_a_repair_that_is_done_shows_axe_nothing_serious(app: Flask, phone: Page) -> None:
    phone.add_init_script(AXE)
    with ThreadPoolExecutor(1) as other:  # while Playwright runs, signing is refused in this thread
        phone.goto(f"/t/{other.submit(finish, app).result().token}")
    assert phone.evaluate(LOOK) == []
