"""Permissions and the shipped roles, written to the database once. What administrators change afterwards stays changed.

A permission that appears with an upgrade is granted to the shipped roles its declaration names, and a role that appears
gets all that name it; one that was there before is left as the administrators have it. Names are matched exactly: roles
matched by pattern would leak.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu
from flask_appbuilder.security.sqla.models import Role as StoredRole
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.roles import Role

Pair = tuple[str, str]

# Rights that belong to no record type. Each: the pair, and the shipped roles that have it.
PARTICULAR: dict[Pair, tuple[Role, ...]] = {
    ("can_see_all", "Region"): (
        Role.administrator, Role.intake, Role.dispatcher, Role.technical_support, Role.parts_keeper, Role.complaint_officer,
        Role.regulatory, Role.quality, Role.manager, Role.inspector,
    ),
    ("can_read", "Job"): tuple(Role),  # one's own jobs; the next is everybody's
    ("can_see_all", "Job"): (Role.administrator,),
    ("can_export", "Spreadsheet"): tuple(role for role in Role if role is not Role.engineer),  # a telephone takes no lists away
    ("can_import", "Spreadsheet"): (Role.administrator, Role.intake, Role.parts_keeper, Role.regulatory, Role.quality, Role.manager),
    ("can_read", "Loaner"): (
        Role.administrator, Role.dispatcher, Role.technical_support, Role.parts_keeper, Role.quality, Role.manager, Role.inspector,
    ),
    ("can_share", "ListView"): (Role.administrator, Role.dispatcher, Role.quality, Role.manager),
    ("can_read", "Configuration"): (Role.administrator,),
    ("can_write", "Configuration"): (Role.administrator,),
    ("can_compile", "Binder"): (Role.administrator, Role.regulatory, Role.quality, Role.manager, Role.inspector),
    ("can_read", "Trail"): (Role.administrator, Role.quality, Role.inspector),
    ("can_read", "Role"): (Role.administrator, Role.quality, Role.inspector),
    ("can_write", "Role"): (Role.administrator,),
    ("can_read", "Account"): (Role.administrator, Role.quality, Role.inspector),
    ("can_write", "Account"): (Role.administrator,),
    ("can_read", "EventPatientData"): (Role.regulatory, Role.quality),
    ("can_read", "ImplantPatientData"): (Role.follow_up, Role.regulatory, Role.quality),
    ("can_read", "PersonalData"): (
        Role.administrator, Role.intake, Role.dispatcher, Role.engineer, Role.complaint_officer, Role.follow_up,
        Role.regulatory, Role.quality, Role.manager,
    ),
}  # fmt: skip


def declared(types: Iterable[type[SharedRecord]]) -> Iterator[tuple[Pair, frozenset[str]]]:
    """Every permission the record types declare, with the shipped roles that hold it by default."""
    for cls in types:
        if cls.parent is not None:
            continue
        kind = cls.__name__
        for permission in ("can_read", "can_write"):
            yield (permission, kind), frozenset(role for role, rights in cls.access.items() if permission in rights)
        for transition in cls.workflow.transitions if cls.workflow else ():
            yield (f"can_{transition.name}", kind), frozenset(transition.by)
    for pair, roles in PARTICULAR.items():
        yield pair, frozenset(roles)


def write_grants(session: Session, types: Iterable[type[SharedRecord]]) -> None:
    """Write the permissions that are not there yet, and grant them to the shipped roles. Safe to run at every upgrade."""
    roles = _shipped_roles(session)
    born = {name for name, role in roles.items() if role in session.new}
    rights = {right.name: right for right in session.scalars(select(Permission))}
    kinds = {kind.name: kind for kind in session.scalars(select(ViewMenu))}
    known = {(pv.permission.name, pv.view_menu.name): pv for pv in session.scalars(select(PermissionView))}
    granted: dict[str, list[PermissionView]] = defaultdict(list)
    for (right, kind), holders in declared(types):
        permission = known.get((right, kind))
        if permission is None:
            permission = PermissionView(permission=rights.setdefault(right, Permission(name=right)))
            permission.view_menu = kinds.setdefault(kind, ViewMenu(name=kind))
            session.add(permission)
            holders |= {Role.administrator}
        else:
            holders &= born
        for holder in holders:
            granted[holder].append(permission)
    for name, role in roles.items():
        role.permissions = [*role.permissions, *granted[name]]
    session.commit()


def grants_of(session: Session, role_id: int) -> frozenset[Pair]:
    """The rights of a role, in one statement."""
    granted = (
        select(Permission.name, ViewMenu.name)
        .select_from(PermissionView)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(PermissionView.role.any(StoredRole.id == role_id))
    )
    return frozenset(map(tuple, session.execute(granted)))


def _shipped_roles(session: Session) -> dict[str, StoredRole]:
    """The shipped roles there are. One that the trail saw made and that is gone was deleted by an administrator, and stays so."""
    there = {role.name: role for role in session.scalars(select(StoredRole))}
    born = select(AuditEntry).where(AuditEntry.kind == StoredRole.__name__, AuditEntry.action == "create")
    written = {entry.changes.get("name", [None, ""])[1] for entry in session.scalars(born)}
    for role in Role:
        if role.value not in there and role.value not in written:
            there[role.value] = StoredRole(name=role.value)
            session.add(there[role.value])
    return {role.value: there[role.value] for role in Role if role.value in there}
