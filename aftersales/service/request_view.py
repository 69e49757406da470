"""The page of a service request beside the generic one: the vigilance mark in sight, the order it became, the caller's link."""

from typing import Any

from flask import current_app

from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView
from aftersales.service.request import ServiceRequest


class ServiceRequestView(RecordView):
    show_page_template = "service/request.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ServiceRequest)
        return {
            "order": record.order, "assessment": record.assessment,
            "progress_url": f"{current_app.config['BASE_URL']}/t/{record.progress_token}",
            "may_register": record.state == "received" and current_actor().can("can_register", "ServiceRequest"),
        }  # fmt: skip
