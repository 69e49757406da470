"""The pass that mails notices: a minute after they were sent or reminded, again later where the server did not take them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from aftersales.labels import speaking
from aftersales.recalls.choices import NoticeWay
from aftersales.recalls.notice import EMAIL, RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.record.notices import ChannelDown, ChannelError
from aftersales.record.now import now

CLAIM = timedelta(minutes=5)
MOST_ATTEMPTS = 6
A_PASS = 200


@dataclass(frozen=True)
class Letter:
    """What the channel of e-mail takes; its id and time make the message id, the same at each attempt."""

    id: str
    subject: str
    body: str
    url: str
    created_at: datetime
    is_urgent: bool = True


def mail_notices(session: Session, limit: int = A_PASS) -> int:
    """Mail what is due and return how many went out. Each is claimed first and committed after, so two runners send none twice."""
    due = select(RecallNotice.id).where(RecallNotice.mail_due_at <= now()).order_by(RecallNotice.mail_due_at).limit(limit)
    ids = session.scalars(due).all()
    session.commit()
    count = 0
    with speaking("zh"):
        for notice_id in ids:
            try:
                count += _mail(session, notice_id)
            except ChannelDown:
                break
    return count


def _mail(session: Session, notice_id: int) -> bool:
    chosen = select(RecallNotice).where(RecallNotice.id == notice_id, RecallNotice.mail_due_at <= now())
    beside = joinedload(RecallNotice.recall).joinedload(Recall.model), joinedload(RecallNotice.customer)
    notice = session.scalars(chosen.options(*beside).with_for_update(of=RecallNotice, skip_locked=True)).one_or_none()
    channel = current_app.extensions["channels"].get(EMAIL)
    if notice is None or notice.recall.is_mock:
        session.commit()
        return False
    letter, address = letter_of(notice), notice.mail_to
    notice.mail_due_at, notice.mail_attempts = now() + CLAIM, notice.mail_attempts + 1
    session.commit()
    try:
        if channel is None:
            raise ChannelError("no mail server is configured any longer")
        channel.send(letter, address)
    except ChannelError as error:
        _note_failure(notice, error)
        session.commit()
        if isinstance(error, ChannelDown):
            raise
        return False
    notice.mailed_at, notice.mail_due_at, notice.mail_error = now(), None, None
    session.commit()
    return True


def _note_failure(notice: RecallNotice, error: ChannelError) -> None:
    """After the last attempt it is a letter again: somebody has to print it."""
    notice.mail_error = str(error)[:250]
    notice.mail_due_at = now() + timedelta(minutes=2**notice.mail_attempts)
    if notice.mail_attempts >= MOST_ATTEMPTS:
        notice.mail_due_at, notice.way = None, NoticeWay.letter


def letter_of(notice: RecallNotice) -> Letter:
    """The four contents of art. 15 and the link to confirm."""
    recall = notice.recall
    names = {"model": str(recall.model), "number": notice.number}
    body = "\n\n".join(
        (
            _("%(customer)s:", customer=notice.customer.name),
            _("Product: %(model)s, %(n)s units (listed behind the link).", model=str(recall.model), n=notice.unit_count),
            _("Reason: %(text)s", text=recall.cause_brief), _("What we ask of you: %(text)s", text=recall.demands),
            _("How it is handled: %(text)s", text=recall.instructions),
            _("Please confirm the receipt and say how many of the units you found:"),
        )
    )  # fmt: skip
    reminder = f"-{notice.reminder_count}" if notice.reminder_count else ""
    subject = _("Recall notice %(number)s: %(model)s", **names)
    return Letter(f"recall-{notice.id}{reminder}", subject, body, f"/r/{notice.token}", notice.sent_at)
