"""The one door through which a state changes.

perform: permission → source state → two hands → fields asked → the type's own check → fields the new state requires →
the type's own effect → state → what follows in other records → signature → sealing → event in the audit trail. Page, API, jobs and
bulk actions all come through here.

A type says its own part by methods: `check_<name>()` refuses, `on_<name>()` writes its own fields, `after_<name>(reason)` moves or
makes other records once this one is written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, inspect, select
from sqlalchemy.orm import Session, object_session

from aftersales.labels import label
from aftersales.record import archive, custom, late, signatures
from aftersales.record.actor import current_actor
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.words import Meaning, State, Transition, Workflow

# Called after every move, in its transaction, with the record, the transition's name and the state it came from.
listeners: list[Callable[[SharedRecord, str, str], None]] = []


@dataclass(frozen=True)
class Move:
    """A transition as the person sees it now: possible, or not, and then why not."""

    transition: Transition
    label: str
    refusals: tuple[str, ...]

    @property
    def is_possible(self) -> bool:
        return not self.refusals


def perform(
    record: SharedRecord,
    name: str,
    *,
    values: Mapping[str, Any] | None = None,
    reason: str = "",
    password: str = "",
    drawn: bytes | None = None,
    signer: str = "",
) -> None:
    """Move `record` by the transition `name`, or raise Refusal and change nothing that will be committed.

    `values` are the fields the transition asks, already of their column's type. `password` signs for staff; `drawn`
    (PNG) and `signer` are the customer's signature.
    """
    transition = _transition(record, name)
    _refuse_person(record, transition)
    if record.state not in transition.from_states:
        raise Refusal(
            _(
                "%(action)s is not possible while the record is %(state)s.",
                action=move_label(record, name),
                state=state_label(record, record.state),
            )
        )
    late.refuse_desk_work(transition, record.workflow.state(transition.target))
    reason = reason.strip()
    if transition.reason and not reason:
        raise Refusal(_("Give a reason."), field="reason")
    session: Session = object_session(record)
    with session.no_autoflush:  # half a move must not be written, nor told in the trail as an edit
        _set_fields(record, transition, values or {})
        _call(record, f"check_{name}")
        _call(record, f"judge_{name}")
        _call(record, f"on_{name}")
    source, target = record.workflow.state(record.state), record.workflow.state(transition.target)
    _refuse_gaps(record, target)
    record.__dict__["_moving_to"] = target.name
    record.state = target.name
    del record.__dict__["_moving_to"]
    record._audit_action = name
    record._audit_reason = reason
    session.flush()
    _call(record, f"after_{name}", reason)
    session.flush()
    if transition.signs is not None:
        signatures.sign(session, record, transition.signs, password=password, drawn=drawn, signer=signer)
    if target.seals:
        archive.seal(session, record)
    elif source.seals:
        archive.unseal(session, record)
    for listener in listeners:
        listener(record, name, source.name)


def _call(record: SharedRecord, method: str, *arguments: str) -> None:
    if hasattr(record, method):
        getattr(record, method)(*arguments)


def moves(record: SharedRecord) -> Iterator[Move]:
    """What can be done next by this person, and why the rest cannot. Transitions the role has no right to are left out."""
    actor = current_actor()
    if record.workflow is None:
        return
    for transition in record.workflow.leaving(record.state):
        if actor.can(f"can_{transition.name}", record.permission_name()):
            yield Move(transition, move_label(record, transition.name), tuple(dict.fromkeys(_obstacles(record, transition))))


def move_label(record: SharedRecord | type[SharedRecord], name: str) -> str:
    return label(f"{record.key()}.transition.{name}")


def state_label(record: SharedRecord | type[SharedRecord], name: str) -> str:
    return label(f"{record.key()}.state.{name}")


def _transition(record: SharedRecord, name: str) -> Transition:
    workflow: Workflow | None = record.workflow
    transition = workflow.transition(name) if workflow else None
    if transition is None:
        raise Refusal(_("There is no such action."))
    return transition


def _refuse_person(record: SharedRecord, transition: Transition) -> None:
    actor = current_actor()
    if not actor.can(f"can_{transition.name}", record.permission_name()):
        raise NotAllowed(_("Your role may not do this: %(action)s.", action=move_label(record, transition.name)))
    if transition.apart_from and (clash := _same_hand(record, transition)):
        raise NotAllowed(clash)


def _same_hand(record: SharedRecord, transition: Transition) -> str | None:
    """Two duties that must be two people are refused to one, whatever their role: administrators too."""
    actor, session = current_actor(), object_session(record)
    if actor.is_system or session is None or inspect(record).pending:
        return None
    mine = _hands(record, transition).where(AuditEntry.actor_id == actor.user_id)
    if session.execute(mine.limit(1)).first() is None:
        return None
    return _("You did an earlier step of this record; %(action)s needs a second person.", action=move_label(record, transition.name))


def hands(record: SharedRecord, transition: Transition) -> set[int | None]:
    """Whose hand `transition` is kept apart from."""
    session: Session = object_session(record)
    return set(session.scalars(_hands(record, transition).distinct()))


def _hands(record: SharedRecord, transition: Transition) -> Select[tuple[int | None]]:
    """A step that is taken again from where it leads replaces what it had made: of these the last hand counts, with what was done
    after it."""
    story = AuditEntry.kind == type(record).__name__, AuditEntry.record_id == record.id
    done = select(AuditEntry.actor_id).where(*story, AuditEntry.action.in_(transition.apart_from))
    steps = [step for step in record.workflow.transitions if step.name in transition.apart_from]
    if again := [step.name for step in steps if step.target in step.from_states]:
        last = select(func.max(AuditEntry.sequence)).where(*story, AuditEntry.action.in_(again)).scalar_subquery()
        done = done.where(AuditEntry.sequence >= func.coalesce(last, 0))
    return done


def _set_fields(record: SharedRecord, transition: Transition, values: Mapping[str, Any]) -> None:
    unknown = [name for name in values if name not in transition.fields]
    if unknown:
        raise Refusal(errors={name: [_("This field is not part of the action.")] for name in unknown})
    for name, value in values.items():
        setattr(record, name, value)


def _refuse_gaps(record: SharedRecord, target: State) -> None:
    errors = {name: [gap_sentence(record, name)] for name in gaps(record, target)}
    if errors:
        raise Refusal(errors=errors)


def gaps(record: SharedRecord, target: State) -> list[str]:
    """Fields the state requires and the record has not."""
    return [name for name in required_in(type(record), target) if getattr(record, name) in (None, "")]


def required_in(cls: type[SharedRecord], state: State) -> tuple[str, ...]:
    return (*state.requires, *custom.requires(cls, state.name))


def gap_sentence(record: SharedRecord, field: str) -> str:
    return _("%(field)s is missing.", field=record.field_label(field))


def _obstacles(record: SharedRecord, transition: Transition) -> Iterator[str]:
    for name in gaps(record, record.workflow.state(transition.target)):
        if name not in transition.fields and not _filled_by_effect(record, transition, name):
            yield gap_sentence(record, name)
    if transition.apart_from and (clash := _same_hand(record, transition)):
        yield clash
    check = getattr(record, f"check_{transition.name}", None)
    if check is not None:
        try:
            check()
        except Refusal as refusal:
            yield from (text for field, texts in refusal.errors.items() if field not in transition.fields for text in texts)


def _filled_by_effect(record: SharedRecord, transition: Transition, name: str) -> bool:
    """Times and hands that the transition itself writes are not the person's to fill."""
    return name in record.fixed and hasattr(record, f"on_{transition.name}")


__all__ = ["Meaning", "Move", "move_label", "moves", "perform", "state_label"]
