"""The main pages before axe-core, light at a desk and dark on a telephone, where what is tapped is high enough for a finger."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from aftersales.record import now as server_time
from aftersales.roles import Role
from tests.portal.nurse import token_of_device
from tests.portal.repair import Repair, finish
from tests.scenarios.dispatched import dispatched_order
from tests.world import MONDAY, sign_in

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

# What a style sheet decides: only this can differ in the dark or on a telephone.
OF_THE_STYLE = ["color-contrast", "scrollable-region-focusable"]

LOOK = """async (rules) => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"], preload: false, ...(rules && {runOnly: rules})});
  return violations.filter(({impact}) => ["serious", "critical"].includes(impact))
    .flatMap(({id, nodes}) => nodes.map(({target}) => `${id}: ${target.join(" ")}`));
}"""

# A link within a sentence is as high as its line (WCAG 2.2, 2.5.8: inline); a row of a table is tapped as a whole.
LOW = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input")].flatMap((one) => {
  const target = one.closest(one.matches("tr[data-href] > td > a") ? "tr" : "label") ?? one;
  const {top, width, height} = target.getBoundingClientRect();
  const within = one.tagName === "A" && getComputedStyle(one).display === "inline";
  const isSeen = top >= 0 && width > 1 && height > 1 && one.checkVisibility({visibilityProperty: true});
  if (within || one.disabled || !isSeen || height > 43.5) return [];
  return [`${one.tagName.toLowerCase()}.${one.className} ${one.name || one.innerText || ""}: ${height} px high`];
})"""


# What has the focus stands in the page's content and shows it.
FOCUS = """() => { const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
  return document.activeElement.closest("main") !== null && outlineStyle !== "none" && parseFloat(outlineWidth) >= 1; }"""
IN_DIALOG = "() => document.activeElement.closest('dialog') !== null"


@pytest.fixture
def pages(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Role | None, str]]:
    reviewed, order = finish(app, is_closed=False), dispatched_order(app)
    monkeypatch.setattr(server_time, "_set", type("Fixed", (), {"get": lambda self: MONDAY})())
    return list(_pages(app, reviewed, order))


def _pages(app: Flask, reviewed: Repair, order: int) -> Iterator[tuple[Role | None, str]]:
    yield None, "/login/"
    yield None, f"/p/{token_of_device(app, 'HD-0001')}"
    yield None, f"/t/{reviewed.token}"
    yield Role.intake, "/"
    yield Role.intake, "/intake/?device_id=1"
    yield Role.dispatcher, "/service_order/list/"
    yield Role.dispatcher, f"/dispatch/?order={order}"
    yield Role.engineer, f"/service_order/show/{order}"
    yield Role.engineer, f"/service_order/{order}/test"
    yield Role.quality, "/document_version/show/1"
    yield Role.quality, "/"
    yield Role.quality, "/complaint/list/"
    yield Role.regulatory, "/"
    yield Role.regulatory, "/recall/add"
    yield Role.dispatcher, "/device/edit/1"
    yield Role.administrator, "/roles/3"
    yield Role.administrator, "/clock_rule/list/"
    yield Role.administrator, "/holiday_notice/list/"
    yield Role.administrator, "/configuration/"


def enter(desk: Page, app: Flask, role: Role, address: str) -> None:
    desk.context.add_cookies([{"name": "session", "value": sign_in(app, role).get_cookie("session").value, "url": address}])


def test_the_main_pages_show_axe_nothing_serious_and_a_finger_finds_what_it_taps(
    app: Flask, pages: list[tuple[Role | None, str]], desk: Page, live_server: str
) -> None:
    desk.add_init_script(AXE)
    findings, signed_in = [], None
    for role, url in pages:
        if role is not signed_in:
            enter(desk, app, role, live_server)
            signed_in = role
        desk.set_viewport_size(DESK)
        desk.emulate_media(color_scheme="light")
        desk.goto(url)
        findings += [f"{url}: {finding}" for finding in desk.evaluate(LOOK)]
        desk.emulate_media(color_scheme="dark")
        desk.set_viewport_size(PHONE)
        findings += [f"{url} on a telephone in the dark: {finding}" for finding in desk.evaluate(LOOK, OF_THE_STYLE) + desk.evaluate(LOW)]
    assert not findings, "\n" + "\n".join(findings)


def test_a_keyboard_reaches_everything_and_comes_back_to_where_it_was(
    app: Flask, pages: list[tuple[Role | None, str]], desk: Page, live_server: str
) -> None:
    order = next(url for role, url in pages if role is Role.engineer and "/show/" in url)
    enter(desk, app, Role.dispatcher, live_server)
    desk.goto("/service_order/list/")
    desk.keyboard.press("Tab")
    expect(desk.locator(".skip")).to_be_in_viewport()
    desk.keyboard.press("Enter")
    assert [desk.evaluate(FOCUS) for _step in range(12) if desk.keyboard.press("Tab") is None] == [True] * 12
    menu = desk.locator(".filter-bar summary").first
    menu.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(".filter-bar .drop").first).to_be_visible()
    desk.keyboard.press("Tab")
    desk.keyboard.press("Escape")
    expect(desk.locator(".filter-bar .drop").first).to_be_hidden()
    expect(menu).to_be_focused()
    desk.goto(order)
    opener = desk.locator(".acts [aria-haspopup=dialog]").first
    opener.focus()
    desk.keyboard.press("Enter")
    assert [desk.evaluate(IN_DIALOG) for _step in range(12) if desk.keyboard.press("Tab") is None].count(False) <= 2, "the dialog lets go"
    desk.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_keyboard_goes_into_the_menu_of_a_narrow_window_and_comes_back(app: Flask, desk: Page, live_server: str) -> None:
    enter(desk, app, Role.dispatcher, live_server)
    desk.set_viewport_size(PHONE)
    desk.goto("/service_order/list/")
    desk.wait_for_load_state()  # what opens the drawer has arrived
    opener = desk.locator("[data-side-toggle]")
    opener.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(".side a").first).to_be_focused()
    desk.keyboard.press("Escape")
    expect(opener).to_be_focused()
