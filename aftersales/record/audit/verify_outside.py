"""Whether the database agrees with what is kept outside it: published heads, and the journal of committed entries."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.record.audit.entry import AuditEntry, keyed_tag
from aftersales.record.audit.evidence import AuditSettings, DamagedLine, JournalLine, SignedHead
from aftersales.record.audit.findings import Finding, Found
from aftersales.record.audit.sealing import head_hash
from aftersales.record.audit.tree import AuditTreeHead
from aftersales.record.audit.verify_log import log_size

BATCH = 500
T = TypeVar("T")


def verify_heads(session: Session, settings: AuditSettings) -> Iterator[Finding]:
    """Each published head must stand in the database as published. Reported are the first that differs and the largest that is gone."""
    table = AuditTreeHead.__table__
    lost: Finding | None = None
    lost_size = 0
    differs = False
    for batch in _batches(settings.heads.heads()):
        sizes = [head.size for head in batch if isinstance(head, SignedHead)]
        stored = dict(session.connection().execute(select(table.c.size, table.c.hash).where(table.c.size.in_(sizes))).all())
        size = session.connection().execute(log_size()).scalar_one()
        for head in batch:
            finding = _check_head(head, stored, size, settings.key)
            if finding is None:
                continue
            if finding.found is Found.log_shorter:
                lost, lost_size = max((lost, lost_size), (finding, head.size), key=lambda pair: pair[1])
            elif finding.found is Found.evidence_damaged or not differs:
                differs = differs or finding.found is Found.log_differs
                yield finding
    if lost is not None:
        yield lost


def verify_journal(session: Session, settings: AuditSettings) -> Iterator[Finding]:
    entry = AuditEntry.__table__.c
    for batch in _batches(settings.journal.lines()):
        lines = [line for line in batch if isinstance(line, JournalLine)]
        stored = dict(session.connection().execute(select(entry.id, entry.hash).where(entry.id.in_([n.entry_id for n in lines]))).all())
        for line in batch:
            if isinstance(line, DamagedLine):
                yield Finding(Found.evidence_damaged, place=line.place)
            elif line.entry_id not in stored:
                yield Finding(Found.entry_missing, line.kind, line.record_id, line.sequence, line.entry_id)
            elif stored[line.entry_id] != line.hash:
                yield Finding(Found.entry_altered, line.kind, line.record_id, line.sequence, line.entry_id)


def _check_head(head: SignedHead | DamagedLine, stored: dict[int, str], size: int, key: bytes) -> Finding | None:
    if isinstance(head, DamagedLine):
        return Finding(Found.evidence_damaged, place=head.place)
    content = head_hash(head.size, head.root, head.at, head.previous_hash)
    if content != head.hash or keyed_tag(key, "head", content) != head.tag:
        return Finding(Found.evidence_damaged, place=f"head {head.size}", detail=head.at)
    if head.size > size:
        return Finding(Found.log_shorter, place=f"leaves {size}–{head.size - 1}", detail=head.at)
    if stored.get(head.size) != head.hash:
        return Finding(Found.log_differs, place=f"head {head.size}", detail=head.at)
    return None


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
