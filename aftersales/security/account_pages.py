"""The administrators' page of accounts: who may sign in, as what, and the password that is told once."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.organization.region import Region
from aftersales.page import Page, guarded
from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.display import words
from aftersales.record.refusal import Refusal
from aftersales.security import accounts
from aftersales.security.account import Account
from aftersales.security.accounts import Entry, Narrowing
from aftersales.security.matrix import role_words

LARGEST_ID = 2**31 - 1
MOST_REGIONS = 200
TONES = {"open": "ok", "locked": "late", "off": "", "first": "warn"}


class AccountsPage(Page):
    """`/accounts/`: the list, a new account for a person, and each account with what can be done with it."""

    route_base = "/accounts"
    default_view = "index"
    section = "settings"
    permission: ClassVar[tuple[str, str]] = ("can_read", "Account")

    @classmethod
    def title(cls) -> str:
        return _("Accounts")

    @expose("/")
    @guarded
    def index(self) -> str:
        narrowing, after = _narrowing(), request.args.get("after", 0, type=int)
        found = accounts.page_of(db.session(), narrowing, max(0, min(after, LARGEST_ID)))
        more = found[accounts.PAGE - 1].account.id if len(found) > accounts.PAGE else None
        return render_template(
            "security/accounts.html", found=found[: accounts.PAGE], narrowing=narrowing, after=after, more=more, roles=_roles(),
            regions=list(db.session.scalars(select(Region).order_by(Region.id).limit(MOST_REGIONS))), states=list(accounts.STATES),
            keep={name: value for name, value in vars(narrowing).items() if value}, **_words(),
        )  # fmt: skip

    @expose("/new", methods=["GET", "POST"])
    @guarded
    def new(self) -> Any:
        """An account for the person of `person`."""
        _demand_right()
        person, refusal = _person(), None
        if request.method == "POST":
            try:
                account, password = accounts.give(db.session(), person, request.form.get("username", ""), _chosen_roles(), _reason())
                db.session.commit()
                return _told(account.id, password)
            except Refusal as refused:
                db.session.rollback()
                refusal, person = refused, _person()
        chosen = [role.id for role in _chosen_roles()]
        body = render_template("security/account_new.html", person=person, roles=_roles(), refusal=refusal, chosen=chosen, **_words())
        return body, refusal.status if refusal else 200

    @expose("/<int:pk>")
    @guarded
    def show(self, pk: int) -> str:
        return render_template("security/account.html", entry=_entry(pk), roles=_roles(), is_own=pk == current_actor().user_id, **_words())

    @expose("/<int:pk>/roles", methods=["POST"])
    @guarded
    def roles(self, pk: int) -> Any:
        return self._do(pk, lambda entry: accounts.set_roles(db.session(), entry.account, _chosen_roles(), _reason()))

    @expose("/<int:pk>/password", methods=["POST"])
    @guarded
    def password(self, pk: int) -> Any:
        """The new password is in the answer to this request and nowhere else."""
        _demand_right()
        try:
            password = accounts.reset_password(db.session(), _entry(pk).account, _reason())
            db.session.commit()
        except Refusal as refusal:
            return _refused(pk, refusal)
        return _told(pk, password)

    @expose("/<int:pk>/<any(lock,unlock,close,open):action>", methods=["POST"])
    @guarded
    def switch(self, pk: int, action: str) -> Any:
        return self._do(pk, lambda entry: accounts.ACTIONS[action](db.session(), entry.account, _reason()))

    def _do(self, pk: int, what: Any) -> Any:
        _demand_right()
        try:
            what(_entry(pk))
            db.session.commit()
        except Refusal as refusal:
            return _refused(pk, refusal)
        flash(_("Saved."), "success")
        return redirect(url_for(".show", pk=pk), 303)


def _narrowing() -> Narrowing:
    args = request.args
    role, region = (max(0, min(args.get(name, 0, type=int), LARGEST_ID)) for name in ("role", "region"))
    state = args.get("state", "")
    return Narrowing(args.get("q", "").replace("\0", "").strip()[:100], role, region, state if state in accounts.STATES else "")


def _told(account_id: int, password: str) -> str:
    return render_template("security/password.html", entry=_entry(account_id), password=password)


def _refused(pk: int, refusal: Refusal) -> Any:
    db.session.rollback()
    for text in (text for texts in refusal.errors.values() for text in texts):
        flash(text, "danger")
    return redirect(url_for(".show", pk=pk), 303)


def _entry(pk: int) -> Entry:
    entry = accounts.entry_of(db.session(), pk) if pk <= LARGEST_ID else None
    if entry is None:
        abort(404)
    return entry


def _person() -> Person:
    """The person the address or the form names."""
    pk = request.values.get("person", type=int)
    person = db.session.scalars(select(Person).where(Person.id == pk)).one_or_none() if pk is not None and 0 < pk < 2**63 else None
    if person is None:
        abort(404)
    return person


def _roles() -> list[Role]:
    return list(db.session.scalars(select(Role).order_by(Role.id)))


def _chosen_roles() -> list[Role]:
    ids = [int(text) for text in request.form.getlist("role") if text.isdecimal() and len(text) < 10]
    return list(db.session.scalars(select(Role).where(Role.id.in_(ids)))) if ids else []


def _words() -> dict[str, Any]:
    return {
        "role_words": role_words, "state_of": accounts.state_of, "tones": TONES, "words": words,
        "last_sign_in": _last_sign_in, "label": label, "may_write": _may_write(),
    }  # fmt: skip


def _last_sign_in(account: Account) -> datetime | None:
    """Flask-AppBuilder's column knows no zone; sign_in writes UTC."""
    return account.last_login.replace(tzinfo=UTC) if account.last_login else None


def _reason() -> str:
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise Refusal(_("Give a reason."), field="reason")
    return reason[:500]


def _may_write() -> bool:
    return current_actor().can("can_write", "Account")


def _demand_right() -> None:
    if not _may_write():
        abort(403)
