"""One transition for many records: each goes through the one door in its own transaction, so a refusal costs the others nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.record import workflow
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.refusal import NotAllowed, NotFound, Refusal
from aftersales.record.saving import settle
from aftersales.record.words import Transition

MOST = 500


@dataclass(frozen=True)
class Offer:
    """A transition beside a list; `obstacle` says why it cannot be done for many at once."""

    transition: Transition
    label: str
    obstacle: str


@dataclass(frozen=True)
class Outcome:
    """What became of one record; `refusal` is None when it was done."""

    record_id: int
    name: str
    refusal: Refusal | None


def offers(cls: type[SharedRecord], states: Iterable[str] = ()) -> list[Offer]:
    """What this person may do with these records, where `states` are the only ones they can be in (none: any)."""
    states = set(states)
    transitions = cls.workflow.transitions if cls.workflow else ()
    return [
        Offer(t, workflow.move_label(cls, t.name), obstacle(t))
        for t in transitions
        if current_actor().can(f"can_{t.name}", cls.permission_name()) and (not states or states & set(t.from_states))
    ]


def obstacle(transition: Transition) -> str:
    if is_for_many(transition):
        return ""
    return _("asks something else of each record") if transition.signs is None else _("needs a signature on each record")


def is_for_many(transition: Transition) -> bool:
    return transition.signs is None and (transition.alike or not transition.fields)


def for_many(cls: type[SharedRecord], name: str) -> Transition:
    """The transition, or a refusal that says why it is none for many records."""
    transition = cls.workflow.transition(name) if cls.workflow else None
    if transition is None:
        raise NotFound(_("There is no such action."))
    label = workflow.move_label(cls, name)
    if not current_actor().can(f"can_{name}", cls.permission_name()):
        raise NotAllowed(_("Your role may not do this: %(action)s.", action=label))
    if reason := obstacle(transition):
        raise Refusal(_("%(action)s cannot be done for many records at once: it %(reason)s.", action=label, reason=reason))
    return transition


def perform_each(
    session: Session, cls: type[SharedRecord], ids: Iterable[int], name: str, *, values: Mapping[str, Any], reason: str
) -> Iterator[Outcome]:
    """Commits after each. What was left empty in `values` stays on every record as it is."""
    given = {field: value for field, value in values.items() if value is not None}
    for record_id in ids:
        yield _perform(session, cls, record_id, name, given, reason)


def _perform(session: Session, cls: type[SharedRecord], record_id: int, name: str, values: Mapping[str, Any], reason: str) -> Outcome:
    record = session.scalars(select(cls).where(cls.id == record_id)).one_or_none()
    if record is None:
        return Outcome(record_id, "", NotFound(_("There is no such record.")))
    called = str(record)
    try:
        settle(session, lambda: workflow.perform(record, name, values=values, reason=reason))
        session.commit()
    except Refusal as refusal:
        session.rollback()
        return Outcome(record_id, called, refusal)
    return Outcome(record_id, called, None)
