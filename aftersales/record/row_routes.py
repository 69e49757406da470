"""The page on which the ordered rows of a record are edited together."""

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.record.display import url_of
from aftersales.record.ordered import ordered_lines
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.rows import RowSheet


class RowRoutes:
    """Mixed into the pages of every record type."""

    record_type: type[SharedRecord]
    rows_page_template = "record/rows.html"
    url: Any
    _record: Any

    @expose("/<int:pk>/rows/<relation>", methods=["GET", "POST"])
    @has_access
    @permission_name("rows")
    @refusable
    def rows(self, pk: int, relation: str) -> Any:
        lines = ordered_lines(self.record_type, relation)
        record = self._record(pk, full=lines is not None)
        if lines is None:
            abort(404)
        if record.is_sealed:
            raise Refusal(_("This record is sealed and can no longer be changed."))
        sent = request.form if request.method == "POST" else None
        sheet, status = RowSheet(record, relation, sent), 200
        if sent is not None and sent.get("do", "save") != "save":
            sheet.do(sent["do"])
        elif sent is not None:
            try:
                sheet.save(db.session, sent.get("reason", "").strip(), sent.get("was", ""))
                db.session.commit()
            except Refusal as refusal:
                db.session.rollback()
                sheet.errors, status = [text for texts in refusal.errors.values() for text in texts], refusal.status
            else:
                flash(_("Saved."), "success")
                return redirect(url_of(record))
        state = record.current_state
        body = render_template(
            self.rows_page_template, cls=self.record_type, record=record, sheet=sheet, relation=relation, url=self.url, url_of=url_of,
            title=label(f"{self.record_type.key()}.{relation}"), asks_reason=state is None or lines.section not in state.writes,
        )  # fmt: skip
        return body, status
