"""The fixtures of every test. `app` is the whole program on a small built world; a test that takes it runs on both engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:  # tests that need neither program nor server do not wait for them
    from tests.company import Company
    from tests.engines import Installation
    from tests.portal.repair import Repair
    from tests.postgres import Server

# One browser, and one building of the demonstration company: a second of each would only take turns with the first.
TOGETHER = ("tests/browser/", "tests/scenarios/test_demo.py")
BROWSER_TESTS = Path(__file__).parent / "browser"
PURE_TESTS = Path(__file__).parent / "pure"

# The same examples every time, however busy the machine is.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Every record class is known before a test's own imports: Flask-AppBuilder's security modules map the classes when imported."""
    if not module_path.is_relative_to(PURE_TESTS):
        import aftersales.menu  # noqa: F401


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("sqlite", "postgresql", "both"), default="both", help="the database the tests run on")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Tests of one group run on one worker. The mark `xdist_group` would say so, but pytest 9.2 no longer lets xdist 3.8 rename tests."""
    return Together(config, log)


class Together(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return next((group for group in TOGETHER if nodeid.startswith(group)), nodeid)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", engines_of(metafunc.definition), scope="session")


def engines_of(test: pytest.Item) -> list[str]:
    """Both engines, but SQLite alone in the browser (it is what a fresh clone runs on) and what the command line leaves of them."""
    chosen = test.config.getoption("engine")
    if test.path.is_relative_to(BROWSER_TESTS):
        fitting = ["sqlite"]
    elif test.get_closest_marker("postgres"):
        fitting = ["postgresql"]
    elif test.get_closest_marker("sqlite"):
        fitting = ["sqlite"]
    else:
        fitting = ["sqlite", "postgresql"]
    return [engine for engine in fitting if chosen in (engine, "both")]


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def postgres(run_folder: Path, testrun_uid: str) -> "Server":
    """The one PostgreSQL of the run: postgres.create(name, template="template0"), then postgres.url(name)."""
    from tests.postgres import Server, fast_folder

    return Server(fast_folder() / f"aftersales-tests-{testrun_uid}", run_folder / "server.lock")


@pytest.fixture(scope="session")
def installation(engine: str, run_folder: Path, worker_id: str, request: pytest.FixtureRequest) -> Iterator["Installation"]:
    from tests.engines import Installation

    server = request.getfixturevalue("postgres") if engine == "postgresql" else None
    installation = Installation(engine, run_folder, worker_id, server)
    yield installation
    installation.close()


@pytest.fixture(scope="session")
def started_app(installation: "Installation") -> Flask:
    """For the session, so that a program that does not start is tried once and not at every test."""
    return installation.app


@pytest.fixture
def app(started_app: Flask, installation: "Installation") -> Iterator[Flask]:
    """The program on the world of tests/world.py. Enter app.app_context() only where no request is made in it."""
    yield started_app
    installation.restore()


@pytest.fixture
def finished(installation: "Installation", app: Flask) -> "Repair":
    """The repair of the world, brought to its sealed report."""
    from tests.portal.repair import finish

    return installation.stage(finish)


@pytest.fixture(scope="session")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    from tests.recordlevel import start

    return start(tmp_path_factory.mktemp("records"))


@pytest.fixture
def company(bare_app: Flask) -> Iterator["Company"]:
    """The cast of tests/company.py on a database in memory, for tests of records alone."""
    from tests.recordlevel import company_of

    yield from company_of(bare_app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody signed in with. pytest-flask's own keeps one application context, and so `g.user`, for all clients."""
    return app.test_client()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Nothing: pytest-flask's ambient request would leak the person of one client into the next."""


@pytest.fixture
def empty_database_url(installation: "Installation") -> str:
    """The address of a database with no table in it."""
    return installation.new_database()
