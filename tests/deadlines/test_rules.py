"""The rule book as rows: proposed by one, approved by another, dated, never loosening the law; and pauses."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from aftersales.calendar import SpecialDay
from aftersales.deadlines import calendar_of, load_shipped_rules, preview, recount, rejudging, rules_for
from aftersales.deadlines.calendar import CalendarDay, HolidayNotice, changed_days, reach_of_days, with_notice, without
from aftersales.deadlines.clock_pause import ClockPause
from aftersales.deadlines.clock_rule import ClockRule, reach_of, versions_of
from aftersales.deadlines.rejudging import outlook
from aftersales.jobs import Job, JobState, Work, work_off
from aftersales.jobs.work import may_be_cancelled
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.deadline import RuleKind, Unit
from aftersales.record.now import at
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from tests.company import DAY, NINE, Company


def propose(company: Company, **values: Any) -> ClockRule:
    facts = {
        "milestone": "respond", "amount": 20, "unit": Unit.minutes, "kind": RuleKind.company, "condition": {"risk": "high"},
        "source": "SV-R-03", "article": "2.1", "name": "高风险：响应", "name_en": "High risk: respond", "effective_from": DAY,
        "reason": "客户反映响应太慢",
    }  # fmt: skip
    return create(company.session, ClockRule, facts | values)  # type: ignore[return-value]


def clock(company: Company, record: Any, milestone: str) -> ClockRun:
    return next(run for run in runs_of(company.session, record) if run.milestone == milestone)


def quality(company: Company, person: str) -> Actor:
    return company.actor(Role.quality, person=person)


def test_shipped_rules_are_written_once(company: Company) -> None:
    with acting_as(SYSTEM):
        count = company.session.scalar(select(func.count()).select_from(ClockRule))
        assert count
        assert load_shipped_rules(company.session) == 0
        assert {rule.id for rule in rules_for(company.session, "register")} == {"A-3.4.1-register"}


def test_a_rule_takes_two_people_and_shows_first_what_it_would_move(company: Company) -> None:
    order = company.order()
    with acting_as(quality(company, "gu")):
        rule = propose(company)
        (moved,) = preview(company.session, rule)
        assert (moved.old_due_at, moved.new_due_at) == (NINE + timedelta(hours=1), NINE + timedelta(minutes=20))
        assert clock(company, order, "respond").due_at == moved.old_due_at
        with pytest.raises(NotAllowed):
            perform(rule, "approve")
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
        assert clock(company, order, "respond").due_at == NINE + timedelta(minutes=20)


def test_a_rule_for_later_moves_nothing_that_runs(company: Company) -> None:
    company.order()
    with acting_as(quality(company, "gu")):
        assert preview(company.session, propose(company, effective_from=DAY + timedelta(days=1))) == []


def test_an_approved_rule_is_never_edited(company: Company) -> None:
    with acting_as(quality(company, "gu")):
        rule = propose(company)
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
        with pytest.raises(Refusal):
            change(company.session, rule, {"amount": 90}, reason="太紧")


def test_a_withdrawn_rule_judges_what_began_under_it(company: Company) -> None:
    with acting_as(quality(company, "gu")):
        rule = propose(company)
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
        perform(rule, "withdraw", reason="试行结束")
        (kept,) = [r for r in rules_for(company.session, "respond") if r.id == rule.number]
    assert kept.in_force(DAY)
    assert not kept.in_force(DAY + timedelta(days=1))


def test_a_company_rule_may_not_loosen_a_legal_one(company: Company) -> None:
    law = {"milestone": "resolve", "condition": {}, "kind": RuleKind.legal, "amount": 3, "unit": Unit.calendar_days}
    with acting_as(quality(company, "gu")):
        legal = propose(company, **law)
        loose = propose(company, milestone="resolve", amount=5, unit=Unit.calendar_days)
        strict = propose(company, milestone="resolve", amount=2, unit=Unit.calendar_days)
    with acting_as(quality(company, "he")):
        perform(legal, "approve")
        perform(strict, "approve")
        with pytest.raises(Refusal) as refusal:
            perform(loose, "approve")
    assert "SV-R-03" in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"milestone": "someday"}, "milestone"),
        ({"amount": -1}, "amount"),

        ({"kind": RuleKind.contract}, "kind"),
        ({"condition": {"risk": []}}, "condition"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_at_its_field(company: Company, values: dict[str, Any], field: str) -> None:
    with acting_as(quality(company, "gu")), pytest.raises(Refusal) as refusal:
        propose(company, **values)
    assert list(refusal.value.errors) == [field]


# -- pauses --


def test_a_pause_is_approved_by_another_and_moves_the_deadline(company: Company) -> None:
    order = company.order()
    with acting_as(quality(company, "gu")):
        run = clock(company, order, "resolve")
        due = run.due_at
        asked = create(company.session, ClockPause, {"clock_id": run.id, "reason": "等待客户安排停机"})
        assert run.state == "running"
        with pytest.raises(NotAllowed):
            perform(asked, "approve")
    with acting_as(quality(company, "he")):
        perform(asked, "approve")
        assert run.state == "paused"
        with at(NINE + timedelta(hours=2)):
            perform(asked, "end")
            assert run.state == "running"
    assert run.due_at == due + timedelta(hours=2)
    assert asked.subject == order.number


def test_a_legal_clock_is_never_paused(company: Company) -> None:
    with acting_as(quality(company, "gu")):
        legal = propose(company, milestone="resolve", condition={}, kind=RuleKind.legal, amount=3, unit=Unit.calendar_days)
    with acting_as(quality(company, "he")):
        perform(legal, "approve")
    order = company.order()
    with acting_as(quality(company, "gu")):
        run = next(run for run in runs_of(company.session, order) if run.track == "legal")
        with pytest.raises(Refusal) as refusal:
            create(company.session, ClockPause, {"clock_id": run.id, "reason": "等待"})
    assert list(refusal.value.errors) == ["clock_id"]


def test_a_pause_cannot_save_a_clock_that_is_past_its_deadline(company: Company) -> None:
    order = company.order()
    with at(NINE + timedelta(hours=3)), acting_as(quality(company, "gu")), pytest.raises(Refusal):
        create(company.session, ClockPause, {"clock_id": clock(company, order, "respond").id, "reason": "堵车"})


# -- the calendar --


def test_an_entered_notice_replaces_the_shipped_year(company: Company) -> None:
    with acting_as(SYSTEM):
        assert not calendar_of(company.session).is_announced(2027)
        issued = {"year": 2027, "title": "2027 年节假日安排", "notice_no": "国办发明电〔2026〕9 号", "issued_on": DAY}
        notice = create(company.session, HolidayNotice, issued)
        for day, worked in ((date(2027, 1, 4), False), (date(2027, 1, 9), True)):
            create(company.session, CalendarDay, {"notice": notice, "day": day, "name": "元旦", "name_en": "New Year", "is_worked": worked})
        assert not calendar_of(company.session).is_announced(2027)
        perform(notice, "approve")
        calendar = calendar_of(company.session)
    assert calendar.is_announced(2027)
    assert calendar.is_announced(2026)
    assert not calendar.is_working_day(date(2027, 1, 4))
    assert calendar.is_working_day(date(2027, 1, 9))


def legal_days(company: Company, amount: int = 3) -> ClockRule:
    """A legal rule of working days, approved: the orders of the company get a clock of it."""
    with acting_as(quality(company, "gu")):
        rule = propose(company, milestone="resolve", condition={}, kind=RuleKind.legal, amount=amount, unit=Unit.working_days)
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
    return rule


def enter(company: Company, *days: tuple[date, bool], year: int = 2026) -> HolidayNotice:
    values = {"year": year, "title": "补充通知", "notice_no": "国办发明电〔2026〕1号", "issued_on": DAY}
    named = tuple(SpecialDay(day, ("春节", "Spring Festival"), works=works) for day, works in days)
    return create(company.session, HolidayNotice, values | {"named_days": named})  # type: ignore[return-value]


def test_open_clocks_count_by_a_notice_once_another_person_approved_it_and_not_before(company: Company) -> None:
    legal_days(company)
    order = company.order()
    with acting_as(SYSTEM):
        run = next(run for run in runs_of(company.session, order) if run.track == "legal")
        assert run.due_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
        seen_before = calendar_of(company.session)
    administrator = company.actor(Role.administrator, person="admin")
    with acting_as(administrator):
        notice = enter(company, (date(2026, 3, 4), False), (date(2026, 3, 7), True))
        after = with_notice(notice)
        seen = outlook(company.session, reach_of_days(after, changed_days(without(notice), after), 2026))
        assert (seen.moved, seen.sample[0].new_due_at) == (1, datetime(2026, 3, 6, 16, tzinfo=UTC))
        assert calendar_of(company.session).is_working_day(date(2026, 3, 4))
        assert run.due_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
        both = replace(administrator, permissions=administrator.permissions | {("can_approve", "HolidayNotice")})
    with acting_as(both), pytest.raises(NotAllowed):
        perform(notice, "approve")
    with acting_as(quality(company, "he")):
        perform(notice, "approve")
        assert not calendar_of(company.session).is_working_day(date(2026, 3, 4))
        assert calendar_of(company.session).is_working_day(date(2026, 3, 7))
        assert run.due_at == datetime(2026, 3, 6, 16, tzinfo=UTC)
        perform(notice, "withdraw", reason="录入有误")
        assert run.due_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
        assert calendar_of(company.session) == seen_before


def test_a_later_notice_of_a_year_replaces_the_earlier_which_is_kept(company: Company) -> None:
    with acting_as(SYSTEM):
        first = enter(company, (date(2027, 1, 1), False), (date(2026, 12, 31), False), year=2027)
        perform(first, "approve")
        other = enter(company, (date(2026, 12, 31), False), (date(2026, 10, 1), False))
        perform(other, "approve")
        later = enter(company, (date(2027, 1, 4), False), year=2027)
        perform(later, "approve")
        calendar = calendar_of(company.session)
        assert calendar.is_working_day(date(2027, 1, 1))
        assert not calendar.is_working_day(date(2027, 1, 4))
        assert first.state == "approved"


def test_days_that_cannot_be_meant_are_not_approved(company: Company) -> None:
    for days, words in (
        ((), "至少"),
        (((date(2026, 3, 7), True),), "至少"),
        (((date(2026, 3, 4), False), (date(2026, 3, 3), True)), "本来就上班"),
        (((date(2025, 11, 30), False),), "不在"),
    ):
        with acting_as(SYSTEM), pytest.raises(Refusal, match=words):
            perform(enter(company, *days), "approve")


# -- versions --


def test_a_version_takes_over_on_its_day_and_the_one_before_judges_what_began_earlier(company: Company) -> None:
    with acting_as(SYSTEM):
        first = company.session.scalars(select(ClockRule).where(ClockRule.shipped_id == "B-3-high-respond")).one()
        change = propose(company, first_id=first.id, amount=3, unit=Unit.hours, effective_from=DAY + timedelta(days=9))
        perform(change, "approve")
        by_id = {rule.id: rule for rule in rules_for(company.session, "respond")}
        assert by_id["B-3-high-respond"].effective_to == DAY + timedelta(days=8)
        assert by_id[change.number].in_force(DAY + timedelta(days=9))
        perform(change, "withdraw", reason="暂缓")
        by_id = {rule.id: rule for rule in rules_for(company.session, "respond")}
        assert by_id["B-3-high-respond"].effective_to is None  # it never came into force
        assert change.number not in by_id


def test_what_a_version_would_move_is_what_its_approval_moves(company: Company) -> None:
    orders = [company.order() for _n in range(3)]
    with acting_as(quality(company, "gu")):
        runs = [clock(company, order, "respond") for order in orders]
        first = company.session.scalars(select(ClockRule).where(ClockRule.shipped_id == "B-3-high-respond")).one()
        change = propose(company, first_id=first.id, amount=3, unit=Unit.hours)
        seen = outlook(company.session, reach_of(company.session, change, versions_of(company.session, change)))
        # Wider than before, and yet it moves them: it takes the place of the shipped rule.
        told = {change.run.id: change.new_due_at for change in seen.sample}
        assert (seen.moved, seen.is_all, set(told.values())) == (3, True, {NINE + timedelta(hours=3)})
    with acting_as(quality(company, "he")):
        perform(change, "approve")
    assert {run.id: run.due_at for run in runs} == told


def test_a_preview_looks_at_no_more_than_its_bound_and_says_so(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    for _n in range(3):
        company.order()
    monkeypatch.setattr(rejudging, "LOOKED_AT", 2)
    with acting_as(quality(company, "gu")):
        rule = propose(company)
        seen = outlook(company.session, reach_of(company.session, rule, versions_of(company.session, rule)))
        assert (seen.looked_at, seen.moved, seen.is_all) == (2, 2, False)


def test_more_clocks_than_an_approval_waits_for_follow_in_a_job_that_is_killed_and_goes_on(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE", 2)
    monkeypatch.setattr(recount, "BATCH", 2)
    orders = [company.order().id for _n in range(5)]
    with acting_as(quality(company, "gu")):
        rule = propose(company)
    with acting_as(quality(company, "he")):
        perform(rule, "approve")
        company.session.commit()
        assert (rule.state, dues(company, orders)) == ("approved", [60] * 5)
        assert dues(company, [company.order().id]) == [20]  # the rule holds already
        job = recount.under_way(company.session, rule)
        assert job is not None
        assert not may_be_cancelled(job)
        job_id, rule_id = job.id, rule.id
    with monkeypatch.context() as patched, acting_as(SYSTEM):
        patched.setattr(Work, "advance", killed_after(2))
        with pytest.raises(KeyboardInterrupt):
            work_off(company.session)
        company.session.rollback()
        assert sorted(dues(company, orders)) == [20, 20, 60, 60, 60]  # a whole batch, and nothing of the next
    with acting_as(SYSTEM), at(NINE + timedelta(minutes=1)):
        assert work_off(company.session) == 0  # its runner may only be slow
    with acting_as(SYSTEM), at(NINE + timedelta(minutes=10)):
        assert work_off(company.session) == 1
        job = company.session.get_one(Job, job_id)
        assert (job.state, job.done, job.total, dues(company, orders)) == (JobState.done, 6, 6, [20] * 5)
        assert recount.under_way(company.session, company.session.get_one(ClockRule, rule_id)) is None


def dues(company: Company, orders: list[int]) -> list[int]:
    """In how many minutes the response to each is due."""
    chosen = select(ClockRun).where(ClockRun.milestone == "respond", ClockRun.record_id.in_(orders))
    return [(run.due_at - run.started_at) // timedelta(minutes=1) for run in company.session.scalars(chosen.order_by(ClockRun.id))]


def killed_after(steps: int) -> Any:
    """Work.advance whose runner dies in the step after so many."""
    real, said = Work.advance, []

    def advance(self: Work, done: int, total: int | None = None) -> None:
        said.append(done)
        if len(said) > steps:
            raise KeyboardInterrupt
        real(self, done, total)

    return advance


def test_a_clock_that_no_version_demands_any_more_is_dropped(company: Company) -> None:
    order = company.order()
    with acting_as(SYSTEM):
        run = clock(company, order, "resolve")
        first = company.session.scalars(select(ClockRule).where(ClockRule.shipped_id == "B-3-high-resolve")).one()
        narrowed = propose(company, first_id=first.id, milestone="resolve", condition={"risk": ["low"]}, amount=1, unit=Unit.hours)
        (moved,) = preview(company.session, narrowed)
        assert moved.new_due_at is None
        perform(narrowed, "approve")
    assert run.state == "dropped"


def test_a_condition_names_fields_and_values_that_there_are_and_a_version_stays_the_same_rule(company: Company) -> None:
    with acting_as(SYSTEM):
        first = company.session.scalars(select(ClockRule).where(ClockRule.shipped_id == "B-3-high-respond")).one()
        for values, field in (
            ({"amount": 10**9}, "amount"),
            ({"remind_before_minutes": 2**31 - 1}, "remind_before_minutes"),
            ({"condition": {"colour": ["red"]}}, "condition"),
            ({"condition": {"risk": ["highest"]}}, "condition"),
            ({"milestone": "register", "condition": {"risk": ["high"]}}, "condition"),
            ({"effective_from": date(1, 1, 1)}, "effective_from"),
            ({"first": first, "kind": RuleKind.legal}, "kind"),
            ({"first": first, "milestone": "resolve"}, "milestone"),
        ):
            with pytest.raises(Refusal) as refusal, company.session.begin_nested():
                propose(company, **values)
            assert list(refusal.value.errors) == [field], values


def test_whoever_rewrote_a_proposal_does_not_approve_it(company: Company) -> None:
    with acting_as(quality(company, "gu")):
        rule = propose(company)
    with acting_as(quality(company, "he")):
        change(company.session, rule, {"amount": 50})
        with pytest.raises(NotAllowed):
            perform(rule, "approve")
