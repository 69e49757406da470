"""The customer rates a repair that is done, by the link they follow it with: /t/<token>/rate."""

from typing import Any

from flask import abort, redirect, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.portal import form_token
from aftersales.portal.limits import address, refuse_flood
from aftersales.portal.pages import blueprint, page, to
from aftersales.portal.progress import request_behind
from aftersales.portal.report_form import CHOOSE, TOO_LONG, trimmed
from aftersales.portal.stranger import actor_behind
from aftersales.record.actor import acting_as
from aftersales.record.refusal import Refusal
from aftersales.service.rating import RATED, ServiceRating, rate, rating_of
from aftersales.service.request import ServiceRequest

RATING = "10 per minute; 60 per hour"
SCORES = (5, 4, 3, 2, 1)


class RatingForm(Form):
    """Five plain answers, and words for whoever has some."""

    score = RadioField(_l("How satisfied are you with this service?"), [InputRequired(CHOOSE)])
    opinion = TextAreaField(_l("Anything you want to say"), [Optional(), Length(max=1000, message=TOO_LONG)], filters=[trimmed])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.score.choices = [(str(score), label(f"score.{score}")) for score in SCORES]


@blueprint.route("/t/<token>/rate", methods=["GET", "POST"])
def give_rating(token: str) -> Any:
    with acting_as(actor_behind(ServiceRequest.progress_token, token) or abort(404)):
        order = request_behind(token).order
        if order is None or order.state not in RATED:
            abort(404)
        given = rating_of(db.session, order)
        if request.method == "GET":
            said = {"score": str(given.score), "opinion": given.opinion} if given is not None else None
            return _page(token, RatingForm(data=said), given)
        refuse_flood(RATING, "rate", address())
        form = RatingForm(request.form)
        if not form.validate():
            return _page(token, form, given, 422)
        if form_token.nonce_of("rate", request.form.get("token", "")) is None:
            form.form_errors.append(_("This page was open too long. Look at your entries once more and send them again."))
            return _page(token, form, given, 422)
        try:
            rate(db.session, order, int(form.score.data), form.opinion.data or None)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            if "order_id" not in refusal.errors:  # else the same form arrived twice at the same moment
                form.form_errors.append(str(refusal))
                return _page(token, form, rating_of(db.session, request_behind(token).order), refusal.status)
        return redirect(to("progress", token=token, rated=1), 303)


def _page(token: str, form: RatingForm, given: ServiceRating | None, status: int = 200) -> tuple[str, int]:
    is_over = given is not None and given.state != "given"
    return page("rating", status, form=form, given=given, is_over=is_over, progress=token, token=form_token.issue("rate"))
