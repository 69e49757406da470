"""Runs the migrations on the app's own engine. Online only: every step may look at the data it changes."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import JSON, Column, TypeDecorator

from aftersales.extensions import db

ENGINE = current_app.extensions["migrate"].db.engine


def belongs_to_models(name: str | None, type_: str, parent_names: dict[str, str | None]) -> bool:
    """SQLite's own tables and the search index, which no model declares, are not compared."""
    return not (type_ == "index" and name is not None and name.endswith("_search_grams"))


def can_be_told(item: Any, name: str | None, type_: str, is_reflected: bool, other: Any) -> bool:
    """An index over an expression is no column's, and one of PostgreSQL's kind is not for SQLite: they would be added for ever."""
    if type_ != "index":
        return True
    is_elsewhere = item.dialect_options["postgresql"].get("using") == "gin" and ENGINE.dialect.name != "postgresql"
    return not is_elsewhere and all(isinstance(part, Column) for part in item.expressions)


def plainly(type_: str, item: Any, autogen_context: Any) -> str | bool:
    """A migration imports no model: our column types are written as what the database keeps."""
    if type_ == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    if type_ == "type" and isinstance(item, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def migrate() -> None:
    with ENGINE.connect() as connection:
        # SQLite rebuilds a table to change it; with foreign keys on, that would empty the tables that point to it.
        # Said to the driver: within a transaction, which the connection would begin, SQLite does not listen.
        if ENGINE.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_name=belongs_to_models,
            include_object=can_be_told,
            render_item=plainly,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if ENGINE.dialect.name == "sqlite":
            connection.commit()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


migrate()
