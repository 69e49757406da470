"""Notices between the hands of a workflow: to those whose step comes next, and to whoever made the record, of what was decided."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from aftersales.record.actor import current_actor
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.display import url_of
from aftersales.record.notices import tell
from aftersales.record.workflow import hands, move_label
from aftersales.roles import Role


def ask_next(record: SharedRecord, move: str) -> None:
    """Tell everybody whose post does `move`, but those whose hand may not be this one's too; where nobody is left, the administrators:
    they may do it, or give the post to somebody."""
    from aftersales.security.manager import users_with_role  # maps accounts, which name record types that are not there yet

    transition, region_id = record.workflow.transition(move), getattr(record, "region_id", None)
    barred = {current_actor().user_id, *hands(record, transition)}
    able = {user_id for role in transition.by for user_id in users_with_role(role, region_id)} - barred
    able = able or {*users_with_role(Role.administrator, region_id)} - barred

    def words() -> tuple[str, str]:
        return _("For you to do: %(action)s · %(record)s", action=move_label(record, move), record=_named(record)), ""

    _tell(record, move, able, words)


def answer_maker(record: SharedRecord, move: str, reason: str = "") -> None:
    """Tell whoever made the record that somebody else did `move`, and why."""
    makers = {user_id for user_id in _hands(record, ("create", "submit")) if user_id is not None} - {current_actor().user_id}
    _tell(record, move, makers, lambda: (f"{move_label(record, move)} · {_named(record)}", reason))


def _tell(record: SharedRecord, move: str, user_ids: set[int], words: Callable[[], tuple[str, str]]) -> None:
    key = f"{record.key()}:{record.id}:{move}:{record.version}"
    tell(object_session(record), user_ids, key=key, words=words, url=url_of(record))


def _named(record: SharedRecord) -> str:
    return f"{record} {record.hint}".strip()


def _hands(record: SharedRecord, moves: tuple[str, ...]) -> set[Any]:
    session: Session = object_session(record)
    done = select(AuditEntry.actor_id).where(
        AuditEntry.kind == type(record).__name__, AuditEntry.record_id == record.id, AuditEntry.action.in_(moves)
    )
    return set(session.scalars(done))
