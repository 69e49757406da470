"""Rows come in from a file through the same door as by hand: tried first, each on its own, once however often it is begun."""

import json
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import event, func, select, update
from werkzeug.test import TestResponse

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.jobs import Job, Work
from aftersales.jobs.passes import clean
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.roles import Role
from aftersales.service.request import ServiceRequest
from aftersales.spreadsheet import importing
from aftersales.spreadsheet.fields import importable
from aftersales.spreadsheet.incoming import Import, ImportRow
from tests.api.caller import Caller
from tests.spreadsheet.conftest import saved
from tests.world import FOREIGN

GOOD = {"region_id": "华东", "level": "Tertiary A"}


def names(app: Flask, like: str) -> list[str]:
    with app.app_context(), acting_as(SYSTEM):
        return list(db.session.scalars(select(Customer.name).where(Customer.name.like(f"{like}%")).order_by(Customer.name)))


def test_the_template_has_marks_drop_downs_custom_fields_and_an_example_that_is_never_imported(app: Flask, office) -> None:
    manager = office(Role.manager)
    book = manager.template("device")
    sheet = book.worksheets[0]
    fields, heads = ([cell.value for cell in sheet[row]] for row in (1, 2))
    captions = dict(zip(fields, heads, strict=True))
    assert sheet.row_dimensions[1].hidden
    assert (captions["model_id"], captions["serial_no"], captions["x_supply"]) == ("Model *", "Serial number", "Supply")
    rules = {rule.formula1.split("!")[0].strip("'"): rule.sqref for rule in sheet.data_validations.dataValidation}
    assert [book[name].sheet_state for name in rules] == ["hidden"]
    assert "Uninterruptible" in {cell.value for row in book["Choices"].iter_rows() for cell in row}
    page = manager.client.get(manager.bring("device", saved(book))).text
    assert "The file has no rows to import" in page
    assert "1 example row was left out." in page
    manager.client.get("/lang/zh")
    assert manager.template("device").worksheets[0]["B2"].value == "产品型号 *"


@pytest.mark.sqlite
def test_every_type_that_people_write_has_a_template(app: Flask, office) -> None:
    administrator = office(Role.administrator)
    keys = [cls.key() for cls in SharedRecord.record_types.values() if cls.__module__.startswith("aftersales.") and importable(cls)]
    assert len(keys) > 25
    for key in keys:
        assert administrator.template(key).worksheets[0]["A1"].value == f"sheet:{key}"


def test_a_trial_stores_nothing_and_names_row_and_cell_then_the_good_rows_come_in_with_number_and_reason(app: Flask, office) -> None:
    manager = office(Role.manager)
    rows = [
        GOOD | {"name": "甲医院"}, GOOD | {"name": "乙医院", "level": "best"}, GOOD | {"name": "甲医院"}, GOOD,
        GOOD | {"name": "华东仁安医院"}, GOOD | {"name": "丙医院", "region_id": "Mars"},
        GOOD | {"name": "丁医院", "contact_phone": 13900001111},
    ]  # fmt: skip
    page = manager.bring("customer", manager.fill("customer", *rows))
    text = manager.client.get(page).text
    assert names(app, "甲") == []
    for wrong in ("Row 5", "“best” is no choice", "Row 6", "already exists", "Row 7", "required", "Row 8", "Row 9", "no Region “Mars”"):
        assert wrong in text
    sheet = manager.returned(page).worksheets[0]
    told = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    assert [row[-1] for row in told] == [5, 6, 7, 8, 9]
    assert (sheet["D3"].comment.text, sheet["D3"].fill.fgColor.rgb[-6:]) == ("“best” is no choice of this field.", "FFC7CE")
    assert "2" in manager.take(page)
    assert names(app, "甲") + names(app, "丁") == ["甲医院", "丁医院"]
    manager.take(page)
    with app.app_context(), acting_as(SYSTEM):
        record = db.session.scalars(select(Customer).where(Customer.name == "丁医院")).one()
        assert (record.number[:6], record.contact_phone) == ("CU-HD-", "13900001111")
        born = db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "Customer", AuditEntry.record_id == record.id)).one()
        assert (born.actor_name, born.reason) == ("Manager Test", "Import 1: rows.xlsx")
        assert db.session.scalar(select(func.count()).where(AuditEntry.kind == "Import", AuditEntry.action == "import")) == 2


def test_the_returned_workbook_is_corrected_and_brought_again(app: Flask, office) -> None:
    manager = office(Role.manager)
    page = manager.bring("customer", manager.fill("customer", GOOD | {"name": "甲医院", "level": "best"}))
    book = manager.returned(page)
    book.worksheets[0]["D3"].value = "三级甲等"
    manager.take(manager.bring("customer", saved(book)))
    assert names(app, "甲") == ["甲医院"]


def test_only_the_chosen_rows_come_in(app: Flask, office) -> None:
    manager = office(Role.manager)
    page = manager.bring("customer", manager.fill("customer", *(GOOD | {"name": f"医院{n}"} for n in range(5))))
    assert "Name rows like this" in manager.client.post(f"{page}/import", data={"rows": "all"}, follow_redirects=True).text
    manager.take(page, "5-6，8")
    assert names(app, "医院") == ["医院1", "医院2", "医院4"]
    manager.take(page)
    assert len(names(app, "医院")) == 5


def test_an_import_that_was_killed_goes_on_and_takes_no_row_twice(app: Flask, office, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = office(Role.manager)
    monkeypatch.setattr(importing, "BATCH", 2)
    page = manager.bring("customer", manager.fill("customer", *(GOOD | {"name": f"医院{n}"} for n in range(5))))
    advance = Work.advance

    def killed(work: Work, done: int, total: int | None = None) -> None:
        if done > 2:
            raise KeyboardInterrupt
        advance(work, done, total)

    monkeypatch.setattr(Work, "advance", killed)
    with pytest.raises(KeyboardInterrupt):
        manager.take(page)
    monkeypatch.setattr(Work, "advance", advance)
    assert names(app, "医院") == ["医院0", "医院1"]
    assert "under way" in manager.client.post(f"{page}/import", follow_redirects=True).text
    with app.app_context():
        db.session.execute(update(Job).values(beat_at=datetime(2026, 1, 1, tzinfo=UTC)))
        db.session.commit()
    assert "Continue" in manager.client.get(page).text
    manager.take(page)
    assert names(app, "医院") == [f"医院{n}" for n in range(5)]


def test_two_rows_that_exclude_each_other_are_found_however_far_apart(app: Flask, office, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = office(Role.manager)
    monkeypatch.setattr(importing, "BATCH", 1)
    rows = [{"model_id": "VX-90", "serial_no": serial, "customer_id": "华东仁安医院"} for serial in ("S1", "S2", "S1")]
    text = manager.client.get(manager.bring("device", manager.fill("device", *rows))).text
    assert "Row 4 has the same." in text


def test_a_table_of_another_program_is_assigned_once_and_then_remembered(app: Flask, office) -> None:
    intake = office(Role.intake)
    table = (
        "Account;Short description;Opened;Contact type;Serial number;Priority\n"
        '华东仁安医院;"报警; 不停止";20/11/2026 09:12;Telefon;HD-0001;1 - Critical\n'
        "No such hospital;屏幕不亮;20/11/2026;Telefon;;\n"
    ).encode("gbk")
    columns = intake.bring("service_request", table, "incidents.csv")
    page = intake.client.get(columns).text
    chosen = [row.split('value="')[1].split('"')[0] for row in page.split(" selected>")[:-1] for row in [row.rsplit("<option ", 1)[1]]]
    assert chosen == ["customer_id", "fault_text", "received_at", "channel", "serial_text", "ymd"]
    refused = intake.client.post(columns, data={"column": ["customer_id", "", "", "", "", ""], "date_order": "dmy"})
    assert refused.status_code == 422
    assert "is required: choose a column" in refused.text
    said = {"column": [*chosen[:5], ""], "date_order": "dmy", "fixed.region_id": "HD", "fixed.is_device_down": "Yes"}
    show = intake.client.post(columns, data=said).location
    intake.work()
    assert "“Telefon” is no choice" in intake.client.get(show).text
    mended = intake.client.get(intake.bring("service_request", table.replace(b"HD-0001", b"HD-0003"), "mended.csv")).text
    assert 'value="dmy" selected' in mended  # who mends the errors in the other program brings a new file before anything was imported
    assert intake.client.post(f"{show}/words", data={"mean.channel": "hotline"}).status_code == 303
    intake.work()
    text = intake.take(show)
    assert "There is no Customer “No such hospital”." in text
    with app.app_context(), acting_as(SYSTEM):
        made = db.session.scalars(select(ServiceRequest).order_by(ServiceRequest.id.desc()).limit(1)).one()
        told = (made.fault_text, made.received_at, made.channel.value, made.is_device_down, made.customer.name)
        assert told == ("报警; 不停止", datetime(2026, 11, 20, 1, 12, tzinfo=UTC), "hotline", True, "华东仁安医院")
    again = intake.client.get(intake.bring("service_request", table.replace(b"HD-0001", b"HD-0002"), "more.csv")).text
    assert 'value="dmy" selected' in again
    assert 'name="fixed.region_id" id="fixed.region_id" value="HD"' in again


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"", "rows.xlsx", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "rows.xlsx", "Choose an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40, "rows.xls", "saved as .xlsx"),
        (b"PK\x03\x04 not a zip at all", "rows.xlsx", "are kept"),
        (b"\n\n", "rows.csv", "no headings"),
        (b"a,b\n" + b"x" * 200_000, "rows.csv", ""),
        (b"a" * (10 * 1024 * 1024 + 1), "rows.csv", "larger than 10 MB"),
    ],
    ids=["empty", "picture", "old", "broken", "blank", "one long line", "large"],
)
@pytest.mark.sqlite
def test_what_is_no_table_is_refused_with_the_reason_at_the_file(office, data: bytes, name: str, told: str) -> None:
    answer = office(Role.manager).client.post("/import/customer/", data={"file": (BytesIO(data), name)})
    assert answer.status_code == (422 if told else 303)
    assert told in answer.text


@pytest.mark.sqlite
def test_a_bomb_a_damaged_sheet_and_the_template_of_another_type_are_refused(office) -> None:
    import zipfile

    manager = office(Role.manager)

    def refused(data: bytes) -> str:
        answer = manager.client.post("/import/customer/", data={"file": (BytesIO(data), "rows.xlsx")})
        assert answer.status_code == 422
        return answer.text

    assert "This sheet is for Device, not for Customer." in refused(manager.fill("device"))
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/workbook.xml", b"0" * (201 * 1024 * 1024))
    assert "unpacks to more than 200 MB" in refused(out.getvalue())
    whole = BytesIO()
    with zipfile.ZipFile(BytesIO(manager.fill("customer"))) as read, zipfile.ZipFile(whole, "w") as write:
        for part in read.namelist():
            write.writestr(part, read.read(part)[:200] if part.endswith("workbook.xml") else read.read(part))
    assert "damaged" in refused(whole.getvalue())


def test_formulas_of_a_file_are_neither_calculated_nor_given_back_as_such(app: Flask, office) -> None:
    manager = office(Role.manager)
    book = Workbook()
    book.active.append(["医院名称", "区域", "医院等级", "城市"])
    book.active.append(["+甲医院", "nowhere", "三级甲等", "@SUM(A1)"])
    columns = manager.bring("customer", saved(book))
    show = manager.client.post(columns, data={"column": ["name", "region_id", "level", "city"], "date_order": "ymd"}).location
    manager.work()
    cells = next(manager.returned(show).worksheets[0].iter_rows(min_row=2))
    assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in cells if cell.value in ("+甲医院", "@SUM(A1)")] == [
        ("+甲医院", "s", True), ("@SUM(A1)", "s", True),
    ]  # fmt: skip


def test_nobody_imports_without_the_right_or_beyond_their_regions(app: Flask, office) -> None:
    manager, engineer = office(Role.manager), office(Role.engineer)
    page = manager.bring("customer", manager.fill("customer", GOOD | {"name": "甲医院"}))
    for path in ("/import/customer/", "/import/customer/template", page):
        assert engineer.client.get(path).status_code == 403
    assert "/import/" not in engineer.client.get("/customer/list/").text
    assert engineer.client.post(f"{page}/import").status_code == 403
    assert office(Role.administrator).client.get(page).status_code == 404  # a file is its bringer's
    assert manager.client.get("/import/service_request/").status_code == 403  # may import, may not write these
    assert manager.client.get("/import/deviation/").status_code == 404  # nobody writes these
    assert app.test_client().get("/import/customer/").location.startswith("/login")
    _give(app, Role.sales, "can_import", "Spreadsheet")
    _give(app, Role.sales, "can_write", "Device")
    sales = office(Role.sales)
    where = [{"customer_id": "西南仁安医院"}, {"region_id": FOREIGN, "is_loaner": "yes"}, {"is_loaner": "yes"}]
    rows = [{"model_id": "VX-90", "serial_no": f"S{number}", **place} for number, place in enumerate(where, 1)]
    text = sales.take(sales.bring("device", sales.fill("device", *rows)))
    assert "There is no Customer “西南仁安医院”." in text
    assert f"There is no Region “{FOREIGN}”." in text or "This region is not yours." in text
    with app.app_context(), acting_as(SYSTEM):
        made = db.session.scalars(select(Device).where(Device.serial_no.in_(("S1", "S2", "S3")))).all()
        assert [(device.serial_no, device.region.code) for device in made] == [("S3", "HD")]


def test_imports_are_forgotten_after_ninety_days(app: Flask, office) -> None:
    manager = office(Role.manager)
    page = manager.bring("customer", manager.fill("customer", GOOD))
    assert manager.client.get(page).status_code == 200
    with app.app_context(), acting_as(SYSTEM):
        db.session.execute(update(Import).values(asked_at=datetime(2026, 1, 1, tzinfo=UTC)))
        clean()
        assert db.session.scalars(select(ImportRow)).all() == []
    assert manager.client.get(page).status_code == 404


def _give(app: Flask, role: str, permission: str, kind: str) -> None:
    with app.app_context(), acting_as(SYSTEM):
        sm = app.appbuilder.sm
        stored = sm.find_role(str(role))
        stored._audit_reason = "test"
        stored.permissions = [*stored.permissions, sm.find_permission_view_menu(permission, kind)]
        db.session.commit()


def test_rows_inside_a_record_name_it_in_their_first_column(app: Flask, office) -> None:
    manager = office(Role.manager)
    row = {"customer_id": "华东仁安医院", "name": "钱工", "phone": "13900005555"}
    manager.take(manager.bring("customer_contact", manager.fill("customer_contact", row)))
    with app.app_context(), acting_as(SYSTEM):
        customer = db.session.scalars(select(Customer).where(Customer.name == "华东仁安医院")).one()
        assert [contact.name for contact in customer.contacts][-1] == "钱工"


def test_dates_come_as_people_write_them(app: Flask, office) -> None:
    manager = office(Role.manager)
    days = ["2026年3月1日", "2026/3/1", date(2026, 3, 1), 46082, "2026-03-01"]
    rows = [{"model_id": "VX-90", "serial_no": f"S{n}", "is_loaner": True, "region_id": "HD", "made_on": day} for n, day in enumerate(days)]
    manager.take(manager.bring("device", manager.fill("device", *rows)))
    with app.app_context(), acting_as(SYSTEM):
        made = select(func.count()).where(Device.made_on == date(2026, 3, 1), Device.is_loaner.is_(True))
        assert db.session.scalar(made) == len(days)


def test_programs_bring_a_file_follow_it_and_let_it_in(app: Flask, office) -> None:
    caller, manager = Caller.named(app, Role.manager, "en"), office(Role.manager)
    assert caller.get("/import/customer/template").data.startswith(b"PK")
    table = "Hospital,Grade,Remark\n甲医院,AAA,x\n,AAA,y\n".encode()

    def bring(mapping: dict) -> TestResponse:
        form = {"file": (BytesIO(table), "sheet.csv"), "mapping": json.dumps(mapping)}
        return caller("POST", "/import/customer", data=form)

    said = {"columns": {"Hospital": "name", "Grade": "level"}, "fixed": {"region_id": "HD"}, "meanings": {"level": {"AAA": "tertiary_a"}}}
    best = said | {"meanings": {"level": {"AAA": "best"}}}
    for wrong in ({"columns": {"Hospital": "no_such_field"}}, {"columns": []}, {"other": 1}, best):
        answer = bring(wrong)
        assert answer.status_code == 422, wrong
        assert answer.json["errors"]
    answer = bring(said)
    assert (answer.status_code, answer.json["result"]["state"]) == (202, "running")
    file = answer.headers["Location"].removeprefix("/api/v1")
    assert caller.post(f"{file}/import", {}).status_code == 422  # the trial has not ended
    manager.work()
    told = caller.get(file).json["result"]
    assert (told["rows"], told["good"], told["at_fault"], told["stored"]) == (2, 1, 1, 0)
    assert told["faults"] == [{"row": 3, "column": "A", "heading": "Name", "text": "This field is required."}]
    assert caller.get(f"{file}/result").data.startswith(b"PK")
    assert caller.post(f"{file}/import", {"rows": "x"}).status_code == 422
    assert caller.post(f"{file}/import", {"rows": "2-3"}).status_code == 202
    manager.work()
    assert caller.get(file).json["result"]["stored"] == 1
    assert names(app, "甲") == ["甲医院"]
    assert Caller.named(app, Role.engineer).get(file).status_code == 403
    assert Caller.named(app, Role.administrator).get(file).status_code == 404
    assert Caller(app, "").post("/import/customer").status_code == 401


def test_what_rows_name_is_looked_up_once_for_all_of_them(app: Flask, office) -> None:
    manager, asked = office(Role.manager), []
    rows = [{"model_id": "VX-90", "serial_no": f"S{number}", "customer_id": "华东仁安医院"} for number in range(30)]
    data = manager.fill("device", *rows)

    def watch(_connection, _cursor, statement: str, *_rest) -> None:
        asked.extend(table for table in ("device_model", "customer") if f"FROM {table}" in statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", watch)
    page = manager.bring("device", data)
    with app.app_context():
        event.remove(db.engine, "before_cursor_execute", watch)
    assert sorted(asked) == ["customer", "device_model"]
    assert "30" in manager.client.get(page).text
