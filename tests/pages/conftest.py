import pytest
from flask import Flask

from tests.furnished import furnish
from tests.portal.repair import Repair


@pytest.fixture
def furnished(app: Flask) -> Repair:
    """Something of everything, so that no page is empty."""
    return furnish(app)
