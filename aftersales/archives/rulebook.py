"""The shipped terms of retention, read from their file into rules. Errors name the row."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aftersales.archives.retention import Anchor, Reach, RetentionClass, Rule
from aftersales.record.rule import RuleKind

SHIPPED = Path(__file__).parent / "retention_rules.toml"
TYPES: dict[str, Any] = {"kind": RuleKind, "label": tuple, "anchor": Anchor, "retention_class": RetentionClass, "reach": Reach}


def shipped_rules(path: Path = SHIPPED) -> Iterator[Rule]:
    """ValueError for a row that cannot be meant."""
    table = tomllib.loads(path.read_text("utf-8"))
    for row in table["rule"]:
        try:
            yield _rule(row, table["sources"])
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(f"{path.name}: {row.get('id', 'a rule without id')}: {error}") from error


def _rule(row: Mapping[str, Any], sources: Mapping[str, str]) -> Rule:
    typed = {name: TYPES[name](value) if name in TYPES else value for name, value in row.items()}
    return Rule(**typed, source_title=sources[row["source"]])
