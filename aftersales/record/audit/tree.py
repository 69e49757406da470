"""The transparency log: one Merkle tree (RFC 9162, by pymerkle) over all committed entries of all records.

The roots of all perfect subtrees are kept as rows. To append m leaves to n only the right edge is read (at most log2 n
rows, in one statement) and about 2m rows are written; nothing of size n is ever touched. pymerkle's proofs of inclusion
and consistency read log n rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymerkle.core import BaseMerkleTree
from sqlalchemy import BigInteger, Connection, Integer, String, UniqueConstraint, insert, select, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import UtcDateTime
from aftersales.extensions import Model

Place = tuple[int, int]


class AuditLeaf(Model):
    """The place of an entry in the log. All columns but the position are hashed into the leaf."""

    __tablename__ = "audit_leaf"
    __table_args__ = (UniqueConstraint("entry_id"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(Integer)
    entry_hash: Mapped[str] = mapped_column(String(64))


class AuditTreeNode(Model):
    """The root of the perfect subtree over the leaves [position × 2^level, (position + 1) × 2^level), level ≥ 1."""

    __tablename__ = "audit_tree_node"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))


class AuditTreeHead(Model):
    """The root over the first `size` leaves at a moment, chained to the head before and tagged with the audit key."""

    __tablename__ = "audit_tree_head"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Leaf:
    """What a leaf says: this entry of this record has this hash."""

    entry_id: str
    kind: str
    record_id: int
    sequence: int
    entry_hash: str

    def encoded(self) -> bytes:
        return "\n".join(map(str, (self.entry_id, self.kind, self.record_id, self.sequence, self.entry_hash))).encode()


class LogTree(BaseMerkleTree):
    """The tree in the database, as of `size` leaves. Appended leaves are kept until `save` writes them."""

    def __init__(self, connection: Connection, size: int) -> None:
        super().__init__(algorithm="sha256")  # not disable_cache: that would put pymerkle's own _get_subroot over ours
        self._connection = connection
        self._size = size
        self._known: dict[Place, bytes] = {}
        self._leaves: list[dict[str, Any]] = []
        self._nodes: list[dict[str, Any]] = []

    def save(self) -> None:
        if self._leaves:
            self._connection.execute(insert(AuditLeaf.__table__), self._leaves)
        if self._nodes:
            self._connection.execute(insert(AuditTreeNode.__table__), self._nodes)
        self._leaves, self._nodes = [], []

    def _encode_entry(self, data: Leaf) -> bytes:
        return data.encoded()

    def _store_leaf(self, data: Leaf, digest: bytes) -> int:
        self._leaves.append({"position": self._size, **vars(data)})
        for place, node in grow(self, self._known, self._size, digest):
            self._nodes.append({"level": place[0], "position": place[1], "hash": node.hex()})
        self._size += 1
        return self._size

    def _get_size(self) -> int:
        return self._size

    def _get_leaf(self, index: int) -> bytes:
        return self._get_subroot(index - 1, 1)

    def _get_leaves(self, offset: int, width: int) -> Iterable[bytes]:
        self._fetch([(0, offset + i) for i in range(width)])
        return [self._known[(0, offset + i)] for i in range(width)]

    def _get_root(self, start: int, end: int) -> bytes:
        if (start, end) == (0, self._size):
            self._fetch(edge(end))  # the whole right edge in one statement
        return super()._get_root(start, end)

    def _get_subroot(self, offset: int, width: int) -> bytes:
        level = width.bit_length() - 1
        place = (level, offset >> level)
        self._fetch([place])
        return self._known[place]

    def _fetch(self, places: list[Place]) -> None:
        missing = [place for place in places if place not in self._known]
        inner = [place for place in missing if place[0]]
        leaves = [position for level, position in missing if not level]
        if inner:
            nodes = AuditTreeNode.__table__.c
            rows = select(nodes.level, nodes.position, nodes.hash).where(tuple_(nodes.level, nodes.position).in_(inner))
            self._known |= {(row.level, row.position): bytes.fromhex(row.hash) for row in self._connection.execute(rows)}
        if leaves:
            table = AuditLeaf.__table__
            for row in self._connection.execute(select(table).where(table.c.position.in_(leaves))):
                self._known[(0, row.position)] = self.hash_buff(leaf_of(row).encoded())


def leaf_of(row: Any) -> Leaf:
    return Leaf(row.entry_id, row.kind, row.record_id, row.sequence, row.entry_hash)


def edge(size: int) -> list[Place]:
    """The perfect subtrees that make up a tree of `size` leaves, from right to left: one per binary digit 1."""
    return [(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1]


def grow(tree: BaseMerkleTree, known: dict[Place, bytes], position: int, digest: bytes) -> list[tuple[Place, bytes]]:
    """Puts a leaf at `position` beside the known edge and returns the subtrees (level ≥ 1) it completes."""
    known[(0, position)] = digest
    made = []
    level = 0
    while position & 1:
        digest = tree.hash_pair(known[(level, position - 1)], digest)
        level, position = level + 1, position >> 1
        known[(level, position)] = digest
        made.append(((level, position), digest))
    return made
