"""What is set up at a desk without code: a role from nothing, a rule that another person approves, a table with errors."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.roles import Role
from tests.browser.typing_in import write
from tests.deadlines.test_panels import RULE
from tests.spreadsheet.conftest import Office
from tests.spreadsheet.test_import import GOOD
from tests.world import MONDAY, PASSWORD


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_time, "_set", type("Fixed", (), {"get": lambda self: MONDAY})())


def test_a_role_made_from_nothing_opens_what_was_ticked_and_nothing_else(desk: Page) -> None:
    sign_in(desk, Role.administrator)
    desk.goto("/roles/")
    opens(desk, "new-role")
    write(desk.locator("#new-role"), {"name": "计量员", "reason": "检测仪器由专人管理"})
    desk.locator("#new-role footer .primary").click()
    expect(desk.locator("h1")).to_contain_text("计量员")
    for right in ("can_read", "can_write"):
        desk.locator(f"label.tick:has(input[value='{right}:TestInstrument'])").click()
    write(desk.locator("form[data-guard]"), {"reason": "只管检测仪器"})
    desk.locator("form[data-guard] .form-foot .primary").click()
    expect(desk.locator("aside")).to_contain_text("只管检测仪器")  # its story

    desk.goto("/accounts/?q=sales")
    desk.locator("tbody a[href*='/accounts/']").first.click()
    opens(desk, "do-roles")
    dialog = desk.locator("#do-roles")
    dialog.locator("label.tick:has(input:checked)").click()
    dialog.locator("label.tick", has_text="计量员").click()
    write(dialog, {"reason": "换岗"})
    dialog.locator("footer .primary").click()
    expect(desk.locator(".chips").first).to_contain_text("计量员")

    sign_in(desk, Role.sales)
    expect(desk.locator(".side a[href*='/list/']")).to_have_text(["检测工具"])
    desk.goto("/test_instrument/list/")
    expect(desk.locator("a[href*='/test_instrument/add']").first).to_be_visible()
    assert desk.request.get("/customer/list/").status == 403


def test_a_rule_is_proposed_by_one_and_approved_by_another_who_sees_what_it_moves(desk: Page) -> None:
    sign_in(desk, Role.quality)
    desk.goto("/clock_rule/add?milestone=respond")
    write(desk, {name: text for name, text in RULE.items() if name not in ("unit", "kind")})
    for name in ("unit", "kind"):
        desk.locator(f"select[name={name}]").select_option(RULE[name])
    desk.locator("input[name='condition-risk'][value=high]").locator("..").click()
    desk.locator("button[form=record-form].primary").click()
    expect(desk.locator("h1")).to_contain_text(RULE["name"])
    page = desk.url
    expect(desk.locator("[data-dialog='#move-approve']")).to_have_count(0)  # nobody approves what they proposed

    sign_in(desk, Role.manager)
    desk.goto(page)
    expect(desk.locator("main")).to_contain_text("30 分钟")
    opens(desk, "move-approve")
    desk.locator("#move-approve footer .primary").click()
    expect(desk.locator("[data-dialog='#move-approve']")).to_have_count(0)
    desk.goto("/clock_rule/list/?tab=coming")
    expect(desk.locator("main")).to_contain_text(RULE["name"])


def test_look_ups_show_words_without_their_script_and_take_several_with_it(app: Flask, desk: Page) -> None:
    sign_in(desk, Role.manager)
    with app.app_context(), acting_as(SYSTEM):
        customer = db.session.scalars(select(Customer).order_by(Customer.id)).first()
        customer_id, name = customer.id, customer.name
    desk.goto(f"/service_contract/add?customer_id={customer_id}")
    without = desk.context.browser.new_context(java_script_enabled=False, storage_state=desk.context.storage_state())
    still = without.new_page()
    still.goto(desk.url)
    expect(still.locator("#customer_id + input")).to_have_value(name)
    without.close()
    box = desk.locator("#devices + .combo input")
    for _time in range(2):
        box.click()
        desk.locator("[role=option]").nth(_time).click()
    expect(desk.locator(".combo-chips li")).to_have_count(2)
    assert desk.locator("#devices").input_value().count(",") == 1


def test_what_the_address_of_a_form_presets_brings_what_follows_from_it(app: Flask, desk: Page) -> None:
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.scalars(select(Device).order_by(Device.id).limit(1)).one()
        device_id, customer_id = device.id, device.customer_id
    sign_in(desk, Role.regulatory)
    desk.goto(f"/vigilance_assessment/add?device_id={device_id}")
    expect(desk.locator("[name=customer_id]")).to_have_value(str(customer_id))
    expect(desk.locator(".taken label").first).to_contain_text("自动带入")


def test_a_table_with_errors_says_them_by_cell_and_lets_the_good_rows_in(app: Flask, desk: Page, tmp_path: Path) -> None:
    office, path = Office(app, Role.manager), tmp_path / "客户.xlsx"
    path.write_bytes(office.fill("customer", GOOD | {"name": "甲医院"}, GOOD | {"name": "乙医院", "level": "best"}))
    sign_in(desk, Role.manager)
    desk.goto("/import/customer/")
    desk.set_input_files("#file", path)
    desk.locator("button[form=bring].primary").click()
    office.work()
    expect(desk.locator("main")).to_contain_text("第 5 行")
    expect(desk.locator("main table").last).to_contain_text("best")
    assert names(app) == []
    desk.locator("form[action$='/import'] .primary").click()
    office.work()
    expect(desk.locator("main a[href*='/customer/show/']")).to_have_text(["甲医院"])
    assert names(app) == ["甲医院"]


def sign_in(page: Page, role: Role) -> None:
    door = page.locator("form[action='/account/signout']").first
    if door.count():
        door.evaluate("form => form.requestSubmit()")
        expect(page.locator("#username")).to_be_visible()
    page.goto("/lang/zh")  # an account keeps the language that another test chose for it
    page.goto("/login/")
    write(page, {"username": role.value, "password": PASSWORD})
    page.press("#password", "Enter")
    page.wait_for_url("**/")


def opens(page: Page, dialog: str) -> None:
    page.wait_for_load_state()  # what opens dialogs has arrived
    page.locator(f"[data-dialog='#{dialog}']").first.click()
    expect(page.locator(f"#{dialog}")).to_be_visible()


def names(app: Flask) -> list[str]:
    with app.app_context(), acting_as(SYSTEM):
        return list(db.session.scalars(select(Customer.name).where(Customer.name.in_(["甲医院", "乙医院"]))))


def test_the_text_in_an_english_list_keeps_a_width_to_be_read_in(app: Flask, desk: Page) -> None:
    with app.app_context(), acting_as(SYSTEM):
        for customer in db.session.scalars(select(Customer)):
            customer.name, customer._audit_reason = f"{customer.name}（东院区，原人民医院）", "改名"
        db.session.commit()
    sign_in(desk, Role.quality)
    desk.goto("/lang/en")
    desk.goto("/service_order/list/")
    widths = desk.evaluate("() => [...document.querySelectorAll('.listing td > div:not(.nowrap)')].map((cell) => cell.clientWidth)")
    assert min(widths) > 80
