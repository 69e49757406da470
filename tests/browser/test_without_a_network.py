"""The engineer in a cellar: pages opened before stay; what is done there waits on the telephone and is sent once, over nobody's work."""

import re
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.attachments import attachments_of
from aftersales.record.clocks import runs_of
from aftersales.record.signatures import signatures_of
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from tests.browser.conftest import Watch
from tests.browser.test_the_main_job import choose, draw, sign_in, sign_out
from tests.browser.typing_in import write
from tests.scenarios.dispatched import dispatched_order
from tests.world import MONDAY, OWN, specimen


class Clock:
    """The server's clock, running on from ten past nine on Monday; `later` moves it while the telephone is away."""

    def __init__(self) -> None:
        self.begun, self.later = time.monotonic(), timedelta()

    def get(self) -> datetime:
        return MONDAY + timedelta(minutes=10, seconds=time.monotonic() - self.begun) + self.later


@pytest.fixture
def order_id(app: Flask) -> int:
    return dispatched_order(app)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(server_time, "_set", clock)
    return clock


@pytest.fixture
def cellar(phone: Page, watch: Watch) -> Page:
    watch.expected += ["net::ERR_"]
    phone.on("dialog", lambda dialog: dialog.accept())
    return phone


def test_a_repair_in_a_cellar_arrives_once_and_meets_its_clock_by_when_it_was_done(
    app: Flask, order_id: int, cellar: Page, clock: Clock, tmp_path: Path
) -> None:
    open_before(cellar, f"/service_order/show/{order_id}")
    cellar.context.set_offline(True)
    cellar.reload()
    expect(cellar.locator(".kept")).to_contain_text("09:10")
    for move, dialog in (("accept", "#move-accept"), ("arrive", "#ahead-arrive")):
        step(cellar, move)
        send(cellar, f"{dialog} footer .primary")
    diagnose(cellar)
    measure(cellar)
    picture = tmp_path / "alarm.jpg"
    Image.new("RGB", (80, 60), "steelblue").save(picture)
    with cellar.expect_navigation():
        cellar.locator(".job-dock input[type=file]").set_input_files(picture)
    step(cellar, "complete")
    dialog = cellar.locator("#ahead-complete")
    dialog.locator("[name=result]").select_option("usable")
    write(dialog, {"accepted_by": "设备科 闻工", "satisfaction": "95", "signer": "设备科 闻工"})
    draw(cellar, "#ahead-complete")
    send(cellar, "#ahead-complete footer .primary")
    expect(cellar.locator("#connection")).to_have_text("已离线 · 6 条待发")

    clock.later = timedelta(minutes=100)  # the session lasts two hours
    cellar.context.set_offline(False)
    expect(cellar.locator(".kept")).to_have_count(0)
    expect(cellar.locator("#connection")).to_be_hidden()  # all six have gone, not only those that the page tells already
    expect(cellar.locator("main")).to_contain_text("发送于 2026-11-16 10:5")
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.get_one(ServiceOrder, order_id)
        met = {run.milestone: (run.state, run.sent_at is not None) for run in runs_of(db.session, order)}
        assert (order.state, met["respond"], met["on_site"]) == ("completed", ("met", True), ("met", True))
        assert order.responded_at < order.arrived_at < order.completed_at < MONDAY + timedelta(minutes=15)
        assert [file.name for file in attachments_of(db.session, order)] == ["alarm.jpg"]
        assert [signature.is_valid for signature in signatures_of(db.session, order)] == [True]
        assert len(order.visits) == 1
    sign_out(cellar)
    assert cellar.evaluate("caches.keys().then((names) => names.filter((name) => name.startsWith('pages')))") == []


def test_what_others_changed_meanwhile_is_shown_beside_mine(app: Flask, cellar: Page, clock: Clock) -> None:
    order_id = specimen(app, ServiceOrder, OWN)
    open_before(cellar, f"/service_order/show/{order_id}")
    cellar.context.set_offline(True)
    cellar.goto(f"/service_order/edit/{order_id}")
    cellar.fill("[name=cause]", "传感器漂移")
    send(cellar, "form.record-form .primary")
    with app.app_context(), acting_as(SYSTEM):
        db.session.get_one(ServiceOrder, order_id).cause = "主板老化"
        db.session.commit()
    cellar.goto("/service_order/list/")
    expect(cellar.locator("[data-absent]")).to_be_visible()
    cellar.context.set_offline(False)
    cellar.goto("/waiting/")
    expect(cellar.locator("[data-absent]")).to_be_hidden()
    expect(cellar.locator(".sides tbody tr")).to_have_text(re.compile("故障原因.*传感器漂移.*主板老化"))
    assert cause_of(app, order_id) == "主板老化"
    cellar.locator("#waiting .primary", has_text="仍以我的为准发送").tap()
    expect(cellar.locator("[data-empty]")).to_be_visible()
    assert cause_of(app, order_id) == "传感器漂移"


AT_ONCE = """document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive" || !location.pathname.includes("/edit/")) return;
  document.querySelector("[name=cause]").value = "传感器漂移";
  document.querySelector("form.record-form").requestSubmit();
})"""


# As another page or the worker changes what waits.
RENAMED = """async () => {
  const { all, put } = await import("/static/js/offline/store.js");
  for (const entry of await all()) await put({ ...entry, title: "改过的名字" });
}"""


def test_what_is_sent_before_the_scripts_are_there_waits_too(app: Flask, cellar: Page, clock: Clock) -> None:
    order_id = specimen(app, ServiceOrder, OWN)
    open_before(cellar, f"/service_order/show/{order_id}")
    cellar.context.set_offline(True)
    cellar.add_init_script(AT_ONCE)
    cellar.goto(f"/service_order/edit/{order_id}")
    cellar.wait_for_url("**/service_order/show/*")
    lists = cellar, cellar.context.new_page()
    for page in lists:
        page.goto("/waiting/")
        expect(page.locator("#waiting li.card")).to_have_count(1)
    lists[1].evaluate(RENAMED)
    expect(cellar.locator("#waiting li.card")).to_contain_text("改过的名字")
    cellar.context.set_offline(False)
    for page in lists:
        expect(page.locator("[data-empty]")).to_be_visible()
    assert cause_of(app, order_id) == "传感器漂移"


def open_before(page: Page, address: str) -> None:
    """Sign in and open the order while there is a network, until the telephone has it and its forms."""
    sign_in(page, Role.engineer)
    until(page, "() => navigator.serviceWorker.controller !== null")
    page.goto(address)
    until(page, "(address) => caches.match(address).then(Boolean)", f"/loaner/add?parent={address.rsplit('/', 1)[1]}")


def until(page: Page, question: str, argument: str | None = None) -> None:
    """Asks again until the page says yes. (Playwright's own waiting evaluates a string in the page, which its content policy forbids.)"""
    for _time in range(100):
        if page.evaluate(question, argument):
            return
        page.wait_for_timeout(100)
    raise AssertionError(question)


def step(page: Page, move: str) -> None:
    """The next step, as the dock offers it."""
    page.locator(f".job-dock [data-step$='/{move}']").tap()


def send(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).tap()


def diagnose(page: Page) -> None:
    page.locator(".job-dock [data-step*='/edit/']").tap()
    said = {"cause": "传感器零点漂移", "plan": "更换传感器", "plan_explained_to": "沈护士长", "plan_explained_at": "2026-11-16T09:10"}
    write(page, said)
    category = page.locator("[name=cause_category_id] + .combo [role=combobox]")
    category.tap()
    category.type("失效")
    page.locator("[role=option]", has_text="元器件失效").tap()
    send(page, "form.record-form .primary")


def measure(page: Page) -> None:
    page.locator(".job-dock [data-step$='/test']").tap()
    instrument = page.locator("select[name^=instrument-]")
    instrument.select_option(instrument.locator("option", has_text="QL-HD-1").get_attribute("value"))
    page.locator("input[name^=item-][inputmode=decimal]").fill("700")
    expect(page.locator(".verdict[data-now=failed]")).to_be_visible()
    page.locator("input[name^=item-][inputmode=decimal]").fill("503")
    choose(page, page.locator("input[name^=item-][value=true]").get_attribute("name"), "true")
    send(page, "form.sheet .primary")


def cause_of(app: Flask, order_id: int) -> str | None:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(ServiceOrder.cause).where(ServiceOrder.id == order_id)).one()
