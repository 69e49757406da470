"""A procedure's life: written, reviewed, approved, read, in force, copied, overtaken by a rule, superseded, its copies brought back."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import Role as StoredRole
from sqlalchemy import select

from aftersales.deadlines.clock_rule import ClockRule
from aftersales.documents.copies import ControlledCopy
from aftersales.documents.document import ControlledDocument, DocumentKind, DocumentReader, DocumentScope
from aftersales.documents.effect import take_effect
from aftersales.documents.live import Table, said
from aftersales.documents.reading import ReadingTask
from aftersales.documents.revision import flag_outdated, in_force_for
from aftersales.documents.text import differences, html_of, table_html
from aftersales.documents.version import DocumentVersion, ReadingQuestion, next_edition
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.archive import SealedDocument, sealed_of
from aftersales.record.notices import Notice
from aftersales.record.now import at
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from tests.company import DAY, NINE, Company

BODY = "## 1 目的\n\n规范维修。\n\n{{ clocks ServiceOrder }}\n\n{{ flow ServiceOrder }}\n"


def quality(company: Company, person: str) -> Actor:
    return company.actor(Role.quality, person=person)


@pytest.fixture
def procedure(company: Company) -> ControlledDocument:
    """AS-QP-03, to be read by engineers: Lin is the only one."""
    session = company.session
    with acting_as(SYSTEM):
        engineers = StoredRole(name=Role.engineer.value)
        session.add(engineers)
        session.get_one(Account, company.account("lin")).roles = [engineers]
        session.flush()
        row = ControlledDocument(code="AS-QP-03", name="医疗器械维修控制程序", kind=DocumentKind.procedure)
        row.scopes = [DocumentScope(record_type="ServiceOrder")]
        row.readers = [DocumentReader(role_name=Role.engineer.value)]
        session.add(row)
        session.flush()
    return row


def draft(company: Company, document: ControlledDocument, **values: Any) -> DocumentVersion:
    with acting_as(quality(company, "gu")):
        version = create(company.session, DocumentVersion, {"document_id": document.id, "summary": "首次发布", "body": BODY} | values)
        if not version.questions:
            create(
                company.session,
                ReadingQuestion,
                {"document_version": version, "text": "谁派工？", "answer_a": "调度", "answer_b": "客户", "right": "a", "why": "见 5"},
            )
        company.session.refresh(version)
    return version


def released(company: Company, version: DocumentVersion) -> DocumentVersion:
    approved(company, version)
    read(company, version)
    with acting_as(quality(company, "he")):
        perform(version, "put_in_force")
    return version


def approved(company: Company, version: DocumentVersion, effective_from: date = DAY) -> None:
    with acting_as(quality(company, "gu")):
        perform(version, "submit")
    with acting_as(quality(company, "he")):
        perform(version, "review")
    with acting_as(quality(company, "wen")):
        perform(version, "approve", values={"effective_from": effective_from}, password="any")


def read(company: Company, version: DocumentVersion, answers: str = "a") -> None:
    task = company.session.scalars(select(ReadingTask).where(ReadingTask.document_version_id == version.id)).one()
    with acting_as(company.actor(Role.engineer, person="lin")):
        perform(task, "pass_test", values={"answers": answers})


@pytest.fixture(autouse=True)
def _system_looks_on(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test itself reads as the system. Every password is right: signatures have tests of their own."""
    monkeypatch.setitem(company.app.extensions, "password_check", lambda _user_id, _password: True)
    with acting_as(SYSTEM):
        yield


def test_whoever_submits_a_shipped_text_is_its_author(company: Company, procedure: ControlledDocument) -> None:
    version = DocumentVersion(document=procedure, edition="A/0", summary="首次发布", body=BODY, author_name="随产品提供")
    version.questions = [ReadingQuestion(text="谁派工？", answer_a="调度", answer_b="客户", right="a")]
    company.session.add(version)
    company.session.flush()
    gu = quality(company, "gu")
    with acting_as(gu):
        perform(version, "submit")
    assert version.author_name == gu.name


def test_author_reviewer_and_approver_are_three(company: Company, procedure: ControlledDocument) -> None:
    version = draft(company, procedure)
    with acting_as(quality(company, "gu")):
        perform(version, "submit")
        with pytest.raises(NotAllowed):
            perform(version, "review")
    with acting_as(quality(company, "he")):
        perform(version, "review")
        with pytest.raises(NotAllowed):
            perform(version, "approve", values={"effective_from": DAY}, password="any")


def test_each_hand_is_told_that_its_step_waits(company: Company, procedure: ControlledDocument) -> None:
    version = draft(company, procedure)
    with acting_as(SYSTEM):
        post, administrators = StoredRole(name=Role.quality.value), StoredRole(name=Role.administrator.value)
        company.session.add_all([post, administrators])
        people = {name: company.session.get_one(Account, company.account(name)) for name in ("gu", "he", "wen")}
        for name, account in people.items():
            account.roles = [administrators if name == "wen" else post]
        company.session.flush()

    def told() -> list[tuple[str, str]]:
        rows = company.session.execute(select(Notice.user_id, Notice.key).order_by(Notice.id)).all()
        names = {account.id: name for name, account in people.items()}
        return [(names[user_id], key.split(":")[2]) for user_id, key in rows if key.startswith("document_version:")]

    for move, person, reason in (("submit", "gu", ""), ("review", "he", ""), ("send_back", "he", "核对频次不对")):
        with acting_as(quality(company, person)):
            perform(version, move, reason=reason)
    assert told() == [("he", "review"), ("wen", "approve"), ("gu", "send_back")]  # of the post nobody is left to approve


def test_what_was_submitted_is_what_takes_effect(company: Company, procedure: ControlledDocument) -> None:
    version = draft(company, procedure)

    def refuses_changes() -> None:
        with pytest.raises(Refusal, match="先退回或撤销"):
            change(company.session, version, {"body": "## 1 别的"}, reason="笔误")
        company.session.rollback()
        with pytest.raises(Refusal, match="先退回或撤销"):
            change(company.session, version.questions[0], {"right": "b"}, reason="笔误")
        company.session.rollback()

    company.session.commit()
    for move, person, values in (("submit", "gu", {}), ("review", "he", {}), ("approve", "wen", {"effective_from": DAY})):
        with acting_as(quality(company, person)):
            perform(version, move, values=values, password="any")
        company.session.commit()
        with acting_as(quality(company, "gu")):
            refuses_changes()
    with acting_as(quality(company, "gu")):
        perform(version, "send_back", reason="笔误")
        change(company.session, version, {"body": "## 1 别的"})
    assert version.body == "## 1 别的"


def test_nothing_takes_effect_unread(company: Company, procedure: ControlledDocument) -> None:
    version = draft(company, procedure)
    approved(company, version)
    with acting_as(quality(company, "he")), pytest.raises(Refusal, match="lin"):
        perform(version, "put_in_force")
    with pytest.raises(Refusal):
        read(company, version, answers="b")
    read(company, version)
    with acting_as(quality(company, "he")):
        perform(version, "put_in_force")
    assert in_force_for(company.session, "ServiceOrder") == [("AS-QP-03", "A/0")]


def test_a_version_takes_effect_by_itself_on_its_day_once_it_is_read(company: Company, procedure: ControlledDocument) -> None:
    first = released(company, draft(company, procedure))
    second = draft(company, procedure, summary="增加远程维修")
    approved(company, second, effective_from=DAY + timedelta(days=5))
    with at(NINE + timedelta(days=1)):
        assert take_effect(company.session) == 0
    assert not notices(company, "尚未阅读")
    with at(NINE + timedelta(days=6)):
        assert [take_effect(company.session), take_effect(company.session)] == [0, 0]
        assert (first.state, second.state) == ("effective", "approved"), "training comes before it takes effect"
        assert len(notices(company, "尚未阅读")) == 1
        read(company, second)
        assert take_effect(company.session) == 1
    assert (first.state, second.state) == ("obsolete", "effective")
    assert second.effective_from == DAY + timedelta(days=6), "the day from which it was really followed"


def notices(company: Company, subject: str) -> list[Notice]:
    return list(company.session.scalars(select(Notice).where(Notice.subject.startswith(subject), Notice.user_id == company.account("lin"))))


def test_nobody_answers_for_another(company: Company, procedure: ControlledDocument) -> None:
    version = draft(company, procedure)
    approved(company, version)
    task = company.session.scalars(select(ReadingTask)).one()
    with acting_as(company.actor(Role.engineer, person="zhao")), pytest.raises(NotAllowed):
        perform(task, "pass_test", values={"answers": "a"})


def test_a_version_sent_back_is_read_anew(company: Company, procedure: ControlledDocument) -> None:
    version = draft(company, procedure)
    approved(company, version)
    read(company, version)
    with acting_as(quality(company, "he")):
        perform(version, "send_back", reason="表格有误")
    approved(company, version)
    assert company.session.scalars(select(ReadingTask.state)).all() == ["to_read"]


def test_a_superseded_version_calls_its_copies_back(company: Company, procedure: ControlledDocument) -> None:
    first = released(company, draft(company, procedure))
    asked = {"document_version_id": first.id, "place": "江城", "purpose": "现场使用"}
    with acting_as(quality(company, "he")):
        copies = [
            create(
                company.session, ControlledCopy, {"document_version_id": first.id, "holder": holder, "place": "江城", "purpose": "现场使用"}
            )
            for holder in ("华东服务中心", "维修车间")
        ]
        for copy in copies:
            perform(copy, "issue")
    assert [copy.copy_no for copy in copies] == [1, 2]
    papers = company.session.scalars(select(SealedDocument).where(SealedDocument.kind == "ControlledCopy")).all()
    assert [paper.status for paper in papers] == ["valid", "valid"]
    second = draft(company, procedure, summary="增加远程维修")
    assert (second.edition, len(second.questions)) == ("A/1", 1)
    released(company, second)
    assert (first.state, second.state) == ("obsolete", "effective")
    assert [(copy.state, paper.status) for copy, paper in zip(copies, papers, strict=True)] == [("called_back", "void")] * 2
    with acting_as(quality(company, "he")):
        perform(copies[0], "take_back")
        with pytest.raises(NotAllowed):
            perform(copies[0], "destroy", reason="已粉碎")
    with acting_as(quality(company, "gu")):
        perform(copies[0], "destroy", reason="已粉碎")
        with pytest.raises(Refusal):
            create(company.session, ControlledCopy, asked | {"holder": "某人"})


def test_the_code_of_an_obsolete_version_says_so_and_leads_to_the_one_in_force(company: Company, procedure: ControlledDocument) -> None:
    first = released(company, draft(company, procedure))
    second = released(company, draft(company, procedure))
    company.session.commit()
    papers = sealed_of(company.session, first)
    codes = [paper.code for paper in (*papers, *sealed_of(company.session, second))]
    assert [paper.standing(first) for paper in papers] == ["void", "void"]
    client = company.app.test_client()
    for code in codes[:2]:
        page = client.get(f"/v/{code}?lang=en").text
        assert "This version is obsolete since" in page
        assert "current one" not in page
        assert f'href="/v/{codes[2]}?lang=en"' in page
    assert "current one" in client.get(f"/v/{codes[2]}?lang=en").text


def test_a_rule_that_changes_marks_what_tells_it_and_a_new_version_clears_the_mark(company: Company, procedure: ControlledDocument) -> None:
    released(company, draft(company, procedure))
    with acting_as(SYSTEM):
        assert flag_outdated(company.session) == 0
    like = company.session.scalars(select(ClockRule).where(ClockRule.milestone == "respond", ClockRule.state == "approved")).first()
    names = ("milestone", "unit", "kind", "condition", "source", "article", "name_en")
    with acting_as(quality(company, "gu")):
        values = {name: getattr(like, name) for name in names}
        rule = create(company.session, ClockRule, values | {"amount": 7, "name": "七小时响应", "reason": "收紧", "effective_from": DAY})
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
    assert procedure.revise_since is not None
    assert "七小时响应｜7 小时" in procedure.revise_why
    released(company, draft(company, procedure, summary="响应时限改为七小时"))
    assert procedure.revise_why is None


def test_a_rule_whose_day_comes_later_marks_on_that_day(company: Company, procedure: ControlledDocument) -> None:
    released(company, draft(company, procedure))
    like = company.session.scalars(select(ClockRule).where(ClockRule.milestone == "respond", ClockRule.state == "approved")).first()
    names = ("milestone", "unit", "kind", "condition", "source", "article", "name", "name_en")
    tomorrow = DAY + timedelta(days=1)
    with acting_as(quality(company, "gu")):
        rule = create(
            company.session, ClockRule, {n: getattr(like, n) for n in names} | {"amount": 7, "reason": "收紧", "effective_from": tomorrow}
        )
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
    assert procedure.revise_why is None
    with acting_as(SYSTEM), at(NINE + timedelta(days=1)):
        assert flag_outdated(company.session) == 1


def test_an_unknown_live_part_is_refused_at_the_text(company: Company, procedure: ControlledDocument) -> None:
    with pytest.raises(Refusal) as refused:
        draft(company, procedure, body="{{ clocks Nothing }}")
    assert list(refused.value.errors) == ["body"]


def test_a_text_too_long_to_compare_is_refused(company: Company, procedure: ControlledDocument) -> None:
    with pytest.raises(Refusal) as refused:
        draft(company, procedure, body="行\n" * 4000)
    assert list(refused.value.errors) == ["body"]


def test_a_comparison_marks_what_changed_within_a_line_and_shows_no_markup_of_the_writer() -> None:
    told = [(line.kind, str(line.html)) for line in differences("一\n四小时<b>\n三", "一\n六小时<b>\n三\n四")]
    assert told == [("same", "一"), ("changed", "<del>四</del><ins>六</ins>小时&lt;b&gt;"), ("same", "三"), ("added", "<ins>四</ins>")]


def test_markup_and_scripts_in_a_text_are_shown_as_typed() -> None:
    html = html_of("<script>alert(1)</script>\n\n[x](javascript:alert(1))", lambda part: Table((), ()), lambda name: None)
    assert "<script" not in html
    assert "href" not in html


def test_there_is_one_unfinished_version(company: Company, procedure: ControlledDocument) -> None:
    draft(company, procedure)
    with pytest.raises(Refusal):
        draft(company, procedure)


def test_the_text_in_force_is_sealed(company: Company, procedure: ControlledDocument) -> None:
    version = released(company, draft(company, procedure))
    with acting_as(quality(company, "gu")), pytest.raises(Refusal):
        change(company.session, version, {"body": "anything"}, reason="because", version=version.version)


@pytest.mark.parametrize(
    ("used", "is_new_issue", "next_one"),
    [([], False, "A/0"), (["A/0"], False, "A/1"), (["A/10", "A/9"], False, "A/11"), (["A/1"], True, "B/0")],
)
def test_editions_count_on(used: list[str], is_new_issue: bool, next_one: str) -> None:
    assert next_edition(used, is_new_issue) == next_one


def test_a_clock_rests_on_its_law_and_a_shipped_number_of_ours_on_nothing_that_could_be_taken_for_law(company: Company) -> None:
    with acting_as(SYSTEM):
        service = {row[4] for row in said(company.session, "clocks ServiceOrder").rows}
        told = {(row[2], row[4]) for row in said(company.session, "clocks Recall").rows if row[3] == "法定"}
    assert service == {"—"}
    assert ("立即", "《医疗器械召回管理办法》 第十六条") in told


def test_choices_are_told_in_a_line() -> None:
    assert table_html(Table(("取值",), (("否",), ("不确定",)))) == "<p><b>取值</b> 否 · 不确定</p>"


def test_a_flow_is_drawn_by_the_steps_that_lead_on(company: Company) -> None:
    drawn = {kind: said(company.session, f"flow {kind}").steps for kind in ("ServiceOrder", "Complaint", "ClockPause")}
    assert drawn["ServiceOrder"][3:6] == (("维修中", "送维修中心"), ("送修中", "完工验收"), ("待审核", "审核关闭"))
    assert ("调查核实", "完成调查") in drawn["Complaint"]
    assert drawn["ClockPause"] == (("待批准", "批准"), ("已批准", ""))
