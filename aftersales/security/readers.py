"""Who may read a record: the accounts a comment on it can mention."""

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from sqlalchemy import Select, or_, select

from aftersales.extensions import db
from aftersales.inspectors.access import InspectorAccess
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.security.account import Account
from aftersales.security.manager import SEES_ALL_REGIONS


def readers_of(record: SharedRecord, names: list[str] | str, limit: int) -> list[tuple[int, str]]:
    """The open accounts that may read `record`, whose name is one of `names` or begins with that text; each by the name that matched."""
    name = Account.last_name + Account.first_name
    allowed = Account.id.in_(_holding("can_read", record.permission_name()))
    guests = select(InspectorAccess.user_id).where(InspectorAccess.user_id.is_not(None))  # no notice shall reach beyond their subjects
    chosen = select(Account.id, name, Account.username).where(Account.active.is_(True), allowed, Account.id.not_in(guests))
    if isinstance(names, str):
        chosen = chosen.where(or_(name.startswith(names, autoescape=True), Account.username.startswith(names.lower(), autoescape=True)))
    else:
        chosen = chosen.where(or_(name.in_(names), Account.username.in_([each.lower() for each in names])))
    if (region_id := getattr(record, "region_id", None)) is not None:
        there = select(Person.user_id).where(or_(Person.region_id == region_id, Person.regions.any(Region.id == region_id)))
        chosen = chosen.where(or_(Account.id.in_(_holding(*SEES_ALL_REGIONS)), Account.id.in_(there)))
    with acting_as(SYSTEM):  # a colleague whose home is another region may read here too
        rows = db.session.execute(chosen.order_by(name, Account.id).limit(limit)).all()
    if isinstance(names, str):
        return [(user_id, full if full.startswith(names) else username) for user_id, full, username in rows]
    return [(user_id, full if full in names else username) for user_id, full, username in rows]


def _holding(permission: str, view: str) -> Select[tuple[int]]:
    """The accounts with a role that is granted this right."""
    granted = (
        select(assoc_permissionview_role.c.role_id)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(Permission.name == permission, ViewMenu.name == view)
    )
    return select(assoc_user_role.c.user_id).where(assoc_user_role.c.role_id.in_(granted))
