"""What every record type is: an ordinary SQLAlchemy class with a few declaration words, and what follows from them."""

import enum
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Self

from sqlalchemy import JSON, CheckConstraint, Date, Enum, ForeignKey, Index, Numeric, Select, String, Text, and_, bindparam, inspect, select
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, relationship, validates

from aftersales.columns import Json, RowId, UtcDateTime
from aftersales.extensions import Model
from aftersales.labels import field_label, has_label, label
from aftersales.record import custom
from aftersales.record.words import Clock, Document, Lines, Setting, State, Workflow

Model.registry.update_type_annotation_map(
    {
        enum.Enum: Enum(enum.Enum, native_enum=False, length=32, create_constraint=True, values_callable=lambda e: [m.value for m in e]),
        datetime: UtcDateTime,
        date: Date,
        Decimal: Numeric(18, 4),
        dict: JSON,
    }
)


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Regional:
    """Marks rows that belong to a region. The session shows nobody a row of a region that is not theirs."""

    @declared_attr
    def region_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("region.id"))

    @declared_attr
    def region(cls) -> Mapped[Any]:
        return relationship("Region", load_on_pending=True)


class RecordTrace:
    """What hangs on a record without being one: clocks, signatures, files, sealed documents, trail. Seen by who sees its region."""

    kind: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[int] = mapped_column(RowId)

    @declared_attr
    def region_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("region.id"))

    @classmethod
    def of(cls, record: "SharedRecord", **values: Any) -> Any:
        """A row that hangs on `record`."""
        return cls(kind=type(record).__name__, record_id=record.id, region_id=getattr(record, "region_id", None), **values)

    @classmethod
    def hangs_on(cls, record: "SharedRecord") -> Any:
        """The condition that picks the rows of `record`."""
        return and_(cls.kind == type(record).__name__, cls.record_id == record.id)

    @classmethod
    def of_record(cls, session: Session, record: "SharedRecord", *, newest_first: bool = False, limit: int | None = None) -> list[Self]:
        """The rows that hang on `record`, in the order they came."""
        chosen = _hanging(cls, newest_first, limit)
        return list(session.scalars(chosen, {"kind": type(record).__name__, "record_id": record.id}))


@cache
def _hanging(cls: Any, newest_first: bool, limit: int | None) -> Select[Any]:
    """Built once per process: a page asks five such statements, and building one takes as long as its answer."""
    order = cls.id.desc() if newest_first else cls.id.asc()
    return select(cls).where(cls.kind == bindparam("kind"), cls.record_id == bindparam("record_id")).order_by(order).limit(limit)


Offer = Callable[[], Sequence[tuple[str, str]]]


class SharedRecord(Model):
    """A record of the whole company, in no region: models, rules, code lists. `Record` is the regional one."""

    __abstract__ = True
    __audited__ = True
    __spread__: ClassVar[tuple[str, str]] = (custom.COLUMN, custom.PREFIX)
    __unaudited__: ClassVar[frozenset[str]] = frozenset(
        {"search_text", "version", "created_at", "created_by_id", "changed_at", "changed_by_id"}
    )

    prefix: ClassVar[str | None] = None
    access: ClassVar[dict[str, frozenset[str]]] = {}
    listing: ClassVar[tuple[str, ...]] = custom.Joined("listing")
    filters: ClassVar[tuple[str, ...]] = custom.Joined("filters")
    searched: ClassVar[tuple[str, ...]] = custom.Joined("searched")
    summed: ClassVar[tuple[str, ...]] = custom.Joined("summed")  # numbers that mean something added up: lists show their sum
    spelled: ClassVar[tuple[str, ...]] = ()  # names that are also found by the initials of their pinyin
    sections: ClassVar[dict[str, tuple[str, ...]]] = custom.Joined("sections")
    offers: ClassVar[dict[str, Offer]] = {}  # what a text column may hold, with its words
    about_from: ClassVar[tuple[str, ...]] = ()  # the relations that `about`, or the record of a row, reads: dotted, loaded with the rows
    seldom: ClassVar[tuple[str, ...]] = ()  # relations to what few of its type have: asked where there is any
    among: ClassVar[dict[str, str]] = {}  # which records a reference can take: field → the word that `offered` of its type knows
    fills: ClassVar[dict[str, dict[str, str]]] = {}  # what choosing a reference fills: field → path from the record that was chosen
    responsible: ClassVar[str] = ""  # the path to the account of whoever has to see to it: "decided_by.user_id"
    captioned_by: ClassVar[tuple[str, ...]] = ()  # the relations that `caption` reads
    fixed: ClassVar[tuple[str, ...]] = ()  # filled by the system, shown but never in a form
    personal: ClassVar[tuple[str, ...]] = custom.Joined("personal") # personal data: reading is logged
    workflow: ClassVar[Workflow | None] = None
    clocks: ClassVar[tuple[Clock, ...]] = ()
    documents: ClassVar[tuple[Document, ...]] = ()
    lines: ClassVar[tuple[Lines, ...]] = ()
    known_by: ClassVar[tuple[str, ...]] = ()  # what tells a row from all others of its type on any instance: no id, no number
    setting: ClassVar[Setting | None] = None
    parent: ClassVar[str | None] = None  # the relation to the record these rows live inside
    made_by_hand: ClassVar[bool] = True  # False: it comes into being by what happens to another record, and nobody adds one
    record_types: ClassVar[dict[str, type["SharedRecord"]]] = {}

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    custom: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    version: Mapped[int] = mapped_column(default=1)
    search_text: Mapped[str] = mapped_column(Text, default="", deferred=True)  # searched, never shown
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("ab_user.id"))

    @declared_attr
    def changed_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("ab_user.id"))

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @validates("state")
    def _only_perform_moves(self, name: str, value: str) -> str:
        if self.__dict__.get("_moving_to") != value:
            raise AttributeError("a state changes by perform() only")
        return value

    def __getattr__(self, name: str) -> Any:
        field = custom.field_of(type(self), name)
        if field is None:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return field.typed((self.custom or {}).get(field.code))

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith(custom.PREFIX):
            return super().__setattr__(name, value)
        code, kept = name.removeprefix(custom.PREFIX), custom.stored(value)
        others = {key: item for key, item in (self.custom or {}).items() if key != code}
        self.custom = others if kept in (None, "") else others | {code: kept}  # a new object: the old one is what the trail tells

    def __init_subclass__(cls, **options: Any) -> None:
        for word in custom.JOINED:
            if word in cls.__dict__:
                setattr(cls, f"declared_{word}", cls.__dict__[word])
                delattr(cls, word)
        if not cls.__dict__.get("__abstract__"):
            cls.__tablename__ = snake_case(cls.__name__)
            _declare(cls)
            SharedRecord.record_types[cls.__name__] = cls
        super().__init_subclass__(**options)

    # -- what the type is called --

    @classmethod
    def key(cls) -> str:
        """The identifier of the type in tables, URLs and labels: "service_order"."""
        return cls.__tablename__

    @classmethod
    def label(cls, lang: str | None = None) -> str:
        return label(cls.key(), lang)

    @classmethod
    def plural(cls) -> str:
        """What a list of them is called. Chinese has one word for both."""
        return label(f"{cls.key()}.plural")

    @classmethod
    def field_label(cls, field: str, lang: str | None = None) -> str:
        own = custom.field_of(cls, field)
        return own.label(lang) if own is not None else field_label(cls.key(), field, lang)

    @classmethod
    def told_label(cls, field: str) -> str:
        """The words of a field that the trail names; the bare name of one that no longer has any."""
        is_known = custom.field_of(cls, field) or has_label(f"{cls.key()}.{field}") or has_label(f"record.{field}")
        return cls.field_label(field) if is_known else field

    @classmethod
    def owner(cls) -> type["SharedRecord"]:
        """The type whose permissions govern this one: itself, or for lines the record they live inside."""
        if cls.parent is None:
            return cls
        return inspect(cls).relationships[cls.parent].mapper.class_.owner()

    @classmethod
    def permission_name(cls) -> str:
        """The name of the type in permissions: "ServiceOrder"."""
        return cls.owner().__name__

    @classmethod
    def permissions(cls) -> list[str]:
        """Every permission on this type: reading, writing, and each transition's own. Pages and API must name the same ones,
        else Flask-AppBuilder deletes what only the other names."""
        workflow = cls.owner().workflow
        return ["can_read", "can_write", *(f"can_{t.name}" for t in workflow.transitions)] if workflow else ["can_read", "can_write"]

    # -- one record --

    def __str__(self) -> str:
        return str(getattr(self, "number", None) or getattr(self, "name", None) or f"{self.label()} {self.id}")

    @property
    def caption(self) -> str:
        """What people recognise this record by where another one refers to it; with `hint` beside it when that is not its name."""
        return str(self)

    @property
    def hint(self) -> str:
        """What helps to tell this record from another in a look-up, beside its name."""
        return ""

    @property
    def about(self) -> str:
        """What this record is, beside its number: enough to choose it among others."""
        return self.hint

    @property
    def known(self) -> str:
        """What whoever chooses this record for another should know at once."""
        return ""

    @classmethod
    def may_tell(cls, name: str) -> bool:
        """Whether a field may be told to whoever acts. What may not is as good as empty: on pages, in API, exports and history alike."""
        return True

    @classmethod
    def may_write(cls) -> bool:
        """Whether whoever has the right to write may use it here: no page offers a form of which every answer would be refused."""
        return True

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        """The conditions on records of this type that a new choice can take, of those that `among` names."""
        return ()

    @property
    def why_kept(self) -> str:
        """Why this row may not be taken out of the record it lives in; "" when it may."""
        return ""

    @classmethod
    def following(cls, name: str, value: Any) -> dict[str, Any]:
        """What other fields take over once `name` holds `value`: the record that was chosen, or the text of a code."""
        return {field: follow(value, path) for field, path in cls.fills.get(name, {}).items()}

    def parent_record(self) -> "SharedRecord | None":
        return getattr(self, self.parent) if self.parent else None

    def root(self) -> "SharedRecord":
        """The record whose story this row belongs to."""
        parent = self.parent_record()
        return self if parent is None else parent.root()

    def audit_root(self) -> tuple[str, int]:
        root = self.root()
        return (type(root).__name__, root.id)

    @property
    def current_state(self) -> State | None:
        return self.workflow.state(self.state) if self.workflow else None

    @property
    def is_sealed(self) -> bool:
        root = self.root()
        return bool(root.current_state and root.current_state.seals)

    @property
    def void_since(self) -> datetime | None:
        """Since when nobody may work by its papers any more, though it stays sealed: a version that another one superseded."""
        return None

    @property
    def is_settled(self) -> bool:
        """Whether what was submitted can no longer be changed, with a reason either: others have judged just this."""
        return False

    def open_fields(self) -> frozenset[str] | None:
        """Fields being written in the present state, changed without a reason; None while the record is new."""
        if inspect(self).transient or inspect(self).pending:
            return None
        state = self.current_state
        if state is None:
            return frozenset()
        return frozenset(field for section in state.writes for field in self.sections[section])

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The facts rules ask about: field paths to plain values, enums by value."""
        return {name.rsplit(".", 1)[-1]: _plain(follow(self, name)) for name in names}

    def promises(self, milestone: str) -> Iterator[Any]:
        """Deadline rules particular to this record (a customer's contract), beside those in the rule book."""
        return iter(())

    def on_create(self) -> None:
        """What a new record of this type does before it is first written."""

    def on_change(self) -> None:
        """What a record of this type does before a change is written."""

    def printed(self) -> tuple[Document, ...]:
        """The documents that this record has as it stands; all that its type declares, unless the type knows better."""
        return self.documents

    def public_facts(self) -> dict[str, Any]:
        """What anyone who holds the paper may check by its code: no personal data."""
        return {}

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """The users told that a clock nears (step 0), passes (1) and stays past (2 and on) its deadline; none ends the chain."""
        return []

    @classmethod
    def form_fields(cls) -> tuple[str, ...]:
        """Every field a person may write, in the order of the form."""
        return tuple(field for fields in cls.sections.values() for field in fields if field not in cls.fixed)

    @classmethod
    def first_fields(cls) -> tuple[str, ...]:
        """Those that a new record asks: what only later states write cannot be known yet."""
        states = cls.workflow.states if cls.workflow else ()
        later = {section for state in states for section in state.writes}.difference(*(state.writes for state in states[:1]))
        not_yet = {field for section in later for field in cls.sections[section]}
        return tuple(name for name in cls.form_fields() if name not in not_yet)


class Record(Regional, SharedRecord):
    """A record of a region: seen and touched by the people of that region and by those who see all."""

    __abstract__ = True


def follow(record: Any, path: str) -> Any:
    for name in path.split("."):
        if record is None:
            return None
        record = getattr(record, name)
    return record


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _declare(cls: type[SharedRecord]) -> None:
    """Adds the columns, CHECKs and indexes that follow from the declaration. Runs before SQLAlchemy maps the class."""
    constraints: list[Any] = list(cls.__dict__.get("__table_args__", ()))
    if cls.prefix:
        cls.number = mapped_column(String(40), unique=True)
        cls.__annotations__["number"] = Mapped[str]
    if cls.workflow:
        names = [state.name for state in cls.workflow.states]
        cls.state = mapped_column(String(32), default=names[0])
        cls.__annotations__["state"] = Mapped[str]
        constraints.append(CheckConstraint("state IN ({})".format(", ".join(f"'{name}'" for name in names)), name="state_known"))
        for field in dict.fromkeys(f for state in cls.workflow.states for f in state.requires):
            states = ", ".join(f"'{s.name}'" for s in cls.workflow.states if field in s.requires)
            constraints.append(CheckConstraint(f"state NOT IN ({states}) OR {field} IS NOT NULL", name=f"{field}_filled"))
    regional = issubclass(cls, Regional)
    table = cls.__tablename__
    constraints.append(Index(f"ix_{table}_changed_at_id", "changed_at", "id"))
    if cls.parent is None:
        gin = {"postgresql_using": "gin", "postgresql_ops": {custom.COLUMN: "jsonb_path_ops"}}
        constraints.append(Index(f"ix_{table}_custom", custom.COLUMN, **gin).ddl_if(dialect="postgresql"))
    if regional and cls.parent is None:
        constraints.append(Index(f"ix_{table}_region_id_id", "region_id", "id"))
        if cls.workflow:
            constraints.append(Index(f"ix_{table}_region_id_state_id", "region_id", "state", "id"))
    if cls.workflow:
        constraints.append(Index(f"ix_{table}_state_id", "state", "id"))
    cls.__table_args__ = tuple(constraints)
