"""How people arrange a list: their columns and page size, and the views (filter, order, columns) they keep or share.

Plain tables, not record types: no region, number, state or page of their own, and nothing a program would fetch. A view is audited
because others may work by it; how wide somebody likes a page is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, and_, bindparam, func, literal, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Json, RowId, UtcDateTime
from aftersales.extensions import Model
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.filtering import argument_names
from aftersales.record.listing import LARGEST_PAGE, PAGE, list_query, ordered_by
from aftersales.record.now import now
from aftersales.record.refusal import NotAllowed, NotFound, Refusal

SHARES = ("can_share", "ListView")
TENDS = ("can_write", "Account")  # who tends to the accounts also tends to what people shared before they left
MINE, EVERYBODY = "", "*"
SIZES = (PAGE, 50, LARGEST_PAGE)
MOST_VIEWS = 30
LONGEST_NAME = 60


class ListView(Model):
    """A kept view of a list. `shared_with`: "" its owner alone, "*" everybody who may read the list, else the name of a role."""

    __tablename__ = "list_view"
    __audited__ = True
    __unaudited__ = frozenset({"changed_at"})
    __table_args__ = (
        Index("ix_list_view_kind_owner_id", "kind", "owner_id"),
        Index("ix_list_view_kind_shared_with", "kind", "shared_with"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    args: Mapped[dict[str, Any]] = mapped_column(Json)
    shared_with: Mapped[str] = mapped_column(String(64), default=MINE)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def is_mine(self) -> bool:
        return self.owner_id == current_actor().user_id

    @property
    def is_changeable(self) -> bool:
        """By its owner; a shared one also by an administrator."""
        return self.is_mine or (self.shared_with != MINE and current_actor().can(*TENDS))


class ListSetting(Model):
    """How one person likes one list: columns ([] as shipped), rows on a page, the view it opens with."""

    __tablename__ = "list_setting"
    __table_args__ = (UniqueConstraint("account_id", "kind"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    kind: Mapped[str] = mapped_column(String(64))
    columns: Mapped[list[str]] = mapped_column(Json, default=list)
    size: Mapped[int] = mapped_column(default=PAGE)
    view_id: Mapped[int | None] = mapped_column(ForeignKey("list_view.id", ondelete="SET NULL"))


def setting_of(session: Session, cls: type[SharedRecord]) -> ListSetting:
    """The person's setting, a new one outside the session where there is none."""
    me = current_actor().user_id
    found = session.scalars(select(ListSetting).where(ListSetting.account_id == me, ListSetting.kind == cls.__name__)).one_or_none()
    return found or _as_shipped(cls)


def _as_shipped(cls: type[SharedRecord]) -> ListSetting:
    return ListSetting(account_id=current_actor().user_id, kind=cls.__name__, columns=[], size=PAGE)


@dataclass(frozen=True)
class Arrangement:
    """What the page of a list asks of how it is arranged; `audiences` are the roles a view may be shared with."""

    setting: ListSetting
    views: Sequence[ListView]
    audiences: Sequence[str]


def arrangement(session: Session, cls: type[SharedRecord]) -> Arrangement:
    """In one statement, and a second where there are views."""
    actor = current_actor()
    asked = _arranged(cls, actor.can(*TENDS), actor.can(*SHARES))
    setting, has_views, roles = session.execute(asked, {"me": actor.user_id}).one()
    return Arrangement(setting or _as_shipped(cls), views_of(session, cls) if has_views else (), roles.splitlines() if roles else ())


@cache
def _arranged(cls: type[SharedRecord], tends: bool, shares: bool) -> Select[Any]:
    anchor = select(literal(1)).subquery()
    mine = and_(ListSetting.account_id == bindparam("me"), ListSetting.kind == cls.__name__)
    names = select(func.aggregate_strings(_roles().subquery().c.name, "\n")).scalar_subquery() if shares else literal("")
    return select(ListSetting, _views(cls, tends).exists(), names).select_from(anchor).outerjoin(ListSetting, mine)


def views_of(session: Session, cls: type[SharedRecord]) -> Sequence[ListView]:
    """The views the person keeps or is given, the own ones first."""
    actor = current_actor()
    views = _views(cls, actor.can(*TENDS)).order_by(ListView.owner_id != bindparam("me"), ListView.name, ListView.id)
    return session.scalars(views.limit(2 * MOST_VIEWS), {"me": actor.user_id}).all()


def _views(cls: type[SharedRecord], tends: bool) -> Select[tuple[ListView]]:
    me = bindparam("me")
    roles = select(Role.name).join(assoc_user_role, assoc_user_role.c.role_id == Role.id).where(assoc_user_role.c.user_id == me)
    given = ListView.shared_with != MINE if tends else ListView.shared_with.in_(roles)
    return select(ListView).where(ListView.kind == cls.__name__, or_(ListView.owner_id == me, ListView.shared_with == EVERYBODY, given))


def _roles() -> Select[tuple[str]]:
    return select(Role.name).order_by(Role.id).limit(100)


def view_of(session: Session, cls: type[SharedRecord], view_id: int | None) -> ListView:
    view = next((view for view in views_of(session, cls) if view.id == view_id), None)
    if view is None:
        raise NotFound(_("There is no such view."))
    return view


def keep_columns(session: Session, cls: type[SharedRecord], names: tuple[str, ...]) -> None:
    setting = setting_of(session, cls)
    setting.columns = list(names)
    session.add(setting)


def keep_size(session: Session, cls: type[SharedRecord], size: int) -> None:
    setting = setting_of(session, cls)
    setting.size = size if size in SIZES else PAGE
    session.add(setting)


def open_with(session: Session, cls: type[SharedRecord], view: ListView | None) -> None:
    """Let the list open with `view`, or with everything."""
    setting = setting_of(session, cls)
    setting.view_id = None if view is None else view.id
    session.add(setting)


def keep_view(
    session: Session, cls: type[SharedRecord], query: str, name: str, shared_with: str, view: ListView | None = None, *, reason: str = ""
) -> ListView:
    """Keep the list that `query`, the end of its address, shows; as a new view or in place of what `view` was."""
    name = name.strip()
    if not name:
        raise Refusal(_("Give the view a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refusal(_("Too long."), field="name")
    if view is not None and not view.is_changeable:
        raise NotAllowed(_("This view belongs to somebody else."))
    if shared_with != (MINE if view is None else view.shared_with):
        _refuse_sharing(session, shared_with)
    if view is None:
        if len([other for other in views_of(session, cls) if other.is_mine]) >= MOST_VIEWS:
            raise Refusal(_("Up to %(n)s views of a list. Delete one first.", n=MOST_VIEWS))
        view = ListView(kind=cls.__name__, owner_id=current_actor().user_id)
        session.add(view)
    view.name, view.args, view.shared_with, view.changed_at = name, _kept_args(session, cls, query), shared_with, now()
    view._audit_reason = reason or None
    session.flush()
    return view


def drop_view(session: Session, view: ListView) -> None:
    if not view.is_changeable:
        raise NotAllowed(_("This view belongs to somebody else."))
    session.delete(view)
    session.flush()


def _refuse_sharing(session: Session, shared_with: str) -> None:
    if not current_actor().can(*SHARES):
        raise NotAllowed(_("Your role may not share views."))
    if shared_with not in (MINE, EVERYBODY) and shared_with not in session.scalars(_roles()).all():
        raise Refusal(_("There is no such role."), field="shared_with")


def _kept_args(session: Session, cls: type[SharedRecord], query: str) -> dict[str, str]:
    """What of an address is a view; Refusal where the list could not be opened with it."""
    known = {*argument_names(cls), "order", "columns"}
    args: Mapping[str, str] = {name: value[:500] for name, value in parse_qsl(query[:4000]) if name in known and value}
    list_query(session, cls, args)
    ordered_by(cls, args)
    return dict(args)
