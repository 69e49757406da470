"""The panels of the rule book and of the working calendar, as people use them: through the pages, without a script."""

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.rule import RetentionRule
from aftersales.deadlines import calendar_of
from aftersales.deadlines.calendar import HolidayNotice
from aftersales.deadlines.clock_rule import ClockRule
from aftersales.deadlines.condition import allowed, condition_words
from aftersales.deadlines.wording import ConditionWords
from aftersales.extensions import db
from aftersales.labels import speaking
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import at
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from tests.spreadsheet.conftest import Office
from tests.world import MONDAY, sign_in

RULE = {
    "name": "高风险：响应", "name_en": "High risk: respond", "amount": "30", "unit": "minutes", "kind": "company", "source": "SV-R-03",
    "article": "2.1", "reason": "客户要求", "effective_from": "2026-11-20",
}  # fmt: skip
NOTICE = {"year": "2027", "title": "关于2027年部分节假日安排的通知", "notice_no": "国办发明电〔2026〕9号", "issued_on": "2026-11-10"}
ROWS = [
    ("元旦", "2027-01-01", "2027-01-03", ""),
    ("春节", "2027-02-05", "2027-02-12", "1月31日、2027-02-20"),
    ("端午节", "2027-06-09", "", ""),
]


@pytest.fixture(autouse=True)
def monday() -> Any:
    with at(MONDAY):
        yield


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def latest(app: Flask, cls: type) -> Any:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(cls).order_by(cls.id.desc()).limit(1)).one()


def posted_days(rows: list[tuple[str, str, str, str]]) -> dict[str, list[str]]:
    columns = zip(*rows, strict=True)
    return {f"named_days-{part}": list(column) for part, column in zip(("name", "since", "until", "made_up"), columns, strict=True)}


def test_the_rule_book_reads_in_words_and_each_tab_has_its_rules(app: Flask) -> None:
    client = sign_in(app, "quality")
    text = text_of(client.get("/clock_rule/list/").text)
    assert "服务请求 · 登记" in text
    assert "维修工单 · 到场" in text
    assert "5 个工作日 公司规定 售后服务要求 3 2025-01-01" in text
    assert re.search("一级故障：响应 CR-2026-\\d+ 故障级别：一级（停机，影响患者救治） 2 小时", text)
    changed = rule_of(app, "B-3-low-respond")
    form = client.get(f"/clock_rule/add?version_of={changed}").text
    assert re.search('name="amount"[^>]*value="24"', form)
    assert re.search('name="condition-risk" value="low" checked', form)
    values = RULE | {"amount": "20", "unit": "hours", "condition-risk": "low"}
    assert client.post(f"/clock_rule/add?version_of={changed}", data=values).status_code == 302
    proposal = latest(app, ClockRule)
    assert (proposal.first_id, proposal.milestone, proposal.condition) == (changed, "respond", {"risk": ["low"]})
    assert "待批准：2026-11-20 起 20 小时" in text_of(client.get("/clock_rule/list/").text)
    assert client.post(f"/clock_rule/{proposal.id}/perform/approve").status_code == 403
    assert sign_in(app, "manager").post(f"/clock_rule/{proposal.id}/perform/approve").status_code == 302
    assert "2026-11-20 起 20 小时" in text_of(client.get("/clock_rule/list/").text)
    assert "2026-11-20 –" in text_of(client.get("/clock_rule/list/?tab=coming").text)
    story = text_of(client.get(f"/clock_rule/show/{changed}").text)
    assert "20 小时 · 2026-11-20 · 将生效" in story
    assert "24 小时 · 2025-01-01 – 2026-11-19 · 现行" in story
    assert re.search("时长 24 小时 → 20 小时 .*客户要求 提出 .* 批准 .* SV-R-03 2.1", story)


def test_a_superseded_version_leads_to_the_one_in_force_instead_of_offering_a_change(app: Flask) -> None:
    for cls, shipped_id, changed in ((ClockRule, "B-3-low-respond", {"amount": 20}), (RetentionRule, "B-4-high", {"years": 20})):
        with app.app_context(), acting_as(SYSTEM):
            first = db.session.scalars(select(cls).where(cls.shipped_id == shipped_id)).one()
            same = {"milestone": "respond", "amount": 24, "unit": "hours", "condition": first.condition} if cls is ClockRule else {}
            same |= {"name": first.name, "name_en": first.name_en, "kind": first.kind, "source": first.source, "article": first.article}
            since = {"reason": "客户要求", "effective_from": date(2026, 11, 16)}
            version = create(db.session, cls, same | changed | since | {"first_id": first.id})
            perform(version, "approve")
            db.session.commit()
            old, new = f"/{cls.key()}/show/{first.id}", f"/{cls.key()}/show/{version.id}"
        assert "提出更改" in sign_in(app, "quality").get(new).text
        page = sign_in(app, "quality").get(old).text
        assert "提出更改" not in page
        assert f'href="{new}">查看现行版本' in page


def rule_of(app: Flask, shipped_id: str) -> int:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(ClockRule.id).where(ClockRule.shipped_id == shipped_id)).one()


def test_a_condition_is_chosen_never_typed_and_comes_back_as_it_was(app: Flask) -> None:
    client = sign_in(app, "quality")
    assert "维修工单" in client.get("/clock_rule/add").text  # first: what for
    values = RULE | {"condition-fault_level-operator": "is_not", "condition-fault_level": ["level_1"], "condition-risk": ["high", "low"]}
    assert client.post("/clock_rule/add?milestone=respond", data=values).status_code == 302
    rule = latest(app, ClockRule)
    assert rule.condition == {"fault_level": ["level_2", "level_3"], "risk": ["high", "low"]}
    form = client.get(f"/clock_rule/edit/{rule.id}").text
    assert sorted(re.findall('value="(\\w+)" checked', form)) == ["high", "level_2", "level_3", "low"]
    for page in (form, *(client.get(f"/clock_rule/{p}").text for p in (f"show/{rule.id}", "list/?view=0", f"{rule.id}/story"))):
        assert not re.search(r"\{(&#34;|\")\w+(&#34;|\"):", page), "JSON is shown"


def test_a_condition_that_cannot_be_meant_is_refused_at_its_field_and_nothing_is_kept(app: Flask) -> None:
    client, before = sign_in(app, "quality"), latest(app, ClockRule).id
    wrong: list[dict[str, Any]] = [
        {"condition-risk": "highest"},
        {"condition-risk-operator": "like", "condition-risk": "high"},
        {"condition-risk-operator": "is_not", "condition-risk": ["high", "middle", "low"]},
    ]
    for values in wrong:
        answer = client.post("/clock_rule/add?milestone=respond", data=RULE | values)
        assert answer.status_code == 422
        assert 'id="condition-error"' in answer.text
    assert client.post("/clock_rule/add?milestone=someday", data=RULE).status_code == 422
    assert client.get(f"/clock_rule/add?version_of={10**9}").status_code == 404
    assert latest(app, ClockRule).id == before


def test_a_year_without_a_notice_says_so_and_the_administrators_home_leads_to_it(app: Flask) -> None:
    client = sign_in(app, "administrator")
    assert '"/holiday_notice/list/?year=2027"' in client.get("/").text
    page = client.get("/holiday_notice/list/?year=2027").text
    assert "尚无 2027 年" in page
    assert page.count("<thead>") >= 12
    assert "国办发明电〔2025〕7号" in client.get("/holiday_notice/list/").text


def test_a_notice_is_entered_at_once_previewed_and_counts_after_another_persons_approval(app: Flask) -> None:
    client = sign_in(app, "administrator")
    assert client.post("/holiday_notice/add?year=2027", data=NOTICE | posted_days(ROWS)).status_code == 302
    notice = latest(app, HolidayNotice)
    page = client.get(f"/holiday_notice/show/{notice.id}").text
    assert "2027-01-31 春节 → 上班" in text_of(page)
    assert "2027-06-09 端午节 → 休息" in text_of(page)
    assert "放假或调休日 × 14 2027-01-01 · 元旦" in text_of(page)  # one act, told once
    assert "尚无 2027 年" in client.get("/holiday_notice/list/?year=2027").text
    assert works(app, date(2027, 2, 8))
    assert 'value="2027-01-31、2027-02-20"' in client.get(f"/holiday_notice/edit/{notice.id}").text
    client.get("/lang/en")
    assert 'value="Dragon Boat Festival"' in client.get(f"/holiday_notice/edit/{notice.id}").text
    client.post(f"/holiday_notice/edit/{notice.id}", data=NOTICE | posted_days([("Spring Festival", *row[1:]) for row in ROWS[1:2]]))
    with app.app_context(), acting_as(SYSTEM):
        assert {day.name for day in db.session.get(HolidayNotice, notice.id).days} == {"春节"}
    client.get("/lang/zh")
    assert client.post(f"/holiday_notice/{notice.id}/perform/approve").status_code == 403
    assert sign_in(app, "quality").post(f"/holiday_notice/{notice.id}/perform/approve").status_code == 302
    assert not works(app, date(2027, 2, 8))
    assert works(app, date(2027, 1, 31))
    assert "本公司录入" in client.get("/holiday_notice/list/?year=2027").text
    assert "缺少 2027 年" not in client.get("/").text


def works(app: Flask, day: date) -> bool:
    with app.app_context(), acting_as(SYSTEM):
        return calendar_of(db.session()).is_working_day(day)


def test_holidays_that_cannot_be_meant_are_refused_in_their_line(app: Flask) -> None:
    client, before = sign_in(app, "administrator"), latest(app, HolidayNotice).id
    for row, words in (
        (("春节", "2027-02-12", "2027-02-05", ""), "不能早于首日"),
        (("春节", "2027-02-05", "", "2月30日"), "不是日期"),
        (("春节", "", "2027-02-05", ""), "放假首日"),
        (("春节", "2027-02-05", "", "2027-02-08"), "本来就上班"),
        (("春节", "2027-02-05", "2027-02-06", "2027-02-06"), "出现了两次"),
        (("春节", "2029-02-05", "", ""), "不在 2027 年内"),
        (("", "2027-02-05", "", ""), "节日名称"),
        (("春节", "", "", ""), "至少填写一个"),
    ):
        answer = client.post("/holiday_notice/add", data=NOTICE | posted_days([row]))
        assert answer.status_code == 422
        assert words in answer.text
    assert latest(app, HolidayNotice).id == before




def test_a_condition_comes_from_a_spreadsheet_in_the_words_of_the_page(app: Flask) -> None:
    """The template shows words, and what the page says of any shipped rule is read back as it was, in both languages."""
    quality = Office(app, "quality")
    book = quality.template("clock_rule")
    names, example = ([cell.value for cell in book.worksheets[0][row]] for row in (1, 3))
    shown = dict(zip(names, example, strict=True))["condition"]
    assert "{" not in shown
    assert ": " in shown
    row = RULE | {"milestone": "respond", "condition": shown}
    page = quality.bring("clock_rule", quality.fill("clock_rule", row, row | {"name": "b", "condition": "Weather: fine"}))
    assert "No rule asks about “Weather”" in quality.client.get(page).text
    quality.take(page)
    with app.app_context(), acting_as(SYSTEM):
        rule = db.session.scalars(select(ClockRule).where(ClockRule.name == RULE["name"])).one()
        assert rule.condition == ConditionWords.read(shown) != {}
        for shipped in db.session.scalars(select(ClockRule)):
            for language in ("zh", "en"):
                with speaking(language):
                    assert ConditionWords.read(condition_words(shipped.milestone, shipped.condition)) == in_lists(shipped.condition)


def in_lists(condition: dict[str, Any]) -> dict[str, Any]:
    return {name: allowed(values) for name, values in condition.items()}
