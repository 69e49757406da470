"""The function-test sheet: every item of the form in force on one page, answered and saved in one go."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from werkzeug.datastructures import MultiDict

from aftersales.devices.answering import Row, answer_of, mark_of, row_of
from aftersales.devices.form_item import FunctionTestItem
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.labels import label
from aftersales.organization.code_list import Code
from aftersales.record.display import words
from aftersales.record.now import CHINA, now
from aftersales.record.refusal import Conflict, Refusal
from aftersales.record.saving import settle
from aftersales.service import completion
from aftersales.service.completion import latest
from aftersales.service.lines import Measurement
from aftersales.service.order import ServiceOrder

OPEN_STATES = ("working", "in_workshop")
MOST_INSTRUMENTS = 100


@dataclass(frozen=True)
class Choice:
    """An instrument as the person chooses it; one out of calibration is shown and cannot be chosen."""

    instrument: TestInstrument
    is_calibrated: bool


@dataclass(frozen=True)
class Sheet:
    """`kinds` are the instruments to name once for all items that want one of that kind."""

    form: FunctionTest | None
    rows: list[Row]
    kinds: list[tuple[Code, list[Choice], int | None]]
    is_open: bool

    @property
    def done(self) -> int:
        return sum(row.given is not None for row in self.rows)

    @property
    def failed(self) -> int:
        return sum(row.given is not None and row.given.verdict == "failed" for row in self.rows)


def sheet_of(
    session: Session,
    order: ServiceOrder,
    sent: MultiDict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    *,
    again: bool = False,
) -> Sheet:
    """The sheet as it stands, or with what was sent and refused. `again`: empty, for a second test beside the first."""
    form = _form(session, order)
    if form is None:
        return Sheet(None, [], [], False)
    given = {} if again else latest(order.measurements)
    rows = [row_of(item, given.get(item.id), sent, errors or {}) for item in form.items]
    return Sheet(form, rows, _instruments(session, order, form, given, sent), order.state in OPEN_STATES)


def save(session: Session, order: ServiceOrder, sent: MultiDict[str, str], *, again: bool = False) -> int:
    """Write what was answered anew or otherwise than before, and say how many. Refusal by item; nothing is written then."""
    if order.state not in OPEN_STATES:
        raise Refusal(_("Test values are entered while the device is being repaired."))
    form = _form(session, order)
    if form is None:
        raise Refusal(_("There is no function test in force for %(model)s.", model=str(order.device.model)))
    given, written, errors = {} if again else latest(order.measurements), [], {}
    moved: list[tuple[FunctionTestItem, Measurement | None, dict[str, Any]]] = []
    chosen = {text: _instrument_id(sent, text) for text in {str(item.instrument_kind_id) for item in form.items if item.instrument_kind_id}}
    for item in form.items:
        try:
            answer = answer_of(item, sent)
        except Refusal as refusal:
            errors[str(item.id)] = str(refusal)
            continue
        measurement = given.get(item.id)
        if not again and answer is not None and sent.get(f"was-{item.id}", mark_of(measurement)) != mark_of(measurement):
            moved.append((item, measurement, answer))
            continue
        if answer is None:
            if measurement is not None:
                errors[str(item.id)] = _("An entered value is replaced by another, not emptied.")
            continue
        values = answer | {
            "instrument_id": chosen.get(str(item.instrument_kind_id)),
            "remark": sent.get(f"remark-{item.id}", "").strip()[:2000] or None,
        }
        if measurement is None:
            written.append(Measurement(order=order, region_id=order.region_id, item=item, item_id=item.id, measured_at=now(), **values))
        elif any(getattr(measurement, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(measurement, name, value)
            measurement.measured_at = now()
            written.append(measurement)
    if errors:
        raise Refusal(errors={name: [text] for name, text in errors.items()})
    if moved:
        raise _conflict(moved)
    order.function_test = order.function_test or form
    session.add_all(written)
    with session.no_autoflush:  # all rows go in together, once each is judged
        for measurement in written:
            measurement.on_change()
    settle(session, lambda: None)
    return len(written)


def _conflict(moved: list[tuple[FunctionTestItem, Measurement | None, dict[str, Any]]]) -> Conflict:
    """Values that somebody else wrote since this person opened the sheet, beside theirs."""
    text = _("Somebody measured this while you were writing. Look at it again.")
    conflict = Conflict(errors={str(item.id): [text] for item, _theirs, _mine in moved})
    conflict.differences = tuple(
        (item.name, _said(**mine), _said(theirs.value, theirs.is_passed, theirs.answer) if theirs is not None else "")
        for item, theirs, mine in moved
    )
    conflict.renew = {f"was-{item.id}": mark_of(theirs) for item, theirs, _mine in moved}
    return conflict


def _said(value: Decimal | None, is_passed: bool | None, answer: str | None) -> str:
    return answer or (words(value) if is_passed is None else label(f"verdict.{'passed' if is_passed else 'failed'}"))


def _form(session: Session, order: ServiceOrder) -> FunctionTest | None:
    form = completion.form_of(order)
    if form is None:
        return None
    loaded = select(FunctionTest).where(FunctionTest.id == form.id).execution_options(populate_existing=True)
    return session.scalars(loaded.options(selectinload(FunctionTest.items).joinedload(FunctionTestItem.instrument_kind))).one()


def _instrument_id(sent: MultiDict[str, str], kind: str) -> int | None:
    chosen = sent.get(f"instrument-{kind}", type=int)
    return chosen if chosen is not None and 0 < chosen < 2**63 else None


def _instruments(
    session: Session, order: ServiceOrder, form: FunctionTest, given: dict[int, Measurement], sent: MultiDict[str, str] | None
) -> list[tuple[Code, list[Choice], int | None]]:
    kinds = {item.instrument_kind.id: item.instrument_kind for item in form.items if item.instrument_kind is not None}
    if not kinds:
        return []
    used = {m.item.instrument_kind_id: m.instrument_id for m in given.values() if m.instrument_id is not None}
    here = or_(TestInstrument.region_id == order.region_id, TestInstrument.id.in_(used.values()))
    chosen = select(TestInstrument).where(TestInstrument.kind_id.in_(kinds), here).options(joinedload(TestInstrument.kind))
    rows = session.scalars(chosen.order_by(TestInstrument.calibration_valid_until.desc(), TestInstrument.id).limit(MOST_INSTRUMENTS))
    day = now().astimezone(CHINA).date()
    choices: dict[int, list[Choice]] = {kind: [] for kind in kinds}
    for instrument in rows:
        choices[instrument.kind_id].append(Choice(instrument, instrument.is_calibrated_on(day)))
    return [(code, choices[kind], _chosen(kind, choices[kind], used, sent)) for kind, code in kinds.items()]


def _chosen(kind: int, choices: list[Choice], used: dict[int | None, int | None], sent: MultiDict[str, str] | None) -> int | None:
    """What was sent, else what was used before, else the only one that could be used."""
    if sent is not None:
        return _instrument_id(sent, str(kind))
    fit = [choice.instrument.id for choice in choices if choice.is_calibrated]
    return used.get(kind) or (fit[0] if len(fit) == 1 else None)
