"""The words that emergencies are told in."""

from enum import StrEnum, auto


class Scenario(StrEnum):
    """What a plan is for."""

    batch_fault = auto()
    failure_in_use = auto()
    remote_unrepairable = auto()
    group_complaint = auto()
    parts_shortage = auto()
    cyber_incident = auto()
    disaster = auto()
    hotline_down = auto()
    other = auto()


class ContactWay(StrEnum):
    """How a customer was asked for: the second contact of the emergency file is called when the first does not answer."""

    first_contact = auto()
    second_contact = auto()
    visit = auto()
    message = auto()


class ContactResult(StrEnum):
    reached = auto()
    not_reached = auto()
    given_up = auto()


class DrillCriterion(StrEnum):
    """What a drill is scored by; the times of the first three are measured by the program."""

    team_time = auto()
    customers_time = auto()
    restored_time = auto()
    scope_found = auto()
    legal_judgement = auto()
    log_kept = auto()


# Criterion and its weight, as AS-QP-05 has them: numbers of the company. Together 100.
WEIGHTS = {
    DrillCriterion.team_time: 20, DrillCriterion.customers_time: 25, DrillCriterion.restored_time: 20,
    DrillCriterion.scope_found: 15, DrillCriterion.legal_judgement: 15, DrillCriterion.log_kept: 5,
}  # fmt: skip
PASSED = 80  # of 100 points, a number of the company
