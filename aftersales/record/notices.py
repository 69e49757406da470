"""Notices: one inbox per person, and deliveries to other channels. A notice with the same key is told to a person once.

The inbox row and its deliveries are written in the transaction of the event they tell of, so none is lost and none is
told of what did not happen. A delivery is claimed before it is sent and marked after; one that was killed in between is
sent again under the same message id.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from flask import current_app
from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from aftersales.columns import RowId
from aftersales.extensions import Model
from aftersales.labels import LANGUAGES, language, speaking
from aftersales.record.now import now, server_now

CLAIM = timedelta(minutes=5)
MOST_ATTEMPTS = 8


class Notice(Model):
    """One thing one person should know: a sentence in each language, where to look, whether it was read."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("user_id", "key"), Index("ix_notice_user_id_read_at_id", "user_id", "read_at", "id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    key: Mapped[str] = mapped_column(String(120))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(String(2000))
    subject_en: Mapped[str | None] = mapped_column(String(200))
    body_en: Mapped[str | None] = mapped_column(String(2000))
    url: Mapped[str] = mapped_column(String(300))
    is_urgent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    @property
    def words(self) -> tuple[str, str]:
        """Subject and body, in the reader's language."""
        if language() == "en" and self.subject_en is not None:
            return self.subject_en, self.body_en or ""
        return self.subject, self.body


class Delivery(Model):
    """One notice on its way through one channel."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("notice_id", "channel"), Index("ix_delivery_due_at", "due_at"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    channel: Mapped[str] = mapped_column(String(32))
    due_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(500), default="")

    notice: Mapped[Notice] = relationship(lazy="joined")


class Channel(Protocol):
    """A way to reach people beside the inbox: e-mail, or a group chat, which is told once what several people are told."""

    name: str
    is_shared: bool

    def send(self, notice: Notice, address: str) -> None:
        """Send it, or raise ChannelError or ChannelDown. `address` is the person's; a shared channel has its own."""


class ChannelError(Exception):
    """The channel did not take this message; it is tried again later."""


class ChannelDown(ChannelError):
    """The channel took nothing at all: the other messages wait for the next pass too."""


def tell(
    session: Session, user_ids: Collection[int], *, key: str, words: Callable[[], tuple[str, str]], url: str, is_urgent: bool = False
) -> None:
    """Put a notice into each person's inbox and on each configured channel, unless `key` was told to them before.

    `words` gives subject and body, and is asked in each language: who reads it is not who gives its cause.
    """
    said = {}
    for lang in LANGUAGES if user_ids else ():
        with speaking(lang):
            said[lang] = words()
    insert = postgresql_insert if session.connection().dialect.name == "postgresql" else sqlite_insert
    channels: dict[str, Channel] = current_app.extensions["channels"]
    told_group = False
    for user_id in dict.fromkeys(user_ids):
        (subject, body), (subject_en, body_en) = said["zh"], said["en"]
        row = insert(Notice).values(
            user_id=user_id, key=key, subject=subject[:200], body=body[:2000], subject_en=subject_en[:200], body_en=body_en[:2000],
            url=url, is_urgent=is_urgent, created_at=server_now(),
        )  # fmt: skip
        notice_id = session.connection().execute(row.on_conflict_do_nothing().returning(Notice.id)).scalar()
        if notice_id is None:
            continue
        for name, channel in channels.items():
            if not (channel.is_shared and told_group):
                session.add(Delivery(notice_id=notice_id, channel=name, due_at=server_now()))
        told_group = True


def unread_count(session: Session, user_id: int) -> int:
    """How many notices wait, counted up to 100: past that nobody reads the number."""
    return session.scalar(unread(), {"user_id": user_id}) or 0


@cache
def unread() -> Select[tuple[int]]:
    """The statement of unread_count, for :user_id. Built once: every page asks it."""
    waiting = select(Notice.id).where(Notice.user_id == bindparam("user_id"), Notice.read_at.is_(None)).limit(100)
    return select(func.count()).select_from(waiting.subquery())


def mark_read(session: Session, user_id: int, notice_ids: list[int] | None = None) -> None:
    mine = update(Notice).where(Notice.user_id == user_id, Notice.read_at.is_(None)).values(read_at=now())
    session.execute(mine if notice_ids is None else mine.where(Notice.id.in_(notice_ids)))


def deliver_due(session: Session, address_of: Mapping[int, tuple[str, str]], limit: int = 50) -> int:
    """Send what is due and return how many went out. Commits the session. `address_of`: each account's address and language.

    Each delivery is claimed in its own transaction, so two runners never send the same one at once; no transaction is
    open while a channel is spoken to.
    """
    due = select(Delivery.id, Delivery.channel).where(Delivery.due_at <= now()).order_by(Delivery.due_at, Delivery.id).limit(limit)
    waiting = session.execute(due).all()
    session.commit()
    sent, down = 0, set()
    for delivery_id, channel in waiting:
        if channel in down or not _claim(session, delivery_id):
            continue
        try:
            sent += _send(session, delivery_id, address_of)
        except ChannelDown:
            down.add(channel)
    return sent


def _claim(session: Session, delivery_id: int) -> bool:
    mine = update(Delivery).where(Delivery.id == delivery_id, Delivery.due_at <= now())
    claim = mine.values(due_at=now() + CLAIM, attempts=Delivery.attempts + 1)
    claimed = session.connection().execute(claim).rowcount == 1
    session.commit()
    return claimed


def _send(session: Session, delivery_id: int, address_of: Mapping[int, tuple[str, str]]) -> bool:
    delivery = session.get_one(Delivery, delivery_id)
    notice, channel = delivery.notice, current_app.extensions["channels"].get(delivery.channel)
    address, lang = address_of.get(notice.user_id, ("", LANGUAGES[0]))
    session.expunge(notice)
    session.commit()
    try:
        if channel is None:
            raise ChannelError("this channel is configured no longer")
        if not address and not channel.is_shared:
            raise ChannelError("no address")
        with speaking(LANGUAGES[0] if channel.is_shared else lang):
            channel.send(notice, address)
    except ChannelError as error:
        delivery.error = str(error)[:500]
        delivery.due_at = now() + timedelta(minutes=2**delivery.attempts) if delivery.attempts < MOST_ATTEMPTS else None
        session.commit()
        if isinstance(error, ChannelDown):
            raise
        return False
    delivery.sent_at, delivery.due_at, delivery.error = now(), None, ""
    session.commit()
    return True
