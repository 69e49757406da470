"""The customer signs the acceptance of a repair on their own telephone: /a/<token>, which the engineer opened for some hours."""

from typing import Any

from flask import abort, redirect, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.datastructures import CombinedMultiDict
from wtforms import StringField

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.portal import form_token
from aftersales.portal.limits import address, refuse_flood
from aftersales.portal.pages import blueprint, page, to
from aftersales.portal.rating import RatingForm
from aftersales.portal.report_form import trimmed, typed
from aftersales.portal.stranger import actor_behind
from aftersales.record.actor import acting_as
from aftersales.record.drawn import drawn_bytes
from aftersales.record.media import MEGABYTE
from aftersales.record.refusal import Refusal
from aftersales.service import acceptance, completion
from aftersales.service.lines import Measurement
from aftersales.service.order import ServiceOrder

SIGNING = "10 per minute; 60 per hour"
LARGEST = 22 * MEGABYTE  # one photo as large as a photo may be, and the form around it
POINTS = 20  # the order's scale ends at 100, that of five plain answers at 5


class SigningForm(RatingForm):
    """Who signs, beside what they think of it. The signature itself is drawn, or a photo of the signed paper."""

    name = StringField(_l("Your name"), typed(30), filters=[trimmed])
    department = StringField(_l("Department or ward"), typed(28), filters=[trimmed])


@blueprint.route("/a/<token>", methods=["GET", "POST"])
def sign(token: str) -> Any:
    request.max_content_length = LARGEST
    with acting_as(actor_behind(ServiceOrder.signing_token, token) or abort(404)):
        order = _order(token)
        if not acceptance.can_be_opened(order):
            return redirect(to("progress", token=order.request.progress_token), 303)
        if not acceptance.is_open(order):
            return page("signing_over", 410, order=order)
        if request.method == "GET":
            return _page(order, SigningForm())
        refuse_flood(SIGNING, "sign", address())
        return _sign(order, token, SigningForm(CombinedMultiDict([request.files, request.form])))


def _sign(order: ServiceOrder, token: str, form: SigningForm) -> Any:
    is_valid = form.validate()
    if form_token.nonce_of("sign", request.form.get("token", "")) is None:
        form.form_errors.append(_("This page was open too long. Look at your entries once more and send them again."))
        return _page(order, form, status=422)
    try:
        drawn = drawn_bytes(request)
        if drawn is None:
            raise Refusal(_("Sign in the box, or file a photo of the signed paper."), field="drawn")
        if not is_valid:
            return _page(order, form, status=422)
        acceptance.sign(
            order, seen=request.form.get("seen", ""), signer=f"{form.department.data} {form.name.data}", drawn=drawn,
            satisfaction=POINTS * int(form.score.data), opinion=form.opinion.data or None,
        )  # fmt: skip
        db.session.commit()
    except Refusal as refusal:
        db.session.rollback()
        return _refused(token, form, refusal)
    return redirect(to("progress", token=order.request.progress_token, signed=1), 303)


def _refused(token: str, form: SigningForm, refusal: Refusal) -> Any:
    """At the pad what is about the signature. What the engineer has left undone is not the customer's to read."""
    texts = refusal.errors.pop("drawn", [])
    if refusal.errors:
        own = refusal.status == 409 or set(refusal.errors) == {""}
        form.form_errors += [str(refusal)] if own else [_("The engineer has to complete something first. Please tell them.")]
    order = _order(token)
    if not acceptance.is_open(order):
        return redirect(to("sign", token=token), 303)
    return _page(order, form, texts, refusal.status)


def _page(order: ServiceOrder, form: SigningForm, drawn_errors: list[str] | None = None, status: int = 200) -> tuple[str, int]:
    tests = sorted(completion.latest(order.measurements).values(), key=lambda measured: measured.item.position)
    return page(
        "signing", status, form=form, order=order, tests=tests, drawn_errors=drawn_errors or [],
        seen=acceptance.shown_hash(order), token=form_token.issue("sign"),
    )  # fmt: skip


def _order(token: str) -> ServiceOrder:
    beside = (
        joinedload(ServiceOrder.request), joinedload(ServiceOrder.device).joinedload(Device.model), joinedload(ServiceOrder.customer),
        selectinload(ServiceOrder.parts), selectinload(ServiceOrder.measurements).joinedload(Measurement.item),
    )  # fmt: skip
    chosen = select(ServiceOrder).where(ServiceOrder.signing_token == token).options(*beside)
    return db.session.scalars(chosen.execution_options(populate_existing=True)).one()
