"""Quarters and months of a quality meeting."""

from datetime import date, datetime

import pytest

from aftersales.meetings.period import Period, PeriodKind
from aftersales.record.now import CHINA

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(("kind", "day", "first", "last", "name"), [
    (PeriodKind.quarter, date(2026, 11, 27), date(2026, 10, 1), date(2026, 12, 31), "2026年第4季度"),
    (PeriodKind.quarter, date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31), "2026年第1季度"),
    (PeriodKind.quarter, date(2028, 6, 30), date(2028, 4, 1), date(2028, 6, 30), "2028年第2季度"),
    (PeriodKind.month, date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29), "2028年2月"),
    (PeriodKind.month, date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31), "2026年12月"),
])  # fmt: skip
def test_a_period_has_its_first_and_last_day(kind: PeriodKind, day: date, first: date, last: date, name: str) -> None:
    period = Period.around(kind, day)
    assert (period.first, period.last, period.names[0]) == (first, last, name)
    assert Period.around(kind, last) == period
    assert period.previous.following == period.following.previous == period
    assert period.previous.until == period.since


def test_it_is_over_at_midnight_in_china() -> None:
    assert Period(PeriodKind.quarter, date(2026, 7, 1)).until == datetime(2026, 10, 1, tzinfo=CHINA)
