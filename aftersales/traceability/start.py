"""Where a trace begins: a kind of thing and its key, found from whatever was typed or scanned."""

import re
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from aftersales.columns import row_id
from aftersales.complaints.complaint import Complaint
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.devices.udi import parse_udi
from aftersales.documents.document import ControlledDocument
from aftersales.documents.version import DocumentVersion
from aftersales.emergencies.emergency import Emergency
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.people.person import Person
from aftersales.recalls.recall import Recall
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import url_of
from aftersales.record.listing import reaching
from aftersales.record.refusal import NotFound, Refusal
from aftersales.search import exact_hit, find
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.signals.signal import Signal
from aftersales.vigilance.event import AdverseEvent

LONGEST = 250
OFFERED = 8


class Kind(StrEnum):
    """What can be followed, in the order pages tell it. The last five are known by their text, the others by their record."""

    order = auto()
    device = auto()
    customer = auto()
    person = auto()
    document = auto()
    complaint = auto()
    event = auto()
    recall = auto()
    emergency = auto()
    signal = auto()
    implant = auto()
    follow_up = auto()
    part = auto()
    udi = auto()
    lot = auto()
    software = auto()
    maker = auto()


RECORDS: dict[Kind, type[SharedRecord]] = {
    Kind.order: ServiceOrder,
    Kind.device: Device,
    Kind.customer: Customer,
    Kind.person: Person,
    Kind.document: DocumentVersion,
    Kind.complaint: Complaint,
    Kind.event: AdverseEvent,
    Kind.recall: Recall,
    Kind.emergency: Emergency,
    Kind.signal: Signal,
    Kind.implant: Implant,
    Kind.follow_up: ImplantFollowUp,
}
# Found by their number or code only: a page asks a bounded number of statements.
BY_NUMBER = {Kind.document, Kind.complaint, Kind.event, Kind.recall, Kind.emergency, Kind.signal, Kind.implant, Kind.follow_up}
# The type whose right to read opens a kind of thing.
READ_WITH: dict[Kind, type[SharedRecord]] = RECORDS | {
    Kind.part: ServiceOrder, Kind.udi: Device, Kind.lot: Device, Kind.software: Device,
    Kind.maker: DeviceModel,
}  # fmt: skip
PART_CODES = (PartReplaced.new_serial_no, PartReplaced.new_lot_no, PartReplaced.old_serial_no, PartReplaced.old_lot_no)
DEVICE_TEXTS = {
    Kind.udi: (Device.udi_di,),
    Kind.lot: (Device.lot_no,),
    Kind.software: (Device.software_full_version, Device.software_release),
}
EDITION = re.compile(r"(?P<code>\S+)\s+(?P<edition>[A-Z]/\d+)", re.ASCII)


@dataclass(frozen=True)
class Start:
    """A thing that is followed: `key` is a record's id or the text itself, `url` the page of its record, where it has one."""

    kind: Kind
    key: str
    text: str
    hint: str = ""
    url: str = ""

    @property
    def pk(self) -> int:
        return int(self.key)


def may_follow(kind: Kind) -> bool:
    return current_actor().can("can_read", READ_WITH[kind].permission_name())


def start_of(session: Session, kind: str, key: str) -> Start:
    """The thing that an address names. Raises NotFound where there is none that the person may see."""
    if kind not in Kind.__members__ or not may_follow(Kind[kind]) or not 0 < len(key) <= LONGEST:
        raise NotFound(_("There is no such record."))
    known = Kind[kind]
    if known not in RECORDS:
        if session.scalar(_named(known, key).limit(1)) is None:
            raise NotFound(_("There is no such record."))
        return Start(known, key, key)
    cls = RECORDS[known]
    try:
        chosen = select(cls).where(cls.id == row_id(key))
    except ValueError:
        raise NotFound(_("There is no such record.")) from None
    record = session.scalars(chosen.options(*reaching(cls, cls.about_from))).one_or_none()
    if record is None:
        raise NotFound(_("There is no such record."))
    return of_record(known, record)


def of_record(kind: Kind, record: Any) -> Start:
    text = f"{record.model} {record.hint}" if kind is Kind.device else str(record)
    return Start(kind, str(record.id), text, record.number if kind is Kind.device else record.hint, url_of(record))


def starts_for(session: Session, phrase: str) -> list[Start]:
    """Everything that `phrase` may mean: one where it is a number, code or whole name, else what a search finds."""
    exact = exact_hit(session, current_actor(), phrase)
    of_type = {cls: kind for kind, cls in RECORDS.items()}
    if exact is not None and type(exact) in of_type:
        return [of_record(of_type[type(exact)], exact)]
    found = list(dict.fromkeys([*_by_code(session, phrase), *_by_name(session, phrase)]))
    return found or _by_search(session, phrase)


def _by_code(session: Session, phrase: str) -> list[Start]:
    """Two statements, however many codes and kinds there are."""
    udi = parse_udi(phrase)
    codes = tuple(dict.fromkeys(filter(None, (phrase, phrase.upper(), udi.serial, udi.lot))))
    texts = [(kind, code) for kind in (Kind.part, Kind.lot, Kind.software) for code in codes]
    texts += [(Kind.udi, udi.di or phrase), (Kind.maker, phrase)]
    texts = [(kind, text) for kind, text in texts if may_follow(kind)]
    asked = [_named(kind, text).exists().label(f"is_{n}") for n, (kind, text) in enumerate(texts)]
    known = session.execute(select(*asked)).one() if asked else ()
    found = [Start(kind, text, text) for (kind, text), is_there in zip(texts, known, strict=True) if is_there]
    if may_follow(Kind.device):
        by_serial = select(Device).where(Device.serial_no.in_(codes)).options(joinedload(Device.model)).limit(OFFERED)
        found += [of_record(Kind.device, device) for device in session.scalars(by_serial)]
    return found


def _by_name(session: Session, phrase: str) -> list[Start]:
    found = []
    if may_follow(Kind.person):
        named = select(Person).where(or_(Person.staff_no == phrase, Person.name == phrase)).limit(OFFERED)
        found += [of_record(Kind.person, person) for person in session.scalars(named)]
    if may_follow(Kind.customer):
        found += [of_record(Kind.customer, row) for row in session.scalars(select(Customer).where(Customer.name == phrase))]
    if may_follow(Kind.document):
        found += [of_record(Kind.document, version) for version in session.scalars(_versions(phrase))]
    return found


def _versions(phrase: str) -> Any:
    """The versions of a document by its code, or the one of "AS-QP-03 A/1"."""
    edition = EDITION.fullmatch(phrase)
    chosen = select(DocumentVersion).join(DocumentVersion.document).options(joinedload(DocumentVersion.document))
    chosen = chosen.where(ControlledDocument.code == (edition["code"] if edition else phrase))
    if edition:
        chosen = chosen.where(DocumentVersion.edition == edition["edition"])
    return chosen.order_by(DocumentVersion.id.desc()).limit(OFFERED)


def _by_search(session: Session, phrase: str) -> list[Start]:
    of_type = {cls: kind for kind, cls in RECORDS.items() if kind not in BY_NUMBER}
    hits, problem = find(session, current_actor(), phrase, OFFERED, tuple(of_type))
    found = [of_record(of_type[hit.cls], row) for hit in hits for row in hit.rows]
    found += _makers(session, phrase) if not problem and may_follow(Kind.maker) else []
    if problem and not found:
        raise Refusal(problem, field="q")
    return found


def _makers(session: Session, phrase: str) -> list[Start]:
    """Those of whose name the phrase is a part."""
    named = select(DeviceModel.maker).where(DeviceModel.maker.icontains(phrase, autoescape=True)).distinct().order_by(DeviceModel.maker)
    return [Start(Kind.maker, maker, maker) for maker in session.scalars(named.limit(OFFERED))]


def _named(kind: Kind, text: str) -> Select[Any]:
    """What bears the text: fitted or removed parts, devices, or models of a maker."""
    if kind is Kind.part:
        return select(PartReplaced.id).where(or_(*(column == text for column in PART_CODES)))
    if kind is Kind.maker:
        return select(DeviceModel.id).where(DeviceModel.maker == text)
    return select(Device.id).where(or_(*(column == text for column in DEVICE_TEXTS[kind])))
