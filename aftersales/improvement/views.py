"""The page of a corrective action beside the generic one: how long is left for each of its actions."""

from typing import Any

from aftersales.extensions import db
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import next_open
from aftersales.record.views import RecordView


class CorrectiveActionView(RecordView):
    show_page_template = "improvement/corrective_action.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, CorrectiveAction)
        waiting = [action for action in record.actions if action.done_at is None]
        return {"waiting": waiting, "due": next_open(db.session, CapaAction, [action.id for action in waiting])}
