"""What stands around the repairs and devices of a window, each thing once: how it hangs together with them, when, and by which record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, load_only, selectinload

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion
from aftersales.labels import label
from aftersales.people.person import Person
from aftersales.people.qualification import Work
from aftersales.record.now import CHINA
from aftersales.service.lines import PartReplaced
from aftersales.service.visit import Visit
from aftersales.traceability.hub import Hub, versions_at
from aftersales.traceability.start import PART_CODES, Kind, Start, may_follow, of_record

SHOWN_FAULT = 40
MOST = 1000  # rows inside the repairs of a window


@dataclass(frozen=True)
class Link:
    """One thing that is reached. `how` it hangs together with what stands at `other` (label trace_link.<how>), at or since `at`, and the
    order that says so. `rank` orders the things of one kind."""

    thing: Start
    how: str
    at: datetime | date | None
    rank: int | str
    other: tuple[Kind, str]
    order_id: int | None = None
    order_no: str = ""
    others: tuple[tuple[Kind, str], ...] = ()  # everything in the window that it hangs together with


@dataclass(frozen=True)
class Section:
    """All things of one kind in the window, by rank downward."""

    kind: Kind
    links: tuple[Link, ...]


def sections_of(session: Session, hub: Hub, kinds: Iterable[Kind] = tuple(Kind)) -> list[Section]:
    """What the person may read of `kinds`, without the thing the trace began with. Eleven statements at most."""
    told = []
    for kind in kinds:
        found: dict[str, Link] = {}
        others: dict[str, dict[tuple[Kind, str], None]] = {}
        for link in FOUND[kind](session, hub) if may_follow(kind) else ():
            if (link.thing.kind, link.thing.key) != (hub.start.kind, hub.start.key):
                found.setdefault(link.thing.key, link)
                others.setdefault(link.thing.key, {})[link.other] = None
        if found:
            links = (replace(link, others=tuple(others[key])) for key, link in found.items())
            told.append(Section(kind, tuple(sorted(links, key=lambda link: link.rank, reverse=True))))
    return told


def _by(thing: Start, how: str, order: Any, at: datetime | None = None, rank: int | str | None = None) -> Link:
    """What one order says."""
    order_of = (Kind.order, str(order.id))
    return Link(thing, how, at or order.reported_at, thing.pk if rank is None else rank, order_of, order.id, order.number)


def _orders(session: Session, hub: Hub) -> Iterator[Link]:
    taken = _taken_out_in(session, hub) if hub.start.kind is Kind.part else None
    for order in hub.orders:
        hint = f"{label(f'service_order.state.{order.state}')} · {order.fault_text[:SHOWN_FAULT]}"
        thing = Start(Kind.order, str(order.id), order.number, hint, f"/service_order/show/{order.id}")
        how = "about" if taken is None else "taken_out" if order.id in taken else "fitted"
        yield Link(thing, how, order.reported_at, order.id, (Kind.device, str(order.device_id)), order.id, order.number)


def _taken_out_in(session: Session, hub: Hub) -> frozenset[int]:
    old = or_(PartReplaced.old_serial_no == hub.start.key, PartReplaced.old_lot_no == hub.start.key)
    chosen = select(PartReplaced.order_id).where(old, PartReplaced.order_id.in_([order.id for order in hub.orders]))
    return frozenset(session.scalars(chosen.limit(MOST)))


def _parts(session: Session, hub: Hub) -> Iterator[Link]:
    """Each code put in and each taken out, the newest first."""
    orders = {order.id: order for order in hub.orders}
    columns = load_only(PartReplaced.order_id, PartReplaced.part_no, PartReplaced.name, PartReplaced.created_at, *PART_CODES)
    chosen = select(PartReplaced).where(PartReplaced.order_id.in_(orders)).options(columns)
    for part in session.scalars(chosen.order_by(PartReplaced.id.desc()).limit(MOST)):
        hint = f"{part.part_no} {part.name}"
        for code in filter(None, (part.new_serial_no, part.new_lot_no)):
            yield _by(Start(Kind.part, code, code, hint), "fitted", orders[part.order_id], part.created_at, part.id * 2 + 1)
        for code in filter(None, (part.old_serial_no, part.old_lot_no)):
            yield _by(Start(Kind.part, code, code, hint), "taken_out", orders[part.order_id], part.created_at, part.id * 2)


HOW_A_DEVICE_HANGS = {
    Kind.customer: "stands_at", Kind.software: "runs", Kind.maker: "of_maker", Kind.complaint: "complained_of",
    Kind.event: "happened_to", Kind.recall: "recalled", Kind.emergency: "affected", Kind.signal: "case_of", Kind.implant: "borne_by",
    Kind.follow_up: "asked_after",
}  # fmt: skip


def _devices(_session: Session, hub: Hub) -> Iterator[Link]:
    for order in hub.orders:
        if order.device_id in hub.devices:
            yield _by(of_record(Kind.device, hub.devices[order.device_id]), "repaired", order)
    orders = {order.id: order for order in hub.orders}
    for loan in hub.loans:
        if loan.device_id in hub.devices:
            yield _by(of_record(Kind.device, hub.devices[loan.device_id]), "lent", orders[loan.order_id], loan.given_at)
    how = HOW_A_DEVICE_HANGS.get(hub.start.kind, "bears")
    for pk in hub.own:
        device = hub.devices[pk]
        yield Link(of_record(Kind.device, device), how, device.installed_on, pk, (hub.start.kind, hub.start.key))


def _customers(session: Session, hub: Hub) -> Iterator[Link]:
    wanted = {order.customer_id for order in hub.orders} | {device.customer_id for device in hub.devices.values()}
    chosen = select(Customer).where(Customer.id.in_(wanted - {None})).options(load_only(Customer.name, Customer.city, Customer.district))
    known = {row.id: of_record(Kind.customer, row) for row in session.scalars(chosen)} if wanted else {}
    for device in hub.devices.values():
        if device.customer_id in known:
            thing = known[device.customer_id]
            yield Link(thing, "stands_at", device.installed_on, thing.pk, (Kind.device, str(device.id)))
    for order in hub.orders:
        if order.customer_id in known:
            yield _by(known[order.customer_id], "repaired_at", order)


def _people(session: Session, hub: Hub) -> Iterator[Link]:
    """Who repaired, was there, or read the version; with the qualification that held then."""
    orders = {order.id: order for order in hub.orders}
    columns = load_only(Visit.order_id, Visit.engineer_id, Visit.started_at)
    visits = select(Visit).where(Visit.order_id.in_(orders)).options(columns).order_by(Visit.id.desc()).limit(MOST)
    been = [(visit.engineer_id, "visited", orders[visit.order_id], visit.started_at) for visit in session.scalars(visits)] if orders else []
    done = [(order.engineer_id, "repaired_by", order, order.reported_at) for order in hub.orders if order.engineer_id is not None]
    known = _known_people(session, Person.id.in_({found[0] for found in (*done, *been)}))
    told: dict[int, Start] = {}  # the newest work tells the qualification; of thousands of repairs it is asked once
    for person_id, how, order, at in (*done, *been):
        if person_id in known:
            if person_id not in told:
                told[person_id] = _qualified(known[person_id], hub.devices.get(order.device_id), at)
            yield _by(told[person_id], how, order, at)
    if hub.start.kind is Kind.document:
        yield from _readers(session, hub.start)


def _known_people(session: Session, fits: Any) -> dict[int, Person]:
    beside = load_only(Person.name, Person.staff_no, Person.user_id), selectinload(Person.qualifications)
    chosen = select(Person).where(fits).options(*beside)
    return {person.id: person for person in session.scalars(chosen.limit(MOST))}


def _qualified(person: Person, device: Device | None, at: datetime) -> Start:
    """The person, and until when they were qualified for this device on that day."""
    day = at.astimezone(CHINA).date()
    held = [q for q in person.qualifications if device is not None and q.covers(device.model, Work.repair) and q.holds_on(day)]
    until = max((q.valid_until for q in held), default=None)
    told = _("qualified until %(day)s", day=until.isoformat()) if until else _("no qualification for it on %(day)s", day=day.isoformat())
    return Start(Kind.person, str(person.id), person.name, f"{person.staff_no} · {told}", f"/person/show/{person.id}")


def _readers(session: Session, start: Start) -> Iterator[Link]:
    read = select(ReadingTask.user_id, ReadingTask.passed_at).where(ReadingTask.document_version_id == start.pk)
    passed = dict(session.execute(read.where(ReadingTask.state == "passed").limit(MOST)).all())
    for person in _known_people(session, Person.user_id.in_(passed)).values():
        yield Link(of_record(Kind.person, person), "read_by", passed[person.user_id], person.id, (Kind.document, start.key))


def _documents(session: Session, hub: Hub) -> Iterator[Link]:
    for version, orders in versions_at(session, hub.orders):
        thing = of_record(Kind.document, version)
        for order in orders:
            yield _by(thing, "made_by", order, version.in_force_at)
    if hub.start.kind is Kind.person:
        read = select(ReadingTask).join(Person, Person.user_id == ReadingTask.user_id)
        read = read.where(Person.id == hub.start.pk, ReadingTask.state == "passed").order_by(ReadingTask.id.desc()).limit(MOST)
        beside = joinedload(ReadingTask.document_version).load_only(DocumentVersion.edition).joinedload(DocumentVersion.document)
        for task in session.scalars(read.options(beside)):
            thing = of_record(Kind.document, task.document_version)
            yield Link(thing, "was_read", task.passed_at, thing.pk, (Kind.person, hub.start.key))


def _makers(_session: Session, hub: Hub) -> Iterator[Link]:
    for device in sorted(hub.devices.values(), key=lambda device: device.id, reverse=True):
        maker = device.model.maker
        yield Link(Start(Kind.maker, maker, maker), "makes", device.installed_on, maker, (Kind.device, str(device.id)))


def _cases(kind: Kind, how: str) -> Callable[[Session, Hub], Iterator[Link]]:
    """The records of one kind about the devices of the window, its repairs and its customers."""

    def found(_session: Session, hub: Hub) -> Iterator[Link]:
        orders = {order.id: order for order in hub.orders}
        for case in (case for case in hub.cases if case.thing.kind is kind):
            if case.order_id in orders:
                yield _by(case.thing, how, orders[case.order_id], case.at)
            if case.device_id in hub.devices:
                yield Link(case.thing, how, case.at, case.thing.pk, (Kind.device, str(case.device_id)))
            if case.customer_id is not None:
                yield Link(case.thing, how, case.at, case.thing.pk, (Kind.customer, str(case.customer_id)))

    return found


def _codes(kind: Kind, how: str, *names: str) -> Callable[[Session, Hub], Iterator[Link]]:
    """What stands on the devices themselves, each text once; the production identifier beside the device identifier."""

    def found(_session: Session, hub: Hub) -> Iterator[Link]:
        for device in sorted(hub.devices.values(), key=lambda device: device.id, reverse=True):
            for text in filter(None, (getattr(device, name) for name in names)):
                hint = (device.udi_pi or "") if kind is Kind.udi else str(device.model)
                yield Link(Start(kind, text, text, hint), how, device.installed_on, text, (Kind.device, str(device.id)))

    return found


FOUND: dict[Kind, Callable[[Session, Hub], Iterator[Link]]] = {
    Kind.order: _orders,
    Kind.device: _devices,
    Kind.customer: _customers,
    Kind.person: _people,
    Kind.document: _documents,
    Kind.complaint: _cases(Kind.complaint, "complaint_about"),
    Kind.event: _cases(Kind.event, "happened_with"),
    Kind.recall: _cases(Kind.recall, "recalls"),
    Kind.emergency: _cases(Kind.emergency, "affected_by"),
    Kind.signal: _cases(Kind.signal, "signal_case"),
    Kind.implant: _cases(Kind.implant, "implanted_as"),
    Kind.follow_up: _cases(Kind.follow_up, "followed_up_by"),
    Kind.part: _parts,
    Kind.udi: _codes(Kind.udi, "bears", "udi_di"),
    Kind.lot: _codes(Kind.lot, "bears", "lot_no"),
    Kind.software: _codes(Kind.software, "runs", "software_full_version", "software_release"),
    Kind.maker: _makers,
}
