"""The pages of emergencies beside the generic ones: who is called next, who was told, what is done, and what belongs together."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.columns import row_id
from aftersales.emergencies.drill import EmergencyDrill
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.kinds import ContactResult, ContactWay
from aftersales.emergencies.lines import EmergencyCustomer, EmergencyEntry, EmergencyStep
from aftersales.emergencies.plan import EmergencyPlan
from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.offline.pages import keep_offline
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import shown
from aftersales.record.filtering import value_of
from aftersales.record.queued import takes_late
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.views import RecordView

SHOWN, LONGEST = 20, 4000


class EmergencyView(RecordView):
    show_page_template = "emergencies/emergency.html"
    include_route_methods = RecordView.include_route_methods | {"reach", "do_step", "note"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Emergency)
        actions = select(CorrectiveAction).where(CorrectiveAction.emergency_id == record.id).order_by(CorrectiveAction.id).limit(SHOWN)
        may = current_actor().can
        is_written = not record.is_sealed and record.is_open and may("can_write", "Emergency")
        if is_written:
            keep_offline()
        return {
            "may": may, "is_written": is_written, "actions": list(db.session.scalars(actions)), "shown": shown,
            "ways": list(ContactWay), "results": list(ContactResult), "hidden_sections": _hidden(record),
            "calls": record.plan.calls,
        }  # fmt: skip

    @expose("/<int:pk>/reach", methods=["POST"])
    @has_access
    @permission_name("write")
    @takes_late
    @refusable
    def reach(self, pk: int) -> Any:
        """One attempt to tell one customer."""
        emergency = self._open(pk)
        row = _row_of(emergency.customers)
        change(db.session, row, _sent(EmergencyCustomer, "way", "result", "note"))
        return self._back(emergency, "customers")

    @expose("/<int:pk>/do_step", methods=["POST"])
    @has_access
    @permission_name("write")
    @takes_late
    @refusable
    def do_step(self, pk: int) -> Any:
        """What came of one step."""
        emergency = self._open(pk)
        row = _row_of(emergency.steps)
        change(db.session, row, {"outcome": request.form.get("outcome", "").strip()[:250] or _("Done.")})
        return self._back(emergency, "steps")

    @expose("/<int:pk>/note", methods=["POST"])
    @has_access
    @permission_name("write")
    @takes_late
    @refusable
    def note(self, pk: int) -> Any:
        """One entry of the log."""
        emergency = self._open(pk)
        if not (text := request.form.get("text", "").replace("\0", "").strip()[:LONGEST]):
            raise Refusal(_("This field is required."), field="text")
        create(db.session, EmergencyEntry, {"emergency": emergency, "text": text})
        return self._back(emergency, "log")

    def _open(self, pk: int) -> Emergency:
        emergency: Emergency = self._record(pk)
        if not emergency.is_open:
            raise Refusal(_("It is over: nothing is added to it."))
        return emergency

    def _back(self, emergency: Emergency, section: str) -> Any:
        db.session.commit()
        flash(_("Saved."), "success")
        return redirect(f"{self.url('show', pk=emergency.id)}#{section}")


def _hidden(emergency: Emergency) -> tuple[str, ...]:
    """The sections that the page draws itself, and the report while nothing is written in it."""
    is_empty = emergency.causes is None and emergency.lessons is None and emergency.state != "restored"
    return ("customers", "steps", "log", *(("report",) if is_empty else ()))


def _row_of(rows: list[Any]) -> Any:
    chosen = request.form.get("row", type=row_id)
    for row in rows:
        if row.id == chosen:
            return row
    raise Refusal(_("There is no such record."), field="row")


def _sent(cls: type[EmergencyCustomer | EmergencyStep], *names: str) -> Mapping[str, Any]:
    told = {name: request.form.get(name, "").replace("\0", "").strip()[:250] for name in names}
    return {name: value_of(getattr(cls, name), text, name) if text else None for name, text in told.items()}


class EmergencyDrillView(RecordView):
    show_page_template = "emergencies/drill.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, EmergencyDrill)
        chosen = select(CorrectiveAction).where(CorrectiveAction.emergency_id == record.emergency_id)
        actions = db.session.scalars(chosen.order_by(CorrectiveAction.id).limit(SHOWN)) if record.emergency_id is not None else ()
        return {"actions": list(actions), "may": current_actor().can}


class EmergencyPlanView(RecordView):
    show_page_template = "emergencies/plan.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, EmergencyPlan)
        return {"drawing": record.drawing(), "may": current_actor().can}
