"""How a complaint begins: with a request that is one, or as a proposal from what service brought to light."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from aftersales.complaints import handling
from aftersales.complaints.complaint import Complaint
from aftersales.labels import speaking
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import now
from aftersales.record.workflow import perform
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Harm, RequestKind, ServiceRequest


def take_in(request: ServiceRequest) -> Complaint:
    """The complaint of a request that is one: opened, and until it is confirmed as the desk writes it."""
    session: Session = object_session(request)
    with acting_as(SYSTEM), speaking("zh"):
        complaint = request.complaint
        if complaint is None:
            complaint = Complaint(request=request, received_at=request.received_at, **_told(request))
            handling.raise_severity(complaint)
            session.add(complaint)
            session.flush()
        elif complaint.state in ("proposed", "registered"):
            for name, value in _told(request).items():
                setattr(complaint, name, value)
            handling.raise_severity(complaint)
            complaint._audit_reason = _("As the service desk wrote it.")
            session.flush()
        if complaint.state == "proposed":
            perform(complaint, "open")
    return complaint


def take_in_earlier(session: Session) -> int:
    """A record for each open complaint of the time before complaints had any; says how many. The caller commits, safe to repeat."""
    open_ones = ServiceRequest.kind == RequestKind.complaint, ServiceRequest.state.in_(("received", "registered", "ordered"))
    earlier = session.scalars(select(ServiceRequest).where(*open_ones, ~ServiceRequest.complaint.has()).order_by(ServiceRequest.id)).all()
    for request in earlier:
        take_in(request)
    return len(earlier)


def propose(session: Session, order: ServiceOrder, reasons: list[str], *, could_harm: bool = False) -> Complaint | None:
    """A proposal with its reasons, one for each request: more reasons join one that waits, one that was dismissed is proposed again, and
    one that is being handled needs none. What could harm when it comes again is not sure until somebody says so. The caller commits."""
    text = "\n".join(reasons)
    with acting_as(SYSTEM), speaking("zh"):
        complaint = order.request.complaint
        if complaint is None:
            complaint = Complaint(request=order.request, received_at=now(), proposal_reasons=text, **_told(order.request))
            session.add(complaint)
        elif complaint.state == "not_a_complaint" and text not in (complaint.proposal_reasons or ""):
            perform(complaint, "propose_again", reason=text)
        elif complaint.state != "proposed":
            return None
        complaint.order = order
        if could_harm and complaint.recurrence_harm is None:
            complaint.recurrence_harm = Harm.not_sure
        complaint.proposal_reasons = "\n".join(dict.fromkeys([*(complaint.proposal_reasons or "").splitlines(), *reasons]))
        handling.raise_severity(complaint)
        session.flush()
    return complaint


def _told(request: ServiceRequest) -> dict[str, object]:
    return {
        "region_id": request.region_id, "complainant_name": request.caller_name, "complainant_contact": request.caller_phone,
        "complainant_organisation": request.customer.name if request.customer is not None else request.customer_text,
        "customer_id": request.customer_id, "device_id": request.device_id, "product_text": request.product_text,
        "serial_text": request.serial_text, "description": request.fault_text,
    }  # fmt: skip
