"""Who acts on a public page, and the one look-up that is made before anybody does: whose region a token belongs to."""

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from aftersales.extensions import db
from aftersales.record.actor import Actor

TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


def portal_actor(region_id: int | None) -> Actor:
    """The public web page: no account, no permission, and of all records those of one region only (None: of none)."""
    return Actor(name="公众网页", region_ids=frozenset() if region_id is None else frozenset({region_id}))


def actor_behind(column: InstrumentedAttribute[Any], token: str) -> Actor | None:
    """The public page in the region of the row whose `column` is `token`; None where there is no such row.

    Only the region is read, and past the session's guard: it is what tells the guard whom to let in.
    """
    if not TOKEN.fullmatch(token):
        return None
    table = column.class_.__table__
    row = db.session.connection().execute(select(table.c.region_id).where(table.c[column.key] == token)).one_or_none()
    return None if row is None else portal_actor(row.region_id)
