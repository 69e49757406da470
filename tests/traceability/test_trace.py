"""From any thing to all the others, both ways, within one's regions: on a page, as a graph on paper and as a workbook."""

from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.traceability.hub import Mark, windows
from aftersales.traceability.links import sections_of
from aftersales.traceability.start import Kind, Start, start_of
from tests.portal.repair import finish
from tests.traceability.papers import put_in_force
from tests.world import MONDAY, foreign_marks, sign_in, specimen

# The one repair of the world, as each of its things knows it.
CHAIN = {
    Kind.part: "HD-S2", Kind.device: "HD-0001", Kind.customer: "华东仁安医院", Kind.person: "华东engineer", Kind.software: "2.1.4.7",
    Kind.order: "SO-HD-2026-000001", Kind.maker: "澄海医疗设备厂",
}  # fmt: skip
STARTS = ("HD-S2", "HD-S1", "HD-0001", "华东仁安医院", "A004", "2.1.4.7", "SO-HD-2026-000001", "澄海医疗设备厂")


def opened(client: FlaskClient, phrase: str) -> str:
    """The page that a phrase leads to at once."""
    answer = client.post("/trace/find", data={"q": phrase}, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.request.args.get("key"), f"{phrase} was not unique: {answer.request.url}"
    return answer.text


@pytest.mark.parametrize("phrase", STARTS)
def test_each_thing_leads_to_all_the_others(app: Flask, phrase: str) -> None:
    page = opened(sign_in(app, Role.quality), phrase)
    missing = [text for text in CHAIN.values() if text not in page]
    assert not missing
    assert "HD-S1" in page
    assert "资质有效至 2027-05-30" in page or phrase == "A004"


@pytest.mark.parametrize("phrase", STARTS)
def test_nothing_of_a_foreign_region_is_reached(app: Flask, phrase: str) -> None:
    engineer = sign_in(app, Role.engineer)
    page = opened(engineer, phrase)
    assert not [mark for mark in foreign_marks(app) if mark in page]
    far = specimen(app, Device, "XN")
    assert engineer.get(f"/trace/?kind=device&key={far}").status_code == 404
    assert engineer.get("/trace/?kind=part&key=XN-S2").status_code == 404
    assert engineer.get(f"/trace/graph.pdf?kind=device&key={far}").status_code == 404
    assert engineer.post("/trace/find", data={"q": "XN-S2"}, follow_redirects=True).text.count("XN-S2") == 1  # what was typed


def test_a_scanned_label_opens_the_device_and_a_model_code_all_devices_that_bear_it(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.scalars(select(Device).where(Device.serial_no == "HD-0001")).one()
        device.udi = "(01)06901234567892(21)HD-0001"
        device.read_udi()
        device._audit_reason = "labelled"
        db.session.commit()
    client = sign_in(app, Role.quality)
    assert "<h1>" in opened(client, "]d20106901234567892\x1d21HD-0001")
    page = opened(client, "06901234567892")
    assert "HD-0001" in page
    assert "华东仁安医院" in page


def test_a_version_leads_to_the_orders_closed_under_it_and_they_lead_back(app: Flask) -> None:
    version_id = put_in_force(app)
    finish(app)
    client = sign_in(app, Role.quality)
    assert "SO-HD-2026-000001" in client.get(f"/trace/?kind=document&key={version_id}").text
    assert "AS-QP-03 A/0" in opened(client, "SO-HD-2026-000001")
    assert "SO-HD-2026-000001" in opened(client, "AS-QP-03 A/0")
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(days=1)):
        perform(db.session.get(DocumentVersion, version_id), "retire", reason="改版")
        db.session.commit()
        start = start_of(db.session(), "document", str(version_id))
        (hub,) = windows(db.session(), start)
        assert [order.number for order in hub.orders] == ["SO-HD-2026-000001"]  # the open one goes by the next version


def test_windows_of_one_row_tell_the_same_as_one_window(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        model_code = "2.1.4.7"
        start = Start(Kind.software, model_code, model_code)
        whole = _keys(windows(db.session(), start))
        pieces = _keys(windows(db.session(), start, size=1))
        assert pieces == whole
        assert len([key for key in whole if key[0] is Kind.order]) == 2


def test_a_maker_is_found_by_a_part_of_its_name_and_tells_its_devices_window_by_window(app: Flask) -> None:
    page = opened(sign_in(app, Role.quality), "澄海医疗")
    assert "澄海医疗设备厂" in page
    assert "HD-0001" in page
    with app.app_context(), acting_as(SYSTEM):
        start = start_of(db.session(), "maker", "澄海医疗设备厂")
        whole, pieces = (_keys(windows(db.session(), start, size=size)) for size in (200, 1))
        assert pieces == whole
        assert len([key for key in whole if key[0] is Kind.order]) == 2
        assert (Kind.maker, "澄海医疗设备厂") in _keys(windows(db.session(), start_of(db.session(), "device", "1")))


def test_a_maker_nobody_knows_is_no_start(app: Flask) -> None:
    assert sign_in(app, Role.quality).get("/trace/?kind=maker&key=澄海").status_code == 404


def test_a_mark_that_is_none_is_refused(app: Flask) -> None:
    client = sign_in(app, Role.quality)
    for mark in ("x", "1", "1.-1", f"1.{10**20}", "١.١"):
        assert client.get("/trace/", query_string={"kind": "part", "key": "HD-S2", "before": mark}).status_code == 302
    assert str(Mark.read("5.7")) == "5.7"


def test_a_role_that_reads_no_people_is_told_of_none(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        role = app.appbuilder.sm.find_role(Role.sales.value)
        role.permissions = [p for p in role.permissions if (p.permission.name, p.view_menu.name) != ("can_read", "Person")]
        role._audit_reason = "for the test"
        db.session.commit()
        person_id = db.session.scalars(select(Person.id).where(Person.staff_no == "A004")).one()
    client = sign_in(app, Role.sales)
    page = opened(client, "HD-0001")
    assert "HD-S2" in page
    assert "华东engineer" not in page
    assert client.get(f"/trace/?kind=person&key={person_id}").status_code == 404


def test_the_graph_prints_on_one_sheet_across(app: Flask) -> None:
    client = sign_in(app, Role.quality)
    answer = client.get("/trace/graph.pdf?kind=part&key=HD-S2")
    assert answer.mimetype == "application/pdf"
    with pikepdf.open(BytesIO(answer.data)) as pdf:
        (page,) = pdf.pages
        width, height = float(page.mediabox[2]), float(page.mediabox[3])
    assert (round(width), round(height)) == (842, 595)


def test_the_export_has_a_sheet_for_each_kind_and_is_noted(app: Flask, office) -> None:
    office = office(Role.quality)
    told, data = office.outcome(office.client.post("/trace/export?kind=customer&key=1"))
    assert told["state"] == "done", told
    book = load_workbook(BytesIO(data))
    rows = {sheet.title: [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in book.worksheets}
    assert rows["Service records"] == ["SO-HD-2026-000001"]
    assert rows["Devices"] == ["植入式心脏起搏器 PM-3 HD-PM-1", "治疗呼吸机 VX-90 HD-0001"]
    assert rows["Part lots and serials"] == ["HD-S2", "HD-S1"]
    with app.app_context(), acting_as(SYSTEM):
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
        assert entry.changes["filter"] == [None, "华东仁安医院"]
    assert sign_in(app, Role.engineer).post("/trace/export?kind=customer&key=1").status_code == 302


def _keys(hubs) -> set[tuple[Kind, str]]:
    return {(link.thing.kind, link.thing.key) for hub in hubs for section in sections_of(db.session(), hub) for link in section.links}
