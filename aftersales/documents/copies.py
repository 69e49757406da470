"""Copies on paper: numbered, held by somebody somewhere, called back when their version is superseded, destroyed by two people."""

from datetime import datetime
from functools import partial

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Name, ShortText
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.notices import tell
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

KEEPERS = (Role.quality, Role.manager)


class ControlledCopy(SharedRecord):
    """One numbered copy. While it is issued its paper is valid; called back, the code on it says that it no longer is."""

    prefix = "CC"
    access = written_by(*KEEPERS)

    document_version_id: Mapped[int] = mapped_column(ForeignKey("document_version.id"))
    copy_no: Mapped[int]
    holder: Mapped[Name]
    place: Mapped[ShortText]
    purpose: Mapped[ShortText]
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[str | None] = mapped_column(String(120))
    called_back_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]

    document_version: Mapped[DocumentVersion] = reference()

    __table_args__ = (UniqueConstraint("document_version_id", "copy_no"), Index("ix_controlled_copy_holder", "holder"))

    listing = ("number", "document_version", "copy_no", "holder", "place", "issued_at", "state")
    filters = ("document_version_id",)
    about_from = ("document_version.document",)
    searched = ("number", "document_version.document.code", "document_version.document.name", "holder", "place")
    sections = {
        "copy": ("document_version_id", "copy_no", "holder", "place", "purpose"),
        "life": ("issued_at", "issued_by", "called_back_at", "returned_at", "destroyed_at"),
    }
    fixed = ("copy_no", "issued_at", "issued_by", "called_back_at", "returned_at", "destroyed_at")
    workflow = Workflow(
        states=(
            State("requested", writes=("copy",)),
            State("issued", requires=("issued_at", "issued_by"), seals=True),
            State("called_back", requires=("called_back_at",)),
            State("returned", requires=("returned_at",)),
            State("destroyed", requires=("destroyed_at",), ends=True),
            State("lost", ends=True),
        ),
        transitions=(
            Transition("issue", "requested", "issued", by=KEEPERS),
            Transition("call_back", "issued", "called_back", by=KEEPERS, reason=True),
            Transition("take_back", "called_back", "returned", by=KEEPERS),
            Transition("destroy", "returned", "destroyed", by=KEEPERS, reason=True, apart_from=("take_back",)),
            Transition("report_lost", ("issued", "called_back"), "lost", by=KEEPERS, reason=True),
        ),
    )
    documents = (Document("controlled_copy", "QR-WJ-02", "A/0"),)

    @property
    def hint(self) -> str:
        return f"{self.document_version} · {self.holder}"

    def printed(self) -> tuple[Document, ...]:
        version = self.document_version
        return (Document("controlled_copy", version.document.code, version.edition),)

    def public_facts(self) -> dict[str, str | int]:
        version = self.document_version
        return {"document": f"{version.document.code} {version.document.name}", "edition": version.edition, "copy_no": self.copy_no}

    def on_create(self) -> None:
        session = object_session(self) or db.session
        self._refuse_unless_in_force()
        with session.no_autoflush:
            taken = select(func.max(ControlledCopy.copy_no)).where(ControlledCopy.document_version_id == self.document_version.id)
            self.copy_no = (session.scalar(taken) or 0) + 1

    def check_issue(self) -> None:
        self._refuse_unless_in_force()

    def _refuse_unless_in_force(self) -> None:
        if self.document_version.state != "effective":
            raise Refusal(_("Copies are made of the version in force only."), field="document_version_id")

    def on_issue(self) -> None:
        self.issued_at, self.issued_by = now(), current_actor().name

    def on_call_back(self) -> None:
        self.called_back_at = now()

    def on_take_back(self) -> None:
        self.returned_at = now()

    def on_destroy(self) -> None:
        self.destroyed_at = now()


def call_back(session: Session, version: DocumentVersion, reason: str) -> None:
    """Each copy of a version that is superseded is to be brought back; whoever keeps the documents is told, copy by copy."""
    chosen = select(ControlledCopy).where(ControlledCopy.document_version_id == version.id, ControlledCopy.state == "issued")
    for copy in session.scalars(chosen.order_by(ControlledCopy.id)).all():
        perform(copy, "call_back", reason=reason)
        words, url = partial(_to_bring_back, copy, version), f"/controlled_copy/show/{copy.id}"
        tell(session, users_with_role(Role.quality, None), key=f"copy:{copy.id}", words=words, url=url)


def _to_bring_back(copy: ControlledCopy, version: DocumentVersion) -> tuple[str, str]:
    subject = _("Bring back copy %(no)s of %(version)s", no=copy.copy_no, version=str(version))
    return subject, _("Held by %(holder)s, %(place)s.", holder=copy.holder, place=copy.place)
