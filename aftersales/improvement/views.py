"""The page of a corrective action beside the generic one: how long is left for each of its actions, and what came of one's own."""

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.columns import row_id
from aftersales.extensions import db
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import next_open
from aftersales.record.refusable import refusable
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change
from aftersales.record.views import RecordView

LONGEST = 4000


class CorrectiveActionView(RecordView):
    show_page_template = "improvement/corrective_action.html"
    include_route_methods = RecordView.include_route_methods | {"done"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, CorrectiveAction)
        waiting = [action for action in record.actions if action.done_at is None]
        due = next_open(db.session, CapaAction, [action.id for action in waiting])
        return {"waiting": waiting, "due": due, "mine": [action for action in waiting if record.state == "acting" and _is_mine(action)]}

    @expose("/<int:pk>/done", methods=["POST"])
    @has_access
    @permission_name("read")
    @refusable
    def done(self, pk: int) -> Any:
        """What came of an action, by whoever it was given to: an engineer or dispatcher writes nothing else of it."""
        record: CorrectiveAction = self._record(pk)
        action = next((action for action in record.actions if action.id == request.form.get("row", type=row_id)), None)
        if action is None or not _is_mine(action):
            raise NotAllowed(_("This action was given to somebody else."))
        if record.state != "acting" or action.done_at is not None:
            raise Refusal(_("It is done already, or not to be done now."))
        if not (evidence := request.form.get("evidence", "").replace("\0", "").strip()):
            raise Refusal(_("This field is required."), field="evidence")
        if len(evidence) > LONGEST:
            raise Refusal(_("Too long."), field="evidence")
        change(db.session, action, {"evidence": evidence})
        db.session.commit()
        flash(_("Saved."), "success")
        return redirect(self.url("show", pk=pk))


def _is_mine(action: CapaAction) -> bool:
    return action.assignee.user_id is not None and action.assignee.user_id == current_actor().user_id
