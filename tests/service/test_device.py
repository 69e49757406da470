"""Devices and their test forms: what the UDI says, where they live, which form is in force."""

from datetime import date
from typing import Any

import pytest

from aftersales.devices.device import Device
from aftersales.devices.form_item import FunctionTestItem, ItemKind
from aftersales.devices.function_test import FunctionTest, form_for
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from tests.company import Company


def device(company: Company, **values: Any) -> Device:
    facts = {"model_id": company.model.id, "customer_id": company.hospital.id}
    return create(company.session, Device, facts | values)  # type: ignore[return-value]


def test_a_scanned_udi_fills_what_nobody_typed(company: Company) -> None:
    with acting_as(SYSTEM):
        found = device(company, udi="(01)06901234567892(11)231107(21)V6P2311")
    assert (found.serial_no, found.made_on, found.udi_di) == ("V6P2311", date(2023, 11, 7), "06901234567892")
    assert found.udi_pi == "(11)231107(21)V6P2311"
    assert found.udi_problems is None
    assert found.region_id == company.region.id


@pytest.mark.parametrize("code", ["LABEL-77", "(01)06901234567893(21)X", "(01)09521234543213(21)X", "(01)06901234567892(21)OTHER"])
def test_what_is_doubtful_about_a_udi_is_said_and_kept(company: Company, code: str) -> None:
    with acting_as(SYSTEM):
        found = device(company, udi=code, serial_no="S-9")
    assert found.udi == code
    assert found.serial_no == "S-9"
    assert found.udi_problems


def test_a_serial_number_is_there_once_per_model(company: Company) -> None:
    with acting_as(SYSTEM):
        device(company, serial_no="S-1")
        company.session.commit()
        with pytest.raises(Refusal) as refusal:
            device(company, serial_no="S-1")
    assert list(refusal.value.errors) == ["serial_no"]


def test_a_device_bears_a_serial_or_a_lot_number(company: Company) -> None:
    with acting_as(SYSTEM), pytest.raises(Refusal):
        device(company)


def test_only_a_loaner_has_no_customer(company: Company) -> None:
    with acting_as(SYSTEM), pytest.raises(Refusal):
        device(company, serial_no="S-2", customer_id=None, region_id=company.region.id)


def test_a_form_in_force_is_locked_and_gives_way_to_its_next_version(company: Company) -> None:
    with acting_as(company.actor(Role.technical_support)):
        form = create(company.session, FunctionTest, {"name": "呼吸机维修后检测", "family_id": company.family.id})
        create(company.session, FunctionTestItem, {"test": form, "name": "声光报警", "kind": ItemKind.pass_fail, "position": 1})
        assert form.revision == 2
        with pytest.raises(NotAllowed):
            perform(form, "approve")
    with acting_as(company.actor(Role.quality)):
        assert form_for(company.session, company.model) is company.form
        perform(form, "approve")
        assert form_for(company.session, company.model) is form
        assert company.form.state == "obsolete"
    with acting_as(company.actor(Role.technical_support)), pytest.raises(Refusal):
        change(company.session, form.items[0], {"name": "另一项"}, reason="想改")


def test_a_form_of_the_model_goes_before_the_familys(company: Company) -> None:
    with acting_as(company.actor(Role.technical_support)):
        own = create(company.session, FunctionTest, {"name": "QH-V600 检测", "model_id": company.model.id})
        create(company.session, FunctionTestItem, {"test": own, "name": "声光报警", "kind": ItemKind.pass_fail})
    with acting_as(company.actor(Role.quality)):
        perform(own, "approve")
        assert form_for(company.session, company.model) is own
        assert company.form.state == "effective"
