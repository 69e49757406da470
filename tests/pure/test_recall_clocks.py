"""The clocks of recall as cases with their sources: 《医疗器械召回管理办法》 (R29), and the company's own beside them.

Days as in the check vectors of the list of regulations, §13.1: the day of the decision is not counted, a last day on a holiday does not
move on. Holidays by the State Council's notices for 2025 and 2026.
"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import aftersales
from aftersales.calendar import WorkingCalendar
from aftersales.record.deadline import RuleKind, decide_all, loosens
from aftersales.record.now import CHINA
from aftersales.record.rulebook import load_rules

pytestmark = pytest.mark.pure

CALENDAR = WorkingCalendar.shipped()
RULES = load_rules(Path(aftersales.__file__).parent / "recalls" / "clock_rules.toml")
NOTIFY, PLAN, SUMMARY, EVENT, START = "recall_notify", "recall_plan", "recall_summary", "recall_event_form", "recall_start"
# milestone, level, the moment it begins, the last day (or the moment), source, article
CASES = (
    (NOTIFY, "level_1", "2026-11-20 10:00", "2026-11-21", "R29", "第十五条"),  # check vector
    (NOTIFY, "level_2", "2026-11-20 10:00", "2026-11-23", "R29", "第十五条"),  # check vector
    (NOTIFY, "level_3", "2026-11-20 10:00", "2026-11-27", "R29", "第十五条"),  # check vector
    (NOTIFY, "level_1", "2026-11-20 00:00", "2026-11-21", "R29", "第十五条"),  # the first minute of a day is that day
    (NOTIFY, "level_1", "2026-11-20 23:59", "2026-11-21", "R29", "第十五条"),
    (NOTIFY, "level_1", "2026-09-30 16:00", "2026-10-01", "R29", "第十五条"),  # National Day moves nothing
    (NOTIFY, "level_2", "2026-02-14 09:00", "2026-02-17", "R29", "第十五条"),  # Spring Festival neither
    (NOTIFY, "level_3", "2026-09-28 09:00", "2026-10-05", "R29", "第十五条"),
    (NOTIFY, "level_1", "2026-12-31 09:00", "2027-01-01", "R29", "第十五条"),
    (NOTIFY, "level_1", "2026-02-28 09:00", "2026-03-01", "R29", "第十五条"),
    (PLAN, "level_2", "2026-11-20 10:00", "2026-11-27", "R29", "第十六条"),  # check vector
    (PLAN, "level_1", "2026-11-20 10:00", "2026-11-27", "R29", "第十六条"),  # the same at every level
    (PLAN, "level_3", "2026-11-21 10:00", "2026-11-27", "R29", "第十六条"),  # decided on a Saturday
    (PLAN, "level_1", "2026-09-17 10:00", "2026-09-23", "R29", "第十六条"),  # Sunday the 20th is worked
    (PLAN, "level_1", "2026-09-23 10:00", "2026-10-08", "R29", "第十六条"),  # Mid-Autumn and National Day between
    (PLAN, "level_1", "2026-09-28 10:00", "2026-10-10", "R29", "第十六条"),  # Saturday 10 October is worked
    (PLAN, "level_2", "2026-02-12 10:00", "2026-02-26", "R29", "第十六条"),  # Spring Festival, Saturday the 14th worked
    (PLAN, "level_2", "2025-12-31 10:00", "2026-01-08", "R29", "第十六条"),  # New Year, Sunday 4 January worked
    (PLAN, "level_2", "2026-04-02 10:00", "2026-04-10", "R29", "第十六条"),  # Qingming
    (PLAN, "level_2", "2026-04-30 10:00", "2026-05-11", "R29", "第十六条"),  # Labour Day, Saturday 9 May worked
    (PLAN, "level_3", "2026-06-18 10:00", "2026-06-26", "R29", "第十六条"),  # Dragon Boat
    (SUMMARY, "level_2", "2026-11-20 10:00", "2026-12-04", "R29", "第二十二条"),
    (SUMMARY, "level_2", "2026-09-28 10:00", "2026-10-16", "R29", "第二十二条"),
    (SUMMARY, "level_1", "2026-02-12 10:00", "2026-03-04", "R29", "第二十二条"),  # Saturdays 14 and 28 February worked
    (SUMMARY, "level_1", "2025-12-31 10:00", "2026-01-15", "R29", "第二十二条"),
    (SUMMARY, "level_3", "2026-04-30 10:00", "2026-05-18", "R29", "第二十二条"),
    (EVENT, "level_1", "2026-11-20 10:00", "2026-11-20 10:00", "R29", "第十六条"),  # 立即: nothing is given
    (EVENT, "level_3", "2026-10-01 23:59", "2026-10-01 23:59", "R29", "第十六条"),
    (START, "level_1", "2026-11-20 09:00", "2026-11-21 09:00", "D", "四、2"),  # the company's own target
    (START, "level_2", "2026-11-20 09:00", "2026-11-22 09:00", "D", "四、2"),
    (START, "level_3", "2026-11-20 09:00", "2026-11-23 09:00", "D", "四、2"),
)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(("milestone", "level", "begun", "due", "source", "article"), CASES)
def test_a_clock_of_recall_is_due_as_its_source_says(
    milestone: str, level: str, begun: str, due: str, source: str, article: str
) -> None:
    found = decide_all(milestone, {"recall_level": level, "is_mock": False}, china(begun), RULES, CALENDAR)
    decided = {track: decision for track, decision in found.items() if decision is not None}
    kind = RuleKind.legal if source == "R29" else RuleKind.company
    (decision,) = decided.values()
    assert list(decided) == [kind.value]
    wanted = china(due) if len(due) > 10 else china(f"{due} 00:00") + timedelta(days=1)
    assert decision.due_at == wanted
    rule = decision.winners[0].rule
    assert (rule.source, rule.article) == (source, article)


@pytest.mark.parametrize("milestone", [NOTIFY, PLAN, SUMMARY, EVENT, START, "recall_progress"])
@pytest.mark.parametrize("level", ["level_1", "level_2", "level_3"])
def test_a_rehearsal_runs_no_clock(milestone: str, level: str) -> None:
    decided = decide_all(milestone, {"recall_level": level, "is_mock": True}, china("2026-11-20 10:00"), RULES, CALENDAR)
    assert not [decision for decision in decided.values() if decision is not None]


def test_what_is_the_companys_says_so_and_outlasts_no_law() -> None:
    for rule in RULES:
        assert rule.label[0].startswith("公司规定" if rule.kind is RuleKind.company else "法定"), rule.id
        assert rule.kind is RuleKind.legal or loosens(rule, RULES) is None, rule.id
    assert not [rule for rule in RULES if rule.kind is RuleKind.legal and rule.source != "R29"]
    hours = {rule.amount for rule in RULES if rule.amount in (24, 48, 72)}
    assert hours == {24, 48, 72}, "the drug rule's hours stand here as the company's own, never as the law"
    assert not [rule for rule in RULES if rule.amount in (24, 48, 72) and rule.kind is RuleKind.legal]
