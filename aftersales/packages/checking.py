"""The fixity check: the packages whose turn it is and the files they hold are read again, at both places, and hashed.

One commit for each package, so a check that was killed goes on with the next and in the same report.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from aftersales.archives.entry import ArchiveEntry
from aftersales.jobs.lease import lease
from aftersales.labels import label
from aftersales.packages.copies import CopyPlace, CopyState
from aftersales.packages.fixity import FixityFinding, FixityReport
from aftersales.packages.package import ArchivePackage
from aftersales.packages.packing import BATCH, second_place
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.audit import Found
from aftersales.record.filed import state_of
from aftersales.record.notices import tell
from aftersales.record.now import server_now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.manager import users_with_role

TOLD = (Role.quality, Role.administrator)
STATES = {None: CopyState.whole, Found.file_missing: CopyState.missing, Found.file_damaged: CopyState.damaged}

Damage = tuple[CopyPlace, CopyState, str, str]  # where, how, the file's name, its hash


def state_of_file(store: Store, key: str) -> CopyState:
    return STATES[state_of(store, key)]


def due_before() -> datetime:
    """What was last checked before this is due: so everything is read again within FIXITY_DAYS, by a pass that runs each day."""
    return server_now() - timedelta(days=current_app.config["FIXITY_DAYS"] - 1)


def check(session: Session, before: datetime, advance: Callable[[int], None] = lambda done: None) -> FixityReport | None:
    """Check what was last checked before `before` and report; None where nothing was due. Only one check runs at a time."""
    with lease(session, "fixity", timedelta(hours=1)) as is_ours:
        if not is_ours:
            raise Refusal(_("A check is running already."))
        done, last = 0, 0
        while batch := session.scalars(due(before, last).limit(BATCH)).all():
            last = batch[-1]
            for package_id in batch:
                _check_package(session, package_id)
                session.commit()
                done += 1
                advance(done)
        for entry in session.scalars(_never_packed(before).limit(BATCH)).all():
            if damage := list(_first_damage(entry)):
                _note(session, _running(session), entry, damage)
                session.commit()
        return _end(session)


def due(before: datetime, last: int = 0) -> Any:
    """The ids of the kept packages that were last checked before."""
    chosen = select(ArchivePackage.id).where(ArchivePackage.state == "kept", ArchivePackage.checked_at < before)
    return chosen.where(ArchivePackage.id > last).order_by(ArchivePackage.id)


def _never_packed(before: datetime) -> Any:
    """Entries of which no package could be written: whatever is wrong with them is reported as often as other damage."""
    reported = exists().where(
        FixityFinding.entry_id == ArchiveEntry.id, FixityReport.id == FixityFinding.report_id, FixityReport.begun_at >= before
    )
    chosen = select(ArchiveEntry).outerjoin(ArchivePackage, ArchivePackage.entry_id == ArchiveEntry.id)
    return chosen.where(ArchiveEntry.state == "kept", ArchivePackage.id.is_(None), ~reported).order_by(ArchiveEntry.id)


def _check_package(session: Session, package_id: int) -> None:
    chosen = select(ArchivePackage).where(ArchivePackage.id == package_id).options(joinedload(ArchivePackage.entry))
    package = session.scalars(chosen).one()
    report = _running(session)
    damage = list(_first_damage(package.entry))
    second = state_of_file(second_place(), package.sha256)
    if second is not CopyState.whole:
        damage.append((CopyPlace.second, second, package.number, package.sha256))
    first = [found for place, found, _name, _key in damage if place is CopyPlace.first]
    package.first_copy = max(first, key=lambda found: found is CopyState.missing, default=CopyState.whole)
    package.second_copy, package.checked_at, package.checked_in = second, server_now(), report
    package._audit_reason = _("Fixity check %(number)s.", number=report.number)
    _note(session, report, package.entry, damage)


def _first_damage(entry: ArchiveEntry) -> Iterator[Damage]:
    store: Store = current_app.extensions["store"]
    for file in entry.archived_files:
        if (found := state_of_file(store, file.sha256)) is not CopyState.whole:
            yield CopyPlace.first, found, file.name, file.sha256


def _note(session: Session, report: FixityReport, entry: ArchiveEntry, damage: list[Damage]) -> None:
    for place, found, name, key in damage:
        told = {"place": place, "found": found, "file_name": name[:250], "sha256": key}
        session.add(FixityFinding(report=report, entry=entry, region_id=entry.region_id, **told))


def _running(session: Session) -> FixityReport:
    """The report of the check that runs: a new one, or the one that a killed check left behind."""
    report = session.scalars(select(FixityReport).where(FixityReport.state == "running").limit(1)).one_or_none()
    if report is None:
        report = FixityReport(begun_at=server_now(), begun_by=current_actor().name, package_count=0, file_count=0, damage_count=0)
        session.add(report)
        session.flush()
    return report


def _end(session: Session) -> FixityReport | None:
    report = session.scalars(select(FixityReport).where(FixityReport.state == "running").limit(1)).one_or_none()
    if report is None:
        return None
    with acting_as(SYSTEM):
        checked = select(func.count(ArchivePackage.id), func.coalesce(func.sum(ArchivePackage.file_count), 0))
        packages, files = session.execute(checked.where(ArchivePackage.checked_in_id == report.id)).one()
        report.damage_count, report.package_count, report.file_count = len(report.findings), packages, files
        report.ended_at = server_now()
        perform(report, "report")
        if report.damage_count:
            _tell(session, report)
    session.commit()
    return report


def _tell(session: Session, report: FixityReport) -> None:
    def words() -> tuple[str, str]:
        lines = [f"{label(f'copy_place.{row.place}')} {row.entry} {row.file_name}" for row in report.findings[:20]]
        found = _("Fixity check %(number)s found %(n)s damaged or missing files", number=report.number, n=report.damage_count)
        return found, "\n".join(lines)

    people = [user_id for role in TOLD for user_id in users_with_role(role, None)]
    url = f"/fixity_report/show/{report.id}"
    tell(session, people, key=f"fixity:{report.id}", words=words, url=url, is_urgent=True)
