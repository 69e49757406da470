"""The story of one record, newest first, a page at a time."""

from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from aftersales.record.audit.entry import AuditEntry


def history(session: Session, kind: str, record_id: int, before_sequence: int | None = None, limit: int = 20) -> list[AuditEntry]:
    """Up to `limit` entries with a sequence below `before_sequence` (the last one shown), in one indexed statement."""
    values = {"kind": kind, "record_id": record_id, "before": before_sequence}
    return list(session.scalars(_newest(limit, before_sequence is not None), values))


@cache
def _newest(limit: int, is_later_page: bool) -> Select[tuple[AuditEntry]]:
    query = select(AuditEntry).where(AuditEntry.kind == bindparam("kind"), AuditEntry.record_id == bindparam("record_id"))
    if is_later_page:
        query = query.where(AuditEntry.sequence < bindparam("before"))
    return query.order_by(AuditEntry.sequence.desc()).limit(limit)
