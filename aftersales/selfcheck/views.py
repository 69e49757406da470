"""The pages of a yearly report: all its items answered on one page, and the evidence taken anew while it is written."""

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.meetings.meeting import fourth_quarter
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.filtering import value_of as typed
from aftersales.record.now import today
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change
from aftersales.record.views import RecordView
from aftersales.selfcheck.report import SelfInspection, SelfInspectionItem, Verdict

LONGEST = 4000
FIELDS = ("verdict", "finding", "correction", "in_charge", "due_on")


class SelfInspectionView(RecordView):
    show_page_template = "selfcheck/report.html"
    include_route_methods = RecordView.include_route_methods | {"take_evidence", "judge"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, SelfInspection)
        may_judge = record.state == "draft" and current_actor().can("can_write", SelfInspection.permission_name())
        return {"may_judge": may_judge, "verdicts": list(Verdict), "meeting": fourth_quarter(db.session(), record.year)}

    def _preset(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The year that the page of self-inspection shows."""
        return super()._preset(names) | {"year": request.args.get("year", type=int) or today().year}

    @expose("/<int:pk>/take_evidence", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def take_evidence(self, pk: int) -> Any:
        """What the program holds now, in place of what it held; what people wrote stays."""
        report = self._draft(pk)
        report.take_evidence()
        db.session.commit()
        flash(_("The evidence is as of now."), "success")
        return redirect(self.url("show", pk=pk))

    @expose("/<int:pk>/judge", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def judge(self, pk: int) -> Any:
        """All items at once: the fields are named by the item's id."""
        report = self._draft(pk)
        for answer in report.answers:
            sent = {name: request.form[f"{name}-{answer.id}"].strip() for name in FIELDS if f"{name}-{answer.id}" in request.form}
            if sent:
                change(db.session, answer, {name: value_of(getattr(SelfInspectionItem, name), text) for name, text in sent.items()})
        db.session.commit()
        flash(_("Saved."), "success")
        return redirect(self.url("show", pk=pk))

    def _draft(self, pk: int) -> SelfInspection:
        report: SelfInspection = self._record(pk)
        if report.state != "draft":
            raise Refusal(_("Only while it is a draft."))
        return report


def value_of(column: Any, text: str) -> Any:
    """What a field of the page says, as its column takes it."""
    return typed(column, text.replace("\0", "")[:LONGEST], column.key) if text else None
