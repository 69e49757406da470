"""The page of a service request beside the generic one: the vigilance mark in sight, the order it became, the caller's link."""

from typing import Any

from flask import current_app
from werkzeug.datastructures import MultiDict

from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.forms import RecordForm
from aftersales.record.views import RecordView
from aftersales.record.words import Transition
from aftersales.service.request import ServiceRequest


class ServiceRequestView(RecordView):
    show_page_template = "service/request.html"

    def _ask(self, record: SharedRecord, transition: Transition, formdata: MultiDict[str, str] | None = None) -> RecordForm:
        """The fault level follows from the answers where nobody chooses another."""
        form = super()._ask(record, transition, formdata)
        if "fault_level" in form:
            form.fault_level.flags.required = False
        return form

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ServiceRequest)
        return {
            "order": record.order, "assessment": record.assessment,
            "progress_url": f"{current_app.config['BASE_URL']}/t/{record.progress_token}",
            "may_register": record.state == "received" and current_actor().can("can_register", "ServiceRequest"),
        }  # fmt: skip
