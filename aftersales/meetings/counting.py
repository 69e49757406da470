"""The figures counted: every table for the period and for the one before, by the same rule on the same day.

They are counted for the whole company, whoever asks, and are plain data: words in both languages, numbers, the rule, and the address of the
list. So a meeting that was held keeps what it was told, whatever becomes of the records or of this program.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Boolean, func, inspect, select
from sqlalchemy.orm import Session

from aftersales.meetings.figures import CHAPTERS, Entry, Figure, Grouped, Listed
from aftersales.meetings.period import Period
from aftersales.meetings.reckoning import RECKONED, Row, both
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord, snake_case
from aftersales.record.display import known_as
from aftersales.record.filtering import filtered
from aftersales.record.now import today

TOP = 10  # of what has many: models, plans
SOON, LONG = timedelta(days=60), timedelta(days=90)
Table = dict[str, Any]
Earlier = Mapping[tuple[str, str], int]


def counted(session: Session, period: Period, earlier: Earlier) -> list[Table]:
    """All tables. `earlier` tells what stood open at the meeting before, which nobody can count any more: (table, line) → number."""
    with acting_as(SYSTEM):
        return [
            {"chapter": chapter, **_words(figure.key), **_told(session, figure, period, earlier)}
            for chapter, figures in CHAPTERS.items()
            for figure in figures
        ]


def standing(figures: Iterable[Table]) -> dict[tuple[str, str], int]:
    """What a meeting was told that stands open, for the next one to compare with."""
    lists = {figure.key: figure for figures in CHAPTERS.values() for figure in figures if isinstance(figure, Listed)}
    return {
        (table["key"], row["key"]): row["cells"][0]
        for table in figures if table["key"] in lists
        for row in table["rows"]
    }  # fmt: skip


def _words(key: str) -> Table:
    return {"key": key, "title": both(f"meeting_table.{key}"), "rule": both(f"meeting_rule.{key}")}


def _told(session: Session, figure: Figure, period: Period, earlier: Earlier) -> Table:
    if isinstance(figure, Grouped):
        return {"columns": ["n", "before"], "rows": list(_grouped(session, figure, period))}
    if isinstance(figure, Listed):
        return {"columns": ["n", "before"], "rows": [_listed(session, figure.key, entry, period, earlier) for entry in figure.entries]}
    columns, rows = RECKONED[figure.key](session, period)
    return {"columns": columns, "rows": rows}


def _listed(session: Session, table: str, entry: Entry, period: Period, earlier: Earlier) -> Row:
    args = _filled(entry.args, period)
    before = earlier.get((table, entry.key)) if entry.is_standing else _count(session, entry.kind, _filled(entry.args, period.previous))
    cells = [_count(session, entry.kind, args), before]
    return {"key": entry.key, "name": both(f"meeting_row.{table}.{entry.key}"), "cells": cells, **_list(entry.kind, args)}


def _count(session: Session, kind: str, args: Mapping[str, str]) -> int:
    found = filtered(session, SharedRecord.record_types[kind], args)
    return session.scalar(select(func.count()).select_from(found.with_only_columns(SharedRecord.record_types[kind].id).subquery()))


def _grouped(session: Session, figure: Grouped, period: Period) -> Iterator[Row]:
    """A line for each value, in the order of its enum, or the most first. What has no value yet stands last, and has no list."""
    cls = SharedRecord.record_types[figure.kind]
    now_args, then_args = (figure.args | _on(figure.on, one) for one in (period, period.previous))
    found, before = _groups(session, figure, now_args), _groups(session, figure, then_args)
    names = _names(session, cls, figure.by, {*found, *before} - {None})
    shown = list(names)[:TOP]
    for value in shown:
        argument = {"of": f"{figure.by}:{value}"} if "." in figure.by else {figure.by: _told_as(value)}
        cells = [found.get(value, 0), before.get(value, 0)]
        yield {"key": str(value), "name": names[value], "cells": cells, **_list(figure.kind, now_args | argument)}
    rest = {"rest": list(names)[TOP:], "unknown": [None]}
    for key, values in rest.items():
        cells = [sum(counts.get(value, 0) for value in values) for counts in (found, before)]
        if any(cells):
            yield {"key": key, "name": both(f"meeting_row.{key}"), "cells": cells, "kind": "", "url": ""}


def _groups(session: Session, figure: Grouped, args: Mapping[str, str]) -> dict[Any, int]:
    cls = SharedRecord.record_types[figure.kind]
    found = filtered(session, cls, args)
    path = figure.by.split(".")
    if len(path) == 1:
        by = getattr(cls, path[0])
    else:
        relation = inspect(cls).relationships[path[0]]
        target = relation.mapper.class_
        found = found.outerjoin(target, getattr(cls, next(iter(relation.local_columns)).key) == target.id)
        by = getattr(target, f"{path[1]}_id")
    return dict(map(tuple, session.execute(found.with_only_columns(by, func.count()).group_by(by))))


def _names(session: Session, cls: type[SharedRecord], by: str, values: set[Any]) -> dict[Any, list[str]]:
    """What each value is called, in the order it is told. An enum has all its members, so that a zero is told too."""
    column = inspect(cls).columns.get(by)
    members = getattr(column.type, "enum_class", None) if column is not None else None
    if members is not None:
        return {member: both(f"{snake_case(members.__name__)}.{member.name}") for member in members if member != "none" or member in values}
    target = _target(cls, by)
    if target is not None:
        rows = session.scalars(select(target).where(target.id.in_(values)).order_by(target.id))
        return {row.id: [f"{row} {row.hint}" if row.prefix else known_as(row)] * 2 for row in rows}
    if isinstance(column.type, Boolean):
        return {value: both(f"yes_no.{str(value).lower()}") for value in (True, False)}
    return {value: [str(value)] * 2 for value in sorted(values)}


def _target(cls: type[SharedRecord], by: str) -> type[SharedRecord] | None:
    for name in by.removesuffix("_id").split("."):
        relation = inspect(cls).relationships.get(name)
        if relation is None:
            return None
        cls = relation.mapper.class_
    return cls


def _told_as(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else value.value if isinstance(value, Enum) else str(value)


def _on(column: str, period: Period) -> dict[str, str]:
    return {f"{column}_from": period.first.isoformat(), f"{column}_until": period.last.isoformat()}


def _filled(args: Mapping[str, str], period: Period) -> dict[str, str]:
    day = today()
    days: dict[str, date] = {
        "first": period.first, "last": period.last, "today": day, "yesterday": day - timedelta(days=1), "soon": day + SOON,
        "long_ago": day - LONG,
    }  # fmt: skip
    return {name: text.format(**{key: value.isoformat() for key, value in days.items()}) for name, text in args.items()}


def _list(kind: str, args: Mapping[str, str]) -> dict[str, str]:
    return {"kind": kind, "url": f"/{SharedRecord.record_types[kind].key()}/list/?{urlencode(args, safe=':,')}"}
