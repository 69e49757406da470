"""The page of a complaint beside the generic one: what it was proposed for, its group, the picture of the cause, what came of it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from aftersales.complaints import screening as _screening  # noqa: F401 — listens to every move
from aftersales.complaints.complaint import Complaint
from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView

SHOWN = 20


def _unreached(complaint: Complaint) -> Iterator[str]:
    """Sections that have nothing yet and are not being written: those of later steps, and of ways that were not taken."""
    rows = {lines.section: getattr(complaint, lines.relation) for lines in complaint.lines}
    for section, fields in complaint.sections.items():
        is_empty = not rows.get(section) and all(getattr(complaint, name) is None for name in fields)
        if is_empty and section not in complaint.current_state.writes:
            yield section


class ComplaintView(RecordView):
    show_page_template = "complaints/complaint.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Complaint)
        linked = select(Complaint).where(Complaint.leading_id == record.id).order_by(Complaint.id).limit(SHOWN)
        actions = select(CorrectiveAction).where(CorrectiveAction.complaint_id == record.id).order_by(CorrectiveAction.id).limit(SHOWN)
        return {
            "assessment": record.request.assessment, "linked": list(db.session.scalars(linked)),
            "actions": list(db.session.scalars(actions)), "drawing": record.drawing(), "may": current_actor().can,
            "hidden_sections": tuple(_unreached(record)),
        }  # fmt: skip
