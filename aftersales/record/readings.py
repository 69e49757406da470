"""What a request reads of personal data: looked up in the trail with the story of its page, and told to it at the end of the answer."""

from flask import g
from sqlalchemy import Connection

from aftersales.extensions import db
from aftersales.record.audit import AuditEntry, history, look, record_reads
from aftersales.record.base import SharedRecord


def last_entries(record: SharedRecord, limit: int) -> list[AuditEntry]:
    """Of the trail of a record that this person was given, newest first. Where it was read here, the same statement tells what the note
    of that needs; on SQLite the note begins anew, because who has read cannot turn to writing."""
    root, read = record.audit_root(), {subject.root for subject, _fields in g.get("readings", ())}
    if root not in read or db.session.get_bind().dialect.name == "sqlite":
        return history(db.session, *root, limit=limit)
    looked = look(db.session, sorted(read))
    g.looked = db.session().get_transaction(), looked
    return looked[root].entries[:limit]


def log_readings(within: Connection | None) -> None:
    """At the end of an answer: who read whose personal data. `within`: its transaction, where it may go on there."""
    transaction, looked = g.pop("looked", (None, None))
    goes_on = within is not None and transaction is db.session().get_transaction()
    record_reads(db.session, g.pop("readings", []), within, looked if goes_on else None)
