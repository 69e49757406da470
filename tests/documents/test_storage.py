"""The content-addressed store, on a folder and on an S3-compatible server."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from aftersales.record.storage import DamagedFileError, Store

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
BIG = 32 << 20


class FakeS3(BaseHTTPRequestHandler):
    """PUT, GET with Range, HEAD, LIST and multipart upload of one bucket, path style, without checking signatures."""

    objects: dict[str, bytes]
    uploads: dict[str, dict[int, bytes]]
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        return

    def do_PUT(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "uploadId" in query:
            self.uploads[self._key()][int(query["partNumber"][0])] = body
        else:
            self.objects[self._key()] = body
        self._answer(200, b"", ETag='"1"')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "uploads" in parse_qs(urlsplit(self.path).query, keep_blank_values=True):
            self.uploads[self._key()] = {}
            self._answer(200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
            return
        parts = self.uploads.pop(self._key())
        self.objects[self._key()] = b"".join(parts[number] for number in sorted(parts))
        self._answer(200, b"<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            prefix = query.get("prefix", [""])[0]
            items = "".join(
                f"<Contents><Key>{key}</Key><Size>{len(data)}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>1</ETag></Contents>"
                for key, data in self.objects.items()
                if key.startswith(prefix)
            )
            self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}</ListBucketResult>".encode())
            return
        data = self.objects.get(self._key())
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        elif asked := self.headers.get("Range"):
            start, end = (int(part) for part in asked.removeprefix("bytes=").split("-"))
            end = min(end, len(data) - 1)
            self._answer(206, data[start : end + 1], **{"Content-Range": f"bytes {start}-{end}/{len(data)}"})
        else:
            self._answer(200, data)

    do_HEAD = do_GET

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/archive/")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        usual = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content-Length": str(len(body))}
        for name, value in {**usual, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def s3() -> Iterator[tuple[str, type[FakeS3]]]:
    handler = type("Handler", (FakeS3,), {"objects": {}, "uploads": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3: tuple[str, type[FakeS3]]) -> Store:
    if request.param == "folder":
        return Store((tmp_path / "档案").as_uri())
    return Store("s3://archive/files", {"endpoint": s3[0], "access_key_id": "k", "secret_access_key": "s", "region": "local"})


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


def test_damage_in_a_bucket_is_found_too(s3: tuple[str, type[FakeS3]]) -> None:
    store = Store("s3://archive/files", {"endpoint": s3[0], "access_key_id": "k", "secret_access_key": "s", "region": "local"})
    key = store.put(b"to be damaged")
    s3[1].objects[f"files/{key[:2]}/{key}"] = b"damaged"
    assert list(store.damaged()) == [key]


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
