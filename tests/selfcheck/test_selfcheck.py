"""Self-inspection: each number leads to exactly what it counts, what is missing is said, and three hands make the yearly report."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.labels import has_label
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.base import SharedRecord
from aftersales.record.filtering import argument_names
from aftersales.record.listing import PAGE
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.refusal import Refusal
from aftersales.roles import Role
from aftersales.selfcheck.evidence import standings
from aftersales.selfcheck.items import SOURCES, items
from aftersales.selfcheck.report import SelfInspection, Verdict
from tests.pages.conftest import furnished
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import PASSWORD, sign_in

__all__ = ["furnished"]
YEAR = 2026


@pytest.mark.pure
def test_every_item_has_words_an_owner_and_a_known_source() -> None:
    for item in items():
        assert has_label(f"selfcheck_item.{item.code}"), item.code
        assert has_label(f"selfcheck_chapter.{item.chapter}"), item.code
        assert item.owner in list(Role), item.code
        assert {source for source, _article in item.articles} <= set(SOURCES), item.code
        assert item.evidence or item.absent, f"{item.code}: neither evidence nor a word that there is none"
        for evidence in item.evidence:
            assert evidence.check in ("trail", "accounts") if evidence.check else "{n}" in evidence.words[0] and "{n}" in evidence.words[1]


@pytest.mark.pure
def test_no_wrong_citation_is_printed() -> None:
    """Section 12 of the list of regulations: what the seeds cite wrongly."""
    told = " ".join(f"{item.cited} {item.text}" for item in items()) + " ".join(SOURCES.values())
    for wrong in ("第38条", "第79条", "应急工作规范", "独立软件", "40学时", "24小时"):
        assert wrong not in told, wrong


def test_evidence_asks_for_lists_that_know_its_arguments(app: Flask) -> None:
    for item in items():
        for evidence in item.evidence:
            if evidence.kind:
                assert set(evidence.args) <= set(argument_names(SharedRecord.record_types[evidence.kind])), (item.code, evidence)


def test_each_number_is_that_of_the_list_it_leads_to(app: Flask, furnished: object) -> None:
    administrator = Visitor.signed_in(app, Role.administrator)
    with app.app_context(), acting_as(SYSTEM):
        told = [one for standing in standings(db.session(), YEAR) for one in (*standing.evidence, *standing.gaps) if one.count is not None]
    assert len(told) > 25
    for one in told:
        page = administrator.open(one.url)
        assert page.status == 200, one.url
        assert len(page.page.xpath("//table[contains(@class, 'listing')]/tbody/tr")) == min(one.count, PAGE), one


def test_a_gap_is_said_in_words_with_who_can_mend_it(app: Flask) -> None:
    page = Visitor.signed_in(app, Role.quality).open("/selfcheck/")
    assert "2 台检测仪器校准已过期" in page.text
    assert any("calibration_valid_until_until=" in link for link in page.links("/test_instrument/list/"))
    assert "本系统尚无记录，请附纸质证据：产品信息告知记录与回执" in page.text
    technical = page.page.get_element_by_id("instruments").text_content()
    assert "技术支持" in technical


def test_a_role_that_may_not_read_something_is_told_so_and_no_number(app: Flask) -> None:
    assert sign_in(app, Role.engineer).get("/selfcheck/").status_code == 403
    page = Visitor.signed_in(app, Role.regulatory).open("/selfcheck/")
    assert "2 台检测仪器校准已过期" in page.text


def test_three_hands_make_the_report_and_it_is_sealed(app: Flask) -> None:
    quality = Visitor.signed_in(app, Role.quality)
    page = quality.open("/self_inspection/add").send("/add", year=str(YEAR), team="质量部、售后服务部")
    pk = int(page.url.rsplit("/", 1)[1])
    assert "2 台检测仪器校准已过期" in page.text
    assert "尚未作出结论" in quality.send(f"/{pk}/perform/submit").text if quality.offers("submit") else "尚未作出结论" in page.text
    judge(app, quality, pk)
    quality.open(f"/self_inspection/edit/{pk}").send(f"/edit/{pk}", conclusion="体系基本有效运行。")
    quality.open(f"/self_inspection/show/{pk}").send(f"/{pk}/perform/submit")
    regulatory, manager = (Visitor.signed_in(app, role) for role in (Role.regulatory, Role.manager))
    assert quality.client.post(f"/self_inspection/{pk}/perform/review").status_code == 403
    regulatory.open(f"/self_inspection/show/{pk}").send(f"/{pk}/perform/review")
    assert regulatory.client.post(f"/self_inspection/{pk}/perform/approve", data={"password": PASSWORD}).status_code == 403
    page = manager.open(f"/self_inspection/show/{pk}").send(f"/{pk}/perform/approve", password=PASSWORD)
    with app.app_context(), acting_as(SYSTEM):
        report = db.session.get_one(SelfInspection, pk)
        assert report.state == "approved", page.text
        paper = sealed_of(db.session, report)[0]
        data = app.extensions["store"].get(paper.sha256)
    text = re.sub(r"\s", "", "".join(words_of(data)))
    assert "年度自查报告" in text
    assert "2台检测仪器校准已过期" in text
    assert "送检" in text
    assert "体系基本有效运行" in text
    assert "None" not in text
    assert verify_pdf(data)
    assert quality.client.post(f"/self_inspection/{pk}/judge", data={"finding-1": "?"}).status_code == 302


def judge(app: Flask, quality: Visitor, pk: int) -> None:
    """Every item on one page: what has gaps conforms in part, and is mended."""
    with app.app_context(), acting_as(SYSTEM):
        report = db.session.scalars(select(SelfInspection).where(SelfInspection.id == pk)).one()
        sent = {}
        for answer in report.answers:
            verdict = "partly" if answer.gaps else "not_applicable" if answer.absent else "conforms"
            sent |= {f"verdict-{answer.id}": verdict, f"finding-{answer.id}": answer.finding or "", f"correction-{answer.id}": "送检"}
            sent |= {f"due_on-{answer.id}": "2026-12-31", f"in_charge-{answer.id}": "质量部"}
    answer = quality.client.post(f"/self_inspection/{pk}/judge", data=sent)
    assert answer.status_code == 302, answer.text[-2000:]


def test_what_conforms_in_spite_of_a_gap_says_what_is_done_about_it(app: Flask) -> None:
    quality = Visitor.signed_in(app, Role.quality)
    pk = int(quality.open("/self_inspection/add").send("/add", year=str(YEAR), conclusion="有效").url.rsplit("/", 1)[1])
    with app.app_context(), acting_as(SYSTEM):
        report = db.session.get_one(SelfInspection, pk)
        for answer in report.answers:
            answer.verdict = Verdict.conforms
        flawed = [answer for answer in report.answers if answer.gaps]
        assert flawed
        with pytest.raises(Refusal, match=flawed[0].title):
            report.check_submit()
        for answer in flawed:
            answer.correction = "已送检"
        report.check_submit()
        db.session.rollback()


def test_what_people_wrote_outlives_new_evidence(app: Flask) -> None:
    quality = Visitor.signed_in(app, Role.quality)
    pk = int(quality.open("/self_inspection/add").send("/add", year=str(YEAR)).url.rsplit("/", 1)[1])
    with app.app_context(), acting_as(SYSTEM):
        report = db.session.get_one(SelfInspection, pk)
        instruments = next(answer.id for answer in report.answers if answer.code == "instruments")
    quality.client.post(f"/self_inspection/{pk}/judge", data={f"finding-{instruments}": "气流分析仪两台过期"})
    assert quality.client.post(f"/self_inspection/{pk}/take_evidence").status_code == 302
    assert "气流分析仪两台过期" in quality.client.get(f"/self_inspection/show/{pk}").text
