"""The right answers of a reading test are known to those who write it, and to nobody who has to take it."""

import io

import pikepdf
import pytest
from flask import Flask

from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.roles import Role
from tests.api.caller import Caller
from tests.world import sign_in

WHY = "见 5"  # the explanation in the world's question; the page of the test shows it at a wrong answer only


@pytest.mark.parametrize(("role", "knows"), [(Role.engineer, False), (Role.inspector, False), (Role.regulatory, True)])
def test_right_answers_are_told_to_writers_only(app: Flask, role: Role, knows: bool) -> None:
    caller, client = Caller.named(app, role), sign_in(app, role)
    row = caller.get("/reading_question/1").json["result"]
    assert (row["sections"]["basics"]["right"] == "a") is knows
    doors = [str(caller.get(url).json) for url in ("/document_version/1", "/document_version/1/history", "/reading_question/")]
    pages = ("/document_version/1/story", "/document_version/show/1", "/reading_question/list/")
    doors += [client.get(url).text for url in pages]
    assert any(WHY in text for text in doors) is knows
    if role is Role.inspector:
        assert WHY not in client.get("/trail/?kind=DocumentVersion").text


def test_no_print_of_a_version_carries_its_data(app: Flask) -> None:
    answer = sign_in(app, Role.engineer).get("/document_version/1/preview/controlled_document.pdf")
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert not dict(pdf.attachments)


@pytest.mark.parametrize(("role", "knows"), [(Role.engineer, False), (Role.inspector, False), (Role.regulatory, True)])
def test_what_a_colleague_answered_rightly_is_told_to_writers_only(app: Flask, role: Role, knows: bool) -> None:
    with app.app_context(), acting_as(SYSTEM):
        version = db.session.get_one(DocumentVersion, 1)
        task = ReadingTask(document_version=version, user_id=1, person_name="张三", answers="acbdc")
        db.session.add(task)
        db.session.commit()
        pk = task.id
    caller, client = Caller.named(app, role), sign_in(app, role)
    told = [str(caller.get(f"/reading_task/{pk}{more}").json) for more in ("", "/history")]
    told += [client.get(f"/reading_task/{more}").text for more in (f"{pk}/story", f"show/{pk}", "list/?columns=answers,person_name")]
    assert any("acbdc" in text for text in told) is knows
