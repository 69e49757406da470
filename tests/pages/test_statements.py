"""Pages execute a bounded number of SQL statements, and none grows with the table."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import unaudited_maintenance
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from tests.pages.addresses import Address, addresses
from tests.pages.multiply import multiply
from tests.portal.repair import Repair
from tests.world import sign_in

MOST = 15
NOT_COUNTED = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SHOW|SET)\b", re.IGNORECASE)


@pytest.fixture
def counted(app: Flask, furnished: Repair) -> "Counted":
    return Counted(app)


class Counted:
    """Pages opened with their statements: by the administrator, by a stranger where it is public, the first page by every role."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.clients = {role: sign_in(app, role) for role in Role}
        self.stranger = app.test_client()

    def statements(self, address: Address, role: str = Role.administrator) -> list[str]:
        client = self.stranger if address.is_public else self.clients[role]
        with self._watching() as seen:
            answer = client.get(address.url)
        assert answer.status_code in (200, 302, 422), f"{address.url} as {role}: {answer.status_code}"
        return seen

    def all(self, pages: list[Address]) -> dict[str, list[str]]:
        told = {f"{address.name} {address.url}": self.statements(address) for address in pages}
        home = Address("Home.index", "/")
        told |= {f"Home.index / as {role}": self.statements(home, role) for role in Role}
        mine = [address for address in pages if address.name.startswith("ServiceOrderView") and self.is_open_to(Role.engineer, address)]
        return told | {f"{address.name} {address.url} as engineer": self.statements(address, Role.engineer) for address in mine}

    def is_open_to(self, role: str, address: Address) -> bool:
        return self.clients[role].get(address.url).status_code == 200

    @contextmanager
    def _watching(self) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
            if not NOT_COUNTED.match(statement):
                seen.append(" ".join(statement.split()))

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


def told(statements: list[str]) -> str:
    """The statements of a page, each kind once with how often it came."""
    return "\n".join(f"    {count}× {text[:230]}" for text, count in Counter(statements).most_common())


def test_no_page_asks_more_than_fifteen_times_and_none_more_when_there_is_more(app: Flask, furnished: Repair, counted: Counted) -> None:
    with server_time.at(server_time.now()):  # a reading of the next hour would be noted anew, by three statements more
        pages = addresses(app, furnished)
        counted.all(pages)  # what is asked once per process is asked now
        few = counted.all(pages)
        with app.app_context(), acting_as(SYSTEM):
            with unaudited_maintenance(db.session, "ten times as much for the test"):
                multiply(db.session.connection(), 10)
                assert db.session.scalar(select(func.count()).select_from(ServiceOrder)) >= 40
            db.session.commit()
        many = counted.all(pages)
    greedy = [f"{page}: {len(seen)} statements\n{told(seen)}" for page, seen in many.items() if len(seen) > MOST]
    growing = [
        f"{page}: {len(few[page])} statements, {len(seen)} with ten times the rows\n{told(seen)}"
        for page, seen in many.items()
        if len(seen) > len(few[page])
    ]
    assert not greedy, f"more than {MOST} statements:\n" + "\n".join(greedy)
    assert not growing, "load with the rows what the page shows of others:\n" + "\n".join(growing)
