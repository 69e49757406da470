"""The paper original: who asks to borrow it or for a copy, who approved, when it is due back, and where it is now."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.archives.entry import KEEPERS, WITH_PAPER, ArchiveEntry
from aftersales.columns import Day, Name, ShortText
from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule, RuleKind, Unit
from aftersales.record.display import words
from aftersales.record.now import CHINA, now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.waiting import answer_maker, ask_next

ASKERS = (Role.administrator, Role.intake, Role.dispatcher, Role.engineer, Role.technical_support, Role.regulatory, Role.sales, *KEEPERS)
MILESTONE = "return_paper"


class PaperUse(StrEnum):
    """What the paper is wanted for: to be taken away and brought back, or to be copied."""

    lend = auto()
    copy = auto()


class PaperRequest(Record):
    """One request for one paper original. Approved by another person than the one who asks; what is lent has to come back by its day."""

    prefix = "PR"
    access = written_by(*ASKERS)

    entry_id: Mapped[int] = mapped_column(ForeignKey("archive_entry.id"))
    use: Mapped[PaperUse]
    purpose: Mapped[ShortText]
    wanted_until: Mapped[Day | None]
    asked_by: Mapped[str] = mapped_column(String(120))
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    received_by: Mapped[Name | None]
    handed_out_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]

    entry: Mapped[ArchiveEntry] = reference()

    __table_args__ = (
        CheckConstraint("use <> 'lend' OR wanted_until IS NOT NULL", name="wanted_until"),
        CheckConstraint("handed_out_at <= returned_at", name="returned_at"),
        Index("ix_paper_request_entry_id", "entry_id"),
        Index(
            "uq_paper_request_out_entry_id", "entry_id", unique=True,
            postgresql_where=text("state = 'handed_out'"), sqlite_where=text("state = 'handed_out'"),
        ),
    )  # fmt: skip

    listing = ("number", "entry", "use", "purpose", "wanted_until", "asked_by", "handed_out_at", "returned_at", "state")
    filters = ("region_id", "state", "use", "entry_id")
    searched = ("number", "entry.number", "entry.record_number", "purpose", "asked_by", "received_by")
    about_from = ("entry",)
    among = {"entry_id": WITH_PAPER}
    sections = {
        "request": ("entry_id", "use", "purpose", "wanted_until", "asked_by"),
        "approval": ("approved_by", "approved_at"),
        "handing": ("received_by", "handed_out_at", "returned_at"),
    }
    fixed = ("region_id", "asked_by", "approved_by", "approved_at", "received_by", "handed_out_at", "returned_at")
    workflow = Workflow(
        states=(
            State("requested", writes=("request",)),
            State("approved", requires=("approved_by", "approved_at")),
            State("handed_out", requires=("approved_by", "received_by", "handed_out_at")),
            State("returned", requires=("returned_at",), ends=True),
            State("copied", requires=("approved_by", "received_by", "handed_out_at"), ends=True),
            State("refused", ends=True),
        ),
        transitions=(
            Transition("approve", "requested", "approved", by=KEEPERS, apart_from=("create",)),
            Transition("refuse", ("requested", "approved"), "refused", by=KEEPERS, reason=True),
            Transition("hand_out", "approved", "handed_out", by=KEEPERS, fields=("received_by",)),
            Transition("give_copy", "approved", "copied", by=KEEPERS, fields=("received_by",)),
            Transition("take_back", "handed_out", "returned", by=KEEPERS),
        ),
    )
    clocks = (Clock(MILESTONE, starts="handed_out_at", stops="returned_at"),)

    @property
    def hint(self) -> str:
        return f"{self.entry.record_number} · {self.asked_by}"

    @property
    def about(self) -> str:
        return f"{self.entry} · {self.entry.title}"

    def on_create(self) -> None:
        self.asked_by = current_actor().name
        self.region_id = self.entry.region_id
        self.on_change()
        self._refuse_second_loan()
        object_session(self).flush()  # the notice names it by its number
        ask_next(self, "approve")

    def on_change(self) -> None:
        if self.use is PaperUse.lend and self.wanted_until is None:
            raise Refusal(_("Say until when it is wanted."), field="wanted_until")
        if self.wanted_until is not None and self.state in (None, "requested") and self.wanted_until < today():
            raise Refusal(_("Choose today or a later day."), field="wanted_until")
        self._refuse_without_paper()

    def check_approve(self) -> None:
        self._refuse_without_paper()
        self._refuse_second_loan()

    def on_approve(self) -> None:
        self.approved_by, self.approved_at = current_actor().name, now()

    def after_approve(self, reason: str) -> None:
        answer_maker(self, "approve")

    def after_refuse(self, reason: str) -> None:
        answer_maker(self, "refuse", reason)

    def check_hand_out(self) -> None:
        if self.use is not PaperUse.lend:
            raise Refusal(_("A copy was asked for: give the copy."))
        self._refuse_unless_in_place()

    def check_give_copy(self) -> None:
        if self.use is not PaperUse.copy:
            raise Refusal(_("The original was asked for: hand it out."))
        self._refuse_unless_in_place()

    def on_hand_out(self) -> None:
        self.handed_out_at = now()

    on_give_copy = on_hand_out

    def on_take_back(self) -> None:
        self.returned_at = now()

    def promises(self, milestone: str) -> Iterator[Rule]:
        """Back by the day that was asked for, where that is sooner than the company's own term."""
        if self.use is PaperUse.lend and self.handed_out_at is not None and self.wanted_until is not None:
            since = self.handed_out_at.astimezone(CHINA).date()
            yield Rule(
                id=self.number, milestone=MILESTONE, amount=max(0, (self.wanted_until - since).days), unit=Unit.calendar_days,
                kind=RuleKind.company, source=self.number, article="借阅申请", effective_from=since,
                label=("申请所定的归还日", "The day named in the request"),
            )  # fmt: skip

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        from aftersales.security.manager import users_with_role  # maps accounts, which name record types that are not there yet

        asker = [self.created_by_id] if self.created_by_id is not None else []
        match step:
            case 0:
                return asker
            case 1:
                return list(dict.fromkeys([*asker, *users_with_role(Role.quality, self.region_id)]))
            case 2:
                return users_with_role(Role.manager, self.region_id)
            case _:
                return []

    def _refuse_without_paper(self) -> None:
        if self.entry.state != "kept":
            raise Refusal(_("It was destroyed under %(certificate)s.", certificate=self.entry.destroyed_under), field="entry_id")
        if not self.entry.paper_place:
            raise Refusal(_("No place of a paper original is entered in this archive entry."), field="entry_id")

    def _refuse_second_loan(self) -> None:
        """A copy may be asked for meanwhile: it waits until the original is back."""
        if self.use is PaperUse.lend:
            self._refuse_while_out()

    def _refuse_unless_in_place(self) -> None:
        self._refuse_without_paper()
        self._refuse_while_out()

    def _refuse_while_out(self) -> None:
        session: Session = object_session(self) or db.session
        if (out := lent_out(session, self.entry)) is not None:
            told = {"number": out.number, "person": out.received_by, "day": words(out.wanted_until)}
            raise Refusal(_("The original is out: %(number)s, %(person)s, until %(day)s.", **told), field="entry_id")


def lent_out(session: Session, entry: ArchiveEntry) -> PaperRequest | None:
    """The request under which the original is out, if it is."""
    return lent_among(session, [entry]).get(entry.id)


def lent_among(session: Session, entries: Sequence[ArchiveEntry]) -> dict[int, PaperRequest]:
    """Of those entries of a batch whose original is out, by id, the request under which it is."""
    ids = [entry.id for entry in entries]
    with session.no_autoflush:
        out = select(PaperRequest).where(PaperRequest.entry_id.in_(ids), PaperRequest.state == "handed_out")
        return {request.entry_id: request for request in session.scalars(out)}
