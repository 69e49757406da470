"""Sessions that end: a copied cookie is worthless after sign-out, after a change of password, after a day's work and when left alone."""

from datetime import timedelta
from typing import Any

from flask import Flask, current_app, flash, redirect, render_template, request, session
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_login import current_user, logout_user, user_logged_in

from aftersales.extensions import db
from aftersales.labels import LANGUAGES
from aftersales.record.actor import current_actor
from aftersales.record.audit import record_event
from aftersales.record.now import now
from aftersales.security import passwords, trial
from aftersales.security.account import Account

SEEN_AGAIN = 60  # seconds: more often than this the cookie is not written anew
OPEN_WITH_A_FIRST_PASSWORD = ("/account/", "/static/", "/login/", "/lang/", "/api/", "/v/", "/p/")


class AccountView(BaseView):
    """A person's own account: sign out, change the password."""

    route_base = "/account"
    default_view = "index"

    @expose("/", methods=["GET", "POST"])
    def index(self) -> Any:
        account = _mine()
        if account is None:
            return redirect("/login/")
        errors: dict[str, str] = {}
        if request.method == "POST":
            old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
            errors = passwords.change(db.session(), account, old, new, again)
            if not errors:
                db.session.commit()
                session["session_version"] = account.session_version
                flash(_("The password is changed."), "success")
                return redirect("/")
        return render_template("account.html", account=account, errors=errors), 422 if errors else 200

    @expose("/signout", methods=["POST"])
    def signout(self) -> Any:
        account = _mine()
        if account is not None:
            account.session_version += 1
            record_event(db.session(), account, "sign_out")
            db.session.commit()
        logout_user()
        session.clear()
        return redirect("/login/")


def install(app: Flask) -> None:
    app.appbuilder.add_view_no_menu(AccountView)
    user_logged_in.connect(_remember, app)
    app.before_request(_stay)
    app.before_request(_keep_language)
    app.before_request(_demand_new_password)


def holds(account: Account) -> bool:
    """Whether the session of this request is still good for the account."""
    moment = int(now().timestamp())
    since, seen = session.get("signed_in_at"), session.get("seen_at")
    if session.get("session_version") != account.session_version or not isinstance(since, int) or not isinstance(seen, int):
        return False
    longest: timedelta = current_app.permanent_session_lifetime
    return moment - since < longest.total_seconds() and moment - seen < current_app.config["SESSION_IDLE_SECONDS"]


def _remember(_app: Flask, user: Account, **_extra: Any) -> None:
    moment = int(now().timestamp())
    trial.end()
    session.update(session_version=user.session_version, signed_in_at=moment, seen_at=moment)
    session.permanent = True
    if session.pop("language_chosen", False):
        user.language = session["locale"]
        db.session.commit()
    elif user.language is not None:
        session["locale"] = user.language


def _stay() -> None:
    """Whoever works stays signed in until the end of the day's session."""
    if request.endpoint == "static" or not current_user.is_authenticated or "seen_at" not in session:
        return
    moment = int(now().timestamp())
    if moment - session["seen_at"] >= SEEN_AGAIN:
        session["seen_at"] = moment


def _keep_language() -> None:
    """The language somebody chooses is theirs at the next sign-in too, and notices come in it."""
    if request.endpoint != "LocaleView.index" or request.view_args["locale"] not in LANGUAGES:
        return
    account = _mine()
    if account is None:
        session["language_chosen"] = True
    else:
        account.language = request.view_args["locale"]
        db.session.commit()


def _demand_new_password() -> Any:
    """A first password is known to two people: until it is changed, nothing else opens."""
    if request.path.startswith(OPEN_WITH_A_FIRST_PASSWORD) or not current_user.is_authenticated:
        return None
    return redirect("/account/") if current_user.must_change_password else None


def _mine() -> Account | None:
    user_id = current_actor().user_id
    return None if user_id is None else db.session.get(Account, user_id)
