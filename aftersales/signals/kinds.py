"""The words a signal is told in, and what it is about."""

from dataclasses import dataclass
from enum import StrEnum, auto


class SignalKind(StrEnum):
    repeated = auto()
    batch = auto()
    part_batch = auto()
    trend = auto()
    safety_words = auto()


class SignalLook(StrEnum):
    """Which look found it: at a new case, or at all there is, monthly and quarterly."""

    case = auto()
    month = auto()
    quarter = auto()


class SignalOutcome(StrEnum):
    """What follows from it. `none`: it was closed without being confirmed."""

    none = auto()
    capa = auto()
    recall = auto()
    vigilance = auto()


@dataclass(frozen=True)
class Subject:
    """What a signal is about: a device, a lot of a model, a lot of a part, a model; for safety words the model, or the one request
    whose device nobody knows."""

    kind: SignalKind
    model_id: int | None = None
    device_id: int | None = None
    lot_no: str | None = None
    part_no: str | None = None
    request_id: int | None = None

    @property
    def key(self) -> str:
        """What no two open signals have in common."""
        parts = (self.model_id, self.device_id, self.part_no, self.lot_no, self.request_id)
        return f"{self.kind}:" + "|".join("" if part is None else str(part).replace("|", "||") for part in parts)
