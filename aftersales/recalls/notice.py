"""The notice to one customer (art. 15): sent how and by whom, reminded, and who at the customer says that it arrived."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, UniqueConstraint, exists, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, object_session

from aftersales.columns import LongText, ShortText
from aftersales.customers.customer import Customer, CustomerContact
from aftersales.devices.device import Device
from aftersales.recalls.choices import NoticeWay
from aftersales.recalls.recall import Recall
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

TELLERS = (Role.regulatory, Role.quality, Role.dispatcher, Role.intake, Role.sales, Role.engineer)
EMAIL = "email"
PRINTED = 400  # units on one letter; further ones are told by their number
UNTOLD = ("to_send", "sent")
REMIND_AFTER = timedelta(hours=1)  # twice within the hour is a slip of the finger


class RecallNotice(Record):
    """One customer, told of the units that the lists `after_list` + 1 to `list_no` have there. Told is who confirmed it."""

    prefix = "RN"
    made_by_hand = False
    access = written_by(*TELLERS)

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    after_list: Mapped[int]
    list_no: Mapped[int]
    unit_count: Mapped[int]
    way: Mapped[NoticeWay | None]
    mail_to: Mapped[str | None] = mapped_column(String(120))
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[str | None] = mapped_column(String(120))
    mail_due_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    mail_attempts: Mapped[int] = mapped_column(default=0)
    mail_error: Mapped[ShortText | None]
    reminded_at: Mapped[datetime | None]
    reminder_count: Mapped[int] = mapped_column(default=0)
    token: Mapped[str | None] = mapped_column(String(32), unique=True)
    confirmed_name: Mapped[str | None] = mapped_column(String(60))
    confirmed_at: Mapped[datetime | None]
    confirmed_how: Mapped[ShortText | None]
    found_count: Mapped[int | None]
    answer: Mapped[LongText | None]
    attempts: Mapped[LongText | None]
    explanation: Mapped[LongText | None]

    recall: Mapped[Recall] = reference()
    customer: Mapped[Customer] = reference()

    __table_args__ = (
        UniqueConstraint("recall_id", "customer_id", "list_no"),
        CheckConstraint("found_count >= 0", name="found_count"),
        Index("ix_recall_notice_recall_id_region_id_state", "recall_id", "region_id", "state"),
        Index("ix_recall_notice_customer_id", "customer_id"),
        Index("ix_recall_notice_mail_due_at", "mail_due_at"),
    )

    listing = ("number", "recall", "customer", "unit_count", "way", "sent_at", "reminded_at", "confirmed_at", "state")
    filters = ("recall_id", "region_id", "state", "customer_id", "way", "sent_at")
    searched = ("number", "customer.name", "recall.number")
    about_from = ("recall", "customer")
    sections = {
        "notice": ("recall_id", "customer_id", "after_list", "list_no", "unit_count"),
        "sending": (
            "way", "mail_to", "sent_at", "sent_by", "mailed_at", "mail_attempts", "mail_due_at", "mail_error", "reminded_at",
            "reminder_count",
        ),
        "receipt": ("confirmed_name", "confirmed_at", "confirmed_how", "found_count", "answer"),
        "not_reached": ("attempts", "explanation"),
    }  # fmt: skip
    fixed = ("region_id", *(name for names in sections.values() for name in names))
    unseen = frozenset({"token"})
    personal = ("mail_to", "confirmed_name")
    workflow = Workflow(
        states=(
            State("to_send"),
            State("sent", requires=("way", "sent_at", "sent_by")),
            State("confirmed", requires=("confirmed_name", "confirmed_at", "confirmed_how"), ends=True),
            State("not_reached", requires=("attempts", "explanation"), ends=True),
        ),
        transitions=(
            Transition("send", "to_send", "sent", by=TELLERS, fields=("way",), found=("way",), alike=True),
            Transition("remind", "sent", "sent", by=TELLERS),
            Transition("confirm", "sent", "confirmed", by=TELLERS, fields=("confirmed_name", "confirmed_how", "found_count", "answer")),
            Transition("give_up", UNTOLD, "not_reached", by=(Role.quality, Role.regulatory), fields=("attempts", "explanation")),
            Transition("send_again", ("confirmed", "not_reached"), "to_send", by=(Role.quality, Role.regulatory), reason=True),
        ),
    )
    documents = (Document("recall_notice", "QR-ZH-05", "A/0", goes_out=True),)

    @property
    def hint(self) -> str:
        return str(self.customer)

    @property
    def about(self) -> str:
        return f"{self.customer} · {self.recall} {self.recall.subject}"

    @property
    def stays_inside(self) -> bool:
        return self.recall.is_mock

    def units(self) -> Select[tuple[RecallUnit]]:
        """What the notice is about, as it was when the lists were frozen."""
        mine = RecallUnit.recall_id == self.recall_id, RecallUnit.customer_id == self.customer_id
        within = RecallUnit.list_no > self.after_list, RecallUnit.list_no <= self.list_no
        chosen = select(RecallUnit).where(*mine, *within).order_by(RecallUnit.serial_no, RecallUnit.id)
        return chosen.options(joinedload(RecallUnit.device).joinedload(Device.model))

    def printed_units(self) -> list[RecallUnit]:
        return list(object_session(self).scalars(self.units().limit(PRINTED)))

    @property
    def implanted_count(self) -> int:
        """How many of its units are in patients now."""
        from aftersales.recalls.implanted import implanted_among

        mine = RecallUnit.recall_id == self.recall_id, RecallUnit.customer_id == self.customer_id
        return implanted_among(object_session(self), *mine, RecallUnit.list_no > self.after_list, RecallUnit.list_no <= self.list_no)

    @property
    def link(self) -> str:
        return f"{current_app.config['BASE_URL']}/r/{self.token}" if self.token else ""

    def on_create(self) -> None:
        raise Refusal(_("Notices come from the frozen list."))

    def check_send(self) -> None:
        if self.recall.state != "running":
            raise Refusal(_("The recall is not running."))
        if self.way is NoticeWay.email and not self.recall.is_mock and not (can_mail() and mail_of(self)):
            raise Refusal(_("There is no address to mail to, or no mail server: send a letter."), field="way")

    def on_send(self) -> None:
        """A rehearsal marks it sent and lets nothing out: no mail, no link. Else mail goes where there is an address, or it is a letter."""
        self.sent_at, self.sent_by = now(), current_actor().name
        if self.recall.is_mock:
            self.way = NoticeWay.rehearsed
            return
        address = mail_of(self) if can_mail() else None
        self.way = self.way or (NoticeWay.email if address else NoticeWay.letter)
        if self.way is NoticeWay.rehearsed:
            raise Refusal(_("Only in a rehearsal."), field="way")
        self.token = self.token or token_urlsafe(16)
        if self.way is NoticeWay.email:
            self.mail_to, self.mail_due_at, self.mail_attempts, self.mail_error = address, now(), 0, None

    def after_send(self, reason: str) -> None:
        if self.recall.started_at is None:
            self.recall.started_at = now()

    def check_remind(self) -> None:
        if self.reminded_at is not None and now() - self.reminded_at < REMIND_AFTER:
            raise Refusal(_("The last reminder left less than an hour ago."))

    def on_remind(self) -> None:
        self.reminded_at, self.reminder_count = now(), self.reminder_count + 1
        if self.mail_to and can_mail() and not self.recall.is_mock:
            self.mail_due_at, self.mail_attempts, self.mail_error = now(), 0, None

    def check_confirm(self) -> None:
        if self.found_count is not None and not 0 <= self.found_count <= 10**6:
            raise Refusal(_("A number of units, from 0."), field="found_count")

    def on_confirm(self) -> None:
        self.confirmed_at, self.mail_due_at = now(), None
        self.confirmed_how = self.confirmed_how or _("told by our people")

    def after_confirm(self, reason: str) -> None:
        note_told(self.recall)

    def on_give_up(self) -> None:
        self.mail_due_at = None

    after_give_up = after_confirm

    def on_send_again(self) -> None:
        for name in ("confirmed_name", "confirmed_at", "confirmed_how", "found_count", "answer", "attempts", "explanation"):
            setattr(self, name, None)

    def after_send_again(self, reason: str) -> None:
        self.recall.notified_at = None


def note_told(recall: Recall) -> None:
    """The clock of the notices stops when each customer confirmed, or quality explained why one cannot be reached."""
    session: Session = object_session(recall)
    with acting_as(SYSTEM):
        waits = session.scalar(select(exists().where(RecallNotice.recall_id == recall.id, RecallNotice.state.in_(UNTOLD))))
    recall.notified_at = None if waits or recall.noticed_to < recall.list_no else recall.notified_at or now()


def can_mail() -> bool:
    return EMAIL in current_app.extensions["channels"]


def mail_of(notice: RecallNotice) -> str | None:
    """The first address among the customer's contacts."""
    session: Session = object_session(notice)
    chosen = select(CustomerContact.mail).where(CustomerContact.customer_id == notice.customer_id, CustomerContact.mail.is_not(None))
    with session.no_autoflush:
        return session.scalar(chosen.order_by(CustomerContact.id).limit(1))


def letter_facts(notice: RecallNotice) -> dict[str, Any]:
    """The four contents of art. 15, for letter, mail and public page alike."""
    recall = notice.recall
    return {"model": recall.model, "cause": recall.cause_brief, "demands": recall.demands, "instructions": recall.instructions}
