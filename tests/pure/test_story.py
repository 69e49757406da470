"""The story of a record: what is one act is told as one entry."""

import pytest

from aftersales.record.story import READING, together

pytestmark = pytest.mark.pure


def told(title: str, who: str, act: tuple[str, ...] | None = None) -> dict[str, object]:
    return {"title": title, "who": who, "act": act, "changes": []}


def test_readers_who_follow_one_another_are_one_entry_with_their_names() -> None:
    readings = [told("查看个人信息", who, READING) for who in ("周工", "质量", "周工")]
    story = together([told("关闭", "质量"), *readings, told("完工", "周工"), told("查看个人信息", "监管", READING)])
    assert [(entry["title"], entry["who"]) for entry in story] == [
        ("关闭", "质量"),
        ("查看个人信息 × 3", "周工、质量"),
        ("完工", "周工"),
        ("查看个人信息", "监管"),
    ]
