"""The rule book as people read it: by record type and milestone, each rule with its condition and length in words and what comes next."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.deadlines.clock_rule import ClockRule, last_days
from aftersales.deadlines.condition import all_clocks, condition_words
from aftersales.labels import citation, label, language
from aftersales.record.audit import AuditEntry
from aftersales.record.display import hand_words, url_of, words
from aftersales.record.explanation import UNITS
from aftersales.record.now import today
from aftersales.record.rule import Unit
from aftersales.record.workflow import state_label

MOST = 2000  # the newest; a company has some dozens


class Tab(StrEnum):
    """Where a rule stands in time."""

    now = auto()
    coming = auto()
    past = auto()
    proposed = auto()

    @property
    def words(self) -> str:
        return {Tab.now: _("In force"), Tab.coming: _("Coming"), Tab.past: _("Past"), Tab.proposed: _("Proposed")}[self]


@dataclass(frozen=True)
class Line:
    """One version of a rule, with the approved ones before and after it, those that are proposed, and the last day it holds."""

    rule: ClockRule
    last_day: date | None
    before: ClockRule | None
    following: ClockRule | None
    proposals: Sequence[ClockRule]

    @property
    def condition(self) -> str:
        return condition_words(self.rule.milestone, self.rule.condition)

    @property
    def length(self) -> str:
        return length_words(self.rule.amount, self.rule.unit)


@dataclass(frozen=True)
class Group:
    """The rules of one milestone of one record type."""

    title: str
    milestone: str
    lines: list[Line]


def length_words(amount: int, unit: Unit) -> str:
    """ "15 分钟", "7 个工作日"; nothing at all is "立即", or by days "当日"."""
    if not amount:
        return _("the same day") if unit.counts_days else _("at once")
    chinese, english = UNITS[unit]
    if language() == "en":
        return f"{amount} {english.removesuffix('s') if amount == 1 else english}"
    return f"{amount} {chinese}"


def table(session: Session, tab: Tab) -> tuple[list[Group], dict[Tab, int]]:
    """The groups of one tab, and how many rules each tab has. One statement."""
    rows = list(session.scalars(select(ClockRule).order_by(ClockRule.id.desc()).limit(MOST)))
    ends, day = last_days(row for row in rows if row.was_held), today()
    by_tab: dict[Tab, list[ClockRule]] = {each: [] for each in Tab}
    versions: dict[int, list[ClockRule]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.lineage, row.effective_from, row.id)):
        by_tab[_tab_of(row, ends, day)].append(row)
        versions[row.lineage].append(row)
    lines = [_line(row, versions[row.lineage], ends) for row in by_tab[tab]]
    return _grouped(lines), {each: len(found) for each, found in by_tab.items()}


def _tab_of(row: ClockRule, ends: dict[int, date | None], day: date) -> Tab:
    if row.state == "proposed":
        return Tab.proposed
    last = ends.get(row.id)
    if not row.was_held or (last is not None and last < max(day, row.effective_from)):
        return Tab.past
    return Tab.coming if row.effective_from > day else Tab.now


def _line(row: ClockRule, versions: Sequence[ClockRule], ends: dict[int, date | None]) -> Line:
    place = versions.index(row)
    following = next((version for version in versions[place + 1 :] if version.was_held), None)
    proposals = [version for version in versions if version.state == "proposed" and version is not row]
    return Line(row, ends.get(row.id), _held_before(row, versions), following, proposals)


def _grouped(lines: Iterable[Line]) -> list[Group]:
    by_milestone: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_milestone[line.rule.milestone].append(line)
    groups = [
        Group(f"{cls.plural()} · {label(f'milestone.{clock.milestone}')}", clock.milestone, by_milestone.get(clock.milestone, []))
        for cls, clock in all_clocks()
    ]
    return [group for group in groups if group.lines]


def history(session: Session, versions: Sequence[ClockRule]) -> list[dict[str, Any]]:
    """The versions of one rule, the newest first: what each changed, who proposed and who decided it, when, why and by which source."""
    chosen = select(AuditEntry).where(
        AuditEntry.kind == ClockRule.__name__,
        AuditEntry.record_id.in_([version.id for version in versions]),
        AuditEntry.action.in_(("create", "approve", "reject", "withdraw")),
    )
    steps: dict[int, list[AuditEntry]] = defaultdict(list)
    for entry in session.scalars(chosen.order_by(AuditEntry.id)):
        steps[entry.record_id].append(entry)
    ends, day = last_days(version for version in versions if version.was_held), today()
    return [_told(version, _held_before(version, versions), steps[version.id], _standing(version, ends, day)) for version in versions]


def _standing(version: ClockRule, ends: dict[int, date | None], day: date) -> str:
    """From when until when, and where that stands in time: of two approved versions one is in force."""
    if version.state != "approved":
        return f"{words(version.effective_from)} · {state_label(version, version.state)}"
    last = f" – {words(ends[version.id])}" if ends[version.id] else ""
    return f"{words(version.effective_from)}{last} · {_tab_of(version, ends, day).words}"


def _held_before(row: ClockRule, versions: Iterable[ClockRule]) -> ClockRule | None:
    """The approved version that `row` follows, or would follow."""
    earlier = [version for version in versions if version.was_held and _place(version) < _place(row)]
    return max(earlier, key=_place, default=None)


def _place(row: ClockRule) -> tuple[date, int]:
    return row.effective_from, row.id


def _told(version: ClockRule, before: ClockRule | None, steps: Sequence[AuditEntry], standing: str) -> dict[str, Any]:
    tones = {"approved": "ok", "proposed": "accent"}
    hands = [f"{label(f'clock_rule.step.{step.action}')} {hand_words(step.actor_name)} {words(step.at)}" for step in steps]
    return {
        "title": f"{length_words(version.amount, version.unit)} · {standing}",
        "tone": tones.get(version.state, ""),
        "url": url_of(version),
        "changes": _differences(before, version) if before is not None else [],
        "reason": version.reason,
        "when": hands[0] if hands else words(version.created_at),
        "who": " · ".join([*hands[1:], *(step.reason for step in steps if step.reason)]),
        "source": citation(version.source, version.article),
    }


def _differences(old: ClockRule, new: ClockRule) -> list[dict[str, str]]:
    plain = ("source", "article", "remind_before_minutes")
    told = [
        (ClockRule.field_label("amount"), length_words(old.amount, old.unit), length_words(new.amount, new.unit)),
        (
            ClockRule.field_label("condition"),
            condition_words(old.milestone, old.condition),
            condition_words(new.milestone, new.condition),
        ),
        *((ClockRule.field_label(name), words(getattr(old, name)), words(getattr(new, name))) for name in plain),
    ]
    return [{"label": caption, "old": before, "new": after} for caption, before, after in told if before != after]
