"""The customer confirms a recall notice by the link in it: /r/<token>. It says the four contents of art. 15 and names their own units."""

from dataclasses import replace
from typing import Any

from flask import abort, redirect, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import Form, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from aftersales.extensions import db
from aftersales.portal import form_token
from aftersales.portal.limits import address, refuse_flood
from aftersales.portal.pages import blueprint, page, to
from aftersales.portal.report_form import TOO_LONG, trimmed, typed
from aftersales.portal.stranger import actor_behind
from aftersales.recalls.notice import RecallNotice, letter_facts
from aftersales.recalls.recall import Recall
from aftersales.record.actor import acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform

CONFIRMING = "10 per minute; 60 per hour"
SHOWN = 200
COUNTED = [InputRequired(_l("Give a number, 0 if none.")), NumberRange(0, 10**6)]


class ConfirmForm(Form):
    """Who confirms, and how many of the units were found. Department and name together fit what the notice keeps."""

    name = StringField(_l("Your name"), typed(30), filters=[trimmed])
    department = StringField(_l("Department or ward"), typed(28), filters=[trimmed])
    found = IntegerField(_l("How many of these units did you find?"), COUNTED)
    answer = TextAreaField(_l("Anything you want to say"), [Optional(), Length(max=1000, message=TOO_LONG)], filters=[trimmed])


@blueprint.route("/r/<token>", methods=["GET", "POST"])
def confirm_recall(token: str) -> Any:
    stranger = actor_behind(RecallNotice.token, token) or abort(404)
    with acting_as(replace(stranger, permissions=frozenset({("can_confirm", RecallNotice.__name__)}))):
        notice = _notice(token)
        if notice.state == "to_send":
            abort(404)
        if request.method == "GET" or notice.state != "sent":
            return _page(notice, ConfirmForm())
        refuse_flood(CONFIRMING, "recall", address())
        form = ConfirmForm(request.form)
        if not form.validate():
            return _page(notice, form, 422)
        if form_token.nonce_of("recall", request.form.get("token", "")) is None:
            form.form_errors.append(_("This page was open too long. Look at your entries once more and send them again."))
            return _page(notice, form, 422)
        said = {
            "confirmed_name": f"{form.department.data} {form.name.data}", "confirmed_how": "网页确认", "found_count": form.found.data,
            "answer": form.answer.data or None,
        }  # fmt: skip
        try:
            perform(notice, "confirm", values=said)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            form.form_errors.append(str(refusal))
            return _page(_notice(token), form, refusal.status)
        return redirect(to("confirm_recall", token=token), 303)


def _page(notice: RecallNotice, form: ConfirmForm, status: int = 200) -> tuple[str, int]:
    units = db.session.scalars(notice.units().limit(SHOWN)).all()
    lots = sorted({unit.lot_no for unit in units if unit.lot_no})
    return page(
        "recall", status, notice=notice, form=form, units=units, lots=lots, more=notice.unit_count - len(units),
        said=letter_facts(notice), token=form_token.issue("recall"),
    )  # fmt: skip


def _notice(token: str) -> RecallNotice:
    beside = joinedload(RecallNotice.recall).joinedload(Recall.model), joinedload(RecallNotice.customer)
    chosen = select(RecallNotice).where(RecallNotice.token == token).options(*beside)
    return db.session.scalars(chosen.execution_options(populate_existing=True)).one()
