"""The working days of China, checked against the State Council's notices."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.calendar import Notice, SpecialDay, WorkingCalendar

pytestmark = pytest.mark.pure

CALENDAR = WorkingCalendar.shipped()
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
COUNTS = st.integers(0, 60)

# From the text of the three notices: (first day off, last day off, days worked instead).
SPRING_FESTIVALS = [
    ("2024-02-10", "2024-02-17", ["2024-02-04", "2024-02-18"]),
    ("2025-01-28", "2025-02-04", ["2025-01-26", "2025-02-08"]),
    ("2026-02-15", "2026-02-23", ["2026-02-14", "2026-02-28"]),
]
NATIONAL_DAYS = [
    ("2024-10-01", "2024-10-07", ["2024-09-29", "2024-10-12"]),
    ("2025-10-01", "2025-10-08", ["2025-09-28", "2025-10-11"]),
    ("2026-10-01", "2026-10-07", ["2026-09-20", "2026-10-10"]),
]


def span(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


@pytest.mark.parametrize(("first", "last", "made_up"), SPRING_FESTIVALS + NATIONAL_DAYS)
def test_the_great_holidays_are_off_and_made_up_for_at_weekends(first: str, last: str, made_up: list[str]) -> None:
    assert not any(CALENDAR.is_working_day(day) for day in span(first, last))
    for day in map(date.fromisoformat, made_up):
        assert day.weekday() >= 5
        assert CALENDAR.is_working_day(day)


@pytest.mark.parametrize(
    ("year", "number", "issued_on", "days_off", "days_made_up", "working_days"),
    [
        (2024, "国办发明电〔2023〕7号", date(2023, 10, 25), 28, 8, 251),
        (2025, "国办发明电〔2024〕12号", date(2024, 11, 12), 28, 5, 248),
        (2026, "国办发明电〔2025〕7号", date(2025, 11, 4), 33, 6, 248),
    ],
)
def test_each_shipped_year_stands_on_its_notice(
    year: int, number: str, issued_on: date, days_off: int, days_made_up: int, working_days: int
) -> None:
    assert CALENDAR.notice(year) == Notice(year, f"国务院办公厅关于{year}年部分节假日安排的通知", number, issued_on)
    special = [special for special in CALENDAR.days if special.day.year == year]
    assert (sum(not s.works for s in special), sum(s.works for s in special)) == (days_off, days_made_up)
    assert sum(CALENDAR.is_working_day(day) for day in span(f"{year}-01-01", f"{year}-12-31")) == working_days


def test_only_weekend_days_are_made_up_on() -> None:
    assert [special for special in CALENDAR.days if special.works and special.day.weekday() < 5] == []


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        ("2026-11-20", 5, "2026-11-27"),
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday worked to make up for Spring Festival
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-02-27", 1, "2026-02-28"),
        ("2025-09-30", 1, "2025-10-09"),
        ("2025-09-27", 2, "2025-09-29"),
        ("2024-04-28", 3, "2024-05-06"),
        ("2024-12-31", 1, "2025-01-02"),
        ("2026-10-03", 0, "2026-10-03"),
    ],
)
def test_working_days_are_counted_from_the_next_day_on(start: str, count: int, due: str) -> None:
    assert CALENDAR.add_working_days(date.fromisoformat(start), count) == date.fromisoformat(due)


def test_working_days_are_not_counted_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        CALENDAR.add_working_days(date(2026, 1, 5), -1)


def test_a_moment_is_refused_where_a_day_is_meant() -> None:
    with pytest.raises(TypeError, match="a moment is not a day"):
        CALENDAR.is_working_day(datetime(2026, 10, 1, tzinfo=UTC))


def test_a_year_without_a_notice_is_counted_by_weekends_and_says_so() -> None:
    assert CALENDAR.is_announced(2026)
    assert not CALENDAR.is_announced(2027)
    assert CALENDAR.notice(2027) is None
    assert CALENDAR.is_working_day(date(2027, 10, 1))  # a Friday: nobody has announced the holiday yet
    assert not CALENDAR.is_working_day(date(2027, 10, 2))
    assert CALENDAR.unannounced_years(date(2026, 12, 30), date(2027, 1, 5)) == (2027,)
    assert CALENDAR.unannounced_years(date(2025, 1, 1), date(2026, 12, 31)) == ()
    assert CALENDAR.notice_numbers(date(2025, 12, 31), date(2027, 1, 5)) == ("国办发明电〔2024〕12号", "国办发明电〔2025〕7号")


def test_holidays_and_make_up_days_are_named_in_both_languages() -> None:
    assert CALENDAR.name_of(date(2026, 2, 17)) == ("春节", "Spring Festival")
    assert CALENDAR.name_of(date(2026, 2, 28)) == ("春节", "Spring Festival")
    assert CALENDAR.name_of(date(2026, 11, 21)) is None


def test_a_calendar_can_be_made_of_other_rows() -> None:
    name = ("厂庆", "Anniversary")
    calendar = WorkingCalendar(
        (Notice(2027, "通知", "甲字1号", date(2026, 11, 5)),),
        (SpecialDay(date(2027, 3, 1), name, works=False), SpecialDay(date(2027, 3, 6), name, works=True)),
    )
    assert calendar.is_announced(2027)
    assert not calendar.is_announced(2026)
    assert calendar.add_working_days(date(2027, 2, 28), 5) == date(2027, 3, 6)


def test_a_day_named_twice_is_refused() -> None:
    holiday = SpecialDay(date(2027, 3, 6), ("甲", "A"), works=False)
    worked = SpecialDay(date(2027, 3, 6), ("乙", "B"), works=True)
    with pytest.raises(ValueError, match="the day 2027-03-06 is given twice"):
        WorkingCalendar((), (holiday, worked))
    with pytest.raises(ValueError, match="the year 2026 is given twice"):
        WorkingCalendar((CALENDAR.notices[-1], CALENDAR.notices[-1]), ())


@given(day=DAYS, fewer=COUNTS, more=COUNTS)
def test_more_working_days_never_end_earlier(day: date, fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    assert CALENDAR.add_working_days(day, fewer) <= CALENDAR.add_working_days(day, more)


@given(one=DAYS, other=DAYS, count=COUNTS)
def test_a_later_start_never_ends_earlier(one: date, other: date, count: int) -> None:
    earlier, later = sorted((one, other))
    assert CALENDAR.add_working_days(earlier, count) <= CALENDAR.add_working_days(later, count)


@given(day=DAYS, count=st.integers(1, 60))
def test_the_last_day_counted_is_worked_and_exactly_that_many_are_counted(day: date, count: int) -> None:
    due = CALENDAR.add_working_days(day, count)
    assert CALENDAR.is_working_day(due)
    assert sum(CALENDAR.is_working_day(day + timedelta(days=n)) for n in range(1, (due - day).days + 1)) == count
