"""When a call or visit after an operation is due: numbers of the company and of no law, each with its source. Days in China."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import aftersales
from aftersales.calendar import WorkingCalendar
from aftersales.implants.follow_up import months_later
from aftersales.record.deadline import RuleKind, decide_all
from aftersales.record.now import CHINA
from aftersales.record.rulebook import load_rules

RULES = load_rules(Path(aftersales.__file__).parent / "implants/clock_rules.toml")
CALENDAR = WorkingCalendar.shipped()
B = "医疗器械生产许可证代办对产品售后服务有哪些要求?"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def end_of(text):
    return at(text) + timedelta(days=1)


CASES = [
    ("call", False, at("2026-11-20 09:00"), at("2026-11-21 09:00"), B),
    ("call", False, at("2026-09-30 23:30"), at("2026-10-01 23:30"), B),  # hours run on in holidays
    ("visit", False, at("2026-11-20 09:00"), end_of("2026-12-18"), B),
    ("visit", False, at("2027-01-31 16:00"), end_of("2027-02-28"), B),  # within the shortest month too
    ("visit", False, at("2028-01-31 16:00"), end_of("2028-02-28"), B),
    ("call", True, at("2026-11-25 09:00"), at("2026-11-26 09:00"), ""),
    ("visit", True, at("2027-01-05 09:00"), end_of("2027-01-12"), ""),
    ("further", False, at("2026-11-20 09:00"), None, ""),  # the day of its plan is a rule of the record
]


@pytest.mark.parametrize(("kind", "late", "since", "due", "source"), CASES)
def test_when_it_is_due(kind, late, since, due, source) -> None:
    decided = decide_all("implant_follow_up", {"follow_up_kind": kind, "is_learnt_late": late}, since, RULES, CALENDAR)
    assert decided["legal"] is None
    company = decided["company"]
    assert (company and company.winners[0].due_at) == due
    if source:
        assert company.winners[0].rule.source_title == source


def test_no_law_is_cited_for_it() -> None:
    assert {rule.kind for rule in RULES} == {RuleKind.company}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 20), 3, date(2027, 2, 20)), (date(2026, 11, 30), 3, date(2027, 2, 28)), (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)), (date(2026, 1, 15), 120, date(2036, 1, 15)),
    ],
)  # fmt: skip
def test_months_are_those_of_the_calendar(day, months, later) -> None:
    assert months_later(day, months) == later
