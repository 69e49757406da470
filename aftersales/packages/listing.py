"""What a whole restore has to bring back: a line for each package, to be kept apart from this machine."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.archives.entry import ArchiveEntry
from aftersales.packages.package import ArchivePackage

HEADS = ("path", "bytes", "package", "archive_no", "record_no", "title", "content_hash", "made_at")
BATCH = 500


def listing(session: Session) -> Iterator[tuple[str, ...]]:
    """The headings, then the kept packages; `path` is the file at the second place, its name the SHA-256 of its bytes."""
    yield HEADS
    package, entry, last = ArchivePackage, ArchiveEntry, 0
    columns = (package.size, package.number, entry.number, entry.record_number, entry.title, package.content_hash, package.made_at)
    kept = select(package.id, package.sha256, *columns).join(entry, entry.id == package.entry_id).where(package.state == "kept")
    while rows := session.execute(kept.where(package.id > last).order_by(package.id).limit(BATCH)).all():
        last = rows[-1][0]
        for _id, sha256, *told in rows:
            yield (f"{sha256[:2]}/{sha256}", *(" ".join(str(text).split()) for text in told))
