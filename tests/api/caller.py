"""A program that calls the API as one person."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.world import token_of


@dataclass
class Caller:
    """`token` is "" for a stranger; paths are below /api/v1."""

    app: Flask
    token: str
    language: str = ""

    @classmethod
    def named(cls, app: Flask, username: str, language: str = "") -> "Caller":
        return cls(app, token_of(app, username), language)

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        headers = options.pop("headers", {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.language:
            headers["Accept-Language"] = self.language
        if body is not None:
            options["json"] = body
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self("PUT", path, body, **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self("DELETE", path, body, **options)
