"""The individual report form as columns and sections: its choices, its fields in their order, what it demands (G25 annex 1)."""

from enum import StrEnum, auto

from flask import current_app
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, LongText, Name, ShortText
from aftersales.devices.model import LegalClass
from aftersales.vigilance.answers import Outcome, SeriousInjury
from aftersales.vigilance.columns import chosen
from aftersales.vigilance.completeness import Precision
from aftersales.vigilance.term import IMDRF, Annex


class OurRole(StrEnum):
    """As what the company reports: duties differ."""

    holder = auto()
    dealer = auto()
    service_provider = auto()


def own_role() -> OurRole:
    """As what this company reports, by COMPANY_ROLE; an event may say otherwise."""
    return current_app.extensions["company_role"]


class Origin(StrEnum):
    """Where the device was made, as the form asks."""

    domestic = auto()
    imported = auto()
    hong_kong_macao_taiwan = auto()


class ProductCategory(StrEnum):
    """The form's own kinds of product."""

    active = auto()
    passive = auto()
    reagent = auto()


class UsePlace(StrEnum):
    """Where the device was used."""

    hospital = auto()
    home = auto()
    elsewhere = auto()


class Relation(StrEnum):
    """What the evaluation says of the device and the harm."""

    related = auto()
    unrelated = auto()
    undetermined = auto()


class Reevaluation(StrEnum):
    """Begun by ourselves (R1 art. 58), or ordered (art. 59)."""

    own = auto()
    ordered = auto()


CODES = {f"term_{annex.removeprefix('annex_')}_id": annex.value for annex in IMDRF}
LOCAL = {"injury_term_id": Annex.local_injury.value, "fault_term_id": Annex.local_fault.value}
PRODUCT = (
    "device_id", "model_id", "product_name", "registration_no", "former_registration_no", "specification", "configuration", "origin",
    "legal_class", "category", "lot_no", "serial_no", "udi", "made_on", "expires_on",
)  # fmt: skip
HARM = (
    "occurred_on", "occurred_precision", "outcome", "serious_kind", "injury_text", "injury_term_id", "fault_manifestation", "fault_term_id",
    "dates_note", *CODES,
)  # fmt: skip
USE = ("indication", "used_on", "used_precision", "use_place", "customer_id", "occurred_at_place", "use_process", "used_together")
INVESTIGATION = ("is_investigated", "investigation")
EVALUATION = ("relation", "cause_analysis", "needs_risk_evaluation", "risk_evaluation_on")
CONTROL = ("has_measures", "measures_text", "no_measures_reason")
ERRORS = ("is_error", "error_reason", "is_merged", "merged_with")
ASKED = (
    "product_name", "registration_no", "origin", "legal_class", "category", "occurred_on", "occurred_precision", "outcome", "used_on",
    "used_precision", "use_place", "use_process", "is_investigated", "relation", "needs_risk_evaluation", "has_measures", "is_error",
    "is_merged",
)  # fmt: skip
SUBMITTED = ("submission_no", "submitted_at", "submitted_by", "submitted_entered_at")
EVALUATED = ("evaluation_result", "evaluation_recipient", "evaluation_no", "evaluated_at", "evaluated_by", "evaluated_entered_at")
CLOSED = (*ASKED, *SUBMITTED, "evaluation_result", "evaluated_at")
OPEN = "state IN ('draft', 'dropped')"
# What the rules between the fields ask.
CHECKED = (
    "lot_no", "serial_no", "injury_text", "fault_manifestation", "outcome", "serious_kind", "is_investigated", "investigation",
    "needs_risk_evaluation", "risk_evaluation_on", "has_measures", "measures_text", "no_measures_reason", "is_error", "error_reason",
    "is_merged", "merged_with", "occurred_on", "occurred_precision", "used_on", "used_precision", "dates_note",
)  # fmt: skip


class IndividualForm:
    """The columns of the form that name no other record."""

    product_name: Mapped[Name | None]
    registration_no: Mapped[str | None] = mapped_column(String(64))
    former_registration_no: Mapped[str | None] = mapped_column(String(64))
    specification: Mapped[Name | None]
    configuration: Mapped[Name | None]
    origin: Mapped[Origin | None]
    legal_class: Mapped[LegalClass | None]
    category: Mapped[ProductCategory | None]
    lot_no: Mapped[str | None] = mapped_column(String(64))
    serial_no: Mapped[str | None] = mapped_column(String(64))
    udi: Mapped[str | None] = mapped_column(String(250))
    made_on: Mapped[Day | None]
    expires_on: Mapped[Day | None]
    occurred_on: Mapped[Day | None]
    occurred_precision: Mapped[Precision | None] = chosen(Precision, "occurred_precision")
    outcome: Mapped[Outcome]
    serious_kind: Mapped[SeriousInjury | None]
    injury_text: Mapped[LongText | None]
    fault_manifestation: Mapped[LongText | None]
    dates_note: Mapped[ShortText | None]
    indication: Mapped[ShortText | None]
    used_on: Mapped[Day | None]
    used_precision: Mapped[Precision | None] = chosen(Precision, "used_precision")
    use_place: Mapped[UsePlace | None]
    occurred_at_place: Mapped[ShortText | None]
    use_process: Mapped[LongText | None]
    used_together: Mapped[LongText | None]
    is_investigated: Mapped[bool | None]
    investigation: Mapped[LongText | None]
    relation: Mapped[Relation | None]
    cause_analysis: Mapped[LongText | None]
    needs_risk_evaluation: Mapped[bool | None]
    risk_evaluation_on: Mapped[Day | None]
    has_measures: Mapped[bool | None]
    measures_text: Mapped[LongText | None]
    no_measures_reason: Mapped[LongText | None]
    is_error: Mapped[bool | None]
    error_reason: Mapped[LongText | None]
    is_merged: Mapped[bool | None]
    merged_with: Mapped[ShortText | None]
