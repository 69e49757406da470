"""The job of the house from end to end, through HTTP alone: a ventilator fails, is reported, repaired, and its report proves itself."""

import base64
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from flask import Flask
from PIL import Image, ImageDraw

from aftersales.record import now as server_time
from aftersales.record.printing.verify import verify_pdf
from aftersales.roles import Role
from tests.api.caller import Caller
from tests.scenarios.person import Visitor
from tests.world import MONDAY, PASSWORD

CALL = {
    "fault_text": "开机自检后报警，无法送气", "is_device_down": "yes", "is_treatment_affected": "no", "has_alternative": "no",
    "harm": "not_sure", "department": "重症医学科", "caller_name": "顾小满", "caller_phone": "139 0000 5511",
}  # fmt: skip
DIAGNOSIS = {
    "cause": "流量传感器零点漂移", "plan": "更换流量传感器并校准", "plan_explained_to": "顾小满", "plan_explained_at": "2026-11-16T11:10",
}  # fmt: skip
PART = {
    "part_no": "VX-S04", "name": "流量传感器", "old_serial_no": "FS-2024-118", "new_serial_no": "FS-2026-402", "reason": "零点漂移",
}  # fmt: skip
ACCEPTANCE = {"result": "usable", "accepted_by": "设备科 闻工", "satisfaction": "95", "signer": "设备科 闻工"}
CALLED = MONDAY + timedelta(hours=1)


@contextmanager
def minute(after_the_call: int) -> Iterator[None]:
    """So many minutes after 10:00 on the Monday of the world."""
    with server_time.at(CALLED + timedelta(minutes=after_the_call)):
        yield


def photo() -> tuple[io.BytesIO, str]:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "steelblue").save(file, "JPEG")
    file.seek(0)
    return file, "alarm.jpg"


def drawn() -> str:
    """A signature as the pad sends it."""
    picture, file = Image.new("RGBA", (900, 300)), io.BytesIO()
    ImageDraw.Draw(picture).line([(50, 250), (300, 40), (500, 260), (850, 60)], fill="#10243f", width=6)
    picture.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def people(app: Flask) -> dict[str, Visitor]:
    names = (Role.intake, Role.dispatcher, Role.engineer, Role.quality, Role.regulatory)
    return {str(name): Visitor.signed_in(app, name) for name in names}


def test_a_repair_from_the_call_to_a_report_that_proves_itself(app: Flask, people: dict[str, Visitor], tmp_path: Path) -> None:
    nurse = Visitor(app.test_client())
    progress = report(nurse, label_of(people[Role.engineer]))
    order = register(people[Role.intake], app)
    look_at_the_clocks(app, order)
    dispatch(people[Role.dispatcher], app, order)
    repair(people[Role.engineer], order)
    complete(people[Role.engineer], order)
    first = close(people[Role.quality], order)
    prove(app, first, tmp_path)
    hand_over(nurse, progress, first)
    assert standing(nurse, first) == "valid"
    device_tells_its_life(people[Role.quality], order)
    reopen(people[Role.quality], app, order)
    assert standing(nurse, first) == "void"
    with minute(220):
        act(people[Role.engineer].open(f"/service_order/show/{order}"), "complete", drawn=drawn(), **ACCEPTANCE)
    second = close(people[Role.quality], order, at=240)
    assert [standing(nurse, paper) for paper in (first, second)] == ["superseded", "valid"]
    prove(app, second, tmp_path)
    hand_over(nurse, progress, second)


# -- 1. the call --


def label_of(engineer: Visitor) -> str:
    """The address behind the QR code on the device: the label's own record says it."""
    (device,) = engineer.open("/device/list/?q=HD-0001").links("/device/show/")
    with pikepdf.open(io.BytesIO(engineer.download(f"{device.replace('/show', '')}/label.pdf"))) as pdf:
        record = pdf.attachments["record.json"].get_file().read_bytes().decode()
    return re.search(r"/p/[\w-]+", record)[0]


def report(nurse: Visitor, address: str) -> str:
    """The nurse scans the label and reports; the answer is a number and a page to follow it. Returns that page's address."""
    with minute(0):
        nurse.open(address)
        assert "HD-0001" in nurse.text
        nurse.send(address, photos=None, **(CALL | {"is_device_down": None}))
        assert nurse.status == 422
        nurse.send(address, photos=photo(), **CALL)
    assert re.search(r"SR-HD-2026-\d{6}", nurse.text)
    progress = nurse.url.removesuffix("/received")
    assert progress.startswith("/t/")
    return progress


def register(intake: Visitor, app: Flask) -> int:
    """Eight minutes later the desk registers it and opens the order, in one form. Returns the order's id."""
    with minute(8):
        intake.open("/intake/")
        (waiting,) = intake.links("/intake/?request=")
        answers = dict.fromkeys(("is_device_down", "is_treatment_affected", "has_alternative"), "true")
        intake.send("/intake/", do="order", code="HD-0001", fault_text="黑屏", **answers)
        assert intake.status == 422, "possible harm must always be asked"
        intake.open(waiting).send("/intake/", do="order")
        assert intake.status == 200
        assert re.search(r"SO-HD-2026-\d{6}", intake.text)
        (order,) = intake.links("/service_order/show/")
    request = Caller.named(app, Role.intake).get(f"/service_request/?q={CALL['fault_text'][:6]}").json["result"][0]
    (clock,) = Caller.named(app, Role.intake).get(f"/service_request/{request['id']}/clocks").json["result"]
    assert (clock["milestone"], clock["state"]) == ("register", "met")
    return int(order.rsplit("/", 1)[1])


# -- 2. the clocks and the dispatch --


def clocks(app: Flask, order: int) -> list[dict[str, Any]]:
    return Caller.named(app, Role.dispatcher).get(f"/service_order/{order}/clocks").json["result"]


def look_at_the_clocks(app: Flask, order: int) -> None:
    """Level 1 and a high-risk device: company rules; the customer's contract promises three hours to be there, and is stricter."""
    with minute(8):
        due = {clock["milestone"]: clock for clock in clocks(app, order)}
    assert set(due) == {"respond", "on_site", "resolve"}
    assert datetime.fromisoformat(due["respond"]["due_at"]) == CALLED + timedelta(hours=1)
    assert [rule["kind"] for rule in due["on_site"]["rules"]] == ["contract"]
    assert datetime.fromisoformat(due["on_site"]["due_at"]) == CALLED + timedelta(hours=3)
    assert "HT-HD-7" in due["on_site"]["explanation"]


def dispatch(dispatcher: Visitor, app: Flask, order: int) -> None:
    """Nobody sends the untrained: not by the page, the bulk action or the API. The trained goes."""
    with minute(12):
        dispatcher.open(f"/dispatch/?order={order}")
        untrained, engineer = (person(dispatcher, number) for number in ("A101", "A004"))
        offered = dispatcher.page.xpath("//form[contains(@class, 'crew')]//input[@name='engineer_id'][not(@disabled)]/@value")
        assert offered == [engineer]
        dispatcher.send(f"/dispatch/{order}/assign", engineer_id=untrained, verb=None)
        assert dispatcher.status == 422
        assert "untrained" in dispatcher.text
        dispatcher.open("/dispatch/").send("/dispatch/assign", orders=str(order), engineer_id=untrained)
        assert dispatcher.page.xpath("//*[contains(@class, 'chip') and contains(@class, 'late')]")
        refused = Caller.named(app, Role.dispatcher).post(f"/service_order/{order}/assign", {"engineer_id": int(untrained)})
        assert refused.status_code == 422
        assert "engineer_id" in refused.json["errors"]
        assert state(app, order) == "opened"
        dispatcher.open(f"/dispatch/?order={order}").send(f"/dispatch/{order}/assign", engineer_id=engineer, verb=None)
        assert dispatcher.status == 200
    assert state(app, order) == "assigned"


def person(visitor: Visitor, staff_no: str) -> str:
    (found,) = visitor.client.get(f"/person/lookup?q={staff_no}").json["results"]
    return str(found["id"])


def state(app: Flask, order: int) -> str:
    return Caller.named(app, Role.quality).get(f"/service_order/{order}").json["result"]["state"]


# -- 3. the repair --


def act(visitor: Visitor, move: str, **values: Any) -> None:
    visitor.send(f"/perform/{move}", **values)
    assert visitor.status == 200, visitor.text
    assert not visitor.offers(move), visitor.text


def repair(engineer: Visitor, order: int) -> None:
    with minute(20):
        act(engineer.open(f"/service_order/show/{order}"), "accept")
    with minute(65):
        act(engineer, "arrive")
        assert not engineer.offers("complete"), "nothing is done yet"
    with minute(75):
        engineer.open(f"/service_order/edit/{order}")
        cause = engineer.client.get("/code/lookup?q=component").json["results"]
        engineer.send(f"/service_order/edit/{order}", cause_category_id=cause[0]["id"], **DIAGNOSIS)
        assert engineer.status == 200, engineer.text
        engineer.open(f"/part_replaced/add?parent={order}").send("/part_replaced/add", **PART)
        assert "FS-2026-402" in engineer.text
    with minute(85):
        measure(engineer, order, volume="580")
        assert engineer.page.xpath("//*[contains(@class, 'chip') and contains(@class, 'late')]"), "580 mL is above the limit"
        act_refused(engineer, order, "潮气量")
    with minute(95):
        measure(engineer, order, volume="503", instrument="QL-HD-2", again=True)
        act_refused(engineer, order, "QL-HD-2")
    with minute(100):
        measure(engineer, order, volume="503", again=True)
        engineer.open(f"/service_order/show/{order}").send(f"/service_order/{order}/attach", files=photo())
        assert "alarm.jpg" in engineer.text


def measure(engineer: Visitor, order: int, volume: str, instrument: str = "QL-HD-1", again: bool = False) -> None:
    """Fill in the test sheet: one value, one pass, and the instrument by its serial number."""
    engineer.open(f"/service_order/{order}/test{'?again=1' if again else ''}")
    (select,) = engineer.page.xpath("//select[starts-with(@name, 'instrument-')]")
    (chosen,) = [option for option in select.xpath("option") if instrument in option.text_content()]
    assert ("disabled" in chosen.attrib) is (instrument == "QL-HD-2"), "an instrument out of calibration cannot be chosen"
    (value,) = engineer.page.xpath("//input[starts-with(@name, 'item-')][@inputmode='decimal']/@name")
    (passes,) = set(engineer.page.xpath("//input[starts-with(@name, 'item-')][@type='radio']/@name"))
    engineer.send("/test", **{select.get("name"): chosen.get("value"), value: volume, passes: "true"})
    assert engineer.status == 200, engineer.text


def act_refused(engineer: Visitor, order: int, word: str) -> None:
    """Completing is refused even when the request is made past the page, and the words name what is wrong."""
    signed = {"drawn": drawn(), **ACCEPTANCE}
    answer = engineer.client.post(f"/service_order/{order}/perform/complete", data=signed)
    assert answer.status_code == 422
    assert word in Visitor(engineer.client)._show(answer).text


def complete(engineer: Visitor, order: int) -> None:
    with minute(110):
        engineer.open(f"/service_order/show/{order}")
        engineer.send("/perform/complete", drawn=drawn(), **(ACCEPTANCE | {"satisfaction": ""}))
        assert engineer.status == 422, "acceptance is missing"
        engineer.open(f"/service_order/show/{order}").send("/perform/complete", drawn=None, **ACCEPTANCE)
        assert engineer.status == 422, "nobody signed"
        act(engineer.open(f"/service_order/show/{order}"), "complete", drawn=drawn(), **ACCEPTANCE)
        answer = engineer.client.post(f"/service_order/{order}/perform/close", data={"review_opinion": "好", "password": PASSWORD})
        assert answer.status_code == 403, "the review is quality's"


# -- 4. the review, the report, the life of the device --


def close(quality: Visitor, order: int, at: int = 130) -> dict[str, Any]:
    """Quality reviews and signs by password. Returns the sealed paper: its code, its bytes."""
    with minute(at):
        quality.open(f"/service_order/show/{order}").send("/perform/close", review_opinion="资料齐全", password="not the password")
        assert quality.status == 422
        act(quality.open(f"/service_order/show/{order}"), "close", review_opinion="资料齐全，同意关闭", password=PASSWORD)
    assert not quality.links(f"/service_order/edit/{order}"), "a sealed record has no edit button"
    assert quality.client.get(f"/service_order/edit/{order}").status_code == 422
    papers, codes = quality.links("/paper/"), quality.links("/v/")
    return {"data": quality.download(papers[0]), "code": codes[0].rsplit("/", 1)[1]}


def prove(app: Flask, paper: dict[str, Any], folder: Path) -> None:
    """The file alone: our verifier, the command on a machine with no database, and Poppler's pdfsig agree."""
    certificate = app.extensions["signer"].certificate_pem
    verdict = verify_pdf(paper["data"], [certificate])
    assert verdict.is_genuine, verdict.words("en")
    assert verdict.record["record"]["diagnosis"]["cause"] == DIAGNOSIS["cause"]
    assert verdict.record["record"]["parts"]["parts"][0]["new_serial_no"] == PART["new_serial_no"]
    assert {signature["name"] for signature in verdict.record["signatures"] if signature["valid"]} == {"acceptance", "review"}
    assert len(paper["data"]) < 100_000
    file, trusted = folder / "report.pdf", folder / "company.pem"
    file.write_bytes(paper["data"])
    trusted.write_bytes(certificate)
    command = [sys.executable, "-m", "aftersales.record.printing.verify", str(file), "--certificate", str(trusted)]
    assert subprocess.run(command, capture_output=True).returncode == 0
    told = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True).stdout
    assert "Signature is Valid" in told
    assert "Total document signed" in told


def hand_over(nurse: Visitor, progress: str, paper: dict[str, Any]) -> None:
    """The customer's copy is behind the caller's link: one valid report, the very bytes."""
    nurse.open(progress)
    copies = nurse.links(".pdf")
    assert [nurse.download(copy) for copy in copies] == [paper["data"]]


def standing(stranger: Visitor, paper: dict[str, Any]) -> str:
    """What anyone reads under the code on the paper. No personal data stands there."""
    stranger.open(f"/v/{paper['code']}")
    assert stranger.status == 200
    assert not [name for name in ("顾小满", "闻工", "华东engineer", "5511") if name in stranger.text]
    tones = {"ok": "valid", "late": "void", "warn": "superseded"}
    (card,) = stranger.page.xpath("//div[contains(@class, 'verdict')]/@class")
    return tones[card.split()[-1]]


def device_tells_its_life(quality: Visitor, order: int) -> None:
    (device,) = quality.open(f"/service_order/show/{order}").links("/device/show/")[:1]
    quality.open(device)
    life = quality.page.xpath("//*[@id='life']")[0].text_content()
    assert [fact for fact in ("SO-HD-2026-000002", "SR-HD-2026-000002", PART["name"]) if fact not in life] == []


# -- 5. opened again --


def reopen(quality: Visitor, app: Flask, order: int) -> None:
    with minute(200):
        act(quality.open(f"/service_order/show/{order}"), "reopen", reason="同一故障再次出现")
        runs = [clock for clock in clocks(app, order) if clock["milestone"] == "resolve"]
    assert [(clock["run"], clock["state"]) for clock in sorted(runs, key=lambda clock: clock["run"])] == [(1, "met"), (2, "running")]
