"""A signal that is found, and cases that join it: written, named, drawn and told."""

from collections.abc import Callable
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.labels import label
from aftersales.record.notices import tell
from aftersales.record.now import now, today
from aftersales.roles import Role
from aftersales.security.manager import users_with_role
from aftersales.service.lines import PartReplaced
from aftersales.service.request import ServiceRequest
from aftersales.signals.counting import Span, cases_of, monthly, months_before
from aftersales.signals.kinds import SignalKind, SignalLook, Subject
from aftersales.signals.rates import Finding
from aftersales.signals.signal import Signal, SignalCase

MOST_CASES = 200  # rows a signal begins with; the numbers count all
TOLD = (Role.complaint_officer, Role.quality, Role.manager)


def raise_signal(
    session: Session, subject: Subject, finding: Finding, which: SignalLook, span: Span, request: ServiceRequest | None = None
) -> Signal:
    """A new signal with its cases; those who assess and the managers are told."""
    wanted = [request.id] if subject.kind is SignalKind.safety_words and request is not None else None
    if wanted is None:
        latest = cases_of(subject, span).order_by(ServiceRequest.id.desc()).limit(MOST_CASES)
        wanted = sorted(set(session.scalars(latest)))
    requests = session.scalars(select(ServiceRequest).where(ServiceRequest.id.in_(wanted)).order_by(ServiceRequest.id)).all()
    signal = Signal(
        kind=subject.kind, subject=_title(session, subject, finding)[:250], subject_key=subject.key, model_id=subject.model_id,
        device_id=subject.device_id, part_no=subject.part_no, lot_no=subject.lot_no, look=which, found_at=now(),
        last_case_at=max(request.received_at for request in requests), case_count=len(requests), finding=finding.to_json(),
        months=_months(session, subject, finding),
    )  # fmt: skip
    signal.cases = [SignalCase(request=request, region_id=request.region_id, added_at=now()) for request in requests]
    session.add(signal)
    session.flush()
    _tell(session, signal, lambda: _("Signal of risk: %(kind)s", kind=label(f"signal_kind.{signal.kind}")), f"signal:{signal.id}")
    return signal


def join(session: Session, signal: Signal, request: ServiceRequest) -> None:
    """One more case of what is open. It is told once a day."""
    there = select(SignalCase.id).where(SignalCase.signal_id == signal.id, SignalCase.request_id == request.id)
    if session.scalar(there) is not None:
        return
    session.add(SignalCase(signal=signal, request=request, region_id=request.region_id, added_at=now()))
    signal.months = _months(session, signal.matter, Finding.from_json(signal.finding))
    signal.case_count += 1
    signal.last_case_at = max(signal.last_case_at, request.received_at)
    signal._audit_reason = _("One more case: %(number)s", number=request.number)
    session.flush()
    key = f"signal:{signal.id}:{today().isoformat()}"
    _tell(session, signal, lambda: _("One more case of signal %(number)s", number=signal.number), key)


def _title(session: Session, subject: Subject, finding: Finding) -> str:
    model = session.get(DeviceModel, subject.model_id) if subject.model_id is not None else None
    match subject.kind:
        case SignalKind.repeated:
            device = session.get(Device, subject.device_id)
            return f"{model} {device.hint if device is not None else ''}"
        case SignalKind.batch:
            return _("%(model)s, lot %(lot)s", model=model, lot=subject.lot_no)
        case SignalKind.part_batch:
            name = session.scalar(
                select(PartReplaced.name).where(PartReplaced.part_no == subject.part_no).order_by(PartReplaced.id).limit(1)
            )
            return _("%(model)s, lot %(lot)s", model=f"{name} {subject.part_no}", lot=subject.lot_no)
        case SignalKind.safety_words:
            return " · ".join([str(model or _("Unknown device")), "、".join(finding.words)])
        case _:
            return str(model)


def _months(session: Session, subject: Subject, finding: Finding) -> dict[str, object]:
    """The cases of each month until now, and what would have been expected in one; nothing for words, of which each is one too many."""
    if subject.kind is SignalKind.safety_words:
        return {}
    months = months_before(today())
    days = (finding.until - finding.since).days + 1
    expected = finding.expected / days * 365 / 12 if finding.p is not None else None
    return {
        "first": f"{months[0]:%Y-%m}",
        "counts": monthly(session, subject, months, now() + timedelta(microseconds=1)),
        "expected": expected,
    }


def _tell(session: Session, signal: Signal, subject: Callable[[], str], key: str) -> None:
    region_id = signal.device.region_id if signal.device is not None else None
    users = [user_id for role in TOLD for user_id in users_with_role(role, region_id)]
    urgent = signal.kind is SignalKind.safety_words
    tell(session, users, key=key, words=lambda: (subject(), signal.subject), url=f"/signal/show/{signal.id}", is_urgent=urgent)
