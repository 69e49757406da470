"""The table of a list: its head with the ways to order it, and a row of cells for each record. What a column shows is decided once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aftersales.labels import language
from aftersales.record.base import SharedRecord
from aftersales.record.choosing import NEXT_DUE, Column
from aftersales.record.clocks import ClockRun
from aftersales.record.display import Shown, as_shown, url_of, words
from aftersales.record.pieces import Cell, chip, clock, is_short
from aftersales.record.privacy import masked


def heads_of(columns: Iterable[Column], order: str, orders: tuple[str, ...], address: Callable[..., str]) -> list[dict[str, Any]]:
    return [_head(column, {column.name: "asc", f"-{column.name}": "desc"}.get(order, ""), orders, address) for column in columns]


def _head(column: Column, turned: str, orders: tuple[str, ...], address: Callable[..., str]) -> dict[str, Any]:
    url = address(order=("-" if turned == "asc" else "") + column.name) if column.name in orders else ""
    return {"label": column.label, "sorted": turned, "end": column.is_number, "minor": column.is_minor, "sort_url": url}


def rows_of(
    cls: type[SharedRecord], records: Iterable[Any], columns: Iterable[Column], clocks: Mapping[int, ClockRun]
) -> list[dict[str, Any]]:
    cells = [_cells(cls, column.name, clocks) for column in columns]
    return [{"url": url_of(record), "id": record.id, "cells": [cell(record) for cell in cells]} for record in records]


def _cells(cls: type[SharedRecord], name: str, clocks: Mapping[int, ClockRun]) -> Callable[[Any], Cell]:
    if name == NEXT_DUE:
        return lambda record: _due(clocks.get(record.id))
    read = _reading(cls, name)
    return lambda record: _cell(read(record), is_chip=name == "state")


def _reading(cls: type[SharedRecord], name: str) -> Callable[[Any], Shown]:
    """Personal data stays masked here for everybody: who needs it opens the record, and that is noted."""
    if name in cls.personal:
        return lambda record: Shown(words(masked(getattr(record, name))))
    may_tell = cls.may_tell(name)
    if name == "name" and language() == "en" and hasattr(cls, "name_en") and "name_en" not in cls.listing:
        return lambda record: _shown(record, name, record.name_en or record.name)
    return lambda record: _shown(record, name, getattr(record, name) if may_tell else None)


def _shown(record: SharedRecord, name: str, value: Any) -> Shown:
    if isinstance(value, SharedRecord):
        return Shown(value.caption, hint=value.hint if value.caption != str(value) else "")
    return as_shown(record, name, value)


def _cell(shown: Shown, is_chip: bool) -> Cell:
    if shown.tone or is_chip:
        return chip(shown.text, shown.tone)
    if not shown.text:
        return ""
    return {"text": shown.text, "code": shown.is_code, "hint": shown.hint, "long": shown.is_long, "short": is_short(shown.text)}


def _due(run: ClockRun | None) -> Cell:
    if run is None:
        return ""
    is_missed = run.state == "missed"
    return clock(run.due_at, "running" if is_missed else run.state, words(run.due_at), "late" if is_missed else "")
