"""Code lists as an administrator keeps them: one page for all values, dates instead of deletion, and a reason with each change."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from aftersales.devices.instrument import TestInstrument
from aftersales.extensions import db
from aftersales.organization.code_list import Code, CodeList
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.rows import RowSheet
from aftersales.service.order import ServiceOrder
from tests.api.caller import Caller
from tests.world import OWN, sign_in, specimen

KINDS = "instrument_kind"
TODAY = date.today()


def in_app(app: Flask, what: Callable[[], Any]) -> Any:
    with app.app_context(), acting_as(SYSTEM):
        answer = what()
        db.session.commit()
        return answer


def the_list(code: str = KINDS) -> CodeList:
    return db.session.scalars(select(CodeList).where(CodeList.code == code)).one()


def sent(app: Flask, **changes: str) -> dict[str, Any]:
    """The form of the page as a browser sends it."""

    def filled() -> dict[str, Any]:
        sheet = RowSheet(the_list(), "codes")
        fields = {field.name: field._value() for row in sheet.rows for field in row.fields.values()}
        return {"row": [row.key for row in sheet.rows], "was": sheet.mark, "do": "save"} | fields

    return in_app(app, filled) | changes


@pytest.fixture
def page(app: Flask) -> str:
    return in_app(app, lambda: f"/code_list/{the_list().id}/rows/codes")


@pytest.fixture
def administrator(app: Flask) -> FlaskClient:
    return sign_in(app, "administrator")


def test_values_are_written_added_moved_and_taken_out_in_one_save(app: Flask, administrator: FlaskClient, page: str) -> None:
    form = sent(app, reason="年度整理")
    first, second, *others = form["row"]
    form |= {"row": [second, first, *others[:-1], "n1"], f"{first}-name": "电安分析仪"}
    form |= {"n1-code": "oximeter", "n1-name": "血氧模拟仪", "n1-name_en": "Oximeter tester", "n1-offered_from": f"{TODAY}"}
    answer = administrator.post(page, data=form)
    assert answer.status_code == 302, answer.get_data(as_text=True)

    def told() -> tuple[list[str], set[str], list[str | None]]:
        codes = the_list().codes
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "CodeList", AuditEntry.reason == "年度整理"))
        return [str(code.id) for code in codes], {code.name for code in codes}, sorted(entry.action for entry in entries)

    order, names, actions = in_app(app, told)
    assert order[:2] == [second, first]
    assert names >= {"电安分析仪", "血氧模拟仪"}
    assert len(order) == len(form["row"])
    assert {"create_line", "update_line", "delete_line"} <= set(actions)


def test_without_a_reason_or_over_somebody_elses_change_nothing_is_stored(app: Flask, administrator: FlaskClient, page: str) -> None:
    form = sent(app)
    form[f"{form['row'][0]}-name"] = "改名"
    silent, late = administrator.post(page, data=form), administrator.post(page, data=form | {"reason": "改", "was": "1.1"})
    assert (silent.status_code, late.status_code) == (422, 409)
    assert "改名" in silent.get_data(as_text=True)  # what was typed is not lost
    assert in_app(app, lambda: "改名" not in {code.name for code in the_list().codes})


def test_the_buttons_work_without_a_script_and_store_nothing(app: Flask, administrator: FlaskClient, page: str) -> None:
    form = sent(app)
    first = form["row"][0]
    text = administrator.post(page, data=form | {"do": f"down:{first}"}).get_data(as_text=True)
    assert text.index(f'value="{form["row"][1]}"') < text.index(f'value="{first}"')
    assert 'name="row" value="n1"' in administrator.post(page, data=form | {"do": "add"}).get_data(as_text=True)
    gone = administrator.post(page, data=form | {"do": f"drop:{first}"}).get_data(as_text=True)
    assert f'name="row" value="{first}"' not in gone
    assert in_app(app, lambda: str(the_list().codes[0].id)) == first


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "必填"),
        ({"code": "another"}, "代码不可更改"),
        ({"offered_from": "2026-05-01", "retired_from": "2026-04-01"}, "早于"),
    ],
)
def test_what_is_wrong_in_a_value_is_said_in_its_row(
    app: Flask, administrator: FlaskClient, page: str, changes: dict[str, str], words: str
) -> None:
    form = sent(app, reason="试")
    first = form["row"][0]
    answer = administrator.post(page, data=form | {f"{first}-{name}": value for name, value in changes.items()})
    assert answer.status_code == 422
    row = answer.get_data(as_text=True).split('<li class="bad">')[1].split("</li>")[0]
    assert words in row


def test_a_retired_value_stays_where_it_is_and_is_offered_no_more(app: Flask) -> None:
    office = Caller.named(app, "technical_support")
    instrument = f"/test_instrument/{specimen(app, TestInstrument, OWN)}"

    def retire() -> int:
        code = db.session.get(TestInstrument, int(instrument.rsplit("/", 1)[1])).kind
        code.retired_from, code._audit_reason = TODAY, "不再使用"
        return code.id

    code_id = in_app(app, retire)
    record = office.get(instrument).json["result"]
    changed = office.put(instrument, {"version": record["version"], "kind_id": code_id, "name": "新名", "reason": "更正"})
    assert changed.status_code == 200, changed.json
    facts = {"name": "新购", "serial_no": "N-1", "calibrated_on": "2026-01-01", "calibration_valid_until": "2026-12-31"}
    facts |= {"region_id": changed.json["result"]["sections"]["basics"]["region_id"]}
    refused = office.post("/test_instrument/", facts | {"kind_id": code_id})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["kind_id"])
    found = sign_in(app, "technical_support").get(f"/code/lookup?among={KINDS}").json["results"]
    assert found
    assert code_id not in [row["id"] for row in found]


def test_a_field_takes_values_of_its_own_list_from_their_day_on(app: Flask) -> None:
    engineer = Caller.named(app, "engineer")
    order = f"/service_order/{specimen(app, ServiceOrder, OWN)}"

    def codes() -> tuple[int, int]:
        coming = Code(code="later", name="将来", name_en="Later", position=99, offered_from=TODAY + timedelta(days=9))
        coming.code_list = the_list("fault_cause")
        db.session.add(coming)
        db.session.flush()
        return coming.id, the_list().codes[0].id

    version = engineer.get(order).json["result"]["version"]
    for code_id in in_app(app, codes):
        answer = engineer.put(order, {"version": version, "cause_category_id": code_id})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["cause_category_id"])


def test_a_value_that_records_have_is_never_taken_out(app: Flask, administrator: FlaskClient, page: str) -> None:
    used = in_app(app, lambda: str(db.session.scalars(select(TestInstrument.kind_id).limit(1)).one()))
    form = sent(app, reason="清理")
    answer = administrator.post(page, data=form | {"row": [key for key in form["row"] if key != used]})
    assert answer.status_code == 422
    assert "请改为停用" in answer.get_data(as_text=True)
    assert in_app(app, lambda: used in {str(code.id) for code in the_list().codes})
