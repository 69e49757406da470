"""The access of one inspector: proposed by one person, approved by another, good for some days and subjects, withdrawn at once."""

from datetime import date, datetime
from typing import Any

from flask_appbuilder.security.sqla.models import Role as StoredRole
from flask_babel import gettext as _
from sqlalchemy import Date, ForeignKey, Index, Select, String, and_, bindparam, case, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Day, Json, LongText, Name, ShortText
from aftersales.extensions import db
from aftersales.inspection.asking import line_of, things_in
from aftersales.inspectors.reach import reach_anew
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.audit import record_event
from aftersales.record.base import SharedRecord
from aftersales.record.notices import tell
from aftersales.record.now import now, today
from aftersales.record.refusal import Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import read_by
from aftersales.roles import Role
from aftersales.security import passwords
from aftersales.security.account import Account
from aftersales.security.manager import GUEST, users_with_role

PROPOSE = (Role.quality, Role.regulatory)
APPROVE = (Role.quality, Role.regulatory, Role.manager)


class InspectorAccess(SharedRecord):
    """What one inspector may see, and when. Its account is made at the approval and belongs to it alone; who approved nothing that the
    proposer changed afterwards: what is granted does not change, it is withdrawn and proposed anew."""

    prefix = "IA"
    access = read_by(*APPROVE, Role.administrator, writers=PROPOSE)

    inspector_name: Mapped[Name]
    authority: Mapped[Name]
    credential_no: Mapped[str | None] = mapped_column(String(60))
    purpose: Mapped[ShortText]
    begins_on: Mapped[Day]
    ends_on: Mapped[Day]
    is_everything: Mapped[bool] = mapped_column(default=False)
    things: Mapped[LongText | None]
    records_from: Mapped[Day | None]
    records_until: Mapped[Day | None]
    starts: Mapped[list[list[str]]] = mapped_column(Json, default=list)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"), unique=True)
    username: Mapped[str | None] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    handed_over_by: Mapped[str | None] = mapped_column(String(120))
    handed_over_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship(foreign_keys=[user_id])

    __table_args__ = (Index("ix_inspector_access_ends_on", "ends_on"),)

    listing = ("number", "inspector_name", "authority", "purpose", "begins_on", "ends_on", "state")
    filters = ("state", "ends_on")
    searched = ("number", "inspector_name", "authority", "purpose")
    sections = {
        "inspector": ("inspector_name", "authority", "credential_no", "purpose"),
        "days": ("begins_on", "ends_on"),
        "scope": ("is_everything", "things", "records_from", "records_until"),
        "grant": ("username", "approved_by", "approved_at", "handed_over_by", "handed_over_at", "ended_at"),
    }
    fixed = sections["grant"]
    unseen = frozenset({"starts", "user_id"})
    __unaudited__ = SharedRecord.__unaudited__ | {"starts"}  # the trail tells the things
    workflow = Workflow(
        states=(
            State("draft", writes=("inspector", "days", "scope")),
            State("submitted"),
            State("granted", requires=("username", "approved_by", "approved_at")),
            State("over", requires=("ended_at",), ends=True),
            State("withdrawn", requires=("ended_at",), ends=True),
        ),
        transitions=(
            Transition("submit", "draft", "submitted", by=PROPOSE),
            Transition("approve", "submitted", "granted", by=APPROVE, apart_from=("create", "update", "submit")),
            Transition("reject", "submitted", "draft", by=APPROVE, reason=True),
            Transition("end", "granted", "over", by=(Role.administrator,), reason=True),  # done by the program after the last day
            Transition("withdraw", ("draft", "submitted", "granted"), "withdrawn", by=APPROVE, reason=True),
        ),
    )

    @property
    def hint(self) -> str:
        return f"{self.authority} {self.inspector_name}"

    @property
    def is_open(self) -> bool:
        return self.state == "granted" and self.begins_on <= today() <= self.ends_on

    def on_create(self) -> None:
        self._check_days()
        self._check_scope()

    def on_change(self) -> None:
        if self.state != "draft":
            raise Refusal(_("What was submitted is no longer changed: withdraw it, or send it back, and propose anew."))
        self.on_create()

    def _check_days(self) -> None:
        if self.ends_on < self.begins_on:
            raise Refusal(_("It ends before it begins."), field="ends_on")
        if self.records_from and self.records_until and self.records_until < self.records_from:
            raise Refusal(_("The period ends before it begins."), field="records_until")

    def _check_scope(self) -> None:
        session: Session = object_session(self) or db.session
        with session.no_autoflush:
            things = things_in(session, self.things or "")
        has_period = self.records_from is not None or self.records_until is not None
        if self.is_everything and (things or has_period):
            raise Refusal(_("Either everything, or what is named here: not both."), field="is_everything")
        if not self.is_everything and not things and (self.records_from is None or self.records_until is None):
            raise Refusal(_("Say what may be seen: things, a period with both its days, or everything."), field="things")
        self.starts = [[thing.kind.value, thing.key, thing.text] for thing in things]
        self.things = "\n".join(line_of(thing) for thing in things) or None

    def check_submit(self) -> None:
        self._refuse_past()

    def check_approve(self) -> None:
        self._refuse_past()

    def _refuse_past(self) -> None:
        if self.ends_on < today():
            raise Refusal(_("Its last day is past."), field="ends_on")

    def after_submit(self, reason: str) -> None:
        self._reach()
        approvers = {user_id for role in APPROVE for user_id in users_with_role(role, None)} - {current_actor().user_id}
        key, url = f"access:{self.id}:{self.version}", f"/inspector_access/show/{self.id}"
        tell(
            object_session(self), approvers, key=key, url=url,
            words=lambda: (_("To approve: access of %(who)s", who=self.hint), self.purpose),
        )  # fmt: skip

    def on_approve(self) -> None:
        self.approved_by, self.approved_at, self.username = current_actor().name, now(), self.number.lower()
        session: Session = object_session(self)
        with session.no_autoflush:
            role = session.scalars(select(StoredRole).where(StoredRole.name == Role.inspector)).one_or_none()
        if role is None:
            raise Refusal(_("The role of inspectors was deleted: nobody can be given it."))
        self.account = Account(
            username=self.username, last_name=self.inspector_name[:64], first_name="", email=f"{self.username}@account.invalid",
            active=True, must_change_password=True, roles=[role],
        )  # fmt: skip
        self.account._audit_reason = _("Access %(number)s", number=self.number)

    def after_approve(self, reason: str) -> None:
        self._reach()

    def on_withdraw(self) -> None:
        self.ended_at = now()

    def after_withdraw(self, reason: str) -> None:
        self._close(reason)

    on_end, after_end = on_withdraw, after_withdraw

    def hand_over(self) -> str:
        """A one-time password for the slip; every earlier one and every session of the account ends. The caller commits."""
        if self.state != "granted" or self.account is None or self.ends_on < today():
            raise Refusal(_("An account is handed over once its access is granted, and until its last day."))
        session: Session = object_session(self)
        password = passwords.one_time()
        self.account._audit_action, self.account._audit_reason = "reset_password", _("Access %(number)s", number=self.number)
        self.account.must_change_password, self.account.locked_until, self.account.fail_login_count = True, None, 0
        passwords.put(session, self.account, password)
        self._audit_action, self._audit_reason = "hand_over", ""
        self.handed_over_by, self.handed_over_at = current_actor().name, now()
        record_event(session, self.account, "reset_password", reason=_("Access %(number)s", number=self.number))
        session.flush()
        return password

    def _reach(self) -> None:
        with acting_as(SYSTEM):  # as far as the subjects lead, whichever region the person who clicks works in
            reach_anew(object_session(self), self)

    def _close(self, reason: str) -> None:
        if self.account is not None:
            self.account._audit_action, self.account._audit_reason = "close", reason
            self.account.active, self.account.session_version = False, self.account.session_version + 1


def standing_of(user_id: Any) -> Select[Any]:
    """Whether an account (a parameter) is an inspector's, as rows (GUEST, how, access id): "everything" or "subjects" on its days
    while it is granted, else "nothing". `:today` is the day in China."""
    day: Any = bindparam("today", type_=Date)
    granted = and_(InspectorAccess.state == "granted", InspectorAccess.begins_on <= day, InspectorAccess.ends_on >= day)
    how = case((and_(granted, InspectorAccess.is_everything), "everything"), (granted, "subjects"), else_="nothing")
    return select(literal(GUEST), how, InspectorAccess.id).where(InspectorAccess.user_id == user_id)


def ended(session: Session, day: date) -> list[InspectorAccess]:
    """Those that are granted and whose last day is past, a few at a time."""
    past = select(InspectorAccess).where(InspectorAccess.state == "granted", InspectorAccess.ends_on < day)
    return list(session.scalars(past.order_by(InspectorAccess.id).limit(50)))
