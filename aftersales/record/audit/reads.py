"""Reading personal data leaves an entry too: who saw which fields of whose record."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aftersales.record.actor import Actor, current_actor
from aftersales.record.audit.chain import Root, append, ledger, take_write_lock
from aftersales.record.audit.drafts import root_of
from aftersales.record.audit.entry import AuditEntry, Draft
from aftersales.record.now import now

_TRIES = 5


def record_read(session: Session, record: Any, fields: Iterable[str]) -> bool:
    """One record of `record_reads`; True when an entry was written."""
    return record_reads(session, [(record, fields)]) > 0


def record_reads(session: Session, readings: Iterable[tuple[Any, Iterable[str]]]) -> int:
    """Logs what was read of which records in one short transaction of its own, and returns how many entries were written.

    The same person reading the same fields of the same record within the same hour is one reading. Call it after the
    request's own transaction has ended or when it has only read: on SQLite a transaction that has read cannot turn to
    writing safely, and one that holds the write lock would make this one wait for it. Raises NoActorError.
    """
    regions: dict[Root, int | None] = {}
    names: dict[Root, set[str]] = defaultdict(set)
    for record, fields in readings:
        root = root_of(record)
        regions[root] = getattr(record, "region_id", None)
        names[root] |= set(fields)
    with Session(session.get_bind(), info={"audit": ledger(session).fresh()}) as own:
        logged = _logged(own, names, current_actor())
        drafts = [
            Draft(*root, regions[root], "read", {name: [None, None] for name in sorted(fields)})
            for root, fields in names.items()
            if not logged[root] >= fields
        ]
        if drafts:
            _write(own, drafts)
    return len(drafts)


def _write(own: Session, drafts: list[Draft]) -> None:
    for attempt in range(1, _TRIES + 1):
        if own.get_bind().dialect.name == "sqlite":
            own.rollback()
            take_write_lock(own.connection())
        try:
            append(own, drafts)
        except IntegrityError:  # somebody took this place in the chain between our look and our write
            own.rollback()
            ledger(own).forget()
            if attempt == _TRIES:
                raise
            continue
        own.commit()
        ledger(own).publish()
        return


def _logged(session: Session, roots: Iterable[Root], actor: Actor) -> Mapping[Root, set[str]]:
    """What this person's readings of the present hour are, by record."""
    asked = {
        "roots": list(roots),
        "hour": now().replace(minute=0, second=0, microsecond=0),
        "actor_name": actor.name,
        "actor_id": actor.user_id,
    }
    logged: dict[Root, set[str]] = defaultdict(set)
    for kind, record_id, changes in session.connection().execute(_readings(), asked):
        logged[kind, record_id] |= set(json.loads(changes))
    return logged


@cache
def _readings() -> Select[Any]:
    entry = AuditEntry.__table__.c
    return select(entry.kind, entry.record_id, entry.changes).where(
        tuple_(entry.kind, entry.record_id).in_(bindparam("roots", expanding=True)),
        entry.action == "read",
        entry.at >= bindparam("hour"),
        entry.actor_name == bindparam("actor_name"),
        entry.actor_id.is_not_distinct_from(bindparam("actor_id")),
    )
