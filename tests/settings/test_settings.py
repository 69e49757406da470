"""Numbers, papers and messages as the company wants them: proposed by one, approved by another, from a day on."""

import io
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.alerts import sentences
from aftersales.record.attachments import attach
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import runs_of
from aftersales.record.now import at
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from aftersales.settings.letterhead import Letterhead, letterhead_for
from aftersales.settings.notice_text import NoticeKind, NoticeText
from aftersales.settings.number_pattern import NumberPattern, YearForm
from tests.company import DAY, NINE, Company
from tests.world import MONDAY, OWN, sign_in, specimen

WIX = {"prefix_of": "SR", "letters": "WX", "has_region": False, "year_form": YearForm.two_digits, "digit_count": 4}


def quality(company: Company, person: str) -> Actor:
    return company.actor(Role.quality, person=person)


def approved(company: Company, cls: type[SharedRecord], **values: Any) -> SharedRecord:
    with acting_as(quality(company, "gu")):
        row = create(company.session, cls, {"effective_from": DAY} | values)
    with acting_as(quality(company, "he")):
        perform(row, "approve")
    return row


def test_a_setting_takes_two_people(company: Company) -> None:
    with acting_as(quality(company, "gu")):
        row = create(company.session, NumberPattern, {"effective_from": DAY} | WIX)
        with pytest.raises(NotAllowed):
            perform(row, "approve")


def test_numbers_change_on_their_day_and_none_is_given_twice(company: Company) -> None:
    approved(company, NumberPattern, **WIX | {"effective_from": DAY + timedelta(days=1)})
    with acting_as(SYSTEM):
        assert company.call().number.startswith("SR-")
        with at(NINE + timedelta(days=1)):
            first, second = company.call().number, company.call().number
    assert (first, second) == (f"WX-{DAY:%y}-0001", f"WX-{DAY:%y}-0002")
    with at(NINE + timedelta(days=2)):
        approved(company, NumberPattern, **WIX | {"letters": "SR", "has_region": True, "year_form": YearForm.four_digits,
                                                  "digit_count": 6, "effective_from": DAY + timedelta(days=2)})  # fmt: skip
        with acting_as(SYSTEM):
            again = company.call().number
    assert again.startswith("SR-")
    assert again.endswith("-000002")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"prefix_of": "ZZ"}, "prefix_of"),
        ({"letters": "维修"}, "letters"),
        ({"letters": "SO"}, "letters"),
        ({"digit_count": 3}, "digit_count"),
        ({"effective_from": DAY - timedelta(days=1)}, "effective_from"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused_at_its_field(company: Company, wrong: dict[str, Any], field: str) -> None:
    with acting_as(quality(company, "gu")), pytest.raises(Refusal) as refused:
        create(company.session, NumberPattern, {"effective_from": DAY} | WIX | wrong)
    assert list(refused.value.errors) == [field]


def test_a_message_is_sent_in_the_companys_words(company: Company) -> None:
    order = company.order()
    with acting_as(SYSTEM):
        run = next(run for run in runs_of(company.session, order) if run.milestone == "respond")
        shipped = sentences(order, run, 0)
    text = {"kind": NoticeKind.reminder, "subject": "请抓紧：{时限}", "body": "{记录} 应于 {due} 前完成。依据：{规则}"}
    approved(company, NoticeText, **text)
    with acting_as(SYSTEM):
        subject, body = sentences(order, run, 0)
        assert subject.startswith("请抓紧：")
        assert subject != shipped[0]
        assert order.number in body
        assert sentences(order, run, 1)[0] != subject


@pytest.mark.parametrize("text", ["{谁}", "{record.request}", "{record[0]}", "{record!r}", "{record:>9}", "{", "}", "{}"])
def test_braces_hold_nothing_but_the_known_words(company: Company, text: str) -> None:
    with acting_as(quality(company, "gu")), pytest.raises(Refusal) as refused:
        create(company.session, NoticeText, {"kind": NoticeKind.passed, "subject": "超时", "body": text, "effective_from": DAY})
    assert list(refused.value.errors) == ["body"]


def test_the_head_of_papers_is_the_one_in_force_until_it_is_withdrawn(company: Company) -> None:
    first = approved(company, Letterhead, name="甲医疗器械有限公司")
    second = approved(company, Letterhead, name="乙医疗器械有限公司", effective_from=DAY + timedelta(days=1))
    with acting_as(SYSTEM):
        head = [letterhead_for(company.session, None, DAY + timedelta(days=days))["name"] for days in (-1, 0, 1)]
        assert head == [company.app.config["COMPANY_NAME"], first.name, second.name]
    with acting_as(quality(company, "gu")):
        perform(second, "withdraw", reason="名称有误")
    with acting_as(SYSTEM):
        assert letterhead_for(company.session, None, DAY + timedelta(days=1))["name"] == first.name


def test_an_approved_setting_is_not_changed(company: Company) -> None:
    row = approved(company, Letterhead, name="甲医疗器械有限公司")
    with acting_as(quality(company, "gu")), pytest.raises(Refusal):
        change(company.session, row, {"phone": "010-0000"}, reason="补充电话")


@pytest.mark.sqlite
def test_a_paper_carries_the_logo_and_the_address(app: Flask) -> None:
    """As a person does it: on the page, with the logo filed there, approved by a second one, then printed."""
    logo = io.BytesIO()
    Image.new("RGB", (120, 40), "teal").save(logo, "PNG")
    client = sign_in(app, "quality")
    form = {"name": "澄海医疗器械有限公司", "address": "临江市科技路 1 号", "effective_from": f"{MONDAY:%Y-%m-%d}"}
    with at(MONDAY):
        added = client.post("/letterhead/add", data=form)
        assert added.status_code == 302, added.text
        url = added.location
        pk = int(url.rsplit("/", 1)[1])
        logo.seek(0)
        assert client.post(f"/letterhead/{pk}/attach", data={"files": (logo, "logo.png")}).status_code == 302
        sample = client.get(f"/letterhead/{pk}/preview/letterhead.pdf")
        assert images_of(sample.data) == 1
        with app.app_context(), acting_as(SYSTEM):
            perform(db.session.scalars(select(Letterhead)).one(), "approve")
            db.session.commit()
        report = client.get(f"/service_order/{specimen(app, ServiceOrder, OWN)}/preview/repair_report.pdf")
    assert report.status_code == 200
    assert images_of(report.data) == 1


def images_of(data: bytes) -> int:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return len(pdf.pages[0].get_images())


def test_a_logo_that_would_swell_every_paper_is_refused(company: Company) -> None:
    noise = io.BytesIO()
    Image.effect_noise((800, 800), 100).save(noise, "PNG")
    with acting_as(quality(company, "gu")):
        row = create(company.session, Letterhead, {"name": "甲医疗器械有限公司", "effective_from": DAY})
        attach(company.session, row, noise.getvalue(), "logo.png")
        company.session.flush()
    with acting_as(quality(company, "he")), pytest.raises(Refusal, match="KB"):
        perform(row, "approve")


def test_a_pattern_names_its_record_type(app: Flask) -> None:
    assert '<option value="SR">服务请求 · SR</option>' in sign_in(app, "quality").get("/number_pattern/add").text
