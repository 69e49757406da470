"""What an engineer enters: the parts of the fault's story and a value for each item of the test."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.devices.form_item import FunctionTestItem, ItemKind
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.record.now import now, today
from aftersales.service.lines import Measurement, PartReplaced
from aftersales.service.order import ServiceOrder


def hand_in(session: Session, lines: Sequence[Any]) -> None:
    """Lines of an order, each checked as from the form, written at once."""
    session.add_all(lines)
    with session.no_autoflush:
        for line in lines:
            line.on_create()
    session.flush()


def parts_of(order: ServiceOrder, fault: dict[str, Any], rng: Random) -> list[PartReplaced]:
    return [PartReplaced(order=order, reason=fault["cause"][:60], **_marks(rng, *part)) for part in fault["parts"]]


def measure(session: Session, order: ServiceOrder, form: FunctionTest, failing: str | None, rng: Random) -> list[Measurement]:
    """Every item of the form within its limits; the one named `failing` well beyond them."""
    in_region = session.scalars(select(TestInstrument).where(TestInstrument.region_id == order.region_id))
    instruments = {instrument.kind_id: instrument for instrument in in_region if instrument.is_calibrated_on(today())}
    return [
        Measurement(
            order=order,
            item=item,
            measured_at=now() - timedelta(minutes=max(1, 40 - 3 * item.position)),
            instrument=instruments.get(item.instrument_kind_id),
            **_answer(item, item.name == failing, rng),
        )
        for item in form.items
    ]


def _answer(item: FunctionTestItem, fails: bool, rng: Random) -> dict[str, Any]:
    if item.kind is ItemKind.pass_fail:
        return {"is_passed": not fails, "remark": None}
    if fails:
        return {"value": _rounded(item.upper * Decimal("1.9"), item), "remark": "超出限值，复测两次结果一致"}
    if item.lower is not None and item.upper is not None:
        reach = min(item.upper - item.nominal, item.nominal - item.lower)
        value = item.nominal + reach * Decimal(rng.triangular(-0.7, 0.7, 0))
    elif item.lower is not None:
        value = item.nominal + (item.nominal - item.lower) * Decimal(rng.uniform(-0.6, 0.8))
    else:
        value = item.nominal * Decimal(rng.uniform(0.9, 1.12))
    return {"value": _rounded(value, item), "remark": None}


def _rounded(value: Decimal, item: FunctionTestItem) -> Decimal:
    """As many digits as the instrument of such limits shows."""
    size = max(abs(limit) for limit in (item.lower, item.upper) if limit is not None)
    return round(value, 3 if size < 1 else 2 if size < 5 else 1 if size < 100 else 0)


def _marks(rng: Random, part_no: str, title: str, tracing: str = "serial") -> dict[str, Any]:
    """A part is told apart by its serial number, or by its lot where it has none."""
    old, new = (f"{year}{rng.randrange(10, 13)}{rng.randrange(1000, 9999)}" for year in (now().year % 100 - 3, now().year % 100))
    if tracing == "lot":
        return {"part_no": part_no, "name": title, "old_lot_no": f"L{old}", "new_lot_no": f"L{new}"}
    return {"part_no": part_no, "name": title, "old_serial_no": f"S{old}", "new_serial_no": f"S{new}"}
