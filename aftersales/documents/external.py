"""The register of external documents (GMP 2025 art. 44): laws, regulations and standards, whether they hold, and what they affect."""

from enum import StrEnum, auto
from functools import partial

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from aftersales.columns import Day, LongText
from aftersales.documents.document import ControlledDocument
from aftersales.record.base import SharedRecord
from aftersales.record.notices import tell
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

KEEPERS = (Role.quality, Role.regulatory)


class ExternalKind(StrEnum):
    law = auto()
    regulation = auto()
    rule = auto()
    announcement = auto()
    standard = auto()


class ExternalDocument(SharedRecord):
    """One law, rule or standard: known from its publication on, in force from its day, ended by another or by repeal."""

    access = written_by(*KEEPERS)

    reference_no: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(250))
    kind: Mapped[ExternalKind]
    issuer: Mapped[str] = mapped_column(String(120))
    published_on: Mapped[Day | None]
    effective_from: Mapped[Day | None]
    ended_on: Mapped[Day | None]
    note: Mapped[LongText | None]
    watch: Mapped[LongText | None]
    review_on: Mapped[Day | None]

    affects: Mapped[list["Affected"]] = relationship(back_populates="external", order_by="Affected.id", cascade="all, delete-orphan")

    __table_args__ = (
        UniqueConstraint("reference_no", "name"),
        Index("ix_external_document_effective_from", "effective_from"),
        Index("ix_external_document_review_on", "review_on"),
    )

    listing = ("reference_no", "name", "kind", "issuer", "effective_from", "review_on", "state")
    filters = ("kind", "review_on")
    searched = ("reference_no", "name", "issuer")
    spelled = ("name",)
    sections = {
        "basics": ("reference_no", "name", "kind", "issuer", "published_on", "effective_from", "note"),
        "affects": (),
        "review": ("watch", "review_on"),
        "end": ("ended_on",),
    }
    fixed = ("ended_on",)
    lines = (Lines("affects", "affects"),)
    workflow = Workflow(
        states=(
            State("coming", writes=("basics", "affects", "review")),
            State("in_force", requires=("effective_from",)),
            State("ended", requires=("ended_on",), ends=True),
        ),
        transitions=(
            Transition("take_effect", "coming", "in_force", by=KEEPERS, fields=("effective_from",)),
            Transition("check", "in_force", "in_force", by=KEEPERS, fields=("watch", "review_on"), reason=True),
            Transition("end", ("coming", "in_force"), "ended", by=KEEPERS, fields=("ended_on",), reason=True),
        ),
    )

    def __str__(self) -> str:
        return self.name

    @property
    def hint(self) -> str:
        return self.reference_no

    def check_check(self) -> None:
        if self.review_on is None or self.review_on <= today():
            raise Refusal(_("Say when it is to be looked at again: a later day."), field="review_on")

    def on_end(self) -> None:
        self.review_on = None


class Affected(SharedRecord):
    """A document of the company that rests on an external one."""

    parent = "external"

    external_id: Mapped[int] = mapped_column(ForeignKey("external_document.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("controlled_document.id"))
    articles: Mapped[str | None] = mapped_column(String(120))

    external: Mapped[ExternalDocument] = reference(back_populates="affects")
    document: Mapped[ControlledDocument] = reference()

    __table_args__ = (UniqueConstraint("external_id", "document_id"), Index("ix_affected_document_id", "document_id"))

    listing = ("document", "articles")
    sections = {"basics": ("document_id", "articles")}

    def __str__(self) -> str:
        return f"{self.document} {self.articles or ''}".strip()


def remind_of_reviews(session: Session) -> int:
    """Tell whoever keeps the register what is to be compared with the official text, once for each day of review; says how many are due."""
    due = select(ExternalDocument).where(ExternalDocument.state == "in_force", ExternalDocument.review_on <= today())
    rows = session.scalars(due.order_by(ExternalDocument.review_on, ExternalDocument.id).limit(200)).all()
    people = [user_id for role in KEEPERS for user_id in users_with_role(role, None)]
    for row in rows:
        key, url = f"external:{row.id}:{row.review_on}", f"/external_document/show/{row.id}"
        tell(session, people, key=key, words=partial(_to_review, row), url=url)
    session.commit()
    return len(rows)


def _to_review(row: ExternalDocument) -> tuple[str, str]:
    return _("Due for review: %(name)s", name=row.name), row.watch or row.reference_no
