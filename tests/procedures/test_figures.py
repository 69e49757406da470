"""Figures of a document's text: filed on a version, named in its text, on every page and paper of it, and no other host's."""

import io
from base64 import b64encode

import pikepdf
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from aftersales.documents.text import figures_in
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.attachments import attach
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change
from aftersales.record.workflow import perform
from aftersales.roles import Role
from tests.world import sign_in

BODY = "## 1 流程\n\n![图 1 派工流程](<派工 流程.png>)\n"


def picture(colour: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(stream, "PNG")
    return stream.getvalue()


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{b64encode(data).decode()}"


@pytest.fixture
def version_id(app: Flask) -> int:
    """The draft of the world, with a figure in its text that is not filed yet."""
    with app.app_context(), acting_as(SYSTEM):
        version = db.session.scalars(select(DocumentVersion)).one()
        change(db.session, version, {"body": BODY})
        db.session.commit()
        return version.id


def test_a_picture_filed_on_the_version_stands_in_page_preview_and_paper(app: Flask, version_id: int) -> None:
    quality, path = sign_in(app, Role.quality), f"/document_version/{version_id}"
    assert "没有归档名为" in quality.get(f"/document_version/show/{version_id}").text
    sent = {"files": (io.BytesIO(picture()), "派工 流程.png"), "purpose": "figure"}
    assert quality.post(f"{path}/attach", data=sent, content_type="multipart/form-data").status_code == 302
    page = quality.get(f"/document_version/show/{version_id}").text
    assert f'<img src="{uri(picture())}" alt="图 1 派工流程">' in page
    assert '<span class="caption">图 1 派工流程</span>' in page
    shown = quality.post(f"/document_version/preview_text?version={version_id}", data={"body": BODY}).json["html"]
    assert uri(picture()) in shown
    with pikepdf.open(io.BytesIO(quality.get(f"{path}/preview/controlled_document.pdf").data)) as pdf:
        assert [(image.Width, image.Height) for page in pdf.pages for image in page.images.values()].count((40, 30)) == 1


def test_a_text_with_a_figure_that_is_not_filed_is_not_submitted(app: Flask, version_id: int) -> None:
    with app.app_context(), acting_as(SYSTEM):
        version = db.session.get(DocumentVersion, version_id)
        with pytest.raises(Refusal, match="派工 流程"):
            perform(version, "submit")
        attach(db.session, version, picture(), "派工 流程.png")
        db.session.flush()
        perform(version, "submit")
        assert version.state == "in_review"


def test_what_was_filed_first_under_a_name_stays(app: Flask, version_id: int) -> None:
    with app.app_context(), acting_as(SYSTEM):
        version = db.session.get(DocumentVersion, version_id)
        attach(db.session, version, picture("red"), "派工 流程.png")
        attach(db.session, version, picture("blue"), "派工 流程.png")
        db.session.flush()
        assert version.figures().uri("派工 流程.png") == uri(picture("red"))


def test_nothing_of_another_host_is_shown(app: Flask, version_id: int) -> None:
    with app.app_context(), acting_as(SYSTEM):
        version = db.session.get(DocumentVersion, version_id)
        body = "![x](https://example.invalid/x.png) ![y](data:image/png;base64,AA) ![z](//example.invalid/z)"
        change(db.session, version, {"body": body})
        html = version.html()
    assert "<img" not in html
    assert figures_in("```\n![no](no.png)\n```\n\n![a](a.png)\n\n- ![b](b%20c.png)") == ["a.png", "b c.png"]
