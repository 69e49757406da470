"""The arithmetic of deadlines: facts in, due time and source out."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aftersales
from aftersales.calendar import WorkingCalendar
from aftersales.record.deadline import DayKind, Decision, Pause, Rule, RuleKind, Unit, candidates, decide, decide_all, explain, loosens
from aftersales.record.now import CHINA
from aftersales.record.rulebook import load_rules

pytestmark = pytest.mark.pure

CALENDAR = WorkingCalendar.shipped()
SHIPPED = load_rules(Path(aftersales.__file__).parent / "service" / "clock_rules.toml")


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def end_of(day: str) -> datetime:
    """24:00 of a day in China."""
    return china(f"{day} 00:00") + timedelta(days=1)


def rule(id: str, amount: int, unit: Unit, kind: RuleKind = RuleKind.company, milestone: str = "answer", **more: Any) -> Rule:
    defaults = {"source": "S", "article": "1", "effective_from": date(2020, 1, 1), "label": ("甲", "A")}
    return Rule(id=id, milestone=milestone, amount=amount, unit=unit, kind=kind, **(defaults | more))


def decided(rules: list[Rule], started: str, pauses: tuple[Pause, ...] = (), **facts: Any) -> Decision:
    decision = decide("answer", facts, china(started), rules, CALENDAR, pauses)
    assert decision is not None
    return decision


def legal(id: str, amount: int, unit: Unit, source: str, article: str, **when: str) -> Rule:
    return rule(id, amount, unit, RuleKind.legal, id.rpartition(".")[0], source=source, article=article, when=when)


# regulations.md section 13.1.
LEGAL = [
    legal("recall.notify.L1", 1, Unit.calendar_days, "R29", "Art.15", level="1"),
    legal("recall.notify.L2", 3, Unit.calendar_days, "R29", "Art.15", level="2"),
    legal("recall.notify.L3", 7, Unit.calendar_days, "R29", "Art.15", level="3"),
    legal("recall.plan.any", 5, Unit.working_days, "R29", "Art.16"),
    legal("ae.report.death", 7, Unit.calendar_days, "R1", "Art.25", harm="death"),
    legal("ae.report.serious", 20, Unit.calendar_days, "R1", "Art.25", harm="serious"),
    legal("ae.group_phone.any", 12, Unit.hours, "R1", "Art.31"),
    legal("ae.group_case.any", 24, Unit.hours, "R1", "Art.31"),
    legal("ae.group_investigation.any", 7, Unit.calendar_days, "R1", "Art.32"),
]


@pytest.mark.parametrize(
    ("milestone", "facts", "due", "source"),
    [
        ("recall.notify", {"level": "1"}, end_of("2026-11-21"), "R29 Art.15"),
        ("recall.notify", {"level": "2"}, end_of("2026-11-23"), "R29 Art.15"),
        ("recall.notify", {"level": "3"}, end_of("2026-11-27"), "R29 Art.15"),
        ("recall.plan", {}, end_of("2026-11-27"), "R29 Art.16"),
        ("ae.report", {"harm": "death"}, end_of("2026-11-27"), "R1 Art.25"),
        ("ae.report", {"harm": "serious"}, end_of("2026-12-10"), "R1 Art.25"),
        ("ae.group_phone", {}, china("2026-11-20 21:00"), "R1 Art.31"),
        ("ae.group_case", {}, china("2026-11-21 09:00"), "R1 Art.31"),
        ("ae.group_investigation", {}, end_of("2026-11-27"), "R1 Art.32"),
    ],
)
def test_the_law_falls_due_as_the_check_vectors_say(milestone: str, facts: dict[str, str], due: datetime, source: str) -> None:
    clocks = decide_all(milestone, facts, china("2026-11-20 09:00"), LEGAL, CALENDAR)
    assert clocks["company"] is None
    assert clocks["legal"].due_at == due
    assert [f"{winner.rule.source} {winner.rule.article}" for winner in clocks["legal"].winners] == [source]


FRIDAY = "2026-09-18 10:00"  # before a worked Sunday (20 September), Mid-Autumn Festival and National Day


@pytest.mark.parametrize(
    ("milestone", "facts", "due", "winners"),
    [
        ("register", {}, "2026-09-18 10:15", ["A 3.4.1"]),
        ("respond", {"fault_level": "level_1", "risk": "low"}, "2026-09-18 12:00", ["A 3.4.1"]),
        ("respond", {"fault_level": "level_1", "risk": "high"}, "2026-09-18 11:00", ["B 3"]),
        ("respond", {"fault_level": "level_2", "risk": "middle"}, "2026-09-18 14:00", ["A 3.4.1"]),
        ("respond", {"fault_level": "level_3", "risk": "middle"}, "2026-09-18 18:00", ["A 3.4.1", "B 3"]),
        ("respond", {"fault_level": "level_3", "risk": "high"}, "2026-09-18 11:00", ["B 3"]),
        ("on_site", {"fault_level": "level_1", "risk": "high"}, "2026-09-18 14:00", ["A 3.4.1", "B 3"]),
        ("on_site", {"fault_level": "level_2", "risk": "middle"}, "2026-09-20 10:00", ["B 3"]),
        ("on_site", {"fault_level": "level_3", "risk": "low"}, "2026-09-25 00:00", ["B 3"]),  # five days: Sunday 20 to Thursday 24
        ("solution", {"fault_level": "level_2", "risk": "high"}, "2026-09-18 18:00", ["A 3.4.1"]),
        ("solution", {"fault_level": "level_3", "risk": "high"}, "2026-09-19 10:00", ["A 3.4.1"]),
        ("resolve", {"fault_level": "level_1", "risk": "high"}, "2026-09-19 10:00", ["B 3"]),
        ("resolve", {"fault_level": "level_1", "risk": "middle"}, "2026-09-26 00:00", ["B 3"]),
        ("resolve", {"fault_level": "level_1", "risk": "low"}, "2026-10-16 00:00", ["B 3"]),  # the 15th is Thursday 15 October
    ],
)
def test_the_shipped_rules_give_the_times_of_the_requirements(
    milestone: str, facts: dict[str, str], due: str, winners: list[str]
) -> None:
    decision = decide_all(milestone, facts, china(FRIDAY), SHIPPED, CALENDAR)["company"]
    assert decision.due_at == china(due)
    assert [f"{winner.rule.source} {winner.rule.article}" for winner in decision.winners] == winners


def test_every_shipped_number_stands_in_the_book_once_with_its_requirement() -> None:
    rows = [
        (r.requirement, r.source, r.article, *(v for values in r.when.values() for v in values), r.milestone, f"{r.amount} {r.unit}")
        for r in SHIPPED
    ]
    assert sorted(rows) == sorted(
        [
            ("R2.2", "A", "3.4.1", "register", "15 minutes"),
            ("R3.1", "A", "3.4.1", "level_1", "respond", "2 hours"),
            ("R3.1", "A", "3.4.1", "level_1", "on_site", "4 hours"),
            ("R3.1", "A", "3.4.1", "level_2", "respond", "4 hours"),
            ("R3.1", "A", "3.4.1", "level_2", "solution", "8 hours"),
            ("R3.1", "A", "3.4.1", "level_3", "respond", "8 hours"),
            ("R3.1", "A", "3.4.1", "level_3", "solution", "24 hours"),
            ("R3.2", "B", "1", "high", "respond", "4 hours"),
            ("R3.2", "B", "1", "high", "on_site", "24 hours"),
            ("R3.2", "B", "3", "high", "respond", "1 hours"),
            ("R3.2", "B", "3", "high", "on_site", "4 hours"),
            ("R3.2", "B", "3", "high", "resolve", "24 hours"),
            ("R3.2", "B", "3", "middle", "respond", "8 hours"),
            ("R3.2", "B", "3", "middle", "on_site", "48 hours"),
            ("R3.2", "B", "3", "middle", "resolve", "7 calendar_days"),
            ("R3.2", "B", "3", "low", "respond", "24 hours"),
            ("R3.2", "B", "3", "low", "on_site", "5 working_days"),
            ("R3.2", "B", "3", "low", "resolve", "15 working_days"),
        ]
    )
    assert all(r.kind is RuleKind.company for r in SHIPPED)


def test_a_raised_level_brings_the_due_time_forward_from_the_same_start() -> None:
    before, after = (
        decide("respond", {"fault_level": level, "risk": "low"}, china(FRIDAY), SHIPPED, CALENDAR) for level in ("level_3", "level_1")
    )
    assert (before.due_at, after.due_at) == (china("2026-09-18 18:00"), china("2026-09-18 12:00"))
    assert before.started_at == after.started_at


def test_a_contract_competes_with_the_company_and_the_law_runs_beside() -> None:
    rules = [
        rule("law", 1, Unit.hours, RuleKind.legal),
        rule("own", 8, Unit.hours),
        rule("contract-7", 3, Unit.hours, RuleKind.contract, when={"contract": 7}),
    ]
    clocks = decide_all("answer", {"contract": 7}, china(FRIDAY), rules, CALENDAR)
    assert [winner.rule.id for winner in clocks["legal"].winners] == ["law"]
    assert [winner.rule.id for winner in clocks["company"].winners] == ["contract-7"]
    assert [loser.rule.id for loser in clocks["company"].losers] == ["own"]
    without = decide_all("answer", {"contract": None}, china(FRIDAY), rules, CALENDAR)
    assert [winner.rule.id for winner in without["company"].winners] == ["own"]


def test_rules_that_end_together_all_win() -> None:
    decision = decided([rule("b", 60, Unit.minutes), rule("a", 1, Unit.hours), rule("c", 2, Unit.hours)], FRIDAY)
    assert [winner.rule.id for winner in decision.winners] == ["a", "b"]


def test_nothing_is_decided_where_no_rule_applies() -> None:
    assert decide("answer", {"risk": "low"}, china(FRIDAY), [rule("a", 1, Unit.hours, when={"risk": "high"})], CALENDAR) is None


def test_a_condition_asks_for_every_fact_and_takes_any_allowed_value() -> None:
    strict = rule("a", 1, Unit.hours, when={"risk": ("high", "middle"), "rescue": True})
    table: list[tuple[Mapping[str, Any], bool]] = [
        ({"risk": "high", "rescue": True}, True),
        ({"risk": "middle", "rescue": True, "other": 1}, True),
        ({"risk": "low", "rescue": True}, False),
        ({"risk": "high", "rescue": False}, False),
        ({"risk": "high"}, False),
    ]
    for facts, applies in table:
        assert bool(candidates("answer", {RuleKind.company}, facts, china(FRIDAY), [strict])) is applies
    assert candidates("answer", {RuleKind.legal}, table[0][0], china(FRIDAY), [strict]) == ()


def test_an_enum_member_is_a_fact_by_its_name_and_a_strange_value_is_refused() -> None:
    risk = Enum("risk", ["high", "low"])
    rules = [rule("a", 1, Unit.hours, when={"risk": "high"})]
    assert decided(rules, FRIDAY, risk=risk.high).facts == {"risk": "high"}
    with pytest.raises(TypeError, match="a fact is"):
        decided(rules, FRIDAY, risk=1.5)


def test_the_old_rule_judges_what_began_under_it() -> None:
    rules = [rule("old", 8, Unit.hours, effective_to=date(2026, 9, 18)), rule("new", 2, Unit.hours, effective_from=date(2026, 9, 19))]
    assert decided(rules, "2026-09-18 23:59").winners[0].rule.id == "old"
    assert decided(rules, "2026-09-19 00:00").winners[0].rule.id == "new"
    late_in_london = datetime(2026, 9, 18, 16, 30, tzinfo=UTC)  # already the 19th in China
    assert decide("answer", {}, late_in_london, rules, CALENDAR).winners[0].rule.id == "new"


def test_a_beginning_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        decide("answer", {}, datetime(2026, 9, 18, 10), SHIPPED, CALENDAR)


@pytest.mark.parametrize(
    ("amount", "unit", "started", "due"),
    [
        (0, Unit.hours, "2026-11-20 09:00", china("2026-11-20 09:00")),
        (0, Unit.calendar_days, "2026-11-20 09:00", end_of("2026-11-20")),
        (1, Unit.calendar_days, "2026-11-20 00:00", end_of("2026-11-21")),
        (1, Unit.calendar_days, "2026-11-20 23:59", end_of("2026-11-21")),
        (24, Unit.hours, "2026-02-16 10:00", china("2026-02-17 10:00")),  # hours do not know of Spring Festival
        (1, Unit.working_days, "2026-02-13 23:00", end_of("2026-02-14")),
        (1, Unit.working_days, "2026-02-14 08:00", end_of("2026-02-24")),
        (5, Unit.working_days, "2024-09-30 08:00", end_of("2024-10-12")),
        (5, Unit.working_days, "2025-09-30 08:00", end_of("2025-10-14")),
    ],
)
def test_each_unit_counts_in_its_own_way(amount: int, unit: Unit, started: str, due: datetime) -> None:
    assert decided([rule("a", amount, unit)], started).due_at == due


@pytest.mark.parametrize(
    ("amount", "unit", "pauses", "due"),
    [
        (4, Unit.hours, [("2026-11-20 10:00", "2026-11-20 11:30")], china("2026-11-20 14:30")),
        (4, Unit.hours, [("2026-11-20 10:00", "2026-11-20 11:00"), ("2026-11-20 13:30", "2026-11-20 14:00")], china("2026-11-20 14:30")),
        (4, Unit.hours, [("2026-11-20 10:00", "2026-11-20 12:00"), ("2026-11-20 11:00", "2026-11-20 12:30")], china("2026-11-20 15:30")),
        (4, Unit.hours, [("2026-11-20 08:00", "2026-11-20 10:00")], china("2026-11-20 14:00")),  # only what lies after the start
        (4, Unit.hours, [("2026-11-20 13:00", "2026-11-20 15:00")], china("2026-11-20 13:00")),  # it was due already
        (4, Unit.hours, [("2026-11-20 10:00", "2026-11-20 10:00")], china("2026-11-20 13:00")),
        (30, Unit.minutes, [("2026-11-20 09:10", "2026-11-20 09:20")], china("2026-11-20 09:40")),
        (3, Unit.calendar_days, [("2026-11-21 10:00", "2026-11-22 00:01")], end_of("2026-11-25")),
        (3, Unit.calendar_days, [("2026-11-21 10:00", "2026-11-22 00:00")], end_of("2026-11-24")),  # the 22nd was whole
        (3, Unit.calendar_days, [("2026-11-20 10:00", "2026-11-20 18:00")], end_of("2026-11-23")),  # the first day is not counted anyway
        (3, Unit.calendar_days, [("2026-11-24 00:00", "2026-11-26 00:00")], end_of("2026-11-23")),
        (1, Unit.working_days, [("2026-11-20 18:00", "2026-11-23 09:00")], end_of("2026-11-24")),  # the weekend did not count anyway
    ],
)
def test_a_pause_moves_the_company_and_never_the_law(
    amount: int, unit: Unit, pauses: list[tuple[str, str]], due: datetime
) -> None:
    taken = tuple(Pause(china(since), china(until), "等待备件") for since, until in pauses)
    rules = [rule("own", amount, unit), rule("law", amount, unit, RuleKind.legal)]
    clocks = decide_all("answer", {}, china("2026-11-20 09:00"), rules, CALENDAR, taken)
    assert clocks["company"].due_at == due
    assert clocks["legal"].pauses == ()
    assert clocks["legal"].due_at == decided(rules[:1], "2026-11-20 09:00").due_at


def test_an_open_pause_leaves_no_due_time_until_it_ends() -> None:
    rules = [rule("a", 4, Unit.hours), rule("b", 3, Unit.calendar_days)]
    held = decided(rules, FRIDAY, (Pause(china("2026-09-18 11:00")),))
    assert held.due_at is None
    assert held.remind_at is None
    assert [winner.rule.id for winner in held.winners] == ["a"]
    assert "自 2026-09-18 11:00 起暂停" in explain(held)
    assert Decision.from_json(json.loads(json.dumps(held.to_json()))) == held
    too_late = decided(rules, FRIDAY, (Pause(china("2026-09-18 15:00")),))
    assert too_late.due_at == china("2026-09-18 14:00")
    assert too_late.losers[0].due_at is None


def test_a_held_company_rule_does_not_hide_a_running_legal_one() -> None:
    rules = [rule("own", 1, Unit.hours), rule("law", 2, Unit.hours, RuleKind.legal)]
    decision = decided(rules, FRIDAY, (Pause(china("2026-09-18 10:30")),))
    assert decision.due_at == china("2026-09-18 12:00")
    assert [winner.rule.id for winner in decision.winners] == ["law"]


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Pause(china("2026-09-18 11:00"), china("2026-09-18 10:00"))


def test_the_reminder_is_the_earliest_a_winner_asks_for() -> None:
    rules = [rule("a", 60, Unit.minutes, remind_before_minutes=10), rule("b", 1, Unit.hours, remind_before_minutes=20)]
    assert decided(rules, FRIDAY).remind_at == china("2026-09-18 10:40")
    assert decided([rule("c", 1, Unit.hours)], FRIDAY).remind_at is None


def test_the_explanation_names_rule_source_losers_holidays_and_pauses() -> None:
    rules = [
        rule("R-5", 5, Unit.working_days, label=("现场到达", "On site"), source="B", source_title="某某规定", article="3"),
        rule("R-30", 30, Unit.calendar_days, label=("解决", "Resolve")),
    ]
    pause = Pause(china("2026-09-22 10:00"), china("2026-09-22 11:00"), "等待备件")
    decision = decided(rules, FRIDAY, (pause,), risk="low")
    assert explain(decision, "zh", {"answer": "答复", "risk": "风险", "low": "低"}).splitlines() == [
        "答复：应在 2026-09-28 24:00（北京时间）前完成。",
        "起算：2026-09-18 10:00（北京时间）。",
        "事实：风险 = 低。",
        "依据：规则 R-5「现场到达」，5 个工作日（公司规定），出处 B 《某某规定》 3，2020-01-01 起施行。",
        "另有较宽的规则：规则 R-30「解决」，30 日（公司规定），出处 S 1，2020-01-01 起施行，到期 2026-10-19 24:00。",
        "按日计算：起算当日不计，至最后一日 24:00 为止。",
        "R-5 不计入的日子：周末 2026-09-19、暂停 2026-09-22、中秋节放假 2026-09-25 至 2026-09-27。",
        "R-5 计入的周末：2026-09-20（国庆节调休上班）。",
        "R-30 不计入的日子：暂停 2026-09-22。",
        "工作日依据：国办发明电〔2025〕7号。",
        "暂停：2026-09-22 10:00 至 2026-09-22 11:00（等待备件）。",
    ]
    english = explain(decision, "en")
    assert "answer: due by 2026-09-28 24:00 (Beijing time)." in english
    assert "Mid-Autumn Festival 2026-09-25 to 2026-09-27" in english
    assert "2026-09-20 (worked to make up for National Day)" in english


def test_weekends_apart_are_named_apart() -> None:
    skipped = explain(decided([rule("a", 10, Unit.working_days)], "2026-11-13 10:00")).splitlines()[4]
    assert skipped == "a 不计入的日子：周末 2026-11-14 至 2026-11-15、周末 2026-11-21 至 2026-11-22。"


def test_the_stored_decision_explains_itself_without_the_rules() -> None:
    decision = decide("resolve", {"fault_level": "level_1", "risk": "low"}, china(FRIDAY), SHIPPED, CALENDAR)
    restored = Decision.from_json(json.loads(json.dumps(decision.to_json())))
    assert restored == decision
    assert explain(restored, "zh") == explain(decision, "zh")
    assert explain(restored, "en") == explain(decision, "en")


def test_a_decision_of_an_unknown_format_is_refused() -> None:
    row = decided([rule("a", 1, Unit.hours)], FRIDAY).to_json() | {"format": 99}
    with pytest.raises(ValueError, match="format 99"):
        Decision.from_json(row)


def test_a_working_day_deadline_into_an_unannounced_year_says_so() -> None:
    rules = [rule("a", 5, Unit.working_days), rule("b", 10, Unit.calendar_days)]
    decision = decided(rules, "2026-12-30 10:00")
    assert decision.due_at == end_of("2027-01-06")
    assert decision.unannounced_years == (2027,)
    assert "2027 年的放假安排当时尚未公布" in explain(decision)
    assert "no holiday notice for 2027 was known" in explain(decision, "en")
    assert decided(rules[1:], "2026-12-30 10:00").unannounced_years == ()
    assert decided(rules, "2026-12-24 10:00").unannounced_years == ()  # due on 31 December: the new year is not touched


@pytest.mark.parametrize(
    ("company", "law", "is_looser"),
    [
        ((24, Unit.hours), (24, Unit.hours), False),
        ((25, Unit.hours), (24, Unit.hours), True),
        ((1440, Unit.minutes), (24, Unit.hours), False),
        ((24, Unit.hours), (1, Unit.calendar_days), False),
        ((25, Unit.hours), (1, Unit.calendar_days), True),  # an event at 23:59 is due 24 hours and a minute later
        ((1, Unit.calendar_days), (24, Unit.hours), True),
        ((7, Unit.calendar_days), (7, Unit.calendar_days), False),
        ((8, Unit.calendar_days), (7, Unit.calendar_days), True),
        ((5, Unit.calendar_days), (5, Unit.working_days), False),
        ((5, Unit.working_days), (5, Unit.working_days), False),
        ((6, Unit.working_days), (5, Unit.working_days), True),
        ((5, Unit.working_days), (7, Unit.calendar_days), True),  # Spring Festival may lie between
        ((1, Unit.working_days), (9, Unit.calendar_days), True),  # 14 to 24 February 2026
        ((5, Unit.working_days), (20, Unit.calendar_days), False),
    ],
)
def test_a_company_rule_may_tighten_and_never_loosen_the_law(
    company: tuple[int, Unit], law: tuple[int, Unit], is_looser: bool
) -> None:
    demanded = rule("law", *law, kind=RuleKind.legal)
    assert loosens(rule("own", *company), [demanded]) is (demanded if is_looser else None)


def test_only_rules_that_can_meet_are_compared() -> None:
    law = rule("law", 1, Unit.hours, RuleKind.legal, when={"level": ("1", "2")}, effective_to=date(2026, 12, 31))
    assert loosens(rule("a", 2, Unit.hours), [law]) is law
    assert loosens(rule("a", 2, Unit.hours, when={"level": "2", "region": "north"}), [law]) is law
    assert loosens(rule("a", 2, Unit.hours, when={"level": "3"}), [law]) is None
    assert loosens(rule("a", 2, Unit.hours, milestone="other"), [law]) is None
    assert loosens(rule("a", 2, Unit.hours, effective_from=date(2027, 1, 1)), [law]) is None
    assert loosens(rule("a", 2, Unit.hours), [rule("b", 1, Unit.hours)]) is None  # not the law


AMOUNTS = st.integers(0, 40)
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 10, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
RULES = st.builds(rule, st.uuids().map(str), AMOUNTS, st.sampled_from(Unit), st.sampled_from(RuleKind))
PAUSES = st.builds(lambda since, hours: Pause(since, since + timedelta(hours=hours)), STARTS, st.integers(0, 200))


@given(rules=st.lists(RULES, min_size=1, max_size=5), started_at=STARTS, pauses=st.lists(PAUSES, max_size=3))
def test_a_decision_is_never_later_than_any_candidate_nor_before_its_start(
    rules: list[Rule], started_at: datetime, pauses: list[Pause]
) -> None:
    decision = decide("answer", {}, started_at, rules, CALENDAR, pauses)
    assert {candidate.rule.id for candidate in decision.candidates} == {r.id for r in rules}
    assert all(started_at <= decision.due_at <= candidate.due_at for candidate in decision.candidates)
    assert all(winner.due_at == decision.due_at for winner in decision.winners)
    assert all(loser.due_at > decision.due_at for loser in decision.losers)
    assert Decision.from_json(json.loads(json.dumps(decision.to_json()))) == decision


@given(one=RULES, started_at=STARTS, pauses=st.lists(PAUSES, max_size=3))
def test_a_pause_never_brings_a_due_time_forward_and_no_more_than_it_lasted_in_hours(
    one: Rule, started_at: datetime, pauses: list[Pause]
) -> None:
    free, paused = (decide("answer", {}, started_at, [one], CALENDAR, taken).due_at for taken in ((), pauses))
    longest = sum((pause.until - pause.since for pause in pauses), timedelta())
    assert paused >= free
    if not one.unit.counts_days:
        assert paused - free <= (timedelta() if one.kind is RuleKind.legal else longest)


@given(own=RULES, law=RULES, started_at=STARTS)
def test_a_rule_that_is_said_to_tighten_is_never_due_after_the_law(own: Rule, law: Rule, started_at: datetime) -> None:
    own, law = replace(own, kind=RuleKind.company), replace(law, kind=RuleKind.legal)
    if loosens(own, [law]) is None:
        clocks = decide_all("answer", {}, started_at, [own, law], CALENDAR)
        assert clocks["company"].due_at <= clocks["legal"].due_at


def test_no_run_of_working_days_is_longer_than_the_bound_that_loosens_relies_on() -> None:
    first = date(2024, 1, 1)
    for start in (first + timedelta(days=n) for n in range(366 + 365 + 300)):
        for count in range(1, 40):
            assert (CALENDAR.add_working_days(start, count) - start).days <= 2 * count + 8


def test_days_on_the_way_are_noted_by_their_kind() -> None:
    notes = decided([rule("a", 1, Unit.working_days)], "2026-02-14 08:00").winners[0].day_notes
    assert [note.day.day for note in notes] == list(range(15, 24))
    assert {note.kind for note in notes} == {DayKind.holiday}


GOOD_ROW = """
id = "r"
requirement = "R1"
milestone = "answer"
amount = 2
unit = "hours"
kind = "company"
source = "A"
article = "1"
effective_from = 2025-01-01
label = ["甲", "A"]
"""


def book(folder: Path, *rows: str) -> Path:
    path = folder / "book.toml"
    path.write_text('[sources]\nA = "某办法"\n' + "".join(f"[[rule]]\n{row}" for row in rows), "utf-8")
    return path


def test_a_good_rule_book_is_read_with_the_titles_of_its_sources(tmp_path: Path) -> None:
    (read,) = load_rules(book(tmp_path, GOOD_ROW + 'when = { risk = ["high", "low"], rescue = true }'))
    assert (read.source, read.source_title, read.unit, read.label) == ("A", "某办法", Unit.hours, ("甲", "A"))
    assert read.when == {"risk": ("high", "low"), "rescue": (True,)}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("amount = 2", "amuont = 2", "amount is missing"),
        ("amount = 2", "amount = 2\nwhat = 1", "unknown field what"),
        ("amount = 2", "amount = true", "amount must be of type int"),
        ("amount = 2", "amount = -2", "amount must be a whole number"),
        ("amount = 2", "amount = 2\nremind_before_minutes = 0", "remind_before_minutes must be above 0"),
        ("amount = 2", "amount = 2\nwhen = { risk = [] }", "when.risk allows no value"),
        ("amount = 2", "amount = 2\nwhen = { risk = 1.5 }", "a fact is"),
        ("amount = 2", "amount = 2\neffective_to = 2024-12-31", "lies before"),
        ('"hours"', '"weeks"', "'weeks' is none of minutes, hours"),
        ('"company"', '"custom"', "'custom' is none of legal"),
        ('"A"\narticle', '"Z"\narticle', "'Z' is not among"),
        ("2025-01-01", "2025-01-01T00:00:00Z", "effective_from must be of type date"),
        ('["甲", "A"]', '["甲"]', "a Chinese and an English text"),
    ],
)
def test_a_fault_in_a_rule_book_names_the_file_and_the_row(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = book(tmp_path, GOOD_ROW.replace('"r"', '"first"'), GOOD_ROW.replace(old, new))
    with pytest.raises(ValueError, match=complaint) as caught:
        load_rules(path)
    assert str(caught.value).startswith(f"{path}: rule 2 (r): ")


def test_an_id_used_twice_and_an_empty_or_broken_book_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rule 2 \(r\): another rule has this id"):
        load_rules(book(tmp_path, GOOD_ROW, GOOD_ROW))
    with pytest.raises(ValueError, match=r"book\.toml: no \[\[rule\]\] in it"):
        load_rules(book(tmp_path))
    with pytest.raises(ValueError, match=r"book\.toml: "):
        load_rules(book(tmp_path, "id = "))
