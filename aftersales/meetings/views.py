"""The page of a quality meeting beside the generic one: its figures with their lists, what was decided, what became of the last one's."""

from collections.abc import Iterator
from typing import Any

from flask import redirect, url_for
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug import Response

from aftersales.extensions import db
from aftersales.improvement.following import follows
from aftersales.jobs.runner import ask
from aftersales.meetings.decision import MeetingDecision
from aftersales.meetings.meeting import QualityMeeting
from aftersales.meetings.period import PeriodKind
from aftersales.meetings.preparing import KIND
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.views import RecordView
from aftersales.selfcheck.report import SelfInspection


class QualityMeetingView(RecordView):
    show_page_template = "meetings/meeting.html"
    include_route_methods = RecordView.include_route_methods | {"count"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, QualityMeeting)
        may = current_actor().can
        return {
            "chapters": record.chapters(), "decisions": record.decided(), "followed_up": record.followed_up(),
            "may_count": record.state == "prepared" and may("can_write", "QualityMeeting"),
            "may_decide": record.state == "held" and may("can_write", "MeetingDecision"),
            "hidden_sections": tuple(_unreached(record)),
            "year": _year_of(record) if may("can_read", "SelfInspection") else None, "self_inspection": _self_inspection(record),
        }  # fmt: skip

    @expose("/<int:pk>/count", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def count(self, pk: int) -> Response:
        """Ask for the figures anew; a job, because a large company's take a while."""
        meeting: QualityMeeting = self._record(pk)
        if meeting.is_frozen:
            raise Refusal(_("The figures froze when the meeting was held."))
        job = ask(db.session(), KIND, {"meeting": meeting.id, "page": self.url("show", pk=pk)})
        return redirect(url_for("JobsView.show", pk=job.id))


class MeetingDecisionView(RecordView):
    show_page_template = "meetings/decision.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, MeetingDecision)
        return {"follows": follows() if record.state != "dropped" else []}


def _unreached(meeting: QualityMeeting) -> Iterator[str]:
    """Sections of which nothing is there yet, and nothing is being written."""
    for section, fields in meeting.sections.items():
        is_due = meeting.is_frozen and section in meeting.current_state.writes
        if not is_due and all(getattr(meeting, name) is None for name in fields):
            yield section


def _year_of(meeting: QualityMeeting) -> int | None:
    """The year that is over with the period: its self-inspection asks for the same figures."""
    is_last = meeting.period_kind is PeriodKind.quarter and meeting.ends_on.month == 12
    return meeting.ends_on.year if is_last else None


def _self_inspection(meeting: QualityMeeting) -> SelfInspection | None:
    year = _year_of(meeting)
    if year is None or not current_actor().can("can_read", "SelfInspection"):
        return None
    return db.session.scalars(select(SelfInspection).where(SelfInspection.year == year)).one_or_none()
