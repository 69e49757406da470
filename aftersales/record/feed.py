"""What changed since: the records of a type in the order of their last change, for whoever keeps a copy elsewhere.

A cursor is the moment and the id of the last row read, "2026-03-02T08:15:00.000000Z_17". A record that changes again comes again.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, literal, select, tuple_
from sqlalchemy.orm import Session

from aftersales.columns import UtcDateTime
from aftersales.record.base import SharedRecord
from aftersales.record.listing import eager
from aftersales.record.now import now
from aftersales.record.refusal import Refusal

# Rows get their moment before their transaction ends: the youngest are held back until slower writers have ended too.
SETTLING = timedelta(seconds=5)
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_(\d{1,18})", re.ASCII)


def changed_after(session: Session, cls: type[SharedRecord], cursor: str, size: int) -> tuple[list[Any], str]:
    """Up to `size` rows changed after `cursor` ("" from the beginning), and the cursor to go on from."""
    statement = select(cls).where(cls.changed_at <= now() - SETTLING).options(*eager(cls, cls.listing))
    if cursor:
        moment, record_id = _read(cursor)
        position = tuple_(literal(moment, UtcDateTime()), literal(record_id, BigInteger()))
        statement = statement.where(tuple_(cls.changed_at, cls.id) > position)
    rows = list(session.scalars(statement.order_by(cls.changed_at, cls.id).limit(size)).unique())
    return rows, _write(rows[-1]) if rows else cursor


def _write(row: SharedRecord) -> str:
    return f"{row.changed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z_{row.id}"


def _read(cursor: str) -> tuple[datetime, int]:
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is None:
            raise ValueError(cursor)
        return datetime.fromisoformat(found[1]), int(found[2])
    except ValueError:
        raise Refusal(_("This page mark is not valid."), field="after") from None
