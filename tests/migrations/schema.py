"""What a database holds, told so that two of them can be compared: tables, columns, constraints, indexes, triggers."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, inspect, text

Facts = dict[str, set[str]]
OURS_ALONE = ("alembic_version",)
PARTS = ("columns", "pk_constraint", "foreign_keys", "unique_constraints", "check_constraints", "indexes")


def facts_of(engine: Engine) -> Facts:
    """By table, one sentence per fact; triggers and functions under their own headings."""
    inspector = inspect(engine)
    tables = [table for table in inspector.get_table_names() if table not in OURS_ALONE]
    written = _written(engine)
    unread = [table for table in tables if (table, written.get(table)) not in _READ]
    told = {part: getattr(inspector, f"get_multi_{part}")(filter_names=unread) for part in PARTS if unread}  # of all these at once
    facts = {table: _READ[table, written[table]] for table in tables if table not in unread}
    for table in unread:
        facts[table] = set(_table({part: told[part][None, table] for part in PARTS}, engine.dialect.name))
        if table in written:
            _READ[table, written[table]] = facts[table]
    with engine.connect() as connection:
        for heading, query in _OBJECTS[engine.dialect.name].items():
            facts[heading] = {_plain(" ".join(str(part) for part in row)) for row in connection.execute(text(query))}
    return facts


def differences(migrated: Facts, declared: Facts) -> list[str]:
    """What one database has and the other has not."""
    found = []
    for heading in sorted(migrated.keys() | declared.keys()):
        have, want = migrated.get(heading, set()), declared.get(heading, set())
        found += [f"{heading}: only the migrations make: {fact}" for fact in sorted(have - want)]
        found += [f"{heading}: only the models declare: {fact}" for fact in sorted(want - have)]
    return found


_OBJECTS = {
    "sqlite": {"(triggers)": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"},
    "postgresql": {
        "(triggers)": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "(functions)": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    },
}


# SQLite keeps what each table was written as: the same words are read once, a hundred tables for each of fifty migrations.
_READ: dict[tuple[str, str], set[str]] = {}


def _written(engine: Engine) -> dict[str, str]:
    if engine.dialect.name != "sqlite":
        return {}
    with engine.connect() as connection:
        found = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY tbl_name, name"))
        return {table: ";".join(sql for _table, sql in rows) for table, rows in groupby(found, key=lambda row: row[0])}


def _table(parts: dict[str, Any], dialect: str) -> Iterator[str]:
    for column in parts["columns"]:
        # A sequence named by the model and one that SERIAL made are the same to whoever inserts.
        default = None if str(column["default"]).startswith("nextval") else column["default"]
        yield f"column {column['name']} {column['type']!r} {'NULL' if column['nullable'] else 'NOT NULL'} default {default}"
    key = parts["pk_constraint"]
    yield f"primary key {key['name']} {key['constrained_columns']}"
    for foreign in parts["foreign_keys"]:
        target = (foreign["referred_table"], foreign["referred_columns"])
        yield f"foreign key {foreign['name']} {foreign['constrained_columns']} → {target} {sorted(foreign['options'].items())}"
    for unique in parts["unique_constraints"]:
        yield f"unique {unique['name']} {unique['column_names']}"
    for check in parts["check_constraints"]:
        yield f"check {check['name']} {_plain(check['sqltext'])}"
    for index in parts["indexes"]:
        columns = index.get("expressions") or index["column_names"]
        using = index.get("dialect_options", {}).get(f"{dialect}_using", "")
        yield f"index {index['name']} {columns} {'unique' if index['unique'] else ''} {using}"


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()
