"""Whether the log is what was signed: leaves against entries, inner nodes against leaves, heads against both."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from aftersales.record.audit.entry import FIRST_HASH, AuditEntry, keyed_tag, raw
from aftersales.record.audit.evidence import SignedHead
from aftersales.record.audit.findings import Finding, Found
from aftersales.record.audit.sealing import head_hash, signed
from aftersales.record.audit.tree import AuditLeaf, AuditTreeHead, AuditTreeNode, LogTree, Place, edge, grow, leaf_of

BATCH = 1024


def verify_log(session: Session, key: bytes) -> Iterator[Finding]:
    connection = session.connection()
    leaf = AuditLeaf.__table__.c.position
    size = connection.execute(log_size()).scalar_one()
    leaves = connection.execute(select(func.coalesce(func.max(leaf) + 1, 0)).where(leaf < size)).scalar_one()
    yield from _Walk(connection, key).run(leaves)
    if leaves < size:
        yield Finding(Found.leaf_missing, place=f"leaves {leaves}–{size - 1}")
    yield from _beyond(connection)


def log_size() -> Select[tuple[int]]:
    """The size of the newest head. What is no number at all is left out: SQLite sorts text behind every number."""
    size = AuditTreeHead.__table__.c.size
    return select(func.coalesce(func.max(size), 0)).where(size < 1 << 62)


class _Walk:
    """One pass over the leaves in order, with the right edge of the tree (log n hashes) as its only memory."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key
        self._tree = LogTree(connection, 0)
        self._edge: dict[Place, bytes] = {}
        self._tainted: set[Place] = set()
        self._head_before: SignedHead | None = None
        self._broken = False

    def run(self, size: int) -> Iterator[Finding]:
        for start in range(0, size, BATCH):
            end = min(size, start + BATCH)
            leaves = {row.position: row for row in self._connection.execute(_leaves(start, end))}
            nodes = {(row.level, row.position): row.hash for row in self._connection.execute(_nodes(start, end))}
            heads = iter(self._connection.execute(_heads(start, end)).all())
            head = next(heads, None)
            for position in range(start, end):
                yield from self._leaf(position, leaves.get(position), nodes)
                if head is not None and head.size == position + 1:
                    yield from self._head(signed(head))
                    head = next(heads, None)
            keep = set(edge(end))
            self._edge = {place: digest for place, digest in self._edge.items() if place in keep}
            self._tainted &= keep

    def _leaf(self, position: int, row: Row[Any] | None, nodes: dict[Place, str]) -> Iterator[Finding]:
        if row is None:
            self._tainted.add((0, position))
            yield Finding(Found.leaf_missing, place=f"leaf {position}")
        elif row.found is None:
            yield Finding(Found.entry_missing, row.kind, row.record_id, row.sequence, row.entry_id, f"leaf {position}")
        encoded = leaf_of(row).encoded() if row is not None else b""
        for (level, index), digest in grow(self._tree, self._edge, position, self._tree.hash_buff(encoded)):
            if nodes.get((level, index)) == digest.hex():
                continue
            below = {(level - 1, 2 * index), (level - 1, 2 * index + 1)}
            if not below & self._tainted:  # else it only repeats what was reported further down
                yield _node((level, index))
            self._tainted.add((level, index))

    def _head(self, head: SignedHead) -> Iterator[Finding]:
        before, self._head_before = self._head_before, head
        since = f"leaves {before.size if before else 0}–{head.size - 1}"
        content = head_hash(head.size, head.root, head.at, head.previous_hash)
        if content != head.hash or keyed_tag(self._key, "head", content) != head.tag:
            yield Finding(Found.head_altered, place=f"head {head.size}")
            return
        if head.previous_hash != (before.hash if before else FIRST_HASH):
            yield Finding(Found.head_missing, place=since)
        root = self._tree.hash_fold([self._edge[place] for place in edge(head.size)])
        if root.hex() != head.root and not self._broken:
            self._broken = True  # every later head differs too: the first one says where
            yield Finding(Found.root_differs, place=since, detail=head.at)


def _leaves(start: int, end: int) -> Any:
    leaf, entry = AuditLeaf.__table__, AuditEntry.__table__
    return (
        select(leaf, entry.c.id.label("found"))
        .outerjoin(entry, entry.c.id == leaf.c.entry_id)
        .where(leaf.c.position >= start, leaf.c.position < end)
        .order_by(leaf.c.position)
    )


def _nodes(start: int, end: int) -> Any:
    """The nodes whose last leaf lies in [start, end)."""
    node = AuditTreeNode.__table__.c
    ranges = [
        and_(node.level == level, node.position >= start >> level, node.position < end >> level) for level in range(1, end.bit_length())
    ]
    return select(node.level, node.position, node.hash).where(or_(False, *ranges))


def _heads(start: int, end: int) -> Any:
    table = AuditTreeHead.__table__
    return select(*raw(table)).where(table.c.size > start, table.c.size <= end).order_by(table.c.size)


def _beyond(connection: Connection) -> Iterator[Finding]:
    """Leaves and nodes that no head covers. One statement each: a sealing pass beside it is seen whole or not at all."""
    leaf, node = AuditLeaf.__table__, AuditTreeNode.__table__
    size = log_size().scalar_subquery()
    for row in connection.execute(select(leaf).where(leaf.c.position >= size).order_by(leaf.c.position).limit(BATCH)):
        yield Finding(Found.leaf_extra, row.kind, row.record_id, row.sequence, row.entry_id, f"leaf {row.position}")
    outside = or_(node.c.level < 1, node.c.level > 62, node.c.position < 0, node.c.position >= size.op(">>")(node.c.level))
    for row in connection.execute(select(node.c.level, node.c.position).where(outside).limit(BATCH)):
        yield _node((row.level, row.position))


def _node(place: Place) -> Finding:
    level, position = place
    leaves = f"leaves {position << level}–{(position + 1 << level) - 1}, " if 0 < level < 63 else ""
    return Finding(Found.node_altered, place=f"{leaves}node {level}/{position}")
