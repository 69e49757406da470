"""Looking: at each new case, and each month and quarter at all there is. Killed at any moment, nothing is half written and nothing is
found twice: what was found is committed with what it was found by, and an open signal takes what comes about its subject.

What was closed has been judged: cases up to then do not count again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from aftersales.devices.model import DeviceModel
from aftersales.labels import speaking
from aftersales.organization.code_list import Code
from aftersales.record.now import now, today
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest
from aftersales.signals import rates
from aftersales.signals.counting import (
    Count,
    Span,
    by_lot,
    by_model,
    by_part_lot,
    cases_of,
    midnight,
    months_before,
    part_numbers,
)
from aftersales.signals.kinds import SignalKind, SignalLook, Subject
from aftersales.signals.pending import SignalMark, SignalPending
from aftersales.signals.raising import join, raise_signal
from aftersales.signals.rates import Finding
from aftersales.signals.rule import Numbers, numbers_on
from aftersales.signals.signal import Signal, SignalCase

AT_ONCE = 200  # requests a pass
MOST_PARTS = 50
SAFETY_WORDS = "safety_word"
Counted = Mapping[str | None, Count]
Known = dict[tuple[object, date], Counted]  # by model or part number and first day: what a pass has counted already


def look(session: Session) -> int:
    """One pass: the requests that wait, then the month and the quarter where they have begun. Says how many signals were found. Commits."""
    with speaking("zh"):
        return look_at_cases(session) + look_at_all(session)


# -- at each new case --


def look_at_cases(session: Session) -> int:
    """Each request in a transaction of its own, with the row that said it waits."""
    waiting = session.execute(select(SignalPending.id, SignalPending.request_id).order_by(SignalPending.id).limit(AT_ONCE)).all()
    session.commit()
    found, known = 0, Known()
    for pending_id, request_id in waiting:
        if session.connection().execute(delete(SignalPending).where(SignalPending.id == pending_id)).rowcount == 1:
            request = session.get(ServiceRequest, request_id)
            if request is not None and request.state != "cancelled":
                found += len(look_at_request(session, request, known))
        session.commit()
    return found


def look_at_request(session: Session, request: ServiceRequest, known: Known | None = None) -> list[Signal]:
    """The signals that this case makes; of those that are open it becomes a case. The caller commits."""
    numbers, found = numbers_on(session, today()), []
    for subject, test in _subjects(session, request, numbers, {} if known is None else known):
        signal = open_signal(session, subject)
        if signal is not None:
            join(session, signal, request)
            continue
        span = Span(_since(session, subject, numbers), now() + timedelta(microseconds=1))
        if request.received_at >= span.since and (finding := test(span)) is not None and finding.is_signal:
            found.append(raise_signal(session, subject, finding, SignalLook.case, span, request))
    return found


Test = Callable[[Span], Finding | None]


def _subjects(session: Session, request: ServiceRequest, numbers: Numbers, known: Known) -> Iterator[tuple[Subject, Test]]:
    """What the case is about, each with its test."""
    device = request.device
    if words := _new_words(session, request):
        unknown = request.id if device is None else None
        subject = Subject(SignalKind.safety_words, device.model_id if device is not None else None, request_id=unknown)
        yield subject, lambda span: _counted(subject.kind, span, 1, 1, words)
    if device is None:
        return
    repeated = Subject(SignalKind.repeated, device.model_id, device.id)
    yield repeated, lambda span: _counted(repeated.kind, span, _count(session, repeated, span), numbers.repeat_cases)
    if device.lot_no:
        lot = Subject(SignalKind.batch, device.model_id, lot_no=device.lot_no)
        yield lot, lambda span: _lot_of(session, lot, span, numbers, known)
    for part_no, lot_no in _parts_in(session, device.id, request.received_at).items():
        part = Subject(SignalKind.part_batch, lot_no=lot_no, part_no=part_no)
        yield part, lambda span, part=part: _lot_of(session, part, span, numbers, known)  # type: ignore[misc]


def _lot_of(session: Session, subject: Subject, span: Span, numbers: Numbers, known: Known) -> Finding | None:
    """Its own cases first: they are few and found by index, the other lots of a model may have a hundred thousand."""
    if _count(session, subject, span) < numbers.least_cases:
        return None
    of = subject.part_no or subject.model_id
    if (of, span.first) not in known:
        known[of, span.first] = _counts(session, subject, span)
    return _against_others(subject, span, known[of, span.first], numbers)


def _new_words(session: Session, request: ServiceRequest) -> tuple[str, ...]:
    """The safety words of a request that no signal has for them yet. They stand in the list that administrators keep."""
    text = request.fault_text.casefold()
    words = tuple(word for word in session.scalars(select(Code.name).where(*Code.offered(SAFETY_WORDS)).order_by(Code.position))
                  if word.casefold() in text)  # fmt: skip
    told = select(SignalCase.id).join(Signal).where(SignalCase.request_id == request.id, Signal.kind == SignalKind.safety_words)
    return words if words and session.scalar(told.limit(1)) is None else ()


def _parts_in(session: Session, device_id: int, moment: datetime) -> dict[str, str]:
    """The lot of each part number fitted last, up to a moment."""
    fitted = (
        select(PartReplaced.part_no, PartReplaced.new_lot_no)
        .join(ServiceOrder, ServiceOrder.id == PartReplaced.order_id)
        .where(ServiceOrder.device_id == device_id, PartReplaced.created_at < moment)
        .order_by(PartReplaced.id.desc())
    )
    latest: dict[str, str | None] = {}
    for part_no, lot_no in session.execute(fitted.limit(MOST_PARTS)):
        latest.setdefault(part_no, lot_no)
    return {part_no: lot_no for part_no, lot_no in latest.items() if lot_no}


# -- at all there is, each month and quarter --


def look_at_all(session: Session) -> int:
    """Where a month has begun that was not looked at, all lots, part lots and models; at the beginning of a quarter its rises too."""
    month = today().replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    is_due = {which: _is_due(session, which, period) for which, period in ((SignalLook.month, month), (SignalLook.quarter, quarter))}
    session.commit()
    found = 0
    if is_due[SignalLook.month]:
        found += _look_at_lots(session, SignalLook.quarter if is_due[SignalLook.quarter] else SignalLook.month)
    for which, period, length in ((SignalLook.month, month, 1), (SignalLook.quarter, quarter, 3)):
        if is_due[which]:
            found += _look_at_rises(session, which, period, length)
            _set_mark(session, which, period)
            session.commit()
    return found


def _is_due(session: Session, which: SignalLook, period: date) -> bool:
    done = session.scalar(select(SignalMark.period).where(SignalMark.look == which))
    return done is None or done < period


def _set_mark(session: Session, which: SignalLook, period: date) -> None:
    mark = session.scalars(select(SignalMark).where(SignalMark.look == which)).one_or_none()
    if mark is None:
        session.add(SignalMark(look=which, period=period))
    else:
        mark.period = period


def _look_at_lots(session: Session, which: SignalLook) -> int:
    """Each model and each part number in a transaction and by statements of its own, so that none reads everything."""
    subjects = [Subject(SignalKind.batch, model_id) for model_id in session.scalars(select(DeviceModel.id).order_by(DeviceModel.id))]
    subjects += [Subject(SignalKind.part_batch, part_no=part_no) for part_no in part_numbers(session)]
    session.commit()
    return sum(_look_at_lots_of(session, which, subject) for subject in subjects)


def _look_at_lots_of(session: Session, which: SignalLook, whole: Subject) -> int:
    """The lots of one model or part number that had enough cases."""
    numbers, found, until = numbers_on(session, today()), 0, now() + timedelta(microseconds=1)
    window = Span(midnight(today() - timedelta(days=numbers.window_days)), until)
    known = {window.first: _counts(session, whole, window)}
    for lot_no, count in sorted((lot, count) for lot, count in known[window.first].items() if lot is not None):
        subject = replace(whole, lot_no=lot_no)
        if count.cases < numbers.least_cases or open_signal(session, subject) is not None:
            continue
        span = Span(_since(session, subject, numbers), until)
        if span.first not in known:
            known[span.first] = _counts(session, whole, span)
        finding = _against_others(subject, span, known[span.first], numbers)
        if finding is not None and finding.is_signal:
            raise_signal(session, subject, finding, which, span)
            found += 1
    session.commit()
    return found


def _look_at_rises(session: Session, which: SignalLook, period: date, length: int) -> int:
    """The last month or quarter of each model against the rest of the twelve months that ended with it."""
    numbers, months = numbers_on(session, today()), months_before(period)
    split, found = months[-1 - length], 0
    for model_id, (after, before) in by_model(session, months, split).items():
        subject = Subject(SignalKind.trend, model_id)
        finding = rates.of_rise(
            subject.kind, split, months[-1] - timedelta(days=1), observed=after.cases, exposure=after.days, others=before.cases,
            others_exposure=before.days, least=numbers.least_cases, alpha=numbers.alpha, look=which,
        )  # fmt: skip
        last = _last_closed(session, subject)
        if finding.is_signal and open_signal(session, subject) is None and (last is None or last < midnight(split)):
            raise_signal(session, subject, finding, which, Span(midnight(split), midnight(months[-1])))
            found += 1
            session.commit()
    return found


# -- what they share --


def _count(session: Session, subject: Subject, span: Span) -> int:
    return session.scalar(select(func.count()).select_from(cases_of(subject, span).subquery())) or 0


def _counts(session: Session, subject: Subject, span: Span) -> Counted:
    """The lots beside that of the subject, and its own."""
    if subject.kind is SignalKind.batch:
        return by_lot(session, subject.model_id, span)
    return by_part_lot(session, subject.part_no, span)


def _counted(kind: SignalKind, span: Span, observed: int, least: int, words: tuple[str, ...] = ()) -> Finding:
    return Finding(kind, span.first, span.last, observed, least, words=words)


def _against_others(subject: Subject, span: Span, counts: Counted, numbers: Numbers) -> Finding | None:
    own = counts.get(subject.lot_no, Count())
    rest = [count for lot, count in counts.items() if lot != subject.lot_no]
    if own.cases < numbers.least_cases:
        return None
    subjects = sum(1 for lot, count in counts.items() if lot is not None and count.days > 0)
    return rates.of_lot(
        subject.kind, span.first, span.last, observed=own.cases, exposure=own.days, others=sum(count.cases for count in rest),
        others_exposure=sum(count.days for count in rest), least=numbers.least_cases, alpha=numbers.alpha, subjects=max(1, subjects),
    )  # fmt: skip


def open_signal(session: Session, subject: Subject) -> Signal | None:
    return session.scalars(select(Signal).where(Signal.subject_key == subject.key, Signal.state != "closed")).one_or_none()


def _last_closed(session: Session, subject: Subject) -> datetime | None:
    return session.scalar(select(func.max(Signal.closed_at)).where(Signal.subject_key == subject.key))


def _since(session: Session, subject: Subject, numbers: Numbers) -> datetime:
    """The beginning of the window, or the last closing of a signal about the same where that is later."""
    days = numbers.repeat_days if subject.kind is SignalKind.repeated else numbers.window_days
    last = _last_closed(session, subject)
    begins = midnight(today() - timedelta(days=days))
    return begins if last is None else max(begins, last)
