"""The search box: by number, Chinese, initials of the pinyin, serial number of a part; only what the person may read."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.record import stamps
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.saving import change
from aftersales.record.spelling import initials
from aftersales.record.stamps import rewrite_search_text
from tests.world import sign_in, specimen


@pytest.fixture
def engineer(app: Flask) -> FlaskClient:
    """Somebody of one region."""
    return sign_in(app, "engineer")


def suggested(client: FlaskClient, phrase: str) -> dict[str, list[dict[str, Any]]]:
    answer = client.get("/search/suggest", query_string={"q": phrase})
    assert answer.status_code == 200
    return {group["label"]: group["hits"] for group in answer.json["groups"]}


def rename_engineer(app: Flask, name: str) -> None:
    pk = specimen(app, Person, "HD")
    with app.app_context(), acting_as(SYSTEM):
        change(db.session, db.session.get(Person, pk), {"name": name}, reason="更名")
        db.session.commit()


@pytest.mark.parametrize(
    ("name", "letters"),
    [("张伟", "zw"), ("云桥区人民医院", "yqqrmyy"), ("重庆市第三医院", "cqsdsyy"), ("O2 传感器", "o2cgq"), ("Philipp", ""), ("", "")],
)
def test_initials_are_those_of_the_words(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize("typed", ["zw", "ZW", "张伟"])
def test_a_person_is_found_by_name_and_by_initials(app: Flask, engineer: FlaskClient, typed: str) -> None:
    rename_engineer(app, "张伟")
    assert "张伟" in [hit["text"] for hit in suggested(engineer, typed)["人员"]]


def test_a_hospital_is_found_by_a_part_of_its_initials(engineer: FlaskClient) -> None:
    (hit,) = suggested(engineer, "rayy")["客户"]
    assert hit["text"] == "华东仁安医院"
    assert hit["url"].startswith("/customer/show/")


def test_a_part_leads_to_the_order_it_was_fitted_in(engineer: FlaskClient) -> None:
    (hit,) = suggested(engineer, "HD-S2")["更换备件"]
    assert hit["url"].startswith("/service_order/show/")


def test_a_hit_by_part_number_says_which_unit_was_fitted_and_in_which_order(engineer: FlaskClient) -> None:
    (hit,) = suggested(engineer, "VX-S04")["更换备件"]
    page = engineer.get("/search", query_string={"q": "VX-S04"}).text
    for told in (hit["hint"], page):
        assert "HD-S2" in told
        assert "SO-HD-" in told


def test_another_region_is_not_suggested(engineer: FlaskClient) -> None:
    assert suggested(engineer, "XN-S2") == {}
    assert suggested(engineer, "西南仁安医院") == {}


def test_an_exact_serial_number_is_the_only_suggestion(engineer: FlaskClient) -> None:
    assert [len(hits) for hits in suggested(engineer, "HD-0001").values()] == [1]


def test_a_stranger_is_told_nothing(app: Flask) -> None:
    assert suggested(app.test_client(), "HD-0001") == {}


@pytest.mark.postgres
def test_one_letter_is_too_little_where_there_are_a_million(engineer: FlaskClient) -> None:
    assert "至少" in engineer.get("/search", query_string={"q": "z"}).text


def test_search_text_is_written_anew_where_it_would_be_another(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context(), acting_as(SYSTEM):
        assert rewrite_search_text(db.session) == 0
        monkeypatch.setattr(stamps, "initials", lambda name: "qq")
        assert rewrite_search_text(db.session, batch=2) > 0
        assert rewrite_search_text(db.session) == 0
