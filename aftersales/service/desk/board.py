"""The dispatch board: what is due next, whom to send, and the assignment itself, one by one or many at once."""

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.page import Page, guarded
from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.display import words
from aftersales.record.forms import form_class
from aftersales.record.refusal import Refusal
from aftersales.record.saving import settle
from aftersales.record.workflow import perform
from aftersales.service.desk.crew import Crew, crew_for, workforce
from aftersales.service.desk.due import OPEN, count_by_region, due_page, figures
from aftersales.service.fault import FaultLevel
from aftersales.service.order import ServiceOrder
from aftersales.service.standing import STANDINGS, standing_of, standing_words

FILTERS = ("region_id", "state", "why", "level", "clock")
MOST_AT_ONCE = 25
WITH_DEVIATION = "assign_with_deviation"


@dataclass(frozen=True)
class Outcome:
    """What became of one order of a bulk assignment: `refusal` is empty when it was assigned."""

    order: ServiceOrder
    refusal: str


class DispatchPage(Page):
    route_base = "/dispatch"
    default_view = "index"
    section = "service"
    permission = ("can_read", "ServiceOrder")

    @classmethod
    def title(cls) -> str:
        return _("Dispatch board")

    @expose("/")
    @guarded
    def index(self) -> Any:
        return _page(_chosen(request.args.get("order", type=int)))

    @expose("/<int:pk>/assign", methods=["POST"])
    @guarded
    def assign(self, pk: int) -> Any:
        """Send the chosen person. Which verb that is follows from the order's state; quality names its own."""
        order = _chosen(pk)
        if order is None:
            abort(404)
        form = form_class(ServiceOrder, ("engineer_id", "planned_at"))(formdata=request.form)
        if not form.validate():
            return _page(order, [text for field in form for text in field.errors], 422)
        reason = form.change_reason.data or ""
        verb = WITH_DEVIATION if request.form.get("verb") == WITH_DEVIATION else _verb(order)
        try:
            settle(db.session, lambda: perform(order, verb, values=_values(order, form.values()), reason=reason))
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            return _page(_chosen(pk), [text for texts in refusal.errors.values() for text in texts], refusal.status)
        flash(_("%(order)s: %(person)s is sent.", order=order.number, person=order.engineer.name), "success")
        return redirect(url_for(".index", **_kept()))

    @expose("/assign", methods=["POST"])
    @guarded
    def assign_many(self) -> Any:
        """Send one person to several orders. Each is decided alone: what was refused is told with its reason, the rest is done."""
        ids = list(dict.fromkeys(request.form.getlist("orders", type=int)))[:MOST_AT_ONCE]
        person_id = request.form.get("engineer_id", type=int)
        person = db.session.scalars(select(Person).where(Person.id == person_id)).one_or_none() if person_id and person_id < 2**63 else None
        if not ids or person is None:
            raise Refusal(_("Tick the orders and choose the engineer."))
        reason = request.form.get("reason", "")[:500]
        outcomes = [outcome for pk in ids if (outcome := _try(pk, person.id, reason)) is not None]
        return render_template("service/assigned.html", outcomes=outcomes, person=_person(person.id), back=url_for(".index", **_kept()))


def _verb(order: ServiceOrder) -> str:
    return "assign" if order.state == "opened" else "reassign"


def _values(order: ServiceOrder, values: dict[str, Any]) -> dict[str, Any]:
    """An appointment that was not given again stays."""
    return values if values["planned_at"] is not None else {"engineer_id": values["engineer_id"], "planned_at": order.planned_at}


def _try(pk: int, person_id: int, reason: str) -> Outcome | None:
    order = _chosen(pk)
    if order is None:
        return None
    try:
        values = _values(order, {"engineer_id": person_id, "planned_at": None})
        settle(db.session, lambda: perform(order, _verb(order), values=values, reason=reason))
        db.session.commit()
    except Refusal as refusal:
        db.session.rollback()
        return Outcome(_chosen(pk), str(refusal))
    return Outcome(order, "")


def _person(person_id: int) -> Person:
    return db.session.scalars(select(Person).where(Person.id == person_id)).one()


def _chosen(pk: int | None) -> ServiceOrder | None:
    if pk is None:
        return None
    chosen = select(ServiceOrder).where(ServiceOrder.id == pk)
    options = (
        joinedload(ServiceOrder.customer),
        joinedload(ServiceOrder.engineer),
        joinedload(ServiceOrder.device).joinedload(Device.model),
    )
    order = db.session.scalars(chosen.options(*options)).unique().one_or_none() if 0 < pk < 2**63 else None
    if order is None:
        abort(404)
    return order


def _kept() -> dict[str, str]:
    """The filters of the board, which every action on it brings back."""
    return {name: request.values[name] for name in (*FILTERS, "after") if request.values.get(name)}


def _page(order: ServiceOrder | None, errors: list[str] | None = None, status: int = 200) -> Any:
    actor, kept = current_actor(), _kept()
    page = due_page(db.session, kept)  # first of all: it refuses what the filters do not mean
    crew = crew_for(db.session, order) if order is not None and order.state in OPEN else Crew([], 0)
    anywhere = {name: value for name, value in kept.items() if name not in ("region_id", "after")}
    regions = count_by_region(db.session, anywhere) if actor.region_ids is None or len(actor.region_ids) > 1 else []
    verb = _verb(order) if order is not None else "assign"
    may_assign = actor.can(f"can_{verb}", "ServiceOrder")
    body = render_template(
        "service/dispatch.html",
        page=page, figures=figures(db.session), kept=kept, order=order, crew=crew, errors=errors or _why_not(crew), words=words,
        picks=_picks(regions, kept, anywhere), standings=STANDINGS, standing_of=standing_of, standing_words=standing_words,
        states=OPEN, levels=list(FaultLevel), verb=verb, form=request.values, may_assign=may_assign,
        people=workforce(db.session, request.args.get("region_id", type=int)) if order is None and may_assign else [],
        may_deviate=actor.can(f"can_{WITH_DEVIATION}", "ServiceOrder"), may_bulk=actor.can("can_assign", "ServiceOrder"),
    )  # fmt: skip
    return (body, status) if status != 200 else body


def _why_not(crew: Crew) -> list[str]:
    """The refusal that sending the person named in the address would meet; a drop onto somebody who cannot go leads here."""
    asked = request.args.get("engineer_id", type=int)
    return [mate.refusal for mate in crew.others if mate.person.id == asked]


def _picks(regions: list[tuple[Region, int]], kept: dict[str, str], anywhere: dict[str, str]) -> list[dict[str, Any]]:
    """The regions of what is shown, each with how many orders it has; nothing where there is but one."""
    chosen = kept.get("region_id", "")
    if len(regions) < 2 and not chosen:
        return []
    everywhere = {"label": _("All regions"), "url": url_for(".index", **anywhere), "is_active": not chosen}
    return [everywhere] + [
        {
            "label": region.name, "text": count, "is_active": chosen == str(region.id),
            "url": url_for(".index", **anywhere, region_id=region.id),
        }
        for region, count in regions
    ]  # fmt: skip
