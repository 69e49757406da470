"""The OpenAPI document is valid, complete, and for those who are signed in."""

from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from aftersales.record.base import SharedRecord
from aftersales.registration import record_types
from aftersales.service.order import ServiceOrder
from tests.api.caller import Caller
from tests.world import sign_in


@pytest.mark.sqlite  # it is made of declarations
def test_the_document_is_valid(app: Flask) -> None:
    validate(Caller.named(app, "engineer").get("/openapi.json").json)


def test_strangers_do_not_read_it_and_browsers_that_signed_in_do(app: Flask) -> None:
    assert Caller(app, "").get("/openapi.json").status_code == 401
    assert sign_in(app, "sales").get("/api/v1/openapi.json").status_code == 200


def test_every_route_of_the_api_is_in_it(app: Flask) -> None:
    paths = Caller.named(app, "engineer").get("/openapi.json").json["paths"]
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.rule == "/api/v1/openapi.json" or rule.endpoint.endswith((".perform", ".bulk")):
            continue
        path = rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}")
        methods = {method.lower() for method in rule.methods or ()} - {"head", "options"}
        assert methods <= set(paths.get(path, {})), rule.rule


def test_every_transition_is_an_operation_with_its_fields(app: Flask) -> None:
    document = Caller.named(app, "engineer").get("/openapi.json").json
    for cls in dict.fromkeys(record_types()):
        for transition in cls.workflow.transitions if cls.workflow else ():
            schema = body_of(document, cls, transition.name)
            assert set(schema["properties"]["values"]["properties"]) == set(transition.fields), (cls, transition.name)
            assert ("reason" in schema.get("required", [])) == transition.reason
            for_many = document["paths"].get(f"/api/v1/{cls.key()}/bulk/{transition.name}")
            assert (for_many is not None) == (transition.signs is None and (transition.alike or not transition.fields)), transition.name


def body_of(document: dict[str, Any], cls: type[SharedRecord], transition: str) -> dict[str, Any]:
    operation = document["paths"][f"/api/v1/{cls.key()}/{{pk}}/{transition}"]["post"]
    return operation["requestBody"]["content"]["application/json"]["schema"]


def test_choices_carry_their_words_in_both_languages(app: Flask) -> None:
    schemas = Caller.named(app, "engineer").get("/openapi.json").json["components"]["schemas"]
    state = schemas["ServiceOrder"]["properties"]["state"]
    assert [s.name for s in ServiceOrder.workflow.states] == state["enum"][:-1]
    assert set(state["x-labels"]) == set(state["enum"][:-1])
    assert all(words["zh"] and words["en"] for words in state["x-labels"].values())
