"""One entry of the audit trail, what it is hashed over, and the table of entries the log has not taken up yet."""

import enum
import hashlib
import hmac
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, Integer, Numeric, String, Table, Text, UniqueConstraint, text, type_coerce
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from aftersales.columns import UtcDateTime
from aftersales.extensions import Model
from aftersales.record.ciphers import Enciphered, field_keys

FIRST_HASH = "0" * 64


class AuditEntry(Model):
    """Who did what to which record, when and why, chained to the entry before it on the same record.

    `record_id` is the root record's; a row inside it (a line) is named by `line_kind` and `line_id`.
    `at` is when the server wrote it; `captured_at` when it happened, where it was captured earlier and sent later.
    `changes` is {field: [old, new]} (canonical values); for a reading it is {field: [null, null]}.
    `hash` is SHA-256 over everything before it; `tag` is an HMAC of the hash under a key the database does not hold.
    `id` is a UUID of version 7 in hexadecimal. Rows are only ever inserted, by `capture`.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("kind", "record_id", "sequence"),
        Index("ix_audit_entry_line_kind_line_id", "line_kind", "line_id"),
        Index("ix_audit_entry_at_id", "at", "id"),
        Index("ix_audit_entry_kind_at_id", "kind", "at", "id"),
        Index("ix_audit_entry_actor_id_at_id", "actor_id", "at", "id"),
        Index("ix_audit_entry_action_at_id", "action", "at", "id"),
        Index(
            "ix_audit_entry_late_at_id", "at", "id",
            postgresql_where=text("captured_at IS NOT NULL"), sqlite_where=text("captured_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    transaction_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[int] = mapped_column(BigInteger)
    line_kind: Mapped[str | None] = mapped_column(String(64))
    line_id: Mapped[int | None] = mapped_column(BigInteger)
    region_id: Mapped[int | None] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    captured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(64))
    # Text, not JSONB: the hash is over these very bytes, and JSONB would rewrite numbers and keys.
    changes_json: Mapped[str] = mapped_column("changes", Text)
    reason: Mapped[str | None] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(64))

    @property
    def changes(self) -> dict[str, list[Any]]:
        return json.loads(self.changes_json)


class AuditPending(Model):
    """An entry not yet in the log. A trigger adds the row in the entry's own transaction, so that none is ever skipped.

    Ids are not commit order: a watermark over ids would pass by an entry whose transaction commits late.
    """

    __tablename__ = "audit_pending"

    entry_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(Integer)


HASHED = tuple(c.name for c in AuditEntry.__table__.columns if c.name not in ("hash", "tag"))


@dataclass(frozen=True)
class Draft:
    """What happened, before it has a place in a chain."""

    kind: str
    record_id: int
    region_id: int | None
    action: str
    changes: Mapping[str, list[Any]]
    reason: str | None = None
    line_kind: str | None = None
    line_id: int | None = None

    @property
    def root(self) -> tuple[str, int]:
        return (self.kind, self.record_id)

    def columns(self) -> dict[str, Any]:
        return vars(self) | {"changes": canonical_json(self.changes)}


def entry_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of the columns `HASHED`, by column name; times as datetimes or SQLite's raw text.

    A time of capture counts where there is one, so that entries older than the column keep their hash.
    """
    content = {name: row[name] for name in HASHED}
    content["at"] = instant_text(row["at"])
    captured_at = content.pop("captured_at")
    if captured_at is not None:
        content["captured_at"] = instant_text(captured_at)
    return hashlib.sha256(canonical_json(content).encode("utf-8", "surrogatepass")).hexdigest()


def raw(table: Table) -> list[ColumnElement[Any]]:
    """The columns as the driver gives them: a damaged value on SQLite must be hashed and reported, not fail to parse."""
    return [type_coerce(c, String).label(c.key) if isinstance(c.type, UtcDateTime) else c for c in table.columns]


def keyed_tag(key: bytes, purpose: str, digest: str) -> str:
    """HMAC-SHA256 of a hash for one purpose ("entry", "head"): a tag of the one cannot stand for the other."""
    return hmac.new(key, f"{purpose}:{digest}".encode(), hashlib.sha256).hexdigest()


def canonical_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def canonical(value: Any, type_: TypeEngine[Any] | None = None) -> Any:
    """A column's value as the trail keeps it: the same before it is written and after it is read back.

    Dates ISO, instants in UTC, decimals as strings without trailing zeros at the column's scale, enums by value,
    bytes by their SHA-256. Raises TypeError for a value that has no such form (an SQL expression, say).
    """
    if value is None:
        return None
    if isinstance(type_, Numeric) and type_.asdecimal and isinstance(value, (int, float, Decimal)):
        return _decimal(Decimal(str(value)), type_.scale)
    return _plain(value)


def kept(value: Any, type_: TypeEngine[Any] | None) -> Any:
    """A canonical value as an entry holds it: what its column keeps encrypted is encrypted here too, for the trail is never rewritten."""
    return value if value is None or not isinstance(type_, Enciphered) else field_keys().seal(str(value))


def _plain(value: Any) -> Any:
    match value:
        case enum.Enum():
            return _plain(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return repr(value)
        case Decimal():
            return _decimal(value, None)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds") if value.tzinfo else value.isoformat()
        case date() | clock_time():
            return value.isoformat()
        case timedelta():
            return repr(value.total_seconds())
        case uuid.UUID():
            return str(value)
        case bytes():
            return "sha256:" + hashlib.sha256(value).hexdigest()
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(_plain(item) for item in value)
        case list() | tuple():
            return [_plain(item) for item in value]
    raise TypeError(f"the audit trail has no form for {type(value).__name__}: {value!r}")


def _decimal(value: Decimal, scale: int | None) -> str:
    if scale is not None:
        value = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return format(value.normalize() + 0, "f")


def instant_text(value: datetime | str) -> str:
    """The same text for the aware value written and for what either engine hands back unprocessed."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{str(value).replace(' ', 'T', 1)}+00:00"


def new_id() -> str:
    """A UUID version 7 (RFC 9562, method 3: twelve bits of sub-millisecond time), 32 hexadecimal digits."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return f"{(milliseconds << 80) | (7 << 76) | ((rest * 4096 // 1_000_000) << 64) | (2 << 62) | random:032x}"
