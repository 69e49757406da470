"""What time it is: the server's clock, and, for what was captured on a device without a network, the time it was captured at.

Tests and the demonstration company set the server's clock; nobody else can. A captured time comes in by record/late.py alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
_set: ContextVar[datetime | None] = ContextVar("now", default=None)
_captured: ContextVar[datetime | None] = ContextVar("captured_at", default=None)


def now() -> datetime:
    """When what is being entered happened."""
    return _captured.get() or server_now()


def server_now() -> datetime:
    """When it reaches the server, which is another moment for what was captured earlier: stamps, trail and alarms go by this one."""
    return _set.get() or datetime.now(UTC)


def captured_at() -> datetime | None:
    """The time of the entry being taken in, None where it was made here and now."""
    return _captured.get()


def today() -> date:
    """The day it is in China."""
    return now().astimezone(CHINA).date()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    token = _set.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _set.reset(token)


@contextmanager
def captured(moment: datetime | None) -> Iterator[None]:
    token = _captured.set(moment)
    try:
        yield
    finally:
        _captured.reset(token)
