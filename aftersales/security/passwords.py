"""Passwords: what a good one is, that an old one does not come back, and the one that is known to two for a moment."""

import secrets
from functools import cache

from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from aftersales.record.audit import record_event
from aftersales.record.now import now
from aftersales.security.account import Account, PastPassword

SHORTEST, LONGEST = 10, 200
REMEMBERED = 5
# Without letters and digits that look alike on paper or sound alike on the telephone.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def matches(account: Account | None, password: str) -> bool:
    """Whether this is the account's password. An account that does not exist, or has none, takes as long to say no."""
    known = account.password if account is not None and account.password else _nobodys()
    return check_password_hash(known, password) and account is not None and bool(account.password)


def change(session: Session, account: Account, old: str, new: str, again: str) -> dict[str, str]:
    """Set a new password for its owner, or say per field why not. The caller commits."""
    if not matches(account, old):
        return {"old": _("This is not your present password.")}
    if problem := weakness(account, new):
        return {"new": problem}
    if new == old or _was_used(session, account, new):
        return {"new": _("This password was used before; choose another.")}
    if new != again:
        return {"again": _("The two do not match.")}
    put(session, account, new)
    if account.must_change_password:
        account.must_change_password = False
        account._audit_action = "change_password"
        session.flush()
    else:
        record_event(session, account, "change_password")
    return {}


def weakness(account: Account, password: str) -> str:
    """Why a password is too easily guessed; "" when it is not."""
    if len(password) < SHORTEST:
        return _("At least %(n)s characters.", n=SHORTEST)
    if len(password) > LONGEST:
        return _("Too long.")
    if password.isdigit() or len(set(password)) < 4:
        return _("Not only digits, and not one letter again and again.")
    names = {account.username, account.get_full_name(), account.email.partition("@")[0]}
    if any(len(name) > 1 and name.lower() in password.lower() for name in names):
        return _("The password must not contain the name.")
    return ""


def one_time() -> str:
    """A password to be told to its owner once and changed at the first sign-in; 59 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _position in range(4)) for _group in range(3))


def put(session: Session, account: Account, password: str) -> None:
    """Store a password: what was signed in with the old one is signed in no longer."""
    if account.password and session.scalar(_past(account).limit(1)) is None:
        session.add(PastPassword(account_id=account.id, password=account.password, set_at=now()))
    account.password = generate_password_hash(password)
    account.session_version = (account.session_version or 0) + 1
    session.flush()
    session.add(PastPassword(account_id=account.id, password=account.password, set_at=now()))
    session.flush()
    for old in session.scalars(_past(account).offset(REMEMBERED)):
        session.delete(old)


def _was_used(session: Session, account: Account, password: str) -> bool:
    return any(check_password_hash(past.password, password) for past in session.scalars(_past(account).limit(REMEMBERED)))


def _past(account: Account) -> Select[tuple[PastPassword]]:
    return select(PastPassword).where(PastPassword.account_id == account.id).order_by(PastPassword.id.desc())


@cache
def _nobodys() -> str:
    """A hash made like everybody's, of a password nobody knows."""
    return generate_password_hash(secrets.token_urlsafe(16))
