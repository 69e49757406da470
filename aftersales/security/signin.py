"""Signing in by name and password, for page and API: one answer whatever is wrong, and a lock that grows."""

from dataclasses import dataclass
from datetime import UTC, timedelta

from flask import has_request_context, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.record.actor import Actor, acting_as
from aftersales.record.audit import record_event
from aftersales.record.now import now
from aftersales.security import passwords
from aftersales.security.account import Account, normalised

FAILURES_THAT_LOCK = 5
LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
_STRANGERS = 0x7369676E  # any number of our own: strangers' attempts queue behind each other, nobody else waits


@dataclass(frozen=True)
class SignIn:
    """What attempts under a name nobody has are told of in the trail. The name itself is not kept: people type passwords there."""

    id: int = 0
    region_id: int | None = None


def sign_in(username: str, password: str) -> Account | None:
    """The account that this name and password open now, else None: unknown, wrong, locked and switched off look alike."""
    session = db.session()
    account = session.scalars(select(Account).where(Account.username == normalised(username)[:128])).one_or_none()
    is_right = passwords.matches(account, password)
    if account is None:
        _tell_stranger(session)
    elif not account.active or is_locked(account):
        _tell(session, account, "sign_in_refused")
    elif not is_right:
        _count_failure(session, account)
    else:
        account.fail_login_count, account.login_count = 0, (account.login_count or 0) + 1
        account.last_login = now().astimezone(UTC).replace(tzinfo=None)
        with acting_as(Actor(name=account.get_full_name(), user_id=account.id)):
            _tell(session, account, "sign_in")
            session.commit()
        return account
    session.commit()
    return None


def is_locked(account: Account) -> bool:
    return account.locked_until is not None and account.locked_until > now()


def lock_after(failures: int) -> timedelta | None:
    """How long the account opens to nobody after so many wrong passwords in a row; None where it still does."""
    times, rest = divmod(failures, FAILURES_THAT_LOCK)
    if times == 0 or rest:
        return None
    return min(LOCK * 2 ** min(times - 1, 10), LONGEST_LOCK)


def _count_failure(session: Session, account: Account) -> None:
    account.fail_login_count = (account.fail_login_count or 0) + 1
    lock = lock_after(account.fail_login_count)
    if lock is not None:
        account.locked_until = now() + lock
        account._audit_action = "lock_out"
    _tell(session, account, "sign_in_failed")


def _tell(session: Session, account: Account, action: str) -> None:
    record_event(session, account, action, changes=_from_where())


def _tell_stranger(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(select(func.pg_advisory_xact_lock(_STRANGERS)))
    record_event(session, SignIn(), "sign_in_failed", changes=_from_where())


def _from_where() -> dict[str, list[str | None]]:
    return {"address": [None, request.remote_addr]} if has_request_context() else {}
