"""What the questions of an assessment come to. Pure. Whatever is not known counts as yes: a suspicion is reported (R1 art. 17)."""

from dataclasses import dataclass
from enum import StrEnum, auto


class Answer(StrEnum):
    """To one question of an assessment."""

    no = auto()
    yes = auto()
    not_sure = auto()


class SeriousInjury(StrEnum):
    """The three kinds of a serious injury (R1 art. 4 (3)), or none, or not known yet."""

    none = auto()
    life_threatening = auto()
    permanent = auto()
    intervention = auto()
    not_sure = auto()


class Outcome(StrEnum):
    """What came, or could have come, of the event: deadlines ask for it."""

    death = auto()
    serious_injury = auto()
    could_cause = auto()
    other = auto()


QUESTIONS = (
    "death", "serious_injury", "could_cause", "other_harm", "in_group", "is_abroad", "control_abroad", "first_cycle_innovative",
)  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """One answer to each question; None where nobody has answered yet."""

    death: Answer | None = None
    serious_injury: SeriousInjury | None = None
    could_cause: Answer | None = None
    other_harm: Answer | None = None
    in_group: Answer | None = None
    is_abroad: Answer | None = None
    control_abroad: Answer | None = None
    first_cycle_innovative: Answer | None = None

    @property
    def open_questions(self) -> tuple[str, ...]:
        return tuple(name for name in QUESTIONS if getattr(self, name) is None)

    def may_be(self, name: str) -> bool:
        """Anything but a plain no; what is not answered may be."""
        return getattr(self, name) not in (Answer.no, SeriousInjury.none)

    @property
    def outcome(self) -> Outcome:
        """The worst that the answers leave possible."""
        for name, outcome in (
            ("death", Outcome.death), ("serious_injury", Outcome.serious_injury), ("could_cause", Outcome.could_cause),
        ):  # fmt: skip
            if self.may_be(name):
                return outcome
        return Outcome.other

    @property
    def must_be_reported(self) -> bool:
        """R1 art. 18: death, serious injury, or what could lead to them; of an innovative device in its first registration cycle all
        events. Besides each case of a group (art. 31), and control measures abroad (art. 53)."""
        is_innovative_harm = self.may_be("other_harm") and self.may_be("first_cycle_innovative")
        return self.outcome is not Outcome.other or is_innovative_harm or self.may_be("in_group") or self.may_be("control_abroad")
