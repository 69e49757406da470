"""The words for the two copies of what is archived: where each lies, how it was found, and who may mend it."""

from enum import StrEnum, auto

from aftersales.archives.entry import KEEPERS
from aftersales.roles import Role

MENDERS = (*KEEPERS, Role.administrator)


class CopyPlace(StrEnum):
    """Where a copy lies: the files that records name, or the packages."""

    first = auto()
    second = auto()


class CopyState(StrEnum):
    """How a copy was found when it was last read."""

    whole = auto()
    damaged = auto()
    missing = auto()

    @property
    def tone(self) -> str:
        return "ok" if self is CopyState.whole else "late"
