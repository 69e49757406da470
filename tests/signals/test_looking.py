"""What is found in the cases of service, once for each subject, and what is not found again."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.notices import Notice
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.signals import looking
from aftersales.signals.counting import Span, by_lot, by_part_lot, midnight
from aftersales.signals.kinds import SignalKind, SignalLook, SignalOutcome
from aftersales.signals.pending import SignalPending
from aftersales.signals.rule import SignalRule, numbers_on
from aftersales.signals.signal import Signal
from tests.signals.case import FEWER, LOT, call, calls_about, look_at, lots, signals
from tests.world import MONDAY

LATER = MONDAY + timedelta(days=5)


@pytest.fixture(autouse=True)
def within(app: Flask) -> Iterator[None]:
    with app.test_request_context(), acting_as(SYSTEM):
        yield


def test_three_devices_of_one_lot_of_ten_are_a_signal_that_says_why() -> None:
    """π = 1/10: three of three have the chance 1/1000; the limit of the first look is 0.05 · 6 / π² / 10 = 0.00304."""
    devices = lots()[LOT]
    calls_about(devices[:2])
    assert signals() == []
    calls_about(devices[2:3], MONDAY + timedelta(days=3))
    (found,) = signals()
    assert (found.kind, found.look, found.lot_no, found.case_count, found.state) == (SignalKind.batch, SignalLook.case, LOT, 3, "found")
    assert found.finding["p"] == pytest.approx(0.001)
    assert found.finding["threshold"] == pytest.approx(0.0030396, rel=1e-4)
    assert (found.finding["exposure"] * 9, found.finding["subjects"]) == (found.finding["others_exposure"], 10)
    assert found.months["counts"][-1] == 3
    told = "\n".join(found.arithmetic())
    assert "=1-BINOM.DIST(2,3,0.100000,TRUE)" in told


def test_one_more_case_joins_and_looking_again_finds_nothing_new() -> None:
    devices = lots()[LOT]
    calls_about(devices[:4])
    (found,) = signals()
    assert found.case_count == 4
    with server_time.at(MONDAY + timedelta(days=10)):
        for request in [case.request for case in found.cases]:
            change(db.session, request, {"fault_text": "推注停止报警，反复"}, reason="补充")
        assert looking.look(db.session) == 0
        assert looking.look(db.session) == 0
    assert [(signal.id, signal.case_count) for signal in signals()] == [(found.id, 4)]


def test_cases_spread_over_the_lots_are_no_signal() -> None:
    calls_about([devices[0] for devices in lots().values()])
    assert signals() == []


def test_what_was_closed_has_been_judged_and_does_not_count_again() -> None:
    devices = lots()[LOT]
    calls_about(devices[:3])
    (found,) = signals()
    with server_time.at(LATER):
        close(found)
        db.session.commit()
    call(devices[3], LATER + timedelta(hours=1))
    assert look_at(LATER + timedelta(hours=2)) == 0
    look_at(MONDAY + timedelta(days=30))
    assert len(signals(kind=SignalKind.batch)) == 1, "nor by the look of the month"
    calls_about([devices[4], devices[0]], MONDAY + timedelta(days=31))
    assert [signal.state for signal in signals(kind=SignalKind.batch)] == ["closed", "found"]


def close(found: Signal) -> None:
    perform(found, "assess")
    change(db.session, found, {"assessment": "三台均在同一科室，电源波动"})
    perform(found, "close", values={"closing_reason": "与产品无关，已提示科室加装稳压器"})


def test_nothing_is_closed_without_an_assessment_and_a_reason() -> None:
    calls_about(lots()[LOT][:3])
    (found,) = signals()
    with server_time.at(LATER):
        perform(found, "assess")
        with pytest.raises(Refusal, match="评估内容"):
            perform(found, "close", values={"closing_reason": "与产品无关"})
        change(db.session, found, {"assessment": "电源波动"})
        with pytest.raises(Refusal) as refused:
            perform(found, "close", values={"closing_reason": ""})
        assert "closing_reason" in refused.value.errors
        with pytest.raises(Refusal) as refused:
            perform(found, "confirm", values={"outcome": SignalOutcome.none})
        assert "outcome" in refused.value.errors
        perform(found, "confirm", values={"outcome": SignalOutcome.capa})
        with pytest.raises(Refusal, match="纠正和预防措施"):
            perform(found, "close", values={"closing_reason": "已转纠正措施"})


def test_the_same_device_three_times_is_a_repeated_one_and_no_lot() -> None:
    device = lots()[LOT][0]
    calls_about([device, device, device])
    (found,) = signals()
    assert (found.kind, found.device_id, found.case_count) == (SignalKind.repeated, device.id, 3)


def test_words_of_danger_are_a_signal_of_the_model_and_known_as_soon_as_it_is_told() -> None:
    first, second = lots()[LOT][:2]
    unknown = call(None, MONDAY + timedelta(days=1), product_text="某型注射泵", fault_text="充电时冒烟，无人受伤")
    assert look_at(MONDAY + timedelta(days=1, minutes=1)) == 1
    call(second, MONDAY + timedelta(days=2), fault_text="底座冒烟")
    call(second, MONDAY + timedelta(days=3), fault_text="电池起火")
    look_at(MONDAY + timedelta(days=3, minutes=1))
    assert [(found.kind, found.model_id, found.case_count) for found in signals()] == [
        (SignalKind.safety_words, None, 1),
        (SignalKind.safety_words, second.model_id, 2),
    ]
    with server_time.at(LATER):
        change(db.session, unknown, {"device": first}, reason="已查明")
        looking.look(db.session)
    assert len(signals()) == 2, "the desk found the device: its words were told already"
    notices = db.session.scalars(select(Notice).where(Notice.url == f"/signal/show/{signals()[0].id}")).all()
    assert {notice.is_urgent for notice in notices} == {True}


def test_a_device_that_the_desk_finds_out_later_counts_from_then() -> None:
    devices = lots()[LOT]
    calls_about(devices[:2])
    request = call(None, MONDAY + timedelta(days=3), product_text="注射泵")
    assert look_at(MONDAY + timedelta(days=3, hours=1)) == 0
    with server_time.at(LATER):
        change(db.session, request, {"device": devices[2]}, reason="已查明")
        db.session.commit()
        assert looking.look(db.session) == 1


def test_cancelled_calls_are_no_cases() -> None:
    devices = lots()[LOT]
    calls_about(devices[:2])
    request = call(devices[2], MONDAY + timedelta(days=3))
    perform(request, "cancel", reason="误报")
    assert look_at(MONDAY + timedelta(days=3, hours=1)) == 0
    assert db.session.scalar(select(func.count()).select_from(SignalPending)) == 0


def test_the_look_of_a_month_finds_what_no_case_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that nobody looked at, as after an import: found once at the beginning of the month."""
    devices = lots()[LOT]
    for place, device in enumerate(devices[:3]):
        call(device, MONDAY + timedelta(days=place + 1))
    monkeypatch.setattr(looking, "look_at_cases", lambda session: 0)
    december = MONDAY + timedelta(days=16)
    assert [look_at(december), look_at(december)] == [2, 0], "the lot, and the model that had none before"
    (found,) = signals(kind=SignalKind.batch)
    assert (found.look, found.case_count) == (SignalLook.month, 3)


def test_a_model_that_rises_is_found_by_month_and_joins_one_signal() -> None:
    devices = [device for of_lot in lots().values() for device in of_lot]
    for place in range(0, 50, 5):
        call(devices[place], MONDAY - timedelta(days=200 - place))
    for place in range(1, 50, 2):
        call(devices[place], MONDAY + timedelta(hours=place))
    december = MONDAY + timedelta(days=16)
    look_at(december)
    (found,) = signals(kind=SignalKind.trend)
    assert (found.look, found.finding["observed"], found.finding["others"]) == (SignalLook.month, 25, 10)
    look_at(MONDAY + timedelta(days=50))  # January: the quarter's look as well
    assert len(signals(kind=SignalKind.trend)) == 1


def test_a_part_lot_counts_from_its_fitting_until_the_next_one() -> None:
    devices = lots()[LOT]
    for device, lot in zip(devices[:4], ("A", "A", "A", "B"), strict=True):
        _fit(device.id, lot, MONDAY - timedelta(days=10))
    _fit(devices[2].id, "B", MONDAY + timedelta(days=1))
    call(devices[0], MONDAY - timedelta(days=11))  # before it was fitted
    for place in range(4):
        call(devices[place], MONDAY + timedelta(days=2, minutes=place))
    with server_time.at(MONDAY + timedelta(days=3)):
        span = Span(midnight((MONDAY - timedelta(days=20)).date()), MONDAY + timedelta(days=3))
        counts = by_part_lot(db.session, "P-1", span)
        assert {lot: count.cases for lot, count in counts.items()} == {"A": 2, "B": 2}
        assert {lot: count.days for lot, count in counts.items()} == {"A": 13 + 13 + 11, "B": 13 + 2}


def _fit(device_id: int, lot: str, moment: object) -> None:
    order = db.session.scalars(select(ServiceOrder).order_by(ServiceOrder.id)).first()
    other = db.session.scalars(select(ServiceOrder).where(ServiceOrder.device_id == device_id)).first()
    with server_time.at(moment):
        if other is None:
            request = call_ordered(device_id, order)
            other = request.order
        db.session.add(PartReplaced(order=other, region_id=other.region_id, part_no="P-1", name="电池", new_lot_no=lot, reason="到期"))
        db.session.flush()


def call_ordered(device_id: int, like: ServiceOrder) -> object:
    from aftersales.devices.device import Device

    device = db.session.get_one(Device, device_id)
    request = call(device, server_time.now() - timedelta(days=100), is_device_down=False, is_treatment_affected=False, has_alternative=True)
    perform(request, "register")
    perform(request, "order")
    return request


def test_devices_count_from_their_installation_until_they_retire() -> None:
    devices = lots()[LOT]
    change(db.session, devices[0], {"installed_on": MONDAY.date()}, reason="更正")
    with server_time.at(MONDAY + timedelta(days=4)):
        perform(devices[1], "retire", reason="报废")
        db.session.flush()
    span = Span(midnight(MONDAY.date() - timedelta(days=10)), midnight(MONDAY.date() + timedelta(days=10)))
    assert by_lot(db.session, devices[0].model_id, span)[LOT].days == 10 + 14 + 3 * 20


def test_the_numbers_of_a_day_are_the_company_s_and_shipped_ones_where_there_are_none() -> None:
    with server_time.at(MONDAY):
        row = create(db.session, SignalRule, dict(FEWER, effective_from=MONDAY.date() + timedelta(days=2)))
        perform(row, "approve")
    assert numbers_on(db.session, MONDAY.date()).repeat_cases == 3
    assert numbers_on(db.session, MONDAY.date() + timedelta(days=2)).repeat_cases == 2
    with server_time.at(MONDAY + timedelta(days=3)):
        device = lots()[LOT][0]
        calls_about([device, device], MONDAY + timedelta(days=4))
    assert [found.kind for found in signals()] == [SignalKind.repeated]
    for shipped in db.session.scalars(select(SignalRule)).all():
        perform(shipped, "withdraw", reason="试")
    assert numbers_on(db.session, MONDAY.date() + timedelta(days=9)).repeat_cases == 3


@pytest.mark.parametrize(
    ("field", "value"), [("alpha", Decimal(0)), ("alpha", Decimal("0.5")), ("window_days", 10), ("least_cases", 1), ("repeat_cases", 0)]
)
def test_numbers_out_of_reason_are_refused(field: str, value: object) -> None:
    with pytest.raises(Refusal) as refused:
        create(db.session, SignalRule, FEWER | {"effective_from": MONDAY.date(), field: value})
    assert field in refused.value.errors
