"""The whole life of one device, newest first: installed, every call, repair, part, loan, change of state and sealed report.

Every kind of happening comes in one statement, bounded to a page, so a device with a thousand repairs costs what a new one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import IntEnum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import Select, String, and_, bindparam, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from aftersales.columns import UtcDateTime
from aftersales.labels import label
from aftersales.record.archive import SealedDocument
from aftersales.record.audit import AuditEntry
from aftersales.record.now import CHINA
from aftersales.record.refusal import Refusal

if TYPE_CHECKING:
    from aftersales.devices.device import Device

PAGE = 20
VERBS = ("ban", "release", "retire")


class Kind(IntEnum):
    """What happened; where two things happened at one moment, the higher stands above."""

    CALL = auto()
    REPAIR = auto()
    PART = auto()
    LOAN = auto()
    STATE = auto()
    DONE = auto()
    PAPER = auto()


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline, in words."""

    title: str
    when: datetime
    when_text: str
    url: str
    who: str = ""
    reason: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Life:
    """`may_be_recalled`: whether to ask for recalls under way. The statement says it beside its rows, so unknown where it has none."""

    happenings: list[Happening]
    before: str | None
    may_be_recalled: bool


def life_of(session: Session, device: "Device", before: str = "") -> Life:
    """A page of the life; `before` is the mark of the page after it in time. Refusal for a mark that is none."""
    moment, rank, row_id = _read(before) or (None, None, None)
    rows = session.execute(_lived(rank), {"device_id": device.id, "moment": moment, "row_id": row_id}).all()
    told, may_be_recalled = [_told(row) for row in rows[:PAGE]], not rows or rows[0].is_recalled
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        return Life(told, f"{last.at.isoformat()}|{last.rank}|{last.id}", may_be_recalled)
    return Life([*told, *_beginnings(device)], None, may_be_recalled)


@lru_cache(maxsize=len(Kind) + 1)
def _lived(marked_rank: int | None) -> Select[Any]:
    """The newest of the device :device_id, before the mark of :moment, this rank and :row_id if there is one. Putting it together takes
    longer than its answer, so it is done once."""
    from aftersales.recalls.unit import running

    happened = union_all(*(_page(rank, chosen, marked_rank) for rank, chosen in _kinds())).subquery()
    is_recalled = running(bindparam("device_id")).with_only_columns(literal(1)).exists().label("is_recalled")
    return select(happened, is_recalled).order_by(happened.c.at.desc(), happened.c.rank.desc(), happened.c.id.desc()).limit(PAGE + 1)


def _kinds() -> Iterator[tuple[Kind, Select[Any]]]:
    """The rows of each kind, in columns of equal names, so that they can be one statement."""
    from aftersales.service.lines import Loaner as loan
    from aftersales.service.lines import PartReplaced as part
    from aftersales.service.order import ServiceOrder as order
    from aftersales.service.request import ServiceRequest as call

    paper, entry, device_id = SealedDocument, AuditEntry, bindparam("device_id")
    orders = select(order.id).where(order.device_id == device_id)
    number_lent_for = select(order.number).where(order.id == loan.order_id).scalar_subquery()

    calls = _columns(call.received_at, call.id, call.id, number=call.number, words=call.fault_text, state=call.state)
    yield Kind.CALL, calls.where(call.device_id == device_id)
    repairs = _columns(order.created_at, order.id, order.id, number=order.number, state=order.state)
    yield Kind.REPAIR, repairs.where(order.device_id == device_id)
    done = _columns(order.completed_at, order.id, order.id, number=order.number, words=order.cause, state=order.result)
    yield Kind.DONE, done.where(order.device_id == device_id, order.completed_at.is_not(None))
    new = func.coalesce(part.new_serial_no, part.new_lot_no)
    parts = _columns(part.created_at, part.id, part.order_id, number=part.part_no + " " + part.name, words=part.reason, state=new)
    yield Kind.PART, parts.where(part.order_id.in_(orders))
    yield Kind.LOAN, _columns(loan.given_at, loan.id, loan.order_id, number=number_lent_for).where(loan.device_id == device_id)
    moves = _columns(entry.at, entry.sequence, entry.record_id, number=entry.action, words=entry.reason, who=entry.actor_name)
    yield Kind.STATE, moves.where(entry.kind == "Device", entry.record_id == device_id, or_(*(entry.action == verb for verb in VERBS)))
    papers = _columns(
        paper.sealed_at, paper.id, paper.record_id, number=paper.name, words=paper.number, state=paper.superseded_by, who=paper.sealed_by
    )
    yield Kind.PAPER, papers.where(paper.kind == "ServiceOrder", paper.record_id.in_(orders))


def _columns(at: Any, row_id: Any, opens: Any, **texts: Any) -> Select[Any]:
    """Moment, id, id of the record to open, and the texts as text: a union asks for equal types."""
    given = (cast(texts.get(name, null()), String).label(name) for name in ("number", "words", "state", "who"))
    return select(at.label("at"), row_id.label("id"), opens.label("opens"), *given)


def _page(rank: Kind, chosen: Select[Any], marked_rank: int | None) -> Select[Any]:
    """The newest of one kind before the mark. Where moments are equal the rank decides, then the id."""
    at, row_id = chosen.selected_columns.at, chosen.selected_columns.id
    if marked_rank is not None:
        moment, marked_id = bindparam("moment", type_=UtcDateTime()), bindparam("row_id")
        if rank < marked_rank:
            chosen = chosen.where(at <= moment)
        elif rank == marked_rank:
            chosen = chosen.where(or_(at < moment, and_(at == moment, row_id < marked_id)))
        else:
            chosen = chosen.where(at < moment)
    bounded = chosen.order_by(at.desc(), row_id.desc()).limit(PAGE + 1).subquery()
    return select(literal(rank.value).label("rank"), bounded)


def _told(row: Any) -> Happening:
    when_text = row.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return Happening(when=row.at, when_text=when_text, **_words(row, f"/service_order/show/{row.opens}"))


def _words(row: Any, order_url: str) -> dict[str, Any]:
    why = row.words or ""
    match row.rank:
        case Kind.CALL:
            title = f"{label('service_request')} {row.number} · {label(f'service_request.state.{row.state}')}"
            return {"title": title, "url": f"/service_request/show/{row.opens}", "reason": why, "tone": "warn"}
        case Kind.REPAIR:
            title = f"{label('service_order')} {row.number} · {label(f'service_order.state.{row.state}')}"
            return {"title": title, "url": order_url, "tone": "accent"}
        case Kind.DONE:
            result = label(f"repair_result.{row.state}") if row.state else ""
            title = _("%(number)s completed: %(result)s", number=row.number, result=result)
            return {"title": title, "url": order_url, "reason": why, "tone": "late" if row.state == "not_to_be_used" else "ok"}
        case Kind.PART:
            title = _("Part replaced: %(part)s → %(new)s", part=row.number, new=row.state or "")
            return {"title": title, "url": order_url, "reason": why}
        case Kind.LOAN:
            return {"title": _("Lent out for %(number)s", number=row.number), "url": order_url}
        case Kind.STATE:
            tone = "ok" if row.number == "release" else "late"
            return {"title": label(f"device.transition.{row.number}"), "url": "", "who": row.who or "", "reason": why, "tone": tone}
        case _:
            superseded = f" · {label('sealed_status.superseded')}" if row.state else ""
            title = f"{label(f'service_order.document.{row.number}')} {row.words}{superseded}"
            return {"title": title, "url": f"/service_order/{row.opens}/paper/{row.id}.pdf", "who": row.who or "", "tone": "ok"}


def _beginnings(device: "Device") -> Iterator[Happening]:
    for day, name in ((device.installed_on, "installed_on"), (device.made_on, "made_on")):
        if day is not None:
            yield Happening(
                device.field_label(name), datetime.combine(day, time(), CHINA).astimezone(UTC), day.isoformat(), "", tone="accent"
            )


def _read(text: str) -> tuple[datetime, int, int] | None:
    if not text:
        return None
    try:
        moment, rank, row_id = text.split("|")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not 0 < int(row_id) < 2**63:
            raise ValueError(text)
        return at, int(rank), int(row_id)
    except ValueError:
        raise Refusal(_("This page mark is not valid."), field="before") from None
