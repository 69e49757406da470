"""The job once as people do it, on a telephone: taps, typing, a photo, a finger's signature. No page asks another host for anything."""

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from aftersales.record import now as server_time
from aftersales.record.printing.verify import verify_pdf
from aftersales.roles import Role
from tests.browser.typing_in import write
from tests.portal.nurse import token_of_device
from tests.world import MONDAY, PASSWORD


class Running:
    """The server's clock, set to the world's Monday and running on, for all of its threads."""

    def __init__(self) -> None:
        self.begun = time.monotonic()

    def get(self) -> object:
        return MONDAY + timedelta(hours=1, seconds=time.monotonic() - self.begun)


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_time, "_set", Running())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "alarm.jpg"
    Image.new("RGB", (800, 600), "steelblue").save(path)
    return path


def test_a_repair_runs_on_a_telephone_from_the_label_to_the_customers_copy(app: Flask, phone: Page, photo: Path) -> None:
    label, certificate = token_of_device(app, "HD-0001"), app.extensions["signer"].certificate_pem
    progress = report(phone, label, photo)
    order = register(phone)
    dispatch(phone, order)
    repair(phone, order, photo)
    sign_and_complete(phone, order)
    code = close(phone, order)
    copy = customers_copy(phone, progress)
    assert verify_pdf(copy, [certificate]).is_genuine
    phone.goto(f"/v/{code}")
    expect(phone.locator(".verdict.ok")).to_be_visible()


def sign_in(page: Page, role: Role) -> None:
    sign_out(page)
    page.goto("/login/")
    write(page, {"username": role.value, "password": PASSWORD})
    page.tap("main .btn.primary")
    expect(page.locator("main#main")).to_be_visible()


def sign_out(page: Page) -> None:
    door = page.locator(".side-foot form[action='/account/signout'] button")
    if door.count():
        page.wait_for_load_state()  # what opens the drawer has arrived
        page.locator("[data-side-toggle]").tap()
        door.tap()
        expect(page.locator("#username")).to_be_visible()


def choose(page: Page, name: str, value: str) -> None:
    """Tap the button of an answer; the radio itself is drawn away."""
    page.locator(f"label:has(input[name='{name}'][value='{value}'])").first.tap()


def perform(page: Page, move: str) -> None:
    """Open a move's dialog by its button, and send it."""
    page.locator(f"[data-dialog='#move-{move}']:visible").first.tap()
    send(page, move)


def send(page: Page, move: str) -> None:
    with page.expect_navigation(timeout=60_000):  # the first paper of a process loads its fonts
        page.locator(f"#move-{move} footer button:not([type=button])").tap()
    expect(page.locator(f"#move-{move}")).to_have_count(0)


def report(page: Page, label: str, photo: Path) -> str:
    page.goto(f"/p/{label}")
    page.fill("[name=fault_text]", "开机自检后报警，无法送气")
    for name, value in (("is_device_down", "yes"), ("is_treatment_affected", "no"), ("has_alternative", "no"), ("harm", "not_sure")):
        choose(page, name, value)
    page.set_input_files("[name=photos]", photo)
    write(page, {"department": "重症医学科", "caller_name": "顾小满", "caller_phone": "139 0000 5511"})
    page.tap("form .btn.primary")
    expect(page.locator(".ref")).to_have_text(re.compile(r"SR-HD-2026-\d{6}"))
    page.tap("a.btn.primary")
    expect(page.locator(".timeline")).to_be_visible()
    return page.url


def register(page: Page) -> str:
    """Returns the address of the order."""
    sign_in(page, Role.intake)
    page.goto("/intake/")
    page.locator("#queue a[href*='request=']").first.tap()
    page.locator("button[name=do][value=order]").tap()
    expect(page.locator(".read-out")).to_contain_text("SO-HD-2026-")
    return page.locator("a[href*='/service_order/show/']").first.get_attribute("href")


def dispatch(page: Page, order: str) -> None:
    sign_in(page, Role.dispatcher)
    page.goto(f"/dispatch/?order={order.rsplit('/', 1)[1]}")
    page.locator("#crew .mates label").filter(has_text="华东engineer").first.tap()
    with page.expect_navigation():
        page.locator("#crew form .btn.primary").first.tap()
    expect(page.locator("#assign")).to_have_count(0)  # nobody is being sent any more; the people stay in sight


def repair(page: Page, order: str, photo: Path) -> None:
    sign_in(page, Role.engineer)
    page.goto(order)
    perform(page, "accept")
    perform(page, "arrive")
    diagnose(page, order)
    page.goto(f"/part_replaced/add?parent={order.rsplit('/', 1)[1]}")
    write(page, {"part_no": "VX-S04", "name": "流量传感器", "new_serial_no": "FS-2026-402", "reason": "零点漂移"})
    page.locator("form.record-form .btn.primary").tap()
    expect(page.locator("main")).to_contain_text("FS-2026-402")
    measure(page, order)
    page.goto(order)
    page.locator(".job-dock input[type=file]").set_input_files(photo)
    expect(page.locator(".files")).to_contain_text("alarm.jpg")


def diagnose(page: Page, order: str) -> None:
    page.goto(order.replace("/show/", "/edit/"))
    write(
        page,
        {
            "cause": "流量传感器零点漂移",
            "plan": "更换流量传感器并校准",
            "plan_explained_to": "顾小满",
            "plan_explained_at": "2026-11-16T10:00",
        },
    )
    category = page.locator("[name=cause_category_id] + .combo [role=combobox]")
    category.tap()
    category.type("失效")
    page.locator("[role=option]", has_text="元器件失效").tap()
    page.locator("form.record-form .btn.primary").tap()
    expect(page).to_have_url(re.compile(re.escape(order)))


def measure(page: Page, order: str) -> None:
    page.goto(order.replace("/show/", "/") + "/test")
    instrument = page.locator("select[name^=instrument-]")
    instrument.select_option(instrument.locator("option", has_text="QL-HD-1").get_attribute("value"))
    page.locator("input[name^=item-][inputmode=decimal]").fill("503")
    page.locator("label:has(input[name^=item-][value=true])").tap()
    page.locator("form.sheet .btn.primary").tap()
    expect(page.locator(".verdict .chip.ok")).to_have_count(2)


def sign_and_complete(page: Page, order: str) -> None:
    page.goto(order)
    page.locator("[data-dialog='#move-complete']").first.tap()
    dialog = page.locator("#move-complete")
    dialog.locator("[name=result]").select_option("usable")
    write(dialog, {"accepted_by": "设备科 闻工", "satisfaction": "95", "signer": "设备科 闻工"})
    draw(page)
    send(page, "complete")


def draw(page: Page, dialog: str = "#move-complete") -> None:
    """A stroke across the pad, in small steps as a finger makes it."""
    pad = page.locator(f"{dialog} canvas")
    pad.evaluate("pad => pad.scrollIntoView({block: 'center'})")  # the buttons of the dialog lie over its lower edge
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 20 + step * 22, box["y"] + box["height"] * (0.3 if step % 2 else 0.7), steps=4)
    page.mouse.up()
    assert page.locator(f"{dialog} input[name=drawn]").input_value().startswith("data:image/png;base64,")


def close(page: Page, order: str) -> str:
    """Returns the code of the sealed report."""
    sign_in(page, Role.quality)
    page.goto(order)
    page.locator("[data-dialog='#move-close']").first.tap()
    write(page.locator("#move-close"), {"review_opinion": "资料齐全，同意关闭", "password": PASSWORD})
    send(page, "close")
    return page.locator("a[href^='/v/']").first.get_attribute("href").rsplit("/", 1)[1]


def customers_copy(page: Page, progress: str) -> bytes:
    sign_out(page)
    page.goto(progress)
    address = page.locator("a[href$='.pdf']").first.get_attribute("href")
    answer = page.request.get(address)
    assert answer.ok
    return answer.body()
