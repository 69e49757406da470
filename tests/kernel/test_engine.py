"""What the engine does at the end of a transaction."""

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.record.actor import SYSTEM, acting_as

pytestmark = pytest.mark.postgres


@pytest.fixture
def inside(app: Flask) -> Session:
    with app.app_context(), acting_as(SYSTEM):
        yield db.session


def prepared(session: Session) -> int:
    kept = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM region%'")
    return session.connection().execute(kept).scalar_one()


def test_what_only_reads_keeps_its_plans(inside: Session) -> None:
    for _request in range(8):
        inside.scalars(select(Region)).all()
        inside.rollback()
    assert prepared(inside) == 1


def test_what_was_written_is_rolled_back(inside: Session) -> None:
    inside.add(Region(code="QX", name="另一区"))
    inside.flush()
    inside.rollback()
    assert inside.scalars(select(Region).where(Region.code == "QX")).all() == []


def test_a_failed_reading_leaves_a_usable_connection(inside: Session) -> None:
    with pytest.raises(ProgrammingError):
        inside.connection().execute(text("SELECT * FROM no_such_table"))
    inside.rollback()
    assert inside.scalars(select(Region).limit(1)).all()
