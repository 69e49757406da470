"""Records through the API: the same rules and words as on the pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.extensions import db
from aftersales.organization.code_list import CodeList
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.service.request import ServiceRequest
from tests.api.caller import Caller
from tests.world import FOREIGN, OWN, specimen

CALL = {
    "channel": "hotline", "received_at": "2026-11-16T09:00:00+08:00", "fault_text": "屏幕不亮",
    "caller_name": "沈护士", "caller_phone": "13912342208",
}  # fmt: skip


@pytest.fixture
def intake(app: Flask) -> Caller:
    return Caller.named(app, "intake")


def create(caller: Caller, region_id: int, **values: Any) -> Any:
    answer = caller.post("/service_request/", CALL | {"region_id": region_id} | values)
    assert answer.status_code == 201, answer.json
    return answer.json["result"]


def region_id(app: Flask, code: str) -> int:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(Device.region_id).where(Device.serial_no == f"{code}-0001")).one()


def test_a_record_is_made_shown_and_changed(app: Flask, intake: Caller) -> None:
    made = create(intake, region_id(app, OWN))
    shown = intake.get(f"/service_request/{made['id']}").json["result"]
    assert shown["sections"]["call"]["caller_phone"] == "13912342208"
    assert (shown["state"], shown["state_label"]) == ("received", "待登记")
    changed = intake.put(f"/service_request/{made['id']}", {"version": made["version"], "fault_text": "开机无反应"})
    assert changed.status_code == 200, changed.json
    assert changed.json["result"]["sections"]["subject"]["fault_text"] == "开机无反应"
    assert changed.json["result"]["sections"]["call"]["caller_name"] == "沈护士"


def test_a_new_record_is_named_in_the_location(app: Flask, intake: Caller) -> None:
    answer = intake.post("/service_request/", CALL | {"region_id": region_id(app, OWN)})
    assert answer.headers["Location"].endswith(f"/api/v1/service_request/{answer.json['result']['id']}")


def test_the_second_writer_is_told_of_the_first(app: Flask, intake: Caller) -> None:
    made = create(intake, region_id(app, OWN))
    path = f"/service_request/{made['id']}"
    assert intake.put(path, {"version": made["version"], "fault_text": "一"}).status_code == 200
    late = intake.put(path, {"version": made["version"], "fault_text": "二"})
    assert (late.status_code, list(late.json["errors"])) == (409, ["version"])
    assert intake.post(f"{path}/register", {"version": made["version"]}).status_code == 409


def test_a_change_without_a_version_is_refused(app: Flask, intake: Caller) -> None:
    made = create(intake, region_id(app, OWN))
    answer = intake.put(f"/service_request/{made['id']}", {"fault_text": "一"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["version"])


def test_submitted_content_changes_with_a_reason_only(app: Flask, intake: Caller) -> None:
    record_id = specimen(app, ServiceRequest, OWN)
    version = intake.get(f"/service_request/{record_id}").json["result"]["version"]
    refused = intake.put(f"/service_request/{record_id}", {"version": version, "fault_text": "另一故障"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["reason"])
    accepted = intake.put(f"/service_request/{record_id}", {"version": version, "fault_text": "另一故障", "reason": "听错了"})
    assert accepted.status_code == 200
    newest = intake.get(f"/service_request/{record_id}/history").json["result"][0]
    assert (newest["reason"], newest["changes"]["fault_text"][1]) == ("听错了", "另一故障")


def test_moves_are_listed_with_the_reasons_against_them(app: Flask) -> None:
    administrator = Caller.named(app, "administrator", "en")
    made = administrator.post("/function_test/", {"name": "输注泵检测", "family_id": specimen(app, DeviceFamily, OWN)}).json["result"]
    approve = next(move for move in made["moves"] if move["name"] == "approve")
    assert approve["possible"] is False
    assert any("second person" in sentence for sentence in approve["refusals"])
    assert administrator.post(f"/function_test/{made['id']}/approve", {}).status_code == 403


def test_a_move_that_lacks_something_names_it(app: Flask, intake: Caller) -> None:
    made = create(intake, region_id(app, OWN))
    refused = intake.post(f"/service_request/{made['id']}/register", {"values": {"is_device_down": True}})
    assert refused.status_code == 422
    assert {"customer_id", "harm"} <= set(refused.json["errors"])


def test_a_move_through_the_api_is_a_move(app: Flask, intake: Caller) -> None:
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.scalars(select(Device).where(Device.serial_no == f"{OWN}-0001")).one()
        known = {"device_id": device.id, "customer_id": device.customer_id}
    answers = {"is_device_down": True, "is_treatment_affected": False, "has_alternative": True, "harm": "no"}
    made = create(intake, region_id(app, OWN), **known, **answers)
    moved = intake.post(f"/service_request/{made['id']}/register", {"version": made["version"]})
    assert (moved.status_code, moved.json["result"]["state"]) == (200, "registered")
    clocks = intake.get(f"/service_request/{made['id']}/clocks").json["result"]
    assert clocks
    assert all(clock["explanation"] and clock["due_at"] for clock in clocks)
    unknown = intake.post(f"/service_request/{made['id']}/fly", {})
    assert unknown.status_code == 404


def test_a_role_without_the_right_is_refused(app: Flask, intake: Caller) -> None:
    sales = Caller.named(app, "sales")
    record_id = specimen(app, ServiceRequest, OWN)
    assert sales.post("/service_request/", CALL).status_code == 403
    assert sales.put(f"/service_request/{record_id}", {"version": 1}).status_code == 403
    assert sales.post(f"/service_request/{record_id}/cancel", {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["", "/history", "/clocks", "/files", "/files/1"])
def test_a_foreign_record_is_as_one_that_is_not_there(app: Flask, path: str) -> None:
    engineer = Caller.named(app, "engineer")
    foreign = engineer.get(f"/service_request/{specimen(app, ServiceRequest, FOREIGN)}{path}")
    missing = engineer.get(f"/service_request/{2**63 + 7}{path}")
    assert (foreign.status_code, foreign.json) == (404, missing.json)


def test_a_reference_into_a_foreign_region_is_refused(app: Flask) -> None:
    sales = Caller.named(app, "sales")
    path = f"/device/{specimen(app, Device, OWN)}"
    version = sales.get(path).json["result"]["version"]
    foreign = sales.put(path, {"version": version, "customer_id": specimen(app, Customer, FOREIGN), "reason": "x"})
    missing = sales.put(path, {"version": version, "customer_id": 777777, "reason": "x"})
    assert (foreign.status_code, foreign.json) == (422, missing.json)
    assert sales.get(path).json["result"]["version"] == version


def test_personal_data_is_masked_for_who_may_not_read_it(app: Flask, intake: Caller) -> None:
    path = f"/service_request/{specimen(app, ServiceRequest, OWN)}"
    masked = Caller.named(app, "sales").get(path).json["result"]
    assert masked["sections"]["call"]["caller_phone"] == "139****2208"
    assert masked["sections"]["call"]["caller_name"] == "沈**"
    assert "caller_phone" in masked["masked"]
    assert readings(app) == []
    assert intake.get(path).json["result"]["sections"]["call"]["caller_phone"] == "13900002208"
    assert [set(entry.changes) for entry in readings(app)] == [{"caller_name", "caller_phone"}]
    history = Caller.named(app, "sales").get(f"{path}/history").get_data(as_text=True)
    assert "13900002208" not in history


def readings(app: Flask) -> list[AuditEntry]:
    with app.app_context(), acting_as(SYSTEM):
        return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "read", AuditEntry.kind == "ServiceRequest")))


def test_lists_turn_pages_and_give_the_fields_that_were_asked(app: Flask, intake: Caller) -> None:
    ids = [create(intake, region_id(app, OWN), fault_text=f"第{n}次")["id"] for n in range(5)]
    first = intake.get("/service_request/?limit=2&order=-id&state=received&fields=number,fault_text,customer_id").json
    assert [row["id"] for row in first["result"]] == ids[:2:-1]
    assert set(first["result"][0]) == {"id", "number", "fault_text", "customer_id", "customer", "version", "changed_at"}
    second = intake.get(f"/service_request/?limit=2&order=-id&state=received&after={first['after']}").json
    assert [row["id"] for row in second["result"]] == ids[2:0:-1]
    back = intake.get(f"/service_request/?limit=2&order=-id&state=received&before={second['before']}").json
    assert [row["id"] for row in back["result"]] == ids[:2:-1]
    found = intake.get("/service_request/?q=第3次").json["result"]
    assert [row["id"] for row in found] == [ids[3]]


@pytest.mark.parametrize(
    "query", ["stat=closed", "limit=0", "limit=101", "limit=x", "fields=caller_phone", "fields=password", "order=caller_name", "after=zz"]
)
def test_a_misspelt_question_is_refused_by_name(intake: Caller, query: str) -> None:
    answer = intake.get(f"/service_request/?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


def test_changes_are_read_once_each_and_again_when_they_change(app: Flask, intake: Caller) -> None:
    made = create(intake, region_id(app, OWN))
    with server_time.at(datetime.now(UTC) + timedelta(minutes=1)):
        seen, cursor, more = [], "", True
        while more:
            page = intake.get(f"/service_request/changes?limit=1&after={cursor}").json
            seen += [row["id"] for row in page["result"]]
            cursor, more = page["after"], page["more"]
        assert len(seen) == len(set(seen))
        assert made["id"] in seen
        assert intake.get(f"/service_request/changes?after={cursor}").json["result"] == []
        intake.put(f"/service_request/{made['id']}", {"version": made["version"], "fault_text": "又一次"})
    with server_time.at(datetime.now(UTC) + timedelta(minutes=2)):
        assert [row["id"] for row in intake.get(f"/service_request/changes?after={cursor}").json["result"]] == [made["id"]]


def test_rows_live_inside_their_record(app: Flask) -> None:
    administrator = Caller.named(app, "administrator")
    with app.app_context(), acting_as(SYSTEM):
        list_id = db.session.scalars(select(CodeList.id).order_by(CodeList.id).limit(1)).one()
    made = administrator.post("/code/", {"code_list_id": list_id, "code": "zz", "name": "新增", "name_en": "New"})
    assert made.status_code == 201, made.json
    row = made.json["result"]
    assert row["id"] in [code["id"] for code in administrator.get(f"/code_list/{list_id}").json["result"]["sections"]["codes"]["codes"]]
    missing = administrator.post("/code/", {"code_list_id": 10**12, "code": "z2", "name": "新增", "name_en": "New"})
    assert (missing.status_code, list(missing.json["errors"])) == (422, ["code_list_id"])
    twice = administrator.post("/code/", {"code_list_id": list_id, "code": "zz", "name": "新增", "name_en": "New"})
    assert twice.status_code == 422
    unexplained = administrator.delete(f"/code/{row['id']}")
    assert (unexplained.status_code, list(unexplained.json["errors"])) == (422, ["reason"])
    assert administrator.delete(f"/code/{row['id']}", {"reason": "重复"}).status_code == 200
    assert administrator.get(f"/code/{row['id']}").status_code == 404
    assert administrator.delete(f"/code_list/{list_id}", {"reason": "x"}).status_code == 405


def test_files_go_in_and_come_back(app: Flask, intake: Caller) -> None:
    import io

    path = f"/service_request/{specimen(app, ServiceRequest, OWN)}/files"
    content = "第一行\n".encode()
    sent = intake.post(path, data={"file": (io.BytesIO(content), "记录.txt"), "purpose": "evidence"}, content_type="multipart/form-data")
    assert sent.status_code == 201, sent.json
    (file,) = sent.json["result"]
    assert intake.get(path).json["result"] == [file]
    assert intake.get(f"{path}/{file['id']}").get_data() == content
    program = intake.post(path, data={"file": (io.BytesIO(b"MZ\x90\x00"), "a.exe")}, content_type="multipart/form-data")
    assert program.status_code == 422
    assert intake.post(path, data={}, content_type="multipart/form-data").status_code == 422
    assert Caller.named(app, "sales").post(path, data={}, content_type="multipart/form-data").status_code == 403


def test_messages_speak_the_readers_language(app: Flask) -> None:
    chinese, english = Caller.named(app, "intake"), Caller.named(app, "intake", "en-GB,en;q=0.9")
    path = f"/service_request/{specimen(app, ServiceRequest, OWN)}"
    assert chinese.get(path).json["result"]["state_label"] == "已派单"
    assert english.get(path).json["result"]["state_label"] == "Ordered"
    assert chinese.get(f"{path}?_l_=en").json["result"]["state_label"] == "Ordered"
    assert english.get(f"{path}?_l_=xx").json["result"]["state_label"] == "Ordered"


def test_a_name_that_exists_is_refused_at_its_field(app: Flask) -> None:
    administrator = Caller.named(app, "administrator")
    with app.app_context(), acting_as(SYSTEM):
        family = db.session.scalars(select(DeviceFamily)).first()
        known = {"name": family.name, "code": family.code} if hasattr(family, "code") else {"name": family.name}
    answer = administrator.post("/device_family/", known)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) <= {"name", "code"}
