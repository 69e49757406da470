"""What the papers of implants say of the patient: of what is sealed nothing, of a fresh print as much as whoever prints may read."""

from flask import has_request_context

from aftersales.implants.implant import Implant
from aftersales.implants.patient import IDENTITY, ImplantPatient, reads_patients
from aftersales.labels import label
from aftersales.record.display import shown
from aftersales.record.privacy import note_reading


def patient_pairs(implant: Implant, *, with_patient: bool) -> list[tuple[str, ...]]:
    """`with_patient`: for whoever may read it, and noted; else words that say where it is. What was never written is left for the pen."""
    names = tuple(name for name in IDENTITY if name not in ("phone", "remarks"))
    is_told = with_patient and reads_patients()
    if is_told and has_request_context():
        note_reading(implant.patient)
    if is_told:
        return [(ImplantPatient.field_label(name), shown(implant.patient, name).text) for name in names]
    return [(label("implant_patient"), label("event_form.hidden"), "wide")]
