"""Live parts: what a document says by `{{clocks ServiceOrder}}` is read from the data, so that paper and program cannot disagree."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu, assoc_permissionview_role
from flask_appbuilder.security.sqla.models import Role as StoredRole
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.deadlines import rules_for
from aftersales.deadlines.rule_table import length_words
from aftersales.labels import basis, glossary, has_label, label
from aftersales.record.base import SharedRecord
from aftersales.record.custom import form_version
from aftersales.record.display import words
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.showing import main_way
from aftersales.record.words import Meaning, Transition
from aftersales.record.workflow import move_label, state_label
from aftersales.security.matrix import role_words
from aftersales.settings.dated import DATED, in_force

LONGEST, MOST_LINES = 100_000, 3_000
# A part stands alone on its line.
PART = re.compile(r"^\s*\{\{\s*(?P<name>\w+)(?:\s+(?P<of>\w+))?\s*\}\}\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Table:
    """What a part says: heads and rows of text; `steps` are the states of a flow, drawn above them."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[str, str], ...] = ()  # a state, and what leads on from it

    def lines(self) -> list[str]:
        """As plain text, to be compared."""
        return [" → ".join(filter(None, step)) for step in self.steps] + ["｜".join(row) for row in self.rows]


def parts_of(body: str) -> list[str]:
    """The parts that a text names, in order, each once: "clocks ServiceOrder"."""
    return list(dict.fromkeys(" ".join(filter(None, match.groups())) for match in PART.finditer(body)))


def check_text(body: str, field: str) -> None:
    """Refuses a text that is too long to be compared and printed in a request, and live parts that there are not."""
    if len(body) > LONGEST or body.count("\n") > MOST_LINES:
        raise Refusal(_("The text is too long."), field=field)
    for part in parts_of(body):
        name, _space, of = part.partition(" ")
        if name not in PARTS or not _is_known(name, of):
            raise Refusal(_("There is no live part “%(part)s”.", part=part), field=field)


def _is_known(name: str, of: str) -> bool:
    if name == "choices":
        return any(True for _pair in _values(of))
    if name == "setting":
        return of in SharedRecord.record_types and SharedRecord.record_types[of].workflow is DATED
    return of in SharedRecord.record_types or (name == "forms" and not of)


def said(session: Session, part: str) -> Table:
    """What the part says today. Raises KeyError for one that there is not: check_parts refuses it before it is kept."""
    name, _space, of = part.partition(" ")
    return PARTS[name](session, of)


def _clocks(session: Session, of: str) -> Table:
    """The deadline rules in force for a record type, with their source."""
    cls, day = SharedRecord.record_types[of], today()
    rules = [rule for clock in cls.clocks for rule in rules_for(session, clock.milestone) if rule.in_force(day)]
    rows = [
        (
            label(f"milestone.{rule.milestone}"), rule.label[0], length_words(rule.amount, rule.unit),
            label(f"rule_kind.{rule.kind.value}"), basis(rule) or "—",
        )
        for rule in {rule.id: rule for rule in rules}.values()
    ]  # fmt: skip
    return Table((_("Milestone"), _("Rule"), _("Time allowed"), _("Kind"), _("Source")), tuple(rows))


def _roles(session: Session, of: str) -> Table:
    """Which role may do which step, as it is granted now."""
    cls = SharedRecord.record_types[of]
    granted = (
        select(StoredRole.name, Permission.name)
        .join(assoc_permissionview_role, assoc_permissionview_role.c.role_id == StoredRole.id)
        .join(PermissionView, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(ViewMenu.name == cls.permission_name())
        .order_by(StoredRole.id)
    )
    held: dict[str, set[str]] = {}
    for role, permission in session.connection().execute(granted):
        held.setdefault(role, set()).add(permission)
    steps = [("can_write", _("Write"))] + [
        (f"can_{t.name}", move_label(cls, t.name)) for t in (cls.workflow.transitions if cls.workflow else ())
    ]
    rows = ((role_words(role), "、".join(words for permission, words in steps if permission in has)) for role, has in held.items())
    return Table((_("Role"), _("May do")), tuple(row for row in rows if row[1]))


def _flow(_session: Session, of: str) -> Table:
    """The workflow: the main way drawn, every step beneath it."""
    cls = SharedRecord.record_types[of]
    if cls.workflow is None:
        return Table((), ())
    leads: dict[tuple[str, str], str] = {}
    for t in sorted(cls.workflow.transitions, key=lambda t: bool(t.reason)):  # a step that asks no reason before one that does
        for source in t.from_states:
            leads.setdefault((source, t.target), t.name)
    way: list[str] = []
    for state in main_way(cls):
        if not way or (way[-1], state.name) in leads:
            way.append(state.name)
    onward = [move_label(cls, leads[pair]) for pair in pairwise(way)]
    steps = tuple(zip((state_label(cls, name) for name in way), [*onward, ""], strict=True))
    rows = (
        (state_label(cls, source), move_label(cls, t.name), state_label(cls, t.target), "、".join(_asked(t)) or "—")
        for t in cls.workflow.transitions
        for source in t.from_states
    )
    return Table((_("From"), _("Step"), _("To"), _("Asks for")), tuple(rows), steps)


def _asked(transition: Transition) -> Iterator[str]:
    if transition.reason:
        yield _("Reason")
    if transition.apart_from:
        yield _("Second person")
    if transition.signs is not None:
        yield _("Signature of staff") if transition.signs.by is Meaning.staff else _("Signature of the customer")


def _forms(_session: Session, of: str) -> Table:
    """The record forms that are printed, with number and version."""
    types = [SharedRecord.record_types[of]] if of else SharedRecord.record_types.values()
    rows = (
        (document.form_no, label(f"{cls.key()}.document.{document.name}"), form_version(cls, document.version), cls.label())
        for cls in types
        for document in cls.documents
    )
    return Table((_("Form No."), _("Form"), _("Version"), _("Record")), tuple(sorted(rows)))


def _choices(_session: Session, of: str) -> Table:
    return Table((label(f"fact.{of}") if has_label(f"fact.{of}") else _("Value"),), tuple((words,) for words in _values(of)))


def _setting(session: Session, of: str) -> Table:
    """The row in force of a dated setting, field by field."""
    cls = SharedRecord.record_types[of]
    row = in_force(session, cls, today())
    rows = ((cls.field_label(name), words(getattr(row, name))) for name in cls.sections["content"]) if row is not None else ()
    return Table((_("Company rule"), _("Value")), tuple(rows))


def _values(of: str) -> Iterator[str]:
    yield from (label(key) for key in glossary() if of and key.startswith(f"{of}.") and key.count(".") == 1)


PARTS: dict[str, Callable[[Session, str], Table]] = {
    "clocks": _clocks,
    "roles": _roles,
    "flow": _flow,
    "forms": _forms,
    "choices": _choices,
    "setting": _setting,
}


def spoken(session: Session, body: str) -> dict[str, Any]:
    """Every part of a text as plain lines, to be kept with the version and compared later."""
    return {part: said(session, part).lines() for part in parts_of(body)}


def part_words(part: str) -> str:
    """What a part is called: "维修工单 · 时限表", "故障级别 · 选项表"."""
    name, _space, of = part.partition(" ")
    about = SharedRecord.record_types[of].key() if of in SharedRecord.record_types else f"fact.{of}"
    return " · ".join([*([label(about)] if has_label(about) else []), label(f"live_part.{name}")])


def told(parts: dict[str, list[str]]) -> str:
    """What the parts said, for the story of a version."""
    return "\n".join(f"{part_words(part)}{_(':')} {'；'.join(lines)}" for part, lines in parts.items()) or "—"
