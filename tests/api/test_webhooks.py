"""Webhooks: told of what happened and of nothing else, signed, tried again, and never inside the own network."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.service.request import ServiceRequest
from aftersales.webhooks.call import WebhookCall
from aftersales.webhooks.secret import DOTS
from aftersales.webhooks.sending import MOST_ATTEMPTS, send_due_webhooks
from aftersales.webhooks.subscription import WebhookSubscription
from aftersales.webhooks.target import RefusedTarget, is_public, post
from tests.world import OWN, specimen

SECRET = "sixteen characters and more"
NOON = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)


@dataclass
class Receiver:
    """A server that writes down what it is sent, and answers with `status`."""

    status: int = 200
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.calls.append((dict(self.headers), body))
            self.send_response(receiver.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture
def company(app: Flask, receiver: Receiver) -> Iterator[Flask]:
    """The program with one subscription to everything of service requests."""
    app.config["WEBHOOK_ALLOW_PRIVATE"] = True
    with app.app_context(), acting_as(SYSTEM), server_time.at(NOON):
        values = {"name": "ERP", "url": receiver.url, "events": "service_request.*", "secret": SECRET}
        create(db.session, WebhookSubscription, values)
        db.session.commit()
        yield app
        db.session.remove()
    app.config["WEBHOOK_ALLOW_PRIVATE"] = False


def cancel(app: Flask, *, commit: bool = True) -> ServiceRequest:
    """A new request of the own region is cancelled."""
    source = db.session.get_one(ServiceRequest, specimen(app, ServiceRequest, OWN))
    values = {"channel": source.channel, "received_at": NOON, "region_id": source.region_id}
    values |= {"fault_text": "机密的故障描述", "caller_name": "沈护士长"}
    request = create(db.session, ServiceRequest, values)
    perform(request, "cancel", reason="重复报修")
    db.session.commit() if commit else db.session.rollback()
    return request


def calls() -> list[WebhookCall]:
    return list(db.session.scalars(select(WebhookCall).order_by(WebhookCall.id).execution_options(populate_existing=True)))


def test_a_move_is_told_once_and_signed(company: Flask, receiver: Receiver) -> None:
    request = cancel(company)
    assert send_due_webhooks() == 1
    assert send_due_webhooks() == 0
    ((headers, body),) = receiver.calls
    event = json.loads(body)
    assert (event["event"], event["record"]["id"], event["record"]["from_state"]) == ("service_request.cancel", request.id, "received")
    stamp, given = (part.split("=")[1] for part in headers["X-Aftersales-Signature"].split(","))
    assert given == hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Aftersales-Id"] == event["id"]


def test_what_is_told_holds_no_personal_data_and_no_content(company: Flask, receiver: Receiver) -> None:
    cancel(company)
    send_due_webhooks()
    body = receiver.calls[0][1].decode()
    assert "沈护士长" not in body
    assert "机密" not in body


def test_what_was_rolled_back_is_not_told(company: Flask, receiver: Receiver) -> None:
    cancel(company, commit=False)
    assert calls() == []
    assert send_due_webhooks() == 0


def test_other_events_are_not_told(company: Flask) -> None:
    subscription = db.session.scalars(select(WebhookSubscription)).one()
    change(db.session, subscription, {"events": "service_request.register, service_order.*"}, reason="fewer")
    db.session.commit()
    cancel(company)
    assert calls() == []


def test_a_refused_call_is_tried_again_ever_later_and_then_given_up(company: Flask, receiver: Receiver) -> None:
    receiver.status = 500
    cancel(company)
    moment, waits = NOON, []
    for _ in range(MOST_ATTEMPTS):
        with server_time.at(moment):
            assert send_due_webhooks() == 0
        (call,) = calls()
        waits.append(call.due_at - moment if call.due_at else None)
        moment = call.due_at or moment
    assert (call.attempts, call.status, call.due_at, call.error) == (MOST_ATTEMPTS, 500, None, "HTTP 500")
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits[-2] == timedelta(hours=6)
    assert len({headers["X-Aftersales-Id"] for headers, _body in receiver.calls}) == 1


def test_a_redirect_is_not_followed(company: Flask, receiver: Receiver) -> None:
    receiver.status = 302
    cancel(company)
    assert send_due_webhooks() == 0
    assert calls()[0].error == "HTTP 302"


def test_a_call_that_is_claimed_is_nobody_elses(company: Flask, receiver: Receiver) -> None:
    cancel(company)
    db.session.connection().execute(update(WebhookCall.__table__).values(due_at=NOON + timedelta(minutes=5)))
    db.session.commit()
    assert send_due_webhooks() == 0
    with server_time.at(NOON + timedelta(hours=10)):
        assert send_due_webhooks() == 1
    assert len(receiver.calls) == 1


def test_two_runners_send_a_call_once(company: Flask, receiver: Receiver) -> None:
    for _ in range(4):
        cancel(company)
    start = threading.Barrier(2)

    def run() -> None:
        with company.app_context(), server_time.at(NOON):
            start.wait()
            send_due_webhooks()

    runners = [threading.Thread(target=run) for _ in range(2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    told = [headers["X-Aftersales-Id"] for headers, _body in receiver.calls]
    assert sorted(told) == sorted(call.event_id for call in calls())


def test_an_address_inside_is_refused_when_it_is_entered_and_when_it_is_called(company: Flask, receiver: Receiver) -> None:
    cancel(company)
    company.config["WEBHOOK_ALLOW_PRIVATE"] = False
    assert send_due_webhooks() == 0
    assert receiver.calls == []
    assert "not a public address" in (calls()[0].error or "")
    for url in ("http://127.0.0.1/x", "http://localhost/x", "http://[::1]/x", "http://169.254.169.254/latest", "http://10.0.0.8/x", "ftp://a.example/x"):
        with pytest.raises(Refusal) as refused:
            create(db.session, WebhookSubscription, {"name": url, "url": url, "events": "*", "secret": SECRET})
        assert list(refused.value.errors) == ["url"]
        db.session.rollback()


def test_a_name_that_points_inside_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.1", 80))])
    with app.app_context(), pytest.raises(RefusedTarget):
        post("http://inside.example/", b"{}", {})


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False),
     ("224.0.0.1", False), ("::1", False), ("fe80::1", False), ("fc00::1", False), ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False),
     ("2002:7f00:1::", False), ("2001:4860:4860::8888", True)],
)  # fmt: skip
def test_addresses_are_told_apart(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_the_secret_is_written_and_never_shown(company: Flask) -> None:
    subscription = db.session.scalars(select(WebhookSubscription)).one()
    assert str(subscription.secret) == DOTS
    stored = db.session.execute(text("SELECT secret FROM webhook_subscription")).scalar_one()
    assert SECRET not in stored
    trail = db.session.execute(text("SELECT changes FROM audit_entry WHERE kind = 'WebhookSubscription'")).scalars().all()
    assert trail
    assert all(SECRET not in changes for changes in trail)
    change(db.session, subscription, {"secret": DOTS, "name": "ERP 2"}, reason="renamed")
    db.session.commit()
    assert db.session.execute(text("SELECT secret FROM webhook_subscription")).scalar_one() == stored


def test_an_unknown_event_or_a_short_secret_is_refused(company: Flask, receiver: Receiver) -> None:
    with pytest.raises(Refusal) as refused:
        create(db.session, WebhookSubscription, {"name": "x", "url": receiver.url, "events": "service_request.fly", "secret": "short"})
    assert set(refused.value.errors) == {"events", "secret"}


def test_a_subscription_switched_off_is_not_called(company: Flask, receiver: Receiver) -> None:
    cancel(company)
    subscription = db.session.scalars(select(WebhookSubscription)).one()
    change(db.session, subscription, {"is_active": False}, reason="off")
    db.session.commit()
    assert send_due_webhooks() == 0
    assert receiver.calls == []
    assert calls()[0].due_at is None
