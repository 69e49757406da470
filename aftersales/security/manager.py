"""Flask-AppBuilder's security manager, asking one actor per request instead of the database per question."""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from flask import Flask, current_app, flash, g, has_request_context, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.forms import LoginForm_db
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from flask_appbuilder.security.views import AuthDBView as StockAuthDBView
from flask_babel import gettext as _
from flask_jwt_extended import JWTManager
from flask_login import current_user, login_user
from sqlalchemy import CompoundSelect, Integer, Select, String, bindparam, cast, func, literal, select, true, union_all

from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.kept import kept
from aftersales.record.now import today
from aftersales.record.openapi import OpenApiDocument
from aftersales.security import passwords, trial
from aftersales.security.account import Account
from aftersales.security.session import holds
from aftersales.security.signin import FAILURES_THAT_LOCK, is_locked, sign_in
from aftersales.security.tokens import SecurityApi

ANONYMOUS = Actor(name="", region_ids=frozenset())
SEES_ALL_REGIONS = ("can_see_all", "Region")
GRANTS, MARK, GUEST = "grants", "custom_fields_mark", "guest"  # what the rows of `_rights` tell
MOST_SETS = 200


class AuthDBView(StockAuthDBView):
    """The sign-in page. Signing out is a POST of one's own account: a link on another site must not do it."""

    exclude_route_methods: ClassVar[set[str]] = {"logout"}

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Any:
        if current_user.is_authenticated:
            return redirect(self._get_safe_next_url())
        form = LoginForm_db()
        if form.validate_on_submit():
            account = sign_in(form.username.data, form.password.data)
            if account is not None:
                login_user(account, remember=False)
                return redirect(self._get_safe_next_url())
            flash(_("Name or password is wrong, or the account is locked."), "warning")
            return redirect(url_for(".login", next=request.args.get("next")))
        return self.render_template(self.login_template, title=self.title, form=form, appbuilder=self.appbuilder)


class AccessManager(SecurityManager):
    """Grants are read once per request, from the database: what an administrator changes holds at the next request.

    Flask-AppBuilder's screens of users, roles, groups and permissions are not registered: /accounts/ and /roles/ take
    their place, which ask for a reason and leave somebody in office.
    """

    user_model = Account
    security_api = SecurityApi

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return request_actor().can(permission_name, view_name)

    def exist_permission_on_roles(self, view_name: str, permission_name: str, role_ids: list[int]) -> bool:
        return request_actor().can(permission_name, view_name)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def load_user(self, pk: int) -> Any:
        """The account behind a session or token, unless it was signed out, switched off or left alone since. Its rights come along, and
        what every page tells its person."""
        with acting_as(SYSTEM):
            asked = _entering(current_app.extensions["at_hand"], *_sources())
            rows = db.session.execute(asked, {"user_id": int(pk), "today": today()}).all()
        account = rows[0][0] if rows else None
        if account is None or not account.is_active:
            return None
        g.at_hand = account.id, *rows[0][1:AT_HAND]
        g.rights = account.id, [tuple(row[AT_HAND:]) for row in rows]
        if "_user_id" in session and not holds(account):
            return None
        return account

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        manager = super().create_jwt_manager(app)
        manager.additional_claims_loader(_claims)
        return manager

    def load_user_jwt(self, _jwt_header: dict[str, Any], jwt_data: dict[str, Any]) -> Any:
        account = db.session.get(Account, int(jwt_data["sub"]))
        if account is None or not account.is_active or jwt_data.get("session_version") != account.session_version:
            return None
        if account.must_change_password or is_locked(account):
            return None
        g.user = account
        return account

    def auth_user_db(self, username: str, password: str) -> Any:
        """The account, for page and API alike."""
        return sign_in(username, password)

    def register_views(self) -> None:
        self.appbuilder.add_api(self.security_api)
        self.auth_view = self.appbuilder.add_view_no_menu(AuthDBView)
        if self.is_auth_limited:
            self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)
        self.appbuilder.add_api(OpenApiDocument)


def _claims(identity: str) -> dict[str, Any]:
    """What a token says beside whose it is: one of an earlier session version is worthless."""
    return {"session_version": db.session.get_one(Account, int(identity)).session_version}


def request_actor() -> Actor:
    """The person of this request; nobody, with no rights, when none signed in."""
    if "actor" not in g:
        account = g.api_account if "api_account" in g else current_user  # False on an API without a token: a cookie opens none
        actor, g.custom_fields_mark = _read_actor(account._get_current_object() if hasattr(account, "_get_current_object") else account)
        g.shut_out = actor is ANONYMOUS and getattr(account, "is_authenticated", False)
        g.actor = actor if "api_account" in g else trial.as_tried(actor)
    return g.actor


def actor_of(account: Any) -> Actor:
    """The actor of an account: grants and regions, in one statement."""
    return _read_actor(account)[0]


def _read_actor(account: Any) -> tuple[Actor, str | None]:
    """The actor, and what came along with the grants: whether the custom fields are still those that this process knows."""
    if account is None or not getattr(account, "is_authenticated", False):
        return ANONYMOUS, None
    of, rows = g.get("rights", (None, ())) if has_request_context() else (None, ())
    if of != account.id:
        rows = db.session.connection().execute(_rights(*_sources()), {"user_id": account.id, "today": today()}).all()
    told = {what: (text, pk) for what, text, pk in rows if what is not None}
    mark, guest, permissions = told[MARK][0], told.get(GUEST), _granted(told[GRANTS][0] or "")
    regions = None if SEES_ALL_REGIONS in permissions else frozenset(pk for what, _text, pk in rows if what is None)
    actor = Actor(name=account.get_full_name(), user_id=account.id, permissions=permissions, region_ids=regions)
    return (actor if guest is None else current_app.extensions["bounded"](actor, *guest) or ANONYMOUS), mark


def _granted(held: str) -> frozenset[tuple[str, str]]:
    """The grants that somebody holds, by the ids of what their roles hold with commas between: what an id stands for never changes, so
    the names are looked up once. Whoever holds the same shares the same set."""
    known = kept("grants")
    if held not in known:
        if len(known) >= MOST_SETS:
            known.clear()
        ids = [int(pk) for pk in held.split(",") if pk]
        known[held] = frozenset((right, view) for right, view in db.session.connection().execute(_named(), {"ids": ids}))
    return known[held]


@cache
def _named() -> Select[tuple[str, str]]:
    pairs = select(Permission.name, ViewMenu.name).select_from(PermissionView)
    pairs = pairs.join(Permission, Permission.id == PermissionView.permission_id)
    pairs = pairs.join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    return pairs.where(PermissionView.id.in_(bindparam("ids", expanding=True)))


AT_HAND = 3  # where in a row of `_entering` the line of rights begins
Sources = tuple[Callable[[Any], Select[Any]], Callable[[], Any], Callable[[Any], Select[Any]]]


def _sources() -> Sources:
    """Who tells the regions of an account, the custom fields in force, and how a guest stands."""
    extensions = current_app.extensions
    return extensions["regions_of_user"], extensions["custom_fields_mark"], extensions["guest_standing"]


@cache
def _entering(at_hand: Callable[[], tuple[Any, Any]], *sources: Any) -> Select[Any]:
    """The account :user_id and what its person is told on every page, with each line of its rights: every request begins with it."""
    rights = _rights(*sources).subquery()
    return select(Account, *at_hand(), rights).join(rights, true()).where(Account.id == bindparam("user_id"))


@cache
def _rights(
    regions_of: Callable[[Any], Select[Any]], mark_of: Callable[[], Any], standing_of: Callable[[Any], Select[Any]]
) -> CompoundSelect[Any]:
    """The grants and regions of the account :user_id, and how it stands :today if it is a guest's. Built once: every request asks it,
    and building costs more than asking."""
    user_id = bindparam("user_id", type_=Integer)
    roles = select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id)
    held = cast(assoc_permissionview_role.c.permission_view_id, String)
    told = select(literal(GRANTS), func.aggregate_strings(held, ","), literal(None)).where(assoc_permissionview_role.c.role_id.in_(roles))
    return union_all(told, regions_of(user_id), select(literal(MARK), mark_of(), literal(None)), standing_of(user_id))


def check_password(user_id: int, password: str) -> bool:
    """Whether this is the user's password: what a signature asks."""
    account = db.session.get(Account, user_id)
    return bool(account and account.is_active and password and passwords.matches(account, password))


def users_with_role(role: str, region_id: int | None) -> list[int]:
    """The accounts that hold a role and see a region: who is told of what happens there."""
    holders = select(assoc_user_role.c.user_id).join(Role, Role.id == assoc_user_role.c.role_id).where(Role.name == role)
    holders = holders.join(Account, Account.id == assoc_user_role.c.user_id).where(Account.active.is_(True))
    ids = list(db.session.connection().execute(holders.order_by(assoc_user_role.c.user_id)).scalars())
    if region_id is None:
        return ids
    return [user_id for user_id in ids if actor_of(db.session.get(Account, user_id)).sees_region(region_id)]


__all__ = [
    "ANONYMOUS", "FAILURES_THAT_LOCK", "SEES_ALL_REGIONS", "AccessManager", "actor_of", "check_password", "request_actor",
    "users_with_role",
]  # fmt: skip
