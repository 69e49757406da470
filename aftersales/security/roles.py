"""Making, changing and removing roles. They are the administrators': what is written here holds at the next request."""

from collections import defaultdict
from collections.abc import Collection

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from flask_babel import gettext as _
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from aftersales.record.refusal import Refusal
from aftersales.record.saving import settle
from aftersales.roles import Role as Shipped
from aftersales.security.grants import Pair
from aftersales.security.matrix import role_words

LONGEST_NAME = 64


def holders(session: Session) -> dict[int, int]:
    """How many people hold each role, by its id."""
    counted = select(assoc_user_role.c.role_id, func.count()).group_by(assoc_user_role.c.role_id)
    return dict(session.connection().execute(counted).all())


def grants_of_all(session: Session) -> dict[int, set[Pair]]:
    """The rights of every role, in one statement."""
    granted = (
        select(assoc_permissionview_role.c.role_id, Permission.name, ViewMenu.name)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    found: dict[int, set[Pair]] = defaultdict(set)
    for role_id, permission, kind in session.connection().execute(granted):
        found[role_id].add((permission, kind))
    return found


def make(session: Session, name: str, reason: str, *, like: Role | None = None) -> Role:
    """A new role: with no rights, or with those of `like`."""
    role = Role(name=_free_name(session, name), permissions=list(like.permissions) if like else [])
    role._audit_reason = reason
    session.add(role)
    settle(session, lambda: None)
    return role


def rename(session: Session, role: Role, name: str, reason: str) -> None:
    """Shipped roles keep their name: deadlines are told to them by it."""
    if role.name in set(Shipped):
        message = _("A shipped role keeps its name, because notices are addressed to it. Copy it under another name instead.")
        raise Refusal(message, field="name")
    if name.strip() == role.name:
        return
    role._audit_reason = reason
    role.name = _free_name(session, name)
    settle(session, lambda: None)


def remove(session: Session, role: Role, reason: str) -> None:
    count = holders(session).get(role.id, 0)
    if count:
        raise Refusal(_("%(count)s people hold this role. Give them another one first.", count=count))
    list(role.permissions)  # so that the trail says what went with it
    role._audit_reason = reason
    session.delete(role)
    session.flush()


def grant(session: Session, role: Role, pairs: Collection[Pair], within: Collection[Pair], reason: str) -> None:
    """Give the role exactly `pairs` among the rights `within`; what a form did not show is left alone."""
    kept = [p for p in role.permissions if (p.permission.name, p.view_menu.name) not in within]
    asked = (
        select(PermissionView)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(tuple_(Permission.name, ViewMenu.name).in_(list(pairs)))
    )
    new = [*kept, *(session.scalars(asked) if pairs else ())]
    if {p.id for p in new} == {p.id for p in role.permissions}:
        return
    role._audit_reason = reason
    role.permissions = new
    session.flush()


def _free_name(session: Session, name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Refusal(_("A role needs a name of at most %(n)s characters.", n=LONGEST_NAME), field="name")
    with session.no_autoflush:
        taken = {word.lower() for other in session.scalars(select(Role.name)) for word in (other, role_words(other))}
    if name.lower() in taken:
        raise Refusal(_("There is a role of this name already."), field="name")
    return name
