"""The rules between the fields of the individual report form (G25 annex 1): which one is wanting or wrong, and why. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum, auto
from typing import Any


class Precision(StrEnum):
    """How exactly a date is known. The form takes 1 January for a year, the first for a month, else the day of awareness."""

    day = auto()
    month = auto()
    year = auto()
    unknown = auto()


# What each sentence says stands in the messages, under these words.
LOT_OR_SERIAL = "lot_or_serial"
INJURY_OR_FAULT = "injury_or_fault"
INJURY_OF_SERIOUS = "injury_of_serious"
KIND_OF_SERIOUS = "kind_of_serious"
INVESTIGATION = "investigation"
MEASURES = "measures"
NO_MEASURES = "no_measures"
ERROR_REASON = "error_reason"
ERROR_FILE = "error_file"
MERGED_WITH = "merged_with"
FIRST_OF_YEAR = "first_of_year"
FIRST_OF_MONTH = "first_of_month"
DAY_OF_AWARENESS = "day_of_awareness"
NOTE_OF_DATE = "note_of_date"
AFTER_AWARENESS = "after_awareness"
USED_AFTER_EVENT = "used_after_event"
PLAN_OF_RISK = "plan_of_risk"


def problems(facts: Mapping[str, Any], known_on: date, *, has_file: bool) -> Iterator[tuple[str, str]]:
    """(field, sentence) for each rule that is not kept. `facts` are the form's fields by name, choices by their value."""
    told = {name: value for name, value in facts.items() if value not in (None, "")}
    both = (
        (("lot_no", "serial_no"), LOT_OR_SERIAL),
        (("injury_text", "fault_manifestation"), INJURY_OR_FAULT),
    )
    for names, sentence in both:
        if not any(name in told for name in names):
            yield from ((name, sentence) for name in names)
    wanted = (
        (told.get("outcome") == "serious_injury", "injury_text", INJURY_OF_SERIOUS),
        (told.get("outcome") == "serious_injury", "serious_kind", KIND_OF_SERIOUS),
        (told.get("is_investigated") is True, "investigation", INVESTIGATION),
        (told.get("needs_risk_evaluation") is True, "risk_evaluation_on", PLAN_OF_RISK),
        (told.get("has_measures") is True, "measures_text", MEASURES),
        (told.get("has_measures") is False, "no_measures_reason", NO_MEASURES),
        (told.get("is_error") is True, "error_reason", ERROR_REASON),
        (told.get("is_merged") is True, "merged_with", MERGED_WITH),
    )
    yield from ((field, sentence) for is_asked, field, sentence in wanted if is_asked and field not in told)
    if told.get("is_error") is True and not has_file:
        yield "is_error", ERROR_FILE
    yield from _dates(told, known_on)


def _dates(told: Mapping[str, Any], known_on: date) -> Iterator[tuple[str, str]]:
    for field, how in (("occurred_on", told.get("occurred_precision")), ("used_on", told.get("used_precision"))):
        day = told.get(field)
        if day is None:
            continue
        if day > known_on:
            yield field, AFTER_AWARENESS
        elif how == "year" and (day.month, day.day) != (1, 1):
            yield field, FIRST_OF_YEAR
        elif how == "month" and day.day != 1:
            yield field, FIRST_OF_MONTH
        elif how == "unknown" and day != known_on:
            yield field, DAY_OF_AWARENESS
        if how == "unknown" and "dates_note" not in told:
            yield "dates_note", NOTE_OF_DATE
    exact = told.get("occurred_precision") == "day" and told.get("used_precision") == "day"
    if exact and told.get("used_on", known_on) > told.get("occurred_on", known_on):
        yield "used_on", USED_AFTER_EVENT
