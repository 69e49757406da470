import pytest
from flask import Flask

import aftersales.menu  # noqa: F401 — names the constraints before Flask-AppBuilder maps its own classes
from tests.engines import Installation
from tests.furnished import furnish
from tests.portal.repair import Repair


@pytest.fixture
def furnished(installation: Installation, app: Flask) -> Repair:
    """Something of everything, so that no page is empty."""
    return installation.stage(furnish)
