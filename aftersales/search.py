"""The one search of every page: an exact number, serial number or UDI opens its record; else the first hits of each type one may read."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import Response, current_app, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from aftersales.customers.contract import ServiceContract
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.instrument import TestInstrument
from aftersales.devices.model import DeviceModel
from aftersales.devices.udi import parse_udi
from aftersales.extensions import db
from aftersales.people.person import Person
from aftersales.record.actor import Actor, current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import shown, url_of
from aftersales.record.listing import eager
from aftersales.record.refusal import Refusal
from aftersales.record.search import matches
from aftersales.service.lines import PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import ServiceRequest

SEARCHED: tuple[type[SharedRecord], ...] = (
    ServiceOrder,
    ServiceRequest,
    Device,
    Customer,
    PartReplaced,
    ServiceContract,
    Person,
    DeviceModel,
    TestInstrument,
)
# A part is looked for by the unit that was fitted, and where; its list stands inside an order and does not say so.
TOLD: dict[type[SharedRecord], tuple[str, ...]] = {PartReplaced: ("part_no", "new_serial_no", "order", "new_lot_no", "name")}
SHOWN, SUGGESTED = 6, 4
NUMBER = re.compile(r"([A-Z]{2})-[A-Z0-9-]*\d{4}-\d{6}", re.ASCII)


@dataclass(frozen=True)
class Hits:
    """The first records of one type that match, with whether there are more."""

    cls: type[SharedRecord]
    rows: list[SharedRecord]
    more: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return _columns(self.cls)[:5]


class SearchPage(BaseView):
    """`/search?q=`, and `/search/suggest?q=` for what shows while one types. Eleven statements at most: an exact hit, one per type."""

    route_base = "/search"
    default_view = "index"
    section = ""
    permission = ("", "")
    base_permissions: ClassVar[list[str]] = []

    @expose("")
    def index(self) -> Any:
        actor = current_actor()
        if actor.user_id is None:
            return redirect(url_for("AuthDBView.login", next=request.full_path))
        phrase, problem, found = request.args.get("q", "").strip()[:100], "", list[Hits]()
        if phrase:
            exact = exact_hit(db.session, actor, phrase)
            if exact is not None:
                return redirect(url_of(exact))
            found, problem = find(db.session, actor, phrase, SHOWN)
        return render_template("search.html", phrase=phrase, found=found, problem=problem, shown=shown, url_of=url_of, search_query=phrase)


    @expose("/suggest")
    def suggest(self) -> Response:
        """The exact hit, or the first hits of each type: {"groups": [{"label", "url", "hits": [{"text", "hint", "url"}]}]}."""
        actor = current_actor()
        phrase = request.args.get("q", "").strip()[:100]
        if actor.user_id is None:
            return current_app.json.response(groups=[])
        exact = exact_hit(db.session, actor, phrase) if phrase else None
        found = [Hits(type(exact), [exact], more=False)] if exact is not None else []
        if phrase and exact is None:
            found, _problem = find(db.session, actor, phrase, SUGGESTED)
        groups = [
            {
                "label": hits.cls.plural(),
                "url": f"/{hits.cls.key()}/list/?{urlencode({'q': phrase})}" if hits.more and hits.cls.parent is None else None,
                "hits": [{"text": str(row), "hint": _details(row), "url": url_of(row)} for row in hits.rows],
            }
            for hits in found
        ]
        return current_app.json.response(groups=groups)


def _details(row: SharedRecord) -> str:
    """What helps to choose, from what the list shows: model, serial number, hospital."""
    texts = [shown(row, name).text for name in _columns(type(row)) if name not in ("number", "state")]
    return " · ".join([text for text in texts if text and text != str(row)][:3])


def find(
    session: Session, actor: Actor, phrase: str, size: int, types: tuple[type[SharedRecord], ...] = SEARCHED
) -> tuple[list[Hits], str]:
    """The first hits of each type, and what is wrong with the phrase where no type could be asked for it."""
    found, problems = [], []
    for cls in types:
        if not _may_read(actor, cls):
            continue
        try:
            hits = _hits(session, cls, phrase, size)
        except Refusal as refusal:
            problems.append(str(refusal))
            continue
        if hits.rows:
            found.append(hits)
    return found, problems[0] if problems and not found else ""


def exact_hit(session: Session, actor: Actor, phrase: str) -> SharedRecord | None:
    """The one record of this number, or the one device of this serial number or UDI; None when there is none or several."""
    number = NUMBER.fullmatch(phrase.upper())
    if number is not None:
        cls = next((cls for cls in SharedRecord.record_types.values() if cls.prefix == number[1]), None)
        return (
            None
            if cls is None or not _may_read(actor, cls)
            else session.scalars(select(cls).where(cls.number == phrase.upper())).one_or_none()
        )
    if not _may_read(actor, Device):
        return None
    udi = parse_udi(phrase)
    by_udi = [Device.udi_di == udi.di, Device.serial_no == udi.serial] if udi.is_valid and udi.di and udi.serial else None
    fits = by_udi or [or_(Device.serial_no == phrase, Device.serial_no == phrase.upper())]
    devices = list(session.scalars(select(Device).where(*fits).limit(2)))
    return devices[0] if len(devices) == 1 else None


def _columns(cls: type[SharedRecord]) -> tuple[str, ...]:
    return TOLD.get(cls, cls.listing)


def _may_read(actor: Actor, cls: type[SharedRecord]) -> bool:
    return actor.can("can_read", cls.permission_name())


def _hits(session: Session, cls: type[SharedRecord], phrase: str, size: int) -> Hits:
    chosen = select(cls).where(matches(session, cls, phrase)).options(*eager(cls, _columns(cls)))
    rows = list(session.scalars(chosen.order_by(cls.id.desc()).limit(size + 1)).unique())
    return Hits(cls, rows[:size], len(rows) > size)
