"""The column vocabulary: every record type is written with these words, so one word means one thing in every table."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Date, DateTime, Integer, Numeric, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC on every engine. A naive value is refused: nobody could say which hour it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without a time zone: {value!r}")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """PostgreSQL's are aware already: without the decorator's own wrapping, which a list would go through a thousand times."""
        return _in_utc if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


def _in_utc(value: datetime | None) -> datetime | None:
    return value and value.astimezone(UTC)


def row_id(text: str) -> int:
    """The number of a row as an address or a form tells it. ValueError for one that no row has, so that `args.get(name, type=row_id)`
    finds none instead of the database failing on it."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


# A row id of 64 bits; SQLite only counts up by itself for INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")

Code = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(120))]
ShortText = Annotated[str, mapped_column(String(250))]
LongText = Annotated[str, mapped_column(Text)]
Day = Annotated[date, mapped_column(Date)]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Amount = Annotated[Decimal, mapped_column(Numeric(18, 4))]
JsonValue = Annotated[dict[str, Any], mapped_column(Json)]
