"""How bad a fault is, from three plain questions (R3.1: levels 1 to 3 of A 3.4.1)."""

from enum import StrEnum, auto


class FaultLevel(StrEnum):
    """1: down, a patient's treatment at stake. 2: partly failed. 3: slightly worse, or an alarm."""

    level_1 = auto()
    level_2 = auto()
    level_3 = auto()


def level_of(is_device_down: bool, is_treatment_affected: bool, has_alternative: bool) -> FaultLevel:
    """The level the answers come to. A doubt goes to the stricter: a device that is down without another at hand fails the next patient."""
    if is_device_down and (is_treatment_affected or not has_alternative):
        return FaultLevel.level_1
    if is_treatment_affected and not has_alternative:
        return FaultLevel.level_1
    if is_device_down or is_treatment_affected:
        return FaultLevel.level_2
    return FaultLevel.level_3
