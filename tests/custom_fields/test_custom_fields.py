"""Fields that an administrator adds in the panel are fields like the others: form, page, list, filter, API, paper, trail."""

import io
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.custom_fields.definition import FieldChoice, FieldDefinition
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record import narrowing
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.audit import AuditEntry
from aftersales.record.audit.replay import verify_records
from aftersales.record.base import SharedRecord
from aftersales.record.custom import FieldKind
from aftersales.record.forms import form_class
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.showing import sections_of
from aftersales.record.signatures import signatures_of
from aftersales.record.workflow import moves, perform
from aftersales.registration import record_types
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from tests.api.caller import Caller
from tests.portal.repair import finish
from tests.world import MONDAY, OWN, sign_in, specimen

TEMPLATES = Path(__file__).parents[2] / "templates/documents"
OLD = date(2026, 1, 1)


def define(app: Flask, place: str, name: str, kind: str = "text", choices: tuple[str, ...] = (), **more: Any) -> int:
    with app.app_context(), acting_as(SYSTEM):
        values = {"place": place, "name": name, "name_en": f"{name} in English", "kind": FieldKind(kind), "active_from": OLD}
        definition = create(db.session, FieldDefinition, values | {"name_en": more.pop("name_en", name)} | more)
        for code in choices:
            create(db.session, FieldChoice, {"definition": definition, "code": code, "name": f"{code}区", "name_en": f"Zone {code}"})
        db.session.commit()
        return definition.id


def edit(app: Flask, definition_id: int, **values: Any) -> None:
    with app.app_context(), acting_as(SYSTEM):
        change(db.session, db.session.get(FieldDefinition, definition_id), values, reason="另有规定")
        db.session.commit()


@pytest.fixture
def office(app: Flask) -> Caller:
    return Caller.named(app, "administrator")


@pytest.fixture
def device(app: Flask) -> str:
    return f"/device/{specimen(app, Device, OWN)}"


def written(office: Caller, device: str, **values: Any) -> Any:
    version = office.get(device).json["result"]["version"]
    return office.put(device, {"version": version, "reason": "补录"} | values)


def test_what_is_made_in_the_panel_stands_in_the_form_at_the_next_request(app: Flask, device: str) -> None:
    page = sign_in(app, "administrator")
    pk = device.rpartition("/")[2]
    assert "x_room_no" not in page.get(f"/device/edit/{pk}").get_data(as_text=True)
    typed = {"name": "房间号", "name_en": "Room no.", "place": "device.place", "kind": "text", "active_from": "2026-01-01"}
    made = page.post("/field_definition/add", data=typed)
    assert made.status_code == 302, made.get_data(as_text=True)
    form = page.get(f"/device/edit/{pk}").get_data(as_text=True)
    assert 'name="x_room_no"' in form
    version = form.partition('name="version" value="')[2].partition('"')[0]
    with app.test_request_context(), acting_as(SYSTEM):
        shown = form_class(Device, Device.form_fields())(obj=db.session.get(Device, int(pk)))
        filled = {f.name: f._value() if hasattr(f, "_value") else str(f.data or "") for f in shown}
    saved = page.post(f"/device/edit/{pk}", data=filled | {"x_room_no": " B-301 ", "is_loaner": "false", "version": version})
    assert saved.status_code == 302, saved.get_data(as_text=True)
    seen = page.get(f"/device/show/{pk}").get_data(as_text=True)
    assert seen.count("B-301") == 2, "in its section and in the story"
    assert "房间号" in seen


@pytest.mark.parametrize(
    ("kind", "good", "kept", "bad"),
    [
        ("text", "B-301", "B-301", 7),
        ("number", 12.5, "12.5", "13.1"),
        ("date", "2026-03-01", "2026-03-01", "1 March"),
        ("choice", "A", "A", "C"),
        ("yes_no", False, False, "no"),
    ],
)
def test_values_are_checked_at_their_field(app: Flask, office: Caller, device: str, kind: str, good: Any, kept: Any, bad: Any) -> None:
    bounds = {"unit": "m", "lower": Decimal(1), "upper": Decimal(13)} if kind == "number" else {}
    define(app, "device.place", "Room", kind, ("A", "B") if kind == "choice" else (), **bounds)
    refused = written(office, device, x_room=bad)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["x_room"])
    answer = written(office, device, x_room=good)
    assert answer.json["result"]["sections"]["place"]["x_room"] == kept
    schema = office.get("/openapi.json").json["components"]["schemas"]["DeviceWrite"]["properties"]["x_room"]
    assert schema["description"].startswith("Room / Room")
    emptied = written(office, device, x_room=None)
    assert emptied.json["result"]["sections"]["place"]["x_room"] is None


def test_each_field_is_a_change_of_its_own_in_the_trail(app: Flask, office: Caller, device: str) -> None:
    define(app, "device.place", "Room")
    define(app, "device.place", "Shared", "yes_no")
    written(office, device, x_room="B-301", x_shared=False)
    version = office.get(device).json["result"]["version"]
    silent = office.put(device, {"version": version, "x_room": "B-302"})
    assert (silent.status_code, list(silent.json["errors"])) == (422, ["reason"])
    written(office, device, x_room="B-302")
    told = office.get(f"{device}/history").json["result"]
    assert told[0]["changes"] == {"x_room": ["B-301", "B-302"]}
    assert told[1]["changes"] == {"x_room": [None, "B-301"], "x_shared": [None, False]}
    story = sign_in(app, "quality").get(f"/device/show/{device.rpartition('/')[2]}").get_data(as_text=True)
    assert "<span>Shared</span><ins>否</ins>" in story
    assert "<span>Room</span><del>B-301</del> → <ins>B-302</ins>" in story
    with app.app_context(), acting_as(SYSTEM):
        assert list(verify_records(db.session, [Device])) == []


def test_a_value_changed_or_taken_past_the_trail_is_found(app: Flask, office: Caller, device: str) -> None:
    define(app, "device.place", "Room")
    written(office, device, x_room="B-301")
    for forged, now in (('{"room": "X"}', '"X"'), ("{}", "null")):
        with app.app_context(), acting_as(SYSTEM):
            db.session.connection().exec_driver_sql(f"UPDATE device SET custom = '{forged}'")
            found = next(finding for finding in verify_records(db.session, [Device]) if '"B-301"' in finding.detail)
            assert (found.place, found.detail) == ("x_room", f'x_room: "B-301" → {now}')
            db.session.rollback()


def test_lists_show_and_narrow_by_them(app: Flask, office: Caller, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in (("Room", "text"), ("Area", "number"), ("Moved", "date"), ("Zone", "choice"), ("Shared", "yes_no")):
        define(app, "device.place", name, kind, ("A",) if kind == "choice" else (), is_listed=True, is_filter=True)
    written(office, device, x_room="B-301", x_area="9.50", x_moved="2026-03-01", x_zone="A", x_shared=True)
    equal = ("x_room=B-301", "x_area=9.5", "x_moved=2026-03-01", "x_zone=A", "x_shared=true")
    for query in (*equal, "x_area_from=9&x_area_until=10", "x_moved_until=2026-03-01"):
        assert [row["x_area"] for row in office.get(f"/device/?{query}").json["result"]] == ["9.5"], query
    for query in ("x_room=B-30", "x_area_from=10", "x_moved_from=2026-03-02", "x_shared=false"):
        assert office.get(f"/device/?{query}").json["result"] == [], query
    for query in ("x_area=nan", "x_moved_from=soon", "x_shared=perhaps", "x_room_from=A"):
        assert office.get(f"/device/?{query}").status_code == 422, query
    assert "A区" in sign_in(app, "quality").get("/device/list/?x_zone=A").get_data(as_text=True)
    monkeypatch.setattr(narrowing, "CROWD", 1)
    assert "x_area_from" in office.get("/device/?x_area_from=9").json["errors"]
    assert office.get("/device/?x_area_from=9&x_zone=A").status_code == 200, "what is left is no crowd"


def test_the_list_page_offers_and_takes_every_kind_of_filter(app: Flask, office: Caller, device: str) -> None:
    for name, kind in (("Room", "text"), ("Area", "number"), ("Moved", "date")):
        define(app, "device.place", name, kind, is_listed=True, is_filter=True)
    written(office, device, x_room="B-301", x_area="9.50", x_moved="2026-03-01")
    client = sign_in(app, "quality")
    client.get("/lang/en")
    offered = client.get("/device/list/").text
    for field in ('name="x_room"', 'name="x_area_from"', 'name="x_area_until"', 'name="x_moved_from"', 'name="x_moved_until"'):
        assert field in offered
    found = client.get("/device/list/?x_room=B-301&x_area_from=9&x_moved_until=2026-03-01").text
    assert "B-301" in found.partition("<tbody>")[2]
    assert {"Room: B-301", "Area: 9 – …", "Moved: … – 2026-03-01"} <= set(re.findall(r'class="chip accent"[^>]*>([^<]+)', found))
    refused = client.get("/device/list/?x_area_from=many")
    assert (refused.status_code, "Not a value of this field: many" in refused.text) == (422, True)


def test_a_number_is_added_up_below_the_list(app: Flask, device: str) -> None:
    define(app, "device.place", "Area", "number", unit="m2", is_listed=True, is_summed=True)
    with app.app_context(), acting_as(SYSTEM):
        like = db.session.get(Device, int(device.rpartition("/")[2]))
        same = {"region_id": like.region_id, "model_id": like.model_id, "customer_id": like.customer_id, "custom": {"area": "1.25"}}
        db.session.add_all(Device(serial_no=f"N{n}", **same) for n in range(26))
        db.session.commit()
    foot = sign_in(app, "quality").get("/device/list/").text.partition("<tfoot>")[2]
    assert "本页合计 31.25 m2<small>全部合计 32.5 m2</small>" in foot
    with pytest.raises(Refusal) as refused:
        define(app, "device.place", "Zone", "text", is_summed=True)
    assert list(refused.value.errors) == ["is_summed"]


def test_a_searchable_one_is_found_by_its_words(app: Flask, office: Caller, device: str) -> None:
    define(app, "device.place", "Room", is_searched=True)
    written(office, device, x_room="住院楼东侧")
    assert [row["id"] for row in office.get("/device/?q=楼东").json["result"]] == [int(device.rpartition("/")[2])]


def test_it_takes_effect_and_ends_by_date_and_stays_readable(app: Flask, office: Caller, device: str) -> None:
    room = define(app, "device.place", "Room")
    written(office, device, x_room="B-301")
    with app.app_context():
        edit(app, room, active_until=date(2026, 2, 1))
    assert list(written(office, device, x_room="B-302").json["errors"]) == ["x_room"]
    assert office.get(device).json["result"]["sections"]["place"]["x_room"] == "B-301"
    loaner = next(row for row in office.get("/device/").json["result"] if f"/device/{row['id']}" != device)
    assert "x_room" not in office.get(f"/device/{loaner['id']}").json["result"]["sections"]["place"]


def test_what_is_in_force_keeps_its_kind_place_and_choices(app: Flask) -> None:
    zone = define(app, "device.place", "Zone", "choice", ("A", "B"))
    page = Caller.named(app, "administrator")
    made = page.get(f"/field_definition/{zone}").json["result"]
    answer = page.put(f"/field_definition/{zone}", {"version": made["version"], "kind": "text", "place": "device.dates", "reason": "改"})
    assert set(answer.json["errors"]) == {"kind", "place"}
    choice = made["sections"]["choices"]["choices"][0]["id"]
    assert page.delete(f"/field_choice/{choice}", {"reason": "改"}).status_code == 422
    coming = define(app, "device.place", "Floor", "choice", active_from=date(2099, 1, 1))
    made = page.get(f"/field_definition/{coming}").json["result"]
    assert page.put(f"/field_definition/{coming}", {"version": made["version"], "kind": "text", "reason": "改"}).status_code == 200


def test_a_state_may_demand_one(app: Flask) -> None:
    define(app, "service_order.diagnosis", "Firmware", required_from=OLD, required_state="service_order.in_workshop")
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=1)):
        order = db.session.get(ServiceOrder, specimen_order(app))
        move = next(move for move in moves(order) if move.transition.target == "in_workshop")
        assert any("Firmware" in text for text in move.refusals)


def specimen_order(app: Flask) -> int:
    return specimen(app, ServiceOrder, OWN)


def test_personal_ones_are_masked_and_their_reading_is_noted(app: Flask, office: Caller, device: str) -> None:
    define(app, "device.place", "Keeper", is_personal=True)
    written(office, device, x_keeper="沈建华")
    assert "沈**" in sign_in(app, "sales").get(f"/device/show/{device.rpartition('/')[2]}").get_data(as_text=True)
    sales = Caller.named(app, "sales").get(device).json["result"]
    assert (sales["sections"]["place"]["x_keeper"], sales["masked"]) == ("沈**", ["x_keeper"])
    with app.app_context(), acting_as(SYSTEM):
        reads = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "read", AuditEntry.kind == "Device")).all()
        assert any("x_keeper" in entry.changes for entry in reads)


def test_the_intake_desk_asks_them_with_the_call(app: Flask) -> None:
    define(app, "service_request.call", "Keeper", is_personal=True, required_from=OLD)
    desk = sign_in(app, "intake")
    call = {"channel": "hotline", "received_at": "2026-11-16T09:00", "fault_text": "屏幕不亮", "caller_name": "沈护士", "do": "keep"}
    refused = desk.post("/intake/", data=call)
    assert refused.status_code == 422
    assert 'id="x_keeper-error"' in refused.get_data(as_text=True)
    kept = desk.post("/intake/", data=call | {"x_keeper": "沈建华"})
    assert kept.status_code == 302, kept.get_data(as_text=True)
    with app.app_context(), acting_as(SYSTEM):
        taken = db.session.scalars(select(ServiceRequest).order_by(ServiceRequest.id.desc()).limit(1)).one()
        assert taken.x_keeper == "沈建华"
        taken_id = taken.id
    assert "沈建华" in desk.get(f"/intake/?request={taken_id}").get_data(as_text=True)


def test_signed_and_sealed_papers_carry_them(app: Flask) -> None:
    """Also a signature given before the field was made holds, until the field is filled."""
    finish(app, is_closed=False)
    define(app, "service_order.acceptance", "Floor", "number", unit="层")
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=4)):
        order = db.session.get(ServiceOrder, specimen_order(app))
        change(db.session, order, {"review_opinion": "资料齐全"})
        assert [s.is_valid for s in signatures_of(db.session, order)] == [True]
        change(db.session, order, {"x_floor": Decimal(12)}, reason="补录")
        db.session.flush()
        assert [s.is_valid for s in signatures_of(db.session, order)] == [False]
        perform(order, "close")
        db.session.commit()
        paper = next(paper for paper in sealed_of(db.session, order) if paper.status == "valid")
        data = app.extensions["store"].get(paper.sha256)
        assert paper.form_version.endswith("+1"), "the form is no longer the one that was shipped"
    with pikepdf.open(io.BytesIO(data)) as pdf:
        told = json.loads(pdf.attachments["record.json"].get_file().read_bytes())
    assert told["record"]["acceptance"]["x_floor"] == "12"
    assert told["document"]["version"] == paper.form_version


def test_every_form_with_a_layout_of_its_own_says_where_they_stand() -> None:
    own = [path for path in TEMPLATES.glob("*.html") if path.name not in ("base.html", "blocks.html", "record.html")]
    assert [path.name for path in own if "block.added(added)" not in _with_its_parent(path)] == []


def _with_its_parent(path: Path) -> str:
    text = path.read_text("utf-8")
    parent = text.partition('{% extends "documents/')[2].partition('"')[0]
    return text if parent in ("", "base.html") else text + _with_its_parent(path.with_name(parent))


def test_every_record_type_can_have_one(app: Flask) -> None:
    types = list(dict.fromkeys(record_types()))
    for cls in types:
        define(app, f"{cls.key()}.{next(reversed(cls.sections))}", "Room", is_listed=True, is_filter=True)
    with app.test_request_context(), acting_as(SYSTEM):
        for cls in types:
            assert "x_room" in form_class(cls, cls.form_fields())()._fields, cls
            record = db.session.scalars(select(cls).limit(1)).first() or cls()
            assert ("Room", "") in [(caption, value.text) for part in sections_of(record) for caption, value in part.facts], cls
    office = Caller.named(app, "administrator")
    for cls in types:
        if cls.parent is None:
            answer = office.get(f"/{cls.key()}/?x_room=B-301")
            assert (answer.status_code, answer.json.get("result")) == (200, []), cls


def test_only_who_may_write_the_panel_makes_them(app: Flask) -> None:
    body = {"name": "房间", "name_en": "Room", "place": "device.place", "kind": "text", "active_from": "2026-01-01"}
    assert Caller.named(app, "quality").post("/field_definition/", body).status_code == 403
    refused = Caller.named(app, "administrator").post("/field_definition/", body | {"unit": "m", "required_state": "service_order.closed"})
    assert set(refused.json["errors"]) == {"unit", "required_state"}
    assert SharedRecord.record_types["FieldDefinition"].permissions() == ["can_read", "can_write"]
