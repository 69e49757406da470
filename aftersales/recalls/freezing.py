"""Freezing: the units a recall reaches now are written down, a hundred thousand in a job; and the notices that follow from them.

The rows are inserted in blocks and told to the trail like any others: one flush of the session for each would take minutes. Every block is
a transaction of its own in a job, and begun again a job skips what is there. The list counts, and its hash is fixed, at the end only; until
then the scope stays as it is, so that the units of one list are those of one scope.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Integer, case, exists, func, insert, literal, select
from sqlalchemy.orm import Session, object_session

from aftersales.columns import UtcDateTime
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.jobs import Job, JobState, Result, Work, handles
from aftersales.jobs.runner import ask_along
from aftersales.labels import speaking
from aftersales.organization.region import Region
from aftersales.recalls.lists import RecallList
from aftersales.recalls.notice import RecallNotice, note_told
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import ids_in_scope, scope_told
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.attachments import Attachment
from aftersales.record.audit import unaudited_maintenance
from aftersales.record.audit.chain import append
from aftersales.record.audit.entry import Draft
from aftersales.record.now import now, server_now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store

KIND = "recall_list"
AT_ONCE = 2000  # units within the request; more go to a job
NOTICES_AT_ONCE = 200
UNDER_WAY = 20  # jobs that are looked through for one of this recall
BLOCK = 2000
HEADS = ("设备编号", "型号", "序列号", "批号", "软件版本", "使用单位", "区域")

Advance = Callable[[int, int], None]


def freeze(session: Session, recall: Recall, reason: str = "") -> None:
    """The list as it is now. What earlier lists have stays; without anything new only a first list is refused."""
    if reason_to_wait := why_waits(recall):
        raise Refusal(reason_to_wait)
    with acting_as(SYSTEM):
        ids = ids_in_scope(session, recall)
    if not ids and not _is_half(session, recall):
        raise Refusal(_("The scope reaches no unit.") if not recall.list_no else _("The scope reaches no unit that is not listed yet."))
    if len(ids) > AT_ONCE and current_actor().user_id is not None:
        asked = {"recall": recall.id, "by": current_actor().name, "reason": reason, "page": f"/recall/show/{recall.id}"}
        ask_along(session, KIND, asked)
    else:
        _freeze(session, recall, ids, current_actor().name, reason, lambda done, total: None)


@handles(KIND, owed=True)
def carry_on(work: Work) -> Result:
    """Bring list and notices of a recall up to date, in blocks."""
    session, recall_id = work.session, work.arguments["recall"]
    with speaking("zh"):
        recall = session.get_one(Recall, recall_id)
        if not work.arguments.get("only_notices"):
            ids = ids_in_scope(session, recall)
            if ids or _is_half(session, recall):
                _freeze(session, recall, ids, work.arguments["by"], work.arguments["reason"], lambda done, total: work.advance(done, total))
        count = _make_notices(session, recall, lambda done, total: work.advance(done, total)) if recall.decided_at is not None else 0
        return Result(_("%(units)s units on the list, %(notices)s notices made.", units=recall.unit_count, notices=count))


def under_way(session: Session, recall: Recall) -> Job | None:
    """The job that still writes this recall's list or notices."""
    going = select(Job).where(Job.kind == KIND, Job.state.in_([JobState.queued, JobState.running])).order_by(Job.id.desc())
    with session.no_autoflush:
        return next((job for job in session.scalars(going.limit(UNDER_WAY)) if job.arguments["recall"] == recall.id), None)


def why_waits(recall: Recall) -> str:
    """Neither another list nor another scope while a list is being written; empty where none is."""
    session = object_session(recall)
    is_busy = session is not None and under_way(session, recall) is not None
    return _("The list and its notices are being written.") if is_busy else ""


def _is_half(session: Session, recall: Recall) -> bool:
    """Whether a job was killed between the last block and the list."""
    return bool(session.scalar(select(exists().where(RecallUnit.recall_id == recall.id, RecallUnit.list_no > recall.list_no))))


def _freeze(session: Session, recall: Recall, ids: Sequence[int], by: str, reason: str, advance: Advance) -> None:
    list_no, recall_id = recall.list_no + 1, recall.id
    with acting_as(SYSTEM):
        for start in range(0, len(ids), BLOCK):
            write_units(session, recall, list_no, ids[start : start + BLOCK])
            advance(min(start + BLOCK, len(ids)), len(ids))
        recall = session.get_one(Recall, recall_id)
        _fix(session, recall, list_no, by, reason)
        if recall.decided_at is not None:
            bring_notices(session, recall)


def write_units(session: Session, recall: Recall, list_no: int, device_ids: Sequence[int]) -> None:
    """One block of units, copied from their devices by the database itself; each with its entry in the trail."""
    table, moment, actor = RecallUnit.__table__, server_now(), current_actor()
    written = {
        "device_id": Device.id, "region_id": Device.region_id, "customer_id": Device.customer_id, "serial_no": Device.serial_no,
        "lot_no": Device.lot_no, "search_text": SEARCHED, "recall_id": literal(recall.id), "list_no": literal(list_no),
        "created_at": literal(moment, UtcDateTime), "changed_at": literal(moment, UtcDateTime),
        "created_by_id": literal(actor.user_id, Integer), "changed_by_id": literal(actor.user_id, Integer),
    }  # fmt: skip
    devices = select(*written.values()).where(Device.id.in_(device_ids)).order_by(Device.id)
    with unaudited_maintenance(session, _("%(n)s units of %(recall)s", n=len(device_ids), recall=recall.number)):
        listed = insert(table).from_select([*written], devices).returning(table.c.id, *(table.c[name] for name in TOLD))
        drafts = [_draft(*row) for row in session.connection().execute(listed)]
    append(session, drafts, new=frozenset(draft.root for draft in drafts))


TOLD = ("region_id", "recall_id", "device_id", "customer_id", "serial_no", "lot_no", "list_no", "is_sampled", "state")
# What the stamps would write: the fields that are searched, one line each, in lower case.
BOTH = Device.serial_no + "\n" + Device.lot_no
SEARCHED = func.lower(case((Device.lot_no.is_(None), Device.serial_no), (Device.serial_no.is_(None), Device.lot_no), else_=BOTH))


def _draft(unit_id: int, *values: Any) -> Draft:
    """What a flush of this row would have told."""
    changes = {name: [None, value] for name, value in zip(TOLD, values, strict=True) if value is not None}
    return Draft(RecallUnit.__name__, unit_id, values[0], "create", changes)


def _fix(session: Session, recall: Recall, list_no: int, by: str, reason: str) -> None:
    """The list as a file named by its hash, and what the recall says of it."""
    store: Store = current_app.extensions["store"]
    data, count, added = _file(session, recall, list_no)
    sha256 = store.put(data)
    home = session.scalars(select(Region.id).order_by(Region.is_head_office.desc(), Region.id).limit(1)).one()
    frozen = RecallList(
        recall=recall, region_id=home, list_no=list_no, frozen_at=now(), frozen_by=by, unit_count=count, added_count=added,
        list_hash=sha256, criteria_text=scope_told(recall), widened_for=reason or None,
    )  # fmt: skip
    session.add(frozen)
    recall.list_no, recall.unit_count, recall.list_hash, recall.frozen_at = list_no, count, sha256, now()
    recall._audit_reason = reason or _("The list was frozen.")
    session.flush()
    # Not attach(): it is our own table, and of a hundred thousand units larger than a file that people bring may be.
    file: Attachment = Attachment.of(frozen, name=f"{recall.number}-{list_no}.csv", media_type="text/csv", size=len(data), purpose="list")
    file.sha256, file.created_at, file.created_by = sha256, now(), by
    session.add(file)
    session.flush()


def _file(session: Session, recall: Recall, list_no: int) -> tuple[bytes, int, int]:
    """Every unit up to this list, sorted by the number of its device: the same units give the same bytes, and so the same hash."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    count = added = 0
    for row in _rows(session, recall):
        writer.writerow(row[:-1])
        count, added = count + 1, added + (row[-1] == list_no)
    return text.getvalue().encode("utf-8-sig"), count, added


def _rows(session: Session, recall: Recall) -> Iterator[Any]:
    chosen = (
        select(
            Device.number, DeviceModel.specification, RecallUnit.serial_no, RecallUnit.lot_no, Device.software_full_version, Customer.name,
            Region.code, RecallUnit.list_no,
        )
        .join(Device, Device.id == RecallUnit.device_id)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .join(Region, Region.id == RecallUnit.region_id)
        .outerjoin(Customer, Customer.id == RecallUnit.customer_id)
        .where(RecallUnit.recall_id == recall.id)
        .order_by(Device.number)
    )  # fmt: skip
    return iter(session.execute(chosen))


def bring_notices(session: Session, recall: Recall) -> None:
    """A notice to each customer with units that no notice tells of; many by a job."""
    with acting_as(SYSTEM):
        many = len(_customers(session, recall, NOTICES_AT_ONCE + 1)) > NOTICES_AT_ONCE
    if many and current_actor().user_id is not None:
        ask_along(session, KIND, {"recall": recall.id, "only_notices": True, "page": f"/recall/show/{recall.id}"})
    else:
        _make_notices(session, recall, lambda done, total: None)


def _customers(session: Session, recall: Recall, limit: int | None = None) -> list[tuple[int, int]]:
    """Customer and region of the units that no notice tells of yet."""
    has_one = exists().where(
        RecallNotice.recall_id == recall.id, RecallNotice.customer_id == RecallUnit.customer_id, RecallNotice.list_no >= RecallUnit.list_no
    )
    mine = RecallUnit.recall_id == recall.id, RecallUnit.customer_id.is_not(None), RecallUnit.list_no > recall.noticed_to
    chosen = select(RecallUnit.customer_id, RecallUnit.region_id).where(*mine, ~has_one).distinct()
    return list(session.execute(chosen.order_by(RecallUnit.customer_id).limit(limit)))


def _make_notices(session: Session, recall: Recall, advance: Advance) -> int:
    with acting_as(SYSTEM):
        customers = _customers(session, recall)
        counts = _counts(session, recall)
        for start in range(0, len(customers), NOTICES_AT_ONCE):
            for customer_id, region_id in customers[start : start + NOTICES_AT_ONCE]:
                span = {"after_list": recall.noticed_to, "list_no": recall.list_no, "unit_count": counts[customer_id]}
                session.add(RecallNotice(recall=recall, customer_id=customer_id, region_id=region_id, **span))
            session.flush()
            advance(min(start + NOTICES_AT_ONCE, len(customers)), len(customers))
        recall.noticed_to = recall.list_no
        note_told(recall)
        session.flush()
    return len(customers)


def _counts(session: Session, recall: Recall) -> dict[int, int]:
    mine = RecallUnit.recall_id == recall.id, RecallUnit.list_no > recall.noticed_to, RecallUnit.customer_id.is_not(None)
    counted = select(RecallUnit.customer_id, func.count()).where(*mine).group_by(RecallUnit.customer_id)
    return dict(map(tuple, session.execute(counted)))
