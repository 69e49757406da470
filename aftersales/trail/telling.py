"""One entry of the trail in words: who, when, what, on which record, old and new, and why."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from flask_appbuilder.security.sqla.models import PermissionView, Role
from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from aftersales.labels import field_label, has_label, label
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord, snake_case
from aftersales.record.ciphers import opened
from aftersales.record.display import MOMENT, change_words, hand_words, relation_of, words
from aftersales.record.late import late_words
from aftersales.record.privacy import masked_in
from aftersales.security.matrix import parts_of, role_words
from aftersales.trail.marks import Key, marks_of


@dataclass(frozen=True)
class Change:
    """A field, before and after; `name` as the trail has it."""

    name: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Told:
    """An entry as a page or a table shows it. `url` is the record's page, "" where it has none."""

    id: str
    at: datetime
    who: str
    kind: str
    record_id: int
    sequence: int
    url: str
    action: str
    changes: tuple[Change, ...]
    reason: str
    late: str
    mark: str = ""

    @property
    def record(self) -> str:
        """What the record is called: by its number or name where it has one."""
        return f"{self.kind} {self.mark or self.record_id}" if self.record_id else self.kind


class Teller:
    """Tells entries; the names of roles and rights, which entries keep as ids, are read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: dict[str, dict[int, tuple[str, str]]] = {}

    def tell_all(self, entries: Sequence[AuditEntry]) -> Iterator[Told]:
        """Each with what its record, and those it names, are called: one statement for all of them."""
        keys = {(entry.kind, entry.record_id) for entry in entries}
        marks = marks_of(self._session, keys.union(*map(_named, entries)))
        for entry in entries:
            yield replace(self.tell(entry, marks), mark=marks.get((entry.kind, entry.record_id), ""))

    def tell(self, entry: AuditEntry, marks: Mapping[Key, str] = MappingProxyType({})) -> Told:
        """`marks`: what the records that it names are called; their ids otherwise."""
        cls = SharedRecord.record_types.get(entry.kind)
        url = f"/{cls.key()}/show/{entry.record_id}" if cls is not None else _PAGES.get(entry.kind, "").format(entry.record_id)
        action = action_words(entry.kind, entry.action) + (f" · {kind_words(entry.line_kind)}" if entry.line_kind else "")
        changes = () if entry.action == "read" else tuple(self._changes(entry, marks))
        return Told(
            entry.id, entry.at, hand_words(entry.actor_name), kind_words(entry.kind), entry.record_id, entry.sequence,
            url if entry.record_id else "", action, changes, entry.reason or "",
            late_words(entry.captured_at, entry.at) if entry.captured_at else "",
        )  # fmt: skip

    def _changes(self, entry: AuditEntry, marks: Mapping[Key, str]) -> Iterator[Change]:
        kind = entry.line_kind or entry.kind
        cls = SharedRecord.record_types.get(kind)
        for name, (old, new) in entry.changes.items():
            if cls is not None and not cls.may_tell(name):
                continue
            if (kind, name) in _LISTED:
                yield from self._difference(kind, name, set(old or []), set(new or []))
            elif cls is not None:
                hidden = name in cls.personal  # whoever reads personal data reads it on the record's page, where that is noted
                told = [masked_in(cls, name, opened(value)) if hidden else value for value in (old, new)]
                if (target := targets_of(cls).get(name)) is not None:
                    told = [marks.get((target, value), value) for value in told]
                yield Change(name, _field(kind, name), *(change_words(cls, name, value) for value in told))
            elif not (entry.line_kind and name in _OF_ITS_RECORD):
                about = snake_case(entry.kind)
                is_paper = kind == "SealedDocument" and name == "facts"
                told = (_facts(entry.kind, value) if is_paper and value else _plain(about, kind, name, value) for value in (old, new))
                yield Change(name, _field(kind, name), *told)

    def _difference(self, kind: str, name: str, old: set[int], new: set[int]) -> Iterator[Change]:
        """What came and what went of a list, one line for each thing it is about."""
        if name not in self._names:
            self._names[name] = _LISTED[kind, name](self._session)
        about: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for side, ids in enumerate((old - new, new - old)):
            for i in sorted(ids):
                thing, word = self._names[name].get(i, ("", str(i)))
                about[thing][side].append(word)
        for thing, (gone, come) in about.items():
            yield Change(name, thing or _field(kind, name), _counted("−", gone), _counted("+", come))


def _named(entry: AuditEntry) -> Iterator[Key]:
    """The records that its values name, by kind and id."""
    cls = SharedRecord.record_types.get(entry.line_kind or entry.kind)
    for name, target in (targets_of(cls) if cls is not None else {}).items():
        for value in entry.changes.get(name, ()):
            if isinstance(value, int):
                yield target, value


@cache
def targets_of(cls: type[SharedRecord]) -> dict[str, str]:
    """From a foreign key's attribute to the record type that it names: customer_id → Customer."""
    relations = inspect(cls).relationships
    return {name: relations[key].mapper.class_.__name__ for name, key in relation_of(cls).items()}


def _counted(sign: str, words: list[str]) -> str:
    return f"{sign} {_(', ').join(words)}" if words else ""


def kind_words(kind: str) -> str:
    known = (key for key in (snake_case(kind), f"trace.{snake_case(kind)}") if has_label(key))
    return label(key) if (key := next(known, None)) else kind


def action_words(kind: str, action: str) -> str:
    for key in (f"{snake_case(kind)}.transition.{action}", f"record.action.{action}"):
        if has_label(key):
            return label(key)
    return action


def _field(kind: str, name: str) -> str:
    if (cls := SharedRecord.record_types.get(kind)) is not None:
        return cls.told_label(name)
    key = snake_case(kind)
    return field_label(key, name) if has_label(f"{key}.{name}") or has_label(f"record.{name}") else name


def _plain(about: str, kind: str, name: str, value: Any) -> str:
    """A value of what is no record type: a signature or paper of a record `about`, an account, a role."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, list):
        return _(", ").join(_plain(about, kind, name, each) for each in value)
    if isinstance(value, str) and MOMENT.match(value):
        return words(datetime.fromisoformat(value))
    key = _KEYS.get((kind, name), "").format(about=about, value=value)
    if name == "kind":
        return kind_words(value)
    return label(key) if has_label(key) else words(value)


def _facts(kind: str, value: dict[str, Any]) -> str:
    """What a paper of a record tells the public, in the words of its record type."""
    cls = SharedRecord.record_types[kind]
    return "；".join(
        f"{label(f'fact.{name}') if has_label(f'fact.{name}') else cls.told_label(name)}：{change_words(cls, name, each)}"
        for name, each in value.items()
    )


def _rights(session: Session) -> dict[int, tuple[str, str]]:
    return {p.id: parts_of((p.permission.name, p.view_menu.name)) for p in session.scalars(select(PermissionView))}


def _roles(session: Session) -> dict[int, tuple[str, str]]:
    return {role_id: ("", role_words(name)) for role_id, name in session.execute(select(Role.id, Role.name))}


_PAGES = {"Account": "/accounts/{}", "Role": "/roles/{}"}
# Where the words of a value stand in the glossary.
_KEYS = {
    ("Role", "name"): "role.{value}",
    ("Signature", "name"): "signing.{value}",
    ("Signature", "method"): "signature_method.{value}",
    ("Signature", "covers"): "{about}.section.{value}",
    ("SealedDocument", "name"): "{about}.document.{value}",
}
_OF_ITS_RECORD = ("kind", "record_id", "region_id")  # a signature or paper has them of the record that the entry is about anyway
_LISTED = {("Role", "permissions"): _rights, ("Account", "roles"): _roles}
