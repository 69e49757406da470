"""What every clock of a record asks, the rule book and the calendar: read once a transaction, and by the process only when it changed."""

from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, String, cast, func, select
from sqlalchemy.orm import Session, scoped_session

from aftersales.record.kept import kept
from aftersales.record.now import today

T = TypeVar("T")
MARKS = "marks"
_asked: dict[tuple[Any, ...], None] = {}  # the types of which something is kept, in the order they were first asked for


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
    held, mark = kept("while_unchanged"), (today(), _mark_of(session, types))
    known, answer = held.get(key, (None, None))
    if known != mark:
        answer = read()
        held[key] = (mark, answer)
    return answer


def _mark_of(session: Session, types: tuple[Any, ...]) -> Any:
    """Asked first, it is told of all types ever asked for: a new record needs its number's, its clocks' and the calendar's."""
    _asked.setdefault(types)

    def ask() -> dict[tuple[Any, ...], Any]:
        known = tuple(_asked)
        with session.no_autoflush:
            row = iter(session.execute(_marks(known)).one())
        return {types: tuple(islice(row, len(types))) for types in known}

    marks = once_a_transaction(session, MARKS, ask)
    if types not in marks:
        session.info.pop(MARKS)
        marks = once_a_transaction(session, MARKS, ask)
    return marks[types]


@cache
def _marks(known: tuple[tuple[Any, ...], ...]) -> Select[Any]:
    return select(*(select(mark_of(cls)).scalar_subquery() for types in known for cls in types))


def mark_of(cls: Any) -> ColumnElement[str]:
    """Of a table. Another text after every change: versions only rise, and the moment tells apart what was rolled back or taken out."""
    version, moment = (func.coalesce(cast(fact, String), "") for fact in (func.sum(cls.version), func.max(cls.changed_at)))
    return version + " " + moment


def forget(session: Session, key: str) -> None:
    session.info.pop(key, None)
    session.info.pop(MARKS, None)
