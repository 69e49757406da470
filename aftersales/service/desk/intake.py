"""The intake desk (R2): one form from the call to the number that is read to the caller, and the queue of what waits for it."""

from datetime import UTC
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict

from aftersales.columns import row_id
from aftersales.customers.contract import contract_in_force
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.clocks import next_open
from aftersales.record.custom import is_custom
from aftersales.record.display import words
from aftersales.record.form_page import show_at_fields
from aftersales.record.forms import RecordForm, form_class
from aftersales.record.now import CHINA, now
from aftersales.record.privacy import note_reading, read_personal, without_masks
from aftersales.record.refusal import NotFound, Refusal
from aftersales.record.saving import change, create, settle
from aftersales.record.workflow import gap_sentence, perform
from aftersales.service.desk.finding import Finding, find
from aftersales.service.desk.foresight import foresee
from aftersales.service.fault import level_of
from aftersales.service.request import ANSWERS, Channel, RequestKind, ServiceRequest

CALL = (
    "kind", "channel", "received_at", "caller_name", "caller_phone", "customer_id", "customer_text", "device_id", "product_text",
    "serial_text", "fault_text",
)  # fmt: skip
LEVEL = (*ANSWERS, "fault_level", "fault_level_reason", "harm")
ASKED = ("customer_id", "harm")  # what registering needs, whoever calls; of a fault the answers about the device too
QUEUE = 20


class IntakePage(Page):
    """`do` says what the form is sent for: look (find the device, tell what will happen), keep, register, or register and order."""

    route_base = "/intake"
    default_view = "index"
    section = "service"
    permission = ("can_register", "ServiceRequest")

    @classmethod
    def title(cls) -> str:
        return _("Intake desk")

    @expose("/")
    @guarded
    def index(self) -> Any:
        waiting = _waiting(request.args.get("request", type=int))
        if waiting is not None:
            note_reading(waiting)
        return _page(_form(None, waiting), waiting)

    @expose("/", methods=["POST"])
    @guarded
    def take(self) -> Any:
        waiting = _waiting(request.form.get("request", type=int))
        form, finding = _form(request.form, waiting), _scanned(request.form)
        if finding.device is not None:
            form.device_id.data, form.device_id.missing = finding.device.id, False
        do = request.form.get("do", "look")
        if do == "look":
            for field in form:
                field.errors = []
            return _page(form, waiting, finding)
        _fill_customer(form)
        complete = form.validate()
        if do != "keep":
            complete = _refuse_gaps(form) and complete
        if not complete:
            return _page(form, waiting, finding, 422)
        try:
            taken = _take(form, waiting, do)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            if isinstance(refusal, NotFound):
                abort(404)
            show_at_fields(form, refusal)
            return _page(form, _waiting(request.form.get("request", type=int)), finding, refusal.status)
        return redirect(url_for(".done", pk=taken.id))

    @expose("/done/<int:pk>")
    @guarded
    def done(self, pk: int) -> Any:
        """What to tell the caller, and what comes next."""
        chosen = (
            select(ServiceRequest)
            .where(ServiceRequest.id == pk)
            .options(joinedload(ServiceRequest.order), joinedload(ServiceRequest.customer))
        )
        taken = db.session.scalars(chosen).unique().one_or_none() if pk < 2**63 else None
        if taken is None:
            abort(404)
        clock = next_open(db.session, type(taken.order), [taken.order.id]).get(taken.order.id) if taken.order else None
        return render_template("service/intake_done.html", taken=taken, clock=clock, words=words, may=current_actor().can)

    @expose("/done/<int:pk>/order", methods=["POST"])
    @guarded
    def order(self, pk: int) -> Any:
        taken = db.session.scalars(select(ServiceRequest).where(ServiceRequest.id == pk)).one_or_none() if pk < 2**63 else None
        if taken is None:
            abort(404)
        try:
            settle(db.session, lambda: perform(taken, "order", values={"device_id": taken.device_id}))
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            flash(str(refusal), "danger")
        return redirect(url_for(".done", pk=pk))


def _form(formdata: MultiDict[str, str] | None, waiting: ServiceRequest | None) -> RecordForm:
    preset = {
        "kind": RequestKind.fault, "channel": Channel.hotline, "received_at": now(),
        "device_id": request.args.get("device_id", type=row_id),
    }  # fmt: skip
    form = form_class(ServiceRequest, (*CALL, *_added(), *LEVEL))(formdata=formdata, obj=waiting, data=None if waiting else preset)
    if formdata is None and waiting is not None:
        for name in ServiceRequest.personal:
            form[name].data = read_personal(ServiceRequest, name, form[name].data)
    return form


def _added() -> tuple[str, ...]:
    """The company's own fields: asked with the call, whatever their section."""
    return tuple(name for name in ServiceRequest.form_fields() if is_custom(name))


def _waiting(request_id: int | None) -> ServiceRequest | None:
    """The request of the queue that is being registered."""
    if request_id is None:
        return None
    found = db.session.scalars(select(ServiceRequest).where(ServiceRequest.id == request_id)).one_or_none() if request_id < 2**63 else None
    if found is None:
        abort(404)
    if found.state != "received":
        raise Refusal(_("%(number)s is already registered.", number=found.number))
    return found


def _scanned(form: MultiDict[str, str]) -> Finding:
    code = form.get("code", "").strip()
    return find(db.session, code[:300]) if code else Finding([], [])


def _fill_customer(form: RecordForm) -> None:
    """A device stands at its customer; what was typed beside it stays, and is refused where it contradicts."""
    device = _device(form)
    if device is not None and form.customer_id.data is None and not form.customer_id.missing:
        form.customer_id.data = device.customer_id


def _device(form: RecordForm) -> Device | None:
    if form.device_id.data is None:
        return None
    chosen = select(Device).where(Device.id == form.device_id.data).options(joinedload(Device.model), joinedload(Device.customer))
    return db.session.scalars(chosen).unique().one_or_none()


def _refuse_gaps(form: RecordForm) -> bool:
    asked = ASKED if form.kind.data == RequestKind.complaint else (*ASKED, *ANSWERS)
    missing = [name for name in asked if form[name].data is None and not form[name].errors]
    for name in missing:
        form[name].errors = [gap_sentence(ServiceRequest(), name)]
    return not missing


def _take(form: RecordForm, waiting: ServiceRequest | None, do: str) -> ServiceRequest:
    """Everything in one transaction: the request, its registration, and its order where that was asked."""
    values = form.values()
    call = {name: values[name] for name in (*CALL, *_added())}
    if waiting is None:
        taken = create(db.session, ServiceRequest, call | ({name: values[name] for name in LEVEL} if do == "keep" else {}))
    else:
        taken = waiting
        change(db.session, taken, without_masks(taken, call))
    if do == "keep":
        return taken
    level = {name: values[name] for name in LEVEL}
    settle(db.session, lambda: perform(taken, "register", values=level | {"customer_id": taken.customer_id, "device_id": taken.device_id}))
    if do == "order":
        settle(db.session, lambda: perform(taken, "order", values={"device_id": taken.device_id}))
    return taken


def _page(form: RecordForm, waiting: ServiceRequest | None, finding: Finding | None = None, status: int = 200) -> Any:
    device = _device(form)
    answers = [form[name].data for name in ANSWERS]
    derived = level_of(*answers) if None not in answers else None
    level = form.fault_level.data or derived
    received_at = form.received_at.data or now()
    contract = (
        contract_in_force(db.session, device, received_at.astimezone(CHINA).date()) if device is not None and device.customer_id else None
    )
    queue = list(
        db.session.scalars(
            select(ServiceRequest)
            .where(ServiceRequest.state == "received")
            .options(joinedload(ServiceRequest.customer), joinedload(ServiceRequest.device).joinedload(Device.model))
            .order_by(ServiceRequest.kind, ServiceRequest.id)
            .limit(QUEUE + 1)
        ).unique()
    )
    body = render_template(
        "service/intake.html",
        form=form, added=_added(), waiting=waiting, device=device, finding=finding or Finding([], []),
        code=request.form.get("code", ""), answers=ANSWERS,
        level=level, derived=derived, contract=contract, received_at=received_at, words=words, today=now().astimezone(CHINA).date(),
        foreseen=foresee(db.session, device.model, level, received_at, contract) if device is not None and level is not None else [],
        queue=queue[:QUEUE], more=len(queue) > QUEUE, clocks=next_open(db.session, ServiceRequest, [r.id for r in queue]),
        latest=_latest(device), now=now().astimezone(UTC),
    )  # fmt: skip
    return (body, status) if status != 200 else body


def _latest(device: Device | None) -> list[ServiceRequest]:
    """The last calls about the device: a fault that comes back is told while the caller is still on the line."""
    if device is None:
        return []
    chosen = select(ServiceRequest).where(ServiceRequest.device_id == device.id, ServiceRequest.state != "received")
    return list(db.session.scalars(chosen.order_by(ServiceRequest.id.desc()).limit(3)))
