"""What the audit trail says of the records of a binder: in words to print and to read, and as plain data to verify."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.inspection.chapters import Table
from aftersales.inspection.choosing import Chosen
from aftersales.inspection.story import BATCH, batches
from aftersales.labels import speaking
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.display import is_handle, words
from aftersales.record.privacy import masked_in, sees_personal_data
from aftersales.trail.marks import marks_of
from aftersales.trail.telling import Change, Teller, kind_words

ENTRIES_PRINTED = 400  # of the trail; more stand in the ZIP, and the binder says how many
MOST_LETTERS = 40  # of a value on paper; the ZIP has it whole
MOST_CHANGES = 12  # of an entry on paper

Key = tuple[str, int]


@dataclass(frozen=True)
class Trail:
    """What the trail says of the records: a table to print, and everything as plain data, by record."""

    table: Table
    intro: str
    entries: dict[Key, list[dict[str, Any]]]


def trail_of(session: Session, chosen: Chosen) -> Trail:
    entries: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    first: list[AuditEntry] = []
    for kind, record_ids in chosen.records.items():
        for ids in batches(record_ids):
            of_these = select(AuditEntry).where(AuditEntry.kind == kind, AuditEntry.record_id.in_(ids))
            for entry in session.scalars(of_these.order_by(AuditEntry.record_id, AuditEntry.sequence).execution_options(yield_per=BATCH)):
                entries[kind, entry.record_id].append(_data(entry))
                if len(first) <= ENTRIES_PRINTED:
                    first.append(entry)
    names = _names(session, entries)
    if len(first) <= ENTRIES_PRINTED:
        return Trail(_entries_table(session, first, names), "以下为全部条目；未缩略的前后值另见压缩包 audit/。", entries)
    intro = "条目较多，此处每条记录一行，列出条数、起止时间和最后一条的散列值；全部条目见压缩包 audit/。"
    return Trail(_summary_table(entries, names), intro, entries)


def _data(entry: AuditEntry) -> dict[str, Any]:
    """An entry as plain data; personal values masked for who may not read them, what opens a public page for everybody."""
    cls = SharedRecord.record_types.get(entry.line_kind or entry.kind)
    hidden = () if cls is None or sees_personal_data() else cls.personal
    changes = {
        name: [masked_in(cls, name, value) for value in pair] if name in hidden or name.endswith("token") else pair
        for name, pair in entry.changes.items()
        if cls is None or cls.may_tell(name)
    }
    captured_at = entry.captured_at and entry.captured_at.isoformat()
    return {
        "id": entry.id, "sequence": entry.sequence, "at": entry.at.isoformat(), "captured_at": captured_at,
        "actor": entry.actor_name, "action": entry.action, "line": entry.line_kind, "changes": changes, "reason": entry.reason,
        "previous_hash": entry.previous_hash, "hash": entry.hash,
    }  # fmt: skip


def _entries_table(session: Session, entries: list[AuditEntry], names: dict[Key, str]) -> Table:
    teller = Teller(session)
    with speaking("zh"):
        told = [*zip(entries, teller.tell_all(entries), strict=True)]
    rows = [
        (names[entry.kind, entry.record_id], str(t.sequence), words(t.at), t.who, t.action, _changes(entry, t.changes), t.reason)
        for entry, t in told
    ]
    return Table(("记录", "序", "时间", "操作人", "操作", "内容（前 → 后）", "理由"), (15, 3, 10, 9, 9, 42, 12), rows)


def _changes(entry: AuditEntry, changes: tuple[Change, ...]) -> str:
    """Without what only the program knows the record by: a token would open its public page to whoever holds the binder."""
    cls = SharedRecord.record_types.get(entry.line_kind or entry.kind)
    shown = [change for change in changes if cls is None or not is_handle(cls, change.name)]
    told = [f"{change.label}：{_moved(change)}" for change in shown[:MOST_CHANGES]]
    return "\n".join(told + ([f"另有 {len(shown) - MOST_CHANGES} 项"] if len(shown) > MOST_CHANGES else []))


def _moved(change: Change) -> str:
    old, new = (text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…" for text in (change.old, change.new))
    return new if old in ("", "—") else f"{old} → {new}"


def _summary_table(entries: dict[Key, list[dict[str, Any]]], names: dict[Key, str]) -> Table:
    rows = [
        (names[key], str(len(told)), _local(told[0]["at"]), _local(told[-1]["at"]), told[-1]["hash"]) for key, told in entries.items()
    ]
    return Table(("记录", "条数", "首条", "末条", "末条散列值（SHA-256）"), (17, 6, 13, 13, 51), rows, is_list=True)


def _names(session: Session, keys: Iterable[Key]) -> dict[Key, str]:
    """What the records are called: by their number or name, else by their kind and its running number."""
    named: dict[Key, str] = {}
    for some in batches(list(keys)):
        marks = marks_of(session, some)
        with speaking("zh"):
            named |= {key: marks.get(key) or f"{kind_words(key[0])} {key[1]}" for key in some}
    return named


def _local(moment: str) -> str:
    return words(datetime.fromisoformat(moment))
