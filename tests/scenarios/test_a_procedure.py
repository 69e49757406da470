"""A procedure through HTTP: reviewed, approved, read, in force, printed, overtaken by a rule, superseded, its copies brought back."""

import io
import re
import subprocess
from datetime import timedelta

import pikepdf
import pytest
from flask import Flask

from aftersales.documents.effect import take_effect
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.roles import Role
from tests.api.caller import Caller
from tests.scenarios.person import Visitor
from tests.world import MONDAY, PASSWORD

VERSION = "/document_version/show/1"
ENGINEERS = ("engineer", "untrained", "far_engineer")


@pytest.fixture
def people(app: Flask) -> dict[str, Visitor]:
    return {str(name): Visitor.signed_in(app, name) for name in (Role.engineer, Role.quality, Role.manager, Role.regulatory)}


def test_a_procedure_from_draft_to_the_last_copy_brought_back(app: Flask, people: dict[str, Visitor]) -> None:
    approve(people, VERSION, day=0)
    nothing_takes_effect_unread(people)
    read(app, VERSION)
    put_in_force(people[Role.quality], VERSION)
    copies = [issue(people[Role.manager], app, holder) for holder in ("华东服务中心", "维修车间")]
    prints_say_what_they_are(people[Role.engineer], app)
    assert logged(app) == ["controlled", "controlled", "uncontrolled", "uncontrolled", "reference"]
    second = supersede(app, people)
    copies_come_back(people, copies)
    obsolete = text_of(people[Role.engineer].open(VERSION).download(people[Role.engineer].links("/paper/")[0])).split("\f")
    assert obsolete[0].count("废") == 2, "once in large letters, once in the line above the page"
    assert "现行有效" in people[Role.engineer].open(second).text


def approve(people: dict[str, Visitor], version: str, day: int) -> None:
    """Regulatory submits, quality reviews, the manager approves with a day and a password: three hands."""
    with server_time.at(MONDAY + timedelta(hours=1)):
        act(people[Role.regulatory].open(version), "submit")
        act(people[Role.quality].open(version), "review")
        effective = f"{MONDAY + timedelta(days=day):%Y-%m-%d}"
        act(people[Role.manager].open(version), "approve", effective_from=effective, password=PASSWORD)


def nothing_takes_effect_unread(people: dict[str, Visitor]) -> None:
    with server_time.at(MONDAY + timedelta(hours=2)):
        quality = people[Role.quality].open(VERSION)
        quality.client.post("/document_version/1/perform/put_in_force")
        assert "培训中" in quality.open(VERSION).text


def read(app: Flask, version: str) -> None:
    """Each engineer answers wrongly, then rightly; the version's page shows who has not."""
    with server_time.at(MONDAY + timedelta(hours=3)):
        for name in ENGINEERS:
            reader = Visitor.signed_in(app, name)
            reader.open(f"/reading_task/list/?state=to_read&q={name}")
            reader.open(reader.links("/reading_task/show/")[-1]).send("/answer", **{"answer-0": "b"})
            assert reader.status == 422
            reader.send("/answer", **{"answer-0": "a"})
            assert reader.status == 200
            if name != ENGINEERS[-1]:
                assert "待阅读" in reader.open(version).text


def put_in_force(quality: Visitor, version: str) -> None:
    with server_time.at(MONDAY + timedelta(hours=4)):
        act(quality.open(version), "put_in_force")
        assert "现行有效" in quality.text


def issue(manager: Visitor, app: Flask, holder: str) -> str:
    """A numbered copy, asked for, issued and printed. Returns the code on it."""
    with server_time.at(MONDAY + timedelta(hours=5)):
        manager.open("/controlled_copy/add")
        manager.send("/controlled_copy/add", document_version_id="1", holder=holder, place="资料柜", purpose="现场查阅")
        act(manager, "issue")
        text = text_of(manager.download(manager.links("/paper/")[0]))
        assert all("受控副本" in page for page in text.rstrip("\f").split("\f"))
        assert "非受控" not in text
        return re.search(r"校验码\s*(\w{16})", text)[1]


def prints_say_what_they_are(engineer: Visitor, app: Flask) -> None:
    """Who prints the version itself gets no controlled paper, by whatever door; without a purpose nobody prints."""
    with server_time.at(MONDAY + timedelta(hours=6)):
        engineer.open(VERSION)
        assert "非受控" in text_of(engineer.download(engineer.links("/paper/")[0]))
        by_token = Caller.named(app, Role.engineer).get("/document_version/1/documents/controlled_document.pdf")
        assert "非受控" in text_of(by_token.data)
        assert engineer.client.post("/document_version/1/print", data={"mark": "reference", "purpose": " "}).status_code == 302
        answer = engineer.client.post("/document_version/1/print", data={"mark": "reference", "purpose": "投标附件"})
        text = text_of(answer.data)
        assert "仅供参考" in text
        assert "投标附件" in text
        with pikepdf.open(io.BytesIO(answer.data)) as pdf:
            assert "/AcroForm" not in pdf.Root, "what was stamped bears no signature of the company"
        assert engineer.client.get("/print_entry/list/").status_code == 403


def supersede(app: Flask, people: dict[str, Visitor]) -> str:
    """A second version, with the test of the first, is read and takes effect by itself. Returns its address."""
    with server_time.at(MONDAY + timedelta(minutes=30)):
        writer = people[Role.regulatory].open("/document_version/add?document_id=1")
        writer.send(["/document_version/add", "document_id=1"][0], summary="增加远程维修")
        assert writer.status == 200, writer.text
        second = writer.url
    approve(people, second, day=0)
    read(app, second)
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=7)):
        assert take_effect(db.session) == 1
    return second


def copies_come_back(people: dict[str, Visitor], codes: list[str]) -> None:
    """Each copy is a task of its own; its code says that it no longer holds; who took it back does not destroy it."""
    with server_time.at(MONDAY + timedelta(hours=8)):
        tasks = people[Role.quality].open("/controlled_copy/list/?state=called_back").links("/controlled_copy/show/")
        assert len(tasks) == len(set(codes)) == 2
        for code in codes:
            assert "请交回质量部门" in people[Role.quality].open(f"/v/{code}").text
        act(people[Role.manager].open(tasks[0]), "take_back")
        assert not people[Role.manager].open(tasks[0]).offers("destroy")
        act(people[Role.quality].open(tasks[0]), "destroy", reason="已粉碎")


def logged(app: Flask) -> list[str]:
    answer = Caller.named(app, Role.quality).get("/print_entry/?q=AS-QP-03")
    return [row["mark"] for row in sorted(answer.json["result"], key=lambda row: row["id"])]


def act(visitor: Visitor, move: str, **values: str) -> None:
    visitor.send(f"/perform/{move}", **values)
    assert visitor.status == 200, visitor.text


def text_of(data: bytes) -> str:
    return subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
