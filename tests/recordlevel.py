"""The program on an empty database in memory, for tests of records alone: no pages are asked, no paper is printed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from flask import Flask

from aftersales import create_app
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.now import at
from config import Testing
from tests.company import NINE, PASSWORD, Company, found


def start(folder: Path) -> Flask:
    settings = {name: getattr(Testing, name) for name in dir(Testing) if name.isupper()}
    app = create_app(settings | {"SQLALCHEMY_DATABASE_URI": "sqlite://", "INSTANCE_PATH": str(folder), "STORE_URL": f"file://{folder}/store"})
    app.extensions["password_check"] = lambda user_id, password: password == PASSWORD
    app.extensions["printer"] = lambda record, document, code, is_sealing: f"{document.name} of {record} {code}".encode()
    return app


def company_of(app: Flask) -> Iterator[Company]:
    with app.app_context(), app.test_request_context("/"), at(NINE):
        yield _founded.restore(app)
        db.session.rollback()
        db.session.remove()


def _database() -> Connection:
    """The one connection there is to a database in memory."""
    with db.engine.connect() as connection:
        return connection.connection.dbapi_connection


@dataclass
class Founded:
    """The company as it was founded, once per process: the bytes of its database, and which records the cast names."""

    image: bytes = b""
    accounts: dict[str, int] = field(default_factory=dict)
    cast: dict[str, tuple[type[SharedRecord], int]] = field(default_factory=dict)

    def restore(self, app: Flask) -> Company:
        if not self.image:
            self._build(app)
        _database().deserialize(self.image)
        app.extensions.pop("kept", None)  # time stands still in these tests, and the mark of what is kept with it
        with acting_as(SYSTEM):
            cast: dict[str, Any] = {name: db.session.get(cls, key) for name, (cls, key) in self.cast.items()}
        return Company(session=db.session, app=app, accounts=dict(self.accounts), **cast)

    def _build(self, app: Flask) -> None:
        with acting_as(SYSTEM):
            db.drop_all()
            db.create_all()
            company = found(app)
        self.accounts = dict(company.accounts)
        named = {part.name: getattr(company, part.name) for part in fields(Company)}
        self.cast = {name: (type(record), record.id) for name, record in named.items() if isinstance(record, SharedRecord)}
        db.session.remove()
        self.image = _database().serialize()


_founded = Founded()
