"""What tests of roles, accounts and the trail ask of the world."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.security.account import Account


@pytest.fixture
def inside(app: Flask) -> Callable[[Callable[[], Any]], Any]:
    """Runs a function as the system, in the app, and commits."""

    def run(what: Callable[[], Any]) -> Any:
        with app.app_context(), acting_as(SYSTEM):
            answer = what()
            db.session.commit()
            return answer

    return run


def account(username: str) -> Account:
    return db.session.scalars(select(Account).where(Account.username == username)).one()


def entries(kind: str, record_id: int | None = None) -> list[AuditEntry]:
    """The story of a record, oldest first; of every record of the kind without an id."""
    found = select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.record_id, AuditEntry.sequence)
    return list(db.session.scalars(found if record_id is None else found.where(AuditEntry.record_id == record_id)))
