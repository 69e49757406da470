"""Where archived files and attachments lie: a folder or an S3 bucket, each file under the SHA-256 of its bytes.

A key that exists holds all of its bytes: the folder store writes beside the key and renames, S3 shows an object when its upload is
complete. A killed upload leaves at most a draft that no listing shows.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

_KEY = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"([0-9a-f]{2})/([0-9a-f]{64})")
STREAM_CHUNK = 1 << 20
UPLOAD_PART = 8 << 20  # S3 takes at least 5 MiB and at most 10,000 of them: files of up to 78 GiB


class DamagedFileError(OSError):
    """The stored bytes are not those that were put there; the message names the key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the stored file {key} is damaged: its bytes have another hash")
        self.key = key


class Store:
    """Files by content. `url`: file:///folder or s3://bucket/prefix; `options` for S3: endpoint, access_key_id, secret_access_key, region.

    Keys are 64 hexadecimal digits. A key that was never put raises FileNotFoundError, a malformed one ValueError.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self._folder: Path | None = None
        if parts.scheme == "file":
            self._folder = Path(unquote(parts.path))
            self._store = self._asked = LocalStore(self._folder, mkdir=True)
        elif parts.scheme == "s3":
            settings = dict(options or {})
            client = {"allow_http": settings.get("endpoint", "").startswith("http://")}
            where = {"prefix": parts.path.strip("/") or None, "config": settings}
            self._store = S3Store(parts.netloc, client_options=client, **where)
            quick = client | {"timeout": "2s", "connect_timeout": "2s"}
            self._asked = S3Store(parts.netloc, client_options=quick, retry_config={"max_retries": 0}, **where)
        else:
            raise ValueError(f"a store is file:///folder or s3://bucket/prefix, not {url}")

    def put(self, data: bytes) -> str:
        """Keep `data` and return its key. Putting the same bytes again changes nothing, except that it mends a damaged copy."""
        return self._keep(hashlib.sha256(data).hexdigest(), data)

    def put_file(self, file: BinaryIO) -> str:
        """The same for a file of any size that can be read twice, from its beginning: never more than a few pieces of it are in memory."""
        file.seek(0)
        key = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return self._keep(key, file)

    def _keep(self, key: str, content: bytes | BinaryIO) -> str:
        if not (self.exists(key) and self._is_whole(key)):
            obstore.put(self._store, _path(key), content, chunk_size=UPLOAD_PART, max_concurrency=2)
            self._reach_the_disk(key)
            if not self._is_whole(key):  # what was written is what can be read
                raise DamagedFileError(key)
        return key

    def get(self, key: str) -> bytes:
        """All bytes of a file, hashed again. Raises DamagedFileError."""
        data = bytes(obstore.get(self._store, _path(key)).bytes())
        if hashlib.sha256(data).hexdigest() != key:
            raise DamagedFileError(key)
        return data

    def stream(self, key: str) -> Iterator[bytes]:
        """The bytes in pieces, for files that should not be held in memory. DamagedFileError comes after the last piece."""
        digest = hashlib.sha256()
        for piece in obstore.get(self._store, _path(key)).stream(min_chunk_size=STREAM_CHUNK):
            digest.update(piece)
            yield bytes(piece)
        if digest.hexdigest() != key:
            raise DamagedFileError(key)

    def copy_to(self, key: str, file: BinaryIO) -> None:
        """Write the bytes into an open file and go back to its beginning. Raises DamagedFileError."""
        for piece in self.stream(key):
            file.write(piece)
        file.seek(0)

    def open_range(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from `start`, as HTTP ranges ask for them; not hashed."""
        return bytes(obstore.get_range(self._store, _path(key), start=start, length=length))

    def delete(self, key: str) -> None:
        """Take the bytes away for good. Deleting what is not there changes nothing, so it may be done again after a kill."""
        with suppress(FileNotFoundError):
            obstore.delete(self._store, _path(key))

    def exists(self, key: str) -> bool:
        try:
            obstore.head(self._store, _path(key))
        except FileNotFoundError:
            return False
        return True

    def size(self, key: str) -> int:
        """In bytes."""
        return obstore.head(self._store, _path(key))["size"]

    def answers(self) -> bool:
        """Whether the store can be asked for a file, within two seconds and without a second try: a page waits for it."""
        try:
            obstore.head(self._asked, _path("0" * 64))
        except FileNotFoundError:
            return True
        except (OSError, BaseError):
            return False
        return True

    def keys(self) -> Iterator[str]:
        """Every key, in no order. Files that are not ours are passed over."""
        for batch in obstore.list(self._store):
            for item in batch:
                found = _PATH.fullmatch(item["path"])
                if found and found[2].startswith(found[1]):
                    yield found[2]

    def damaged(self) -> Iterator[str]:
        """The keys whose bytes no longer have their hash: rot, tampering, a bad disk."""
        return (key for key in self.keys() if not self._is_whole(key))

    def _is_whole(self, key: str) -> bool:
        try:
            for _ in self.stream(key):
                pass
        except DamagedFileError:
            return False
        return True

    def _reach_the_disk(self, key: str) -> None:
        """obstore renames without fsync: after a power cut the name could stand with nothing behind it."""
        if self._folder is None:
            return
        path = self._folder / _path(key)
        for place in (path, path.parent, self._folder):
            handle = os.open(place, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _path(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return f"{key[:2]}/{key}"
