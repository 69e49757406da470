"""The program on an empty database in memory, for tests of records alone: no pages are asked, no paper is printed."""

from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from aftersales import create_app
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
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
        with acting_as(SYSTEM):
            db.drop_all()
            db.create_all()
        yield found(app)
        db.session.rollback()
        db.session.remove()
