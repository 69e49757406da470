"""What stands around the rows of a list: chips by state and clock with their counts, the filters that hold, the fields to filter by."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Boolean, Enum, Select, func, inspect, select
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.base import Regional, SharedRecord
from aftersales.record.beyond import is_beyond, note_beyond
from aftersales.record.custom import CustomField, FieldKind, field_of
from aftersales.record.display import known_as, relation_of, words
from aftersales.record.filtering import (
    CLOCKS,
    FROM,
    JUDGED,
    UNTIL,
    Judgement,
    bounds,
    filter_names,
    filtered,
    followed,
    judgement,
    periods_of,
    with_clock,
)  # fmt: skip
from aftersales.record.listing import at_most, led

MOST = 1000
CHIPS = ("state", "clock", "mine")
SHOWING = ("order", "columns", "view", "after", "before")
TONES = {"late": "late", "soon": "warn"}
Address = Callable[..., str]


@dataclass(frozen=True)
class Chip:
    """A filter of one tap. Tapped while active, it lets go again."""

    label: str
    url: str
    is_active: bool
    count: int | None = None
    tone: str = ""

    @property
    def text(self) -> str:
        return "" if self.count is None else bounded_text(self.count)


@dataclass(frozen=True)
class Filter:
    """A field of the filter panel: `options` to choose from, `lookup` to search in, else a range from–until."""

    name: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    lookup: str = ""
    text: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_set(self) -> bool:
        return bool(self.value or self.since or self.until)

    @property
    def words(self) -> str:
        if self.since or self.until:
            return f"{self.since or '…'} – {self.until or '…'}"
        return self.text or dict(self.options).get(self.value, self.value)


def bounded_text(count: int) -> str:
    return f"{MOST}+" if count > MOST else str(count)


def counts(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """How many rows each chip would show, up to MOST + 1, by (argument, value), and ("", "") for the list as it stands.

    One statement; {} where a count would read the table.
    """
    if not is_found_by_index(cls, args):
        return {}
    narrowing = {name: value for name, value in args.items() if name not in SHOWING}
    wanted = _wanted(cls, narrowing)
    if narrowing.keys() - {*CHIPS} or current_actor().bounds is not None:
        return _asked(session, wanted, _counting(session, cls, [*wanted.values()]))
    chips = {name: ((cls, frozenset(narrowed.items())), bool(narrowed.get("mine"))) for name, narrowed in wanted.items()}
    beyond = {name for name, (counted, own) in chips.items() if is_beyond(counted, own=own)}
    rest = [frozenset(narrowed.items()) for name, narrowed in wanted.items() if name not in beyond]
    found = _asked(session, (name for name in wanted if name not in beyond), _kept_counting(cls, tuple(rest))) if rest else {}
    for name in (name for name, count in found.items() if count > MOST):
        counted, own = chips[name]
        note_beyond(counted, own=own)
    return found | dict.fromkeys(beyond, MOST + 1)


def _asked(session: Session, names: Iterable[tuple[str, str]], statement: Select[Any]) -> dict[tuple[str, str], int]:
    return dict(zip(names, session.execute(statement).one(), strict=True))


def is_found_by_index(cls: type[SharedRecord], args: Mapping[str, str]) -> bool:
    """Whether the rows are found without looking for them in the whole table."""
    if cls.parent is not None and issubclass(cls, Regional) and current_actor().region_ids is not None:
        return False  # rows inside records have no index by region
    narrowing = {name.removesuffix(FROM).removesuffix(UNTIL) for name, value in args.items() if value}
    return "q" not in narrowing and not narrowing - {*CHIPS, *SHOWING} - led(cls)


def _wanted(cls: type[SharedRecord], args: Mapping[str, str]) -> dict[tuple[str, str], Mapping[str, str]]:
    """The arguments that each chip leads to."""
    wanted = {("", ""): args}
    wanted |= {("state", state.name): {**args, "state": state.name} for state in (cls.workflow.states if cls.workflow else ())}
    wanted |= {("clock", clock): {**args, "clock": clock} for clock in (CLOCKS if cls.clocks else ())}
    if cls.responsible:
        wanted["mine", "1"] = {**args, "mine": "1"}
    return wanted


def _counting(session: Session, cls: type[SharedRecord], wanted: Iterable[Mapping[str, str]]) -> Select[Any]:
    return select(*(_bounded(session, cls, narrowed) for narrowed in wanted))


@lru_cache(maxsize=256)
def _kept_counting(cls: type[SharedRecord], wanted: tuple[frozenset[tuple[str, str]], ...]) -> Select[Any]:
    """Made once: that costs as much as running it. Only of the chips, whose conditions read clock and person when they run."""
    return _counting(db.session, cls, [dict(narrowed) for narrowed in wanted])


def _bounded(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> Any:
    clock = args.get("clock", "")
    if args.keys() == {"clock"} and clock != "none" and current_actor().bounds is None:
        chosen = with_clock(cls, clock).distinct()  # a clock has its record's region: what it is of need not be looked up
    else:
        chosen = filtered(session, cls, args).with_only_columns(cls.id)
    return select(func.count()).select_from(chosen.limit(at_most(MOST + 1)).subquery()).scalar_subquery()


def state_chips(cls: type[SharedRecord], args: Mapping[str, str], found: Mapping[tuple[str, str], int], address: Address) -> list[Chip]:
    on = args.get("state", "").split(",")
    names = [state.name for state in cls.workflow.states] if cls.workflow else []
    return [
        Chip(label(f"{cls.key()}.state.{n}"), address(state=None if n in on else n), n in on, found.get(("state", n))) for n in names
    ]


def clock_chips(cls: type[SharedRecord], args: Mapping[str, str], found: Mapping[tuple[str, str], int], address: Address) -> list[Chip]:
    chips, on = [], args.get("clock", "")
    if cls.responsible:
        is_on = bool(args.get("mine"))
        chips.append(Chip(_("Mine"), address(mine=None if is_on else "1"), is_on, found.get(("mine", "1"))))
    for name in CLOCKS if cls.clocks else ():
        count = found.get(("clock", name))
        tone = TONES.get(name, "") if count else ""
        chips.append(Chip(label(f"clock_filter.{name}"), address(clock=None if on == name else name), on == name, count, tone))
    return chips


def filters_of(session: Session, cls: type[SharedRecord], args: Mapping[str, str]) -> list[Filter]:
    """The fields of the panel, without the state, which has chips."""
    names = [name for name in filter_names(cls) if name != "state"]
    return [made for name in names if (made := _filter(session, cls, name, args)) is not None]


def _filter(session: Session, cls: type[SharedRecord], name: str, args: Mapping[str, str]) -> Filter | None:
    caption, value = cls.field_label(name), args.get(name, "")
    if (field := field_of(cls, name)) is not None:
        return _custom(field, args)
    if name in cls.offers:
        return Filter(name, caption, value, tuple(cls.offers[name]()))
    kind = inspect(cls).columns[name].type
    if name in relation_of(cls):
        target = inspect(cls).relationships[relation_of(cls)[name]].mapper.class_
        if not current_actor().can("can_read", target.permission_name()):
            return None
        return Filter(name, caption, value, lookup=f"/{target.key()}/lookup", text=_called(session, target, value))
    if isinstance(kind, Enum):
        return Filter(name, caption, value, tuple((member.value, words(member)) for member in kind.enum_class))
    if isinstance(kind, Boolean):
        return Filter(name, caption, value, (("true", words(True)), ("false", words(False))))
    if name + FROM in bounds(cls):
        periods = tuple((period, label(f"period.{period}")) for period in periods_of(cls, name))
        since, until = args.get(name + FROM, ""), args.get(name + UNTIL, "")
        return Filter(name, caption, value, periods, kind="date" if periods else "number", since=since, until=until)
    return Filter(name, caption, value)


def _custom(field: CustomField, args: Mapping[str, str]) -> Filter:
    """A field of the company's own: a choice, a range, or a text that must be met exactly."""
    values = {FieldKind.yes_no: ("true", "false"), FieldKind.choice: tuple(c.code for c in field.choices)}.get(field.kind, ())
    kind = {FieldKind.number: "number", FieldKind.date: "date"}.get(field.kind, "")
    since, until = args.get(field.name + FROM, ""), args.get(field.name + UNTIL, "")
    options = tuple((value, field.text(value)) for value in values)
    return Filter(field.name, field.caption(), args.get(field.name, ""), options, kind=kind, since=since, until=until)


def _called(session: Session, target: type[SharedRecord], value: str) -> str:
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        return ""
    row = session.scalars(select(target).where(target.id == int(value))).one_or_none()
    return "" if row is None else known_as(row)


def active(
    session: Session, cls: type[SharedRecord], args: Mapping[str, str], filters: list[Filter], address: Address
) -> list[Chip]:  # fmt: skip
    """What narrows the list beside the chips, each with the address of the list without it."""
    chips = [Chip(f"“{phrase}”", address(q=None), True)] if (phrase := args.get("q", "").strip()) else []
    if judged := args.get("judged", "").strip():
        chips.append(Chip(_judged_words(judgement(cls, judged)), address(judged=None), True))
    if of := args.get("of", "").strip():
        chips.append(Chip(_of_words(session, cls, of), address(of=None), True))
    for field in filters:
        if field.is_set:
            without = address(**{field.name: None, field.name + FROM: None, field.name + UNTIL: None})
            chips.append(Chip(f"{field.label}: {field.words}", without, True))
    return chips


def _judged_words(asked: Judgement) -> str:
    told = _("kept in time") if asked.verdict == "kept" else _("missed")
    days = _("%(n)s days", n=JUDGED[asked.words]) if asked.words in JUDGED else f"{asked.first} – {asked.last}"
    parts = [label(f"milestone.{asked.milestone}"), told, days]
    return " · ".join([*parts, label(f"rule_kind.{asked.track}")] if asked.track else parts)


def _of_words(session: Session, cls: type[SharedRecord], text: str) -> str:
    """What the records have in common, by its type and name."""
    path, _colon, number = text.partition(":")
    for name in path.split("."):
        _column, cls = followed(cls, name)
    return f"{cls.label()}: {_called(session, cls, number) or '—'}"
