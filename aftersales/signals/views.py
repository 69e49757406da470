"""The page of a signal beside the generic one: the arithmetic, the cases of each month, the cases, and what came of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.improvement.following import follows
from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView
from aftersales.service.request import ServiceRequest
from aftersales.signals import pending as _pending  # noqa: F401 — listens to every request
from aftersales.signals.signal import Signal, SignalCase

SHOWN = 50


def cases_shown(signal: Signal) -> list[SignalCase]:
    """The latest cases of the regions that the person sees."""
    request = joinedload(SignalCase.request)
    beside = request.joinedload(ServiceRequest.device).joinedload(Device.model), request.joinedload(ServiceRequest.complaint)
    cases = select(SignalCase).where(SignalCase.signal_id == signal.id).order_by(SignalCase.request_id.desc()).limit(SHOWN)
    return [
        case for case in db.session.scalars(cases.options(*beside, request.joinedload(ServiceRequest.customer))) if case.request is not None
    ]


class SignalView(RecordView):
    show_page_template = "signals/signal.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Signal)
        unreached = (*(() if record.assessed_at else ("assessment",)), *(() if record.closed_at else ("closing",)))
        return {
            "cases": cases_shown(record), "drawing": record.drawing(), "arithmetic": record.arithmetic(),
            "follows": follows() if record.is_open else [], "hidden_sections": ("cases", *unreached),
        }  # fmt: skip
