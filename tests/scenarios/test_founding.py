"""An empty company, as `make init` makes it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.security import check_password_hash

from aftersales.extensions import db
from aftersales.organization.founding import found_company
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import Refusal
from aftersales.security.account import Account
from tests.recordlevel import start


@pytest.fixture
def founded(tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """The program, and the sentence that hands over the first account."""
    from aftersales.registration import record_types  # not before the app: Flask-AppBuilder's manager maps all classes when it is imported
    from aftersales.security.grants import write_grants

    app = start(tmp_path)
    with app.app_context(), acting_as(SYSTEM):
        db.create_all()
        write_grants(db.session, dict.fromkeys(record_types()))
        yield app, found_company("chief")
        db.session.remove()


def test_it_has_head_office_and_one_administrator_who_must_choose_a_password(founded: tuple[Flask, str]) -> None:
    (account,) = db.session.scalars(select(Account))
    (person,) = db.session.scalars(select(Person))
    (region,) = db.session.scalars(select(Region))
    assert (account.username, account.must_change_password, [role.name for role in account.roles]) == ("chief", True, ["administrator"])
    assert (person.user_id, person.region_id) == (account.id, region.id)
    assert region.is_head_office


def test_the_sentence_names_address_user_and_a_password_that_opens(founded: tuple[Flask, str]) -> None:
    app, sentence = founded
    password = re.search(r"初始密码 (\S+) ", sentence)[1]
    assert app.config["BASE_URL"] in sentence
    assert "chief" in sentence
    assert check_password_hash(db.session.scalars(select(Account.password)).one(), password)


def test_a_company_is_founded_once(founded: tuple[Flask, str]) -> None:
    with pytest.raises(Refusal):
        found_company("second")
