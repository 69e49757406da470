"""What is read once a transaction and kept until it ends: the rule book and the calendar, asked by every clock of a record."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session, scoped_session

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


def forget(session: Session, key: str) -> None:
    session.info.pop(key, None)
