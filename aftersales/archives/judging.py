"""Judging entries: what is known of each is gathered for a whole batch, and the term is written where it came out otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, object_session

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import holds_among
from aftersales.archives.recheck import RetentionRecheck
from aftersales.archives.retention import Anchor, Judgement, Rule, Subject, judge
from aftersales.archives.rule import rules_in_force
from aftersales.customers.contract import ServiceContract
from aftersales.devices.model import DeviceModel
from aftersales.devices.udi import parse_udi
from aftersales.labels import speaking
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.now import CHINA, now, today
from aftersales.record.rule import RuleKind

BATCH = 200


@dataclass
class Known:
    """What is asked once for a batch: the rules in force, the longest service life of any model, and when devices were retired."""

    rules: list[Rule]
    longest_life: int | None
    day: date
    retired: dict[int, date] = field(default_factory=dict)


def known_for(session: Session, entries: Sequence[ArchiveEntry], day: date | None = None) -> Known:
    with session.no_autoflush:
        longest = session.scalar(select(func.max(DeviceModel.service_life_years)))
        gone = [entry.device_id for entry in entries if entry.device is not None and entry.device.state == "retired"]
        chosen = select(AuditEntry.record_id, func.max(AuditEntry.at)).where(
            AuditEntry.kind == "Device", AuditEntry.record_id.in_(gone), AuditEntry.action == "retire"
        )
        retired = {} if not gone else dict(session.execute(chosen.group_by(AuditEntry.record_id)).all())
    day = day or today()
    return Known(rules_in_force(session, day), longest, day, {key: at.astimezone(CHINA).date() for key, at in retired.items()})


def with_judged(chosen: Select[tuple[ArchiveEntry]]) -> Select[tuple[ArchiveEntry]]:
    """The statement, with what an entry is judged by loaded in it."""
    return chosen.options(joinedload(ArchiveEntry.device), joinedload(ArchiveEntry.model), joinedload(ArchiveEntry.contract))


def subject_of(entry: ArchiveEntry, known: Known) -> Subject:
    device, model, contract = entry.device, entry.model, entry.contract
    return Subject(
        retention_class=entry.retention_class,
        recorded_on=entry.recorded_on,
        closed_on=entry.sealed_at.astimezone(CHINA).date(),
        risk=model.risk.value if model else None,
        legal_class=model.legal_class.value if model else None,
        is_implant=bool(model and model.is_implant),
        is_large=bool(model and model.is_large),
        released_on=(device.made_on or device.installed_on) if device else None,
        expires_on=parse_udi(device.udi).expires_on if device and device.udi else None,
        life_years=model.service_life_years if model else known.longest_life,
        retired_on=known.retired.get(device.id) if device else None,
        discontinued_on=model.discontinued_on if model else None,
        certificate_ends_on=model.registration_valid_until if model else None,
        obsolete_on=entry.obsolete_on,
        contract_ends_on=contract.valid_until if contract else None,
        paper_kept_until=entry.paper_kept_until,
    )


def judged_now(entry: ArchiveEntry, known: Known) -> Judgement:
    return judge(subject_of(entry, known), [*known.rules, *_promised(entry.contract)], known.day)


def _promised(contract: ServiceContract | None) -> Iterable[Rule]:
    if contract is not None and contract.records_kept_years is not None:
        years = contract.records_kept_years
        label = (f"合同 {contract.contract_no}：终止后保存 {years} 年", f"Contract {contract.contract_no}: {years} years after it ends")
        yield Rule(
            id=contract.number, kind=RuleKind.contract, label=label, source=contract.contract_no, article=contract.number,
            effective_from=contract.valid_from, anchor=Anchor.contract_ends_on, years=years,
        )  # fmt: skip


def judge_entry(entry: ArchiveEntry, known: Known, cause: str = "") -> bool:
    """Write the term as it is judged today; says whether it, or the reason for it, came out otherwise."""
    if entry.device is not None and entry.model_id != entry.device.model_id:
        entry.model_id = entry.device.model_id
    found = judged_now(entry, known)
    if entry.judgement and (entry.judged.subject, entry.judged.outcomes) == (found.subject, found.outcomes):
        return False
    entry.term, entry.retain_until, entry.judgement = found.term, found.until, found.to_json()
    if cause:
        entry._audit_reason = cause
    return True


def judge_again(entry: ArchiveEntry, cause: str) -> bool:
    return judge_entry(entry, known_for(object_session(entry), [entry]), cause)


def work_off_rechecks(session: Session) -> int:
    """Judge anew what changed since; says how many entries came out otherwise. Commits after each batch and goes on where it was."""
    count = 0
    with acting_as(SYSTEM), speaking("zh"):
        while (asked := _next(session)) is not None:
            count += _one_batch(session, asked)
            session.commit()
    return count


def _next(session: Session) -> RetentionRecheck | None:
    due = select(RetentionRecheck).where(RetentionRecheck.ended_at.is_(None), RetentionRecheck.due_on <= today())
    return session.scalars(due.order_by(RetentionRecheck.id).limit(1)).one_or_none()


def _one_batch(session: Session, asked: RetentionRecheck) -> int:
    chosen = select(ArchiveEntry).where(ArchiveEntry.id > asked.done_to, ArchiveEntry.state == "kept")
    for name in ("model_id", "device_id", "contract_id"):
        if (wanted := getattr(asked, name)) is not None:
            chosen = chosen.where(getattr(ArchiveEntry, name) == wanted)
    entries = session.scalars(with_judged(chosen).order_by(ArchiveEntry.id).limit(BATCH)).all()
    known, holds = known_for(session, entries), holds_among(session, entries)
    changed = sum(_judge_and_mark(entry, known, asked.cause, bool(holds[entry.id])) for entry in entries)
    asked.done_to = entries[-1].id if entries else asked.done_to
    asked.ended_at = None if len(entries) == BATCH else now()
    return changed


def _judge_and_mark(entry: ArchiveEntry, known: Known, cause: str, is_held: bool) -> bool:
    is_other = judge_entry(entry, known, cause)
    if entry.is_held != is_held:
        entry.is_held, entry._audit_reason, is_other = is_held, cause, True
    return is_other
