"""Sending what the outbox holds: claimed before it is sent, signed, tried again ever later."""

import hashlib
import hmac
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.content import canonical
from aftersales.record.now import now
from aftersales.webhooks.call import LONGEST_ERROR, WebhookCall
from aftersales.webhooks.secret import UnreadableSecret, reveal
from aftersales.webhooks.target import RefusedTarget, UnreachableTarget, post

CLAIM = timedelta(minutes=5)  # longer than a call may take; a runner killed in between leaves the call to the next after that
MOST_ATTEMPTS = 12
LONGEST_DELAY = timedelta(hours=6)
BATCH = 50


def send_due_webhooks(limit: int = BATCH) -> int:
    """Send what is due, oldest first, and return how many were taken. Commits after each.

    A subscriber that does not answer is left alone for the rest of the pass, so that it holds up nobody else.
    """
    sent, silent = 0, set[int]()
    with acting_as(SYSTEM):
        due = select(WebhookCall.id, WebhookCall.subscription_id).where(WebhookCall.due_at <= now())
        waiting = db.session.execute(due.order_by(WebhookCall.due_at, WebhookCall.id).limit(limit)).all()
        db.session.commit()
        for call_id, subscription_id in waiting:
            if subscription_id in silent or not _claim(db.session, call_id):
                continue
            was_sent = _send(db.session, call_id)
            sent += was_sent
            if not was_sent:
                silent.add(subscription_id)
    return sent


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The header X-Aftersales-Signature: HMAC-SHA256 over "<timestamp>.<body>", so that an old call cannot be sent anew."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _claim(session: Session, call_id: int) -> bool:
    """Whether this call is now ours alone: of two runners that see it due, one moves it."""
    claim = update(WebhookCall.__table__).where(WebhookCall.id == call_id, WebhookCall.due_at <= now())
    claimed = session.connection().execute(claim.values(due_at=now() + CLAIM, attempts=WebhookCall.attempts + 1)).rowcount == 1
    session.commit()
    return claimed


def _send(session: Session, call_id: int) -> bool:
    call = session.scalars(select(WebhookCall).where(WebhookCall.id == call_id).execution_options(populate_existing=True)).one()
    subscription, attempts, body = call.subscription, call.attempts, canonical(call.event)
    url, is_active, secret, headers = subscription.url, subscription.is_active, subscription.secret, _headers(call)
    session.commit()  # nothing is held open while the other side thinks
    status, error = None, ""
    if not is_active:
        error = "the subscription is switched off"
    else:
        timestamp = int(now().timestamp())
        try:
            status = post(url, body, headers | {"X-Aftersales-Signature": signature(reveal(secret), timestamp, body)})
        except (RefusedTarget, UnreachableTarget, UnreadableSecret) as problem:
            error = str(problem)
    is_taken = status is not None and 200 <= status < 300
    _settle(session, call_id, attempts, status, error or ("" if is_taken else f"HTTP {status}"), is_taken, give_up=not is_active)
    return is_taken


def _headers(call: WebhookCall) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "aftersales-webhooks/1",
        "X-Aftersales-Event": call.event_name,
        "X-Aftersales-Id": call.event_id,
    }


def _settle(session: Session, call_id: int, attempts: int, status: int | None, error: str, is_taken: bool, *, give_up: bool) -> None:
    """Write the outcome, unless another attempt has begun since: then its outcome counts."""
    again = None if is_taken or give_up or attempts >= MOST_ATTEMPTS else now() + min(timedelta(minutes=2 ** (attempts - 1)), LONGEST_DELAY)
    outcome = update(WebhookCall.__table__).where(WebhookCall.id == call_id, WebhookCall.attempts == attempts)
    values = {"status": status, "error": error[:LONGEST_ERROR] or None, "due_at": again, "sent_at": now() if is_taken else None}
    session.connection().execute(outcome.values(values))
    session.commit()
