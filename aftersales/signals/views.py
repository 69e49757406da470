"""The page of a signal beside the generic one: the arithmetic, the cases of each month, the cases, and what came of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView
from aftersales.service.request import ServiceRequest
from aftersales.signals import pending as _pending  # noqa: F401 — listens to every request
from aftersales.signals.signal import Signal, SignalCase

SHOWN = 50


class SignalView(RecordView):
    show_page_template = "signals/signal.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        """Cases of regions that the person does not see are counted, and not shown."""
        assert isinstance(record, Signal)
        beside = joinedload(SignalCase.request).options(
            joinedload(ServiceRequest.device).joinedload(Device.model), joinedload(ServiceRequest.complaint),
            joinedload(ServiceRequest.customer),
        )  # fmt: skip
        cases = select(SignalCase).where(SignalCase.signal_id == record.id).order_by(SignalCase.request_id.desc()).limit(SHOWN)
        shown = [case for case in db.session.scalars(cases.options(beside)) if case.request is not None]
        return {
            "cases": shown, "drawing": record.drawing(), "arithmetic": record.arithmetic(), "actions": list(record.corrective_actions()),
            "may": current_actor().can, "hidden_sections": ("cases", *(() if record.assessed_at else ("assessment",)),
                                                            *(() if record.closed_at else ("closing",))),
        }  # fmt: skip
