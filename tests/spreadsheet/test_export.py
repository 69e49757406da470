"""What a list shows goes out as a workbook, and nothing else does."""

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.roles import Role
from tests.custom_fields.test_custom_fields import define
from tests.world import sign_in


def test_a_workbook_has_the_rows_of_the_list_and_none_of_a_foreign_region(app: Flask, office) -> None:
    book = office(Role.sales).export("device", "is_loaner=false&order=number")
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert rows[0] == tuple(Device.field_label(name, "en") for name in Device.listing)
    assert [row[2] for row in rows[1:]] == ["HD-0001", "HD-PM-1"]
    assert isinstance(rows[1][5], datetime)
    assert rows[1][6] == "In use"
    assert (book.worksheets[0].freeze_panes, book.worksheets[0].auto_filter.ref) == ("A2", "A1:G3")
    about = dict(book.worksheets[-1].iter_rows(values_only=True))
    assert about["Rows"] == 2
    assert "Order: Device number ↑" in about["Filter"]
    with app.app_context(), acting_as(SYSTEM):
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
        assert (entry.actor_name, entry.changes["rows"]) == ("Sales Test", [None, 2])


def test_text_that_a_spreadsheet_would_calculate_stays_text(app: Flask, office) -> None:
    risky = ["=HYPERLINK(\"http://example.invalid\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "#REF!"]
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.scalars(select(Device).where(Device.serial_no == "HD-0001")).one()
        same = {"region_id": device.region_id, "model_id": device.model_id, "is_loaner": True}
        db.session.add_all(Device(serial_no=f"R{number}", department=text, **same) for number, text in enumerate(risky))
        db.session.commit()
    sheet = office(Role.manager).export("device").worksheets[0]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value in risky]
    assert {cell.value for cell in cells} == set(risky)
    assert {(cell.data_type, cell.quotePrefix) for cell in cells} == {("s", True)}


def test_rows_inside_a_record_go_into_a_sheet_of_their_own_with_masks_for_who_may_not_read_them(office) -> None:
    book = office(Role.sales).export("customer")
    (row,) = list(book.worksheets[1].iter_rows(min_row=2, values_only=True))
    assert row[0] == "华东仁安医院"
    assert "139****3309" in row
    assert "13900003309" not in row


def test_who_may_not_export_gets_no_job(app: Flask) -> None:
    client = sign_in(app, Role.engineer)
    assert client.post("/sheet/device/export").status_code == 403
    assert "/sheet/device/export" not in client.get("/device/list/").text
    assert client.post("/sheet/no_such_type/export").status_code == 404
    manager = sign_in(app, Role.manager)
    assert manager.post("/sheet/device/export?order=place", follow_redirects=True).status_code == 200


def test_fields_that_a_company_added_go_out_in_words_and_come_in_from_a_template(app: Flask, office) -> None:
    manager = office(Role.manager)
    row = {"model_id": "VX-90", "serial_no": "EXP-0001", "customer_id": "华东仁安医院", "x_supply": "不间断电源"}
    manager.take(manager.bring("device", manager.fill("device", row)))
    rows = list(manager.export("device", "q=EXP-0001&columns=serial_no,x_supply").worksheets[0].iter_rows(values_only=True))
    assert rows == [("Serial number", "Supply"), ("EXP-0001", "Uninterruptible")]


def test_the_next_deadline_goes_out_as_the_list_shows_it(office) -> None:
    rows = list(office(Role.manager).export("service_order", "order=id").worksheets[0].iter_rows(values_only=True))
    assert rows[0][-1] == "Next due"
    assert isinstance(rows[1][-1], datetime)


def test_the_companys_own_fields_are_numbers_days_and_words_and_masked_where_personal(app: Flask, office) -> None:
    for name, kind, more in (
        ("Area", "number", {"unit": "m2"}), ("Moved", "date", {}), ("Zone", "choice", {"choices": ("A",)}), ("Shared", "yes_no", {}),
        ("Warden", "text", {"is_personal": True}),
    ):  # fmt: skip
        define(app, "device.place", name, kind, is_listed=True, **more)
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.scalars(select(Device).where(Device.serial_no == "HD-0001")).one()
        device._audit_reason = "补录"
        device.custom = {"area": "9.5", "moved": "2026-03-01", "zone": "A", "shared": True, "warden": "=沈护士长"}
        db.session.commit()
    query = "q=HD-0001&columns=x_area,x_moved,x_zone,x_shared,x_warden"
    rows = list(office(Role.manager).export("device", query).worksheets[0].iter_rows(values_only=True))
    assert rows[0] == ("Area (m2)", "Moved", "Zone", "Shared", "Warden")
    assert rows[1] == (9.5, datetime(2026, 3, 1), "Zone A", "Yes", "=沈护士长")
    assert office(Role.sales).export("device", query).worksheets[0]["E2"].value == "=**"
