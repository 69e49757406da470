"""The pages of implants beside the generic ones: finding a unit by the hospital's admission number, the follow-ups, safety first."""

from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.implants.follow_up import OPEN, ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.implants.patient import reads_patients, with_admission_no
from aftersales.implants.plan import plan_for
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import next_open
from aftersales.record.display import shown
from aftersales.record.now import today
from aftersales.record.privacy import note_reading
from aftersales.record.refusable import refusable
from aftersales.record.refusal import NotAllowed
from aftersales.record.views import RecordView

LONGEST = 60


class ImplantView(RecordView):
    show_page_template = "implants/implant.html"
    list_page_template = "implants/list.html"
    include_route_methods = RecordView.include_route_methods | {"find"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Implant)
        clocks = next_open(db.session, ImplantFollowUp, [row.id for row in record.follow_ups])
        empty = [name for name in ("revision", "explantation", "death") if getattr(record, record.sections[name][0]) is None]
        waiting = (row for row in record.follow_ups if row.state in OPEN)
        may_follow = current_actor().can("can_write", ImplantFollowUp.permission_name())
        return {
            "may_read_patient": reads_patients(), "due": clocks, "hidden_sections": tuple(empty),
            "next_follow_up": next(waiting, None) if may_follow else None,
        }  # fmt: skip

    @expose("/find", methods=["GET", "POST"])
    @has_access
    @permission_name("read")
    @refusable
    def find(self) -> Any:
        """By the admission number, which is sent in the body and so stands in no address and no log of the web server."""
        if not reads_patients():
            raise NotAllowed(_("Only who may read patients' data finds by it."))
        number = request.form.get("admission_no", "").strip()[:LONGEST]
        found = with_admission_no(db.session(), number) if number else []
        for patient in found:
            note_reading(patient)
        if len(found) == 1:
            return redirect(self.url("show", pk=found[0].implant_id))
        if number and not found:
            flash(_("No unit with this admission number in your regions."), "warning")
        return render_template("implants/find.html", found=[patient.implant for patient in found], url=self.url)


class ImplantPatientView(RecordView):
    form_page_template = "implants/patient_form.html"


class ImplantFollowUpView(RecordView):
    show_page_template = "implants/follow_up.html"
    form_page_template = "implants/follow_up_form.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ImplantFollowUp)
        implant, is_open = record.implant, record.state in OPEN
        if is_open:
            note_reading(implant)
        contact = [shown(implant, name).text for name in ("department", "contact_name", "contact_phone")]
        plan = plan_for(db.session(), record.model, today())
        is_plain = record.state != "to_confirm" and record.unreachable_reason is None
        return {
            "contact": " · ".join(filter(None, contact)) if is_open else "", "plan": plan, "may_read_patient": reads_patients(),
            "hidden_sections": ("unreachable",) if is_plain else (),
        }  # fmt: skip

    def form_extras(self, record: SharedRecord | None) -> dict[str, Any]:
        return {"plan": plan_for(db.session(), record.model, today()) if isinstance(record, ImplantFollowUp) else None}
