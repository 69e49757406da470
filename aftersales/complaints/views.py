"""The page of a complaint beside the generic one: what it was proposed for, who leads its group, the picture of the cause."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from aftersales.complaints import screening as _screening  # noqa: F401 — listens to every move
from aftersales.complaints import sending as _sending  # noqa: F401 — listens to every move
from aftersales.complaints.complaint import Complaint
from aftersales.improvement.following import follows
from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView


class ComplaintView(RecordView):
    show_page_template = "complaints/complaint.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Complaint)
        return {
            "assessment": record.request.assessment, "beneath": {"cause": _pictured(record)}, "follows": follows(),
            "hidden_sections": tuple(_unreached(record)),
        }  # fmt: skip


def _pictured(complaint: Complaint) -> Markup:
    """The analysis as a picture, where the cause is read."""
    drawing = complaint.drawing()
    return Markup('<div class="table-wrap pictured">{}</div>').format(drawing) if drawing else Markup("")


def _unreached(complaint: Complaint) -> Iterator[str]:
    """Sections that have nothing yet and are not being written: those of later steps, and of ways that were not taken."""
    rows = {lines.section: getattr(complaint, lines.relation) for lines in complaint.lines}
    for section, fields in complaint.sections.items():
        is_empty = not rows.get(section) and all(getattr(complaint, name) is None for name in fields)
        if is_empty and section not in complaint.current_state.writes:
            yield section
