"""The lines of a form: what is tested or checked, how it is answered, and what the answer comes to."""

from decimal import Decimal
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText, Name
from aftersales.devices.function_test import FunctionTest
from aftersales.organization.code_list import Code
from aftersales.record.base import SharedRecord
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal


class ItemKind(StrEnum):
    """How a line is answered: by a measured value, by pass or fail, by one of several answers, in words."""

    numeric = auto()
    pass_fail = auto()
    choice = auto()
    text = auto()


class Verdict(StrEnum):
    """What an answer comes to. The system says it; nobody types it."""

    passed = auto()
    failed = auto()


# What only lines of this kind have.
BELONGS = {ItemKind.numeric: ("unit", "lower", "upper", "nominal"), ItemKind.choice: ("good_answers", "bad_answers")}


class FunctionTestItem(SharedRecord):
    """One thing to test or check. A number passes within its limits, both included; a limit that is not given does not bind. A choice
    passes by one of the good answers, one on each line; words pass by being there."""

    parent = "test"
    known_by = ("test", "position", "name")

    test_id: Mapped[int] = mapped_column(ForeignKey("function_test.id"))
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[Name]
    hint_text: Mapped[LongText | None]
    kind: Mapped[ItemKind]
    unit: Mapped[str | None] = mapped_column(String(20))
    lower: Mapped[Decimal | None]
    upper: Mapped[Decimal | None]
    nominal: Mapped[Decimal | None]
    is_electrical_safety: Mapped[bool] = mapped_column(default=False)
    is_required: Mapped[bool] = mapped_column(default=True)
    good_answers: Mapped[LongText | None]
    bad_answers: Mapped[LongText | None]
    instrument_kind_id: Mapped[int | None] = mapped_column(ForeignKey("code.id"))

    test: Mapped[FunctionTest] = reference(back_populates="items")
    instrument_kind: Mapped[Code | None] = reference()

    __table_args__ = (
        CheckConstraint("lower <= upper", name="upper"),
        CheckConstraint("kind <> 'numeric' OR lower IS NOT NULL OR upper IS NOT NULL", name="lower"),
        CheckConstraint("kind <> 'choice' OR good_answers IS NOT NULL", name="good_answers"),
        Index("ix_function_test_item_test_id", "test_id"),
    )

    among = {"instrument_kind_id": "instrument_kind"}
    listing = ("position", "name", "kind", "unit", "lower", "upper", "nominal", "is_electrical_safety", "is_required", "instrument_kind")
    searched = ("name",)
    sections = {
        "basics": (
            "position", "name", "hint_text", "kind", "unit", "lower", "upper", "nominal", "good_answers", "bad_answers",
            "is_electrical_safety", "is_required", "instrument_kind_id",
        )
    }  # fmt: skip

    @property
    def hint(self) -> str:
        return f"{self.limits} {self.unit or ''}".strip()

    @property
    def limits(self) -> str:
        """The limits as people write them: "450–550", "-5 ～ 5", "≤ 0.5", "≥ 10"; empty for pass or fail."""
        low, high = (None if limit is None else format(limit.normalize(), "f") for limit in (self.lower, self.upper))
        if low is not None and high is not None:
            return f"{low} ～ {high}" if self.lower < 0 else f"{low}–{high}"
        return f"≤ {high}" if high is not None else f"≥ {low}" if low is not None else ""

    @property
    def choices(self) -> list[tuple[str, bool]]:
        """What can be answered, and whether it passes."""
        return [(text, passes) for texts, passes in ((self.good_answers, True), (self.bad_answers, False)) for text in _lines(texts)]

    def judge(self, value: Decimal | None, is_passed: bool | None, answer: str | None = None) -> Verdict | None:
        """The verdict on an answer; None while it is not answered."""
        passes = {
            ItemKind.numeric: lambda: None if value is None else self._keeps(value),
            ItemKind.pass_fail: lambda: is_passed,
            ItemKind.choice: lambda: dict(self.choices).get(answer or ""),
            ItemKind.text: lambda: True if answer else None,
        }[self.kind]()
        return None if passes is None else Verdict.passed if passes else Verdict.failed

    def _keeps(self, value: Decimal) -> bool:
        return (self.lower is None or self.lower <= value) and (self.upper is None or value <= self.upper)

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        for kind, names in BELONGS.items():
            if self.kind is not kind:  # what the other kind left behind
                for name in names:
                    setattr(self, name, None)
        if self.kind is ItemKind.numeric and self.lower is None and self.upper is None:
            raise Refusal(_("Give a lower or an upper limit."), field="lower")
        if self.lower is not None and self.upper is not None and self.upper < self.lower:
            raise Refusal(_("The upper bound is below the lower one."), field="upper")
        if self.kind is ItemKind.choice and not _lines(self.good_answers):
            raise Refusal(_("Give the answers that pass, one on each line."), field="good_answers")
        if twice := set(_lines(self.good_answers)) & set(_lines(self.bad_answers)):
            raise Refusal(_("An answer passes or fails, not both: %(answer)s", answer=min(twice)), field="bad_answers")


def _lines(text: str | None) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))
