"""Both places of the archive in buckets of an S3 server: sealed, packaged, checked, mended, restored and destroyed there."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.archives.contents import ArchivedFile, content_hash
from aftersales.extensions import db
from aftersales.jobs.passes import check_copies, package_all, remove_packages, run_pass
from aftersales.packages import restoring
from aftersales.packages.copies import CopyState
from aftersales.packages.drill import RestoreOutcome
from aftersales.packages.keys import _Source
from aftersales.packages.package import ArchivePackage, PackageFile
from aftersales.record import now as server_time
from aftersales.record.storage import STREAM_CHUNK, UPLOAD_PART, Store
from aftersales.record.workflow import perform
from tests.bucket import Bucket, bucket
from tests.packages.conftest import LATER, the_entry, the_package
from tests.portal.repair import finish

FILM = bytes(range(256)) * (10 * (STREAM_CHUNK // 256)) + b"end"  # larger than a part of an upload


@pytest.fixture(scope="module")
def place() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@pytest.fixture
def in_buckets(app: Flask, place: Bucket, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Bucket:
    for name in ("store", "second_store"):
        monkeypatch.setitem(app.extensions, name, Store(place.url(f"{request.node.name}/{name}"), place.options))
    return place


def test_a_record_lives_and_is_destroyed_in_buckets(app: Flask, in_buckets: Bucket, acting: None, tmp_path, request) -> None:
    repair = finish(app)
    with server_time.at(LATER):
        assert run_pass(package_all) == 1
    assert restoring._restored(the_package(), tmp_path)[0] is RestoreOutcome.same

    in_buckets.put(f"{request.node.name}/store/{repair.sha256[:2]}/{repair.sha256}", b"rotten")
    with server_time.at(LATER + timedelta(days=90)):
        assert run_pass(check_copies) == 1
    assert the_package().first_copy is CopyState.damaged
    perform(the_package(), "mend", reason="x")
    db.session.commit()
    assert app.extensions["store"].get(repair.sha256).startswith(b"%PDF")

    entry = the_entry()
    entry.destroyed_under = "DS-HD-2026-000001"
    perform(entry, "destroy", reason="x")
    db.session.commit()
    assert run_pass(remove_packages) == 1
    assert [path for path in in_buckets.paths() if path.startswith(f"{request.node.name}/second_store/")] == []


def test_a_large_file_is_packaged_and_restored_in_pieces(app: Flask, in_buckets: Bucket, acting: None, tmp_path, monkeypatch) -> None:
    """Nowhere between the two places is more of it held than a part of an upload."""
    finish(app)
    entry, store = the_entry(), app.extensions["store"]
    film = ArchivedFile("film.mp4", "attachment", store.put_file(io.BytesIO(FILM)), "video/mp4", len(FILM))
    entry.files = [*entry.files, film.to_json()]
    entry.content_hash = content_hash(entry.archived_files)
    db.session.commit()

    largest = 0

    def watching(read):
        def watched(*arguments):
            nonlocal largest
            piece = read(*arguments)
            largest = max(largest, len(piece))
            return piece

        return watched

    whole = Store.get

    def small_only(self: Store, key: str) -> bytes:
        assert key != film.sha256, "the film was read whole"
        return whole(self, key)

    monkeypatch.setattr(Store, "get", small_only)
    monkeypatch.setattr(_Source, "read", watching(_Source.read))
    with server_time.at(LATER):
        assert run_pass(package_all) == 1
    assert 0 < largest <= UPLOAD_PART
    assert the_package().size > len(FILM)

    store.delete(film.sha256)
    with server_time.at(LATER + timedelta(days=90)):
        assert run_pass(check_copies) == 1
    assert the_package().first_copy is CopyState.missing
    perform(the_package(), "mend", reason="x")
    db.session.commit()
    assert b"".join(store.stream(film.sha256)) == FILM
    assert restoring._restored(the_package(), tmp_path)[0] is RestoreOutcome.same


def test_killed_while_it_is_sent_no_package_is_there_and_nothing_half(app: Flask, in_buckets: Bucket, acting: None, monkeypatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_arguments: object) -> None:
        raise Killed

    finish(app)
    with monkeypatch.context() as patch, server_time.at(LATER):
        patch.setattr(Store, "_is_whole", die)
        patch.setattr(Store, "exists", lambda *_arguments: False)
        with pytest.raises(Killed):
            run_pass(package_all)
        db.session.rollback()
    assert db.session.scalars(select(ArchivePackage)).all() == []
    with server_time.at(LATER + timedelta(minutes=5)):
        assert run_pass(package_all) == 1
    whole = the_package().sha256
    with server_time.at(LATER + timedelta(hours=2)):
        assert run_pass(remove_packages) == 1
    assert list(app.extensions["second_store"].keys()) == [whole]
    assert len(db.session.scalars(select(PackageFile)).all()) == 2
