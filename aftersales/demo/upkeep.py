"""What goes on beside the calls: instruments are calibrated, forms revised, devices retired, people leave. Stories as in `stories`."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.orm import Session

from aftersales.demo.people import Cast
from aftersales.demo.products import Kind, Range, calibration, items_of
from aftersales.devices.device import Device
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.people.person import Person
from aftersales.record.actor import acting_as
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role

Story = Iterator[datetime]


def calibrate(session: Session, cast: Cast, instrument: TestInstrument) -> Story:
    """Sent out each year before its certificate ends."""
    while True:
        due = instrument.calibration_valid_until
        yield datetime.combine(due, time(2), UTC) - timedelta(days=9)
        with acting_as(cast.actors[Role.quality]):
            change(session, instrument, calibration(due - timedelta(days=9), instrument.serial_no), reason="年度校准，换发证书")


def leave(session: Session, cast: Cast, person: Person, moment: datetime) -> Story:
    yield moment
    with acting_as(cast.actors[Role.manager]):
        change(session, person, {"left_on": moment.date()}, reason="离职，账号与工具已交接")


def retire(cast: Cast, device: Device, moment: datetime) -> Story:
    yield moment
    with acting_as(cast.actors[Role.quality]):
        perform(device, "retire", reason="超过使用期限，院方已办理报废手续")


def revise(session: Session, cast: Cast, kind: Kind, found: Range, moment: datetime, *, is_approved: bool) -> Story:
    """A new version of the form; once approved, the one before gives way and later repairs are tested by the new."""
    yield moment
    with acting_as(cast.actors[Role.technical_support]):
        form = create(session, FunctionTest, {"name": kind.form.name, "family": kind.family, "items": items_of(kind.facts, found)})
    if not is_approved:
        return
    yield moment + timedelta(days=2)
    with acting_as(cast.actors[Role.quality]):
        perform(form, "approve")
    kind.form = form
