from collections.abc import Iterator

import pytest
from flask import Flask

from tests.company import Company
from tests.recordlevel import company_of, start


@pytest.fixture(scope="session")
def bare_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return start(tmp_path_factory.mktemp("records"))


@pytest.fixture
def company(bare_app: Flask) -> Iterator[Company]:
    yield from company_of(bare_app)
