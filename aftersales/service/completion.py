"""When a repair is complete: everything that must be true before the customer signs, and what it means for the device (R5)."""

from dataclasses import replace
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import object_session

from aftersales.devices.function_test import form_for
from aftersales.people.gate import qualified, why_not
from aftersales.people.qualification import Work
from aftersales.record.actor import acting_as, current_actor
from aftersales.record.now import CHINA
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform

if TYPE_CHECKING:
    from aftersales.devices.function_test import FunctionTest
    from aftersales.service.lines import Measurement
    from aftersales.service.order import ServiceOrder

CAUSES = "fault_cause"


def refuse_incomplete(order: "ServiceOrder") -> None:
    """Raises Refusal with every reason at once, so that the engineer goes back to the device one time only."""
    errors = _unfinished(order)
    if sentences := _result_faults(order):
        errors["result"] = sentences
    if errors:
        raise Refusal(errors=errors)


def refuse_unfinished(order: "ServiceOrder") -> None:
    """The same but for the customer's acceptance: what must be true before they are asked for it."""
    if errors := _unfinished(order):
        raise Refusal(errors=errors)


def _unfinished(order: "ServiceOrder") -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for field, sentences in (
        ("plan_explained_at", _explanation_faults(order)),
        ("measurements", _test_faults(order)),
        ("engineer_id", _qualification_faults(order)),
    ):
        if sentences:
            errors[field] = sentences
    for field in ("cause", "cause_category_id", "plan"):
        if getattr(order, field) in (None, ""):
            errors[field] = [_("%(field)s is missing.", field=order.field_label(field))]
    return errors


def refuse_open_ends(order: "ServiceOrder") -> None:
    """A loaner that is still out, or back and not disinfected, keeps the order from being closed: its whereabouts must be known."""
    out = [loaner.device.hint for loaner in order.loaners if not loaner.is_settled]
    if out:
        raise Refusal(_("The loaner is not back and disinfected: %(devices)s", devices=", ".join(out)), field="loaners")


def refuse_foreign_cause(order: "ServiceOrder") -> None:
    category = order.cause_category
    if category is not None and category.code_list.code != CAUSES:
        raise Refusal(_("Choose an entry of the list of causes."), field="cause_category_id")


def form_of(order: "ServiceOrder") -> "FunctionTest | None":
    """The version this repair is tested by: the one that counted when work began, else the one that counts today."""
    return order.function_test or form_for(object_session(order), order.device.model)


def mark_device(order: "ServiceOrder") -> None:
    """A device that failed must not be used; one that passed may be used again. The completion itself carries the right to say so."""
    device, unsafe = order.device, order.result == "not_to_be_used"
    verb = "ban" if unsafe and device.state == "in_use" else "release" if not unsafe and device.state == "not_to_be_used" else None
    if verb is None:
        return
    actor = current_actor()
    with acting_as(replace(actor, permissions=actor.permissions | {(f"can_{verb}", "Device")})):
        perform(device, verb, reason=_("Result of service order %(number)s.", number=order.number))


def latest(measurements: "list[Measurement]") -> "dict[int, Measurement]":
    """The last measurement of each item: a repeated test replaces the one before, which stays on record."""
    return {m.item_id: m for m in sorted(measurements, key=lambda m: (m.measured_at, m.id or 0))}


def _test_faults(order: "ServiceOrder") -> list[str]:
    """Failed tests are the truth of a device that must not be used; missing ones and bad instruments are nobody's truth."""
    form = form_of(order)
    if form is None:
        return [_("There is no function test in force for %(model)s.", model=str(order.device.model))]
    given = latest(order.measurements)
    faults = [_("%(item)s has not been tested.", item=item.name) for item in form.items if item.is_required and item.id not in given]
    for measurement in given.values():
        if order.result != "not_to_be_used" or not _has_failed(measurement):
            faults += measurement.faults()
        calibration = measurement.calibration_fault()
        if calibration is not None:
            faults.append(calibration)
    return faults


def _has_failed(measurement: "Measurement") -> bool:
    return measurement.item.judge(measurement.value, measurement.is_passed, measurement.answer) == "failed"


def _result_faults(order: "ServiceOrder") -> list[str]:
    """The customer's acceptance: what came of it, and who says so."""
    gaps = [name for name in ("result", "accepted_by", "satisfaction") if getattr(order, name) in (None, "")]
    words = ", ".join(order.field_label(name) for name in gaps)
    return [_("The customer's acceptance is missing: %(fields)s", fields=words)] if gaps else []


def _explanation_faults(order: "ServiceOrder") -> list[str]:
    if order.plan_explained_to and order.plan_explained_at:
        return []
    return [_("Cause and plan have not been explained to the user: say to whom and when.")]


def _qualification_faults(order: "ServiceOrder") -> list[str]:
    """Who repaired was qualified on the day they began, or quality answered for it."""
    day, model, session = order.arrived_at.astimezone(CHINA).date(), order.device.model, object_session(order)
    if qualified(session, order.engineer_id, model, Work.repair, day) or any(d.person_id == order.engineer_id for d in order.deviations):
        return []
    return [why_not(order.engineer, model, Work.repair, day)]
