"""A controlled document: its number, who keeps it, what it governs and who has to read it. Its text stands in its versions."""

from datetime import datetime
from enum import StrEnum, auto

from flask import g
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from aftersales.columns import Day, LongText, Name
from aftersales.extensions import db
from aftersales.labels import language
from aftersales.record.base import SharedRecord
from aftersales.record.references import reference
from aftersales.record.words import Lines
from aftersales.rights import written_by
from aftersales.roles import Role


class DocumentKind(StrEnum):
    procedure = auto()
    work_instruction = auto()
    record_form = auto()


def offered_types() -> list[tuple[str, str]]:
    from aftersales.registration import record_types

    return [(cls.__name__, cls.label()) for cls in dict.fromkeys(record_types()) if cls.parent is None]


def offered_roles() -> list[tuple[str, str]]:
    from flask_appbuilder.security.sqla.models import Role as StoredRole

    from aftersales.security.matrix import role_words

    if "role_names" not in g:  # once a request: a page words each row by what is offered
        g.role_names = list(db.session.scalars(select(StoredRole.name).order_by(StoredRole.id)))
    return [(name, role_words(name)) for name in g.role_names]


class ControlledDocument(SharedRecord):
    """One document through all its versions, known by the company's own number ("AS-QP-03")."""

    access = written_by(Role.quality, Role.manager)

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[Name]
    name_en: Mapped[str | None] = mapped_column(String(120))
    kind: Mapped[DocumentKind]
    office: Mapped[str | None] = mapped_column(String(120))
    review_every_months: Mapped[int] = mapped_column(default=12)
    next_review_on: Mapped[Day | None]
    revise_since: Mapped[datetime | None]
    revise_why: Mapped[LongText | None]

    scopes: Mapped[list["DocumentScope"]] = relationship(
        back_populates="document", order_by="DocumentScope.id", cascade="all, delete-orphan"
    )
    readers: Mapped[list["DocumentReader"]] = relationship(
        back_populates="document", order_by="DocumentReader.id", cascade="all, delete-orphan"
    )

    __table_args__ = (Index("ix_controlled_document_revise_since", "revise_since"),)

    listing = ("code", "name", "kind", "office", "next_review_on", "revise_since")
    filters = ("kind", "next_review_on", "revise_since")
    searched = ("code", "name", "name_en")
    spelled = ("name",)
    sections = {
        "basics": ("code", "name", "name_en", "kind", "office"),
        "scope": (),
        "reading": (),
        "review": ("review_every_months", "next_review_on", "revise_since", "revise_why"),
    }
    fixed = ("next_review_on", "revise_since", "revise_why")
    lines = (Lines("scopes", "scope"), Lines("readers", "reading"))

    def __str__(self) -> str:
        return self.code

    @property
    def hint(self) -> str:
        return self.name_en if language() == "en" and self.name_en else self.name

    @property
    def latest(self) -> "DocumentVersion | None":  # noqa: F821 — beside, in version.py
        """The version a new one starts from: that in force, else the newest."""
        from aftersales.documents.version import latest_of

        return latest_of(object_session(self) or db.session, self)


class DocumentScope(SharedRecord):
    """A record type that the document governs: its records print which version held, its rules' changes call for a revision."""

    parent = "document"

    document_id: Mapped[int] = mapped_column(ForeignKey("controlled_document.id"))
    record_type: Mapped[str] = mapped_column(String(64))

    document: Mapped[ControlledDocument] = reference(back_populates="scopes")

    __table_args__ = (UniqueConstraint("document_id", "record_type"), Index("ix_document_scope_record_type", "record_type"))

    listing = ("record_type",)
    sections = {"basics": ("record_type",)}
    offers = {"record_type": offered_types}

    def __str__(self) -> str:
        return dict(offered_types()).get(self.record_type, self.record_type)


class DocumentReader(SharedRecord):
    """A role whose people have to read and understand each version before it takes effect."""

    parent = "document"

    document_id: Mapped[int] = mapped_column(ForeignKey("controlled_document.id"))
    role_name: Mapped[str] = mapped_column(String(64))

    document: Mapped[ControlledDocument] = reference(back_populates="readers")

    __table_args__ = (UniqueConstraint("document_id", "role_name"),)

    listing = ("role_name",)
    sections = {"basics": ("role_name",)}
    offers = {"role_name": offered_roles}

    def __str__(self) -> str:
        return dict(offered_roles()).get(self.role_name, self.role_name)
