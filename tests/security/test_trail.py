"""The auditors' page: what happened is found, exported and verified, and what was done behind the program's back is named."""

import csv
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.jobs.work import work_off
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.attachments import attach
from aftersales.record.audit import AuditEntry, seal_tree
from aftersales.roles import Role
from aftersales.security.grants import PARTICULAR
from aftersales.service.order import ServiceOrder
from aftersales.trail.export import harmless
from tests.security.conftest import account
from tests.world import FOREIGN, OWN, sign_in, specimen

Inside = Callable[[Callable[[], Any]], Any]
ByHand = Callable[[str], None]


@pytest.fixture
def auditor(app: Flask) -> FlaskClient:
    return sign_in(app, "inspector")


def rows(page: str) -> int:
    return page.split('class="listing"')[-1].count("<tr>") - 1


def number_of(app: Flask, region: str) -> str:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.get(ServiceOrder, specimen(app, ServiceOrder, region)).number


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_only_who_may_reads_the_trail(app: Flask, role: str) -> None:
    client, allowed = sign_in(app, role), role in PARTICULAR["can_read", "Trail"]
    for method, path in (("GET", "/trail/"), ("GET", "/trail/trail.csv"), ("POST", "/trail/verify")):
        assert (client.open(path, method=method).status_code == 403) is not allowed


def test_a_record_is_found_by_its_number(app: Flask, auditor: FlaskClient) -> None:
    own, foreign = number_of(app, OWN), number_of(app, FOREIGN)
    page = auditor.get(f"/trail/?number={own.lower()}").text
    assert "到达" in page
    pk = specimen(app, ServiceOrder, OWN)
    assert f"/service_order/show/{pk}" in page
    assert f"/service_order/show/{specimen(app, ServiceOrder, FOREIGN)}" not in page
    assert own != foreign
    assert auditor.get("/trail/?number=SO-XX-2026-99999").status_code == 422


def test_records_are_told_by_number_or_name(app: Flask, auditor: FlaskClient) -> None:
    own = number_of(app, OWN)
    assert f">维修工单 {own}</a>" in auditor.get("/trail/?kind=ServiceOrder").text
    assert f"维修工单 {own}" in auditor.get("/trail/trail.csv?kind=ServiceOrder").text
    assert ">登录账号 inspector</a>" in auditor.get("/trail/?kind=Account").text
    assert ">区域 HD</a>" in auditor.get("/trail/?kind=Region").text


def test_entries_are_found_by_person_action_and_day(app: Flask, auditor: FlaskClient, inside: Inside) -> None:
    pk = inside(lambda: account("inspector").id)
    page = auditor.get(f"/trail/?person={pk}&action=sign_in").text
    assert rows(page) == 1
    assert rows(auditor.get("/trail/?kind=Device&action=create&from=2026-11-16&until=2026-11-16").text) == 6
    assert 'class="listing"' not in auditor.get("/trail/?kind=Device&from=2026-11-17").text


@pytest.mark.parametrize("wrong", ["from=soon", "person=x", "record_id=1e9", "after=yesterday", "after=2026-01-01|x", "until=9999-99-99"])
def test_a_wrong_filter_is_refused_in_words(auditor: FlaskClient, wrong: str) -> None:
    assert auditor.get(f"/trail/?{wrong}").status_code == 422


def test_pages_are_turned_by_key_and_show_every_entry_once(app: Flask, auditor: FlaskClient, inside: Inside) -> None:
    total = inside(lambda: db.session.query(AuditEntry).filter(AuditEntry.kind == "Person").count())
    from aftersales.trail.search import page_of

    with app.app_context(), acting_as(SYSTEM):
        seen, after = [], ""
        while after is not None:
            page = page_of(db.session(), {"kind": "Person", "after": after}, 4)
            seen += [entry.id for entry in page.entries]
            after = page.after
    assert len(seen) == len(set(seen)) == total > 8


def test_personal_data_stays_masked(app: Flask, auditor: FlaskClient) -> None:
    for path in ("/trail/?kind=ServiceRequest", "/trail/trail.csv?kind=ServiceRequest"):
        told = auditor.get(path).text
        assert "13900002208" not in told
        assert "139****2208" in told


def test_the_page_takes_a_bounded_number_of_statements(app: Flask, auditor: FlaskClient) -> None:
    auditor.get("/trail/")
    count = []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: count.append(arguments[2]))
    auditor.get("/trail/?kind=Account")
    assert len(count) <= 15, count


def test_the_export_holds_what_the_page_lists_and_runs_no_formula(app: Flask, auditor: FlaskClient, inside: Inside) -> None:
    def name_a_person_badly() -> None:
        person = db.session.query(Person).filter(Person.staff_no == "A101").one()
        person.name, person._audit_reason = "林一", '=HYPERLINK("//evil","x")'

    inside(name_a_person_badly)
    answer = auditor.get("/trail/trail.csv?kind=Person")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    table = list(csv.reader(StringIO(answer.text.lstrip("\ufeff"))))
    assert len(table) == 1 + inside(lambda: db.session.query(AuditEntry).filter(AuditEntry.kind == "Person").count())
    assert any(cell.startswith("'=HYPERLINK") for cell in table[1])
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_cell_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("1=1") == "1=1"


# -- verifying --


def verify_now(app: Flask, client: FlaskClient) -> str:
    """Asks on the page, lets the runner work, and reads the page again."""
    asked = client.post("/trail/verify")
    assert asked.status_code == 303
    assert "/jobs/" in asked.location
    with app.app_context(), acting_as(SYSTEM):
        work_off(db.session(), long=True)
    shown = client.get(asked.location).text
    assert "完成" in shown
    return client.get("/trail/").text


def command(app: Flask, *arguments: str) -> Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=["verify-trail", *arguments])


@pytest.fixture
def by_hand(app: Flask) -> ByHand:
    """Changes the database as somebody with its password would, triggers or not."""

    def execute(statement: str) -> None:
        with app.app_context(), db.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET session_replication_role = replica"))
                connection.execute(text(statement))
                connection.execute(text("SET session_replication_role = DEFAULT"))
            else:
                kept = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
                for name, _sql in kept:
                    connection.execute(text(f"DROP TRIGGER {name}"))
                connection.execute(text(statement))
                for _name, sql in kept:
                    connection.exec_driver_sql(sql)
            connection.commit()

    return execute


def test_an_untouched_company_is_whole(app: Flask, auditor: FlaskClient, inside: Inside) -> None:
    """Accounts and roles too: everything the program did itself is in the trail."""
    inside(lambda: seal_tree(db.session, app.extensions["audit"]))
    page = verify_now(app, auditor)
    assert "处损坏" not in page, re.findall(r"<tr.*?</tr>", page, re.S)[:3]
    assert re.search(r"20\d\d-\d\d-\d\d", page)


def test_a_value_flipped_behind_the_programs_back_is_named(app: Flask, auditor: FlaskClient, by_hand: ByHand) -> None:
    pk = specimen(app, Device, OWN)
    by_hand(f"UPDATE device SET serial_no = 'HD-9999' WHERE id = {pk}")
    page = verify_now(app, auditor)
    assert "绕过程序改动" in page
    assert f'href="/device/show/{pk}"' in page
    assert "HD-9999" in page


def test_a_right_taken_behind_the_programs_back_is_named(app: Flask, auditor: FlaskClient, inside: Inside, by_hand: ByHand) -> None:
    pk, role = inside(lambda: (account("engineer").id, account("administrator").roles[0].id))
    by_hand(f"INSERT INTO ab_user_role (id, user_id, role_id) VALUES (99999, {pk}, {role})")
    page = verify_now(app, auditor)
    assert f"登录账号 {pk}" in page
    assert "绕过程序改动" in page


def test_an_entry_rewritten_or_deleted_is_named(app: Flask, auditor: FlaskClient, inside: Inside, by_hand: ByHand) -> None:
    inside(lambda: seal_tree(db.session, app.extensions["audit"]))
    pk = specimen(app, Device, OWN)
    by_hand(f"UPDATE audit_entry SET actor_name = '别人' WHERE kind = 'Device' AND record_id = {pk} AND sequence = 1")
    by_hand("DELETE FROM audit_entry WHERE kind = 'Region' AND record_id = 1 AND sequence = 1")
    page = verify_now(app, auditor)
    assert "这条留痕的内容被改动" in page
    assert "这条留痕被删除" in page or "缺少" in page


def test_a_file_altered_or_gone_from_the_store_is_named(app: Flask, auditor: FlaskClient, inside: Inside) -> None:
    def files() -> tuple[int, str, str]:
        device = db.session.get(Device, specimen(app, Device, OWN))
        kept = [attach(db.session, device, data, name).sha256 for data, name in ((b"altered", "altered.txt"), (b"gone", "gone.txt"))]
        db.session.commit()
        return device.id, *kept

    pk, altered, gone = inside(files)
    assert "处损坏" not in verify_now(app, auditor)
    stored = {path.name: path for path in Path(app.config["INSTANCE_PATH"]).rglob("*") if path.name in (altered, gone)}
    stored[altered].write_bytes(b"Altered")
    stored[gone].unlink()
    page = verify_now(app, auditor)
    assert "记录的文件已损坏或被改动" in page
    assert "记录的文件已不在存储中" in page
    assert f'href="/device/show/{pk}"' in page
    told = command(app, "--language", "en")
    assert told.exit_code == 1
    assert "altered.txt" in told.output
    assert "gone.txt" in told.output


def test_the_command_tells_by_its_exit_code(app: Flask, inside: Inside, by_hand: ByHand) -> None:
    whole = command(app)
    assert (whole.exit_code, whole.output.strip()) == (0, "审计追踪与记录完整。")
    by_hand(f"UPDATE device SET serial_no = 'HD-9999' WHERE id = {specimen(app, Device, OWN)}")
    broken = command(app, "--language", "en")
    assert broken.exit_code == 1
    assert "HD-9999" in broken.output
    assert "1 damage(s) found." in broken.output


def test_verifying_holds_up_nobody_who_writes(app: Flask, inside: Inside) -> None:
    """On SQLite a transaction that reads must not take the one write lock there is."""
    from aftersales.trail.verification import reading_session

    with app.app_context(), acting_as(SYSTEM), reading_session() as reading:
        reading.connection().execute(text("SELECT count(*) FROM audit_entry")).scalar_one()
        inside(lambda: setattr(account("engineer"), "language", "en"))
