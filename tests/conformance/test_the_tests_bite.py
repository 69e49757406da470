"""Taking one thing away turns a check red, and what it says names the file to open. A check that cannot fail checks nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint
from werkzeug.routing import Rule

from aftersales import labels
from aftersales.record import guard
from aftersales.record.actor import SYSTEM
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from tests.conformance import test_declarations as declarations
from tests.doors import test_every_route as doors
from tests.migrations.schema import differences


def test_a_missing_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(labels.glossary(), "service_order.transition.reopen")
    with pytest.raises(AssertionError, match=r"aftersales/service/labels\.toml: \['service_order\.transition\.reopen'\]"):
        declarations.test_every_word_has_a_chinese_and_an_english_label(ServiceOrder)


def test_a_missing_clock_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = declarations.load_rules
    monkeypatch.setattr(declarations, "load_rules", lambda path: [rule for rule in shipped(path) if rule.milestone != "respond"])
    with pytest.raises(AssertionError, match=r"milestone respond: .*clock_rules\.toml beside aftersales/service/order\.py"):
        declarations.test_every_milestone_has_rules_with_a_source(ServiceOrder)


def test_a_missing_permission_in_a_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServiceOrder, "access", {role: rights for role, rights in ServiceOrder.access.items() if role is not Role.engineer})
    with pytest.raises(AssertionError, match=r"aftersales/service/order\.py: these roles move it and cannot read it"):
        declarations.test_roles_and_rights_are_known(ServiceOrder)


def test_a_missing_permission_at_a_door(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.view_functions, "ServiceOrderView.list", lambda **_arguments: "everything")
    known = [rule for rule in doors.routes(app) if rule.endpoint.startswith("ServiceOrderView")]
    monkeypatch.setattr(doors, "routes", lambda _app: known)
    with pytest.raises(AssertionError, match=r"GET /service_order/list/: 200.*aftersales/service/order\.py"):
        doors.test_strangers_are_sent_to_the_door(app)


def test_a_route_nobody_decided_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known = list(doors.routes(app))
    monkeypatch.setattr(doors, "routes", lambda _app: [*known, Rule("/everything", endpoint="Forgotten.page")])
    with pytest.raises(AssertionError, match=r"tests/doors/decided\.py .*Forgotten\.page"):
        doors.test_every_route_has_been_decided_on(app)


def test_a_missing_region_guard(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "actor_or_none", lambda: SYSTEM)
    monkeypatch.setattr(doors, "TYPES", {"service_order": ServiceOrder})
    with pytest.raises(AssertionError, match=r"(?s)aftersales/record/guard\.py .*/service_order/list/ shows"):
        doors.test_a_list_never_shows_a_foreign_record(app)


def test_a_missing_template(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for template in declarations.DOCUMENTS.glob("*.html"):
        if template.name != "repair_report.html":
            (tmp_path / template.name).touch()
    monkeypatch.setattr(declarations, "DOCUMENTS", tmp_path)
    with pytest.raises(AssertionError, match=r"aftersales/service/order\.py .*templates/documents/repair_report\.html"):
        declarations.test_every_document_has_a_template(ServiceOrder)


@pytest.fixture
def order_without_its_check(monkeypatch: pytest.MonkeyPatch) -> Any:
    table = ServiceOrder.__table__
    monkeypatch.setattr(table, "constraints", {each for each in table.constraints if not _is_check(each, "engineer_id_filled")})


def _is_check(constraint: Any, name: str) -> bool:
    return isinstance(constraint, CheckConstraint) and str(constraint.name).endswith(name)


@pytest.mark.usefixtures("order_without_its_check")
def test_a_missing_check_in_a_declaration() -> None:
    with pytest.raises(AssertionError, match=r"aftersales/service/order\.py: no CHECK for engineer_id"):
        declarations.test_the_database_holds_what_states_require(ServiceOrder)


def test_a_missing_check_in_a_migration() -> None:
    check = "check ck_service_order_engineer_id_filled state NOT IN ('assigned') OR engineer_id IS NOT NULL"
    found = differences({"service_order": set()}, {"service_order": {check}})
    assert found == [f"service_order: only the models declare: {check}"]


def test_a_state_without_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = ServiceOrder.workflow
    left = tuple(transition for transition in workflow.transitions if "completed" not in transition.from_states)
    monkeypatch.setattr(ServiceOrder, "workflow", replace(workflow, transitions=left))
    with pytest.raises(AssertionError, match=r"aftersales/service/order\.py: never reached: \{'closed'\}"):
        declarations.test_every_state_can_be_reached_and_left(ServiceOrder)
