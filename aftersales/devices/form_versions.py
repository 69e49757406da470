"""The versions of a form: a new one made from an old one, and what two of them differ in."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy.orm import Session

from aftersales.devices.form_item import FunctionTestItem
from aftersales.devices.function_test import FunctionTest
from aftersales.record.display import words
from aftersales.record.ordered import POSITION
from aftersales.record.rows import row_fields
from aftersales.record.saving import create

TONES = {"added": "ok", "removed": "late", "changed": "warn", "moved": "info", "same": ""}


@dataclass(frozen=True)
class LineChange:
    """One line in both versions, or in one of them. `changes` are (what, before, now)."""

    kind: str
    item: FunctionTestItem
    changes: tuple[tuple[str, str, str], ...] = ()


def renew(session: Session, form: FunctionTest) -> FunctionTest:
    """A draft with the same lines, for the same product and purpose; the one there is already, if there is one."""
    draft = next((version for version in form.versions() if version.state == "draft"), None)
    if draft is not None:
        return draft
    copied = {name: getattr(form, name) for name in ("purpose", "name", "model_id", "family_id")}
    names = (*row_fields(FunctionTestItem), POSITION)
    items = [FunctionTestItem(**{name: getattr(item, name) for name in names}) for item in form.items]
    return create(session, FunctionTest, copied | {"items": items})


def compare(old: FunctionTest, new: FunctionTest) -> list[LineChange]:
    """The lines of `new` in their order, with those that only `old` has where they stood. Lines are known by their names."""
    before, now = {item.name: item for item in old.items}, {item.name: item for item in new.items}
    kept = [[name for name in names if name in before and name in now] for names in (before, now)]
    stayed = {name for block in SequenceMatcher(None, *kept).get_matching_blocks() for name in kept[1][block.b : block.b + block.size]}
    lines = []
    for name, item in now.items():
        changes = tuple(_changes(before[name], item)) if name in before else ()
        kind = "added" if name not in before else "changed" if changes else "same" if name in stayed else "moved"
        lines.append(LineChange(kind, item, changes))
    for name, item in before.items():
        if name not in now:
            above = [other for other in list(before)[: list(before).index(name)] if other in now]
            at = next((i + 1 for i, line in enumerate(lines) if above and line.item.name == above[-1]), 0)
            lines.insert(at, LineChange("removed", item))
    return lines


def _changes(old: FunctionTestItem, new: FunctionTestItem) -> Any:
    for name in row_fields(FunctionTestItem):
        before, now = (words(getattr(item, name.removesuffix("_id") if name.endswith("_id") else name)) for item in (old, new))
        if before != now:
            yield new.field_label(name), before, now
