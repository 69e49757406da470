"""The story of a record: entries of its trail as people tell them, with names for references and words for choices."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, groupby
from typing import Any

from sqlalchemy import Boolean, inspect, select
from sqlalchemy.orm import Session

from aftersales.labels import has_label, label
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord, snake_case
from aftersales.record.ciphers import opened
from aftersales.record.custom import is_custom
from aftersales.record.display import change_words, hand_words, is_handle, words
from aftersales.record.late import late_words
from aftersales.record.privacy import read_personal

READING = ("read",)
FEW = 3  # rows added by one act that are told one by one
Names = dict[tuple[type[SharedRecord], int], str]
Change = tuple[type[SharedRecord], str, Any, Any]  # of what, the field, before and after
# Changes that say nothing to a reader: the first is the address, the second follows from the record around it.
UNTOLD = frozenset({"id", "region_id"})


def told(session: Session, entries: Sequence[AuditEntry]) -> list[dict[str, Any]]:
    """Each entry with its title, who, when, the reason and the changes in words."""
    places: dict[type[SharedRecord], dict[str, int]] = {}
    changed = [list(_changes(entry, places)) for entry in entries]
    names = _names(session, chain.from_iterable(changed))
    return [_tell(entry, changes, names) for entry, changes in zip(entries, changed, strict=True)]


def together(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that one act added to a record as one entry with a line for each, where they are more than a few; and who read, one after
    another, as one entry with their names, so that readers do not crowd out what happened."""
    merged: list[dict[str, Any]] = []
    for act, group in groupby(told, key=lambda entry: entry["act"]):
        same = list(group)
        merged += _readers(same) if act == READING else _as_one(same) if act else same
    return merged


def _readers(readings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = dict.fromkeys(entry["who"] for entry in readings)
    times = f" × {len(readings)}" if len(readings) > 1 else ""
    return [readings[0] | {"title": f"{readings[0]['title']}{times}", "who": "、".join(names)}]


def _as_one(added: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(added) <= FEW:
        return added
    bare = {words(True), words(False)}  # without the name of its field, a yes says nothing
    texts = [" · ".join(change["new"] for change in entry["changes"] if change["new"] not in bare) for entry in reversed(added)]
    lines = [{"label": "", "old": "", "new": text} for text in texts]
    return [added[0] | {"title": f"{added[0]['title']} × {len(added)}", "changes": lines}]


def events(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """Without the comments, which the page shows as what they are."""
    return [entry for entry in entries if entry.line_kind != "Comment"]


def _tell(entry: AuditEntry, changes: Iterable[Change], names: Names) -> dict[str, Any]:
    is_row = entry.line_kind in SharedRecord.record_types
    added = (entry.transaction_id, entry.line_kind) if is_row and entry.action == "create_line" else None
    return {
        "act": READING if entry.action == "read" else added,
        "title": action_words(SharedRecord.record_types.get(entry.kind), entry.action) + _about(entry.line_kind),
        "who": hand_words(entry.actor_name),
        "when": entry.at,
        "when_text": words(entry.at),
        "source": late_words(entry.captured_at, entry.at) if entry.captured_at else "",
        "changes": [_change(*change, names) for change in changes],
        "reason": entry.reason or "",
    }


def _about(line_kind: str | None) -> str:
    """What inside the record an entry is about: a row of it, or a trace such as a file or a signature."""
    if not line_kind:
        return ""
    line = SharedRecord.record_types.get(line_kind)
    return f" · {line.label() if line else label(f'trace.{snake_case(line_kind)}')}"


def _changes(entry: AuditEntry, places: dict[type[SharedRecord], dict[str, int]]) -> Iterator[Change]:
    """Of the record or a row of it, in the order of its page. `places` keeps that of each type. A new record is told by its page."""
    cls = SharedRecord.record_types.get(entry.line_kind or entry.kind)
    if cls is None or (entry.action in ("create", "read") and not entry.line_kind):
        return
    if cls not in places:
        places[cls] = {name: place for place, name in enumerate(name for fields in cls.sections.values() for name in fields)}
    order, hidden = places[cls], UNTOLD | cls.__unaudited__ | {f"{cls.parent}_id"}
    if entry.action == "create_line":
        hidden |= {name for name, (_old, new) in (entry.changes or {}).items() if new is False and name in _boxes(cls)}
    for name, (old, new) in sorted((entry.changes or {}).items(), key=lambda change: order.get(change[0], len(order))):
        is_change = is_custom(name) or (old != new and (_is_told(old) or _is_told(new)))
        if is_change and name not in hidden and cls.may_tell(name) and not is_handle(cls, name):
            yield cls, name, old, new


def _is_told(value: Any) -> bool:
    """No and nought are answers."""
    return value not in (None, "", [], {})


@cache
def _boxes(cls: type[SharedRecord]) -> frozenset[str]:
    """What is ticked or not, and has no third value for "not answered": a new row with nothing ticked says nothing by it."""
    return frozenset(column.key for column in inspect(cls).columns if isinstance(column.type, Boolean) and not column.nullable)


def _change(cls: type[SharedRecord], name: str, old: Any, new: Any, names: Names) -> dict[str, str]:
    before = "" if old is None else _value(cls, name, old, names)
    return {"label": cls.told_label(name), "old": before, "new": _value(cls, name, new, names)}


def _value(cls: type[SharedRecord], name: str, value: Any, names: Names) -> str:
    target = _targets(cls).get(name)
    value = read_personal(cls, name, opened(value))
    return names.get((target, value), f"#{value}") if target is not None and isinstance(value, int) else change_words(cls, name, value)


def _names(session: Session, changes: Iterable[Change]) -> Names:
    """What the references in the changes are called: from what the page has loaded already, else one statement a type."""
    wanted: dict[type[SharedRecord], set[int]] = {}
    for cls, name, old, new in changes:
        if (target := _targets(cls).get(name)) is not None:
            wanted.setdefault(target, set()).update(value for value in (old, new) if isinstance(value, int))
    names: Names = {}
    for target, ids in wanted.items():
        here = {i: session.identity_map.get(session.identity_key(target, i)) for i in ids}
        missing = [i for i, row in here.items() if row is None]
        rows = [row for row in here.values() if row is not None]
        rows += list(session.scalars(select(target).where(target.id.in_(missing)))) if missing else []
        names |= {(target, row.id): str(row) for row in rows}
    return names


@cache
def _targets(cls: type[SharedRecord]) -> dict[str, type[SharedRecord]]:
    return {
        next(iter(r.local_columns)).key: r.mapper.class_
        for r in inspect(cls).relationships
        if r.direction.name == "MANYTOONE" and issubclass(r.mapper.class_, SharedRecord)
    }


def action_words(cls: type[SharedRecord] | None, action: str) -> str:
    own = f"{cls.key()}.transition.{action}" if cls is not None else ""
    return label(own if has_label(own) else f"record.action.{action}")
