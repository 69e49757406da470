"""The pages of a recall and of what hangs on it: how far it is, in numbers that lead to lists; the preview of what its criteria reach."""

from typing import Any

from flask import render_template
from flask_appbuilder import expose, has_access, permission_name
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.improvement.following import follows
from aftersales.recalls.freezing import under_way
from aftersales.recalls.implanted import implanted_among
from aftersales.recalls.preview import preview
from aftersales.recalls.recall import Recall
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.tally import tally_of
from aftersales.recalls.unit import RecallUnit
from aftersales.record.base import SharedRecord
from aftersales.record.refusable import refusable
from aftersales.record.views import RecordView

SHOWN = 30


class RecallPartView(RecordView):
    """What hangs on a recall: a unit, a notice, a submission."""

    show_page_template = "recalls/part.html"


class RecallView(RecordView):
    show_page_template = "recalls/recall.html"
    include_route_methods = RecordView.include_route_methods | {"scope"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Recall)
        session = db.session
        sent = select(RecallSubmission).where(RecallSubmission.recall_id == record.id).order_by(RecallSubmission.id).limit(SHOWN)
        return {
            "tally": tally_of(session(), record) if record.unit_count else None,
            "submissions": session.scalars(sent).all(),
            "working": under_way(session(), record),
            "follows": follows(),
            "implanted": implanted_among(session(), RecallUnit.recall_id == record.id) if record.unit_count else 0,
        }

    @expose("/<int:pk>/scope")
    @has_access
    @permission_name("read")
    @refusable
    def scope(self, pk: int) -> str:
        """What freezing would list."""
        record = self._record(pk)
        return render_template("recalls/scope.html", record=record, found=preview(db.session(), record), url=self.url)
