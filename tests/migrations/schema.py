"""What a database holds, told so that two of them can be compared: tables, columns, constraints, indexes, triggers."""

import re
from typing import Any

from sqlalchemy import Engine, inspect, text

Facts = dict[str, set[str]]
OURS_ALONE = ("alembic_version",)


def facts_of(engine: Engine) -> Facts:
    """By table, one sentence per fact; triggers and functions under their own headings."""
    inspector = inspect(engine)
    facts = {table: set(_table(inspector, table, engine.dialect.name)) for table in inspector.get_table_names() if table not in OURS_ALONE}
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


def _table(inspector: Any, table: str, dialect: str) -> Any:
    for column in inspector.get_columns(table):
        # A sequence named by the model and one that SERIAL made are the same to whoever inserts.
        default = None if str(column["default"]).startswith("nextval") else column["default"]
        yield f"column {column['name']} {column['type']!r} {'NULL' if column['nullable'] else 'NOT NULL'} default {default}"
    key = inspector.get_pk_constraint(table)
    yield f"primary key {key['name']} {key['constrained_columns']}"
    for foreign in inspector.get_foreign_keys(table):
        target = (foreign["referred_table"], foreign["referred_columns"])
        yield f"foreign key {foreign['name']} {foreign['constrained_columns']} → {target} {sorted(foreign['options'].items())}"
    for unique in inspector.get_unique_constraints(table):
        yield f"unique {unique['name']} {unique['column_names']}"
    for check in inspector.get_check_constraints(table):
        yield f"check {check['name']} {_plain(check['sqltext'])}"
    for index in inspector.get_indexes(table):
        columns = index.get("expressions") or index["column_names"]
        using = index.get("dialect_options", {}).get(f"{dialect}_using", "")
        yield f"index {index['name']} {columns} {'unique' if index['unique'] else ''} {using}"


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()
