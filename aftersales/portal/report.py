"""A fault or a complaint told by whoever stands beside the device: /p/<token> from its label, /p/ without one."""

from typing import Any

from flask import abort, redirect, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import CombinedMultiDict

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.organization.region import region_by_default
from aftersales.portal import form_token
from aftersales.portal.limits import address, refuse_flood
from aftersales.portal.pages import blueprint, page, to
from aftersales.portal.report_form import FORMS, ReportForm
from aftersales.portal.stranger import actor_behind, portal_actor
from aftersales.record.actor import acting_as
from aftersales.record.attachments import attach
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from aftersales.service.request import Channel, RequestKind, ServiceRequest

# A whole hospital may share one address, and one ward may have one bad hour with one device.
PER_ADDRESS = "10 per minute; 60 per hour"
PER_DEVICE = "10 per hour"


@blueprint.route("/p/", methods=["GET", "POST"])
def report_unknown() -> Any:
    with acting_as(portal_actor(region_by_default(db.session))):
        return _report(None)


@blueprint.route("/p/<token>", methods=["GET", "POST"])
def report(token: str) -> Any:
    actor = actor_behind(Device.qr_token, token) or abort(404)
    with acting_as(actor):
        return _report(db.session.scalars(select(Device).where(Device.qr_token == token).options(joinedload(Device.model))).one())


def _report(device: Device | None) -> Any:
    kind = RequestKind.complaint if request.args.get("kind") == RequestKind.complaint else RequestKind.fault
    make = FORMS[kind, device is not None]
    if request.method == "GET":
        return _page(make(), device)
    refuse_flood(PER_ADDRESS, "report", address())
    form = make(CombinedMultiDict([request.files, request.form]))
    is_valid = form.validate()
    nonce = form_token.nonce_of("report", request.form.get("token", ""))
    if nonce is None:
        form.form_errors.append(_("This page was open too long. Look at your entries once more and send them again."))
    elif form.website.data:
        form.form_errors.append(_("This could not be sent. Please call us."))
    elif is_valid:
        return _send(form, device, form_token.name_for(nonce, [str(device and device.id), *form.contents()]))
    return _page(form, device)


def _send(form: ReportForm, device: Device | None, token: str) -> Any:
    """The report becomes a request under the name `token`. Sent twice, the second finds the first."""
    answer = redirect(to("received", token=token), 303)
    if actor_behind(ServiceRequest.progress_token, token):
        return answer
    if device is not None:
        refuse_flood(PER_DEVICE, "device", str(device.id))
    try:
        request_ = create(db.session, ServiceRequest, _values(form, device, token))
        for data, name in form.pictures:
            attach(db.session, request_, data, name, "photo")
        db.session.commit()
    except Refusal as refusal:
        db.session.rollback()
        if "progress_token" in refusal.errors:  # the same form arrived twice at the same moment
            return answer
        for field, texts in refusal.errors.items():
            errors = form[field].errors if field in form else form.form_errors
            errors += texts
        return _page(form, device)
    return answer


def _values(form: ReportForm, device: Device | None, token: str) -> dict[str, Any]:
    """The device's customer and region are found by the request itself."""
    subject = {"channel": Channel.web_form} if device is None else {"channel": Channel.qr, "device_id": device.id}
    return {**form.values(), **subject, "received_at": now(), "progress_token": token}


def _page(form: ReportForm, device: Device | None) -> tuple[str, int]:
    """Always with a fresh token: a page kept from yesterday is sent again under today's."""
    had_photos = any(getattr(upload, "filename", "") for upload in form.photos.data or [])
    status = 422 if request.method == "POST" else 200
    here = str(request.endpoint).removeprefix("portal.")
    choice = [(kind, kind is form.kind, to(here, **_asked(kind))) for kind in (RequestKind.fault, RequestKind.complaint)]
    return page("report", status, form=form, device=device, choice=choice, token=form_token.issue("report"), had_photos=had_photos)


def _asked(kind: RequestKind) -> dict[str, Any]:
    """What stands in the address of the same page for the other choice; a fault goes without saying."""
    return {**(request.view_args or {}), "kind": None if kind is RequestKind.fault else kind.value}
