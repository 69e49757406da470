"""What goes into the package of an entry: its files as they were sealed, the data inside them, and what explains both."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

import pikepdf
from flask import current_app
from sqlalchemy.orm import Session

from aftersales.archives.contents import ArchivedFile
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.explaining import end_words
from aftersales.labels import label, speaking
from aftersales.packages.bag import Content, bag, packed, paths_of
from aftersales.packages.metadata import Description, Seal, Signed, metadata_xml
from aftersales.record.base import SharedRecord
from aftersales.record.content import canonical
from aftersales.record.display import words
from aftersales.record.now import CHINA, now
from aftersales.record.printing.sign import Signer
from aftersales.record.printing.verify import RECORD_NAME, verify_pdf
from aftersales.record.signatures import Signature, signatures_of
from aftersales.record.storage import Store

METHODS = {"password": "密码", "drawn": "手写", "paper": "纸质签名照片", "system": "系统"}
VOID = "（封存前内容有改动，签名已失效）"


@dataclass(frozen=True)
class Packed:
    """A package before it is locked, in pieces, and what it was made of."""

    pieces: Iterator[bytes]
    file_count: int
    content_hash: str


def package_of(session: Session, entry: ArchiveEntry) -> Packed:
    """Raises FileNotFoundError or DamagedFileError where a file at the first place is not what it was, at once or while the pieces are
    read. Papers are looked into one at a time; attachments pass by in pieces."""
    store: Store = current_app.extensions["store"]
    paths = {path: replace(file, size=store.size(file.sha256)) for path, file in paths_of(entry.archived_files).items()}
    payload = {path: Content(file.sha256, file.size, partial(store.stream, file.sha256)) for path, file in paths.items()}
    with speaking("zh"):
        seals, records, pages = _read(store, paths)
        about = describe(session, entry, paths, seals, pages)
        beside = _beside(about, records)
    said = {path: Content.of(data) for path, data in (*records.items(), ("entry.json", canonical(about.to_json())))}
    files = bag(payload | said, beside, _info(about))
    return Packed(packed(entry.number, files, entry.sealed_at), len(paths), entry.content_hash)


def describe(session: Session, entry: ArchiveEntry, paths: dict[str, ArchivedFile], seals: dict[str, Seal], pages: int) -> Description:
    signer: Signer = current_app.extensions["signer"]
    cls = SharedRecord.record_types[entry.kind]
    record = session.get_one(cls, entry.record_id)
    company = current_app.extensions["letterhead"](session, record, entry.sealed_at.astimezone(CHINA).date())["name"]
    signed = [
        Signed(label(f"signing.{row.name}", "zh") + _if_void(row, entry), row.signer_name, METHODS[row.method], row.signed_at)
        for row in signatures_of(session, record)
    ]
    return Description(
        company=company, region=entry.region.name, archive_no=entry.number, record_no=entry.record_number, kind=cls.label("zh"),
        title=entry.title, recorded_on=entry.recorded_on, sealed_at=entry.sealed_at, sealed_by=entry.sealed_by,
        archived_at=entry.created_at, packed_at=now(), retention_class=words(entry.retention_class),
        term=end_words(entry.term, entry.retain_until, "zh"), paper_place=entry.paper_place, content_hash=entry.content_hash,
        fingerprint=signer.fingerprint, pages=pages, files=paths, signatures=signed, seals=seals,
    )  # fmt: skip


def _if_void(row: Signature, entry: ArchiveEntry) -> str:
    """A change after the sealing says nothing of what was sealed."""
    return VOID if row.voided_at is not None and row.voided_at <= entry.sealed_at else ""


def _read(store: Store, paths: dict[str, ArchivedFile]) -> tuple[dict[str, Seal], dict[str, bytes], int]:
    """The signature of each paper that holds (the company may have another certificate by now), the data sealed inside it, and how many
    pages all have."""
    seals, records, pages = {}, {}, 0
    for path in (path for path, file in paths.items() if file.role == "paper"):
        data = store.get(paths[path].sha256)
        verdict = verify_pdf(data)
        if (signed := verdict.container) and verdict.company and verdict.signed_at:
            der = signed.certificate.dump()
            seals[path] = Seal(verdict.company, verdict.signed_at, signed.signature, der, signed.algorithm)
        with pikepdf.open(io.BytesIO(data)) as pdf:
            pages += len(pdf.pages)
            if RECORD_NAME in pdf.attachments:
                records[f"records/{PurePath(path).stem}.json"] = pdf.attachments[RECORD_NAME].get_file().read_bytes()
    return seals, records, pages


def _beside(about: Description, records: Iterable[str]) -> dict[str, bytes]:
    signer: Signer = current_app.extensions["signer"]
    facts = (
        ("记录", "Record", f"{about.kind} {about.record_no}"),
        ("形成日期", "Made on", words(about.recorded_on)),
        ("封存", "Sealed", f"{words(about.sealed_at)} {about.sealed_by}"),
        ("归档", "Archived", words(about.archived_at)),
        ("档案类别", "Retention class", about.retention_class),
        ("保存期限（打包时）", "Kept until, when this was packed", about.term),
        ("打包", "Packed", words(about.packed_at)),
    )
    pages = {"index.html": {"facts": facts, "records": sorted(records)}, "README.txt": {}}
    template = current_app.jinja_env.get_template
    texts = {
        name: template(f"packages/{name}").render(about=about, label=label, words=words, **more).encode() for name, more in pages.items()
    }
    return texts | {"metadata.xml": metadata_xml(about), "certificate.pem": signer.certificate_pem}


def _info(about: Description) -> dict[str, str]:
    return {
        "Source-Organization": about.company,
        "External-Identifier": about.archive_no,
        "External-Description": about.title,
        "Internal-Sender-Identifier": about.record_no,
        "Bagging-Date": about.packed_at.astimezone(CHINA).date().isoformat(),
        "Content-Hash": about.content_hash,
    }
