import pytest
from sqlalchemy import create_engine, event

from tests.audit.company import Company, found_company, populate


@pytest.fixture(scope="session")
def new_engine(engine, worker_id, request, tmp_path_factory):
    """Makes an engine on an empty database."""
    made = []

    def sqlite():
        made_here = create_engine(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/company.db")
        event.listen(made_here, "connect", lambda connection, record: connection.execute("PRAGMA journal_mode = WAL"))
        return made_here

    def postgresql():
        server, name = request.getfixturevalue("postgres"), f"audit_{worker_id}_{len(made)}"
        server.create(name, template="template0")
        return create_engine(server.url(name))

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
