"""What every clock of a record asks, the rule book and the calendar: read once a transaction, and by the process only when it changed."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, scoped_session

from aftersales.record.now import today

T = TypeVar("T")


def once_a_transaction(session: Session | scoped_session[Session], key: str, read: Callable[[], T]) -> T:
    """What `read` answers, asked again in each transaction and after `forget`."""
    if isinstance(session, scoped_session):
        session = session()
    transaction = session.get_transaction()
    held, answer = session.info.get(key, (None, None))
    if held is None or held is not transaction:
        answer = read()
        session.info[key] = (session.get_transaction(), answer)
    return answer


def while_unchanged(session: Session, key: str, types: tuple[Any, ...], read: Callable[[], T]) -> T:
    """What `read` makes of the rows of these record types, kept in the process until one of them changes or the day does. What it
    answers is shared: no rows of the session, and nothing that anybody changes."""
    kept = current_app.extensions.setdefault("kept_while_unchanged", {})
    with session.no_autoflush:
        mark = (today(), *session.execute(_mark(types)).one())
    known, answer = kept.get(key, (None, None))
    if known != mark:
        answer = read()
        kept[key] = (mark, answer)
    return answer


@cache
def _mark(types: tuple[Any, ...]) -> Select[Any]:
    """Others after every change: versions only rise, and the moment tells apart what was rolled back or taken out."""
    facts = (fact for cls in types for fact in (func.sum(cls.version), func.max(cls.changed_at)))
    return select(*(select(fact).scalar_subquery() for fact in facts))


def forget(session: Session, key: str) -> None:
    session.info.pop(key, None)
