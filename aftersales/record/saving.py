"""Writing a record from any door: the values go in, and what the database refuses comes back as words at the field."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.orm.exc import StaleDataError

from aftersales.record.base import SharedRecord
from aftersales.record.custom import requires
from aftersales.record.display import relation_of
from aftersales.record.ordered import is_ordered
from aftersales.record.refusal import Conflict, Refusal


def create(session: Session, cls: type[SharedRecord], values: Mapping[str, Any], *, reason: str = "") -> SharedRecord:
    record = cls()
    record._audit_reason = reason or None
    for name, value in values.items():
        setattr(record, name, value)
    session.add(record)
    with session.no_autoflush:
        take_over(record)
        place_last(record)
    settle(session, lambda: _untold(session, record.on_create))
    return record


def place_last(record: SharedRecord) -> None:
    """A row of those that stand in an order comes after the others."""
    if is_ordered(type(record)) and record.position is None and (home := record.parent_record()) is not None:
        others = getattr(home, inspect(type(record)).relationships[record.parent].back_populates)
        record.position = max((row.position or 0 for row in others if row is not record), default=0) + 1


def take_over(record: SharedRecord) -> None:
    """Fill what is empty from the records that were chosen, as the page does before it is sent."""
    for name in record.fills:
        chosen = getattr(record, relation_of(type(record))[name])
        for field, value in type(record).following(name, chosen).items() if chosen is not None else ():
            if getattr(record, field) is None:
                setattr(record, field, value)


def change(session: Session, record: SharedRecord, values: Mapping[str, Any], *, reason: str = "", version: int | None = None) -> None:
    """Write new values. `version` is the one the person saw: if somebody else wrote since, nothing is stored."""
    refuse_stale(record, version)
    for name, value in values.items():
        if getattr(record, name) != value:
            setattr(record, name, value)
    if emptied := {name for name in values if getattr(record, name) is None} & set(requires(type(record), getattr(record, "state", ""))):
        raise Refusal(errors={name: [_("This field is required.")] for name in emptied})
    record._audit_reason = reason or None
    settle(session, lambda: _untold(session, record.on_change))


def refuse_stale(record: SharedRecord, version: int | None) -> None:
    """Raises Conflict when the record is no longer the one that was seen; None where nobody says what was seen."""
    if version is not None and version != record.version:
        raise Conflict(_("Somebody changed this record while you were writing. Look at it again."), field="version")


def _untold(session: Session, work: Callable[[], None]) -> None:
    """Half a record must not be written by a question that its own method asks the database."""
    with session.no_autoflush:
        work()


def settle(session: Session, work: Callable[[], None]) -> None:
    """Run `work`, flush, and turn what the database refuses into a Refusal; what the transaction (or the savepoint) holds is gone
    then. The caller commits."""
    try:
        work()
        session.flush()
    except IntegrityError as error:
        _take_back(session)
        raise refusal_of(error) from error
    except StaleDataError as error:
        _take_back(session)
        raise Conflict(_("Somebody changed this record while you were writing. Look at it again.")) from error


def _take_back(session: Session | scoped_session[Session]) -> None:
    own = session() if isinstance(session, scoped_session) else session
    (own.get_nested_transaction() or own).rollback()


def refusal_of(error: IntegrityError) -> Refusal:
    """The database's refusal in words, at the field it is about where that can be told."""
    text = str(error.orig)
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    if match := re.search(r"UNIQUE constraint failed: (.+)", text):
        return Refusal(_("This already exists."), field=match[1].split(",")[-1].split(".")[-1].strip())
    if constraint.startswith("uq_"):
        return Refusal(_("This already exists."), field=_column_of(constraint))
    if match := re.search(r"NOT NULL constraint failed: \w+\.(\w+)|null value in column \"(\w+)\"", text):
        return Refusal(_("This field is required."), field=match[1] or match[2])
    if match := re.search(r"CHECK constraint failed: (\w+)", text):
        constraint = match[1]
    return Refusal(
        _("The entries contradict each other (%(rule)s).", rule=constraint or _("a rule of the database")), field=_column_of(constraint)
    )


def _column_of(constraint: str) -> str:
    """The field a constraint's name ends in, as the naming convention writes it, or "" when it names none."""
    for cls in SharedRecord.record_types.values():
        for prefix in (f"uq_{cls.key()}_", f"ck_{cls.key()}_"):
            if constraint.startswith(prefix):
                rest = constraint.removeprefix(prefix).removesuffix("_filled")
                names = [column.key for column in cls.__table__.columns if rest.endswith(column.key)]
                return max(names, key=len, default="")
    return ""
