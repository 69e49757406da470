"""Who is told of what: an address, the events it wants, and the secret that signs what is sent there."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText, Name, ShortText
from aftersales.record.base import SharedRecord
from aftersales.record.refusal import Refusal
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.webhooks.secret import DOTS, Hidden, SecretText
from aftersales.webhooks.target import RefusedTarget, refuse_literal

SHORTEST_SECRET = 16


class WebhookSubscription(SharedRecord):
    """`events` are words like "service_order.close", "service_order.*" or "*", one a line: record type and transition."""

    __unaudited__ = SharedRecord.__unaudited__ | {"secret"}

    access = read_by(writers=(Role.administrator,))

    name: Mapped[Name] = mapped_column(unique=True)
    url: Mapped[ShortText]
    events: Mapped[LongText]
    secret: Mapped[str] = mapped_column(SecretText)
    is_active: Mapped[bool] = mapped_column(default=True)

    listing = ("name", "url", "is_active")
    filters = ("is_active",)
    searched = ("name", "url")
    sections = {"target": ("name", "url", "secret", "is_active"), "events": ("events",)}

    def on_create(self) -> None:
        self._check()

    def on_change(self) -> None:
        self._check()

    def wants(self, event: str) -> bool:
        """Whether "service_order.close" is among the events."""
        kind = event.partition(".")[0]
        return any(word in ("*", f"{kind}.*", event) for word in self.wanted())

    def wanted(self) -> list[str]:
        return self.events.replace(",", " ").split()

    def _check(self) -> None:
        errors: dict[str, list[str]] = {}
        if problem := url_problem(self.url):
            errors["url"] = [problem]
        unknown = [word for word in self.wanted() if word not in set(known_events())]
        if unknown:
            errors["events"] = [_("There is no such event: %(events)s", events=", ".join(unknown)[:200])]
        if not isinstance(self.secret, Hidden) and (DOTS in self.secret or not SHORTEST_SECRET <= len(self.secret) <= 200):
            errors["secret"] = [_("At least %(n)s characters.", n=SHORTEST_SECRET)]
        if errors:
            raise Refusal(errors=errors)


def known_events() -> Iterator[str]:
    """Every word that `events` may hold."""
    yield "*"
    for cls in SharedRecord.record_types.values():
        if cls.workflow:
            yield f"{cls.key()}.*"
            yield from (f"{cls.key()}.{transition.name}" for transition in cls.workflow.transitions)


def url_problem(url: str) -> str:
    """Why nothing may be sent to this address, or ""."""
    try:
        parts = urlsplit(url)
        port_is_fit = parts.port is None or parts.port > 0
    except ValueError:
        return _("Not a web address.")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fit or not url.isascii() or any(c.isspace() for c in url):
        return _("Not a web address.")
    if parts.username or parts.password:
        return _("Name and password do not belong into the address.")
    try:
        refuse_literal(parts.hostname)
    except RefusedTarget:
        return _("Addresses inside the own network are not called.")
    return ""
