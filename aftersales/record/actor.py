"""Who acts: one value, resolved once per request or job, and asked by every guard beneath the pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

ALL_REGIONS: None = None


@dataclass(frozen=True)
class Actor:
    """A person, or the system, with what they may do and where.

    `permissions` are (permission, record type) pairs such as ("can_read", "ServiceOrder").
    `region_ids` is None for every region, else the regions whose records the actor can see and touch.
    Whoever `only_looks` stores nothing, whatever they may do: the guards refuse it.
    """

    name: str
    user_id: int | None = None
    permissions: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    region_ids: frozenset[int] | None = frozenset()
    is_system: bool = False
    only_looks: bool = False

    def can(self, permission: str, kind: str) -> bool:
        return self.is_system or (permission, kind) in self.permissions

    def sees_region(self, region_id: int | None) -> bool:
        return self.region_ids is None or region_id is None or region_id in self.region_ids


SYSTEM = Actor(name="系统", region_ids=ALL_REGIONS, is_system=True)
_current: ContextVar[Actor | None] = ContextVar("actor", default=None)


class NoActorError(LookupError):
    """Raised where records are touched and nobody is named: the door forgot to say who acts, so it stays shut."""


def current_actor() -> Actor:
    actor = _current.get()
    if actor is None:
        raise NoActorError("nobody is acting here: enter acting_as(...) or a request")
    return actor


def actor_or_none() -> Actor | None:
    return _current.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Act as `actor` within the block: jobs and commands as SYSTEM, requests as the signed-in person."""
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)
