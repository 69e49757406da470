"""The jobs of the packages that people ask for: a drill, writing what is wanting, checking everything now."""

import hashlib
import json
import logging
import time
from decimal import Decimal
from pathlib import Path
from shutil import rmtree

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.archives.contents import ArchivedFile, content_hash
from aftersales.jobs.work import Result, Work, handles
from aftersales.labels import speaking
from aftersales.packages.bag import DamagedBagError, unpacked
from aftersales.packages.checking import check, due
from aftersales.packages.drill import KIND, RestoredPackage, RestoreDrill, RestoreOutcome
from aftersales.packages.keys import LockedPackageError
from aftersales.packages.metadata import MetadataError
from aftersales.packages.package import ArchivePackage
from aftersales.packages.packing import opened, scratch_file, wanting, write_package, write_packages
from aftersales.record.now import server_now
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.refusal import Refusal
from aftersales.record.storage import DamagedFileError
from aftersales.record.workflow import perform

log = logging.getLogger(__name__)
WRITE, CHECK = "write_packages", "check_copies"


@handles(WRITE, long=lambda arguments: "entry" not in arguments)
def write_now(work: Work) -> Result:
    """Every package that is wanting, or the one of the entry that is named."""
    if (entry_id := work.arguments.get("entry")) is not None:
        try:
            package = write_package(work.session, entry_id)
        except MetadataError as error:
            log.error("no package: %s", error)
            raise Refusal(_("The metadata of the record are not complete; the log says which are wanting.")) from error
        if package is None:
            raise Refusal(_("The files at the first place are damaged: there is nothing to make it from."))
        return Result(_("The package was written."))
    total = len(work.session.scalars(wanting()).all())
    work.advance(0, total)
    written, failed = write_packages(work.session, advance=lambda done: work.advance(min(done, total)))
    return Result(_("%(n)s packages were written; %(failed)s could not be.", n=written, failed=failed))


@handles(CHECK, long=lambda _arguments: True)
def check_now(work: Work) -> Result:
    """Every package and what it holds, whenever it was last checked."""
    moment = server_now()
    total = len(work.session.scalars(due(moment)).all())
    work.advance(0, total)
    report = check(work.session, moment, lambda done: work.advance(min(done, total)))
    if report is None:
        return Result(_("There is nothing to check."))
    return Result(_("%(report)s: %(n)s packages, %(damage)s damaged.", report=report, n=report.package_count, damage=report.damage_count))


@handles(KIND)
def carry_out(work: Work) -> Result:
    """A drill. Killed, it goes on with what was not tried yet once it is started again."""
    session = work.session
    drill = session.get_one(RestoreDrill, work.arguments["drill"])
    if not drill.packages:
        _draw(session, drill)
        session.commit()
    waiting = [row.id for row in drill.packages if row.outcome is None]
    total = len(drill.packages)
    work.advance(total - len(waiting), total)
    for done, row_id in enumerate(waiting, total - len(waiting) + 1):
        _try(session.get_one(RestoredPackage, row_id))
        work.advance(done)
    drill = session.get_one(RestoreDrill, work.arguments["drill"])
    if not drill.packages:
        raise Refusal(_("There is no package yet."))
    perform(drill, "finish")
    session.commit()
    return Result(_("%(n)s restored, %(failed)s failed.", n=drill.restored_count, failed=drill.failed_count))


def _draw(session: Session, drill: RestoreDrill) -> None:
    """The sample: drawn by the database among all packages that the person sees."""
    drawn = select(ArchivePackage).where(ArchivePackage.state == "kept").order_by(func.random()).limit(drill.sample_size)
    for package in session.scalars(drawn):
        session.add(RestoredPackage(drill=drill, package=package, region_id=package.region_id))


def _try(row: RestoredPackage) -> None:
    begun, package = time.monotonic(), row.package
    file_count = len(package.entry.files)
    folder = Path(current_app.config["INSTANCE_PATH"]) / f"restore-{row.id}"
    rmtree(folder, ignore_errors=True)  # what a killed drill left behind
    folder.mkdir(mode=0o700)
    try:
        with speaking("zh"):
            row.outcome, row.detail = _restored(package, folder)
    finally:
        rmtree(folder)
    row.sha256, row.file_count = package.sha256, file_count
    row.seconds = Decimal(str(round(time.monotonic() - begun, 3)))


def _restored(package: ArchivePackage, folder: Path) -> tuple[RestoreOutcome, str]:
    """What comes of fetching, opening, unpacking, checking and comparing; with the name of what is wrong."""
    try:
        with scratch_file() as tar:
            opened(package, tar)
            root = unpacked(tar, folder)
    except FileNotFoundError:
        return RestoreOutcome.missing, ""
    except DamagedFileError:
        return RestoreOutcome.locked, _("Its bytes have another hash.")
    except LockedPackageError as error:
        return RestoreOutcome.locked, str(error)[:250]
    except DamagedBagError as error:
        return RestoreOutcome.no_bag, str(error)[:250]
    files = {row.pop("path"): ArchivedFile.from_json(row) for row in json.loads((root / "data/entry.json").read_bytes())["files"]}
    if content_hash(files.values()) != package.content_hash:
        return RestoreOutcome.differs, "entry.json"
    for path, file in files.items():
        restored = root / path
        if not restored.is_file() or _sum(restored) != file.sha256:
            return RestoreOutcome.differs, file.name[:250]
        if file.role == "paper" and (verdict := verify_pdf(restored.read_bytes())).problems:
            return RestoreOutcome.unsigned, f"{file.name} {verdict.problems[0].code}"[:250]
    return RestoreOutcome.same, ""


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
