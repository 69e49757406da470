"""The content-addressed store, on a folder and on an S3 server."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftersales.record.storage import UPLOAD_PART, DamagedFileError, Store
from tests.bucket import Bucket, bucket

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
BIG = 32 << 20


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store((tmp_path / "档案").as_uri())
    s3 = request.getfixturevalue("s3")
    return Store(s3.url(tmp_path.name), s3.options)


def test_a_file_is_found_under_the_hash_of_its_bytes(store: Store) -> None:
    key = store.put("维修服务报告".encode())
    assert key == hashlib.sha256("维修服务报告".encode()).hexdigest()
    assert store.get(key) == "维修服务报告".encode()
    assert b"".join(store.stream(key)) == store.get(key)
    assert store.open_range(key, 3, 6) == "修服".encode()
    assert store.size(key) == 18


def test_putting_the_same_bytes_twice_keeps_one_file(store: Store) -> None:
    assert store.put(b"x") == store.put(b"x")
    assert list(store.keys()) == [hashlib.sha256(b"x").hexdigest()]


def test_an_empty_and_a_large_file_come_back_whole(store: Store) -> None:
    large = os.urandom(12 << 20)
    assert store.get(store.put(b"")) == b""
    assert store.get(store.put(large)) == large


def test_a_key_never_put_is_not_there(store: Store) -> None:
    assert not store.exists("0" * 64)
    with pytest.raises(FileNotFoundError):
        store.get("0" * 64)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "AB" * 32, "0" * 63])
def test_a_malformed_key_is_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        store.get(key)


def test_one_flipped_byte_is_found_named_and_mended_by_putting_again(tmp_path: Path) -> None:
    store = Store(tmp_path.as_uri())
    whole, key = store.put(b"whole"), store.put(b"to be damaged")
    path = tmp_path / key[:2] / key
    path.write_bytes(b"To be damaged")
    assert list(store.damaged()) == [key]
    with pytest.raises(DamagedFileError, match=key):
        store.get(key)
    with pytest.raises(DamagedFileError, match=key):
        b"".join(store.stream(key))
    assert store.put(b"to be damaged") == key
    assert list(store.damaged()) == []
    assert sorted(store.keys()) == sorted([whole, key])


def test_damage_in_a_bucket_is_found_too_and_mended_by_putting_again(s3: Bucket) -> None:
    store = Store(s3.url("damaged"), s3.options)
    whole, key = store.put(b"whole"), store.put(b"to be damaged")
    s3.put(f"damaged/{key[:2]}/{key}", b"damaged")
    assert list(store.damaged()) == [key]
    with pytest.raises(DamagedFileError, match=key):
        store.get(key)
    assert store.put(b"to be damaged") == key
    assert list(store.damaged()) == []
    assert sorted(store.keys()) == sorted([whole, key])


def test_what_was_deleted_is_gone_and_may_be_deleted_again(store: Store) -> None:
    key = store.put(b"to be destroyed")
    store.delete(key)
    store.delete(key)
    assert not store.exists(key)
    assert list(store.keys()) == []


class Watched(io.BytesIO):
    """Remembers the largest piece that was asked of it."""

    largest = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.largest = max(self.largest, len(piece))
        return piece


def test_a_file_larger_than_a_piece_goes_in_and_out_in_pieces(store: Store) -> None:
    data = os.urandom(3 * UPLOAD_PART + 5)
    file, out = Watched(data), io.BytesIO()
    key = store.put_file(file)
    assert (key, file.largest) == (hashlib.sha256(data).hexdigest(), UPLOAD_PART)
    store.copy_to(key, out)
    assert out.read() == data


def test_an_upload_that_breaks_off_shows_no_object(s3: Bucket) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 2 * UPLOAD_PART:
                raise OSError("the disk went away")
            return super().read(size)

    store, data = Store(s3.url("broken"), s3.options), bytes(3 * UPLOAD_PART)
    broken = Broken(data)
    with pytest.raises(Exception, match="the disk went away"):
        store._keep(hashlib.sha256(data).hexdigest(), broken)
    assert [path for path in s3.paths() if path.startswith("broken/")] == []


def test_killed_at_any_moment_a_key_holds_all_its_bytes_or_does_not_exist(tmp_path: Path) -> None:
    script = f"from aftersales.record.storage import Store; Store({tmp_path.as_uri()!r}).put(bytes({BIG}))"
    store, key = Store(tmp_path.as_uri()), hashlib.sha256(bytes(BIG)).hexdigest()
    for delay in (0.0, 0.005, 0.02, 0.05):
        writer = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
        while not any(tmp_path.rglob(f"{key}*")):
            assert writer.poll() is None, "the writer ended without writing"
            time.sleep(0.001)
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert list(store.damaged()) == []
        assert not store.exists(key) or store.size(key) == BIG
        if delay == 0.0:
            assert not store.exists(key), "the kill came after the writing: write more"
            assert list(store.keys()) == []
        for path in tmp_path.rglob(f"{key}*"):
            path.unlink()


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        Store("ftp://somewhere/files")
