"""The pages of a repair order beside the generic ones: the engineer's view of what is next, and the function-test sheet."""

from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.offline.pages import keep_offline
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.forms import RecordForm
from aftersales.record.late import is_queued
from aftersales.record.printing.qr import qr_svg
from aftersales.record.privacy import note_reading, read_personal
from aftersales.record.queued import takes_late
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.views import RecordView
from aftersales.record.words import Transition
from aftersales.service import acceptance, job
from aftersales.service.order import RepairResult, ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.service.test_sheet import save, sheet_of


class ServiceOrderView(RecordView):
    """What the person who repairs needs at the device, at the top of the page; on a phone it is all they need."""

    show_page_template = "service/order.html"
    include_route_methods = RecordView.include_route_methods | {"test", "signing"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ServiceOrder)
        call = record.request
        note_reading(call)
        is_mine = record.engineer is not None and record.engineer.user_id == current_actor().user_id
        if is_mine:
            keep_offline()
        return {
            "call": call, "address": job.address_of(record), "map_url": job.map_url(record),
            "caller": {name: read_personal(ServiceRequest, name, getattr(call, name)) for name in ServiceRequest.personal},
            "tasks": job.tasks_of(record), "steps": job.steps_of(record), "kept_with": job.kept_with(record) if is_mine else "",
            "ahead": self._ahead(record) if is_mine else [], "is_mine": is_mine, "repairing": record.state in job.REPAIRING,
            "is_signing": acceptance.is_open(record), "may_report_harm": current_actor().can("can_write", "VigilanceAssessment"),
        }  # fmt: skip

    def _ahead(self, order: ServiceOrder) -> list[tuple[Transition, RecordForm]]:
        """The dialogs of the engineer's own steps after the next: without a network no page can be asked for them."""
        open_ones = [step.path.rpartition("/")[2] for step in job.steps_of(order)[1:]]
        transitions = (ServiceOrder.workflow.transition(name) for name in job.WAY if name in open_ones)
        return [(transition, self._ask(order, transition)) for transition in transitions]

    @expose("/<int:pk>/test", methods=["GET", "POST"])
    @has_access
    @permission_name("read")
    @takes_late
    @refusable
    def test(self, pk: int) -> Any:
        """All items of the function test on one page. `again` measures anew beside the values there are."""
        order = self._record(pk, full=True)
        again = request.values.get("again") == "1"
        may_write = current_actor().can("can_write", ServiceOrder.permission_name())
        if request.method == "GET":
            return self._sheet(order, sheet_of(db.session, order, again=again), again, may_write)
        if not may_write:
            abort(403)
        try:
            count = save(db.session, order, request.form, again=again)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            if is_queued():
                raise
            order = self._record(pk, full=True)
            errors = {name: " ".join(texts) for name, texts in refusal.errors.items()}
            return self._sheet(
                order, sheet_of(db.session, order, request.form, errors, again=again), again, may_write, errors
            ), refusal.status
        flash(_("%(count)s values saved.", count=count), "success")
        return redirect(self.url("test", pk=pk))

    @expose("/<int:pk>/signing", methods=["GET", "POST"])
    @has_access
    @permission_name("read")
    @refusable
    def signing(self, pk: int) -> Any:
        """The code that opens the acceptance on the customer's telephone; sent, it opens a new one, or `withdraw`s it."""
        order = self._record(pk, full=True)
        if request.method == "GET":
            return self._signing(order)
        if not current_actor().can(*acceptance.COMPLETES):
            abort(403)
        try:
            if request.form.get("do") == "withdraw":
                acceptance.withdraw(order)
            else:
                acceptance.open_to_customer(order, _result(request.form.get("result", "")))
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            return self._signing(self._record(pk, full=True), [text for texts in refusal.errors.values() for text in texts]), refusal.status
        return redirect(self.url("signing", pk=pk))

    def _signing(self, order: ServiceOrder, errors: list[str] | None = None) -> Any:
        if not acceptance.can_be_opened(order):
            return redirect(self.url("show", pk=order.id))
        link = f"{current_app.config['BASE_URL'].rstrip('/')}/a/{order.signing_token}" if acceptance.is_open(order) else ""
        chosen = request.form.get("result", order.result)
        results = [(result.value, words(result), result == chosen) for result in RepairResult]
        return render_template(
            "service/signing.html", order=order, link=link, code=qr_svg(link) if link else "", results=results, errors=errors or [],
            is_mine=order.engineer is not None and order.engineer.user_id == current_actor().user_id, url=self.url, words=words,
        )  # fmt: skip

    def _sheet(self, order: ServiceOrder, sheet: Any, again: bool, may_write: bool, errors: dict[str, str] | None = None) -> str:
        is_ahead = order.state in ("assigned", "accepted")  # opened for whoever arrived without a network
        others = [text for name, text in (errors or {}).items() if not name.isdigit()]
        return render_template(
            "service/test_sheet.html", order=order, sheet=sheet, again=again, is_ahead=is_ahead,
            may_write=may_write and (sheet.is_open or is_ahead), errors=others, has_errors=bool(errors),
            url=self.url, words=words,
        )  # fmt: skip


def _result(text: str) -> RepairResult | None:
    return RepairResult(text) if text in list(RepairResult) else None
