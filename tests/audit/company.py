"""A small company of toys: root records, lines inside them, tags by association; on tables of their own."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Column, Date, Engine, Enum, ForeignKey, MetaData, Numeric, String, Table, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

from aftersales.columns import UtcDateTime
from aftersales.extensions import Model
from aftersales.record import audit
from aftersales.record.actor import Actor, acting_as
from aftersales.record.now import at

KEY = b"a key that the database never sees"
MEI = Actor(name="梅", user_id=7, region_ids=None)
LIN = Actor(name="林", user_id=8, region_ids=None)
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
AUDIT_TABLES = [
    Model.metadata.tables[name] for name in ("audit_entry", "audit_pending", "audit_leaf", "audit_tree_node", "audit_tree_head")
]


class Base(DeclarativeBase):
    metadata = MetaData()


class Colour(enum.Enum):
    red = "red"
    blue = "blue"


toy_label = Table(
    "toy_label",
    Base.metadata,
    Column("toy_id", ForeignKey("toy.id"), primary_key=True),
    Column("label_id", ForeignKey("label.id"), primary_key=True),
)


class Label(Base):
    __tablename__ = "label"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Toy(Base):
    __tablename__ = "toy"
    __audited__ = True
    __unaudited__ = frozenset({"search_text"})
    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(80), unique=True)
    price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    colour: Mapped[Colour | None] = mapped_column(Enum(Colour, native_enum=False))
    made_on: Mapped[date | None] = mapped_column(Date)
    sold_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    search_text: Mapped[str] = mapped_column(String(80), default="")
    parts: Mapped[list["Part"]] = relationship(back_populates="toy", cascade="all, delete-orphan", order_by="Part.id")
    labels: Mapped[list[Label]] = relationship(secondary=toy_label)


class Part(Base):
    __tablename__ = "part"
    __audited__ = True
    id: Mapped[int] = mapped_column(primary_key=True)
    toy_id: Mapped[int] = mapped_column(ForeignKey("toy.id"))
    name: Mapped[str] = mapped_column(String(80))
    toy: Mapped[Toy] = relationship(back_populates="parts")

    def audit_root(self) -> tuple[str, int]:
        return ("Toy", self.toy.id) if self.toy is not None else ("Part", self.id)


@dataclass
class Company:
    """A database with its trail and the evidence outside it."""

    engine: Engine
    settings: audit.AuditSettings
    folder: Path
    sessions: sessionmaker[Session]

    @contextmanager
    def session(self, actor: Actor = MEI) -> Iterator[Session]:
        with acting_as(actor), self.sessions() as session:
            yield session

    def seal(self) -> int:
        with self.session() as session:
            return audit.seal_tree(session, self.settings)

    def verify(self) -> list[audit.Finding]:
        with self.sessions() as session:
            return list(audit.verify(session, self.settings))

    def verify_records(self) -> list[audit.Finding]:
        with self.sessions() as session:
            return list(audit.verify_records(session, [Toy, Part]))

    def entries(self) -> list[audit.AuditEntry]:
        with self.sessions() as session:
            return list(
                session.query(audit.AuditEntry).order_by(audit.AuditEntry.kind, audit.AuditEntry.record_id, audit.AuditEntry.sequence)
            )

    @contextmanager
    def behind_the_back(self) -> Iterator["Intruder"]:
        """SQL as somebody runs it who has the database, without triggers and without the key; undone at the end."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            yield Intruder(self, connection)
            connection.rollback()

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        statements: list[str] = []

        def note(connection, cursor, statement, parameters, context, many) -> None:
            statements.append(statement)

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(self.engine, "before_cursor_execute", note)


class Intruder:
    def __init__(self, company: Company, connection) -> None:
        self._company = company
        self._connection = connection
        if connection.dialect.name == "postgresql":
            self.run("SET LOCAL session_replication_role = replica")
        else:
            for name in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all():
                self.run(f"DROP TRIGGER {name}")

    def run(self, statement: str) -> int:
        return self._connection.exec_driver_sql(statement).rowcount

    def rows(self, statement: str) -> list:
        return self._connection.exec_driver_sql(statement).all()

    def found(self) -> list[audit.Finding]:
        with Session(self._connection) as session:
            return list(audit.verify(session, self._company.settings))

    def found_in_records(self) -> list[audit.Finding]:
        with Session(self._connection) as session:
            return list(audit.verify_records(session, [Toy, Part]))


def found_company(engine: Engine, folder: Path) -> Company:
    Model.metadata.create_all(engine, tables=AUDIT_TABLES)
    Base.metadata.create_all(engine)
    settings = audit.AuditSettings.in_folder(KEY, folder)
    sessions = sessionmaker(engine)
    audit.install(sessions, lambda: settings)
    return Company(engine, settings, folder, sessions)


def populate(company: Company, toys: int, changes: int) -> None:
    """`toys` records with a part each, then `changes` more entries spread over them, sealed in three passes."""
    with company.session() as session, at(START):
        for number in range(toys):
            session.add(Toy(title=f"玩具 {number}", price=Decimal("9.5"), colour=Colour.red, parts=[Part(name="轮")]))
        session.commit()
    company.seal()
    for step in range(changes):
        with company.session(LIN) as session, at(START + timedelta(minutes=step)):
            toy = session.get(Toy, step % toys + 1)
            toy.price = Decimal(step + 1)
            toy._audit_reason = "调价"
            session.commit()
        if step == changes // 2:
            company.seal()
    company.seal()
