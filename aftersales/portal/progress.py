"""How far a report has come, for whoever holds its link: steps in plain words, and the sealed papers at the end."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort, current_app, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from aftersales.complaints.complaint import Complaint
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.labels import label
from aftersales.people.person import Person
from aftersales.portal.pages import blueprint, page, to
from aftersales.portal.stranger import actor_behind
from aftersales.record.actor import acting_as
from aftersales.record.archive import SealedDocument, sealed_of
from aftersales.record.file_routes import sent_paper
from aftersales.service import acceptance
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import RATED
from aftersales.service.request import Harm, RequestKind, ServiceRequest

# How many of the steps are behind, by the state of the complaint, else of the order; of the request while there is neither.
PASSED = {
    "investigating": 3, "planning": 4, "acting": 5, "replying": 6, "verifying": 7,
    "received": 1, "registered": 2, "ordered": 2, "solved_remotely": 2, "answered": 3,
    "opened": 2, "assigned": 3, "accepted": 4, "working": 5, "in_workshop": 5, "completed": 6, "closed": 7,
}  # fmt: skip
OVER = ("cancelled", "solved_remotely", "answered", "closed", "not_a_complaint")
LETTER = "complaint_reply"
SURNAME = re.compile("欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|端木|夏侯|长孙|宇文|南宫|[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Step:
    """One step of the way: its words, when it was reached, and whether it is "done", "now" or "ahead"."""

    words: str
    at: datetime | None
    state: str


@dataclass(frozen=True)
class Engineer:
    """What a customer learns of the person who comes: surname, and a telephone of the office, never a private one."""

    surname: str
    phone: str | None


@dataclass(frozen=True)
class CustomersPaper:
    """A sealed paper that is the customer's too, with the record it was made of."""

    record: ServiceOrder | Complaint
    row: SealedDocument

    @property
    def title(self) -> str:
        return label(f"{self.record.key()}.document.{self.row.name}")


@blueprint.route("/t/<token>")
def progress(token: str) -> Any:
    with acting_as(actor_behind(ServiceRequest.progress_token, token) or abort(404)):
        found = request_behind(token)
        order = found.order
        return page(
            "progress", token=token, request_=found, order=order, steps=steps(found, order), now_words=standing(found, order),
            is_over=_state(found, order) in OVER, engineer=_engineer(order), papers=_papers(found),
            signing_token=order.signing_token if order is not None and acceptance.is_open(order) else None,
            can_rate=order is not None and order.state in RATED, is_rated="rated" in request.args,
            is_signed="signed" in request.args and order is not None and order.state in RATED,
        )  # fmt: skip


@blueprint.route("/t/<token>/received")
def received(token: str) -> Any:
    """The answer to a report: its number, and where to follow it."""
    with acting_as(actor_behind(ServiceRequest.progress_token, token) or abort(404)):
        found = request_behind(token)
        is_harmful = found.kind is RequestKind.complaint and found.harm is not Harm.no
        is_urgent = bool(found.is_device_down or found.is_treatment_affected or is_harmful)
        link = current_app.config["BASE_URL"].rstrip("/") + to("progress", token=token)
        return page("received", token=token, request_=found, is_urgent=is_urgent, link=link)


@blueprint.route("/t/<token>/<int:paper_id>.pdf")
def paper(token: str, paper_id: int) -> Response:
    """The customer's copy: the very bytes that were sealed."""
    with acting_as(actor_behind(ServiceRequest.progress_token, token) or abort(404)):
        found = next((paper for paper in _papers(request_behind(token)) if paper.row.id == paper_id), None) or abort(404)
        response = sent_paper(found.record, found.row, inline=True)
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.headers["Cache-Control"] = "private, no-store"
        return response


def steps(request_: ServiceRequest, order: ServiceOrder | None) -> list[Step]:
    """The way of a repair or complaint; of a call that ended without one, the part that was gone."""
    is_complaint = request_.kind is RequestKind.complaint
    told = request_.complaint if is_complaint else None
    begun = [
        (_("Complaint received") if is_complaint else _("Report received"), request_.received_at),
        (_("Registered by our service desk"), request_.registered_at),
    ]
    repaired = [
        (_("Engineer appointed"), order and order.assigned_at),
        (_("Engineer has answered"), order and order.responded_at),
        (_("Repair begun"), order and order.arrived_at),
        (_("Repaired and handed over"), order and order.completed_at),
        (_("Report reviewed and filed"), order and order.closed_at),
    ]
    way = [*begun, *(_way_of(told) if told is not None else repaired)]
    state = _state(request_, order)
    if state in ("cancelled", "not_a_complaint"):
        return [Step(words, at, "done") for words, at in way[:2] if at is not None]
    if state == "solved_remotely":
        return [Step(words, at, "done") for words, at in way[:2]]
    passed = len(way) if state == "closed" else PASSED[state]
    return [
        Step(words, at if index < passed else None, "ahead" if index >= passed else "now" if index == passed - 1 < len(way) - 1 else "done")
        for index, (words, at) in enumerate(way)
    ]


def standing(request_: ServiceRequest, order: ServiceOrder | None) -> str:
    """One sentence: where it stands and what comes next."""
    if request_.kind is RequestKind.complaint:
        return _standing_of_complaint(_state(request_, order))
    return {
        "received": _("Our service desk is looking at your report and will call you."),
        "registered": _("Your report is registered. We may call you about it."),
        "ordered": _("A repair is being planned."),
        "solved_remotely": _("Solved at a distance; no repair was needed."),
        "opened": _("A repair is being planned."),
        "assigned": _("An engineer has been appointed and will contact you."),
        "accepted": _("The engineer is preparing the visit."),
        "working": _("The engineer is working on the device."),
        "in_workshop": _("The device is being repaired in our workshop."),
        "completed": _("The repair is finished. Its report is being reviewed."),
        "closed": _("Finished. Your copy of the report is below."),
        "cancelled": _("This report was closed without a repair. Call us if you did not expect that."),
    }[_state(request_, order)]


def _way_of(complaint: Complaint) -> list[tuple[str, datetime | None]]:
    """The six steps in words for whoever complained; what was found stands in the letter, not here."""
    return [
        (_("Confirmed by our complaint staff"), complaint.confirmed_at),
        (_("Looked into"), complaint.investigated_at),
        (_("Solution decided"), complaint.planned_at),
        (_("Solution carried out"), complaint.acted_at),
        (_("Answered by our complaint staff"), complaint.replied_at),
        (_("Effect verified and filed"), complaint.closed_at),
    ]


def _standing_of_complaint(state: str) -> str:
    return {
        "received": _("Our service desk is looking at your complaint and will call you."),
        "registered": _("Your complaint is registered. Our complaint staff will call you."),
        "investigating": _("Your complaint is being looked into."),
        "planning": _("The cause is known; a solution is being decided on."),
        "acting": _("The solution is being carried out."),
        "replying": _("We are preparing our answer."),
        "verifying": _("Your complaint was answered; our letter is below. We are verifying that the solution works."),
        "closed": _("Your complaint was answered; our letter is below. Call us if you are not satisfied with it."),
        "not_a_complaint": _("This complaint was closed. Call us if you did not expect that."),
        "cancelled": _("This complaint was closed. Call us if you did not expect that."),
    }[state]


def masked(name: str) -> str:
    """The surname alone: of a Chinese name the first character or a compound surname, of another the last word."""
    surname = SURNAME.match(name)
    return surname[0] if surname else name.split()[-1]


def request_behind(token: str) -> ServiceRequest:
    """The request and all that its page shows, in one statement."""
    order = joinedload(ServiceRequest.order)
    seen = select(ServiceRequest).where(ServiceRequest.progress_token == token)
    engineer = order.joinedload(ServiceOrder.engineer).joinedload(Person.service_centre)
    rating = order.joinedload(ServiceOrder.rating)
    device = joinedload(ServiceRequest.device).joinedload(Device.model)
    return db.session.scalars(seen.options(engineer, rating, device, joinedload(ServiceRequest.complaint))).one()


def _state(request_: ServiceRequest, order: ServiceOrder | None) -> str:
    """A complaint stands where its own record does, once the desk has registered the call."""
    complaint = request_.complaint if request_.kind is RequestKind.complaint else None
    if complaint is not None and request_.state not in ("received", "cancelled"):
        return complaint.state
    return request_.state if order is None or complaint is not None else order.state


def _engineer(order: ServiceOrder | None) -> Engineer | None:
    if order is None or order.state in ("opened", "cancelled") or order.engineer is None:
        return None
    centre = order.engineer.service_centre
    return Engineer(masked(order.engineer.name), centre.phone if centre is not None else None)


def _papers(request_: ServiceRequest) -> list[CustomersPaper]:
    """The reports of the repair; and of a complaint that the customer made the reply, not what we wrote of it for ourselves."""
    order, complaint = request_.order, request_.complaint if request_.kind is RequestKind.complaint else None
    told = [record for record in (order if order is not None and order.is_sealed else None, complaint) if record is not None]
    papers = [CustomersPaper(record, row) for record in told for row in sealed_of(db.session, record) if row.status == "valid"]
    return [paper for paper in papers if paper.record is order or paper.row.name == LETTER]
