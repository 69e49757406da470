"""The marks of a rehearsal: a company measure, no law knows it. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aftersales.recalls.recall import Recall


def marks_of(recall: "Recall") -> list[tuple[str, str, str, str]]:
    """The three marks as the report tells them; none before it ended."""
    if recall.mock_score is None:
        return []
    soon = soon_mark(recall.scope_minutes, recall.mock_target_minutes)
    target = f"≤ {recall.mock_target_minutes} 分钟" if recall.mock_target_minutes else "未设"
    return [
        ("查清范围用时", f"{recall.scope_minutes} 分钟", target, f"{soon:.1f}"),
        ("可追溯比率", f"{recall.traced_percent:.1f} %", "100 %", f"{recall.traced_percent:.1f}"),
        ("数量核对（已有结果的比率）", f"{recall.reconciled_percent:.1f} %", "100 %", f"{recall.reconciled_percent:.1f}"),
    ]


def minutes_between(begun: datetime, ended: datetime) -> int:
    return -(-(ended - begun) // timedelta(minutes=1))


def soon_mark(minutes: int, target: int | None) -> Decimal:
    """100 within the target, else target / minutes."""
    return Decimal(100) if target is None or minutes <= target else Decimal(100 * target) / minutes


def percent(part: int, whole: int) -> Decimal:
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1")) if whole else Decimal(100)


def mock_score(minutes: int, target: int | None, traced: Decimal, reconciled: Decimal) -> Decimal:
    """The mean of three marks out of a hundred: how soon the list stood (100 within the target, else target / minutes), the share of units
    traced, and the share with an outcome. A company measure, no law knows it."""
    return ((soon_mark(minutes, target) + traced + reconciled) / 3).quantize(Decimal("0.1"))
