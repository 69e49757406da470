"""Writing packages, and giving them up. Killed at any moment a package is at the second place whole, or not at all.

The hash of the encrypted bytes is written down first, then the bytes are put, then the package's row names them. What no kept package
names is removed: the file of a package that was made anew or given up, and what a kill left behind.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from hashlib import file_digest
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, object_session

from aftersales.archives.entry import ArchiveEntry
from aftersales.packages.contents import package_of
from aftersales.packages.copies import CopyPlace, CopyState
from aftersales.packages.fixity import note_mended
from aftersales.packages.keys import Keys
from aftersales.packages.metadata import MetadataError
from aftersales.packages.package import ArchivePackage, PackageFile
from aftersales.record import workflow
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.now import server_now
from aftersales.record.storage import DamagedFileError, Store
from aftersales.record.workflow import perform

log = logging.getLogger(__name__)
BATCH = 200
LATELY = timedelta(days=2)
BEING_WRITTEN = timedelta(hours=1)  # a file that no row names yet may be one whose row is about to


def second_place() -> Store:
    return current_app.extensions["second_store"]


def keys() -> Keys:
    return current_app.extensions["package_keys"]


def write_packages(session: Session, *, lately: bool = False, advance: Callable[[int], None] = lambda done: None) -> tuple[int, int]:
    """Write the packages that are wanting or no longer what their entry is; says how many, and how many could not be written.

    `lately`: only of what was sealed in the last two days. `advance` hears of each. One commit for each package, safe to repeat.
    """
    done, failed, last = 0, 0, 0
    while batch := session.scalars(wanting(last, lately=lately).limit(BATCH)).all():
        last = batch[-1]
        for entry_id in batch:
            try:
                package = write_package(session, entry_id)
            except MetadataError as error:
                log.error("no package: %s", error)
                session.rollback()
                package = None
            failed += package is None
            done += 1
            advance(done)
    return done - failed, failed


def wanting(last: int = 0, *, lately: bool = False) -> Any:
    """The ids of the kept entries without a package, or with one of other content or for other recipients."""
    other = or_(
        ArchivePackage.id.is_(None),
        ArchivePackage.content_hash != ArchiveEntry.content_hash,
        ArchivePackage.locked_for != keys().mark,
    )
    chosen = select(ArchiveEntry.id).outerjoin(ArchivePackage, ArchivePackage.entry_id == ArchiveEntry.id)
    chosen = chosen.where(ArchiveEntry.id > last, ArchiveEntry.state == "kept", other).order_by(ArchiveEntry.id)
    return chosen.where(ArchiveEntry.sealed_at >= server_now() - LATELY) if lately else chosen


def write_package(session: Session, entry_id: int) -> ArchivePackage | None:
    """Write the package of an entry and commit. None where a file at the first place is damaged, or the entry changed meanwhile.

    Raises MetadataError, before anything is written.
    """
    entry = session.get_one(ArchiveEntry, entry_id)
    with scratch_file() as locked:
        try:
            made = package_of(session, entry)
            keys().lock(made.pieces, locked)
        except (FileNotFoundError, DamagedFileError) as error:
            log.warning("no package of %s: %s", entry.number, error)
            session.rollback()
            return None
        key = put(session, locked)
    entry = session.get_one(ArchiveEntry, entry_id, populate_existing=True, with_for_update=True)
    if entry.state != "kept" or entry.content_hash != made.content_hash:
        session.rollback()
        return None
    package = package_row(session, entry)
    package.sha256, package.size = key, second_place().size(key)
    package.file_count, package.content_hash, package.locked_for = made.file_count, made.content_hash, keys().mark
    package.made_at = package.checked_at = server_now()  # all of it was read and hashed just now, at both places
    package.first_copy = package.second_copy = CopyState.whole
    note_mended(session, entry, *CopyPlace)
    package._audit_reason = _("The package was written.")
    session.commit()
    return package


def package_row(session: Session, entry: ArchiveEntry) -> ArchivePackage:
    found = session.scalars(select(ArchivePackage).where(ArchivePackage.entry_id == entry.id)).one_or_none()
    if found is None:
        found = ArchivePackage(entry=entry, region_id=entry.region_id)
        session.add(found)
    return found


def put(session: Session, locked: BinaryIO) -> str:
    """Put the locked bytes at the second place; their key. Commits before, so that nothing lies there that nobody knows of."""
    locked.seek(0)
    session.add(PackageFile(sha256=file_digest(locked, "sha256").hexdigest(), written_at=server_now()))
    session.commit()
    return second_place().put_file(locked)


def scratch_file() -> IO[bytes]:
    """A file without a name on the disk of the instance, which may hold more than the memory; gone with the process, however it ends."""
    return TemporaryFile(dir=current_app.config["INSTANCE_PATH"])


def opened(package: ArchivePackage, target: BinaryIO) -> None:
    """Fetch a package and write its tar into an open file. Raises FileNotFoundError, DamagedFileError or LockedPackageError."""
    with scratch_file() as locked:
        second_place().copy_to(package.sha256, locked)
        keys().unlock(locked, target)


def remove_unnamed(session: Session) -> int:
    """Delete at the second place what no kept package names; says how many. Commits after each batch; safe to kill and to repeat."""
    count, last = 0, 0
    with acting_as(SYSTEM):
        while rows := session.scalars(_unnamed(last)).all():
            last = rows[-1].id
            for row in rows:
                second_place().delete(row.sha256)
                row.removed_at = server_now()
                count += 1
            session.commit()
    return count


def _unnamed(last: int) -> Any:
    """What is just being written is let be, but not for the sake of a package that was given up."""
    named, state = ArchivePackage.sha256 == PackageFile.sha256, ArchivePackage.state
    is_over = or_(PackageFile.written_at < server_now() - BEING_WRITTEN, exists().where(named, state == "given_up"))
    chosen = select(PackageFile).where(PackageFile.id > last, PackageFile.removed_at.is_(None), is_over)
    return chosen.where(~exists().where(named, state == "kept")).order_by(PackageFile.id).limit(BATCH)


def after_move(record: SharedRecord, name: str, source: str) -> None:
    """Called by perform: with a destroyed entry its package is given up, in the same transaction. Its hash stays as the proof."""
    if not isinstance(record, ArchiveEntry) or name != "destroy":
        return
    session: Session = object_session(record)
    package = session.scalars(select(ArchivePackage).where(ArchivePackage.entry_id == record.id)).one_or_none()
    if package is not None:
        perform(package, "give_up", reason=_("Destroyed under %(certificate)s.", certificate=record.destroyed_under))


workflow.listeners.append(after_move)
