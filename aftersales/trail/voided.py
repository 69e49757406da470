"""Signatures that were voided in the last thirty days: the content they covered was changed afterwards."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA, today
from aftersales.record.signatures import Signature

PAGE = 25
MOST = 1000
LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Voided:
    """One of them, the record it stood on, and whether that was signed again."""

    signature: Signature
    record: SharedRecord
    is_renewed: bool


@dataclass(frozen=True)
class VoidedPage:
    rows: list[Voided]
    before: int | None


def voided_page(session: Session, before: int | None) -> VoidedPage:
    """The latest first. One statement, and one for each type of record that is signed."""
    later = aliased(Signature)
    renewed = (
        select(later.id)
        .where(later.kind == Signature.kind, later.record_id == Signature.record_id, later.name == Signature.name)
        .where(later.id > Signature.id, later.voided_at.is_(None))
        .exists()
    )
    chosen = select(Signature, renewed).where(_lately())
    if before is not None:
        chosen = chosen.where(Signature.id < min(before, 2**63 - 1))
    found = session.execute(chosen.order_by(Signature.id.desc()).limit(PAGE + 1)).all()
    records = _records(session, [signature for signature, _renewed in found])
    rows = [Voided(signature, records[signature.kind, signature.record_id], again) for signature, again in found[:PAGE]]
    return VoidedPage(rows, rows[-1].signature.id if len(found) > PAGE else None)


def count_voided(session: Session) -> int:
    """As many as all pages show, up to MOST + 1."""
    return session.scalar(select(func.count()).select_from(select(Signature.id).where(_lately()).limit(MOST + 1).subquery()))


def _lately() -> ColumnElement[bool]:
    return Signature.voided_at >= datetime.combine(today() - LATELY, time(), CHINA)


def _records(session: Session, signatures: list[Signature]) -> dict[tuple[str, int], SharedRecord]:
    """A signature is seen by whoever sees the region of its record, and no record is ever deleted: each is found."""
    ids: dict[str, set[int]] = defaultdict(set)
    for signature in signatures:
        ids[signature.kind].add(signature.record_id)
    found: dict[tuple[str, int], SharedRecord] = {}
    for kind, wanted in ids.items():
        cls = SharedRecord.record_types[kind]
        found |= {(kind, record.id): record for record in session.scalars(select(cls).where(cls.id.in_(wanted)))}
    return found
