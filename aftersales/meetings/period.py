"""The quarter or month that a quality meeting is about. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum, auto

from aftersales.record.now import CHINA


class PeriodKind(StrEnum):
    quarter = auto()
    month = auto()

    @property
    def months(self) -> int:
        return 3 if self is PeriodKind.quarter else 1


@dataclass(frozen=True)
class Period:
    """From its first day to its last, in China."""

    kind: PeriodKind
    first: date

    @classmethod
    def around(cls, kind: PeriodKind, day: date) -> "Period":
        return cls(kind, day.replace(month=(day.month - 1) // kind.months * kind.months + 1, day=1))

    @property
    def last(self) -> date:
        return self.following.first - timedelta(days=1)

    @property
    def following(self) -> "Period":
        return Period.around(self.kind, self.first + timedelta(days=31 * self.kind.months))

    @property
    def previous(self) -> "Period":
        return Period.around(self.kind, self.first - timedelta(days=1))

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), CHINA)

    @property
    def until(self) -> datetime:
        """The moment it is over."""
        return self.following.since

    @property
    def names(self) -> tuple[str, str]:
        """In Chinese and English."""
        if self.kind is PeriodKind.month:
            return f"{self.first.year}年{self.first.month}月", f"{self.first:%Y-%m}"
        number = (self.first.month + 2) // 3
        return f"{self.first.year}年第{number}季度", f"Q{number} {self.first.year}"
