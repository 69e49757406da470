"""The rules a feature ships: a TOML file of sources and rules, read into `Rule` values. Errors name the file and the row."""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from aftersales.record.rule import Rule, RuleKind, Unit

REQUIRED = {
    "id": str, "requirement": str, "milestone": str, "amount": int, "unit": str, "kind": str,
    "source": str, "article": str, "effective_from": date, "label": list,
}  # fmt: skip
OPTIONAL = {"when": dict, "effective_to": date, "remind_before_minutes": int}


class RulebookError(ValueError):
    """A rule file that cannot be meant; says which file, which row and what is wrong with it."""


def load_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of one file, in its order.

    The file has `[sources]` (short name = full title) and `[[rule]]` rows with the fields of `Rule`.
    RulebookError for a missing, unknown or mistyped field, an unknown source, or an id used twice.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(f"{path}: {error}") from error
    sources = table.get("sources", {})
    rules: dict[int | str, Rule] = {}
    for position, row in enumerate(table.get("rule", []), start=1):
        try:
            rule = _rule(row, sources)
            if rule.id in rules:
                raise ValueError("another rule has this id")
        except (ValueError, TypeError) as error:
            raise RulebookError(f"{path}: rule {position} ({row.get('id', 'no id')}): {error}") from error
        rules[rule.id] = rule
    if not rules:
        raise RulebookError(f"{path}: no [[rule]] in it")
    return tuple(rules.values())


def _rule(row: Mapping[str, Any], sources: Mapping[str, str]) -> Rule:
    fields = REQUIRED | OPTIONAL
    for name in REQUIRED.keys() - row.keys():
        raise ValueError(f"{name} is missing")
    for name, value in row.items():
        if name not in fields:
            raise ValueError(f"unknown field {name}")
        if type(value) is not fields[name]:
            raise ValueError(f"{name} must be of type {fields[name].__name__}, not {value!r}")
    if row["source"] not in sources:
        raise ValueError(f"source {row['source']!r} is not among [sources]")
    chosen = {"unit": _choice(Unit, row["unit"]), "kind": _choice(RuleKind, row["kind"]), "label": tuple(row["label"])}
    return Rule(**{**row, **chosen, "source_title": sources[row["source"]]})


def _choice(choices: type[StrEnum], value: str) -> StrEnum:
    if value not in list(choices):
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
    return choices(value)
