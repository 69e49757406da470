"""One kind of setting: how its entries are told without ids, compared and written. Record types say `setting`; the rest is in menu.py."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, selectinload

from aftersales.labels import has_label, label
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import change_words
from aftersales.record.listing import eager
from aftersales.record.natural import Item, described, found, key_words, names_of, row_key, rows, written
from aftersales.record.now import today

MOST = 5000  # entries of one kind; more are no settings


@dataclass(frozen=True)
class Difference:
    """A field before and after, in words; both empty where only the entry as a whole can be told."""

    label: str
    old: str
    new: str


class Kind:
    """`name` is the section of the file; whoever exports needs `reads`, whoever imports `writes`."""

    name: str
    key: tuple[str, ...]
    reads: tuple[str, str]
    writes: tuple[str, str]
    proposes = False

    def label(self) -> str:
        raise NotImplementedError

    def entries(self, session: Session) -> list[Item]:
        """What is in force here or will be."""
        raise NotImplementedError

    def waiting(self, session: Session) -> list[Item]:
        """What was proposed here and nobody has decided on."""
        return []

    def take(self, session: Session, item: Item, reason: str, *, is_new: bool) -> None:
        """Write one entry; `is_new` where there is none of its key here. Raises Refusal."""
        raise NotImplementedError

    def words(self, name: str, value: Any) -> str:
        return "—" if value in (None, "", []) else str(value)

    def field_label(self, name: str) -> str:
        return label(f"{self.name}.{name}") if has_label(f"{self.name}.{name}") else name

    def title(self, item: Item) -> str:
        """What people know the entry by."""
        return key_words([self.words(name, item.get(name)) for name in self.key if item.get(name) is not None])

    def as_of_today(self, item: Item) -> Item:
        """The entry as it would begin now."""
        return item

    def differences(self, old: Item, new: Item) -> Iterator[Difference]:
        for name, value in new.items():
            if old.get(name) != value:
                yield Difference(self.field_label(name), self.words(name, old.get(name)), self.words(name, value))


class RecordKind(Kind):
    """The rows of a record type, by its own declaration."""

    def __init__(self, cls: type[SharedRecord]) -> None:
        assert cls.setting is not None
        self.cls, self.setting = cls, cls.setting
        self.name, self.key = cls.key(), cls.known_by
        self.reads, self.writes = (("can_read", cls.permission_name()), ("can_write", cls.permission_name()))
        self.proposes = bool(self.setting.holds)

    @property
    def lines(self) -> dict[str, type[SharedRecord]]:
        return {lines.relation: inspect(self.cls).relationships[lines.relation].mapper.class_ for lines in self.cls.lines}

    def label(self) -> str:
        return self.cls.plural()

    def entries(self, session: Session) -> list[Item]:
        items = self._rows(session, self.setting.holds)
        return self._lasting(items) if self.setting.since else items

    def waiting(self, session: Session) -> list[Item]:
        return self._rows(session, self.cls.workflow.initial.name) if self.cls.workflow else []

    def _rows(self, session: Session, state: str) -> list[Item]:
        cls = self.cls
        statement = select(cls).where(cls.state == state) if state else select(cls)
        if self.setting.shipped:
            statement = statement.where(getattr(cls, self.setting.shipped).is_(None))
        inside = [selectinload(getattr(cls, relation)) for relation in self.lines]
        statement = statement.options(*inside, *eager(cls, names_of(cls))).order_by(cls.id).limit(MOST)
        return [described(row) for row in session.scalars(statement).unique()]

    def _lasting(self, items: list[Item]) -> list[Item]:
        """Without what a later entry of the same key has followed already."""
        since, day = self.setting.since, today().isoformat()
        last: dict[str, Item] = {}
        for item in sorted((item for item in items if item[since] <= day), key=lambda item: item[since]):
            last[str([item[name] for name in self.key if name != since])] = item
        return [*last.values(), *(item for item in items if item[since] > day)]

    def as_of_today(self, item: Item) -> Item:
        since = self.setting.since
        begun = since and isinstance(item.get(since), str) and item[since] < today().isoformat()
        return item | {since: today().isoformat()} if begun else item

    def take(self, session: Session, item: Item, reason: str, *, is_new: bool) -> None:
        record = None if self.proposes or is_new else found(session, self.cls, _key(item, self.key))
        written(session, self.cls, item, record, reason=reason)

    def words(self, name: str, value: Any) -> str:
        return _words(self.cls, name, value)

    def field_label(self, name: str) -> str:
        key = f"{self.cls.key()}.section.{name}"
        return label(key) if name in self.lines and has_label(key) else self.cls.told_label(name)

    def title(self, item: Item) -> str:
        name = item.get("name")
        return str(name) if isinstance(name, str) and "name" not in self.key else super().title(item)

    def differences(self, old: Item, new: Item) -> Iterator[Difference]:
        yield from super().differences(*({n: v for n, v in item.items() if n not in self.lines} for item in (old, new)))
        for relation, cls in self.lines.items():
            there = {row_key(cls, row): row for row in old.get(relation) or []}
            for row in rows(new.get(relation) or [], relation):
                yield from self._row_differences(cls, there.pop(row_key(cls, row), None), row)
            if self.proposes:  # a new version stands without the rows it does not name; elsewhere they stay
                yield from (Difference(f"− {_called(cls, row)}", "", "") for row in there.values())

    def _row_differences(self, cls: type[SharedRecord], old: Item | None, new: Item) -> Iterator[Difference]:
        called = _called(cls, old or new)
        if old is None:
            told = [f"{cls.told_label(n)} {_words(cls, n, new.get(n))}" for n in names_of(cls) if new.get(n) not in (None, "", called)]
            yield Difference(f"+ {called}", "", " · ".join(told[:4]))
            return
        for name, value in new.items():
            if old.get(name) != value:
                caption = f"{called} · {cls.told_label(name)}"
                yield Difference(caption, _words(cls, name, old.get(name)), _words(cls, name, value))


def _key(item: Item, names: tuple[str, ...]) -> Any:
    return item.get(names[0]) if len(names) == 1 else [item.get(name) for name in names]


def _called(cls: type[SharedRecord], row: Item) -> str:
    return str(row.get("name") or key_words([row.get(name) for name in cls.known_by if name != cls.parent]))


def _words(cls: type[SharedRecord], name: str, value: Any) -> str:
    if name in inspect(cls).relationships:
        return key_words(value) or "—"
    try:
        return change_words(cls, name, value)
    except (TypeError, ValueError):  # no value of this field: the refusal beside it says so
        return str(value)


def kinds() -> tuple[Kind, ...]:
    """Every kind of setting, those first that others refer to."""
    from aftersales import menu  # the menu lists the page of this

    declared = [cls for types in menu.SECTIONS.values() for cls in types if cls.setting is not None]
    before, after = menu.CONFIGURED
    return (*before, *map(RecordKind, sorted(declared, key=_refers)), *after)


def readable() -> tuple[Kind, ...]:
    return tuple(kind for kind in kinds() if current_actor().can(*kind.reads))


def _refers(cls: type[SharedRecord]) -> bool:
    """Whether it, or a row inside it, names records of another type."""
    types = (cls, *(inspect(cls).relationships[lines.relation].mapper.class_ for lines in cls.lines))
    return any(
        relation.direction.name == "MANYTOONE" and relation.key != kind.parent and issubclass(relation.mapper.class_, SharedRecord)
        for kind in types
        for relation in inspect(kind).relationships
    )
