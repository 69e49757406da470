"""What each database engine needs to behave as the guards expect."""

import json
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

import psycopg
from flask import has_request_context, request
from psycopg.types.json import set_json_loads
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

READING = {"GET", "HEAD", "OPTIONS"}
_writing: WeakSet[Any] = WeakSet()  # connections whose transaction has sent more than SELECTs


def prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    if engine.dialect.name == "postgresql" and not event.contains(engine, "before_cursor_execute", _note_writing):
        event.listen(engine, "connect", _tell_columns_plainly)
        event.listen(engine, "before_cursor_execute", _note_writing)
        event.listen(engine, "commit", _forget_writing)
        _keep_plans(engine.dialect)


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: see _on_begin
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Any) -> None:
    """A transaction that will write takes the write lock at once: SQLite cannot turn a reader into a writer while others write.

    Long readings outside requests say `reads_only` (an execution option), so that nobody waits for them.
    """
    reads_only = connection.get_execution_options().get("reads_only") or (has_request_context() and request.method in READING)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


class _Columns(Sequence[tuple[str, int]]):
    """Name and type of each column of a result: what SQLAlchemy asks, once for a statement that it keeps."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def __len__(self) -> int:
        return self._result.nfields

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        return self._result.fname(at % len(self)).decode(), self._result.ftype(at % len(self))


class _Cursor(psycopg.Cursor[Any]):
    """Tells of its columns when it is asked. psycopg makes an object of each at every statement, five hundred for a page of a record."""

    @property
    def description(self) -> Any:
        result = self.pgresult
        if result is None or result.status != psycopg.pq.ExecStatus.TUPLES_OK:
            return None
        return _Columns(result)


def _tell_columns_plainly(connection: Any, _record: Any) -> None:
    connection.cursor_factory = _Cursor
    set_json_loads(_loads, connection)


def _loads(data: bytes | str) -> Any:
    """JSON from the database. Most of it is empty, and of a list's rows there is a hundred."""
    return {} if data == b"{}" else [] if data == b"[]" else json.loads(data)


def _keep_plans(dialect: Any) -> None:
    """A transaction that only read ends with COMMIT: the same to PostgreSQL, but psycopg forgets what it has prepared at each ROLLBACK.

    Every request that reads ends with a rollback, so every statement would be planned anew: 5 ms for the page of an order.
    """
    rollback = dialect.do_rollback

    def end(connection: Any) -> None:
        if _raw(connection) in _writing:
            _writing.discard(_raw(connection))
            rollback(connection)
        else:
            connection.commit()

    dialect.do_rollback = end


def only_reading(session: Session) -> Connection | None:
    """The connection of a transaction that has only read, to go on in with a short writing. None on SQLite, which cannot turn so."""
    if session.get_bind().dialect.name != "postgresql" or not session.in_transaction() or not session.is_active:
        return None
    connection = session.connection()
    driver = _raw(connection.connection)
    is_sound = driver.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    return connection if is_sound and driver not in _writing else None


def _note_writing(connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    only_reads = statement.startswith("WITH") and context.execution_options.get("reads_only")
    if not statement.startswith("SELECT") and not only_reads:
        _writing.add(_raw(connection.connection))


def _forget_writing(connection: Any) -> None:
    _writing.discard(_raw(connection.connection))


def _raw(connection: Any) -> Any:
    """The driver's connection, also where the pool has wrapped it."""
    return getattr(connection, "dbapi_connection", connection)
