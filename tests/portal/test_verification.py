"""The page that says whether a paper holds, in each of its states, and what it says of a file."""

import io
import re

import pytest
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument
from tests.portal.nurse import form_token
from tests.portal.repair import finish, reopen

PERSONAL = ("沈护士长", "13900002208", "主任", "13900003309", "华东engineer", "吴医生", "系统", "很好")


def verdicts(html: str) -> list[bool]:
    """The three answers about a file: whole, ours, the archived one."""
    return [mark == "✓" for mark in re.findall(r"<b>([✓✗])</b>", html)]


def compare(client, code, data, name="report.pdf", token=None):
    page = client.get(f"/v/{code}?lang=en").text
    return client.post(f"/v/{code}?lang=en", data={"token": token or form_token(page), "file": (io.BytesIO(data), name)})


@pytest.fixture
def pdf(app, finished) -> bytes:
    return app.extensions["store"].get(finished.sha256)


def test_a_valid_paper_is_told_with_its_facts_and_no_personal_data(client, finished):
    page = client.get(f"/v/{finished.code}?lang=en")
    assert page.status_code == 200
    assert "Valid" in page.text
    for fact in ("SO-HD-2026-000001", "QR-SH-05", "A/0", "治疗呼吸机", "HD-0001", "2026-11-16", finished.sha256):
        assert fact in page.text
    assert not [secret for secret in PERSONAL if secret in page.text]
    assert "Set-Cookie" not in page.headers


def test_a_paper_whose_record_was_opened_again_is_void(app, client, finished):
    reopen(app)
    page = client.get(f"/v/{finished.code}?lang=en").text
    assert "Void" in page
    assert "no longer holds since 2026-11-16 14:00" in page


def test_a_superseded_paper_leads_to_the_newer_one(app, client, finished):
    reopen(app)
    newer = finish(app)
    page = client.get(f"/v/{finished.code}?lang=en").text
    assert "Superseded" in page
    assert f'href="/v/{newer.code}?lang=en"' in page
    assert "current one" in client.get(f"/v/{newer.code}?lang=en").text


def test_an_unknown_code_is_said_to_be_unknown(client):
    page = client.get("/v/AAAABBBBCCCCDDDD?lang=en")
    assert page.status_code == 404
    assert "Unknown" in page.text


@pytest.mark.parametrize("code", ["<script>alert(1)", "a%00b", "%E4%B8%AD", "1" * 500])
def test_a_code_that_cannot_be_one_is_answered_calmly(client, code):
    page = client.get(f"/v/{code}", follow_redirects=True)
    assert page.status_code == 404
    assert "<script>alert" not in page.text


def test_a_code_may_be_typed_with_spaces_and_in_small_letters(client, finished):
    typed = " ".join(re.findall("....", finished.code.lower()))
    page = client.get("/v/", query_string={"code": typed, "lang": "en"}, follow_redirects=True)
    assert page.request.path == f"/v/{finished.code}"
    assert page.status_code == 200


def test_the_archived_file_is_recognised(client, finished, pdf):
    page = compare(client, finished.code, pdf)
    assert page.status_code == 200
    assert verdicts(page.text) == [True, True, True]


def test_a_file_changed_by_one_byte_is_found(client, finished, pdf):
    at = len(pdf) // 3
    page = compare(client, finished.code, pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :])
    assert verdicts(page.text) == [False, False, False]


def test_our_file_under_another_papers_code_is_ours_but_not_that_one(app, client, finished, pdf):
    reopen(app)
    newer = finish(app)
    assert verdicts(compare(client, newer.code, pdf).text) == [True, True, False]


def test_an_unsigned_pdf_is_not_ours(client, finished):
    page = compare(client, finished.code, b"%PDF-1.4\n%%EOF")
    assert verdicts(page.text) == [False, False, False]


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff a photo"])
def test_what_is_no_pdf_is_refused_at_the_field(client, finished, data):
    page = compare(client, finished.code, data)
    assert page.status_code == 422
    assert 'class="error"' in page.text


def test_a_form_that_this_server_did_not_make_compares_nothing(client, finished, pdf):
    page = compare(client, finished.code, pdf, token="made up")
    assert page.status_code == 422
    assert verdicts(page.text) == []


def test_nothing_of_a_compared_file_is_kept(app, client, finished, pdf):
    changed = pdf + b"\n"
    before = set(app.extensions["store"].keys())
    compare(client, finished.code, changed)
    assert set(app.extensions["store"].keys()) == before


def test_codes_cannot_be_tried_without_end(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    here = {"REMOTE_ADDR": "203.0.113.9"}
    statuses = [client.get("/v/AAAABBBBCCCCDDDD", environ_base=here).status_code for _ in range(31)]
    assert statuses == [404] * 30 + [429]


def test_files_cannot_be_compared_without_end(app, client, finished, monkeypatch):
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    here = {"REMOTE_ADDR": "203.0.113.10"}
    statuses = [client.post(f"/v/{finished.code}", environ_base=here).status_code for _ in range(7)]
    assert statuses == [422] * 6 + [429]


def test_every_shipped_paper_has_words_for_its_facts(app, client, finished):
    with app.app_context(), acting_as(SYSTEM):
        facts = db.session.scalars(select(SealedDocument.facts).where(SealedDocument.code == finished.code)).one()
    page = client.get(f"/v/{finished.code}?lang=en").text
    assert not [name for name in facts if f"<dt>{name}</dt>" in page]
    assert "Date of service" in page


def test_a_genuine_file_of_a_void_paper_is_not_called_good(app, client, finished, pdf):
    reopen(app)
    page = compare(client, finished.code, pdf).text
    assert verdicts(page) == [True, True, True]
    assert "genuine, but it no longer holds" in page
