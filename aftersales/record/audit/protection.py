"""Triggers that refuse to change or delete what the trail holds, and that enlist every new entry for the log.

They stop accidents and honest programs. Who may alter the schema can remove them; what is done then, `verify` finds.
Alembic's batch mode rebuilds a SQLite table and drops its triggers: a migration that does so runs `protection_ddl` again.
"""

from typing import Any

from sqlalchemy import Connection, event

from aftersales.extensions import Model

APPEND_ONLY = ("audit_entry", "audit_leaf", "audit_tree_node", "audit_tree_head")
MESSAGE = "the audit trail is append-only"


def protection_ddl(dialect: str) -> list[str]:
    """The statements for "sqlite" or "postgresql", to be executed one by one after the tables exist."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def removal_ddl(dialect: str) -> list[str]:
    """For a downgrade: the triggers, and on PostgreSQL the functions they called."""
    if dialect == "sqlite":
        names = [f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")]
        return [f"DROP TRIGGER IF EXISTS {name}" for name in [*names, "audit_entry_enlist"]]
    triggers = [(f"{table}_append_only", table) for table in APPEND_ONLY] + [("audit_entry_enlist", "audit_entry")]
    drops = [f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in triggers]
    return [*drops, "DROP FUNCTION IF EXISTS audit_refuse()", "DROP FUNCTION IF EXISTS audit_enlist()"]


_ENLIST = "INSERT INTO audit_pending (entry_id, kind, record_id, sequence) VALUES (NEW.id, NEW.kind, NEW.record_id, NEW.sequence)"


def _sqlite() -> list[str]:
    refusals = [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    ]
    return [*refusals, f"CREATE TRIGGER IF NOT EXISTS audit_entry_enlist AFTER INSERT ON audit_entry BEGIN {_ENLIST}; END"]


def _postgresql() -> list[str]:
    refuse = f"CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$"
    enlist = f"CREATE OR REPLACE FUNCTION audit_enlist() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_ENLIST}; RETURN NULL; END $$"
    refusals = [
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        for table in APPEND_ONLY
    ]
    enlisting = "CREATE OR REPLACE TRIGGER audit_entry_enlist AFTER INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_enlist()"
    return [refuse, enlist, *refusals, enlisting]


@event.listens_for(Model.metadata, "after_create")
def _protect(target: Any, connection: Connection, tables: list[Any], **options: Any) -> None:
    if {table.name for table in tables} >= set(APPEND_ONLY):
        for statement in protection_ddl(connection.dialect.name):
            connection.exec_driver_sql(statement)
