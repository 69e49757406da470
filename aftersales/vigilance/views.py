"""The pages of events beside the generic ones: what may be a group, the patient behind their own right, the form as a table."""

import csv
from io import StringIO
from typing import Any

from flask import Response, abort, redirect
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.improvement.following import follows
from aftersales.labels import label, speaking
from aftersales.record.actor import current_actor
from aftersales.record.audit import note_event
from aftersales.record.base import SharedRecord
from aftersales.record.file_routes import sent_bytes
from aftersales.record.refusable import refusable
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.views import RecordView
from aftersales.spreadsheet.cells import RISKY, XLSX, Sheet, bytes_of, writing
from aftersales.spreadsheet.export import EXPORTS
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.form import Part, event_form, group_form, risk_sheet, rows_of
from aftersales.vigilance.group import FEWEST_CASES, GroupEvent, close_together, gather
from aftersales.vigilance.patient import reads_patients
from aftersales.vigilance.risk_report import RiskReport


class FormView(RecordView):
    """A record with a form of the national system: the form as a table, in its order, to type from."""

    include_route_methods = RecordView.include_route_methods | {"form_table"}

    def parts(self, record: Any) -> list[Part]:
        raise NotImplementedError

    @expose("/<int:pk>/form.<ending>")
    @has_access
    @permission_name("read")
    @refusable
    def form_table(self, pk: int, ending: str) -> Response:
        """As workbook or CSV, with the rights of whoever asks: the patient's fields only for who may read them, and noted."""
        record = self._record(pk)
        if not current_actor().can(*EXPORTS):
            abort(403)
        if ending not in ("xlsx", "csv"):
            abort(404)
        with speaking("zh"):  # the form is Chinese, whoever types from it
            rows, heads = rows_of(self.parts(record)), [label(f"event_form.{name}") for name in ("part", "field", "value")]
        data = _workbook(heads, rows, str(record)) if ending == "xlsx" else _csv(heads, rows)
        note_event(db.session(), record, "export")
        return sent_bytes(data, f"{record}.{ending}", XLSX if ending == "xlsx" else "text/csv")


class AdverseEventView(FormView):
    show_page_template = "vigilance/event.html"
    include_route_methods = FormView.include_route_methods | {"into_group"}

    def parts(self, record: Any) -> list[Part]:
        return event_form(record, with_patient=True)

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, AdverseEvent)
        near = close_together(record) if record.state != "dropped" and record.group_event_id is None else []
        actor = current_actor()
        return {
            "near": near, "is_group_suspected": len(near) + 1 >= FEWEST_CASES, "may_export": actor.can(*EXPORTS),
            "may_read_patient": reads_patients(), "hidden_sections": () if record.control_abroad else ("abroad",),
            "may_write_group": actor.can("can_write", "GroupEvent"), "follows": follows(),
        }  # fmt: skip

    @expose("/<int:pk>/into_group", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def into_group(self, pk: int) -> Any:
        """This case and those close to it become one group event: known as a group from now on, which starts its clocks."""
        if not current_actor().can("can_write", "GroupEvent"):
            raise NotAllowed(_("Your role may not do this."))
        event = self._record(pk)
        if event.group_event_id is not None or event.state == "dropped":
            raise Refusal(_("It belongs to a group already, or was dropped."))
        group = gather(db.session(), event)
        db.session.commit()
        return redirect(f"/group_event/show/{group.id}")


class GroupEventView(FormView):
    show_page_template = "vigilance/group.html"

    def parts(self, record: Any) -> list[Part]:
        return group_form(record)

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, GroupEvent)
        to_tell = [(one, False) for one in record.untold] + [(one, True) for one in record.unreported]
        is_open = record.state in ("open", "told")
        return {"events": record.events, "may_export": current_actor().can(*EXPORTS), "to_tell": to_tell if is_open else ()}


class RiskReportView(FormView):
    show_page_template = "vigilance/risk_report.html"

    def parts(self, record: Any) -> list[Part]:
        return risk_sheet(record)

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, RiskReport)
        return {"figures": record.told_figures, "may_export": current_actor().can(*EXPORTS)}


def _workbook(heads: list[str], rows: list[tuple[str, str, str]], title: str) -> bytes:
    with writing() as book:
        sheet = Sheet(book, title, heads)
        sheet.write([list(row) for row in rows])
        sheet.finish()
        return bytes_of(book)


def _csv(heads: list[str], rows: list[tuple[str, str, str]]) -> bytes:
    """With the mark that Excel knows UTF-8 by; what it would calculate gets an apostrophe."""
    out = StringIO()
    csv.writer(out).writerows([heads, *([f"'{text}" if text.startswith(RISKY) else text for text in row] for row in rows)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
