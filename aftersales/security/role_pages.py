"""The administrators' page of roles: who may do what, in the words of the trade."""

from typing import Any, ClassVar

from flask import abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.audit import history
from aftersales.record.display import words
from aftersales.record.refusal import Refusal
from aftersales.security import accounts, roles, trial
from aftersales.security.grants import grants_of
from aftersales.security.matrix import all_rights, compare, matrix, particular, role_words
from aftersales.security.watch import GIVES_RIGHTS
from aftersales.trail.telling import Teller, Told

LARGEST_ID = 2**31 - 1
FEW = 6  # lines of a change that are shown without being asked for
STORY = 10


class RolesPage(Page):
    """`/roles/`: the list, and each role as a matrix of record types and rights."""

    route_base = "/roles"
    default_view = "index"
    section = "settings"
    permission: ClassVar[tuple[str, str]] = ("can_read", "Role")

    @classmethod
    def title(cls) -> str:
        return _("Roles")

    @expose("/")
    @guarded
    def index(self) -> str:
        return render_template(
            "security/roles.html", roles=_roles(), holders=roles.holders(db.session()), role_words=role_words, may_write=_may_write(),
            sections=matrix(), grants=roles.grants_of_all(db.session()),
        )  # fmt: skip

    @expose("/", methods=["POST"])
    @guarded
    def make(self) -> Any:
        """A new role, empty or like another (`like`)."""
        _demand_right()
        like = _role(request.form.get("like", type=int)) if request.form.get("like") else None
        role = roles.make(db.session(), request.form.get("name", ""), _reason(), like=like)
        db.session.commit()
        return redirect(url_for(".show", pk=role.id))

    @expose("/<int:pk>", methods=["GET"])
    @guarded
    def show(self, pk: int) -> Any:
        return _page(_role(pk))

    @expose("/<int:pk>", methods=["POST"])
    @guarded
    def change(self, pk: int) -> Any:
        """The rights ticked, and the name."""
        _demand_right()
        role, known = _role(pk), all_rights()
        ticked = {known[key].pair for key in request.form.getlist("right") if key in known}
        try:
            reason = _reason()
            roles.grant(db.session(), role, ticked, {right.pair for right in known.values()}, reason)
            if "name" in request.form:
                roles.rename(db.session(), role, request.form["name"], reason)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            return _page(_role(pk), ticked, refusal), refusal.status
        flash(_("Saved. It holds from the next click of everybody who has this role."), "success")
        return redirect(url_for(".show", pk=pk))

    @expose("/compare")
    @guarded
    def compare(self) -> str:
        """Two roles beside each other: what differs, or (`all`) everything."""
        found = _roles()
        first, second = (_role(request.args.get(name, type=int)) if request.args.get(name) else None for name in ("first", "second"))
        sections = compare(*(grants_of(db.session(), role.id) for role in (first, second))) if first and second else []
        return render_template(
            "security/compare.html", roles=found, first=first, second=second, sections=sections, role_words=role_words,
            shows_all="all" in request.args,
        )  # fmt: skip

    @expose("/<int:pk>/try", methods=["POST"])
    @guarded
    def begin_trial(self, pk: int) -> Any:
        """See the program as this role would; nothing is stored until it ends."""
        _demand_right()
        chosen = request.form.get("region", type=int)
        region = next((region for region in trial.regions(db.session()) if region.id == chosen), None)
        try:
            trial.begin(db.session(), _role(pk), region)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            return _page(_role(pk), None, refusal), refusal.status
        return redirect("/", 303)

    @expose("/trial/end", methods=["POST"])
    def end_trial(self) -> Any:
        """Everybody's whose session tries a role: the role tried seldom may open this page."""
        role_id = trial.end()
        return redirect(url_for(".show", pk=role_id) if role_id else "/", 303)

    @expose("/<int:pk>/remove", methods=["POST"])
    @guarded
    def remove(self, pk: int) -> Any:
        _demand_right()
        roles.remove(db.session(), _role(pk), _reason())
        db.session.commit()
        flash(_("The role is removed."), "success")
        return redirect(url_for(".index"))


def _page(role: Role, ticked: Any = None, refusal: Refusal | None = None) -> str:
    stored = grants_of(db.session(), role.id)
    teller = Teller(db.session())
    return render_template(
        "security/role.html", role=role, title=role_words(role.name), is_shipped=role_words(role.name) != role.name,
        granted=stored if ticked is None else ticked, sections=matrix(), particular=particular(),
        count=roles.holders(db.session()).get(role.id, 0), may_write=_may_write(), refusal=refusal,
        holders=accounts.holders_of(db.session(), role.id) if current_actor().can("can_read", "Account") else [],
        story=[_entry(teller.tell(entry)) for entry in history(db.session(), "Role", role.id, limit=STORY)],
        regions=trial.regions(db.session()) if _may_write() else [], sees_all=trial.SEES_ALL_REGIONS in stored,
    )  # fmt: skip


def _entry(told: Told) -> dict[str, Any]:
    """As the time line takes it; many rights at once stand behind their number."""
    many = len(told.changes) > FEW
    return {
        "folded": _("Rights on %(n)s things", n=len(told.changes)) if many else "",
        "title": told.action, "who": told.who, "when": told.at, "when_text": words(told.at), "changes": told.changes, "reason": told.reason,
    }  # fmt: skip


def _roles() -> list[Role]:
    return list(db.session.scalars(select(Role).order_by(Role.id)))


def _role(pk: int | None) -> Role:
    role = db.session.get(Role, pk) if pk is not None and pk <= LARGEST_ID else None
    if role is None:
        abort(404)
    return role


def _reason() -> str:
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise Refusal(_("Give a reason."), field="reason")
    return reason[:500]


def _may_write() -> bool:
    return current_actor().can(*GIVES_RIGHTS)


def _demand_right() -> None:
    if not _may_write():
        abort(403)
