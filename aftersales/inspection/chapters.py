"""What is printed beside the originals, in Chinese as every paper: devices, what happened, who was qualified, what was calibrated."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from aftersales.customers.customer import Customer
from aftersales.devices.instrument import TestInstrument
from aftersales.inspection.choosing import Chosen, Wanted
from aftersales.inspection.story import batches, kinds
from aftersales.labels import label, speaking
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.content import canonical
from aftersales.record.display import words
from aftersales.record.now import CHINA, now
from aftersales.record.printing.render import TEMPLATE_FOLDER, render_pdf
from aftersales.service.lines import Measurement
from aftersales.service.visit import Visit
from aftersales.traceability.start import Kind

SHEET = TEMPLATE_FOLDER / "binder.css"
MOST_LETTERS = 80  # of what a record is about


@dataclass(frozen=True)
class Table:
    """`widths` in hundredths of the line. With `is_list` each text stands on one line, cut where its column ends, and the columns are
    laid out as a whole: cell by cell, thousands of rows take five times as long as merging what they are about."""

    heads: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Sequence[Sequence[str]]
    is_list: bool = False


@dataclass(frozen=True)
class Calibration:
    """What a certificate of an instrument said."""

    certificate_no: str
    calibrated_on: date
    valid_until: date


def print_chapter(title: str, tables: Iterable[Table], intro: str = "") -> bytes:
    return printed("chapter", title, title=title, intro=intro, tables=list(tables))


def printed(template: str, name: str, **values: Any) -> bytes:
    """A sheet of the binder; `name` tells it from the others."""
    with speaking("zh"):
        html = current_app.jinja_env.get_template(f"documents/sheets/binder_{template}.html").render(words=words, **values)
    identifier = hashlib.sha256(f"binder:{name}".encode()).digest()[:16]
    return render_pdf(html, stylesheets=(SHEET,), identifier=identifier, record=canonical({"binder": name}), created=now(), title=name)


def devices_table(session: Session, chosen: Chosen) -> Table:
    wanted = {device.customer_id for device in chosen.devices.values()} - {None}
    named: dict[int, str] = {}
    for ids in batches(wanted):
        named |= dict(session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(ids))).all())
    repairs = Counter(order.device_id for order in chosen.orders.values())
    rows = [
        (
            device.number, str(device.model), device.hint, device.udi_di or "", named.get(device.customer_id, "—"),
            words(device.installed_on) or "—", device.software_full_version or "—", str(repairs[device.id]),
        )
        for device in sorted(chosen.devices.values(), key=lambda device: device.id)
    ]  # fmt: skip
    heads = ("设备编号", "型号", "序列号或批号", "UDI-DI", "使用单位", "安装日期", "软件版本", "维修数")
    return Table(heads, (17, 16, 13, 14, 17, 9, 8, 6), rows)


def story_table(session: Session, chosen: Chosen) -> Table:
    """What happened beside the repairs, one line for each record, by kind and time."""
    rows: list[tuple[str, ...]] = []
    with speaking("zh"):  # a record's own name and words too
        for cls, ids in chosen.story.items():
            how, found = kinds()[cls], []
            for some in batches(ids):
                found += session.scalars(select(cls).where(cls.id.in_(some)))
            for record in sorted(found, key=lambda record: (getattr(record, how.at), record.id)):
                state = label(f"{cls.key()}.state.{record.state}") if cls.workflow else ""
                rows.append((cls.label("zh"), str(record), words(getattr(record, how.at)), getattr(record, how.what)[:MOST_LETTERS], state))
    return Table(("种类", "编号", "时间", "内容", "状态"), (16, 20, 16, 34, 14), rows)


def qualifications_table(session: Session, wanted: Wanted, chosen: Chosen) -> Table:
    """Each person who repaired or was there, with the qualifications for those devices that held on the days of the work; whoever the
    binder is about, with all that held in its period."""
    named = {start.pk for start in wanted.starts if start.kind is Kind.person}
    first, last = wanted.begins_on or date.min, wanted.ends_on or _day(now())
    done: dict[int, set[tuple[date, int]]] = defaultdict(set)  # days, and the devices that were worked on
    for order in chosen.orders.values():
        if order.engineer_id is not None:
            done[order.engineer_id].add((_day(order.reported_at), order.device_id))
    for ids in batches(chosen.orders):
        been = select(Visit.engineer_id, Visit.started_at, Visit.order_id).where(Visit.order_id.in_(ids))
        for engineer_id, started_at, order_id in session.execute(been):
            done[engineer_id].add((_day(started_at), chosen.orders[order_id].device_id))
    beside = selectinload(Person.qualifications).options(joinedload(Qualification.model), joinedload(Qualification.family))
    people = [p for ids in batches(named | done.keys()) for p in session.scalars(select(Person).where(Person.id.in_(ids)).options(beside))]
    rows: list[tuple[str, ...]] = []
    for person in sorted(people, key=lambda person: person.staff_no):
        at = [(day, chosen.devices[pk].model) for day, pk in done[person.id] if pk in chosen.devices]
        held = [
            q for q in person.qualifications
            if (person.id in named and q.holds_within(first, last)) or any(q.holds_on(day) and q.covers(model, q.work) for day, model in at)
        ]  # fmt: skip
        worked = [day for day, _device in done[person.id]]
        told = [(*_qualified_for(q), f"{q.valid_from} 至 {q.valid_until}", q.evidence or "", words(q.effect_confirmed_on)) for q in held]
        period = _span(worked) if worked else "—"
        rows += [(person.staff_no, person.name, period, *row) for row in told or [("当时无有效资质", "", "", "", "")]]
    heads = ("工号", "姓名", "参与工作", "产品", "工作", "资质有效期", "依据", "培训效果确认")
    return Table(heads, (7, 6, 19, 12, 10, 19, 16, 11), rows)


def _span(days: Iterable[date]) -> str:
    """From the first to the last day, or the one."""
    known = sorted(set(days))
    return str(known[0]) if len(known) == 1 else f"{known[0]} 至 {known[-1]}"


def _qualified_for(qualification: Qualification) -> tuple[str, str]:
    with speaking("zh"):
        return str(qualification.model or qualification.family), words(Work(qualification.work))


def calibrations_table(session: Session, chosen: Chosen) -> Table:
    """Each instrument that was measured with, and the certificates that held on the days it was used, as the trail kept them."""
    used: dict[int, list[date]] = defaultdict(list)
    for ids in batches(chosen.orders):
        measured = select(Measurement.instrument_id, Measurement.measured_at).where(Measurement.order_id.in_(ids))
        for instrument_id, at in session.execute(measured.where(Measurement.instrument_id.is_not(None))):
            used[instrument_id].append(_day(at))
    rows: list[tuple[str, ...]] = []
    for ids in batches(used):
        held = _certificates(session, ids)
        for instrument in session.scalars(select(TestInstrument).where(TestInstrument.id.in_(ids)).order_by(TestInstrument.id)):
            days = used[instrument.id]
            known = held.get(instrument.id) or [_present(instrument)]
            then = [c for c in known if any(c.calibrated_on <= day <= c.valid_until for day in days)]
            missing = [day for day in days if not any(c.calibrated_on <= day <= c.valid_until for c in then)]
            usage = f"{_span(days)}，{len(days)} 次"
            told = [(c.certificate_no or "—", f"{c.calibrated_on} 至 {c.valid_until}") for c in then]
            told += [("▲ 不在有效期内", "、".join(sorted({day.isoformat() for day in missing})[:3]))] if missing else []
            rows += [(instrument.name, instrument.serial_no, usage, *row) for row in told]
    return Table(("检测工具", "出厂编号", "使用", "证书编号", "校准有效期"), (20, 18, 26, 16, 20), rows)


def _present(instrument: TestInstrument) -> Calibration:
    return Calibration(instrument.certificate_no or "", instrument.calibrated_on, instrument.calibration_valid_until)


def _certificates(session: Session, ids: list[int]) -> dict[int, list[Calibration]]:
    """Every certificate an instrument ever had, read back from the trail: the record itself keeps the last."""
    entries = select(AuditEntry).where(AuditEntry.kind == TestInstrument.__name__, AuditEntry.record_id.in_(ids))
    found: dict[int, dict[Calibration, None]] = defaultdict(dict)
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    for entry in session.scalars(entries.order_by(AuditEntry.record_id, AuditEntry.sequence)):
        kept = values[entry.record_id]
        kept |= {name: new for name, (_old, new) in entry.changes.items() if name in CERTIFICATE}
        if kept.get("calibrated_on") and kept.get("calibration_valid_until"):
            first, last = (date.fromisoformat(kept[name]) for name in CERTIFICATE[1:])
            found[entry.record_id][Calibration(kept.get("certificate_no") or "", first, last)] = None
    return {record_id: list(certificates) for record_id, certificates in found.items()}


CERTIFICATE = ("certificate_no", "calibrated_on", "calibration_valid_until")


def paper_words(kind: str, name: str) -> str:
    cls = SharedRecord.record_types[kind]
    return label(f"{cls.key()}.document.{name}", "zh")


def letterhead(session: Session) -> dict[str, str]:
    return current_app.extensions["letterhead"](session, None, now().astimezone(CHINA).date())


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
