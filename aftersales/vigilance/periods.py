"""The periods of periodic risk evaluation reports and of innovative devices' summaries (R1 art. 39 and 47). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto


class RiskReportKind(StrEnum):
    """The periodic risk evaluation report of a year, that of a whole registration cycle, and the summary of an innovative device."""

    yearly = auto()
    cycle = auto()
    innovative_summary = auto()


class RiskRecipient(StrEnum):
    """Who gets it: the national or provincial monitoring body, or it is kept to be shown."""

    national = auto()
    provincial = auto()
    kept = auto()


@dataclass(frozen=True)
class Period:
    """From a day on, until the day before `ends_on`: the anniversary itself is when it is full."""

    kind: RiskReportKind
    begins_on: date
    ends_on: date


FIRST_YEARS_OF_CLASS_1 = 5  # G46 2.2: of class I devices one a year in the first five years after the filing
YEAR, HALF_YEAR = 12, 6


@dataclass(frozen=True)
class Registration:
    """What the periods of a registration follow from."""

    first_on: date
    legal_class: str
    is_innovative: bool = False
    renewed_on: date | None = None
    valid_until: date | None = None


def periods(registration: Registration, until: date) -> Iterator[Period]:
    """What is full by `until`, in order; once it was renewed no yearly ones, but that of the cycle, which is made with the next renewal."""
    first_on, renewed_on, valid_until = registration.first_on, registration.renewed_on, registration.valid_until
    stop = min(until, renewed_on) if renewed_on is not None else until
    for n, period in enumerate(_full(first_on, YEAR, stop, RiskReportKind.yearly)):
        if registration.legal_class != "class_1" or n < FIRST_YEARS_OF_CLASS_1:
            yield period
    if registration.is_innovative:
        yield from _full(first_on, HALF_YEAR, stop, RiskReportKind.innovative_summary)
    if renewed_on is not None and renewed_on <= until and valid_until is not None and valid_until > renewed_on:
        yield Period(RiskReportKind.cycle, renewed_on, valid_until)


def recipient(kind: RiskReportKind, legal_class: str) -> RiskRecipient:
    if kind is RiskReportKind.innovative_summary:
        return RiskRecipient.national
    if kind is RiskReportKind.cycle or legal_class == "class_1":
        return RiskRecipient.kept
    return RiskRecipient.national if legal_class == "class_3" else RiskRecipient.provincial


def _full(first_on: date, months: int, until: date, kind: RiskReportKind) -> Iterator[Period]:
    begins_on, n = first_on, 1
    while (ends_on := later(first_on, months * n)) <= until:
        yield Period(kind, begins_on, ends_on)
        begins_on, n = ends_on, n + 1


def later(day: date, months: int) -> date:
    """The same day so many months later; the first of the next month where that month has no such day, as 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year + (month == 11), (month + 1) % 12 + 1, 1)
