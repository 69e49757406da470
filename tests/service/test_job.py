"""The job, from the call to the closed report, at the level of records: what must happen, and what is refused in words."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from aftersales.customers.contract import ContractPromise, Milestone, ServiceContract
from aftersales.devices.instrument import TestInstrument
from aftersales.organization.code_list import Code
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.deadline import Decision, Unit
from aftersales.record.now import at
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.signatures import signatures_of
from aftersales.record.workflow import moves, perform
from aftersales.roles import Role
from aftersales.service.deviation import Deviation
from aftersales.service.lines import Loaner, Measurement, PartReplaced
from aftersales.service.order import RepairResult, ServiceOrder
from aftersales.vigilance.answers import QUESTIONS, Answer, SeriousInjury
from tests.company import DAY, NINE, PASSWORD, PNG, Company

DIAGNOSIS = {"cause": "流量传感器零点漂移", "plan": "更换流量传感器并校准", "plan_explained_to": "护士长", "plan_explained_at": NINE}
ACCEPTED = {"result": RepairResult.usable, "accepted_by": "设备科 闻工", "satisfaction": 96, "customer_opinion": "及时"}


def clock(company: Company, record: Any, milestone: str) -> ClockRun:
    company.session.flush()
    return max((run for run in runs_of(company.session, record) if run.milestone == milestone), key=lambda run: run.run)


def dispatched(company: Company, **call: Any) -> ServiceOrder:
    order = company.order(**call)
    with acting_as(company.actor(Role.dispatcher)):
        perform(order, "assign", values={"engineer_id": company.lin.id})
    return order


def at_work(company: Company, **call: Any) -> ServiceOrder:
    order = dispatched(company, **call)
    with acting_as(company.actor(Role.engineer, person="lin")):
        perform(order, "accept")
        perform(order, "arrive")
    return order


def measure(company: Company, order: ServiceOrder, values: tuple[str, str, bool] = ("498", "0.1", True), **instead: Any) -> None:
    volume, earth, alarm = company.form.items
    for facts in (
        {"item_id": volume.id, "value": Decimal(values[0]), "instrument_id": company.analyser.id},
        {"item_id": earth.id, "value": Decimal(values[1]), "instrument_id": company.tester.id},
        {"item_id": alarm.id, "is_passed": values[2]},
    ):
        create(company.session, Measurement, {"order": order, "measured_at": NINE} | facts | instead)


def repaired(company: Company, **call: Any) -> ServiceOrder:
    """Everything done but the customer's acceptance."""
    order = at_work(company, **call)
    with acting_as(company.actor(Role.engineer, person="lin")):
        change(company.session, order, DIAGNOSIS | {"cause_category_id": company.cause.id})
        part = {"part_no": "QH-6021", "name": "流量传感器", "old_serial_no": "FS23", "new_serial_no": "FS26", "reason": "零点漂移"}
        create(company.session, PartReplaced, part | {"order": order})
        measure(company, order)
    return order


def complete(company: Company, order: ServiceOrder, **values: Any) -> None:
    with acting_as(company.actor(Role.engineer, person="lin")):
        perform(order, "complete", values=ACCEPTED | values, drawn=PNG, signer="闻工")


def refused(action: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        action()
    return str(refusal.value)


# -- the way through --


def test_a_repair_runs_from_the_call_to_the_sealed_report(company: Company) -> None:
    order = repaired(company)
    complete(company, order)
    with acting_as(company.actor(Role.quality)):
        perform(order, "close", values={"review_opinion": "符合要求"}, password=PASSWORD)
        company.session.commit()
        assert order.state == "closed"
        assert [paper.name for paper in sealed_of(company.session, order)] == ["repair_report"]
        assert [(s.name, s.is_valid) for s in signatures_of(company.session, order)] == [("acceptance", True), ("review", True)]
        assert {run.state for run in runs_of(company.session, order)} == {"met"}
        assert company.device.state == "in_use"
    facts = order.public_facts()
    assert facts["customer"] == company.hospital.name
    assert facts["result"] == "usable"
    assert "闻工" not in str(facts)


def test_the_order_inherits_the_call_and_its_hour(company: Company) -> None:
    with at(NINE + timedelta(minutes=10)):
        order = company.order()
    assert order.reported_at == NINE
    assert order.fault_level == "level_2"
    assert order.request.registered_at == NINE + timedelta(minutes=10)
    with acting_as(SYSTEM):
        assert clock(company, order.request, "register").state == "met"
        assert clock(company, order, "respond").due_at == NINE + timedelta(hours=1)  # the device class is stricter than the level


def test_registering_late_shows_on_the_clock(company: Company) -> None:
    with at(NINE + timedelta(minutes=16)):
        order = company.order()
    with acting_as(SYSTEM):
        assert clock(company, order.request, "register").state == "late"


# -- intake --


def test_another_level_than_the_answers_give_needs_a_reason(company: Company) -> None:
    with acting_as(company.actor(Role.intake)):
        request = company.call()
        with pytest.raises(Refusal) as refusal:
            perform(request, "register", values={"fault_level": "level_3"})
        assert list(refusal.value.errors) == ["fault_level_reason"]
        perform(request, "register", values={"fault_level": "level_3", "fault_level_reason": "仅外壳破损"})
        assert request.fault_level == "level_3"


def test_a_call_is_not_registered_before_harm_was_asked(company: Company) -> None:
    with acting_as(company.actor(Role.intake)):
        request = company.call(harm=None)
        with pytest.raises(Refusal) as refusal:
            perform(request, "register")
        assert set(refusal.value.errors) == {"harm"}


@pytest.mark.parametrize(("harm", "mark"), [("no", "none"), ("yes", "to_assess"), ("not_sure", "to_assess")])
def test_possible_harm_marks_the_request(company: Company, harm: str, mark: str) -> None:
    with acting_as(company.actor(Role.intake)):
        request = company.call(harm=harm)
        perform(request, "register")
        company.session.refresh(request)
        assert request.vigilance == mark
        assert (request.assessment is not None) is (mark == "to_assess")


def test_the_mark_is_cleared_by_a_named_decider_with_a_reason_only(company: Company) -> None:
    with acting_as(company.actor(Role.intake)):
        request = company.call(harm="not_sure")
        perform(request, "register")
        assessment = request.assessment
        with pytest.raises(NotAllowed):
            perform(assessment, "clear", values={"decision_reason": "没事"})
    for role in (Role.dispatcher, Role.engineer, Role.manager):
        with acting_as(company.actor(role)), pytest.raises(NotAllowed):
            perform(assessment, "clear", values={"decision_reason": "没事"})
    no = dict.fromkeys(QUESTIONS, Answer.no) | {"serious_injury": SeriousInjury.none}
    with acting_as(company.actor(Role.regulatory)):
        with pytest.raises(Refusal) as refusal:
            perform(assessment, "clear")
        assert set(refusal.value.errors) == set(QUESTIONS)
        with pytest.raises(Refusal) as refusal:
            perform(assessment, "clear", values=no)
        assert list(refusal.value.errors) == ["decision_reason"]
        perform(assessment, "clear", values=no | {"decision_reason": "未与患者连接"})
        assert request.vigilance == "cleared"
        assert assessment.decided_by == "regulatory"


def test_a_device_of_another_customer_is_not_taken(company: Company) -> None:
    with acting_as(company.actor(Role.intake)):
        message = refused(lambda: company.call(customer_id=company.hospital.id, device_id=company.loaner.id))
    assert message


# -- dispatch --


@pytest.mark.parametrize("person", ["zhao", "sun"])
def test_the_unqualified_cannot_be_sent(company: Company, person: str) -> None:
    order = company.order()
    with acting_as(company.actor(Role.dispatcher)), pytest.raises(Refusal) as refusal:
        perform(order, "assign", values={"engineer_id": getattr(company, person).id})
    assert list(refusal.value.errors) == ["engineer_id"]
    assert person in str(refusal.value)


def test_nobody_types_an_engineer_past_the_gate(company: Company) -> None:
    assert "engineer_id" not in ServiceOrder.form_fields()


def test_quality_may_depart_from_the_rule_and_it_is_on_record(company: Company) -> None:
    order = company.order()
    with acting_as(company.actor(Role.dispatcher)), pytest.raises(NotAllowed):
        perform(order, "assign_with_deviation", values={"engineer_id": company.zhao.id}, reason="急")
    with acting_as(company.actor(Role.quality)):
        with pytest.raises(Refusal) as refusal:
            perform(order, "assign_with_deviation", values={"engineer_id": company.zhao.id})
        assert list(refusal.value.errors) == ["reason"]
        perform(order, "assign_with_deviation", values={"engineer_id": company.zhao.id}, reason="唯一在场人员，复训已排期")
        (deviation,) = company.session.scalars(select(Deviation))
    assert (deviation.order, deviation.person) == (order, company.zhao)
    assert deviation.reason == "唯一在场人员，复训已排期"
    assert deviation.decided_by == "quality"
    assert "2025-12-31" in deviation.lacking


def test_no_deviation_is_written_for_the_qualified(company: Company) -> None:
    order = company.order()
    with acting_as(company.actor(Role.quality)), pytest.raises(Refusal):
        perform(order, "assign_with_deviation", values={"engineer_id": company.lin.id}, reason="没有必要")


def test_only_the_engineer_who_was_sent_accepts(company: Company) -> None:
    order = dispatched(company)
    with acting_as(company.actor(Role.engineer, person="sun")):
        with pytest.raises(NotAllowed, match="lin"):
            perform(order, "accept")
        assert not {m.transition.name: m for m in moves(order)}["accept"].is_possible


# -- completion --


def test_everything_that_is_missing_is_said_at_once(company: Company) -> None:
    order = at_work(company)
    with acting_as(company.actor(Role.engineer, person="lin")), pytest.raises(Refusal) as refusal:
        perform(order, "complete", values={"result": RepairResult.usable}, drawn=PNG, signer="闻工")
    errors = refusal.value.errors
    assert {"plan_explained_at", "measurements", "result", "cause", "plan", "cause_category_id"} <= set(errors)
    assert len(errors["measurements"]) == 3


def test_a_failed_value_keeps_the_order_open(company: Company) -> None:
    order = repaired(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        measure(company, order, ("560", "0.1", True), measured_at=NINE)
    assert "潮气量" in refused(lambda: complete(company, order))


def test_a_repeated_test_replaces_the_failed_one(company: Company) -> None:
    order = at_work(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        change(company.session, order, DIAGNOSIS | {"cause_category_id": company.cause.id})
        measure(company, order, ("560", "0.1", True))
    with at(NINE + timedelta(hours=1)):
        with acting_as(company.actor(Role.engineer, person="lin")):
            measure(company, order, measured_at=NINE + timedelta(minutes=30))
        complete(company, order)
    assert order.state == "completed"


def test_an_instrument_out_of_calibration_on_the_day_does_not_count(company: Company) -> None:
    order = repaired(company)
    with acting_as(SYSTEM):
        change(company.session, company.analyser, {"calibration_valid_until": DAY - timedelta(days=1)}, reason="证书更正")
    assert "2026-03-02" in refused(lambda: complete(company, order))


def test_the_wrong_kind_of_instrument_does_not_count(company: Company) -> None:
    order = repaired(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        measure(company, order, instrument_id=company.tester.id, measured_at=NINE)
    assert "潮气量" in refused(lambda: complete(company, order))


def test_a_device_that_fails_safety_is_completed_as_not_to_be_used(company: Company) -> None:
    order = repaired(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        measure(company, order, ("498", "0.9", True))
    complete(company, order, result=RepairResult.not_to_be_used)
    assert company.device.state == "not_to_be_used"
    with acting_as(company.actor(Role.quality)):
        perform(order, "close", values={"review_opinion": "停用告知已送达"}, password=PASSWORD)
        company.session.flush()
        assert {paper.name for paper in sealed_of(company.session, order)} == {"repair_report", "do_not_use_notice"}


def test_a_repaired_device_may_be_used_again(company: Company) -> None:
    with acting_as(SYSTEM):
        perform(company.device, "ban", reason="接地不良")
    complete(company, repaired(company))
    assert company.device.state == "in_use"


def test_the_customer_signs_or_nothing_is_completed(company: Company) -> None:
    order = repaired(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        assert refused(lambda: perform(order, "complete", values=ACCEPTED, signer="闻工"))


def test_a_change_after_the_signature_voids_it_for_all_to_see(company: Company) -> None:
    order = repaired(company)
    complete(company, order)
    with acting_as(company.actor(Role.engineer, person="lin")):
        company.session.commit()
        with pytest.raises(Refusal) as refusal:
            change(company.session, order, {"cause": "主板电容鼓包"})
        assert list(refusal.value.errors) == ["reason"]
        change(company.session, order, {"cause": "主板电容鼓包"}, reason="复核发现")
        company.session.commit()
        assert [signature.is_valid for signature in signatures_of(company.session, order)] == [False]


def test_another_cause_is_a_change_whether_it_is_set_by_its_id_or_as_a_record(company: Company) -> None:
    order = repaired(company)
    complete(company, order)
    with acting_as(company.actor(Role.engineer, person="lin")):
        company.session.commit()
        other = select(Code).where(Code.code_list_id == company.cause.code_list_id, Code.id != company.cause.id)
        for name in ("cause_category_id", "cause_category"):
            code = company.session.scalars(other).first()
            with pytest.raises(Refusal) as refusal:
                change(company.session, order, {name: code.id if name.endswith("_id") else code})
            assert list(refusal.value.errors) == ["reason"]
            company.session.rollback()
        change(company.session, order, {"cause_category": company.session.scalars(other).first()}, reason="复核发现")


def test_whoever_completed_does_not_close(company: Company) -> None:
    order = repaired(company)
    complete(company, order)
    engineer = company.actor(Role.engineer, person="lin")
    both = type(engineer)(
        name="lin", user_id=engineer.user_id, permissions=company.actor(Role.quality).permissions, region_ids=engineer.region_ids
    )
    with acting_as(both), pytest.raises(NotAllowed):
        perform(order, "close", values={"review_opinion": "好"}, password=PASSWORD)


def test_a_cause_comes_from_the_list_of_causes(company: Company) -> None:
    order = at_work(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        kind = company.session.scalars(select(Code).where(Code.code == "gas_flow")).one()
        assert refused(lambda: change(company.session, order, {"cause_category_id": kind.id}))


# -- workshop and loaner --


def test_a_loaner_resolves_for_the_customer_and_must_come_back(company: Company) -> None:
    order = repaired(company)
    engineer = company.actor(Role.engineer, person="lin")
    with acting_as(engineer):
        perform(order, "take_to_workshop", values={"workshop_reason": "需更换主板", "is_loaner_offered": True})
        loaner = create(company.session, Loaner, {"order": order, "device_id": company.loaner.id, "given_at": NINE})
        assert order.resolved_at == NINE
        assert clock(company, order, "resolve").state == "met"
    complete(company, order)
    with acting_as(company.actor(Role.quality)), pytest.raises(Refusal, match="V6-LN-1"):
        perform(order, "close", values={"review_opinion": "好"}, password=PASSWORD)
    with acting_as(engineer):
        change(company.session, loaner, {"returned_at": NINE, "disinfected_at": NINE})
    with acting_as(company.actor(Role.quality)):
        perform(order, "close", values={"review_opinion": "好"}, password=PASSWORD)
    assert order.state == "closed"


def test_only_a_loaner_that_is_in_is_lent(company: Company) -> None:
    order = at_work(company)
    with acting_as(company.actor(Role.engineer, person="lin")):
        assert refused(lambda: create(company.session, Loaner, {"order": order, "device_id": company.device.id, "given_at": NINE}))


# -- after the end --


def test_reopening_starts_the_clock_of_resolving_a_second_time(company: Company) -> None:
    order = repaired(company)
    complete(company, order)
    with acting_as(company.actor(Role.quality)):
        perform(order, "close", values={"review_opinion": "好"}, password=PASSWORD)
        with at(NINE + timedelta(days=2)):
            perform(order, "reopen", reason="同一故障再次出现")
            company.session.flush()
        runs = [run for run in runs_of(company.session, order) if run.milestone == "resolve"]
        assert [(run.run, run.met_at is not None) for run in runs] == [(1, True), (2, False)]
        assert runs[1].started_at == NINE + timedelta(days=2)
        assert {paper.status for paper in sealed_of(company.session, order)} == {"void"}


def test_a_cancelled_order_drops_its_clocks(company: Company) -> None:
    order = company.order()
    with acting_as(company.actor(Role.dispatcher)):
        perform(order, "cancel", reason="客户自行解决")
        company.session.flush()
        assert {run.state for run in runs_of(company.session, order)} == {"dropped"}


def test_a_promise_in_the_contract_beats_the_company_rule(company: Company) -> None:
    with acting_as(SYSTEM):
        dates = {"valid_from": DAY, "valid_until": DAY}
        covering = dates | {"customer_id": company.hospital.id, "contract_no": "HT-2026-08", "is_for_all_devices": True}
        contract = create(company.session, ServiceContract, covering)
        for milestone, amount, unit in ((Milestone.respond, 30, Unit.minutes), (Milestone.on_site, 2, Unit.working_days)):
            create(company.session, ContractPromise, {"contract": contract, "milestone": milestone, "amount": amount, "unit": unit})
    order = company.order()
    with acting_as(SYSTEM):
        respond, on_site = clock(company, order, "respond"), clock(company, order, "on_site")
    assert order.contract == contract
    assert respond.due_at == NINE + timedelta(minutes=30)
    assert [c.rule.kind.value for c in Decision.from_json(respond.decision).winners] == ["contract"]
    assert on_site.due_at == NINE + timedelta(hours=4)  # the promise is laxer than the company's own rule


def test_instruments_are_calibrated_from_one_day_to_another(company: Company) -> None:
    instrument: TestInstrument = company.analyser
    assert not instrument.is_calibrated_on(instrument.calibrated_on - timedelta(days=1))
    assert instrument.is_calibrated_on(instrument.calibrated_on)
    assert instrument.is_calibrated_on(instrument.calibration_valid_until)
    assert not instrument.is_calibrated_on(instrument.calibration_valid_until + timedelta(days=1))
