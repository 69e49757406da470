"""Which records a binder is about, and their sealed papers: by the repairs a thing leads to, or all of a subject in a period."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, inspect, or_, select
from sqlalchemy.orm import Session, joinedload

from aftersales.devices.device import Device
from aftersales.documents.document import DocumentScope
from aftersales.documents.version import DocumentVersion
from aftersales.emergencies.emergency import Emergency
from aftersales.inspection.story import BATCH, OF_A_CASE, Found, batches, follow, kinds, story_of
from aftersales.record.actor import current_actor
from aftersales.record.archive import SealedDocument
from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA
from aftersales.record.refusal import Refusal
from aftersales.service.order import ServiceOrder
from aftersales.traceability.cases import cases_of
from aftersales.traceability.hub import ORDER_COLUMNS, devices_of, models_of, versions_at, windows
from aftersales.traceability.start import DEVICE_TEXTS, RECORDS, Kind, Start

MOST = 3000  # papers, and records of one type
BY_DEVICE = (Kind.device, Kind.maker, *DEVICE_TEXTS)
# Papers that are chapters of their own or about no work that was done.
NOT_WORK = ("DocumentVersion", "ControlledCopy", "Letterhead")


@dataclass(frozen=True)
class Wanted:
    """What was asked for. Days in China; both ends included."""

    starts: tuple[Start, ...]
    subject: str
    begins_on: date | None
    ends_on: date | None

    def has(self, moment: datetime) -> bool:
        day = moment.astimezone(CHINA).date()
        return (self.begins_on is None or self.begins_on <= day) and (self.ends_on is None or day <= self.ends_on)

    def within(self, column: Any) -> list[Any]:
        """The conditions that a column of moments lies in the period."""
        first = [] if self.begins_on is None else [column >= _midnight(self.begins_on)]
        return first if self.ends_on is None else [*first, column < _midnight(self.ends_on + timedelta(days=1))]


@dataclass
class Chosen:
    """The repairs, the devices they and the things lead to, the ids of what happened beside the repairs, and every paper, those of one
    record together. `seeds` are the records of the story that things lead to by themselves."""

    orders: dict[int, Any] = field(default_factory=dict)
    devices: dict[int, Device] = field(default_factory=dict)
    story: dict[type[SharedRecord], list[int]] = field(default_factory=dict)
    papers: list[SealedDocument] = field(default_factory=list)
    seeds: Found = field(default_factory=lambda: defaultdict(set))

    @property
    def records(self) -> dict[str, list[int]]:
        """The ids of the records, by type."""
        found: dict[str, dict[int, None]] = {ServiceOrder.__name__: dict.fromkeys(self.orders)}
        found |= {cls.__name__: dict.fromkeys(ids) for cls, ids in self.story.items()}
        for paper in self.papers:
            found.setdefault(paper.kind, {})[paper.record_id] = None
        return {kind: list(ids) for kind, ids in found.items() if ids}


def subjects() -> list[type[SharedRecord]]:
    """The record types that have papers of work done and that the person may read."""
    actor = current_actor()
    types = (cls for cls in SharedRecord.record_types.values() if cls.documents and cls.__name__ not in NOT_WORK)
    return [cls for cls in types if actor.can("can_read", cls.permission_name())]


def choose(session: Session, wanted: Wanted) -> Chosen:
    """Raises Refusal where there is nothing, or more than one binder can hold."""
    chosen = repairs_of(session, wanted)
    chosen.story = _story_of(session, wanted, chosen)
    for cls in subjects():
        if wanted.subject in ("", cls.__name__):
            chosen.papers += _papers_of(session, cls, wanted, chosen)
            _refuse_too_many(len(chosen.papers))
    if wanted.subject and wanted.subject != ServiceOrder.__name__:
        chosen.orders = {}
    if not chosen.orders and not chosen.papers and not chosen.story:
        raise Refusal(_("There is no record of this in the period, or none that you may see."))
    return chosen


def repairs_of(session: Session, wanted: Wanted) -> Chosen:
    """The repairs and devices without their papers; of a period alone, all repairs in it. Raises Refusal where there are too many."""
    chosen = Chosen()
    for start in wanted.starts:
        (_follow_maker if start.kind is Kind.maker else _follow)(session, wanted, start, chosen)
    if not wanted.starts and wanted.subject == ServiceOrder.__name__:
        orders = select(*ORDER_COLUMNS).where(*wanted.within(ServiceOrder.reported_at)).order_by(ServiceOrder.reported_at).limit(MOST + 1)
        _take(chosen, session.execute(orders).all())
        chosen.devices |= devices_of(session, {order.device_id for order in chosen.orders.values()})
    chosen.orders = dict(sorted(chosen.orders.items(), key=lambda pair: (pair[1].reported_at, pair[0])))
    return chosen


def _follow(session: Session, wanted: Wanted, start: Start, chosen: Chosen) -> None:
    for hub in windows(session, start):
        _take(chosen, [order for order in hub.orders if wanted.has(order.reported_at)])
        is_direct = start.kind in BY_DEVICE
        if is_direct or start.kind is Kind.customer:
            alarms = (case for case in hub.cases if case.thing.kind is Kind.emergency and wanted.has(case.at))
            chosen.seeds[Emergency] |= {case.thing.pk for case in alarms}
        asked = {order.device_id for order in chosen.orders.values()}
        chosen.devices |= {pk: device for pk, device in hub.devices.items() if is_direct or pk in asked}


def _follow_maker(session: Session, wanted: Wanted, start: Start, chosen: Chosen) -> None:
    """Of all that a maker ever made, the devices to which something happened in the period: the others would fill the binder."""
    made = select(Device.id).where(Device.model_id.in_(models_of(start.key)))
    of_maker = select(*ORDER_COLUMNS).where(ServiceOrder.device_id.in_(made), *wanted.within(ServiceOrder.reported_at))
    orders = session.execute(of_maker.order_by(ServiceOrder.id).limit(MOST + 1)).all()
    _take(chosen, orders)
    touched = {order.device_id for order in orders}
    for cls in (cls for cls in kinds() if "device_id" in inspect(cls).columns):
        at = getattr(cls, kinds()[cls].at)
        about = select(cls.device_id).where(cls.device_id.in_(made), *wanted.within(at)).distinct()
        touched |= set(session.scalars(about.limit(MOST + 1)))
        _refuse_too_many(len(touched))
    for some in batches(touched):
        devices = devices_of(session, some)
        chosen.devices |= devices
        alarms = (case for case in cases_of(session, devices.values(), ()) if case.thing.kind is Kind.emergency and wanted.has(case.at))
        chosen.seeds[Emergency] |= {case.thing.pk for case in alarms}


def _story_of(session: Session, wanted: Wanted, chosen: Chosen) -> dict[type[SharedRecord], list[int]]:
    """What the person may read of it: all that hangs on the things, or what was recorded of the subject in the period."""
    actor = current_actor()
    open_ones = [cls for cls in kinds() if actor.can("can_read", cls.permission_name()) and wanted.subject in ("", cls.__name__)]
    if wanted.starts:
        found = chosen.seeds
        found[ServiceOrder] |= set(chosen.orders)
        if any(start.kind in BY_DEVICE for start in wanted.starts):
            found[Device] |= set(chosen.devices)
        for start in wanted.starts:
            if start.kind in RECORDS:
                found[RECORDS[start.kind]].add(start.pk)
        follow(session, found, OF_A_CASE)
        story_of(session, found, wanted.within)
        told = {cls: sorted(found[cls]) for cls in open_ones}
    else:
        told = {cls: _recorded(session, cls, wanted) for cls in open_ones}
    for ids in told.values():
        _refuse_too_many(len(ids))
    return {cls: ids for cls, ids in told.items() if ids}


def _recorded(session: Session, cls: type[SharedRecord], wanted: Wanted) -> list[int]:
    at = getattr(cls, kinds()[cls].at)
    return list(session.scalars(select(cls.id).where(*wanted.within(at)).order_by(cls.id).limit(MOST + 1)))


def _take(chosen: Chosen, orders: Sequence[Any]) -> None:
    chosen.orders |= {order.id: order for order in orders}
    _refuse_too_many(len(chosen.orders))


def _refuse_too_many(count: int) -> None:
    if count > MOST:
        raise Refusal(_("More than %(n)s records: choose less, or a shorter period.", n=MOST))


def _papers_of(session: Session, cls: type[SharedRecord], wanted: Wanted, chosen: Chosen) -> list[SealedDocument]:
    """The papers of the records of one type, in the order of the records; what was superseded stands beside what took its place."""
    papers: list[SealedDocument] = []
    for ids in batches(_ids_of(session, cls, wanted, chosen)):
        of_these = select(SealedDocument).where(SealedDocument.kind == cls.__name__, SealedDocument.record_id.in_(ids))
        found = list(session.scalars(of_these.order_by(SealedDocument.sealed_at, SealedDocument.id).limit(MOST + 1)))
        place = {record_id: index for index, record_id in enumerate(ids)}
        papers += sorted(found, key=lambda paper: place[paper.record_id])
    return papers


def _ids_of(session: Session, cls: type[SharedRecord], wanted: Wanted, chosen: Chosen) -> list[int]:
    if cls is ServiceOrder:
        return list(chosen.orders)
    if not wanted.starts:
        sealed = select(SealedDocument.record_id).where(SealedDocument.kind == cls.__name__, *wanted.within(SealedDocument.sealed_at))
        return list(dict.fromkeys(session.scalars(sealed.order_by(SealedDocument.sealed_at).limit(MOST + 1))))
    found = dict.fromkeys(chosen.story.get(cls, ()))
    for column, values in _joined(cls, wanted, chosen):
        for some in batches(values):
            at = select(cls.id).where(column.in_(some), *wanted.within(cls.created_at)).order_by(cls.id).limit(MOST + 1)
            found |= dict.fromkeys(session.scalars(at))
    return list(found)


def _joined(cls: type[SharedRecord], wanted: Wanted, chosen: Chosen) -> Iterator[tuple[Any, list[int]]]:
    """How records of a type hang together with what was asked for: by the repair, the device, the customer or the person they name."""
    columns = inspect(cls).columns
    of_kind = {kind: [start.pk for start in wanted.starts if start.kind is kind] for kind in (Kind.customer, Kind.person)}
    direct = any(start.kind in BY_DEVICE for start in wanted.starts)
    named = {
        "order_id": list(chosen.orders), "device_id": list(chosen.devices) if direct else [],
        "customer_id": of_kind[Kind.customer], "engineer_id": of_kind[Kind.person],
    }  # fmt: skip
    for name, values in named.items():
        if name in columns and values:
            yield getattr(cls, name), values


def procedures_of(session: Session, chosen: Chosen) -> list[tuple[DocumentVersion, SealedDocument | None]]:
    """The versions by which the repairs were made and what happened beside them was dealt with, each with its paper from the day it
    took effect."""
    if not current_actor().can("can_read", DocumentVersion.permission_name()):
        return []
    versions = {version.id: version for version, _orders in versions_at(session, list(chosen.orders.values()))}
    for cls, ids in chosen.story.items():
        versions |= {version.id: version for version in _in_force_then(session, cls, ids)}
    sealed = select(SealedDocument).where(SealedDocument.kind == DocumentVersion.__name__, SealedDocument.record_id.in_(versions))
    first = {paper.record_id: paper for paper in session.scalars(sealed.order_by(SealedDocument.id.desc()).limit(MOST))}
    return [(version, first.get(version.id)) for version in sorted(versions.values(), key=str)]


def _in_force_then(session: Session, cls: type[SharedRecord], ids: list[int]) -> Sequence[DocumentVersion]:
    """The versions that governed the type between the first and the last of its records."""
    at = getattr(cls, kinds()[cls].at)
    spans = (session.execute(select(func.min(at), func.max(at)).where(cls.id.in_(some))).one() for some in batches(ids))
    moments = [moment for span in spans for moment in span if moment is not None]
    if not moments:
        return ()
    governing = select(DocumentScope.document_id).where(DocumentScope.record_type == cls.__name__)
    chosen = select(DocumentVersion).where(DocumentVersion.document_id.in_(governing), DocumentVersion.in_force_at <= max(moments))
    chosen = chosen.where(or_(DocumentVersion.obsolete_at.is_(None), DocumentVersion.obsolete_at > min(moments)))
    return session.scalars(chosen.options(joinedload(DocumentVersion.document)).order_by(DocumentVersion.id).limit(BATCH)).all()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)
