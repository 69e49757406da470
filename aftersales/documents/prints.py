"""The print log: who printed what, when, which version, as what and what for. Papers that are not controlled copies say so on each page."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto

from flask import current_app, has_request_context, request
from flask_babel import gettext as _
from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, object_session

from aftersales.documents.copies import ControlledCopy
from aftersales.documents.document import offered_types
from aftersales.documents.stamp import stamped
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.archive import SealedDocument, sealed_of
from aftersales.record.audit.chain import take_write_lock
from aftersales.record.base import RecordTrace, SharedRecord
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document
from aftersales.rights import read_by
from aftersales.roles import Role


class PrintMark(StrEnum):
    """As what a paper left: a numbered copy, a sealed paper of a record, or one that says on its face that nobody keeps it up to date."""

    controlled = auto()
    sealed = auto()
    uncontrolled = auto()
    reference = auto()
    void = auto()


class PrintEntry(RecordTrace, SharedRecord):
    """One paper that was given out. It hangs on its record, whose region it shares; it is written by the program and never changed."""

    made_by_hand = False
    access = read_by(Role.quality, Role.manager, Role.regulatory)

    title: Mapped[str] = mapped_column(String(120))
    record_name: Mapped[str] = mapped_column(String(120))
    form_no: Mapped[str] = mapped_column(String(40))
    edition: Mapped[str] = mapped_column(String(20))
    mark: Mapped[PrintMark]
    copy_no: Mapped[int | None]
    purpose: Mapped[str | None] = mapped_column(String(250))
    paper_code: Mapped[str | None] = mapped_column(String(16))
    printed_at: Mapped[datetime]
    printed_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (
        Index("ix_print_entry_kind_record_id", "kind", "record_id"),
        Index("ix_print_entry_printed_at", "printed_at"),
        Index("ix_print_entry_mark", "mark"),
    )

    listing = ("printed_at", "title", "form_no", "edition", "record_name", "mark", "copy_no", "purpose", "printed_by")
    filters = ("mark", "kind", "record_id", "printed_at")
    searched = ("title", "record_name", "form_no", "printed_by", "purpose")
    sections = {
        "print": ("printed_at", "printed_by", "mark", "copy_no", "purpose"),
        "paper": ("title", "form_no", "edition", "kind", "record_name", "paper_code"),
    }
    fixed = (
        "printed_at", "printed_by", "mark", "copy_no", "purpose", "title", "form_no", "edition", "kind", "record_name", "paper_code",
    )  # fmt: skip
    unseen = frozenset({"record_id", "region_id"})
    offers = {"kind": offered_types}

    def __str__(self) -> str:
        return f"{self.title} {self.record_name}"

    def on_create(self) -> None:
        raise Refusal(_("The print log is written by the program."))

    on_change = on_create


@dataclass(frozen=True)
class Printed:
    """What is to be noted of a paper. `code` is that of the sealed paper, "" for a fresh print."""

    document: Document
    mark: PrintMark
    code: str = ""
    purpose: str = ""


def let_out(record: SharedRecord, document: Document, paper: SealedDocument | None, data: bytes) -> bytes:
    """What a page or API gives out as paper: noted, and marked where it must not be taken for one that is kept up to date.

    A sealed paper of a record goes out as it was sealed. Of a controlled document that is the numbered copy alone; the version itself is
    the master, and what is printed of it says that nobody will call it back. What a guest takes away says that it is for reference.
    """
    code, is_void = (paper.code, paper.status != "valid") if paper is not None else ("", False)
    mark = PrintMark.uncontrolled if paper is None else PrintMark.void if is_void else PrintMark.sealed
    if isinstance(record, ControlledCopy):
        mark = PrintMark.controlled if mark is PrintMark.sealed else mark
    elif isinstance(record, DocumentVersion):
        mark = PrintMark.void if record.state == "obsolete" else PrintMark.uncontrolled
    # An obsolete version was sealed with its mark.
    says_so = (paper is None and not document.goes_out) or (mark is PrintMark.void and not is_void)
    if current_actor().bounds is not None:
        mark = PrintMark.void if is_void or mark is PrintMark.void else PrintMark.reference
        data = stamped(data, mark, has_watermark=says_so, has_code=paper is not None)
    elif isinstance(record, ControlledCopy | DocumentVersion) and mark is not PrintMark.controlled:
        # and without the attached data: the right answers of the test are in it
        data = stamped(data, mark, has_watermark=says_so, has_code=paper is not None)
    purpose = record.purpose if isinstance(record, ControlledCopy) and paper is not None else ""
    note(record, Printed(document, mark, code, purpose))
    return data


def print_version(version: DocumentVersion, mark: PrintMark, purpose: str) -> bytes:
    """A print of a version for a purpose: of the sealed text where there is one. Raises Refusal where the purpose is missing."""
    purpose = purpose.strip()[:250]
    if not purpose:
        raise Refusal(_("Say what the print is for."), field="purpose")
    if mark not in (PrintMark.uncontrolled, PrintMark.reference):
        raise Refusal(_("There is no such choice."), field="mark")
    document = version.printed()[0]
    sealed = next((paper for paper in sealed_of(object_session(version), version) if paper.status == "valid"), None)
    mark = PrintMark.void if version.state in ("obsolete", "dropped") else mark
    if sealed is not None:
        data, code = current_app.extensions["store"].get(sealed.sha256), sealed.code
    else:  # bears a watermark of its own
        data, code, mark = current_app.extensions["printer"](version, document, "", False), "", PrintMark.uncontrolled
    data = stamped(data, mark, purpose=purpose, has_watermark=sealed is None or mark is PrintMark.void, has_code=bool(code))
    note(version, Printed(document, mark, code, purpose))
    return data


def note(record: SharedRecord, printed: Printed) -> None:
    """Write it down, in a transaction of its own that commits: what is not noted is not given out. Whoever tries a role only looks."""
    actor = current_actor()
    if actor.only_looks or (has_request_context() and request.method == "HEAD"):
        return
    entry = PrintEntry.of(
        record,
        title=label(f"{record.key()}.document.{printed.document.name}", "zh"),
        record_name=str(record)[:120],
        form_no=printed.document.form_no,
        edition=printed.document.version,
        mark=printed.mark,
        copy_no=getattr(record, "copy_no", None),
        purpose=printed.purpose or None,
        paper_code=printed.code or None,
        printed_at=now(),
        printed_by=actor.name,
    )
    db.session.rollback()  # a transaction of SQLite that has read cannot turn to writing safely
    take_write_lock(db.session.connection())
    db.session.add(entry)
    db.session.commit()
