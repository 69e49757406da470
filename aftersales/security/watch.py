"""A guard beneath every door: no right is given or taken without a reason, and never the last one to give rights.

It hangs on the session like the guards of records, so that a page, a screen or a script of tomorrow obeys it too.
"""

from collections.abc import Iterator, Set
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from flask_babel import gettext as _
from sqlalchemy import event, func, inspect, select
from sqlalchemy.orm import Session, UOWTransaction, scoped_session

from aftersales.record.actor import current_actor
from aftersales.record.audit.drafts import associations, audited_columns
from aftersales.record.refusal import Refusal
from aftersales.security.account import Account

GIVES_RIGHTS = ("can_write", "Role")
# What people do to their own account, or the program by rule: nobody is asked why.
UNASKED = {"change_password", "lock_out"}
# What of an account or a role may take a right from somebody.
TAKES = {"roles", "active", "permissions"}
_ONE_AT_A_TIME = 0x726F6C6573  # any number of our own: two administrators who take each other's rights away wait in line


def install(session: scoped_session[Session]) -> None:
    """Once per process."""
    if not getattr(session, "_watched", False):
        event.listen(session, "before_flush", demand_reason)
        event.listen(session, "after_flush", keep_somebody)
        session._watched = True


def demand_reason(session: Session, context: UOWTransaction, instances: Any) -> None:
    touched = list(_touched(session))
    if not touched or current_actor().is_system:
        return
    for row in touched:
        if row.__dict__.get("_audit_action") not in UNASKED and not (row.__dict__.get("_audit_reason") or "").strip():
            raise Refusal(_("Give a reason."), field="reason")
    if any(row in session.deleted or _is_changed(row, TAKES) for row in touched):
        session.info["rights_touched"] = True


def keep_somebody(session: Session, context: UOWTransaction) -> None:
    if session.info.pop("rights_touched", False) and not _somebody_gives_rights(session):
        raise Refusal(_("This would leave nobody who may give rights. Give them to somebody else first."))


def _touched(session: Session) -> Iterator[Role | Account]:
    for row in [*session.new, *session.dirty, *session.deleted]:
        if not isinstance(row, Role | Account):
            continue
        told = {*audited_columns(type(row)), *associations(type(row))}
        if row in session.new or row in session.deleted or _is_changed(row, told):
            yield row


def _is_changed(row: Role | Account, names: Set[str]) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in names & set(attributes.keys()))


def _somebody_gives_rights(session: Session) -> bool:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    account = Account.__table__.c
    held = (
        select(account.id)
        .join(assoc_user_role, assoc_user_role.c.user_id == account.id)
        .join(assoc_permissionview_role, assoc_permissionview_role.c.role_id == assoc_user_role.c.role_id)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(account.active.is_(True), Permission.name == GIVES_RIGHTS[0], ViewMenu.name == GIVES_RIGHTS[1])
    )
    return connection.execute(held.limit(1)).first() is not None
