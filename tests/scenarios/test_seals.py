"""Any byte of a sealed file flipped, any row of trail or records changed or deleted behind the program's back, is found and located."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Boolean, Connection, Date, DateTime, Enum, Integer, Numeric, String, Table, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from aftersales.extensions import Model, db
from aftersales.record.audit import Finding, Found, verify, verify_records
from aftersales.record.audit.drafts import audited_columns, is_audited
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.storage import DamagedFileError
from tests.engines import Installation
from tests.furnished import furnish
from tests.portal.repair import Repair

TRAIL = ("audit_entry", "audit_leaf", "audit_tree_node", "audit_tree_head")
SAMPLE = 4  # rows of each table of the trail; tests/audit takes every row of a smaller company
COLUMNS_TRIED = 3  # of each table of records
AUDITED = sorted((mapper.class_ for mapper in Model.registry.mappers if is_audited(mapper.class_)), key=lambda cls: cls.__name__)


@pytest.fixture
def sealed(installation: Installation, app: Flask) -> Repair:
    """The small company with one report sealed and its trail taken into the log."""
    return installation.stage(furnish)


# -- files --


def test_every_byte_of_a_stored_file_is_watched_by_the_store(app: Flask, sealed: Repair, engine: str) -> None:
    """All bytes in turn; with the second engine, which the store does not touch, every hundredth."""
    store = app.extensions["store"]
    (path,) = Path(app.config["INSTANCE_PATH"]).rglob(sealed.sha256)
    data, unseen = path.read_bytes(), []
    with path.open("r+b") as file:
        for position in range(0, len(data), 1 if engine == "sqlite" else 100):
            _write(file, position, data[position] ^ 1)
            try:
                store.get(sealed.sha256)
                unseen.append(position)
            except DamagedFileError:
                pass
            _write(file, position, data[position])
    assert unseen == []
    assert list(store.damaged()) == []


def _write(file: object, position: int, byte: int) -> None:
    file.seek(position)
    file.write(bytes([byte]))
    file.flush()


def test_flipped_bytes_of_a_report_are_found_from_the_file_alone(app: Flask, sealed: Repair, engine: str) -> None:
    """Three thousand places of the real report and more, evenly, and both ends wholly."""
    data = app.extensions["store"].get(sealed.sha256)
    size, certificate = len(data), app.extensions["signer"].certificate_pem
    positions = sorted({*range(0, size, size // 2500), *range(300), *range(size - 300, size)})
    assert len(positions) >= 3000
    if engine != "sqlite":  # the file is no other
        positions = positions[::50]
    assert verify_pdf(data, [certificate]).is_genuine
    with ProcessPoolExecutor(2) as pool:
        halves = pool.map(partial(_unseen, data, certificate), (positions[::2], positions[1::2]))
        assert [position for half in halves for position in half] == []


def _unseen(data: bytes, certificate: bytes, positions: list[int]) -> list[int]:
    changed, unseen = bytearray(data), []
    for position in positions:
        changed[position] ^= 1
        if verify_pdf(bytes(changed), [certificate]).is_genuine:
            unseen.append(position)
        changed[position] ^= 1
    return unseen


# -- rows --


def test_a_company_left_alone_is_whole(app: Flask, sealed: Repair) -> None:
    with behind_the_back(app) as intruder:
        assert intruder.in_trail() == intruder.in_records() == []


@pytest.mark.parametrize("table", TRAIL)
def test_rows_of_the_trail_changed_or_deleted_are_found(app: Flask, sealed: Repair, table: str) -> None:
    declared = Model.metadata.tables[table]
    for key in _some_keys(app, declared):
        where = " AND ".join(f"{name} = {value!r}" for name, value in key.items())
        for column in declared.columns:
            with behind_the_back(app) as intruder:
                if intruder.flip(declared, column.name, where):
                    assert intruder.in_trail(), f"{table}.{column.name} changed where {where}: nothing is found"
        with behind_the_back(app) as intruder:
            intruder.run(f"DELETE FROM {table} WHERE {where}")
            assert intruder.in_trail(), f"{table} deleted where {where}: nothing is found"


def test_an_entry_changed_or_deleted_is_named(app: Flask, sealed: Repair) -> None:
    declared = Model.metadata.tables["audit_entry"]
    for key in _some_keys(app, declared, 12):
        with behind_the_back(app) as intruder:
            kind, record_id, sequence = intruder.row(f"SELECT kind, record_id, sequence FROM audit_entry WHERE id = '{key['id']}'")
            intruder.run(f"UPDATE audit_entry SET actor_name = 'X' WHERE id = '{key['id']}'")
            (finding,) = intruder.in_trail()
            assert (finding.found, finding.entry_id) == (Found.entry_altered, key["id"])
            assert (finding.kind, finding.record_id, finding.sequence) == (kind, record_id, sequence)
        with behind_the_back(app) as intruder:
            intruder.run(f"DELETE FROM audit_entry WHERE id = '{key['id']}'")
            found = {(f.found, f.kind, f.record_id, f.sequence) for f in intruder.in_trail()}
            assert found == {(Found.entry_missing, kind, record_id, sequence)}


@pytest.mark.parametrize("cls", AUDITED, ids=lambda cls: cls.__name__)
def test_a_record_changed_or_deleted_behind_the_programs_back_is_named(app: Flask, sealed: Repair, cls: type) -> None:
    with behind_the_back(app) as intruder:
        row_id = (intruder.row(f"SELECT max(id) FROM {cls.__tablename__}") or (None,))[0]
    assert row_id is not None, f"there is no {cls.__name__}: add one to tests/furnished.py"
    plain = [name for name in audited_columns(cls) if _is_plain(cls, name)]
    references = [name for name in audited_columns(cls) if inspect(cls).attrs[name].columns[0].foreign_keys]
    tried = 0
    for name in plain + references:
        with behind_the_back(app) as intruder:
            if not intruder.flip(cls.__table__, name, f"id = {row_id}"):
                continue
            tried += 1
            found = {(f.found, f.kind, f.record_id, f.place) for f in intruder.in_records(cls)}
            assert (Found.value_differs, cls.__name__, row_id, name) in found
        if tried == COLUMNS_TRIED:
            break
    assert tried, f"no column of {cls.__name__} could be changed"
    with behind_the_back(app) as intruder:
        intruder.run(f"DELETE FROM {cls.__tablename__} WHERE id = {row_id}")
        assert (Found.record_missing, cls.__name__, row_id) in {(f.found, f.kind, f.record_id) for f in intruder.in_records(cls)}


def _is_plain(cls: type, name: str) -> bool:
    """A column whose value another of its kind can take the place of."""
    column = inspect(cls).attrs[name].columns[0]
    return not isinstance(column.type, Enum | Boolean) and not column.foreign_keys and name != "state"


def _some_keys(app: Flask, table: Table, count: int = SAMPLE) -> list[dict[str, object]]:
    """The keys of rows from all over the table."""
    names = [column.name for column in table.primary_key]
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {', '.join(names)}").all()
    return [dict(zip(names, row, strict=True)) for row in rows[:: max(1, len(rows) // count)]][:count]


class Intruder:
    """Somebody with the database in hand, without its triggers, its foreign keys and the key of the trail."""

    def __init__(self, app: Flask, connection: Connection) -> None:
        self.app, self.connection = app, connection

    def run(self, statement: str) -> int:
        return self.connection.exec_driver_sql(statement).rowcount

    def row(self, statement: str) -> tuple[object, ...] | None:
        return self.connection.exec_driver_sql(statement).one_or_none()

    def flip(self, table: Table, column: str, where: str) -> bool:
        """Put another value in; False where the column holds nothing or its type or a CHECK has room for none."""
        (before,) = self.row(f"SELECT {column} FROM {table.name} WHERE {where}")
        other = _other(table.columns[column].type, column)
        if before in (None, "") or other is None:
            return False
        try:
            with self.connection.begin_nested():
                return self.run(f"UPDATE {table.name} SET {column} = {other} WHERE {where}") == 1
        except DatabaseError:
            return False

    def in_trail(self) -> list[Finding]:
        with Session(self.connection) as session:
            return list(verify(session, self.app.extensions["audit"]))

    def in_records(self, *classes: type) -> list[Finding]:
        with Session(self.connection) as session:
            return list(verify_records(session, classes or AUDITED))


def _other(kind: TypeEngine, column: str) -> str | None:
    """An SQL expression for another value of the type; None for structured ones."""
    match getattr(kind, "impl", kind):
        case DateTime():
            return "'2020-02-02 00:00:00.000000'"
        case Date():
            return "'2020-02-02'"
        case String():
            return f"'~' || substr(CAST({column} AS TEXT), 2)"
        case Integer() | Numeric():
            return f"{column} + 1"
        case _:
            return None


@contextmanager
def behind_the_back(app: Flask) -> Iterator[Intruder]:
    """Everything is undone at the end."""
    with app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
            for name in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield Intruder(app, connection)
        connection.rollback()
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
