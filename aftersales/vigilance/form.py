"""The two report forms in the order of their annexes (G25 annex 1 and 2): for paper, and as a table to type from."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, has_request_context
from sqlalchemy.orm import object_session

from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.record.display import shown, words
from aftersales.record.now import CHINA, now
from aftersales.record.privacy import note_reading
from aftersales.vigilance.answers import Outcome
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.fields import ASKED, CODES, CONTROL, ERRORS, EVALUATED, EVALUATION, INVESTIGATION, PRODUCT
from aftersales.vigilance.group import ASKED as GROUP_ASKED
from aftersales.vigilance.group import BASICS, GroupEvent
from aftersales.vigilance.patient import IDENTITY, EventPatient, reads_patients
from aftersales.vigilance.risk_report import RiskReport


@dataclass(frozen=True)
class Field:
    """One line of a form: its words, whether the form demands it, what it says."""

    title: str
    is_asked: bool
    text: str
    is_long: bool = False

    @property
    def head(self) -> str:
        return f"{self.title}*" if self.is_asked else self.title

    @property
    def pair(self) -> tuple[str, ...]:
        return (self.head, self.text, "wide") if self.is_long else (self.head, self.text)


@dataclass(frozen=True)
class Part:
    title: str
    fields: tuple[Field, ...]

    @property
    def pairs(self) -> list[tuple[str, ...]]:
        return [field.pair for field in self.fields]


# By which words of the record the parts go, in the form's order; the patient's stands between the harm and the use.
PARTS = (
    ("product", tuple(name for name in PRODUCT if name not in ("device_id", "model_id"))),
    ("harm", ("occurred_on", "known_on", "outcome", "serious_kind", "injury_text", "fault_manifestation")),
    ("patient", IDENTITY),
    ("use", ("indication", "used_on", "use_place", "use_process", "used_together", "dates_note")),
    ("investigation", INVESTIGATION),
    ("evaluation", EVALUATION),
    ("control", CONTROL),
    ("errors", ERRORS),
    ("terms", ("injury_term_id", "fault_term_id", *CODES)),
)
LONG = {
    "injury_text", "fault_manifestation", "history", "use_process", "used_together", "investigation", "cause_analysis", "measures_text",
    "no_measures_reason", "error_reason", "course", "udi", "evaluation_result",
}  # fmt: skip


def event_form(event: AdverseEvent, *, with_patient: bool) -> list[Part]:
    """The individual form. `with_patient` tells the patient's fields too, to whoever may read them; that it was read is noted."""
    parts = [Part(label("event_form.report"), tuple(_head(event)))]
    for section, names in PARTS:
        if section == "patient":
            parts.append(_patient(event.patient, with_patient))
        else:
            title = label("event_form.terms" if section == "terms" else f"adverse_event.section.{section}")
            parts.append(Part(title, tuple(_field(event, name) for name in names)))
    if event.evaluated_at is not None:
        parts.append(Part(label("report_kind.evaluation"), tuple(_field(event, name) for name in EVALUATED)))
    return parts


def group_form(group: GroupEvent) -> list[Part]:
    """The group form, with the cases it is about."""
    fields = [Field(GroupEvent.field_label(name), name in GROUP_ASKED, _text(group, name), name in LONG) for name in BASICS]
    cases = ", ".join(event.number for event in group.events)
    head = (
        Field(GroupEvent.field_label("number"), False, group.number),
        Field(GroupEvent.field_label("known_at"), False, words(group.known_at)),
        Field(label("event_form.cases"), False, cases, True),
    )
    return [Part(label("event_form.report"), head), Part(label("group_event.section.basics"), tuple(fields))]


def risk_sheet(report: RiskReport) -> list[Part]:
    """The data set of a periodic report."""
    names = (*report.sections["registration"], "begins_on", "ends_on")
    of = (Field(report.field_label(name), False, _text(report, name)) for name in names)
    figures = (Field(title, False, count) for title, count in report.told_figures)
    return [Part(label("risk_report.section.registration"), tuple(of)), Part(label("risk_report.figures"), tuple(figures))]


def _head(event: AdverseEvent) -> Iterator[Field]:
    """What the national system writes by itself, and as what we report."""
    session = object_session(event)
    company = current_app.extensions["letterhead"](session, event, now().astimezone(CHINA).date())
    yield Field(event.field_label("submission_no"), False, event.submission_no or "")
    yield Field(event.field_label("number"), False, event.number)
    yield Field(event.field_label("submitted_at"), False, words(event.submitted_at))
    yield Field(event.field_label("submitted_by"), False, event.submitted_by or "")
    yield Field(label("event_form.company"), False, company["name"])
    yield Field(event.field_label("our_role"), False, words(event.our_role))
    contact = (event.submitted_by, company["phone"], company["address"])  # whoever reported it answers for it
    yield Field(label("event_form.contact"), False, " ".join(filter(None, contact)))
    yield Field(event.field_label("occurred_at_place"), False, event.occurred_at_place or "")
    yield Field(event.field_label("customer_id"), False, event.customer.name if event.customer is not None else "")


def _patient(patient: EventPatient, with_patient: bool) -> Part:
    is_told = with_patient and reads_patients()
    if is_told and has_request_context():
        note_reading(patient)
    hidden = label("event_form.hidden")
    fields = (
        Field(EventPatient.field_label(name), False, _text(patient, name) if is_told else hidden, is_told and name in LONG)
        for name in IDENTITY
    )
    return Part(label("event_patient.section.patient"), tuple(fields))


def _field(event: AdverseEvent, name: str) -> Field:
    if name == "known_on":
        return Field(label("event_form.known_on"), True, words(event.known_on))
    text = _text(event, name)
    if name == "outcome" and event.outcome is Outcome.could_cause:
        text = f"{words(Outcome.other)}（{text}）"  # the form knows death, serious injury and other
    exact = {"occurred_on": event.occurred_precision, "used_on": event.used_precision}.get(name)
    if exact is not None and exact.value != "day":
        text = f"{text}（{words(exact)}）"
    return Field(event.field_label(name), name in ASKED or name in ("lot_no", "serial_no"), text, name in LONG)


def _text(record: SharedRecord, name: str) -> str:
    return shown(record, name).text


def rows_of(parts: list[Part]) -> list[tuple[str, str, str]]:
    """The form as a table: part, field, what to type."""
    return [(part.title, field.head, field.text) for part in parts for field in part.fields]
