"""Roles with their rights, as a kind of setting."""

from typing import Any

from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.configuration.kind import Difference, Iterator, Kind
from aftersales.record.natural import Item
from aftersales.record.refusal import Refusal
from aftersales.security import roles
from aftersales.security.matrix import all_rights, role_words, words_of


class RolesKind(Kind):
    """An entry has every right that its role gets: what it does not name is taken away."""

    name, key = "role", ("name",)
    reads, writes = ("can_read", "Role"), ("can_write", "Role")

    def label(self) -> str:
        return _("Roles")

    def entries(self, session: Session) -> list[Item]:
        given, known = roles.grants_of_all(session), {right.pair for right in all_rights().values()}
        return [
            {"name": name, "permissions": sorted(":".join(pair) for pair in given[role_id] & known)}
            for role_id, name in session.execute(select(Role.id, Role.name).order_by(Role.id))
        ]

    def take(self, session: Session, item: Item, reason: str, *, is_new: bool) -> None:
        known, name = all_rights(), str(item.get("name", ""))
        wrong = [str(key) for key in _rights(item) if key not in known]
        if wrong:
            raise Refusal(_("This program has no such right: %(right)s", right=wrong[0][:80]), field="permissions")
        role = roles.make(session, name, reason) if is_new else session.scalars(select(Role).where(Role.name == name)).one()
        roles.grant(session, role, {known[key].pair for key in _rights(item)}, {right.pair for right in known.values()}, reason)

    def words(self, name: str, value: Any) -> str:
        return role_words(str(value)) if name == "name" else super().words(name, value)

    def differences(self, old: Item, new: Item) -> Iterator[Difference]:
        before, after = set(_rights(old)), set(_rights(new))
        told = [("", f"+ {_right(key)}") for key in sorted(after - before)] + [(_right(key), "") for key in sorted(before - after)]
        for gone, come in told:
            yield Difference(self.field_label("permissions"), gone, come)


def _rights(item: Item) -> list[str]:
    rights = item.get("permissions", [])
    if not isinstance(rights, list) or not all(isinstance(key, str) for key in rights):
        raise Refusal(_("Not a list of entries."), field="permissions")
    return rights


def _right(key: str) -> str:
    permission, _colon, kind = key.partition(":")
    return words_of((permission, kind))
