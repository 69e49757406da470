"""What a list is narrowed by: words, states, values, ranges of time, clocks, and whose work it is. Page, API, look-up, export
and bulk action all ask here, so that the same arguments always mean the same rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    Enum,
    Integer,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.orm import Session

from aftersales.columns import UtcDateTime
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun
from aftersales.record.custom import field_of, is_custom
from aftersales.record.display import relation_of
from aftersales.record.narrowing import narrowed
from aftersales.record.now import CHINA, now, today
from aftersales.record.refusal import Refusal
from aftersales.record.search import matches

CLOCKS = ("late", "soon", "today", "paused", "none")
SOON = timedelta(hours=2)
PERIODS = ("today", "7_days", "30_days", "this_month", "this_quarter")
AHEAD = ("next_7_days", "next_30_days")  # of days; a moment is one at which something was recorded
FROM, UNTIL = "_from", "_until"
JUDGED = {"today": 1, "30_days": 30, "90_days": 90}  # what fell due in so many days, up to now
TRACKS = ("legal", "company")
WAS_MISSED = case((ClockRun.met_at <= ClockRun.due_at, 0), else_=1)  # a clock that fell due and still runs was missed too
YEARS = range(1900, 2200)  # what lies outside is a slip of the finger, and overflows on its way into another zone


def filtered(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> Select[Any]:
    """The select that `args` narrow. An empty argument is no filter."""
    statement = select(cls)
    if phrase := args.get("q", "").strip()[:100]:
        statement = statement.where(matches(session, cls, phrase))
    for name in filter_names(cls):
        if is_custom(name):
            continue
        if text := args.get(name, "").strip():
            statement = statement.where(_equals(cls, name, text))
        for suffix in (FROM, UNTIL):
            if text := args.get(name + suffix, "").strip():
                statement = statement.where(_bounded(getattr(cls, name), text, name + suffix))
    if clock := args.get("clock", "").strip():
        statement = statement.where(clock_is(cls, clock))
    if judged := args.get("judged", "").strip():
        statement = statement.where(judged_is(cls, judged))
    if args.get("mine", "").strip():
        statement = statement.where(is_mine(cls))
    if of := args.get("of", "").strip():
        statement = statement.where(is_of(cls, of))
    return narrowed(session, cls, args, statement)


def filter_names(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The columns that are filters by their own name."""
    names = ("state", *cls.filters) if cls.workflow else cls.filters
    return tuple(dict.fromkeys(names))


def bounds(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The filters that take a lower and an upper bound: moments, days and numbers, "received_at_from"."""
    return tuple(name + suffix for name in filter_names(cls) if _is_ordered(cls, name) for suffix in (FROM, UNTIL))


def _is_ordered(cls: type[SharedRecord], name: str) -> bool:
    if (field := field_of(cls, name)) is not None:
        return field.is_ordered
    column = inspect(cls).columns[name]
    return isinstance(column.type, UtcDateTime | Date | Numeric | Integer) and not column.foreign_keys


def argument_names(cls: type[SharedRecord]) -> tuple[str, ...]:
    """Every argument that narrows a list of this type."""
    clock = ("clock", "judged") if cls.clocks else ()
    mine = ("mine",) if cls.responsible else ()
    return ("q", *filter_names(cls), *bounds(cls), *clock, *mine, "of")


def periods_of(cls: type[SharedRecord], name: str) -> tuple[str, ...]:
    """Those that the filter of a column takes, none where it is no time."""
    column = inspect(cls).columns.get(name)
    kind = None if column is None else column.type
    return (*PERIODS, *AHEAD) if isinstance(kind, Date) else PERIODS if isinstance(kind, UtcDateTime) else ()


def period(name: str) -> tuple[date, date]:
    """The first and the last day of one of PERIODS or AHEAD, in China."""
    day = today()
    match name:
        case "today":
            return day, day
        case "7_days" | "30_days":
            return day - timedelta(days=int(name.split("_")[0]) - 1), day
        case "next_7_days" | "next_30_days":
            return day, day + timedelta(days=int(name.split("_")[1]) - 1)
        case "this_month":
            return day.replace(day=1), day
        case _:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), day


def clock_is(cls: type[SharedRecord], text: str) -> ColumnElement[bool]:
    """One of CLOCKS, judged by the clocks that still run: there are as many as there is work at hand, whatever the table's size."""
    if not cls.clocks or text not in CLOCKS:
        raise Refusal(_("There is no such view."), field="clock")
    if text == "none":
        return ~exists().where(ClockRun.record_id == cls.id, _runs(cls))
    return cls.id.in_(with_clock(cls, text))


def with_clock(cls: type[SharedRecord], text: str) -> Select[tuple[int]]:
    """The records, by id, that have such a clock: one that has several comes several times."""
    return select(ClockRun.record_id).where(_runs(cls), clock_condition(text))


def clock_condition(text: str) -> ColumnElement[bool]:
    goes, due = ClockRun.paused_at.is_(None), ClockRun.due_at
    match text:
        case "late":
            return and_(goes, due < _when(now))
        case "soon":
            return and_(goes, due >= _when(now), due < _when(lambda: now() + SOON))
        case "today":
            return and_(goes, due >= _when(now), due < _when(lambda: datetime.combine(today() + timedelta(days=1), time(), CHINA)))
        case _:
            return ~goes


def _when(moment: Callable[[], datetime]) -> BindParameter[datetime]:
    """Read when the statement runs, not when it is made: who keeps statements (list_frame.py) may keep this one."""
    return bindparam("when", callable_=moment, type_=ClockRun.due_at.type, unique=True)


@dataclass(frozen=True)
class Judgement:
    """What fell due of a milestone from one day to another, in China: those "missed", or "kept". `track` is "legal" or "company", or empty
    for both. `words` is how the address tells the days."""

    milestone: str
    verdict: str
    words: str
    first: date
    last: date
    track: str = ""

    @property
    def fell_due(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions on a clock, whatever came of it."""
        end = datetime.combine(self.last + timedelta(days=1), time(), CHINA)
        due = (ClockRun.due_at >= datetime.combine(self.first, time(), CHINA), ClockRun.due_at < end, ClockRun.due_at <= now())
        return (*due, ClockRun.dropped_at.is_(None), ClockRun.paused_at.is_(None))


def judged_is(cls: type[SharedRecord], text: str) -> ColumnElement[bool]:
    """"respond.missed.30_days": of what fell due in these days, the records one of whose runs was missed, or all of them kept."""
    asked = judgement(cls, text)
    due = select(ClockRun.record_id).where(ClockRun.kind == cls.__name__, ClockRun.milestone == asked.milestone, *asked.fell_due)
    if asked.track:
        due = due.where(ClockRun.track == asked.track)
    is_missed = func.max(WAS_MISSED) == 1
    return cls.id.in_(due.group_by(ClockRun.record_id).having(is_missed if asked.verdict == "missed" else ~is_missed))


def judgement(cls: type[SharedRecord], text: str) -> Judgement:
    """Of "respond.missed.30_days", or of a span with a track or without: "respond.missed.2026-07-01_2026-09-30.legal"."""
    milestone, verdict, words, track, *more = [*text.split("."), "", "", ""]
    is_known = milestone in {clock.milestone for clock in cls.clocks} and verdict in ("kept", "missed") and track in ("", *TRACKS)
    days = (today() - timedelta(days=JUDGED[words] - 1), today()) if words in JUDGED else _span(words)
    if not is_known or days is None or any(more):
        raise Refusal(_("There is no such view."), field="judged")
    return Judgement(milestone, verdict, words, *days, track)


def _span(text: str) -> tuple[date, date] | None:
    first, _line, last = text.partition("_")
    return (date.fromisoformat(first), date.fromisoformat(last)) if _is_usable(first) and _is_usable(last) and first <= last else None


def _is_usable(text: str) -> bool:
    return _is_day(text) and date.fromisoformat(text).year in YEARS


def is_of(cls: type[SharedRecord], text: str) -> ColumnElement[bool]:
    """"device.model:7": whether that is where the record's references lead, by way of whatever stands between."""
    path, _colon, number = text.partition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 18 or path.count(".") > 2:
        raise Refusal(_("There is no such filter."), field="of")
    return _leads_to(cls, path.split("."), int(number))


def _leads_to(cls: type[SharedRecord], names: list[str], record_id: int) -> ColumnElement[bool]:
    column, target = followed(cls, names[0])
    if len(names) == 1:
        return column == record_id
    return column.in_(select(target.id).where(_leads_to(target, names[1:], record_id)))


def followed(cls: type[SharedRecord], name: str) -> tuple[Any, type[SharedRecord]]:
    """The column of a reference and the type it leads to. Refusal for what is none, or leads to what the person may not read."""
    relation = inspect(cls).relationships.get(name)
    if relation is None or relation.direction.name != "MANYTOONE" or not issubclass(target := relation.mapper.class_, SharedRecord):
        raise Refusal(_("There is no such filter."), field="of")
    if not current_actor().can("can_read", target.permission_name()):
        raise Refusal(_("There is no such filter."), field="of")
    return getattr(cls, next(iter(relation.local_columns)).key), target


def _runs(cls: type[SharedRecord]) -> ColumnElement[bool]:
    return and_(ClockRun.kind == cls.__name__, ClockRun.met_at.is_(None), ClockRun.dropped_at.is_(None))


def is_mine(cls: type[SharedRecord]) -> ColumnElement[bool]:
    """Whether whoever acts is the person that the type declares responsible."""
    if not cls.responsible:
        raise Refusal(_("There is no such filter."), field="mine")
    me = bindparam("me", callable_=lambda: current_actor().user_id, type_=Integer(), unique=True)
    relation, _dot, name = cls.responsible.rpartition(".")
    if not relation:
        return getattr(cls, name) == me
    target = inspect(cls).relationships[relation].mapper.class_
    reference = next(column for column, followed in relation_of(cls).items() if followed == relation)
    # One value, not a set: with "IN" PostgreSQL reads the whole table backwards for somebody who is responsible for nothing.
    return getattr(cls, reference) == select(target.id).where(getattr(target, name) == me).limit(1).scalar_subquery()


def _equals(cls: type[SharedRecord], name: str, text: str) -> Any:
    column = getattr(cls, name)
    if name == "state":
        chosen = [s for s in text.split(",") if any(s == state.name for state in cls.workflow.states)]
        if not chosen:
            raise Refusal(_("There is no such state."), field="state")
        # A single state stands in the statement: PostgreSQL keeps a plan, which it makes for a common state and for a rare one apart.
        return column.in_(chosen) if len(chosen) > 1 else column == literal(chosen[0], column.type, literal_execute=True)
    if text in periods_of(cls, name):
        first, last = period(text)
        return and_(_bounded(column, first.isoformat(), name + FROM), _bounded(column, last.isoformat(), name + UNTIL))
    return column == value_of(column, text, name)


def _bounded(column: Any, text: str, name: str) -> Any:
    """A lower or an upper bound. A day that ends a range belongs to it whole, as people count."""
    bound = value_of(column, text, name)
    if name.endswith(FROM):
        return column >= bound
    return column < bound + timedelta(days=1) if isinstance(column.type, UtcDateTime) and _is_day(text) else column <= bound


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def value_of(column: Any, text: str, name: str) -> Any:
    """A text of the address as a value of the column. Refusal, at the argument `name`, where it is none."""
    kind = column.type
    try:
        if isinstance(kind, Enum):
            return kind.enum_class(text)
        if isinstance(kind, Boolean):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(kind, UtcDateTime | Date):
            return _moment(text) if isinstance(kind, UtcDateTime) else _in_range(date.fromisoformat(text))
        if kind.python_type is int:
            number = int(text)
            if abs(number) >= 2**63:
                raise ValueError(text)
            return number
        return kind.python_type(text)
    except (ValueError, KeyError, ArithmeticError):
        raise Refusal(_("Not a value of this field: %(value)s", value=text[:40]), field=name) from None


def _moment(text: str) -> datetime:
    moment = _in_range(datetime.fromisoformat(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def _in_range(day: Any) -> Any:
    if day.year not in YEARS:
        raise ValueError(day)
    return day
