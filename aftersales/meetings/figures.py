"""What a quality meeting is told in numbers, as data: each table with the list it counts.

Its words and its counting rule are in labels.toml under meeting_table, meeting_row and meeting_rule; what is more than a list narrowed is
reckoned in `reckoning.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aftersales.complaints.steps import UNDER_WAY


@dataclass(frozen=True)
class Grouped:
    """The records of a type whose day `on` lies in the period, counted by `by`: a column, or the way to a record ("device.model")."""

    key: str
    kind: str
    on: str
    by: str
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line: a list of records. `args` may name {first} and {last} of the period, {today}, {yesterday}, {soon} and {long_ago}; without
    the first two it counts what stands open on the day of counting."""

    key: str
    kind: str
    args: Mapping[str, str]

    @property
    def is_standing(self) -> bool:
        return not any("{first}" in text or "{last}" in text for text in self.args.values())


@dataclass(frozen=True)
class Listed:
    """Several lists, a line each."""

    key: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Reckoned:
    """What a function of its key reckons."""

    key: str


Figure = Grouped | Listed | Reckoned

CONFIRMED = ",".join(("registered", *UNDER_WAY, "closed"))
HAPPENED = "draft,reported,evaluated,closed"
DONE_OR_GOING = "opened,assigned,accepted,working,in_workshop,completed,closed"
CAPA_OPEN = "draft,submitted,acting,checking"


def _of_period(column: str) -> dict[str, str]:
    return {f"{column}_from": "{first}", f"{column}_until": "{last}"}


# The chapters of the pack, in the order of its paper.
CHAPTERS: dict[str, tuple[Figure, ...]] = {
    "complaints": (
        Listed("complaints", (
            Entry("received", "Complaint", {"state": CONFIRMED} | _of_period("received_at")),
            Entry("closed", "Complaint", {"state": "closed"} | _of_period("closed_at")),
            Entry("under_way", "Complaint", {"state": ",".join(("registered", *UNDER_WAY))}),
            Entry("proposed", "Complaint", {"state": "proposed"}),
            Entry("dismissed", "Complaint", {"state": "not_a_complaint"} | _of_period("received_at")),
        )),
        Grouped("complaint_kinds", "Complaint", "received_at", "kind", {"state": CONFIRMED}),
        Grouped("complaint_severities", "Complaint", "received_at", "severity", {"state": CONFIRMED}),
        Grouped("complaint_causes", "Complaint", "received_at", "cause_kind", {"state": CONFIRMED}),
        Grouped("complaint_models", "Complaint", "received_at", "device.model", {"state": CONFIRMED}),
        Grouped("complaint_regions", "Complaint", "received_at", "region_id", {"state": CONFIRMED}),
    ),
    "service": (
        Grouped("orders", "ServiceOrder", "reported_at", "fault_level", {"state": DONE_OR_GOING}),
        Reckoned("order_times"),
        Reckoned("repeated"),
        Reckoned("satisfaction"),
        Grouped("ratings", "ServiceRating", "rated_at", "score"),
    ),
    "clocks": (Reckoned("clocks_legal"), Reckoned("clocks_company")),
    "signals": (
        Grouped("signals_found", "Signal", "found_at", "kind"),
        Grouped("signals_closed", "Signal", "closed_at", "outcome", {"state": "closed"}),
    ),
    "safety": (
        Grouped("events", "AdverseEvent", "known_at", "outcome", {"state": HAPPENED}),
        Listed("vigilance", (
            Entry("assessed", "VigilanceAssessment", _of_period("known_at")),
            Entry("cleared", "VigilanceAssessment", {"state": "cleared"} | _of_period("known_at")),
            Entry("groups", "GroupEvent", _of_period("known_at")),
        )),
        Grouped("recall_levels", "Recall", "decided_at", "recall_level", {"is_mock": "false"}),
        Reckoned("recalls"),
    ),
    "improvement": (
        Grouped("capa_sources", "CorrectiveAction", "created_at", "source"),
        Listed("capa", (
            Entry("closed", "CorrectiveAction", {"state": "closed"} | _of_period("verified_at")),
            Entry("open", "CorrectiveAction", {"state": CAPA_OPEN}),
            Entry("open_long", "CorrectiveAction", {"state": CAPA_OPEN, "created_at_until": "{long_ago}"}),
            Entry("actions_late", "CorrectiveAction", {"state": "acting", "next_due_on_until": "{yesterday}"}),
            Entry("effect_late", "CorrectiveAction", {"state": "acting,checking", "effect_due_on_until": "{yesterday}"}),
            Entry("again", "CorrectiveAction", {"state": CAPA_OPEN, "round_no_from": "2"}),
            Entry("closed_again", "CorrectiveAction", {"state": "closed", "round_no_from": "2"} | _of_period("verified_at")),
        )),
    ),
    "emergencies": (
        Grouped("emergencies", "Emergency", "started_at", "plan_id", {"is_drill": "false"}),
        Grouped("drills", "EmergencyDrill", "held_at", "is_passed"),
    ),
    "resources": (
        Listed("qualifications", (
            Entry("expired", "Qualification", {"valid_until_until": "{yesterday}"}),
            Entry("expiring", "Qualification", {"valid_until_from": "{today}", "valid_until_until": "{soon}"}),
            Entry("calibrations", "TestInstrument", {"calibration_valid_until_until": "{yesterday}"}),
        )),
        Listed("documents", (
            Entry("review_late", "ControlledDocument", {"next_review_on_until": "{yesterday}"}),
            Entry("to_revise", "ControlledDocument", {"revise_since_until": "{today}"}),
            Entry("external_late", "ExternalDocument", {"review_on_until": "{yesterday}"}),
            Entry("to_read", "ReadingTask", {"state": "to_read"}),
        )),
    ),
}  # fmt: skip

# Tables that are drawn beside their numbers.
DRAWN = frozenset({
    "complaint_kinds", "complaint_severities", "complaint_causes", "complaint_models", "complaint_regions", "orders", "ratings",
    "signals_found", "events", "capa_sources",
})  # fmt: skip
# What a column of a table holds, where it is not a number of records.
UNITS = {
    "respond": "minutes", "on_site": "minutes", "resolve": "minutes", "resolve_before": "minutes", "rate": "percent",
    "rate_before": "percent", "score": "decimal", "score_before": "decimal", "done": "percent", "told": "percent", "effective": "percent",
    "recall_level": "pair", "recall_state": "pair",
}  # fmt: skip
