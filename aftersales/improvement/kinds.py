"""The words a corrective action is told in."""

from enum import StrEnum, auto


class CapaSource(StrEnum):
    """What brought the problem to light."""

    complaint = auto()
    adverse_event = auto()
    recall = auto()
    audit = auto()
    self_inspection = auto()
    deviation = auto()
    emergency = auto()
    signal = auto()
    meeting_decision = auto()
    other = auto()


# The sources that are records of ours, each with a column of its name.
NAMED = (
    CapaSource.complaint, CapaSource.adverse_event, CapaSource.recall, CapaSource.emergency, CapaSource.signal, CapaSource.meeting_decision,
)  # fmt: skip


class RiskGrade(StrEnum):
    high = auto()
    middle = auto()
    low = auto()


class ActionKind(StrEnum):
    corrective = auto()
    preventive = auto()
