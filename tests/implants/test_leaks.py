"""A patient's name is in no table and in no stored file, and no door tells it to whoever lacks the right."""

import json
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Role as StoredRole
from sqlalchemy import inspect, select

from aftersales.extensions import Model, db
from aftersales.implants.patient import ImplantPatient
from aftersales.jobs.passes import run_as_system
from aftersales.jobs.passes import work as work_pass
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry, verify_records
from aftersales.record.ciphers import MARK, FieldKeys
from aftersales.record.rekeying import rekey
from aftersales.roles import Role
from aftersales.security.grants import grants_of
from aftersales.vigilance.patient import EventPatient
from tests.implants.cases import ADMISSION, NAME, SAFE, TOLD, the_implant, try_to_reach
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import FOREIGN, IMPLANTED, OWN, PASSWORD, PATIENTS, sign_in, token_of

SECRETS = (NAME, ADMISSION, "13911112222", "1949-10-03", "ZY-777-XYZ", "青霉素过敏史九年")
WITHOUT = [role for role in Role if role not in (Role.administrator, Role.follow_up, Role.regulatory, Role.quality)]


def ids(app: Flask) -> dict[str, int]:
    with app.app_context(), acting_as(SYSTEM):
        implant = the_implant()
        event = db.session.scalars(select(EventPatient).order_by(EventPatient.id).limit(1)).one()
        return {
            "implant": implant.id, "patient": implant.patient.id, "call": implant.follow_ups[0].id, "event": event.event_id,
            "event_patient": event.id,
        }  # fmt: skip


def write_names(app: Flask) -> dict[str, int]:
    """At each door that takes them, and corrected afterwards; then everything is done that copies records elsewhere."""
    pk = ids(app)
    regulatory, follower = Visitor.signed_in(app, Role.regulatory), Visitor.signed_in(app, Role.follow_up)
    consent = {"consent": "given", "consent_no": "TY-1", "consented_on": "2026-11-16"}
    hidden = {"name": NAME, "admission_no": ADMISSION, "phone": SECRETS[2], "birth_on": SECRETS[3], "remarks": SECRETS[5]}
    page = follower.open(f"/implant_patient/edit/{pk['patient']}").send(f"/edit/{pk['patient']}", **hidden, **consent, reason="核对")
    assert page.status == 200, page.text
    headers = {"Authorization": f"Bearer {token_of(app, Role.regulatory)}"}
    api, body = app.test_client(), {"name": NAME, "record_no": SECRETS[4], "history": SECRETS[5], "birth_on": SECRETS[3]}
    address = f"/api/v1/event_patient/{pk['event_patient']}"
    version = api.get(address, headers=headers).json["result"]["version"]
    answer = api.put(address, headers=headers, json=body | {"version": version, "reason": "核对"})
    assert answer.status_code == 200, answer.text
    assert NAME in json.dumps(answer.json, ensure_ascii=False)
    version = answer.json["result"]["version"]
    assert api.put(address, headers=headers, json={"name": "别名", "version": version, "reason": "更正"}).status_code == 200
    assert api.put(address, headers=headers, json={"name": NAME, "version": version + 1, "reason": "更正"}).status_code == 200
    for key in ("implant_patient", "event_patient", "implant", "implant_follow_up", "adverse_event"):
        assert regulatory.client.post(f"/sheet/{key}/export").status_code == 303
        regulatory.client.post(f"/sheet/{key}/export?columns=name,admission_no,record_no,history")
    regulatory.client.get(f"/event_patient/{pk['event_patient']}/story")
    regulatory.client.get(f"/adverse_event/{pk['event']}/form.xlsx")
    follower.client.get(f"/implant/{pk['implant']}/preview/implant_record.pdf")
    try_to_reach(follower, pk["call"], "reached")
    assert follower.open(f"/implant_follow_up/edit/{pk['call']}").send(f"/edit/{pk['call']}", **SAFE, **TOLD).status == 200
    page = follower.open(f"/implant_follow_up/show/{pk['call']}").send("/perform/complete", password=PASSWORD)
    assert page.status == 200, page.text
    follower.open("/implant/find").send("/find", admission_no=ADMISSION)
    with app.app_context():
        run_as_system(work_pass)
        db.session.remove()
    return pk


def test_no_table_and_no_stored_file_holds_a_name(app: Flask) -> None:
    pk = write_names(app)
    with app.app_context(), acting_as(SYSTEM):
        assert db.session.get_one(ImplantPatient, pk["patient"]).name == NAME  # it is there, for who may
        found = [where for where, text in (*_rows(), *_files(app)) for secret in SECRETS if secret in text]
        assert not found, found
        kept = db.session.scalars(select(AuditEntry).where(AuditEntry.kind == "EventPatient", AuditEntry.action == "update")).all()
        assert all(value.startswith(MARK) for entry in kept for value in entry.changes.get("name", []) if value)
        assert [*verify_records(db.session(), [ImplantPatient, EventPatient])] == []


def _rows() -> list[tuple[str, str]]:
    """Every row of every table as the driver gives it, JSON with its letters written out."""
    told = []
    names = inspect(db.session.connection()).get_table_names()
    assert len(names) >= len(Model.metadata.tables) > 100
    for name in names:
        for row in db.session.connection().exec_driver_sql(f'SELECT * FROM "{name}"'):
            text = " ".join(_written_out(value) for value in row)
            told.append((name, text))
    return told


def _written_out(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text.encode().decode("unicode_escape", "replace") + text if "\\u" in text else text


def _files(app: Flask) -> list[tuple[str, str]]:
    """Everything below the instance folder: store, packages, evidence, logs. Papers and workbooks are opened."""
    told = []
    for path in Path(app.config["INSTANCE_PATH"]).rglob("*"):
        if path.is_file() and not path.name.startswith("aftersales.db") and path.suffix not in (".db", ".agekey"):
            data = path.read_bytes()
            told.append((str(path), data.decode("utf-8", "replace")))
            if data.startswith(b"%PDF"):
                told.append((str(path), "".join(words_of(data)) + _attached(path)))
            if data.startswith(b"PK"):
                with zipfile.ZipFile(BytesIO(data)) as book:
                    told += [(f"{path}:{name}", book.read(name).decode("utf-8", "replace")) for name in book.namelist()]
    assert any(name.endswith("sharedStrings.xml") or "sheet1" in name for name, _text in told), "the exports are not there"
    return told


def _attached(path: Path) -> str:
    """The record that a paper carries."""
    import pikepdf

    with pikepdf.open(path) as pdf:
        return " ".join(file.get_file().read_bytes().decode("utf-8", "replace") for file in pdf.attachments.values())


def doors(pk: dict[str, int]) -> list[str]:
    patient, implant, call = pk["patient"], pk["implant"], pk["call"]
    return [
        "/", "/implant/list/", "/implant_follow_up/list/", "/implant_patient/list/", f"/implant/show/{implant}",
        f"/implant_follow_up/show/{call}", f"/implant_patient/show/{patient}", f"/implant_patient/edit/{patient}",
        f"/implant_patient/{patient}/story", f"/implant/{implant}/story", f"/implant/{implant}/related",
        f"/implant_patient/{patient}/related", f"/implant/{implant}/preview/implant_record.pdf",
        f"/implant/{implant}/preview/implant_card.pdf", f"/implant_follow_up/{call}/preview/implant_call.pdf", "/implant_patient/lookup",
        "/implant/lookup", "/trail/?kind=ImplantPatient", f"/trail/?kind=ImplantPatient&record_id={patient}",
        "/trail/export?kind=ImplantPatient", "/trace/?kind=lot&key=HD-PM", f"/trace/?kind=implant&key={implant}",
        "/implant_patient/list/?columns=name,admission_no", "/implant_patient/list/?columns=sex&order=sex", "/inbox/", "/jobs/",
    ]  # fmt: skip


def searches() -> list[str]:
    name = quote(IMPLANTED[OWN])
    lists = [f"/{key}/{where}?q={name}" for key in ("implant", "implant_patient", "implant_follow_up") for where in ("list/", "lookup")]
    return [*lists, f"/search?q={name}", f"/search/suggest?q={quote(IMPLANTED[OWN][:2])}", f"/trace/?q={name}", f"/trail/?q={name}"]


@pytest.mark.parametrize("role", WITHOUT)
def test_nobody_without_the_right_reads_a_name_at_any_door(app: Flask, role: Role) -> None:
    pk, client = ids(app), sign_in(app, role)
    told = {IMPLANTED[OWN], "PM-HD-77", "1951-04-06", "独居"}
    for url in doors(pk):
        answer = client.get(url)
        assert answer.status_code < 500, url
        text = "".join(words_of(answer.data)) if answer.data.startswith(b"%PDF") else answer.get_data(as_text=True)
        assert not {secret for secret in told if secret in text}, url
    for url in searches():  # the page repeats what was typed, and finds nothing
        text = client.get(url).get_data(as_text=True)
        assert f"/implant_patient/show/{pk['patient']}" not in text, url
        assert f"/implant/show/{pk['implant']}" not in text, url
    headers = {"Authorization": f"Bearer {token_of(app, role)}"}
    for url in ("", f"{pk['patient']}", f"{pk['patient']}/history", "changes", "?fields=name", "?q=" + quote(IMPLANTED[OWN])):
        answer = app.test_client().get(f"/api/v1/implant_patient/{url}", headers=headers)
        assert answer.status_code < 500, url
        text = json.dumps(answer.json, ensure_ascii=False)
        assert not {secret for secret in told if secret in text}, url


EVENTS = ("event_patient", "EventPatientData", f"ZY-{OWN}-88")
IMPLANTS = ("implant_patient", "ImplantPatientData", "PM-HD-77")


@pytest.mark.parametrize(("kept", "taken"), [(EVENTS, IMPLANTS), (IMPLANTS, EVENTS)])
def test_the_right_to_one_kind_of_patients_opens_nothing_of_the_other(
    app: Flask, kept: tuple[str, str, str], taken: tuple[str, str, str]
) -> None:
    """Whoever may open both records, with one of the two rights: page, API, a fresh print."""
    pk, administrator = ids(app), sign_in(app, Role.administrator)
    with app.app_context(), acting_as(SYSTEM):
        role = db.session.scalars(select(StoredRole).where(StoredRole.name == Role.quality)).one()
        rights = {":".join(pair) for pair in grants_of(db.session(), role.id)} - {f"can_read:{taken[1]}"}
        assert {f"can_read:{kept[1]}", "can_read:EventPatient", "can_read:ImplantPatient"} <= rights
        address = f"/roles/{role.id}"
    assert administrator.post(address, data={"right": sorted(rights), "reason": "分权"}).status_code == 302
    client, headers = sign_in(app, Role.quality), {"Authorization": f"Bearer {token_of(app, Role.quality)}"}
    papers = {
        "event_patient": f"/adverse_event/{pk['event']}/preview/adverse_event_form.pdf",
        "implant_patient": f"/implant/{pk['implant']}/preview/implant_record.pdf",
    }
    numbers = {"event_patient": pk["event_patient"], "implant_patient": pk["patient"]}
    for (key, _right, mark), is_told in ((kept, True), (taken, False)):
        page = client.get(f"/{key}/show/{numbers[key]}").text
        assert (mark in page) is is_told
        assert ("您的角色无权查看：" in page) is not is_told  # what is hidden is not called missing
        assert (f"/{key}/edit/{numbers[key]}" in page) is is_told  # nor is a form offered that cannot be saved
        assert client.get(f"/{key}/edit/{numbers[key]}").status_code == (200 if is_told else 403)
        answer = app.test_client().get(f"/api/v1/{key}/{numbers[key]}", headers=headers)
        assert (mark in answer.text) is is_told
        assert (mark in "".join(words_of(client.get(papers[key]).data))) is is_told


def test_a_follow_up_officer_who_reads_events_reads_no_patient_on_their_forms(app: Flask) -> None:
    pk, follower = ids(app), sign_in(app, Role.follow_up)
    answer = follower.get(f"/adverse_event/{pk['event']}/preview/adverse_event_form.pdf")
    words = "".join(words_of(answer.data))
    assert "限权查阅" in words
    assert f"ZY-{OWN}-88" not in words


def test_who_may_reads_of_the_own_region_alone_and_that_is_noted(app: Flask) -> None:
    pk, follower = ids(app), sign_in(app, Role.follow_up)
    assert IMPLANTED[OWN] in follower.get(f"/implant_patient/show/{pk['patient']}").text
    with app.app_context(), acting_as(SYSTEM):
        foreign = the_implant(f"{FOREIGN}-PM-1").patient.id
        read = select(AuditEntry).where(AuditEntry.kind == "ImplantPatient", AuditEntry.action == "read")
        (entry,) = db.session.scalars(read).all()
        assert (entry.record_id, entry.actor_name) == (pk["patient"], "Follow_Up Test")
    assert follower.get(f"/implant_patient/show/{foreign}").status_code == 404
    listed = follower.get("/implant_patient/list/").text
    assert IMPLANTED[OWN] not in listed
    assert f"{FOREIGN}-2026" not in listed


def test_the_trail_tells_who_may_read_patients_that_a_sex_was_written_and_not_which(app: Flask) -> None:
    pk, follower = ids(app), Visitor.signed_in(app, Role.follow_up)
    page = follower.open(f"/implant_patient/edit/{pk['patient']}")
    assert page.send(f"/edit/{pk['patient']}", sex="male", remarks="独居三年", reason="核对").status == 200
    client = sign_in(app, Role.quality)
    for url in ("/trail/?kind=ImplantPatient", "/trail/trail.csv?kind=ImplantPatient"):
        answer = client.get(url)
        assert answer.status_code == 200, url
        told = answer.get_data(as_text=True)
        assert "独**" in told
        assert not {word for word in ("独居", "男", "m**") if word in told}, url


def test_what_is_encrypted_takes_no_files_no_comments_and_no_columns(app: Flask) -> None:
    pk, follower = ids(app), Visitor.signed_in(app, Role.follow_up)
    page = follower.open(f"/implant_patient/show/{pk['patient']}")
    assert not [form for form in page.page.forms if (form.get("action") or "").endswith(("/attach", "/comment"))]
    said = follower.client.post(f"/implant_patient/{pk['patient']}/comment", data={"body": IMPLANTED[OWN]}, follow_redirects=True)
    assert "评论不加密" in said.text
    sent = {"files": (BytesIO(b"%PDF-1.4"), "x.pdf")}
    filed = follower.client.post(f"/implant_patient/{pk['patient']}/attach", data=sent, follow_redirects=True)
    assert "文件不加密" in filed.text
    with app.app_context(), acting_as(SYSTEM):
        from aftersales.custom_fields.definition import offered_places

        assert not [place for place, _words in offered_places() if "patient" in place]


def test_a_change_of_keys_reads_the_old_writes_the_new_and_still_finds(app: Flask) -> None:
    old, new = app.config["FIELD_KEYS"], "n" * 40
    with app.app_context(), acting_as(SYSTEM):
        try:
            app.extensions["field_keys"] = FieldKeys([new, old])
            assert the_implant().patient.name == IMPLANTED[OWN]
            assert rekey(db.session()) == 4  # two patients of implants, two of events
            assert rekey(db.session()) == 0
            db.session.expire_all()
            raw = db.session.connection().exec_driver_sql("SELECT name, admission_key FROM implant_patient ORDER BY id").all()
            assert all(app.extensions["field_keys"].is_newest(name) for name, _key in raw)
            assert FieldKeys([new]).index("PM-HD-77") in [key for _name, key in raw]
            assert [*verify_records(db.session(), [ImplantPatient, EventPatient])] == []
            app.extensions["field_keys"] = FieldKeys([new])
            db.session.expire_all()
            assert the_implant().patient.name == IMPLANTED[OWN]
        finally:
            app.extensions["field_keys"] = FieldKeys([old])


def test_without_the_key_a_page_says_so_and_stores_nothing(app: Flask) -> None:
    pk, follower = ids(app), sign_in(app, Role.follow_up)
    kept = app.extensions["field_keys"]
    try:
        app.extensions["field_keys"] = FieldKeys(["another key of this installation"])
        answer = follower.get(f"/implant_patient/show/{pk['patient']}", headers={"Accept": "text/html"})
        assert (answer.status_code, "加密数据无法读取" in answer.text) == (503, True)
        headers = {"Authorization": f"Bearer {token_of(app, Role.follow_up)}"}
        assert app.test_client().get(f"/api/v1/implant_patient/{pk['patient']}", headers=headers).status_code == 503
    finally:
        app.extensions["field_keys"] = kept


def test_what_somebody_puts_in_another_patients_place_is_found(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        connection = db.session.connection()
        first, second = connection.exec_driver_sql("SELECT id FROM implant_patient ORDER BY id").scalars()
        other = f"(SELECT name FROM implant_patient WHERE id = {second})"
        connection.exec_driver_sql(f"UPDATE implant_patient SET name = {other} WHERE id = {first}")
        (found,) = verify_records(db.session(), [ImplantPatient])
        assert (found.record_id, found.place) == (first, "name")
        assert IMPLANTED[FOREIGN] not in found.detail
        db.session.rollback()


def test_the_program_verifies_papers_without_any_key() -> None:
    """The module that verifies papers on any machine knows nothing of keys."""
    script = "import sys; import aftersales.record.printing.verify; sys.exit('aftersales.record.ciphers' in sys.modules)"
    import sys

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_names_of_the_world_are_those_of_patients() -> None:
    assert not set(PATIENTS.values()) & set(IMPLANTED.values())
