"""What the tests of the public pages share: a label of the world, a hotline, and the sending of a report."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.portal.nurse import ANSWERS, ELSEWHERE, form_token, token_of_device


@pytest.fixture(autouse=True)
def _hotline(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "CONTACT_PHONE", "400-000-0000, 021-0000 0000")


@pytest.fixture
def device_token(app: Flask) -> str:
    return token_of_device(app, "HD-0001")


@pytest.fixture
def send(client: FlaskClient) -> Callable[..., TestResponse]:
    """send(url, **changes): open the page and send the report, with `changes` to its answers; None leaves one out."""

    def send(url: str, **changes: Any) -> TestResponse:
        elsewhere = ELSEWHERE if url.split("?")[0] == "/p/" else {}
        answers = {**ANSWERS, **elsewhere, "token": form_token(client.get(url).text), **changes}
        given = {name: value for name, value in answers.items() if value is not None}
        return client.post(url, data=given, content_type="multipart/form-data")

    return send
