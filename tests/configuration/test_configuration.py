"""What administrators set up goes out as one file, and comes in after a look at what it would change."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from aftersales.archives.retention import Anchor, RetentionClass
from aftersales.archives.rule import RetentionRule
from aftersales.configuration import document
from aftersales.configuration.kind import kinds
from aftersales.configuration.taking import take
from aftersales.deadlines import load_shipped_rules
from aftersales.deadlines.calendar import HolidayNotice
from aftersales.deadlines.clock_rule import ClockRule
from aftersales.devices.family import DeviceFamily
from aftersales.devices.function_test import FunctionTest
from aftersales.extensions import db
from aftersales.implants.plan import FollowUpPlan
from aftersales.organization.code_list import Code, CodeList, load_shipped_codes
from aftersales.organization.founding import found_company
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.arranging import EVERYBODY, keep_view
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.deadline import RuleKind, Unit
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security import roles
from aftersales.security.account import Account
from aftersales.security.manager import actor_of
from aftersales.service.order import ServiceOrder
from aftersales.settings.letterhead import Letterhead
from aftersales.settings.notice_text import NoticeKind, NoticeText
from aftersales.settings.number_pattern import NumberPattern
from aftersales.signals.rule import SignalRule
from tests.recordlevel import start
from tests.signals.case import FEWER
from tests.world import sign_in

PROPOSED = {
    ClockRule: "clock_rule", NumberPattern: "number_pattern", Letterhead: "letterhead", NoticeText: "notice_text",
    HolidayNotice: "holiday_notice", RetentionRule: "retention_rule", SignalRule: "signal_rule",
    FollowUpPlan: "follow_up_plan",
}  # fmt: skip


def furnish() -> None:
    """One setting of every kind that the world has none of."""
    session, day = db.session, today() + timedelta(days=1)
    rule = {"milestone": "on_site", "amount": 90, "unit": Unit.minutes, "kind": RuleKind.company, "condition": {"fault_level": "level_1"}}
    rule |= {"source": "QP-7", "article": "4.2", "name": "一级：九十分钟", "name_en": "Level 1: ninety minutes"}
    rule |= {"effective_from": day, "reason": "急诊"}
    rows = [
        create(session, ClockRule, rule),
        create(session, NumberPattern, {"prefix_of": "SR", "letters": "WX", "digit_count": 5, "effective_from": day}),
        create(session, SignalRule, FEWER | {"effective_from": day}),
        create(session, FollowUpPlan, {"fruitless_attempts": 4, "further_months": "3, 12", "effective_from": day}),
        create(session, Letterhead, {"name": "澄海医疗", "phone": "400-000-0000", "effective_from": day}),
        create(session, NoticeText, {"kind": NoticeKind.passed, "subject": "超时", "body": "{记录}", "effective_from": day}),
    ]
    rows.append(create(session, ClockRule, rule | {"first": rows[0], "amount": 80, "effective_from": day + timedelta(days=1)}))
    kept = {"name": "质量记录：十二年", "name_en": "Quality records: twelve years", "kind": RuleKind.company, "source": "QP-15"}
    kept |= {"article": "6.1", "retention_class": RetentionClass.quality_record, "anchor": Anchor.settled_on, "years": 12}
    rows.append(create(session, RetentionRule, kept | {"effective_from": day, "reason": "客户要求"}))
    for row in rows:
        perform(row, "approve")
    roles.make(session, "二线支持", "需要", like=session.scalars(select(roles.Role).where(roles.Role.name == Role.engineer)).one())
    session.commit()


def written() -> bytes:
    return document.write(db.session(), kinds())


def sections(data: bytes) -> dict[str, Any]:
    return json.loads(data)["sections"]


def sealed(content: dict[str, Any]) -> bytes:
    """A file of these sections, as another instance would have written it."""
    head = {"what": document.WHAT, "format": document.FORMAT, "checksum": document.checksum(content), "sections": content}
    return json.dumps(head).encode()


@pytest.fixture
def full(app: Flask) -> bytes:
    with app.app_context(), acting_as(SYSTEM):
        furnish()
        chief = db.session.scalars(select(Account).where(Account.username == "administrator")).one()
        with acting_as(actor_of(chief)):
            keep_view(db.session, ServiceOrder, "state=assigned&clock=late", "今天要到场", EVERYBODY)
            keep_view(db.session, ServiceOrder, "state=assigned", "只给我", "")
        db.session.commit()
        return written()


@pytest.fixture
def empty(tmp_path: Path, full: bytes) -> Iterator[Flask]:
    """An instance as `flask init` leaves it, and the family that a test form of the file is for."""
    from aftersales.registration import record_types
    from aftersales.security.grants import write_grants

    other = start(tmp_path)
    with other.app_context(), acting_as(SYSTEM):
        db.create_all()
        write_grants(db.session, dict.fromkeys(record_types()))
        load_shipped_codes(db.session)
        load_shipped_rules(db.session)
        found_company("chief")
        db.session.add(DeviceFamily(code="08-03", name="呼吸机"))
        db.session.commit()
        yield other
        db.session.remove()


@pytest.mark.sqlite
def test_what_an_empty_instance_takes_over_it_writes_again(full: bytes, empty: Flask) -> None:
    chief = db.session.scalars(select(Account).where(Account.username == "chief")).one()
    with acting_as(actor_of(chief)):
        taken = take(db.session(), document.read(full), reason="新分公司")
        db.session.commit()
    assert not [(entry.title, entry.refusal) for section in taken for entry in section.entries if entry.refusal]
    assert len(taken) == len(kinds())
    for cls in (*PROPOSED, *(c for c in SharedRecord.record_types.values() if c.__name__ == "FunctionTest")):
        started = cls.workflow.initial.name
        rows = db.session.scalars(select(cls).where(cls.state == started)).all()
        assert rows, f"{cls.__name__} came in without anybody to approve it"
        for row in rows:
            perform(row, "approve")
    db.session.commit()
    assert sections(written()) == sections(full)
    with acting_as(actor_of(chief)):
        again = take(db.session(), document.read(full))
    assert not [section.kind.name for section in again if section.moves]


def test_the_file_has_every_kind_and_no_number_of_the_database(full: bytes) -> None:
    told = sections(full)
    assert {name for name, items in told.items() if not items} == set()
    assert set(PROPOSED.values()) | {"role", "code_list", "field_definition", "function_test", "list_view"} == set(told)
    names = {name for items in told.values() for item in items for name in item}
    assert not [name for name in names if name == "id" or name.endswith("_id")]
    assert [view["name"] for view in told["list_view"]] == ["今天要到场"]
    assert told["function_test"][0]["items"][0]["instrument_kind"][0] == "instrument_kind"
    text = full.decode()
    assert not [word for word in ("Administrator Test", "example.invalid") if word in text]


@pytest.fixture
def post(app: Flask) -> Callable[..., Any]:
    client = sign_in(app, Role.administrator)
    client.get("/lang/en")

    def send(path: str, data: bytes | None = None, **fields: Any) -> Any:
        files = {"file": (io.BytesIO(data), "settings.json")} if data is not None else {}
        return client.post(f"/configuration/{path}", data=fields | files, content_type="multipart/form-data" if files else None)

    return send


def seen(page: str) -> dict[str, str]:
    """What the dry run hands on to the import: the file and what was seen of it."""
    return dict(re.findall(r'name="(file|seen\.\w+)" value="(\w+)"', page))


def test_a_dry_run_shows_old_and_new_and_stores_nothing(app: Flask, full: bytes, post: Callable[..., Any]) -> None:
    told = sections(full)
    told["code_list"][0]["codes"][0]["name"] = "另一个名称"
    told["code_list"].append({"code": "bad list", "name": None, "codes": []})
    old = sections(full)["code_list"][0]["codes"][0]["name"]
    page = post("check", sealed(told)).text
    assert f"<del>{old}</del> → <ins>另一个名称</ins>" in page
    assert "Name: This field is required." in page
    with app.app_context(), acting_as(SYSTEM):
        assert sections(written()) == sections(full)
    fields = seen(page)
    assert post("import", **fields, section="code_list").status_code == 422
    assert post("import", **fields, section="code_list", reason="名称统一").status_code == 303
    with app.app_context(), acting_as(SYSTEM):
        assert sections(written())["code_list"][0]["codes"][0]["name"] == "另一个名称"
        found = db.session.scalars(select(AuditEntry).where(AuditEntry.reason == "名称统一").order_by(AuditEntry.id))
        assert [(entry.kind, entry.action, entry.actor_name) for entry in found] == [
            ("CodeList", "update_line", "Administrator Test"), ("Configuration", "import", "Administrator Test"),
        ]  # fmt: skip


def test_the_version_in_force_and_the_one_to_follow_are_told_apart(app: Flask, full: bytes, post: Callable[..., Any]) -> None:
    form = sections(full)["function_test"][0]
    row, *others = form["items"]
    coming = form | {"items": [row | {"name": "新增的一项"}, *others]}
    page = post("check", sealed({"function_test": [form, coming, coming]})).text
    assert re.findall(r"version (\d) of 3 in the file", page) == ["2", "3"]
    assert "新增的一项" in page
    assert page.count("The file has this entry twice.") == 1
    both = sealed({"function_test": [form, coming]})
    fields = seen(post("check", both).text)
    assert post("import", **fields, section="function_test", reason="另一处的新版").status_code == 303
    with app.app_context(), acting_as(SYSTEM):
        draft = db.session.scalars(select(FunctionTest).where(FunctionTest.state == "draft")).one()
        assert draft.items[0].name == "新增的一项"
    assert "version 2 of 2" not in post("check", both).text  # it waits already


def test_what_changed_since_the_look_is_shown_again(app: Flask, full: bytes, post: Callable[..., Any]) -> None:
    told = sections(full)
    told["code_list"][0]["codes"][0]["name"] = "另一个名称"
    fields = seen(post("check", sealed(told)).text)
    with app.app_context(), acting_as(SYSTEM):
        of_list = select(Code).join(CodeList).where(CodeList.code == told["code_list"][0]["code"])
        row = db.session.scalars(of_list.order_by(Code.position).limit(1)).one()
        row.name, row._audit_reason = "又改了", "口径"
        db.session.commit()
    answer = post("import", **fields, section="code_list", reason="名称统一")
    assert answer.status_code == 409
    assert "<del>又改了</del>" in answer.text
    assert post("import", **seen(answer.text), section="code_list", reason="名称统一").status_code == 303


def test_what_needs_two_people_arrives_as_a_proposal_once(app: Flask, full: bytes, post: Callable[..., Any]) -> None:
    told = {"clock_rule": [sections(full)["clock_rule"][0] | {"amount": 60}]}
    page = post("check", sealed(told)).text
    assert "arrive as proposals" in page
    assert post("import", **seen(page), section="clock_rule", reason="更严").status_code == 303
    with app.app_context(), acting_as(SYSTEM):
        rule = db.session.scalars(select(ClockRule).where(ClockRule.amount == 60, ClockRule.source == "QP-7")).one()
        assert rule.state == "proposed"
        with acting_as(actor_of(db.session.get(Account, rule.created_by_id))), pytest.raises(Refusal):
            perform(rule, "approve")
    assert "waits for approval 1" in post("check", sealed(told)).text


def test_a_pattern_of_the_past_holds_from_the_day_it_is_taken_over(app: Flask, post: Callable[..., Any]) -> None:
    pattern = {"prefix_of": "SO", "letters": "GD", "has_region": True, "year_form": "two_digits", "digit_count": 5}
    told = {"number_pattern": [pattern | {"effective_from": "2020-01-01"}]}
    page = post("check", sealed(told)).text
    post("import", **seen(page), section="number_pattern", reason="同总部")
    with app.app_context(), acting_as(SYSTEM):
        row = db.session.scalars(select(NumberPattern)).one()
        assert (row.effective_from, row.state) == (today(), "proposed")


@pytest.mark.parametrize(
    ("name", "entry", "why"),
    [
        ("role", {"name": "x", "permissions": ["can_read:Nothing"]}, "no such right"),
        ("role", {"name": ["x"], "permissions": {"a": 1}}, "Not a list of entries"),
        ("role", {"name": "administrator", "permissions": []}, "nobody who may give rights"),
        ("code_list", {"code": "c", "name": "n", "codes": "abc"}, "Not a list of entries"),
        ("code_list", {"code": "c", "name": "n", "codes": [{"code": "a", "name": "n", "name_en": "n", "colour": 1}]}, "no such field"),
        ("holiday_notice", {"year": 10**12, "title": "t", "notice_no": "n", "issued_on": "2030-01-01", "days": []}, "out of range"),
        ("holiday_notice", {"year": 2031, "title": "t", "notice_no": "n", "issued_on": "2030-01-01",
                            "days": [{"day": "2031-01-01", "name": "n" * 41, "name_en": "n", "is_worked": False}]}, "Too long"),
        ("function_test", {"family": "no-such", "name": "n", "items": []}, "There is no"),
        ("field_definition", {"record_type": "device", "code": "supply", "kind": "text"}, "in use"),
        ("list_view", {"kind": "ServiceOrder", "name": "v", "shared_with": "nobody", "args": {}}, "no such role"),
        ("list_view", {"kind": "ServiceOrder", "name": ["v"], "shared_with": 3, "args": []}, "Not a view"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_meant_is_refused_alone(app: Flask, post: Callable[..., Any], name: str, entry: Any, why: str) -> None:
    fine = {"code": "kept", "name": "其余照收", "codes": []}
    page = post("check", sealed({name: [entry]} | {"code_list": [*([entry] if name == "code_list" else []), fine]}))
    assert page.status_code == 200
    assert why in page.text
    assert "其余照收" in page.text


def test_a_file_that_is_not_whole_or_of_another_format_is_refused(full: bytes) -> None:
    newer = json.loads(full) | {"format": document.FORMAT + 1}
    unknown = sealed({"shelf_label": []})
    for data, why in [
        (b"{", "no file"), (b"[]", "no file"), (b"{}", "no file"), (json.dumps(newer).encode(), "format"),
        (full.replace("澄海医疗".encode(), "别家医疗".encode()), "checksum"), (b"x" * (document.LARGEST + 1), "large"),
    ]:  # fmt: skip
        with pytest.raises(Refusal, match=why):
            document.read(data)
    with acting_as(SYSTEM), pytest.raises(Refusal, match="does not know: shelf_label"):
        take(None, document.read(unknown))


def test_administrators_open_it_and_nobody_takes_over_what_they_may_not_write(app: Flask, full: bytes, post: Callable[..., Any]) -> None:
    quality = sign_in(app, Role.quality)
    assert quality.get("/configuration/").status_code == 403
    assert quality.post("/configuration/export", data={"section": "role"}).status_code == 403
    out = post("export", section=["code_list", "role"])
    assert set(sections(out.data)) == {"code_list", "role"}
    with app.app_context(), acting_as(SYSTEM):
        chief = db.session.scalars(select(Account).where(Account.username == "administrator")).one()
        rights = actor_of(chief)
    with app.app_context(), acting_as(replace(rights, permissions=rights.permissions - {("can_write", "Role")})):
        (taken,) = take(db.session(), {"role": [{"name": "mine", "permissions": ["can_write:Role"]}]})
        assert (bool(taken.refusal), taken.entries) == (True, ())


def test_the_command_writes_and_takes_over_with_a_reason_only(app: Flask, full: bytes, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"

    def run(*args: str) -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(args=["configuration", *args])

    assert run("export", str(file)).exit_code == 0
    assert sections(file.read_bytes()) == sections(full)
    file.write_bytes(sealed({"code_list": [{"code": "kept", "name": "新的", "codes": []}]}))
    dry = run("import", str(file), "--as", "administrator")
    assert (dry.exit_code, "code_list: 1 new" in dry.output) == (0, True)
    assert run("import", str(file), "--as", "engineer", "--reason", "x").exit_code == 1
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.scalars(select(CodeList).where(CodeList.code == "kept")).one_or_none() is None
    assert run("import", str(file), "--as", "administrator", "--reason", "分公司").exit_code == 0
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.scalars(select(CodeList).where(CodeList.code == "kept")).one().name == "新的"
