"""What a call will set going, told before it is sent: the deadlines an order for this device would get."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy.orm import Session

from aftersales.customers.contract import ServiceContract
from aftersales.devices.model import DeviceModel
from aftersales.labels import label, language
from aftersales.record.deadline import Rule, RuleKind, decide_all
from aftersales.service.fault import FaultLevel
from aftersales.service.order import ServiceOrder


@dataclass(frozen=True)
class Foreseen:
    """One deadline to come: its milestone in words, when it is due, who demands it and where that is written."""

    milestone: str
    due_at: datetime
    demanded_by: str
    is_contract: bool


def foresee(
    session: Session, model: DeviceModel, level: FaultLevel, received_at: datetime, contract: ServiceContract | None
) -> list[Foreseen]:
    """The deadlines of an order opened for this call, the earliest first: the very arithmetic that its clocks will use."""
    calendar = current_app.extensions["working_calendar"](session)
    facts = {"fault_level": level.value, "risk": model.risk.value}
    found = []
    for clock in ServiceOrder.clocks:
        promised = contract.rules_for(clock.milestone) if contract is not None else ()
        rules = [*current_app.extensions["clock_rules"](session, clock.milestone), *promised]
        decisions = decide_all(clock.milestone, facts, received_at, rules, calendar)
        for decision in filter(None, decisions.values()):
            rule = decision.winners[0].rule
            found.append(Foreseen(label(f"milestone.{clock.milestone}"), decision.due_at, demand(rule), rule.kind is RuleKind.contract))
    return sorted(found, key=lambda foreseen: foreseen.due_at)


def demand(rule: Rule) -> str:
    """Who demands it, in words: "公司规定 …", "合同 …"."""
    return rule.label[language() == "en"]
