"""What the company reports as is set once, and an event may still say otherwise."""

from pathlib import Path

import pytest
from flask import Flask

from aftersales import create_app
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.saving import create
from aftersales.vigilance.fields import OurRole
from aftersales.vigilance.group import GroupEvent
from tests.engines import settings


def test_the_role_of_the_company_is_the_one_of_its_events(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "company_role", OurRole.dealer)
    with app.app_context(), acting_as(SYSTEM):
        facts = {"model_id": 1, "region_id": 1}
        assert create(db.session, GroupEvent, facts).our_role is OurRole.dealer
        assert create(db.session, GroupEvent, facts | {"our_role": OurRole.holder}).our_role is OurRole.holder
        db.session.rollback()


def test_a_role_that_nobody_knows_keeps_the_program_from_starting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="maker"):
        create_app(settings(f"sqlite:///{tmp_path}/any.db", tmp_path) | {"COMPANY_ROLE": "maker"})
