"""Rights in the words of the trade: what a role may do with each record type, and the rights that belong to none."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _

from aftersales.labels import has_label, label
from aftersales.record.base import SharedRecord
from aftersales.roles import Role as Shipped
from aftersales.security.grants import PARTICULAR, Pair


@dataclass(frozen=True)
class Right:
    """One right and its words. `key` is what a form sends: "can_read:Device"."""

    pair: Pair
    words: str

    @property
    def key(self) -> str:
        return ":".join(self.pair)


@dataclass(frozen=True)
class Row:
    """The rights on one record type: reading, writing, and each of its transitions."""

    words: str
    reading: Right
    writing: Right
    moves: tuple[Right, ...]

    @property
    def rights(self) -> tuple[Right, ...]:
        return (self.reading, self.writing, *self.moves)


@dataclass(frozen=True)
class Section:
    """A part of the menu, with the record types that stand in it."""

    words: str
    rows: tuple[Row, ...]


def matrix() -> list[Section]:
    """Every record type of the menu, in the order people know."""
    from aftersales import menu  # the menu lists the page that shows this

    return [Section(label(f"menu.{name}"), tuple(_row(cls) for cls in types)) for name, types in menu.SECTIONS.items() if types]


def particular() -> list[Right]:
    """The rights that belong to no record type."""
    return [Right(pair, label(f"right.{pair[0]}.{pair[1]}")) for pair in PARTICULAR]


@dataclass(frozen=True)
class Difference:
    """A record type (or the rights of none) in two roles: what both may, and what only one of them may."""

    words: str
    both: tuple[Right, ...]
    first: tuple[Right, ...]
    second: tuple[Right, ...]

    @property
    def is_one(self) -> bool:
        return bool(self.first or self.second)


def compare(first: frozenset[Pair], second: frozenset[Pair]) -> list[tuple[str, list[Difference]]]:
    """Two roles side by side, section by section."""
    own = (_("Rights of their own"), [_difference(right.words, (right,), first, second) for right in particular()])
    return [own, *((s.words, [_difference(row.words, row.rights, first, second) for row in s.rows]) for s in matrix())]


def _difference(words: str, rights: tuple[Right, ...], first: frozenset[Pair], second: frozenset[Pair]) -> Difference:
    one, other = ({right.pair for right in rights} & pairs for pairs in (first, second))
    chosen = (one & other, one - other, other - one)
    return Difference(words, *(tuple(right for right in rights if right.pair in pairs) for pairs in chosen))


def all_rights() -> dict[str, Right]:
    """Every right an administrator can give, by its key."""
    return {right.key: right for right in _every()}


def words_of(pair: Pair) -> str:
    """A right in a sentence's length: "设备 · 查看"."""
    return " · ".join(filter(None, parts_of(pair)))


def parts_of(pair: Pair) -> tuple[str, str]:
    """What a right is about, "" for one of its own kind, and what it lets one do."""
    permission, kind = pair
    if pair in PARTICULAR:
        return "", label(f"right.{permission}.{kind}")
    cls = SharedRecord.record_types.get(kind)
    return (permission, kind) if cls is None else (cls.label(), _verb(cls, permission))


def role_words(name: str) -> str:
    """A shipped role in the reader's language; one that administrators made, as they wrote it."""
    return label(f"role.{name}") if name in set(Shipped) else name


def _every() -> Iterator[Right]:
    yield from particular()
    for section in matrix():
        for row in section.rows:
            yield from row.rights


def _row(cls: type[SharedRecord]) -> Row:
    kind, workflow = cls.__name__, cls.workflow
    moves = tuple(Right((f"can_{t.name}", kind), _verb(cls, f"can_{t.name}")) for t in (workflow.transitions if workflow else ()))
    reading, writing = (Right((permission, kind), _verb(cls, permission)) for permission in ("can_read", "can_write"))
    return Row(cls.plural(), reading, writing, moves)


def _verb(cls: type[SharedRecord], permission: str) -> str:
    if permission == "can_read":
        return _("Read")
    if permission == "can_write":
        return _("Write")
    key = f"{cls.key()}.transition.{permission.removeprefix('can_')}"
    return label(key) if has_label(key) else permission
