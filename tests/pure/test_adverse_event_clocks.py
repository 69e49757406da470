"""When each report of an adverse event is due, by which article: facts in, day and source out. Days in China; known on a Friday at nine."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import aftersales
from aftersales.calendar import WorkingCalendar
from aftersales.record.deadline import Pause, RuleKind, Unit, decide_all, loosens
from aftersales.record.now import CHINA
from aftersales.record.rulebook import load_rules
from aftersales.vigilance.answers import Answer, Answers, Outcome, SeriousInjury
from aftersales.vigilance.completeness import problems
from aftersales.vigilance.periods import Registration, RiskRecipient, RiskReportKind, periods, recipient

RULES = load_rules(Path(aftersales.__file__).parent / "vigilance/clock_rules.toml")
CALENDAR = WorkingCalendar.shipped()
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=CHINA)
R1 = "医疗器械不良事件监测和再评价管理办法（国家市场监督管理总局 国家卫生健康委员会令第1号）"


def case(outcome="serious_injury", *, abroad=False, innovative=False):
    return {"outcome": outcome, "is_abroad": abroad, "first_cycle_innovative": innovative}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def end_of(text):
    return at(text) + timedelta(days=1)


# milestone, facts, awareness, legal due (None: the law names no number), article, company due
CASES = [
    # the check vectors of the list of regulations, §13.1
    ("ae_report", case("death"), FRIDAY, end_of("2026-11-27"), "第二十五条", at("2026-11-27 09:00")),
    ("ae_report", case(), FRIDAY, end_of("2026-12-10"), "第二十五条", at("2026-12-10 09:00")),
    ("group_tell", {}, FRIDAY, at("2026-11-20 21:00"), "第三十一条", at("2026-11-20 15:00")),
    ("ae_group_case", {}, FRIDAY, at("2026-11-21 09:00"), "第三十一条", at("2026-11-20 21:00")),
    ("group_investigation", {}, FRIDAY, end_of("2026-11-27"), "第三十二条", at("2026-11-27 09:00")),
    # individual reports
    ("ae_report", case("could_cause"), FRIDAY, end_of("2026-12-10"), "第二十五条", at("2026-12-10 09:00")),
    ("ae_report", case("other"), FRIDAY, None, "", at("2026-12-10 09:00")),
    ("ae_report", case("other", innovative=True), FRIDAY, None, "", at("2026-12-10 09:00")),
    ("ae_report", case("death", innovative=True), FRIDAY, end_of("2026-11-27"), "第二十五条", at("2026-11-27 09:00")),
    ("ae_report", case(innovative=True), FRIDAY, end_of("2026-12-10"), "第二十五条", at("2026-12-10 09:00")),
    ("ae_report", case("death", abroad=True), FRIDAY, end_of("2026-12-20"), "第二十七条", at("2026-12-20 09:00")),
    ("ae_report", case(abroad=True), FRIDAY, end_of("2026-12-20"), "第二十七条", at("2026-12-20 09:00")),
    ("ae_report", case("could_cause", abroad=True), FRIDAY, end_of("2026-12-20"), "第二十七条", at("2026-12-20 09:00")),
    ("ae_report", case("other", abroad=True), FRIDAY, None, "", at("2026-12-10 09:00")),
    # the day of awareness is China's, whatever it is in UTC
    ("ae_report", case("death"), datetime(2026, 11, 20, 15, 59, tzinfo=UTC), end_of("2026-11-27"), "第二十五条", at("2026-11-27 23:59")),
    ("ae_report", case("death"), datetime(2026, 11, 20, 16, 0, tzinfo=UTC), end_of("2026-11-28"), "第二十五条", at("2026-11-28 00:00")),
    # a last day on a holiday or a Sunday does not move on
    ("ae_report", case("death"), at("2026-09-28 10:00"), end_of("2026-10-05"), "第二十五条", at("2026-10-05 10:00")),
    ("ae_report", case(), at("2026-09-14 10:00"), end_of("2026-10-04"), "第二十五条", at("2026-10-04 10:00")),
    # over the end of the year, and of February
    ("ae_report", case("death"), at("2026-12-28 18:00"), end_of("2027-01-04"), "第二十五条", at("2027-01-04 18:00")),
    ("ae_report", case(), at("2027-02-10 08:00"), end_of("2027-03-02"), "第二十五条", at("2027-03-02 08:00")),
    ("ae_report", case(), at("2028-02-10 08:00"), end_of("2028-03-01"), "第二十五条", at("2028-03-01 08:00")),
    # control measures abroad
    ("ae_control_abroad", {"control_abroad": True}, FRIDAY, at("2026-11-21 09:00"), "第五十三条", at("2026-11-20 21:00")),
    ("ae_control_abroad", {"control_abroad": False}, FRIDAY, None, "", None),
    ("ae_control_abroad", {"control_abroad": True}, at("2026-10-01 23:30"), at("2026-10-02 23:30"), "第五十三条", at("2026-10-02 11:30")),
    # groups
    ("group_tell", {}, at("2026-11-20 22:10"), at("2026-11-21 10:10"), "第三十一条", at("2026-11-21 04:10")),
    ("group_tell", {}, at("2026-10-01 03:00"), at("2026-10-01 15:00"), "第三十一条", at("2026-10-01 09:00")),
    ("ae_group_case", {}, at("2026-12-31 20:00"), at("2027-01-01 20:00"), "第三十一条", at("2027-01-01 08:00")),
    ("group_investigation", {}, at("2026-11-20 23:59"), end_of("2026-11-27"), "第三十二条", at("2026-11-27 23:59")),
    ("group_tell_holder", {"our_role": "dealer"}, FRIDAY, at("2026-11-20 21:00"), "第三十三条", at("2026-11-20 15:00")),
    ("group_tell_holder", {"our_role": "service_provider"}, FRIDAY, None, "", at("2026-11-20 15:00")),
    ("group_tell_holder", {"our_role": "holder"}, FRIDAY, None, "", None),
    # results of the evaluation, counted from the report
    ("ae_evaluation", {"outcome": "death"}, FRIDAY, end_of("2026-12-20"), "第二十九条", at("2026-12-15 09:00")),
    ("ae_evaluation", {"outcome": "serious_injury"}, FRIDAY, end_of("2027-01-04"), "第二十九条", at("2026-12-30 09:00")),
    ("ae_evaluation", {"outcome": "could_cause"}, FRIDAY, end_of("2027-01-04"), "第二十九条", at("2026-12-30 09:00")),
    ("ae_evaluation", {"outcome": "other"}, FRIDAY, None, "", None),
    # re-evaluation
    ("ae_reevaluation", {"reevaluation": "own"}, FRIDAY, end_of("2026-12-05"), "第五十八条", end_of("2026-11-30")),
    ("ae_reevaluation", {"reevaluation": "ordered"}, FRIDAY, end_of("2026-12-20"), "第五十九条", end_of("2026-11-30")),
    # periodic reports: the anniversary is the day that is not counted
    ("risk_report", {"report_kind": "yearly"}, at("2026-11-20"), end_of("2027-01-19"), "第三十九条", end_of("2027-01-04")),
    ("risk_report", {"report_kind": "innovative_summary"}, at("2026-11-20"), end_of("2026-11-20"), "第四十七条", None),
    ("risk_report", {"report_kind": "cycle"}, at("2026-11-20"), None, "", None),
    # the decision itself: ours, and earlier than the twelve hours of a group
    ("ae_assess", {}, FRIDAY, None, "", at("2026-11-20 13:00")),
]  # fmt: skip


@pytest.mark.parametrize(("milestone", "facts", "known_at", "legal", "article", "company"), CASES)
def test_each_report_is_due_by_its_article(milestone, facts, known_at, legal, article, company):
    decided = decide_all(milestone, facts, known_at, RULES, CALENDAR)
    assert (decided["legal"] and decided["legal"].due_at) == legal
    assert (decided["company"] and decided["company"].due_at) == company
    if legal is not None:
        (winner,) = decided["legal"].winners
        assert (winner.rule.source_title, winner.rule.article, winner.rule.kind) == (R1, article, RuleKind.legal)


def test_there_are_at_least_thirty_cases():
    assert len(CASES) >= 30


def test_a_pause_never_moves_a_legal_clock():
    pause = Pause(FRIDAY + timedelta(hours=1), FRIDAY + timedelta(days=3))
    decided = decide_all("ae_report", case("death"), FRIDAY, RULES, CALENDAR, pauses=(pause,))
    assert decided["legal"].due_at == end_of("2026-11-27")


def test_the_clocks_are_decided_anew_from_the_same_awareness():
    """Three days later it turns out that the patient died: 27 November, not 30."""
    first = decide_all("ae_report", case(), FRIDAY, RULES, CALENDAR)["legal"]
    then = decide_all("ae_report", case("death"), FRIDAY, RULES, CALENDAR)["legal"]
    assert (first.started_at, first.due_at, then.due_at) == (then.started_at, end_of("2026-12-10"), end_of("2026-11-27"))


def test_what_is_ours_says_so_and_never_outlasts_the_law():
    for rule in RULES:
        if rule.kind is RuleKind.company:
            assert rule.label[0].startswith("公司规定"), rule.id
            assert rule.source_title.startswith("公司规定"), rule.id
            assert loosens(rule, RULES) is None, rule.id
        else:
            assert rule.source_title == R1, rule.id
        assert rule.unit is not Unit.working_days, "the law of adverse events counts calendar days"


# -- the answers --

NO = Answers(Answer.no, SeriousInjury.none, *[Answer.no] * 6)


def but(**answers):
    return Answers(**{field.name: getattr(NO, field.name) for field in fields(Answers)} | answers)


@pytest.mark.parametrize(
    ("answers", "outcome", "is_reported"),
    [
        (NO, Outcome.other, False),
        (Answers(), Outcome.death, True),  # nobody has answered anything: the worst
        (but(death=Answer.yes), Outcome.death, True),
        (but(death=Answer.not_sure), Outcome.death, True),
        (but(serious_injury=SeriousInjury.life_threatening), Outcome.serious_injury, True),
        (but(serious_injury=SeriousInjury.permanent), Outcome.serious_injury, True),
        (but(serious_injury=SeriousInjury.intervention), Outcome.serious_injury, True),
        (but(serious_injury=SeriousInjury.not_sure), Outcome.serious_injury, True),
        (but(could_cause=Answer.yes), Outcome.could_cause, True),
        (but(could_cause=Answer.not_sure), Outcome.could_cause, True),
        (but(other_harm=Answer.yes), Outcome.other, False),
        (but(other_harm=Answer.yes, first_cycle_innovative=Answer.yes), Outcome.other, True),
        (but(other_harm=Answer.not_sure, first_cycle_innovative=Answer.not_sure), Outcome.other, True),
        (but(first_cycle_innovative=Answer.yes), Outcome.other, False),
        (but(in_group=Answer.yes), Outcome.other, True),
        (but(control_abroad=Answer.yes), Outcome.other, True),
        (but(is_abroad=Answer.yes), Outcome.other, False),
        (but(is_abroad=Answer.yes, death=Answer.yes), Outcome.death, True),
    ],
)  # fmt: skip
def test_whatever_is_not_known_counts_as_yes(answers, outcome, is_reported):
    assert (answers.outcome, answers.must_be_reported) == (outcome, is_reported)


# -- the form's rules between its fields --

KNOWN = date(2026, 11, 20)
WHOLE = {
    "lot_no": "L1", "serial_no": None, "injury_text": "灼伤", "fault_manifestation": None, "outcome": "serious_injury",
    "serious_kind": "intervention", "is_investigated": False, "needs_risk_evaluation": False, "has_measures": False,
    "no_measures_reason": "调查中", "is_error": False, "is_merged": False, "occurred_on": date(2026, 11, 19), "occurred_precision": "day",
    "used_on": date(2026, 11, 18), "used_precision": "day", "dates_note": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"lot_no": None}, [("lot_no", "lot_or_serial"), ("serial_no", "lot_or_serial")]),
        ({"lot_no": "", "serial_no": "S9"}, []),
        ({"injury_text": None, "outcome": "other"}, [("injury_text", "injury_or_fault"), ("fault_manifestation", "injury_or_fault")]),
        ({"injury_text": None, "fault_manifestation": "停机", "outcome": "other"}, []),
        ({"injury_text": None, "fault_manifestation": "停机"}, [("injury_text", "injury_of_serious")]),
        ({"injury_text": None, "fault_manifestation": "停机", "outcome": "death"}, []),
        ({"serious_kind": None}, [("serious_kind", "kind_of_serious")]),
        ({"is_investigated": True}, [("investigation", "investigation")]),
        ({"is_investigated": True, "investigation": "现场核查"}, []),
        ({"needs_risk_evaluation": True}, [("risk_evaluation_on", "plan_of_risk")]),
        ({"has_measures": True}, [("measures_text", "measures")]),
        ({"has_measures": True, "measures_text": "停用", "no_measures_reason": None}, []),
        ({"no_measures_reason": None}, [("no_measures_reason", "no_measures")]),
        ({"is_error": True}, [("error_reason", "error_reason"), ("is_error", "error_file")]),
        ({"is_merged": True}, [("merged_with", "merged_with")]),
        ({"occurred_on": date(2026, 3, 4), "used_on": date(2026, 1, 1), "occurred_precision": "year"}, [("occurred_on", "first_of_year")]),
        ({"occurred_on": date(2026, 1, 1), "used_on": date(2026, 1, 1), "occurred_precision": "year"}, []),
        ({"occurred_on": date(2026, 3, 4), "used_on": KNOWN, "occurred_precision": "month"}, [("occurred_on", "first_of_month")]),
        ({"occurred_on": date(2026, 11, 1), "used_on": date(2026, 11, 1), "occurred_precision": "month"}, []),
        ({"occurred_precision": "unknown"}, [("occurred_on", "day_of_awareness"), ("dates_note", "note_of_date")]),
        ({"occurred_precision": "unknown", "occurred_on": KNOWN, "dates_note": "患者家属记不清"}, []),
        ({"occurred_on": date(2026, 11, 21)}, [("occurred_on", "after_awareness")]),
        ({"used_on": date(2026, 11, 20)}, [("used_on", "used_after_event")]),
        ({"used_precision": "month", "used_on": date(2026, 11, 20)}, [("used_on", "first_of_month")]),
    ],
)  # fmt: skip
def test_the_rules_between_the_fields_of_the_form(changed, told):
    assert list(problems(WHOLE | changed, KNOWN, has_file=False)) == told


def test_an_error_with_its_file_is_whole():
    assert not list(problems(WHOLE | {"is_error": True, "error_reason": "重复上报"}, KNOWN, has_file=True))


# -- the periods of a registration --


def ends(registration, until):
    return [(period.kind.value, period.ends_on.isoformat()) for period in periods(registration, until)]


def test_each_full_year_after_the_first_approval_until_it_is_renewed():
    first = Registration(date(2023, 5, 1), "class_3")
    assert ends(first, date(2026, 4, 30)) == [("yearly", "2024-05-01"), ("yearly", "2025-05-01")]
    renewed = Registration(date(2020, 5, 1), "class_2", renewed_on=date(2025, 5, 1), valid_until=date(2030, 4, 30))
    assert ends(renewed, date(2027, 1, 1))[-2:] == [("yearly", "2025-05-01"), ("cycle", "2030-04-30")]


def test_a_class_1_device_has_five_of_them_and_an_innovative_one_summaries():
    assert len(ends(Registration(date(2015, 1, 1), "class_1"), date(2026, 1, 1))) == 5
    summaries = [row for row in ends(Registration(date(2025, 8, 31), "class_3", True), date(2026, 9, 1)) if row[0] == "innovative_summary"]
    assert summaries == [("innovative_summary", "2026-03-01"), ("innovative_summary", "2026-08-31")]


def test_who_gets_it_follows_the_class():
    told = [recipient(RiskReportKind.yearly, f"class_{n}") for n in (1, 2, 3)]
    assert told == [RiskRecipient.kept, RiskRecipient.provincial, RiskRecipient.national]
    assert recipient(RiskReportKind.cycle, "class_3") is RiskRecipient.kept
    assert recipient(RiskReportKind.innovative_summary, "class_2") is RiskRecipient.national
