"""An archived repair report with its package, and what one does to the places where both copies lie."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.entry import ArchiveEntry
from aftersales.extensions import db
from aftersales.jobs.passes import package_all, run_pass
from aftersales.packages.package import ArchivePackage
from aftersales.packages.packing import keys, opened, scratch_file, second_place
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from tests.engines import Installation
from tests.portal.repair import Repair, finish
from tests.world import MONDAY

LATER = MONDAY + timedelta(hours=6)


@pytest.fixture
def packed(installation: Installation, app: Flask) -> Iterator[Repair]:
    repair = installation.stage(finish_and_pack)
    with server_time.at(LATER):
        yield repair


def finish_and_pack(app: Flask) -> Repair:
    repair = finish(app)
    with server_time.at(LATER), app.app_context():
        assert run_pass(package_all) == 1
    return repair


@pytest.fixture
def acting(app: Flask) -> Iterator[None]:
    with app.app_context(), acting_as(SYSTEM):
        yield


def the_package() -> ArchivePackage:
    db.session.expire_all()
    return db.session.scalars(select(ArchivePackage)).one()


def the_entry() -> ArchiveEntry:
    db.session.expire_all()
    return db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "ServiceOrder")).one()


def tar_of(package: ArchivePackage) -> bytes:
    with scratch_file() as tar:
        opened(package, tar)
        return tar.read()


def put_locked(pieces: Iterable[bytes]) -> str:
    """Lock at the second place something that the program did not write; its key."""
    with scratch_file() as locked:
        keys().lock(pieces, locked)
        return second_place().put_file(locked)


def lies_at(app: Flask, place: str, sha256: str) -> Path:
    """Where a file is on the disk; `place` is store or second."""
    return Path(app.config["INSTANCE_PATH"]) / place / sha256[:2] / sha256


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
