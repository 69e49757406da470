"""The yearly self-inspection as a record (R53 art. 45): each item with the evidence as of a time, the finding and what is done about it.

Drafted by one person, reviewed by another, approved by a third, and sealed. What the program told is kept in Chinese, as it is printed.
"""

from collections import Counter
from datetime import datetime
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Day, LongText, ShortText
from aftersales.extensions import db
from aftersales.labels import has_label, label, speaking
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.selfcheck.evidence import Standing, standings
from aftersales.selfcheck.items import SHORT, SOURCES, Item, items

WRITERS = (Role.quality, Role.regulatory)
DECIDERS = (Role.quality, Role.regulatory, Role.manager)


class Verdict(StrEnum):
    conforms = auto()
    partly = auto()
    does_not_conform = auto()
    not_applicable = auto()


class SelfInspection(SharedRecord):
    """The self-inspection of one year."""

    prefix = "SI"
    access = read_by(*DECIDERS, Role.administrator, writers=WRITERS)

    year: Mapped[int] = mapped_column(unique=True)
    team: Mapped[ShortText | None]
    summary: Mapped[LongText | None]
    conclusion: Mapped[LongText | None]
    as_of: Mapped[datetime | None]
    drafted_by: Mapped[str] = mapped_column(String(120))
    reviewed_by: Mapped[str | None] = mapped_column(String(120))
    reviewed_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]

    answers: Mapped[list["SelfInspectionItem"]] = relationship(
        back_populates="report", order_by="SelfInspectionItem.rank", cascade="all, delete-orphan"
    )

    __table_args__ = (CheckConstraint("year BETWEEN 2000 AND 2200", name="year"),)

    listing = ("number", "year", "team", "as_of", "approved_by", "approved_at", "state")
    filters = ("state", "year")
    searched = ("number", "team", "summary")
    sections = {
        "basics": ("year", "team", "summary"),
        "items": (),
        "conclusion": ("conclusion",),
        "release": ("as_of", "drafted_by", "reviewed_by", "reviewed_at", "approved_by", "approved_at"),
    }
    fixed = sections["release"]
    lines = (Lines("answers", "items"),)
    workflow = Workflow(
        states=(
            State("draft", writes=("basics", "items", "conclusion")),
            State("submitted", requires=("as_of", "conclusion")),
            State("reviewed", requires=("as_of", "reviewed_by", "reviewed_at")),
            State("approved", requires=("as_of", "reviewed_by", "approved_by", "approved_at"), seals=True),
        ),
        transitions=(
            Transition("submit", "draft", "submitted", by=WRITERS),
            Transition("review", "submitted", "reviewed", by=DECIDERS, apart_from=("create", "submit")),
            Transition(
                "approve", "reviewed", "approved", by=DECIDERS, apart_from=("create", "submit", "review"),
                signs=Signing("self_inspection_approval", Meaning.staff, ("basics", "items", "conclusion")),
            ),
            Transition("send_back", ("submitted", "reviewed"), "draft", by=DECIDERS, reason=True),
            Transition("reopen", "approved", "draft", by=WRITERS, reason=True),
        ),
    )  # fmt: skip
    documents = (Document("self_inspection", "QR-ZC-01", "A/0"),)

    @property
    def hint(self) -> str:
        return str(self.year)

    def counted(self) -> list[tuple[str, str]]:
        """How many items were judged how, in words, as the report is printed."""
        judged = Counter(answer.verdict for answer in self.answers)
        told = [(label(f"verdict.{verdict}"), str(judged[verdict])) for verdict in Verdict]
        return told if None not in judged else [*told, (_("not judged yet"), str(judged[None]))]

    @property
    def sources(self) -> list[str]:
        """What the articles are cited from: short as beside the items, and in full."""
        return [f"{SHORT[source]}　{title}" for source, title in SOURCES.items()]

    def public_facts(self) -> dict[str, str | int]:
        return {"number": self.number, "form": self.documents[0].form_no, "year": self.year}

    def on_create(self) -> None:
        if not 2000 <= self.year <= today().year:
            raise Refusal(_("A year that has begun."), field="year")
        self.drafted_by = current_actor().name
        self.answers = [SelfInspectionItem(code=item.code, rank=place) for place, item in enumerate(items(), 1)]
        self.take_evidence()

    def take_evidence(self) -> None:
        """What the program holds now, into each item that is still there; a finding that nobody wrote yet begins with its gaps."""
        session: Session = object_session(self) or db.session
        with session.no_autoflush, speaking("zh"):
            told = {standing.item.code: standing for standing in standings(session, self.year)}
        for answer in self.answers:
            if answer.code in told:
                answer.take(told[answer.code])
        self.as_of = now()

    def check_submit(self) -> None:
        open_ones = [answer.title for answer in self.answers if answer.verdict is None]
        if open_ones:
            raise Refusal(_("Not judged yet: %(items)s", items="、".join(open_ones[:5]) + ("…" if len(open_ones) > 5 else "")))
        for answer in self.answers:
            is_flawed = answer.verdict in (Verdict.partly, Verdict.does_not_conform) or (answer.verdict is Verdict.conforms and answer.gaps)
            if is_flawed and not (answer.finding and answer.correction):
                raise Refusal(_("%(item)s: say what was found, and what is done about it.", item=answer.title))

    def on_review(self) -> None:
        self.reviewed_by, self.reviewed_at = current_actor().name, now()

    def on_approve(self) -> None:
        self.approved_by, self.approved_at = current_actor().name, now()


def offered_items() -> list[tuple[str, str]]:
    return [(item.code, label(f"selfcheck_item.{item.code}")) for item in items()]


class SelfInspectionItem(SharedRecord):
    """One item of a report. `code` is that of items.toml; its words and articles are kept as they were."""

    parent = "report"

    report_id: Mapped[int] = mapped_column(ForeignKey("self_inspection.id"))
    rank: Mapped[int]
    code: Mapped[str] = mapped_column(String(40))
    articles: Mapped[str | None] = mapped_column(String(250))
    demand: Mapped[LongText | None]
    evidence: Mapped[LongText | None]
    gaps: Mapped[LongText | None]
    absent: Mapped[ShortText | None]
    verdict: Mapped[Verdict | None]
    finding: Mapped[LongText | None]
    correction: Mapped[LongText | None]
    in_charge: Mapped[ShortText | None]
    due_on: Mapped[Day | None]

    report: Mapped[SelfInspection] = reference(back_populates="answers")

    __table_args__ = (UniqueConstraint("report_id", "code"),)

    listing = ("code", "verdict", "finding", "correction", "in_charge", "due_on")
    sections = {
        "item": ("rank", "code", "articles", "demand", "evidence", "gaps", "absent"),
        "answer": ("verdict", "finding", "correction", "in_charge", "due_on"),
    }
    fixed = sections["item"]
    offers = {"code": offered_items}

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        key = f"selfcheck_item.{self.code}"
        return label(key) if has_label(key) else self.code

    @property
    def item(self) -> Item | None:
        return next((item for item in items() if item.code == self.code), None)

    @property
    def why_kept(self) -> str:
        return _("The items of a self-inspection stay.")

    def on_create(self) -> None:
        raise Refusal(_("The items come with the report."))

    def take(self, standing: Standing) -> None:
        self.articles, self.demand, self.absent = standing.item.cited[:250], standing.item.text, standing.absent or None
        self.evidence = "\n".join(told.text for told in standing.evidence) or None
        earlier, self.gaps = self.gaps, "\n".join(told.text for told in standing.gaps) or None
        if self.finding in (None, "", earlier):
            self.finding = self.gaps
        self.in_charge = self.in_charge or "、".join(standing.people)[:250] or None
