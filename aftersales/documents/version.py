"""A version of a controlled document: written, reviewed, approved, read, in force, obsolete. Its text is printed when it takes effect."""

from collections.abc import Iterable
from datetime import datetime

from dateutil.relativedelta import relativedelta
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Day, Json, LongText
from aftersales.documents.document import ControlledDocument
from aftersales.documents.figures import Figures
from aftersales.documents.live import check_text, said, spoken, told
from aftersales.documents.text import figures_in, html_of
from aftersales.extensions import db
from aftersales.labels import speaking
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.waiting import answer_maker, ask_next

OPEN = ("draft", "in_review", "reviewed", "approved")
WRITERS = (Role.quality, Role.manager, Role.regulatory)


class DocumentVersion(SharedRecord):
    """One version ("A/0") of one document. `parts` keeps what its live parts said when it took effect."""

    access = written_by(*WRITERS)

    document_id: Mapped[int] = mapped_column(ForeignKey("controlled_document.id"))
    edition: Mapped[str] = mapped_column(String(20))
    is_new_issue: Mapped[bool] = mapped_column(default=False)
    summary: Mapped[LongText]
    body: Mapped[LongText]
    cites: Mapped[LongText | None]
    effective_from: Mapped[Day | None]
    author_name: Mapped[str] = mapped_column(String(120))
    reviewer_name: Mapped[str | None] = mapped_column(String(120))
    reviewed_at: Mapped[datetime | None]
    approver_name: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    in_force_at: Mapped[datetime | None]
    obsolete_at: Mapped[datetime | None]
    parts: Mapped[dict] = mapped_column(Json, default=dict, info={"told": told})

    document: Mapped[ControlledDocument] = reference()
    questions: Mapped[list["ReadingQuestion"]] = relationship(
        back_populates="document_version", order_by="ReadingQuestion.id", cascade="all, delete-orphan"
    )

    __table_args__ = (UniqueConstraint("document_id", "edition"),)

    listing = ("document", "edition", "summary", "effective_from", "author_name", "approver_name", "state")
    filters = ("document_id",)
    searched = ("document.code", "document.name", "edition", "summary")
    about_from = captioned_by = ("document",)
    fills = {"document_id": {"body": "latest.body", "cites": "latest.cites"}}
    sections = {
        "content": ("document_id", "edition", "is_new_issue", "summary", "cites"),
        "text": ("body",),
        "questions": (),
        "release": (
            "author_name", "reviewer_name", "reviewed_at", "approver_name", "approved_at", "effective_from", "in_force_at", "obsolete_at",
        ),
    }  # fmt: skip
    fixed = (
        "edition", "author_name", "reviewer_name", "reviewed_at", "approver_name", "approved_at", "effective_from", "in_force_at",
        "obsolete_at",
    )  # fmt: skip
    unseen = frozenset({"parts"})
    lines = (Lines("questions", "questions"),)
    workflow = Workflow(
        states=(
            State("draft", writes=("content", "text", "questions")),
            State("in_review"),
            State("reviewed", requires=("reviewer_name", "reviewed_at")),
            State("approved", requires=("reviewer_name", "approver_name", "approved_at", "effective_from")),
            State("effective", requires=("reviewer_name", "approver_name", "effective_from", "in_force_at"), seals=True),
            State("obsolete", requires=("obsolete_at",), seals=True, ends=True),
            State("dropped", ends=True),
        ),
        transitions=(
            Transition("submit", "draft", "in_review", by=WRITERS),
            Transition("review", "in_review", "reviewed", by=WRITERS, apart_from=("create", "update", "submit")),
            Transition(
                "approve", "reviewed", "approved", by=(Role.quality, Role.manager), fields=("effective_from",),
                apart_from=("create", "update", "submit", "review"), signs=Signing("document_approval", Meaning.staff, ("content", "text")),
            ),
            Transition("put_in_force", "approved", "effective", by=(Role.quality, Role.manager)),
            Transition("send_back", ("in_review", "reviewed", "approved"), "draft", by=WRITERS, reason=True),
            Transition("retire", "effective", "obsolete", by=(Role.quality, Role.manager), reason=True),
            Transition("drop", OPEN, "dropped", by=(Role.quality, Role.manager), reason=True),
        ),
    )  # fmt: skip
    documents = (Document("controlled_document", "QR-WJ-01", "A/0"),)

    def __str__(self) -> str:
        return f"{self.document.code} {self.edition}"

    @property
    def hint(self) -> str:
        return self.document.hint

    def printed(self) -> tuple[Document, ...]:
        return (Document("controlled_document", self.document.code, self.edition),)

    @property
    def void_since(self) -> datetime | None:
        return self.obsolete_at

    @property
    def is_settled(self) -> bool:
        """What takes effect is word for word what was reviewed, approved and read."""
        return self.state in ("in_review", "reviewed", "approved")

    def public_facts(self) -> dict[str, str]:
        return {"document": f"{self.document.code} {self.document.name}", "edition": self.edition}

    def html(self) -> str:
        """The text, its live parts filled in with what they say today."""
        session: Session = object_session(self)
        return html_of(self.body, lambda part: said(session, part), self.figures().uri)

    def figures(self) -> Figures:
        """Its own and those of the versions before it."""
        upto = select(DocumentVersion.id).where(DocumentVersion.document_id == self.document_id, DocumentVersion.id <= self.id)
        return Figures(object_session(self), upto)

    def cited(self) -> list[str]:
        return [line.strip() for line in (self.cites or "").splitlines() if line.strip()]

    def earlier(self) -> list["DocumentVersion"]:
        """What its revision history tells: itself and the versions before it that ever took effect, the oldest first."""
        versions = versions_of(object_session(self), self.document)
        return [version for version in reversed(versions) if version.id == self.id or (version.in_force_at and version.id < self.id)]

    def on_create(self) -> None:
        session = object_session(self) or db.session
        with session.no_autoflush:
            before = versions_of(session, self.document)
        unfinished = next((version for version in before if version.state in OPEN), None)
        if unfinished is not None:
            raise Refusal(_("%(version)s is not finished yet.", version=str(unfinished)), field="document_id")
        used = [version.edition for version in before]
        self.edition = next_edition(used, self.is_new_issue)
        self.author_name = current_actor().name
        latest = next((version for version in before if version.state == "effective"), None)
        if latest is not None and not self.questions:
            self.questions = [question.copied() for question in latest.questions]
        self.on_change()

    def on_change(self) -> None:
        check_text(self.body or "", "body")

    def check_submit(self) -> None:
        if not self.questions:
            raise Refusal(_("Write at least one question of the reading test."))
        figures = self.figures()
        if missing := next((name for name in figures_in(self.body) if name not in figures.named), None):
            raise Refusal(_("No picture “%(name)s” is filed on this version.", name=missing))

    def on_submit(self) -> None:
        if self.created_by_id is None:  # it came with the product: whoever submits it for the company answers for it as its author
            self.author_name = current_actor().name

    def after_submit(self, reason: str) -> None:
        ask_next(self, "review")

    def on_review(self) -> None:
        self.reviewer_name, self.reviewed_at = current_actor().name, now()

    def after_review(self, reason: str) -> None:
        ask_next(self, "approve")

    def on_approve(self) -> None:
        if self.effective_from is not None and self.effective_from < today():
            raise Refusal(_("A version takes effect today or later."), field="effective_from")
        self.approver_name, self.approved_at = current_actor().name, now()

    def after_approve(self, reason: str) -> None:
        from aftersales.documents.reading import ask_readers

        ask_readers(object_session(self), self)

    def on_send_back(self) -> None:
        self.reviewer_name = self.reviewed_at = self.approver_name = self.approved_at = None

    def after_send_back(self, reason: str) -> None:
        self.after_drop(reason)
        answer_maker(self, "send_back", reason)

    def after_drop(self, reason: str) -> None:
        from aftersales.documents.reading import drop_readings

        drop_readings(object_session(self), self, reason)

    def check_put_in_force(self) -> None:
        from aftersales.documents.reading import unread_by

        if self.effective_from is not None and self.effective_from > today():
            raise Refusal(_("It takes effect on %(day)s.", day=self.effective_from.isoformat()))
        if missing := unread_by(object_session(self), self, limit=6):
            names = "、".join(missing[:5]) + ("…" if len(missing) > 5 else "")
            raise Refusal(_("Not read and understood yet by %(names)s.", names=names))

    def on_put_in_force(self) -> None:
        self.in_force_at = now()
        if self.effective_from < today():  # it was held back: the paper tells the day from which it was really followed
            self.effective_from = today()
        with speaking("zh"):
            self.parts = spoken(object_session(self), self.body)

    def after_put_in_force(self, reason: str) -> None:
        session: Session = object_session(self)
        for other in versions_of(session, self.document):
            if other.id != self.id and other.state == "effective":
                perform(other, "retire", reason=_("Superseded by %(edition)s.", edition=self.edition))
        self.document.next_review_on = today() + relativedelta(months=self.document.review_every_months)
        self.document.revise_since = self.document.revise_why = None
        self.document._audit_reason = _("%(version)s took effect.", version=str(self))

    def on_retire(self) -> None:
        self.obsolete_at = now()

    def after_retire(self, reason: str) -> None:
        from aftersales.documents.copies import call_back

        call_back(object_session(self), self, reason)


class ReadingQuestion(SharedRecord):
    """One question of the reading test, with up to four answers of which one is right."""

    parent = "document_version"

    document_version_id: Mapped[int] = mapped_column(ForeignKey("document_version.id"))
    text: Mapped[LongText]
    answer_a: Mapped[str] = mapped_column(String(250))
    answer_b: Mapped[str] = mapped_column(String(250))
    answer_c: Mapped[str | None] = mapped_column(String(250))
    answer_d: Mapped[str | None] = mapped_column(String(250))
    right: Mapped[str] = mapped_column(String(1))
    why: Mapped[LongText | None]

    document_version: Mapped[DocumentVersion] = reference(back_populates="questions")

    __table_args__ = (Index("ix_reading_question_document_version_id", "document_version_id"),)

    listing = ("text",)
    sections = {"basics": ("text", "answer_a", "answer_b", "answer_c", "answer_d", "right", "why")}
    offers = {"right": lambda: [(letter, letter.upper()) for letter in "abcd"]}

    def __str__(self) -> str:
        return self.text

    @classmethod
    def may_tell(cls, name: str) -> bool:
        """The right answers are for those who write them: everybody else takes the test."""
        return name not in ("right", "why") or current_actor().can("can_write", cls.permission_name())

    def answers(self) -> Iterable[tuple[str, str]]:
        """The answers there are, by their letter."""
        return [(letter, text) for letter in "abcd" if (text := getattr(self, f"answer_{letter}"))]

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.right not in dict(self.answers()):
            raise Refusal(_("There is no such answer."), field="right")

    def copied(self) -> "ReadingQuestion":
        names = ("text", "answer_a", "answer_b", "answer_c", "answer_d", "right", "why")
        return ReadingQuestion(**{name: getattr(self, name) for name in names})


def versions_of(session: Session, document: ControlledDocument) -> list[DocumentVersion]:
    """All versions, the newest first: a document has a few dozen in its life."""
    return list(
        session.scalars(
            select(DocumentVersion).where(DocumentVersion.document_id == document.id).order_by(DocumentVersion.id.desc()).limit(200)
        )
    )


def latest_of(session: Session, document: ControlledDocument) -> DocumentVersion | None:
    versions = versions_of(session, document)
    return next((version for version in versions if version.state == "effective"), next(iter(versions), None))


def next_edition(used: list[str], is_new_issue: bool) -> str:
    """A/0, A/1 … and B/0 with a new issue: the letter tells the issue, the number its changes. `used`: the newest first."""
    if not used:
        return "A/0"
    letter, number = max((edition.partition("/")[0], int(edition.partition("/")[2])) for edition in used)
    return f"{chr(ord(letter) + 1)}/0" if is_new_issue else f"{letter}/{number + 1}"
