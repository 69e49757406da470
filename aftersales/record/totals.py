"""What the numbers of a list come to: of the rows shown, and of the whole result where that is small enough to be added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.record.base import SharedRecord
from aftersales.record.custom import field_of, stored
from aftersales.record.listing import ListPage, ListQuery

MOST = 10_000


@dataclass(frozen=True)
class Total:
    """What stands below a column, and beneath it what the whole result comes to, where that is another page's too."""

    text: str
    hint: str = ""


def totals(session: Session, query: ListQuery, page: ListPage, *, is_found_by_index: bool) -> dict[str, Total]:
    """By column. At most one statement, which reads no more than MOST rows, and none where it would have to look for them."""
    names = [name for name in query.columns if name in query.cls.summed and name not in query.cls.personal]
    if not names or not page.rows:
        return {}
    shown = {name: _sum(page.rows, name) for name in names}
    if page.before is None and page.after is None:
        return {name: Total(_("Total %(n)s", n=_text(query.cls, name, shown[name]))) for name in names}
    whole = _whole(session, query, names) if is_found_by_index else {}
    hints = {name: _("All pages %(n)s", n=_text(query.cls, name, value)) for name, value in whole.items()}
    return {name: Total(_("This page %(n)s", n=_text(query.cls, name, shown[name])), hints.get(name, "")) for name in names}


def _sum(rows: Sequence[Any], name: str) -> Decimal:
    return sum((Decimal(value) for row in rows if (value := getattr(row, name)) is not None), Decimal(0))


def _whole(session: Session, query: ListQuery, names: Sequence[str]) -> Mapping[str, Decimal]:
    """{} where there are more rows than MOST."""
    columns = [_column(query.cls, name).label(name) for name in names]
    found = query.statement.with_only_columns(query.cls.id, *columns).limit(MOST + 1).subquery()
    count, *sums = session.execute(select(func.count(), *(func.sum(found.c[name]) for name in names))).one()
    if count > MOST:
        return {}
    return {name: Decimal(str(value or 0)) for name, value in zip(names, sums, strict=True)}


def _column(cls: type[SharedRecord], name: str) -> Any:
    field = field_of(cls, name)
    return getattr(cls, name) if field is None else cls.custom[field.code].as_numeric(30, 10)


def _text(cls: type[SharedRecord], name: str, value: Decimal) -> str:
    """With the thousands apart and its unit, and without the dust of binary fractions."""
    field = field_of(cls, name)
    return f"{Decimal(stored(round(value, 6))):,f} {field.unit if field else ''}".strip()
