"""The items as data: `items.toml` read once. An evidence is a list of records, or something that is checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SOURCES = {
    "INSP15": "《医疗器械生产质量管理规范现场检查指导原则》（食药监械监〔2015〕218号）",
    "GMP25": "《医疗器械生产质量管理规范》（2025年第107号）",
    "GSPI": "《医疗器械经营质量管理规范现场检查指导原则》（2024年）",
    "R53": "《医疗器械生产监督管理办法》（总局令第53号）",
    "R124": "《企业落实医疗器械质量安全主体责任监督管理规定》（2022年第124号）",
}
SHORT = {"INSP15": "生产检查", "GMP25": "规范2025", "GSPI": "经营检查", "R53": "53号令", "R124": "2022年第124号"}


@dataclass(frozen=True)
class Evidence:
    """The list of a record type (`kind`) narrowed by `args`, or a `check` by name. `words` have {n}, in Chinese and English."""

    kind: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, str] = ("", "")
    is_gap: bool = False
    is_wanted: bool = False
    check: str = ""


@dataclass(frozen=True)
class Item:
    """One thing that inspectors look at. `articles` are (source, article); `absent` is what this program keeps no record of."""

    code: str
    chapter: str
    owner: str
    text: str
    english: str
    articles: tuple[tuple[str, str], ...]
    evidence: tuple[Evidence, ...]
    absent: tuple[str, str] | None = None
    is_key: bool = False

    @property
    def cited(self) -> str:
        return "；".join(f"{SHORT[source]} {article}" for source, article in self.articles)


@cache
def items() -> tuple[Item, ...]:
    read = tomllib.loads((Path(__file__).parent / "items.toml").read_text("utf-8"))["item"]
    return tuple(_item(raw) for raw in read)


def _item(raw: dict[str, Any]) -> Item:
    return Item(
        raw["code"], raw["chapter"], raw["owner"], raw["text"], raw["english"],
        articles=tuple((source, article) for source, article in raw["article"]),
        evidence=tuple(_evidence(one) for one in raw.get("evidence", ())),
        absent=tuple(raw["absent"]) if "absent" in raw else None,
        is_key=raw.get("is_key", False),
    )  # fmt: skip


def _evidence(raw: dict[str, Any]) -> Evidence:
    words = tuple(raw.get("words", ("", "")))
    return Evidence(raw.get("type", ""), raw.get("args", {}), words, raw.get("gap", False), raw.get("wanted", False), raw.get("check", ""))
