"""Measured values against limits: the verdict is the system's."""

from decimal import Decimal

import pytest

from aftersales.devices.form_item import FunctionTestItem, ItemKind, Verdict
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from aftersales.service.lines import Measurement
from tests.company import NINE, Company


@pytest.mark.pure
@pytest.mark.parametrize(
    ("lower", "upper", "value", "verdict"),
    [
        ("450", "550", "500", Verdict.passed),
        ("450", "550", "450", Verdict.passed),  # the limits themselves pass
        ("450", "550", "550.0", Verdict.passed),
        ("450", "550", "449.9999", Verdict.failed),
        ("450", "550", "550.0001", Verdict.failed),
        (None, "0.2", "0", Verdict.passed),
        (None, "0.2", "0.21", Verdict.failed),
        ("10", None, "9", Verdict.failed),
        ("10", None, "1000000", Verdict.passed),
        ("-5", "5", "-5", Verdict.passed),
        ("450", "550", None, None),
    ],
)
def test_a_number_passes_within_its_limits(lower: str | None, upper: str | None, value: str | None, verdict: Verdict | None) -> None:
    item = FunctionTestItem(kind=ItemKind.numeric, lower=lower and Decimal(lower), upper=upper and Decimal(upper))
    assert item.judge(value and Decimal(value), None) is verdict


@pytest.mark.pure
@pytest.mark.parametrize(("answer", "verdict"), [(True, Verdict.passed), (False, Verdict.failed), (None, None)])
def test_pass_or_fail_is_taken_at_its_word(answer: bool | None, verdict: Verdict | None) -> None:
    assert FunctionTestItem(kind=ItemKind.pass_fail).judge(None, answer) is verdict


@pytest.mark.pure
def test_limits_read_as_people_write_them() -> None:
    def limits(lower: str | None, upper: str | None) -> str:
        return FunctionTestItem(kind=ItemKind.numeric, lower=lower and Decimal(lower), upper=upper and Decimal(upper)).limits

    assert [limits("450.0000", "550"), limits(None, "0.2000"), limits("10", None), limits(None, None)] == ["450–550", "≤ 0.2", "≥ 10", ""]


@pytest.mark.parametrize("answer", [{}, {"is_passed": True}, {"value": Decimal(5), "is_passed": True}])
def test_a_numeric_item_wants_a_value_and_nothing_else(company: Company, answer: dict[str, object]) -> None:
    order = company.order()
    with acting_as(SYSTEM), pytest.raises(Refusal) as refusal:
        create(company.session, Measurement, {"order": order, "item_id": company.form.items[0].id, "measured_at": NINE, **answer})
    assert list(refusal.value.errors) == ["value"]


def test_nobody_types_a_verdict(company: Company) -> None:
    assert "verdict" not in Measurement.form_fields()
    order = company.order()
    with acting_as(SYSTEM):
        values = {"order": order, "item_id": company.form.items[0].id, "measured_at": NINE, "value": Decimal(600)}
        assert create(company.session, Measurement, values | {"verdict": Verdict.passed}).verdict is Verdict.failed
