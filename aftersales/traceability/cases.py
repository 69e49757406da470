"""What happened to devices: complaints, adverse events and recalls. One statement reads all kinds, so that a further one costs no more."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, func, literal, null, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from aftersales.complaints.complaint import Complaint
from aftersales.labels import label
from aftersales.recalls.recall import Recall
from aftersales.recalls.unit import RecallUnit
from aftersales.traceability.start import RECORDS, Kind, Start, may_follow
from aftersales.vigilance.event import AdverseEvent

MOST = 1000  # of each kind in a window
SHOWN = 30  # letters of what it is about


@dataclass(frozen=True)
class Case:
    """One record of a device, and of the repair it began with, where there is one."""

    thing: Start
    at: datetime
    device_id: int | None
    order_id: int | None


def cases_of(session: Session, devices: Collection[int], orders: Collection[int]) -> list[Case]:
    """The newest first, of what the person may read."""
    asked = [_newest(part) for kind, part in _parts(devices, orders) if may_follow(kind)]
    return [_case(row) for row in session.execute(union_all(*asked))] if asked and (devices or orders) else []


def _parts(devices: Collection[int], orders: Collection[int]) -> Iterator[tuple[Kind, Select[Any]]]:
    fits = or_(Complaint.device_id.in_(devices), Complaint.order_id.in_(orders))
    columns = (Complaint.received_at, Complaint.device_id, Complaint.order_id)
    complained = _told(Kind.complaint, Complaint, Complaint.description, *columns)
    yield Kind.complaint, complained.where(fits, Complaint.state != "not_a_complaint")
    columns = (AdverseEvent.known_at, AdverseEvent.device_id, null())
    outcome = type_coerce(AdverseEvent.outcome, String)
    yield Kind.event, _told(Kind.event, AdverseEvent, outcome, *columns).where(AdverseEvent.device_id.in_(devices))
    columns = (func.coalesce(Recall.decided_at, Recall.created_at), RecallUnit.device_id, null())
    listed = _told(Kind.recall, Recall, Recall.subject, *columns).join(RecallUnit, RecallUnit.recall_id == Recall.id)
    yield Kind.recall, listed.where(RecallUnit.device_id.in_(devices))


def _told(kind: Kind, cls: Any, about: Any, at: Any, device_id: Any, order_id: Any) -> Select[Any]:
    names = ("kind", "pk", "number", "about", "state", "at", "device_id", "order_id")
    values = (literal(kind.value), cls.id, cls.number, about, cls.state, at, device_id, order_id)
    return select(*(value.label(name) for name, value in zip(names, values, strict=True)))


def _newest(part: Select[Any]) -> Select[Any]:
    return select(part.order_by(part.selected_columns.pk.desc()).limit(MOST).subquery())


def _case(row: Any) -> Case:
    kind = Kind(row.kind)
    key = RECORDS[kind].key()
    about = label(f"outcome.{row.about}") if kind is Kind.event else row.about[:SHOWN]
    hint = f"{about} · {label(f'{key}.state.{row.state}')}"
    return Case(Start(kind, str(row.pk), row.number, hint, f"/{key}/show/{row.pk}"), row.at, row.device_id, row.order_id)
