"""Test forms and check-lists: written line by line, approved by another person, in force from a day on, pinned by what began under them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from aftersales.devices.form_item import FunctionTestItem, ItemKind, Verdict
from aftersales.devices.form_versions import compare, renew
from aftersales.devices.function_test import FormPurpose, FunctionTest, form_for, standings
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import at
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.lines import Measurement
from aftersales.service.order import ServiceOrder
from aftersales.service.test_sheet import save, sheet_of
from aftersales.settings.dated import Standing
from tests.company import DAY, NINE, Company
from tests.world import MONDAY, sign_in

ALARM = {"name": "声光报警", "kind": ItemKind.pass_fail}


def written(company: Company, *lines: dict[str, Any], **head: Any) -> FunctionTest:
    """A draft by technical support."""
    with acting_as(company.actor(Role.technical_support)):
        form = create(company.session, FunctionTest, {"name": "维修后检测", "family_id": company.family.id} | head)
        for line in lines or (ALARM,):
            create(company.session, FunctionTestItem, {"test": form} | line)
    return form


def approve(company: Company, form: FunctionTest, day: date | None = None) -> FunctionTest:
    with acting_as(company.actor(Role.quality)):
        perform(form, "approve", values={"effective_on": day})
    return form


def begun(company: Company) -> ServiceOrder:
    order = company.order()
    with acting_as(company.actor(Role.dispatcher)):
        perform(order, "assign", values={"engineer_id": company.lin.id})
    with acting_as(company.actor(Role.engineer, person="lin")):
        perform(order, "accept")
        perform(order, "arrive")
    return order


def test_a_version_counts_from_its_day_and_the_one_before_until_then(company: Company) -> None:
    coming = approve(company, written(company), DAY + timedelta(days=3))
    with acting_as(SYSTEM):
        found = [form_for(company.session, company.model, DAY + timedelta(days=days)) for days in (0, 2, 3, 9)]
        assert found == [company.form, company.form, coming, coming]
        assert standings(coming.versions()) == {company.form.id: Standing.in_force, coming.id: Standing.coming}
        with at(NINE + timedelta(days=3)):
            assert standings(coming.versions()) == {company.form.id: Standing.past, coming.id: Standing.in_force}


def test_a_repair_keeps_the_version_that_counted_when_it_began(company: Company) -> None:
    order = begun(company)
    new = approve(company, written(company))
    later = begun(company)
    assert (order.function_test, later.function_test) == (company.form, new)
    with acting_as(company.actor(Role.engineer, person="lin")):
        assert [row.item for row in sheet_of(company.session, order).rows] == company.form.items
        with pytest.raises(Refusal) as refused:
            create(company.session, Measurement, {"order": order, "item_id": new.items[0].id, "is_passed": True, "measured_at": NINE})
    assert list(refused.value.errors) == ["item_id"]


def test_a_version_is_not_approved_for_a_day_that_is_over(company: Company) -> None:
    with pytest.raises(Refusal) as refused:
        approve(company, written(company), DAY - timedelta(days=1))
    assert list(refused.value.errors) == ["effective_on"]


def test_whoever_wrote_a_line_does_not_approve(company: Company) -> None:
    form = written(company)
    with acting_as(company.actor(Role.quality, person="gu")):
        change(company.session, form.items[0], {"is_required": False})
        with pytest.raises(NotAllowed):
            perform(form, "approve")
    assert approve(company, form).state == "effective"


def test_withdrawing_brings_no_older_version_back_and_a_coming_one_never_counts(company: Company) -> None:
    coming = approve(company, written(company), DAY + timedelta(days=3))
    with acting_as(company.actor(Role.quality)):
        perform(coming, "withdraw", reason="参数有误")
        assert form_for(company.session, company.model, DAY + timedelta(days=9)) is company.form
        perform(company.form, "withdraw", reason="停用")
        assert form_for(company.session, company.model, DAY) is None


def test_a_check_list_is_a_form_with_another_purpose(company: Company) -> None:
    checks = approve(company, written(company, ALARM, purpose=FormPurpose.installation))
    with acting_as(SYSTEM):
        assert checks.revision == 1
        assert form_for(company.session, company.model) is company.form
        assert form_for(company.session, company.model, purpose=FormPurpose.installation) is checks
        assert form_for(company.session, company.model, purpose=FormPurpose.maintenance) is None


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"kind": ItemKind.numeric}, "lower"),
        ({"kind": ItemKind.numeric, "lower": Decimal(2), "upper": Decimal(1)}, "upper"),
        ({"kind": ItemKind.choice}, "good_answers"),
        ({"kind": ItemKind.choice, "good_answers": "完好\n磨损", "bad_answers": "磨损"}, "bad_answers"),
    ],
)
def test_a_line_that_cannot_be_judged_is_refused_at_its_field(company: Company, line: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        written(company, {"name": "外壳"} | line)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(("answer", "verdict"), [("完好", Verdict.passed), ("破损", Verdict.failed), ("没有的", None), (None, None)])
def test_a_choice_passes_by_a_good_answer(answer: str | None, verdict: Verdict | None) -> None:
    item = FunctionTestItem(kind=ItemKind.choice, good_answers="完好\n 轻微磨损 \n\n", bad_answers="破损")
    assert item.judge(None, None, answer) is verdict


def test_choices_and_words_are_answered_on_the_sheet(company: Company) -> None:
    shell = {"name": "外壳", "kind": ItemKind.choice, "good_answers": "完好\n磨损", "bad_answers": "破损"}
    form = approve(company, written(company, shell, {"name": "软件版本", "kind": ItemKind.text, "unit": "V"}))
    order = begun(company)
    first, second = form.items
    assert second.unit is None  # what another kind had is gone
    with acting_as(company.actor(Role.engineer, person="lin")):
        with pytest.raises(Refusal) as refused:
            save(company.session, order, MultiDict({f"item-{first.id}": "碎了"}))
        assert list(refused.value.errors) == [str(first.id)]
        save(company.session, order, MultiDict({f"item-{first.id}": "破损", f"item-{second.id}": " 2.1.4 "}))
        rows = sheet_of(company.session, order).rows
    assert [(row.typed, row.given.verdict) for row in rows] == [("破损", Verdict.failed), ("2.1.4", Verdict.passed)]


def test_the_next_version_is_a_draft_with_the_same_lines_and_there_is_one_draft(company: Company) -> None:
    with acting_as(company.actor(Role.technical_support)):
        draft = renew(company.session, company.form)
        assert renew(company.session, company.form) is draft
        lines = compare(company.form, draft)
    assert (draft.state, draft.revision, draft.effective_on) == ("draft", 2, None)
    assert {line.kind for line in lines} == {"same"}


def test_two_versions_are_compared_line_by_line() -> None:
    def form(*lines: tuple[str, int]) -> FunctionTest:
        return FunctionTest(items=[FunctionTestItem(name=name, kind=ItemKind.numeric, upper=Decimal(upper)) for name, upper in lines])

    old, new = form(("甲", 1), ("乙", 1), ("丙", 1), ("丁", 1)), form(("丁", 1), ("甲", 1), ("丙", 2), ("戊", 1))
    lines = compare(old, new)
    assert [(line.item.name, line.kind) for line in lines] == [
        ("丁", "moved"), ("甲", "same"), ("乙", "removed"), ("丙", "changed"), ("戊", "added"),
    ]  # fmt: skip
    assert [change[1:] for change in lines[3].changes] == [("1", "2")]


@pytest.mark.sqlite
def test_the_pages_lead_from_a_version_to_its_successor(app: Flask) -> None:
    """As a person does it: new version, its lines, the comparison, the telephone, and the overview by product."""
    with app.app_context(), acting_as(SYSTEM):
        form_id = db.session.scalars(select(FunctionTest.id)).one()
    client = sign_in(app, "technical_support")
    with at(MONDAY):
        made = client.post(f"/function_test/{form_id}/renew")
        assert (made.status_code, client.post(f"/function_test/{form_id}/renew").location) == (302, made.location)
    draft = made.location.rsplit("/", 1)[1]
    rows = client.get(f"/function_test/{draft}/rows/items").get_data(as_text=True)
    assert rows.count('name="row"') == 3  # two lines, and the one to copy
    assert "原因" not in rows  # a draft is being written
    assert "不变" in client.get(f"/function_test/{draft}/compare").get_data(as_text=True)
    inside = client.get(f"/function_test/{draft}/phone?inside=1")
    assert inside.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "潮气量" in inside.get_data(as_text=True)
    overview = client.get("/function_test/products").get_data(as_text=True)
    assert f"/function_test/show/{form_id}" in overview
    assert f"/function_test/show/{draft}" in overview
    page = sign_in(app, "quality").get(f"/function_test/show/{draft}").get_data(as_text=True)
    assert 'data-dialog="#move-approve"' in page
    assert 'name="effective_on"' in page
    assert client.get("/function_test/products?purpose=nonsense&after=-5").status_code == 200
