"""Which counts went beyond their bound within the last minute. They are not made again: nobody reads them, and they cost most, a
thousand rows for each chip of each list."""

from collections.abc import Hashable
from time import monotonic

from aftersales.record.actor import current_actor
from aftersales.record.kept import kept

HOLDS = 60.0  # seconds
_MOST_KEPT = 10_000


def is_beyond(counted: Hashable, *, own: bool = False) -> bool:
    """`counted` names what was counted; `own` says that it is of the person alone, else of all that they see."""
    return kept("beyond").get(_in_sight(counted, own), 0.0) > monotonic()


def note_beyond(counted: Hashable, *, own: bool = False) -> None:
    until = kept("beyond")
    if len(until) >= _MOST_KEPT:
        until.clear()
    until[_in_sight(counted, own)] = monotonic() + HOLDS


def _in_sight(counted: Hashable, own: bool) -> Hashable:
    actor = current_actor()
    return counted, actor.region_ids, actor.user_id if own else None
