"""Our own numbers: letters, region, year, running count, e.g. SO-HD-2026-000123. Gapless per region and year.

The count is one row per series, locked by the transaction that takes a number: writers of one region wait for each other,
nobody else does.
"""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Executable, String, bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.extensions import Model


@dataclass(frozen=True)
class Numbering:
    """How the numbers of a record type are built: which letters, whether the region stands in them, digits of year (0, 2, 4) and count."""

    letters: str
    has_region: bool = True
    year_digits: int = 4
    count_digits: int = 6

    def number(self, series: str, count: int) -> str:
        return f"{series}-{count:0{self.count_digits}d}"


class NumberSeries(Model):
    """The last number given out in a series such as "SO-HD-2026"."""

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int]


def series_of(numbering: Numbering, region_code: str | None, year: int) -> str:
    year_text = str(year)[-numbering.year_digits :] if numbering.year_digits else ""
    return "-".join(part for part in (numbering.letters, region_code if numbering.has_region else None, year_text) if part)


def next_number(session: Session, numbering: Numbering, region_code: str | None, year: int) -> str:
    series = series_of(numbering, region_code, year)
    connection = session.connection()
    return numbering.number(series, connection.execute(_counting(connection.dialect.name), {"series": series}).scalar_one())


@cache
def _counting(engine: str) -> Executable:
    insert = postgresql_insert if engine == "postgresql" else sqlite_insert
    statement = insert(NumberSeries).values(series=bindparam("series"), last=1)
    risen = {"last": NumberSeries.last + 1}
    return statement.on_conflict_do_update(index_elements=["series"], set_=risen).returning(NumberSeries.last)
