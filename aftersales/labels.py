"""The words of the trade: every noun in Chinese and English, from the labels.toml beside each feature.

Keys are dotted identifiers: "service_order" (the record), "service_order.fault_level" (a field),
"service_order.state.closed", "service_order.section.intake", "service_order.transition.close", "fault_level.level_1" (a choice),
"role.engineer". Fields every record has are under "record".
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import get_locale

ROOT = Path(__file__).parent
LANGUAGES = ("zh", "en")


class MissingLabel(KeyError):
    """A key with no words in any labels.toml."""


@cache
def glossary() -> dict[str, tuple[str, str]]:
    words: dict[str, tuple[str, str]] = {}
    for path in sorted(ROOT.rglob("labels.toml")):
        for key, pair in _flatten(tomllib.loads(path.read_text("utf-8"))):
            if key in words:
                raise ValueError(f"{path}: {key} already has words elsewhere")
            words[key] = pair
    return words


def _flatten(table: dict[str, Any], prefix: str = "") -> list[tuple[str, tuple[str, str]]]:
    pairs: list[tuple[str, tuple[str, str]]] = []
    for key, value in table.items():
        path = prefix if key == "_" else f"{prefix}.{key}".lstrip(".")
        if isinstance(value, dict):
            pairs += _flatten(value, path)
        else:
            chinese, english = value
            pairs.append((path, (chinese, english)))
    return pairs


def language() -> str:
    """"zh" or "en": the reader's language, Chinese where nobody reads (jobs, commands)."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def label(key: str, lang: str | None = None) -> str:
    try:
        return glossary()[key][LANGUAGES.index(lang or language())]
    except KeyError:
        raise MissingLabel(f"{key} has no words: add it to the labels.toml of its feature") from None


def has_label(key: str) -> bool:
    return key in glossary()


def field_label(owner: str, field: str, lang: str | None = None) -> str:
    """The words of a field: the record's own, else those every record shares."""
    own = f"{owner}.{field}"
    return label(own if has_label(own) else f"record.{field}", lang)
