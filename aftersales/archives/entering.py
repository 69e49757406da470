"""What is sealed becomes an archive entry by itself, in the transaction of the sealing; and what was sealed before gets one later."""

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, object_session

from aftersales.archives.contents import ArchivedFile, content_hash, safe_name
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import holds_on
from aftersales.archives.judging import judge_entry, known_for
from aftersales.archives.retention import RetentionClass
from aftersales.labels import speaking
from aftersales.organization.region import Region
from aftersales.record import workflow
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument, sealed_of
from aftersales.record.attachments import attachments_of
from aftersales.record.base import SharedRecord
from aftersales.record.now import CHINA, now
from aftersales.record.refusal import Refusal
from aftersales.record.signatures import signatures_of

# What a record type is to the law; a record of the quality system where nothing is said.
CLASSES = {
    "DocumentVersion": RetentionClass.controlled_document,
    "ControlledCopy": RetentionClass.controlled_document,
    "Letterhead": RetentionClass.controlled_document,
    "AdverseEvent": RetentionClass.adverse_event,
    "EventReport": RetentionClass.adverse_event,
    "GroupEvent": RetentionClass.adverse_event,
    "RiskReport": RetentionClass.periodic_report,
    "Destruction": RetentionClass.destruction_record,
    "Recall": RetentionClass.recall,
    "RecallSubmission": RetentionClass.recall,
}
BATCH = 200


def after_move(record: SharedRecord, name: str, source: str) -> None:
    """Called by perform after sealing or unsealing, in its transaction."""
    target = record.workflow.state(record.state)
    if target.seals and record.printed():
        with acting_as(SYSTEM):
            enter(object_session(record), record)
    elif record.workflow.state(source).seals and (entry := entry_of(object_session(record), record)) is not None:
        if entry.state == "destroyed":
            raise Refusal(_("It was destroyed under %(certificate)s.", certificate=entry.destroyed_under))
        with acting_as(SYSTEM):
            entry.reopened_at = now()
            entry._audit_reason = _("The record was opened again.")
            object_session(record).flush()


workflow.listeners.append(after_move)


def entry_of(session: Session, record: SharedRecord) -> ArchiveEntry | None:
    with acting_as(SYSTEM):
        mine = select(ArchiveEntry).where(ArchiveEntry.kind == type(record).__name__, ArchiveEntry.record_id == record.id)
        return session.scalars(mine).one_or_none()


def enter(session: Session, record: SharedRecord) -> ArchiveEntry | None:
    """The entry of a record as it is archived now, written anew where there is one. None for a record with no paper, or none yet."""
    papers = sealed_of(session, record)
    if not papers or (not record.is_sealed and papers[0].voided_at is None):  # a letter went out, and the record goes on
        return None
    entry = entry_of(session, record)
    if entry is None:
        entry = ArchiveEntry(kind=type(record).__name__, record_id=record.id, judgement={})
        entry.retention_class = CLASSES.get(entry.kind, RetentionClass.quality_record)
        entry.recorded_on = record.created_at.astimezone(CHINA).date()
        entry.region_id = getattr(record, "region_id", None) or _home(session)
        session.add(entry)
    with session.no_autoflush, speaking("zh"):
        entry.record_number = str(record)[:120]
        entry.title = _title(record)
        entry.sealed_at, entry.sealed_by = papers[0].sealed_at, papers[0].sealed_by
        entry.reopened_at = None if record.is_sealed else papers[0].voided_at
        files = list(files_of(session, record, papers))
        entry.files, entry.content_hash = [file.to_json() for file in files], content_hash(files)
        _relate(entry, record)
        judge_entry(entry, known_for(session, [entry]))
        entry.is_held = bool(holds_on(session, entry))
        entry._audit_reason = _("The record was sealed.")
    session.flush()
    return entry


def _home(session: Session) -> int:
    """Where what belongs to no region is kept: head office."""
    return session.scalars(select(Region.id).order_by(Region.is_head_office.desc(), Region.id).limit(1)).one()


def _title(record: SharedRecord) -> str:
    document = next(iter(record.printed()), None)
    what = workflow.label(f"{record.key()}.document.{document.name}", "zh") if document else record.label("zh")
    about = record.about
    return f"{what} · {about}"[:250] if about and about != str(record) else what


def _relate(entry: ArchiveEntry, record: SharedRecord) -> None:
    device, contract = getattr(record, "device", None), getattr(record, "contract", None)
    model = device.model if device is not None else getattr(record, "model", None)
    entry.device, entry.model, entry.contract = device, model, contract
    ended = getattr(record, "obsolete_at", None)
    entry.obsolete_on = ended.astimezone(CHINA).date() if ended else getattr(record, "withdrawn_on", None)


def files_of(session: Session, record: SharedRecord, papers: list[SealedDocument]) -> Iterator[ArchivedFile]:
    for paper in papers:
        name = safe_name(f"{paper.number}-{paper.name}-{paper.code}.pdf")
        yield ArchivedFile(name, "paper", paper.sha256, "application/pdf", paper.size, paper.code)
    for file in attachments_of(session, record):
        yield ArchivedFile(safe_name(f"{file.id}-{file.name}"), "attachment", file.sha256, file.media_type, file.size)
        if file.thumbnail:
            yield ArchivedFile(safe_name(f"{file.id}-thumbnail.jpg"), "thumbnail", file.thumbnail, "image/jpeg")
    for signature in signatures_of(session, record):
        if signature.image:
            media_type, ending = ("image/png", "png") if signature.method == "drawn" else ("image/jpeg", "jpg")
            yield ArchivedFile(f"signature-{signature.id}.{ending}", "signature", signature.image, media_type)


def enter_sealed_before(session: Session) -> int:
    """An entry for each record with an archived paper that has none yet; says how many. Commits after each batch, safe to repeat."""
    count, last = 0, 0
    with acting_as(SYSTEM):
        while batch := session.execute(_without_entry(last)).all():
            last = batch[-1].id
            for kind, record_id in dict.fromkeys((row.kind, row.record_id) for row in batch):
                cls = SharedRecord.record_types.get(kind)
                record = session.get(cls, record_id) if cls is not None else None
                if record is not None:
                    count += enter(session, record) is not None
            session.commit()
    return count


def _without_entry(last: int) -> "select":
    has_one = exists().where(ArchiveEntry.kind == SealedDocument.kind, ArchiveEntry.record_id == SealedDocument.record_id)
    chosen = select(SealedDocument.id, SealedDocument.kind, SealedDocument.record_id).where(SealedDocument.id > last, ~has_one)
    return chosen.order_by(SealedDocument.id).limit(BATCH)
