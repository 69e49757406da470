"""How often a stranger may ask. Counted in this process's memory unless RATELIMIT_STORAGE_URI names a shared store (redis://…).

In memory every worker process counts for itself: with two workers up to twice as much passes.
"""

from functools import cache
from ipaddress import IPv6Address, ip_address

from flask import current_app, request
from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

NETWORK = 64  # bits of an IPv6 address that one subscriber owns: within it addresses are free


class Limits:
    """The counters of one app. `storage`: an address as the limits library takes it."""

    def __init__(self, storage: str) -> None:
        self._counters = MovingWindowRateLimiter(storage_from_string(storage))

    def allow(self, limits: str, *who: str) -> bool:
        """Count one more for `who`. `limits`: "10 per minute; 60 per hour"."""
        hits = [self._counters.hit(item, *who) for item in _parsed(limits)]  # each is counted, also after one that says no
        return all(hits)


@cache
def _parsed(limits: str) -> list[RateLimitItem]:
    return parse_many(limits)


def refuse_flood(limits: str, *who: str) -> None:
    """Raises TooManyRequests (429) when `who` asked too often."""
    if current_app.config["RATELIMIT_ENABLED"] and not current_app.extensions["portal_limits"].allow(limits, *who):
        raise TooManyRequests


def address() -> str:
    """The caller's network address; of an IPv6 address the part that one subscriber has."""
    text = request.remote_addr or ""
    if ":" not in text:
        return text
    return str(IPv6Address(int(ip_address(text.partition("%")[0])) >> NETWORK << NETWORK))
