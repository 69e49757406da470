"""The two lists of controlled documents: page, paper and workbook tell the same, and the paper says which form it is."""

import re
from io import BytesIO

from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import today
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from tests.scenarios.person import Visitor
from tests.traceability.papers import put_in_force, words_of


def issue(app: Flask) -> None:
    """The procedure in force, one copy of it with the first service centre, another destroyed."""
    put_in_force(app)
    with app.app_context(), acting_as(SYSTEM):
        from sqlalchemy import select

        from aftersales.documents.copies import ControlledCopy
        from aftersales.documents.version import DocumentVersion

        version = db.session.scalars(select(DocumentVersion).where(DocumentVersion.state == "effective").limit(1)).one()
        for holder in ("华东服务中心", "西南服务中心"):
            copy = create(db.session, ControlledCopy, {"document_version": version, "holder": holder, "place": "资料柜", "purpose": "查阅"})
            perform(copy, "issue")
        for step in ("call_back", "take_back", "destroy"):
            perform(copy, step, reason="换版")
        db.session.commit()


def test_both_lists_are_one_button_away_and_tell_the_same_on_every_way(app: Flask) -> None:
    issue(app)
    quality = Visitor.signed_in(app, Role.quality).open("/controlled_document/list/")
    assert set(quality.links("/document_lists/")) == {"/document_lists/current", "/document_lists/copies"}
    for kind, told, form_no in (("current", "AS-QP-03", "QR-WJ-03"), ("copies", "华东服务中心", "QR-WJ-04")):
        page = quality.open(f"/document_lists/{kind}")
        assert told in page.text, page.text
        text = " ".join(words_of(quality.download(f"/document_lists/{kind}.pdf")))
        assert told in text, text
        assert form_no in text, text
        assert "第1页" in text, text
        assert "打印 " in text, text
        assert re.search("^ *控$", text, re.MULTILINE), "nobody calls a list back: it says that it is not controlled, a letter a line"
        book = load_workbook(BytesIO(quality.download(f"/document_lists/{kind}.xlsx")))
        assert told in str([[cell.value for cell in row] for row in book.worksheets[0].rows])


def test_copies_that_are_gone_are_listed_when_they_are_asked_for(app: Flask) -> None:
    issue(app)
    quality = Visitor.signed_in(app, Role.quality)
    assert "西南服务中心" not in quality.open("/document_lists/copies").text
    assert "西南服务中心" in quality.open("/document_lists/copies?all=1").text
    assert "西南服务中心" in " ".join(words_of(quality.download("/document_lists/copies.pdf?all=1")))


def test_a_workbook_is_for_who_may_export(app: Flask) -> None:
    engineer = Visitor.signed_in(app, Role.engineer)
    assert engineer.client.get("/document_lists/current").status_code == 200
    assert engineer.client.get("/document_lists/current.xlsx").status_code == 403


def test_an_obsolete_version_says_so_above_its_text_and_leads_to_the_one_in_force(app: Flask) -> None:
    old = put_in_force(app)
    with app.app_context(), acting_as(SYSTEM):
        version = db.session.get_one(DocumentVersion, old)
        draft = {"document": version.document, "summary": "改版", "body": version.body, "is_new_issue": False}
        newer = create(db.session, DocumentVersion, draft)
        for step in ("submit", "review", "approve"):
            perform(newer, step, values={"effective_from": today()} if step == "approve" else {})
        for task in db.session.scalars(select(ReadingTask).where(ReadingTask.state == "to_read")):
            perform(task, "excuse", reason="for the test")
        perform(newer, "put_in_force")
        db.session.commit()
        newer_url = f"/document_version/show/{newer.id}"
    page = Visitor.signed_in(app, Role.quality).open(f"/document_version/show/{old}")
    assert "作废，请勿使用" in page.text
    assert "查看现行版本 A/1" in page.text
    assert newer_url in page.links("/document_version/show/")
    assert "请勿使用" not in page.open(newer_url).text


def test_whoever_has_to_read_finds_the_own_tasks_in_the_list(app: Flask) -> None:
    put_in_force(app)
    with app.app_context(), acting_as(SYSTEM):
        tasks = len(db.session.scalars(select(ReadingTask)).all())
    page = Visitor.signed_in(app, Role.engineer).open("/reading_task/list/")
    assert len(set(page.links("/reading_task/show/"))) == tasks > 1
    assert len(set(page.open("/reading_task/list/?mine=1").links("/reading_task/show/"))) == 1
