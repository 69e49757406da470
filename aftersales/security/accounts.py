"""Accounts of people: giving one, its roles, a new password, locking and switching off. A reason goes with each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import Select, and_, not_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.audit import record_event
from aftersales.record.now import now
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change as change_record
from aftersales.record.saving import settle
from aftersales.security import passwords
from aftersales.security.account import Account, normalised
from aftersales.security.grants import grants_of
from aftersales.security.signin import is_locked
from aftersales.security.watch import GIVES_RIGHTS

PAGE = 50
FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """An account in the list, with the person it belongs to."""

    account: Account
    person: Person | None


def visible() -> Select[tuple[Account, Person]]:
    """The accounts an administrator may see: of the people they see, and all for who sees all regions."""
    beside = (selectinload(Account.roles), joinedload(Person.region), joinedload(Person.service_centre))
    chosen = select(Account, Person).outerjoin(Person, Person.user_id == Account.id).options(*beside)
    return chosen if current_actor().region_ids is None else chosen.where(Person.id.is_not(None))


@dataclass(frozen=True)
class Narrowing:
    """What a list of accounts is narrowed by; 0 and "" narrow nothing."""

    phrase: str = ""
    role: int = 0
    region: int = 0
    state: str = ""

    def conditions(self) -> Iterator[Any]:
        """By phrase: the user name, or the person's name or number, contains it."""
        if self.phrase:
            yield or_(*(c.icontains(self.phrase, autoescape=True) for c in (Account.username, Person.name, Person.staff_no)))
        if self.role:
            yield Account.roles.any(Role.id == self.role)
        if self.region:
            yield Person.region_id == self.region
        if self.state in STATES:
            yield STATES[self.state]()


# The states an account is in, as conditions; one that is off or locked is nothing else beside.
STATES: dict[str, Callable[[], Any]] = {
    "open": lambda: and_(_enters(), Account.last_login.is_not(None)),
    "first": lambda: and_(_enters(), Account.last_login.is_(None)),
    "locked": lambda: and_(Account.active, Account.locked_until > now()),
    "off": lambda: not_(Account.active),
}


def _enters() -> Any:
    return and_(Account.active, or_(Account.locked_until.is_(None), Account.locked_until <= now()))


def page_of(session: Session, narrowing: Narrowing, after: int) -> Sequence[Entry]:
    """Up to PAGE accounts and one more, by id."""
    chosen = visible().where(Account.id > after, *narrowing.conditions())
    return [Entry(*row) for row in session.execute(chosen.order_by(Account.id).limit(PAGE + 1))]


def holders_of(session: Session, role_id: int) -> Sequence[Entry]:
    """Up to PAGE accounts that hold a role, and one more."""
    chosen = visible().where(Account.roles.any(Role.id == role_id)).order_by(Account.id).limit(PAGE + 1)
    return [Entry(*row) for row in session.execute(chosen)]


def entry_of(session: Session, account_id: int) -> Entry | None:
    row = session.execute(visible().where(Account.id == account_id)).one_or_none()
    return None if row is None else Entry(*row)


def state_of(account: Account) -> str:
    """A key of account.state."""
    if not account.active:
        return "off"
    if is_locked(account):
        return "locked"
    return "first" if account.last_login is None else "open"


def give(session: Session, person: Person, username: str, roles: Iterable[Role], reason: str) -> tuple[Account, str]:
    """An account for a person, and the one-time password to tell them. The caller commits."""
    if person.user_id is not None:
        raise Refusal(_("This person has an account already."), field="person_id")
    roles = list(roles)
    for role in roles:
        _refuse_above(session, role)
    password = passwords.one_time()
    name = _username(session, username)
    account = Account(
        username=name, last_name=person.name[:64], first_name="", email=person.mail or f"{name}@account.invalid", active=True,
        must_change_password=True, roles=roles,
    )  # fmt: skip
    account._audit_reason = reason
    session.add(account)
    settle(session, lambda: None)
    passwords.put(session, account, password)
    change_record(session, person, {"user_id": account.id}, reason=reason)
    return account, password


def set_roles(session: Session, account: Account, roles: Iterable[Role], reason: str) -> None:
    """The roles the account has from now on."""
    new = list(roles)
    _refuse_stronger(session, account)
    for role in set(new) ^ set(account.roles):
        _refuse_above(session, role)
    _tell(account, "roles", reason)
    account.roles = new
    session.flush()


def reset_password(session: Session, account: Account, reason: str) -> str:
    """A one-time password; every session and token of the account ends."""
    _refuse_stronger(session, account)
    password = passwords.one_time()
    passwords.put(session, account, password)
    record_event(session, account, "reset_password", reason=reason)
    _tell(account, "reset_password", reason)
    account.must_change_password, account.locked_until, account.fail_login_count = True, None, 0
    session.flush()
    return password


def lock(session: Session, account: Account, reason: str) -> None:
    _switch(session, account, "lock", reason, lambda: setattr(account, "locked_until", FOREVER))
    account.session_version += 1


def unlock(session: Session, account: Account, reason: str) -> None:
    _switch(session, account, "unlock", reason, lambda: setattr(account, "locked_until", None))
    account.fail_login_count = 0


def close(session: Session, account: Account, reason: str) -> None:
    _switch(session, account, "close", reason, lambda: setattr(account, "active", False))
    account.session_version += 1


def reopen(session: Session, account: Account, reason: str) -> None:
    _switch(session, account, "open", reason, lambda: setattr(account, "active", True))


ACTIONS: dict[str, Callable[[Session, Account, str], None]] = {"lock": lock, "unlock": unlock, "close": close, "open": reopen}


def _switch(session: Session, account: Account, action: str, reason: str, how: Callable[[], None]) -> None:
    if account.id == current_actor().user_id:
        raise Refusal(_("Not with your own account."))
    _refuse_stronger(session, account)
    _tell(account, action, reason)
    how()
    session.flush()


def _tell(account: Account, action: str, reason: str) -> None:
    account._audit_action, account._audit_reason = action, reason


def _refuse_stronger(session: Session, account: Account) -> None:
    """Whoever looks after accounts does not get hold of one that may do more than they may."""
    for role in account.roles:
        _refuse_above(session, role)


def _refuse_above(session: Session, role: Role) -> None:
    actor = current_actor()
    if actor.can(*GIVES_RIGHTS):
        return
    if not grants_of(session, role.id) <= actor.permissions:
        raise NotAllowed(_("This role has rights that you have not: only who changes roles may do this."), field="roles")


def _username(session: Session, username: str) -> str:
    name = normalised(username)
    if not 2 <= len(name) <= 64 or any(letter.isspace() for letter in name):
        raise Refusal(_("A user name has 2 to 64 characters and no blanks."), field="username")
    if session.scalar(select(Account.id).where(Account.username == name)) is not None:
        raise Refusal(_("There is an account of this name already."), field="username")
    return name
