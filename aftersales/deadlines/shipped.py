"""The rules that come with the features, written into the rule book once."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

import aftersales
from aftersales.deadlines.clock_rule import ClockRule
from aftersales.record.deadline import Rule
from aftersales.record.rulebook import load_rules
from aftersales.record.workflow import perform

REASON = "随产品提供的默认值，请按本公司文件核对"


def load_shipped_rules(session: Session) -> int:
    """Write the rules shipped beside the features that are not there yet; says how many. No row that exists is touched."""
    known = set(session.scalars(select(ClockRule.shipped_id).where(ClockRule.shipped_id.is_not(None))))
    fresh = [rule for rule in _shipped_rules() if rule.id not in known]
    for rule in fresh:
        row = _row(rule)
        session.add(row)
        session.flush()
        perform(row, "approve")
    return len(fresh)


def _shipped_rules() -> Iterable[Rule]:
    for path in sorted(Path(aftersales.__file__).parent.rglob("clock_rules.toml")):
        yield from load_rules(path)


def _row(rule: Rule) -> ClockRule:
    return ClockRule(
        shipped_id=str(rule.id),
        milestone=rule.milestone,
        amount=rule.amount,
        unit=rule.unit,
        kind=rule.kind,
        condition={fact: list(values) for fact, values in rule.when.items()},
        source=rule.source,
        source_title=rule.source_title,
        article=rule.article,
        requirement=rule.requirement,
        name=rule.label[0],
        name_en=rule.label[1],
        reason=REASON,
        effective_from=rule.effective_from,
        effective_to=rule.effective_to,
        remind_before_minutes=rule.remind_before_minutes,
    )
