"""The register of external documents (GMP 2025 art. 44): laws, regulations and standards, whether they hold, and what they affect."""

from enum import StrEnum, auto

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import Day, LongText
from aftersales.documents.document import ControlledDocument
from aftersales.record.base import SharedRecord
from aftersales.record.references import reference
from aftersales.record.words import Lines, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

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

    affects: Mapped[list["Affected"]] = relationship(back_populates="external", order_by="Affected.id", cascade="all, delete-orphan")

    __table_args__ = (UniqueConstraint("reference_no", "name"), Index("ix_external_document_effective_from", "effective_from"))

    listing = ("reference_no", "name", "kind", "issuer", "effective_from", "state")
    filters = ("kind",)
    searched = ("reference_no", "name", "issuer")
    spelled = ("name",)
    sections = {
        "basics": ("reference_no", "name", "kind", "issuer", "published_on", "effective_from", "note"),
        "affects": (),
        "end": ("ended_on",),
    }
    fixed = ("ended_on",)
    lines = (Lines("affects", "affects"),)
    workflow = Workflow(
        states=(
            State("coming", writes=("basics", "affects")),
            State("in_force", requires=("effective_from",)),
            State("ended", requires=("ended_on",), ends=True),
        ),
        transitions=(
            Transition("take_effect", "coming", "in_force", by=KEEPERS, fields=("effective_from",)),
            Transition("end", ("coming", "in_force"), "ended", by=KEEPERS, fields=("ended_on",), reason=True),
        ),
    )

    def __str__(self) -> str:
        return self.name

    @property
    def hint(self) -> str:
        return self.reference_no


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
