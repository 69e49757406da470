"""Nothing that a client can send is answered with an error of ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select

from aftersales.deadlines.clock_rule import ClockRule
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.api import RecordApi
from aftersales.record.base import SharedRecord
from aftersales.record.exposed import writable
from aftersales.record.filtering import filter_names
from aftersales.record.forms import form_class
from aftersales.record.listing import orders
from aftersales.record.payload import _misshapen
from aftersales.registration import record_types
from aftersales.service.request import ServiceRequest
from tests.api.caller import Caller
from tests.world import OWN, specimen

FAIR = {200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422}
NUMBERS = [0, -1, 1, 2**31, 2**63, 2**64, 10**40, -(10**40), 1.5, 1e308, -0.0]
TEXTS = ["", " ", "x", "\x00", "a\x00b", "0", "-1", "9" * 400, "1e999", "NaN", "é" * 10_000, "' OR 1=1 --", "\u202e", "😀", "true", "[]"]
TIMES = ["2026-02-30", "2026-11-16T09:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31", "0001-01-01"]
NESTED = [[], [[]], [1, 2], [1, "x", None], ["1,2"], [10**30], {}, {"a": {"b": [1]}}, {"\x00": "\x00"}]
ODD: list[Any] = [None, True, False, *NUMBERS, *TEXTS, *TIMES, *NESTED]
# Cursors whose text is NUL, half a character, another type, too long, too deep.
CURSORS = ["WyJcdTAwMDAiLCAxXQ", "WyJcdWQ4MDAiLCAxXQ", "WzFd", "W" * 400, "[" * 5000]
NO_OBJECTS = [
    b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"a": NaN}',
    b'{"a": 1e999}', b'{"fault_text": "\\ud800"}', b'{"\\ud800": 1}', b'{"a": ' + b"9" * 5000 + b"}", b"\x00",
    b" " * 5_000_000,
]  # fmt: skip


@pytest.fixture
def administrator(app: Flask) -> Caller:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return Caller.named(app, "administrator")


def types() -> list[type[SharedRecord]]:
    return list(dict.fromkeys(record_types()))


@pytest.mark.postgres  # the engine that refuses more
@pytest.mark.parametrize("cls", types(), ids=lambda cls: cls.key())
def test_odd_values_are_refused_at_their_field(app: Flask, administrator: Caller, cls: type[SharedRecord]) -> None:
    for odd in ODD:
        made = administrator.post(f"/{cls.key()}/", dict.fromkeys(writable(cls), odd))
        assert made.status_code in FAIR, (odd, made.get_data(as_text=True)[:300])
    record_id = specimen(app, cls, OWN)
    if record_id is None:
        return
    path, form = f"/{cls.key()}/{record_id}", form_class(cls, writable(cls))
    version = administrator.get(path).json["result"]["version"]
    for name in _one_of_each_kind(cls):
        for odd in (odd for odd in ODD if not _misshapen(form, name, odd)):
            changed = administrator.put(path, {name: odd, "version": version, "reason": "试"})
            assert changed.status_code in FAIR, (name, odd, changed.get_data(as_text=True)[:300])
            version = changed.json["result"]["version"] if changed.status_code == 200 else version
        assert administrator.get(path).status_code == 200, name


def _one_of_each_kind(cls: type[SharedRecord]) -> list[str]:
    """Of the fields that read a value alike one, which stands for the others: all of them get every value when one is made."""
    columns, form = inspect(cls).columns, form_class(cls, writable(cls))
    kinds = {name: (getattr(form, name).field_class, type(columns[name].type) if name in columns else name) for name in writable(cls)}
    alike = {kind: name for name, kind in reversed(kinds.items())}
    return list(alike.values())


@pytest.mark.parametrize("cls", [ServiceRequest, Device, ClockRule, DeviceFamily], ids=lambda cls: cls.key())
def test_odd_questions_are_refused(administrator: Caller, cls: type[SharedRecord]) -> None:
    columns = inspect(cls).columns
    filters = {type(columns[name].type) if name in columns else name: name for name in filter_names(cls)}.values()  # one of each kind
    names = ["q", "limit", "fields", "order", "after", "before", *filters]
    names += [name + suffix for name in filters for suffix in ("_from", "_until")]
    texts = [odd if isinstance(odd, str) else json.dumps(odd) for odd in ODD] + CURSORS
    for name in names:
        for text in texts:
            answer = administrator.get(f"/{cls.key()}/", query_string={name: text, "limit": "1"} if name != "limit" else {name: text})
            assert answer.status_code in FAIR, (name, text[:50], answer.get_data(as_text=True)[:300])
    for order in orders(cls):
        for text in texts:
            for side in ("after", "before"):
                answer = administrator.get(f"/{cls.key()}/", query_string={"order": order, side: text})
                assert answer.status_code in FAIR, (order, side, text[:50])
    for text in texts:
        assert administrator.get(f"/{cls.key()}/changes", query_string={"after": text}).status_code in FAIR


@pytest.mark.parametrize("body", NO_OBJECTS, ids=lambda body: repr(body[:12]))
def test_what_is_no_json_object_is_refused(app: Flask, administrator: Caller, body: bytes) -> None:
    record_id = specimen(app, ServiceRequest, OWN)
    for method, path in (("POST", ""), ("PUT", f"{record_id}"), ("POST", f"{record_id}/cancel"), ("POST", "security/login")):
        target = f"/service_request/{path}" if "login" not in path else f"/{path}"
        answer = administrator(method, target, data=body, content_type="application/json")
        assert answer.status_code in FAIR - {200, 201}, (method, path, answer.get_data(as_text=True)[:300])
        assert answer.mimetype == "application/json"


def test_unknown_fields_are_named(administrator: Caller) -> None:
    answer = administrator.post("/device_family/", {"name": "x", "colour": "red", "state": "closed", "id": 5})
    assert answer.status_code == 422
    assert {"colour", "state", "id"} <= set(answer.json["errors"])


def test_a_move_refuses_odd_bodies(app: Flask, administrator: Caller) -> None:
    record_id = specimen(app, ServiceRequest, OWN)
    for odd in ODD:
        for name in ("values", "reason", "password", "drawn", "signer", "version", "colour"):
            for transition in ServiceRequest.workflow.transitions:
                answer = administrator.post(f"/service_request/{record_id}/{transition.name}", {name: odd})
                assert answer.status_code in FAIR, (transition.name, name, odd, answer.get_data(as_text=True)[:300])
        break_at = administrator.get(f"/service_request/{record_id}")
        assert break_at.status_code == 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_json_comes_is_answered(app: Flask, administrator: Caller, data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(types()))
    names = st.sampled_from([*writable(cls), "version", "reason", "id"]) | st.text(max_size=6)
    body = data.draw(st.dictionaries(names, json_values, max_size=6))
    try:
        text = json.dumps(body).encode()
    except UnicodeEncodeError:
        return
    answer = administrator("POST", f"/{cls.key()}/", data=text, content_type="application/json")
    assert answer.status_code in FAIR, (cls, body, answer.get_data(as_text=True)[:300])


def test_odd_file_names_and_bytes_are_answered(app: Flask, administrator: Caller) -> None:
    import io

    path = f"/service_request/{specimen(app, ServiceRequest, OWN)}/files"
    for name in ("../../x.txt", "a\x00b.txt", "é" * 3000 + ".txt", ".txt", "x", "CON.txt", "\u202egpj.exe"):
        for content in (b"", b"\x00", b"abc", b"%PDF-1.7", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"<html>", b"\xff\xd8\xff"):
            form = {"file": (io.BytesIO(content), name), "purpose": "x" * 50}
            answer = administrator.post(path, data=form, content_type="multipart/form-data")
            assert answer.status_code in FAIR, (name, content)
            form = {"file": (io.BytesIO(content), name), "purpose": "\x00"}
            assert administrator.post(path, data=form, content_type="multipart/form-data").status_code in FAIR, (name, content)
    assert administrator.post(path, data=b"--x\r\n", content_type="multipart/form-data; boundary=x").status_code in FAIR


def apis(app: Flask) -> Iterator[RecordApi]:
    return (view for view in app.appbuilder.baseviews if isinstance(view, RecordApi))


def test_every_record_type_has_its_api(app: Flask) -> None:
    assert {api.record_type for api in apis(app)} == set(types())


def test_nothing_was_made_of_an_unknown_id(app: Flask, administrator: Caller) -> None:
    with app.app_context(), acting_as(SYSTEM):
        before = len(db.session.scalars(select(ServiceRequest.id)).all())
    answer = administrator.post("/service_request/", {"customer_id": 777777, "device_id": 777777, "channel": "hotline", "fault_text": "x"})
    assert answer.status_code == 422
    assert {"customer_id", "device_id"} <= set(answer.json["errors"])
    with app.app_context(), acting_as(SYSTEM):
        assert len(db.session.scalars(select(ServiceRequest.id)).all()) == before
