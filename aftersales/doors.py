"""Every request names its actor before anything is read, and every answer carries the headers that protect it."""

import secrets
from contextlib import ExitStack
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, render_template, request, session
from flask_babel import gettext as _
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError

from aftersales.engine import only_reading
from aftersales.extensions import db
from aftersales.inspectors import gate
from aftersales.labels import Sentences, keep_locales, reader, translated
from aftersales.record.actor import acting_as
from aftersales.record.ciphers import Unreadable
from aftersales.record.late import is_queued
from aftersales.record.readings import log_readings
from aftersales.record.refusable import page_before
from aftersales.record.refusal import OutOfOrder, Refusal
from aftersales.security import trial
from aftersales.security.manager import request_actor

MOST_MESSAGES = 5


def install(app: Flask) -> None:
    # First of all: Flask-AppBuilder's own hook already reads the user, and nothing may be read with nobody acting.
    app.before_request_funcs.setdefault(None, []).insert(0, enter)
    app.after_request(protect)
    app.teardown_request(leave)
    app.register_error_handler(Refusal, refuse)
    app.register_error_handler(Unreadable, tell_unreadable)
    app.extensions["babel"].instance.domain_instance = Sentences()
    keep_locales(app)
    app.jinja_env.globals |= {"csp_nonce": csp_nonce, "_": translated, "gettext": translated}


def enter() -> Any:
    g.acting = ExitStack()
    g.acting.enter_context(reader())
    if request.path.startswith("/api/") and "Authorization" in request.headers:
        try:
            verify_jwt_in_request()
        except (JWTExtendedException, PyJWTError) as error:
            response = jsonify(message=str(error))
            response.status_code = 401
            return response
        g.api_account = g.user
    elif request.path.startswith("/api/"):
        g.api_account = False  # a browser's cookie opens no API: it could be made to write by another site
    if request.endpoint != "static":
        g.acting.enter_context(acting_as(request_actor()))
        return gate.answer() or trial.refuse_writing()
    return None


def leave(_error: BaseException | None) -> None:
    if "acting" in g:
        g.acting.close()


def csp_nonce() -> str:
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def keep_few_messages() -> None:
    """The last ones. They wait in the cookie until a page shows them, and who is sent to the door adds one each time: a browser
    drops a cookie of more than 4 KB, and each request reads it whole."""
    if len(waiting := session.get("_flashes", ())) > MOST_MESSAGES:
        session["_flashes"] = waiting[-MOST_MESSAGES:]


def protect(response: Response) -> Response:
    if g.get("readings"):
        within = only_reading(db.session())
        if within is None:
            db.session.close()
        log_readings(within)
        db.session.close()  # not a rollback: nothing is asked of what was read any more, and each record would be marked as outdated
    gate.note_answer(response)
    keep_few_messages()
    nonce = f"'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src 'self' {nonce}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def tell_unreadable(error: Unreadable) -> tuple[Response | str, int]:
    """The keys of this installation do not open what is stored: no fault of whoever asks, and the log says it too."""
    current_app.logger.error("%s: check FIELD_KEYS", error)
    db.session.rollback()
    return refuse(OutOfOrder(_("Encrypted data cannot be read: the key it was written with is missing. Tell the administrator.")))


def refuse(refusal: Refusal) -> tuple[Response | str, int]:
    """In words for people, who navigate; as data for programs and for the pages' own scripts, which ask for no HTML."""
    if "text/html" in request.headers.get("Accept", "") and not is_queued():
        db.session.rollback()
        return render_template("record/refused.html", refusal=refusal, back=page_before() or "/"), refusal.status
    return jsonify(message=str(refusal), errors=refusal.errors), refusal.status
