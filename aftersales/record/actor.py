"""Who acts: one value, resolved once per request or job, and asked by every guard beneath the pages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

ALL_REGIONS: None = None


class Bounds(Protocol):
    """What a guest may see besides being narrowed by regions: `options` narrow every ORM select, `may_store` says which rows a guest's
    visit leaves behind (what is noted of it); nothing else is stored. `access_id` is what they were let in by."""

    access_id: int

    def options(self) -> Sequence[Any]: ...

    def may_store(self, row: Any) -> bool: ...


@dataclass(frozen=True)
class Actor:
    """A person, or the system, with what they may do and where.

    `permissions` are (permission, record type) pairs such as ("can_read", "ServiceOrder").
    `region_ids` is None for every region, else the regions whose records the actor can see and touch.
    Whoever `only_looks` stores nothing, whatever they may do: the guards refuse it. A guest has `bounds`, and stores nothing either.
    """

    name: str
    user_id: int | None = None
    permissions: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    region_ids: frozenset[int] | None = frozenset()
    is_system: bool = False
    only_looks: bool = False
    bounds: Bounds | None = field(default=None, repr=False, compare=False)

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
