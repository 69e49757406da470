"""The two lists of controlled documents that every inspection asks for: what is in force, and who has which copy on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, load_only

from aftersales.documents.copies import ControlledCopy
from aftersales.documents.document import ControlledDocument
from aftersales.documents.version import DocumentVersion
from aftersales.labels import label
from aftersales.record.base import SharedRecord

MOST = 2000
OUT = ("issued", "called_back")  # on paper with somebody


@dataclass(frozen=True)
class DocumentList:
    """A list as page, paper and workbook have it. `cells` are the values of a row, days and moments as such; `urls` lead to each record."""

    name: str
    form_no: str
    heads: tuple[str, ...]
    widths: tuple[int, ...]
    cells: Sequence[tuple[Any, ...]]
    urls: Sequence[str]
    is_cut: bool


def current(session: Session) -> DocumentList:
    """Every version in force, by the number of its document."""
    columns = load_only(
        DocumentVersion.edition, DocumentVersion.effective_from, DocumentVersion.approver_name, DocumentVersion.approved_at,
        DocumentVersion.state,
    )  # fmt: skip
    chosen = select(DocumentVersion).join(DocumentVersion.document).where(DocumentVersion.state == "effective")
    chosen = chosen.options(columns, joinedload(DocumentVersion.document)).order_by(ControlledDocument.code).limit(MOST + 1)
    versions = list(session.scalars(chosen))
    cells = [
        (
            v.document.code, v.document.hint, v.edition, label(f"document_kind.{v.document.kind}"), v.document.office or "",
            v.effective_from, v.approver_name or "", v.document.next_review_on,
        )
        for v in versions[:MOST]
    ]  # fmt: skip
    names = ("code", "name", "edition", "kind", "office", "effective_from", "approver_name", "next_review_on")
    urls = [f"/document_version/show/{version.id}" for version in versions[:MOST]]
    return DocumentList("current", "QR-WJ-03", _heads(names), (12, 28, 7, 12, 13, 10, 8, 10), cells, urls, len(versions) > MOST)


def copies(session: Session, *, with_ended: bool = False) -> DocumentList:
    """The copies that somebody holds, by document and number; `with_ended`: those that came back, were destroyed or lost, too."""
    beside = joinedload(ControlledCopy.document_version).load_only(DocumentVersion.edition).joinedload(DocumentVersion.document)
    chosen = select(ControlledCopy).join(ControlledCopy.document_version).join(DocumentVersion.document).options(beside)
    chosen = chosen.where(ControlledCopy.state != "requested" if with_ended else ControlledCopy.state.in_(OUT))
    chosen = chosen.order_by(ControlledDocument.code, DocumentVersion.id, ControlledCopy.copy_no).limit(MOST + 1)
    found = list(session.scalars(chosen))
    cells = [_copy(copy) for copy in found[:MOST]]
    names = ("code", "name", "edition", "copy_no", "number", "holder", "place", "issued_at", "issued_by", "state")
    urls = [f"/controlled_copy/show/{copy.id}" for copy in found[:MOST]]
    return DocumentList("copies", "QR-WJ-04", _heads(names), (10, 18, 6, 6, 13, 10, 11, 12, 7, 7), cells, urls, len(found) > MOST)


def _copy(copy: ControlledCopy) -> tuple[Any, ...]:
    document = copy.document_version.document
    return (
        document.code, document.hint, copy.document_version.edition, copy.copy_no, copy.number, copy.holder, copy.place, copy.issued_at,
        copy.issued_by or "", label(f"controlled_copy.state.{copy.state}"),
    )  # fmt: skip


def _heads(names: Sequence[str]) -> tuple[str, ...]:
    owners: tuple[type[SharedRecord], ...] = (ControlledCopy, DocumentVersion, ControlledDocument)
    return tuple(next(owner.field_label(name) for owner in owners if hasattr(owner, name)) for name in names)
