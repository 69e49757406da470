"""Destroying archived records: a list asked for by one person, approved by another, carried out by two, and told by a certificate."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.archives.entry import KEEPERS, OVER, ArchiveEntry
from aftersales.archives.hold import LegalHold, holds_among
from aftersales.archives.judging import Known, judged_now, known_for, with_judged
from aftersales.archives.paper import PaperRequest, lent_among
from aftersales.archives.retention import Term
from aftersales.archives.shredding import give_up_files
from aftersales.columns import Day, LongText, ShortText
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.attachments import attachments_of
from aftersales.record.base import Record
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.waiting import answer_maker, ask_next


class DestructionMethod(StrEnum):
    """How the paper was destroyed; what is stored is deleted besides."""

    shredded = auto()
    burnt = auto()
    pulped = auto()
    no_paper = auto()


class Destruction(Record):
    """One list. Its number is that of the certificate, which is printed and sealed when the second person has confirmed.

    Whoever asked does not approve; the two who carry it out are two people. So the one who asks never does it alone.
    """

    prefix = "DS"
    access = written_by(*KEEPERS)

    reason: Mapped[LongText]
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    method: Mapped[DestructionMethod | None]
    place: Mapped[ShortText | None]
    first_by: Mapped[str | None] = mapped_column(String(120))
    first_at: Mapped[datetime | None]
    second_by: Mapped[str | None] = mapped_column(String(120))
    second_at: Mapped[datetime | None]

    items: Mapped[list["DestructionItem"]] = relationship(
        back_populates="destruction", order_by="DestructionItem.id", cascade="all, delete-orphan"
    )

    listing = ("number", "reason", "approved_by", "first_by", "second_by", "second_at", "state")
    filters = ("region_id", "state")
    searched = ("number", "reason")
    sections = {
        "list": ("reason",),
        "items": (),
        "approval": ("approved_by", "approved_at"),
        "carrying_out": ("method", "place", "first_by", "first_at", "second_by", "second_at"),
    }
    fixed = ("approved_by", "approved_at", "method", "place", "first_by", "first_at", "second_by", "second_at")
    lines = (Lines("items", "items"),)
    workflow = Workflow(
        states=(
            State("draft", writes=("list", "items")),
            State("submitted"),
            State("approved", requires=("approved_by", "approved_at")),
            State("begun", requires=("approved_by", "method", "first_by", "first_at")),
            State(
                "carried_out", requires=("approved_by", "method", "first_by", "first_at", "second_by", "second_at"), seals=True, ends=True
            ),
            State("rejected", ends=True),
            State("withdrawn", ends=True),
        ),
        transitions=(
            Transition("submit", "draft", "submitted", by=KEEPERS),
            Transition(
                "approve", "submitted", "approved", by=KEEPERS, apart_from=("create", "submit"),
                signs=Signing("destruction_approval", Meaning.staff, ("list", "items")),
            ),
            Transition("reject", "submitted", "rejected", by=KEEPERS, reason=True),
            Transition(
                "begin", "approved", "begun", by=KEEPERS, fields=("method", "place"),
                signs=Signing("destruction_first", Meaning.staff, ("list", "items")),
            ),
            Transition(
                "confirm", "begun", "carried_out", by=KEEPERS, apart_from=("begin",),
                signs=Signing("destruction_second", Meaning.staff, ("list", "items")),
            ),
            Transition("withdraw", ("draft", "submitted", "approved", "begun"), "withdrawn", by=KEEPERS, reason=True),
        ),
    )  # fmt: skip
    documents = (Document("destruction_certificate", "QR-DA-01", "A/0"),)

    @property
    def hint(self) -> str:
        return self.reason[:60]

    @property
    def is_settled(self) -> bool:
        """What is destroyed is what was approved, record by record."""
        return self.state in ("submitted", "approved", "begun")

    def printed(self) -> tuple[Document, ...]:
        return self.documents if self.items else ()

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "records": len(self.items)}

    def photographs(self) -> list[Any]:
        return [file for file in attachments_of(object_session(self), self) if file.thumbnail]

    def check_submit(self) -> None:
        if not self.items:
            raise Refusal(_("The list is empty."))
        self._refuse_what_must_stay()

    def after_submit(self, reason: str) -> None:
        ask_next(self, "approve")

    def check_approve(self) -> None:
        self._refuse_what_must_stay()

    check_begin = check_approve

    def check_confirm(self) -> None:
        self._refuse_what_must_stay()
        if not self.photographs():
            raise Refusal(_("File a photograph of the destruction first."))

    def on_approve(self) -> None:
        self.approved_by, self.approved_at = current_actor().name, now()

    def after_approve(self, reason: str) -> None:
        answer_maker(self, "approve")

    def after_reject(self, reason: str) -> None:
        answer_maker(self, "reject", reason)

    def on_begin(self) -> None:
        self.first_by, self.first_at = current_actor().name, now()

    def after_begin(self, reason: str) -> None:
        ask_next(self, "confirm")

    def on_confirm(self) -> None:
        self.second_by, self.second_at = current_actor().name, now()

    def after_confirm(self, reason: str) -> None:
        """In one transaction: the entries are destroyed, their files are given up, the certificate is printed and sealed."""
        session: Session = object_session(self)
        with acting_as(SYSTEM):
            for item in self.items:
                give_up_files(session, item.entry, self.number)
                item.entry.destroyed_under = self.number
                perform(item.entry, "destroy", reason=_("Destroyed under %(certificate)s.", certificate=self.number))

    def _refuse_what_must_stay(self) -> None:
        session: Session = object_session(self)
        listed = select(ArchiveEntry).where(ArchiveEntry.id.in_([item.entry_id for item in self.items])).order_by(ArchiveEntry.id)
        entries = session.scalars(with_judged(listed)).all()
        if why := [f"{entry}: {text}" for entry, texts in why_they_stay(session, entries, today()) for text in texts]:
            raise Refusal("\n".join(why))


class DestructionItem(Record):
    """One archived record on the list, with what the certificate says of it for ever."""

    parent = "destruction"

    destruction_id: Mapped[int] = mapped_column(ForeignKey("destruction.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("archive_entry.id"))
    record_number: Mapped[str | None] = mapped_column(String(120))
    title: Mapped[ShortText | None]
    content_hash: Mapped[str | None] = mapped_column(String(64))
    kept_until: Mapped[Day | None]

    destruction: Mapped[Destruction] = reference(back_populates="items")
    entry: Mapped[ArchiveEntry] = reference()

    __table_args__ = (UniqueConstraint("destruction_id", "entry_id"), Index("ix_destruction_item_entry_id", "entry_id"))

    listing = ("entry", "record_number", "title", "kept_until")  # the hash is on the certificate; here it pushed the title aside
    sections = {"basics": ("entry_id", "record_number", "title", "kept_until", "content_hash")}
    fixed = ("record_number", "title", "kept_until", "content_hash")
    among = {"entry_id": OVER}

    def __str__(self) -> str:
        return f"{self.entry} {self.record_number}"

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        session = object_session(self) or db.session
        for _entry, why in why_they_stay(session, [self.entry], today()):
            raise Refusal(errors={"entry_id": why})
        if self.entry.region_id != self.destruction.region_id:
            raise Refusal(_("It is kept in another region than this list."), field="entry_id")
        self.describe()

    def describe(self) -> None:
        """Fill in what the certificate says of the record."""
        self.record_number, self.title = self.entry.record_number, self.entry.title
        self.content_hash, self.kept_until = self.entry.content_hash, self.entry.retain_until


def why_they_stay(session: Session, entries: Sequence[ArchiveEntry], day: date) -> Iterator[tuple[ArchiveEntry, list[str]]]:
    """Those of a batch that may not be destroyed on `day`, each with what forbids it: judged anew, and asked of the holds themselves."""
    with acting_as(SYSTEM):
        known = known_for(session, entries, day)
    holds, out = holds_among(session, entries), lent_among(session, entries)
    for entry in entries:
        if why := list(_why(entry, known, holds[entry.id], out.get(entry.id))):
            yield entry, why


def _why(entry: ArchiveEntry, known: Known, holds: list[LegalHold], out: PaperRequest | None) -> Iterator[str]:
    if entry.state != "kept":
        yield _("It was destroyed under %(certificate)s.", certificate=entry.destroyed_under)
        return
    with acting_as(SYSTEM):
        judgement = judged_now(entry, known)
    if judgement.term is Term.permanent:
        yield _("It is kept for ever.")
    elif not judgement.is_over(known.day):
        is_dated = judgement.term is Term.dated
        yield _("It is kept through %(day)s.", day=judgement.until) if is_dated else _("The end of its term is not known yet.")
    for hold in holds:
        yield _("It is held: %(hold)s %(matter)s.", hold=hold.number, matter=hold.matter)
    if entry.reopened_at is not None:
        yield _("Its record is open again.")
    if out is not None:
        yield _("The original is out: %(number)s, %(person)s.", number=out.number, person=out.received_by)
