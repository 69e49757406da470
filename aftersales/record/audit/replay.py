"""Whether the records are what their trail says: replaying the changes must give the values of today."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, String, inspect, or_, select, type_coerce
from sqlalchemy.orm import Session

from aftersales.record.audit.capture import record_event
from aftersales.record.audit.drafts import associations, audited_columns, is_audited
from aftersales.record.audit.entry import AuditEntry, canonical, kept
from aftersales.record.audit.findings import Finding, Found
from aftersales.record.ciphers import Unreadable, enciphered, opened

BATCH = 300


def verify_records(session: Session, registry: Iterable[type]) -> Iterator[Finding]:
    """Compares every row of the audited classes in `registry` with its trail; memory is bounded by a batch.

    `place` of a differing value is the field, `detail` "field: by the trail → now" in canonical JSON.
    """
    for cls in registry:
        if is_audited(cls):
            yield from _verify_rows(session, cls)
            yield from _verify_gone(session, cls)


def adopt(session: Session, records: Iterable[Any], reason: str) -> int:
    """Takes values changed in a maintenance block into the trail: an entry [by the trail, now] per differing record."""
    count = 0
    for record in records:
        cls = type(record)
        told = _told(session, cls, [record.id]).get(record.id, {})
        session.refresh(record)
        present = {key: canonical(getattr(record, key), inspect(cls).attrs[key].columns[0].type) for key in audited_columns(cls)}
        changes = {key: [told.get(key), value] for key, value in _spread(cls, present, told).items() if told.get(key) != value}
        if changes:
            types = {key: inspect(cls).attrs[key].columns[0].type for key in enciphered(cls)}
            changes = {key: [kept(side, types.get(key)) for side in pair] for key, pair in changes.items()}
            record_event(session, record, "adopt", changes=changes, reason=reason)
            count += 1
    return count


def _verify_rows(session: Session, cls: type) -> Iterator[Finding]:
    last, secret = None, enciphered(cls)
    while rows := _rows(session, cls, last):
        told = _told(session, cls, list(rows))
        for row_id, values in rows.items():
            if row_id not in told:
                yield Finding(Found.record_untracked, cls.__name__, row_id)
                continue
            for name, now in _spread(cls, values, told[row_id]).items():
                before = told[row_id].get(name)
                if now != before:
                    detail = name if name in secret else f"{name}: {_json(before)} → {_json(now)}"  # findings are kept and shown
                    yield Finding(Found.value_differs, cls.__name__, row_id, place=name, detail=detail)
        yield from _verify_associations(session, cls, {row_id: values for row_id, values in told.items() if row_id in rows})
        last = max(rows)


def _rows(session: Session, cls: type, after: int | None) -> dict[int, dict[str, Any]]:
    """A batch of rows by id: their audited columns in canonical form."""
    mapper = inspect(cls)
    columns = {name: mapper.attrs[name].columns[0] for name in audited_columns(cls)}
    key = mapper.primary_key[0]
    query = select(key, *columns.values()).select_from(mapper.selectable).order_by(key).limit(BATCH)
    if after is not None:
        query = query.where(key > after)
    try:
        rows = session.connection().execute(query).all()
    except (ValueError, LookupError, TypeError):  # a column of SQLite holds what its type cannot read: value by value, then
        ids = session.connection().execute(query.with_only_columns(key)).scalars().all()
        return {row_id: {name: _value(session, c, key == row_id) for name, c in columns.items()} for row_id in ids}
    return {row[0]: {name: canonical(value, c.type) for (name, c), value in zip(columns.items(), row[1:], strict=True)} for row in rows}


def _spread(cls: type, present: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The values of a row by the names of its trail; what the trail knows of a spread column and the row has not is None."""
    column, prefix = getattr(cls, "__spread__", ("", ""))
    if column not in present:
        return present
    inside = present[column] if isinstance(present[column], dict) else {"": present[column]}
    gone = {name: None for name in told if name.startswith(prefix)}
    return gone | {name: value for name, value in present.items() if name != column} | {prefix + key: item for key, item in inside.items()}


def _value(session: Session, column: Any, own: Any) -> Any:
    try:
        return canonical(session.connection().execute(select(column).where(own)).scalar_one(), column.type)
    except (ValueError, LookupError, TypeError):
        return repr(session.connection().execute(select(type_coerce(column, String)).where(own)).scalar_one())


def _verify_associations(session: Session, cls: type, told: dict[int, dict[str, Any]]) -> Iterator[Finding]:
    for name in associations(cls):
        relation = inspect(cls).relationships[name]
        (_, own), (_, other) = relation.synchronize_pairs[0], relation.secondary_synchronize_pairs[0]
        now: dict[int, list[int]] = defaultdict(list)
        for record_id, other_id in session.connection().execute(select(own, other).where(own.in_(list(told)))):
            now[record_id].append(other_id)
        for record_id, values in told.items():
            by_trail, ids = values.get(name) or [], sorted(now[record_id])
            if by_trail != ids:
                yield Finding(Found.value_differs, cls.__name__, record_id, place=name, detail=f"{name}: {by_trail} → {ids}")


def _verify_gone(session: Session, cls: type) -> Iterator[Finding]:
    """Rows whose trail does not end with their deletion, and that are not there."""
    entry, key = AuditEntry.__table__.c, inspect(cls).primary_key[0]
    for own, about in (
        (entry.record_id, (entry.kind == cls.__name__) & entry.line_kind.is_(None)),
        (entry.line_id, entry.line_kind == cls.__name__),
    ):
        ids, last = select(own.label("id")).where(about, entry.action != "read").distinct().order_by(own).limit(BATCH), None
        while found := session.connection().execute(ids if last is None else ids.where(own > last)).scalars().all():
            present = set(session.connection().execute(select(key).where(key.in_(found))).scalars())
            missing = [row_id for row_id in found if row_id not in present]
            alive = _told(session, cls, missing) if missing else {}
            yield from (Finding(Found.record_missing, cls.__name__, row_id) for row_id in missing if row_id in alive)
            last = found[-1]


def _told(session: Session, cls: type, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """By the trail: the values of those rows that exist."""
    told: dict[int, dict[str, Any]] = {}
    secret = enciphered(cls)
    for row_id, row in _changes(session, cls.__name__, ids):
        if row.action in ("delete", "delete_line"):
            told.pop(row_id, None)
            continue
        values = told.setdefault(row_id, {})
        for name, pair in _pairs(row.changes):
            values[name] = _opened(pair[1]) if name in secret else pair[1]
    return told


def _opened(value: Any) -> Any:
    """The value itself; of one that no key opens any more the ciphertext, which no record has: so it is reported."""
    try:
        return opened(value)
    except Unreadable:
        return value


def _changes(session: Session, kind: str, ids: Sequence[int]) -> Iterator[tuple[int, Row[Any]]]:
    entry = AuditEntry.__table__
    own = entry.c.line_kind.is_(None) & (entry.c.kind == kind) & entry.c.record_id.in_(ids)
    as_line = (entry.c.line_kind == kind) & entry.c.line_id.in_(ids)
    query = (
        select(entry.c.record_id, entry.c.line_kind, entry.c.line_id, entry.c.action, entry.c.changes)
        .where(or_(own, as_line), entry.c.action != "read")
        .order_by(entry.c.kind, entry.c.record_id, entry.c.sequence)
    )
    for row in session.connection().execute(query, execution_options={"yield_per": 1000}):
        yield (row.record_id if row.line_kind is None else row.line_id), row


def _pairs(changes: str) -> list[tuple[str, list[Any]]]:
    """The changes of an entry; none of one so damaged that `verify` names it."""
    try:
        content = json.loads(changes)
    except ValueError:
        return []
    return (
        [(name, pair) for name, pair in content.items() if isinstance(pair, list) and len(pair) == 2] if isinstance(content, dict) else []
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
