"""What is printed beside the originals, in Chinese as every paper: devices, who was qualified, what was calibrated, what the trail says."""

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
from aftersales.inspection.choosing import BATCH, Chosen
from aftersales.labels import label, speaking
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.content import canonical
from aftersales.record.display import words
from aftersales.record.now import CHINA, now
from aftersales.record.printing.render import TEMPLATE_FOLDER, render_pdf
from aftersales.record.privacy import masked, sees_personal_data
from aftersales.service.lines import Measurement
from aftersales.service.visit import Visit
from aftersales.trail.telling import Teller

SHEET = TEMPLATE_FOLDER / "binder.css"
ENTRIES_PRINTED = 400  # of the trail; more stand in the ZIP, and the binder says how many


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
    for ids in _batches(wanted):
        named |= dict(session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(ids))).tuples().all())
    repairs = Counter(order.device_id for order in chosen.orders.values())
    rows = [
        (
            device.number, str(device.model), device.hint, device.udi_di or "", named.get(device.customer_id, "—"),
            words(device.installed_on) or "—", device.software_full_version or "—", str(repairs[device.id]),
        )
        for device in sorted(chosen.devices.values(), key=lambda device: device.id)
    ]  # fmt: skip
    heads = ("设备编号", "型号", "序列号或批号", "UDI-DI", "使用单位", "安装日期", "软件版本", "维修数")
    return Table(heads, (13, 18, 13, 14, 18, 9, 8, 7), rows)


def qualifications_table(session: Session, chosen: Chosen) -> Table:
    """Each person who repaired or was there, with what they were qualified for on the days of their work."""
    days: dict[int, set[date]] = defaultdict(set)
    for order in chosen.orders.values():
        if order.engineer_id is not None:
            days[order.engineer_id].add(_day(order.reported_at))
    for ids in _batches(chosen.orders):
        been = select(Visit.engineer_id, Visit.started_at).where(Visit.order_id.in_(ids))
        for engineer_id, started_at in session.execute(been):
            days[engineer_id].add(_day(started_at))
    beside = selectinload(Person.qualifications).options(joinedload(Qualification.model), joinedload(Qualification.family))
    people = [p for ids in _batches(days) for p in session.scalars(select(Person).where(Person.id.in_(ids)).options(beside))]
    rows: list[tuple[str, ...]] = []
    for person in sorted(people, key=lambda person: person.staff_no):
        held = [q for q in person.qualifications if any(q.holds_on(day) for day in days[person.id])]
        told = [(*_qualified_for(q), f"{q.valid_from} 至 {q.valid_until}", q.evidence or "", words(q.effect_confirmed_on)) for q in held]
        period = f"{min(days[person.id])} 至 {max(days[person.id])}"
        rows += [(person.staff_no, person.name, period, *row) for row in told or [("当时无有效资质", "", "", "", "")]]
    heads = ("工号", "姓名", "参与工作", "产品", "工作", "资质有效期", "依据", "培训效果确认")
    return Table(heads, (8, 11, 20, 16, 7, 20, 9, 9), rows)


def _qualified_for(qualification: Qualification) -> tuple[str, str]:
    with speaking("zh"):
        return str(qualification.model or qualification.family), words(Work(qualification.work))


def calibrations_table(session: Session, chosen: Chosen) -> Table:
    """Each instrument that was measured with, and the certificates that held on the days it was used, as the trail kept them."""
    used: dict[int, list[date]] = defaultdict(list)
    for ids in _batches(chosen.orders):
        measured = select(Measurement.instrument_id, Measurement.measured_at).where(Measurement.order_id.in_(ids))
        for instrument_id, at in session.execute(measured.where(Measurement.instrument_id.is_not(None))):
            used[instrument_id].append(_day(at))
    rows: list[tuple[str, ...]] = []
    for ids in _batches(used):
        held = _certificates(session, ids)
        for instrument in session.scalars(select(TestInstrument).where(TestInstrument.id.in_(ids)).order_by(TestInstrument.id)):
            days = used[instrument.id]
            known = held.get(instrument.id) or [_present(instrument)]
            then = [c for c in known if any(c.calibrated_on <= day <= c.valid_until for day in days)]
            missing = [day for day in days if not any(c.calibrated_on <= day <= c.valid_until for c in then)]
            usage = f"{min(days)} 至 {max(days)}，{len(days)} 次"
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


@dataclass(frozen=True)
class Trail:
    """What the trail says of the records: a table to print, and everything as plain data, by record."""

    table: Table
    intro: str
    entries: dict[tuple[str, int], list[dict[str, Any]]]


def trail_of(session: Session, chosen: Chosen) -> Trail:
    entries: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    first: list[AuditEntry] = []
    for kind, record_ids in chosen.records.items():
        for ids in _batches(record_ids):
            of_these = select(AuditEntry).where(AuditEntry.kind == kind, AuditEntry.record_id.in_(ids))
            for entry in session.scalars(of_these.order_by(AuditEntry.record_id, AuditEntry.sequence).execution_options(yield_per=BATCH)):
                entries[kind, entry.record_id].append(_told(entry))
                if len(first) <= ENTRIES_PRINTED:
                    first.append(entry)
    if len(first) <= ENTRIES_PRINTED:
        return Trail(_entries_table(session, first, _names(session, chosen)), "以下为全部条目；逐字段的前后值另见压缩包 audit/。", entries)
    intro = "条目较多，此处每条记录一行，列出条数、起止时间和最后一条的散列值；全部条目见压缩包 audit/。"
    return Trail(_summary_table(entries, _names(session, chosen)), intro, entries)


def _told(entry: AuditEntry) -> dict[str, Any]:
    """An entry as plain data; personal values masked for who may not read them."""
    cls = SharedRecord.record_types.get(entry.line_kind or entry.kind)
    hidden = () if cls is None or sees_personal_data() else cls.personal
    changes = {name: [masked(v) for v in pair] if name in hidden else pair for name, pair in entry.changes.items()}
    captured_at = entry.captured_at and entry.captured_at.isoformat()
    return {
        "id": entry.id, "sequence": entry.sequence, "at": entry.at.isoformat(), "captured_at": captured_at,
        "actor": entry.actor_name, "action": entry.action, "line": entry.line_kind, "changes": changes, "reason": entry.reason,
        "previous_hash": entry.previous_hash, "hash": entry.hash,
    }  # fmt: skip


def _entries_table(session: Session, entries: list[AuditEntry], names: dict[tuple[str, int], str]) -> Table:
    teller = Teller(session)
    with speaking("zh"):
        told = [(entry, teller.tell(entry)) for entry in entries]
    rows = [
        (
            names.get((entry.kind, entry.record_id), f"{entry.kind} {entry.record_id}"), str(t.sequence), words(t.at), t.who, t.action,
            "、".join(change.label for change in t.changes[:8]) + ("…" if len(t.changes) > 8 else ""), t.reason,
        )
        for entry, t in told
    ]  # fmt: skip
    return Table(("记录", "序", "时间", "操作人", "操作", "字段", "理由"), (18, 4, 14, 14, 10, 26, 14), rows)


def _summary_table(entries: dict[tuple[str, int], list[dict[str, Any]]], names: dict[tuple[str, int], str]) -> Table:
    rows = [
        (names.get(key, f"{key[0]} {key[1]}"), str(len(told)), _local(told[0]["at"]), _local(told[-1]["at"]), told[-1]["hash"])
        for key, told in entries.items()
    ]
    return Table(("记录", "条数", "首条", "末条", "末条散列值（SHA-256）"), (17, 6, 13, 13, 51), rows, is_list=True)


def _names(session: Session, chosen: Chosen) -> dict[tuple[str, int], str]:
    """What the records are called: repairs by their number, others as on their papers."""
    named = {(paper.kind, paper.record_id): paper.number for paper in chosen.papers}
    return named | {("ServiceOrder", order.id): order.number for order in chosen.orders.values()}


def paper_words(kind: str, name: str) -> str:
    cls = SharedRecord.record_types[kind]
    return label(f"{cls.key()}.document.{name}", "zh")


def letterhead(session: Session) -> dict[str, str]:
    return current_app.extensions["letterhead"](session, None, now().astimezone(CHINA).date())


def _local(moment: str) -> str:
    return words(datetime.fromisoformat(moment))


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _batches(values: Iterable[int]) -> Iterable[list[int]]:
    kept = list(values)
    return (kept[at : at + BATCH] for at in range(0, len(kept), BATCH))
