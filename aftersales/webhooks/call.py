"""The outbox: one row for each event and subscription, written in the transaction of the event itself."""

import uuid
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column, object_session

from aftersales.columns import Json, RowId
from aftersales.record import workflow
from aftersales.record.base import SharedRecord
from aftersales.record.content import plain
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.webhooks.subscription import WebhookSubscription

LONGEST_ERROR = 300


class WebhookCall(SharedRecord):
    """One event on its way to one subscriber. `due_at` is empty once it was taken or given up; `status` is the HTTP answer."""

    __table_args__ = (Index("ix_webhook_call_due_at", "due_at"),)
    __audited__ = False  # the trail has the event; this is how it was told

    access = read_by(Role.administrator)

    event_id: Mapped[str] = mapped_column(String(32), unique=True)
    subscription_id: Mapped[int] = mapped_column(RowId, ForeignKey("webhook_subscription.id"))
    event_name: Mapped[str] = mapped_column(String(120))
    event: Mapped[dict[str, Any]] = mapped_column(Json)
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(LONGEST_ERROR))

    subscription: Mapped[WebhookSubscription] = reference()

    listing = ("event_name", "subscription", "due_at", "attempts", "sent_at", "status")
    filters = ("subscription_id", "status")
    searched = ("event_name",)
    sections = {
        "event": ("event_name", "event_id", "subscription_id", "event"),
        "delivery": ("due_at", "attempts", "sent_at", "status", "error"),
    }
    fixed = ("event_name", "event_id", "subscription_id", "event", "due_at", "attempts", "sent_at", "status", "error")

    def __str__(self) -> str:
        return f"{self.event_name} {self.event_id[:8]}"


def put_in_outbox(record: SharedRecord, transition: str, source: str) -> None:
    """Called by workflow.perform, in its transaction: what is rolled back was never told, what is committed will be.

    Of a drill nobody outside is told.
    """
    if getattr(record, "stays_inside", False):
        return
    session, name = object_session(record), f"{record.key()}.{transition}"
    wanting = select(WebhookSubscription).where(WebhookSubscription.is_active.is_(True)).order_by(WebhookSubscription.id)
    for subscription in session.scalars(wanting):
        if subscription.wants(name):
            identifier = uuid.uuid4().hex
            event = event_json(record, identifier, name, source)
            session.add(WebhookCall(event_id=identifier, subscription_id=subscription.id, event_name=name, event=event, due_at=now()))


def event_json(record: SharedRecord, identifier: str, name: str, source: str) -> dict[str, Any]:
    """What is told: which record went from where to where. No content and no names; who may read them asks the API."""
    return {
        "id": identifier,
        "event": name,
        "occurred_at": plain(now()),
        "record": {
            "type": record.key(),
            "id": record.id,
            "number": getattr(record, "number", None),
            "state": record.state,
            "from_state": source,
            "version": record.version,
            "region_id": getattr(record, "region_id", None),
            "url": f"{current_app.config['BASE_URL']}/api/v1/{record.key()}/{record.id}",
        },
    }


workflow.listeners.append(put_in_outbox)
