"""The page of a corrective action beside the generic one: how long is left for each of its actions, and what came of one's own."""

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.columns import row_id
from aftersales.extensions import db
from aftersales.improvement.action import CapaAction, report_done
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import next_open
from aftersales.record.refusable import refusable
from aftersales.record.views import RecordView


class CorrectiveActionView(RecordView):
    show_page_template = "improvement/corrective_action.html"
    include_route_methods = RecordView.include_route_methods | {"done"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, CorrectiveAction)
        waiting = [action for action in record.actions if action.done_at is None]
        due = next_open(db.session, CapaAction, [action.id for action in waiting])
        return {"waiting": waiting, "due": due, "mine": [action for action in waiting if record.state == "acting" and action.is_mine]}

    @expose("/<int:pk>/done", methods=["POST"])
    @has_access
    @permission_name("read")
    @refusable
    def done(self, pk: int) -> Any:
        """What came of an action; the API has the same door (`api.py`)."""
        record: CorrectiveAction = self._record(pk)
        row_of_form = request.form.get("row", type=row_id)
        action = next((action for action in record.actions if action.id == row_of_form), None)
        report_done(db.session(), action, request.form.get("evidence", ""))
        db.session.commit()
        flash(_("Saved."), "success")
        return redirect(self.url("show", pk=pk))
