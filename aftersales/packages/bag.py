"""A package as files: a BagIt bag (RFC 8493) in a tar, the same bytes for the same content. Pure.

Names are such that `sha256sum --check` reads the manifests as they stand and every file system takes them.
"""

import hashlib
import tarfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import bagit

from aftersales.archives.contents import ArchivedFile, safe_name

FOLDERS = {"paper": "papers", "attachment": "attachments", "thumbnail": "thumbnails", "signature": "signatures"}
LONGEST = 180  # bytes of a file's name: file systems end at 255
SUMS, TAG_SUMS = "manifest-sha256.txt", "tagmanifest-sha256.txt"


@dataclass(frozen=True)
class Content:
    """The bytes of one file: `read` gives them in pieces when they are wanted, so that no package is ever whole in memory."""

    sha256: str
    size: int
    read: Callable[[], Iterable[bytes]]

    @classmethod
    def of(cls, data: bytes) -> "Content":
        return cls(hashlib.sha256(data).hexdigest(), len(data), lambda: (data,))


class DamagedBagError(ValueError):
    """What was unpacked is no whole bag; the message says why."""


def paths_of(files: Iterable[ArchivedFile]) -> dict[str, ArchivedFile]:
    """Where each file of a record lies in its package, below data/; also where capitals are no other letters."""
    paths: dict[str, ArchivedFile] = {}
    taken: set[str] = set()
    for position, file in enumerate(files, 1):
        folder, name = FOLDERS[file.role], _file_name(file.name)
        while (path := f"{folder}/{name}").casefold() in taken:
            name = f"{position}-{name}"
        taken.add(path.casefold())
        paths[path] = file
    return paths


def _file_name(name: str) -> str:
    """BagIt writes a per cent sign in another way than sha256sum reads it, so there is none."""
    name = unicodedata.normalize("NFC", safe_name(name)).replace("%", "_")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = name, ""
    kept = stem.encode()[: LONGEST - len(dot + ending)].decode(errors="ignore")
    return f"{kept}.{ending}" if ending else kept


def bag(payload: Mapping[str, Content], beside: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, Content]:
    """All files of a bag: `payload` by its path below data/, `beside` what explains it, `info` for bag-info.txt."""
    files = {f"data/{path}": content for path, content in payload.items()}
    said = {**info, "Payload-Oxum": f"{sum(content.size for content in payload.values())}.{len(payload)}"}
    texts = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "".join(f"{name}: {' '.join(value.split())}\n" for name, value in said.items()).encode(),
        SUMS: _sums(files),
        **beside,
    }
    tags = {path: Content.of(text) for path, text in texts.items()}
    return files | tags | {TAG_SUMS: Content.of(_sums(tags))}


def _sums(files: Mapping[str, Content]) -> bytes:
    return "".join(f"{files[path].sha256}  {path}\n" for path in sorted(files)).encode()


def packed(name: str, files: Mapping[str, Content], at: datetime) -> Iterator[bytes]:
    """The bag as a tar with one folder, `name`, in pieces; owner and times say nothing of the machine it was made on."""
    length = 0
    for path in sorted(files):
        member = tarfile.TarInfo(f"{name}/{path}")
        member.size, member.mtime, member.mode = files[path].size, int(at.timestamp()), 0o644
        head = member.tobuf(tarfile.PAX_FORMAT)
        yield head
        yield from files[path].read()
        padding = -member.size % tarfile.BLOCKSIZE
        yield bytes(padding)
        length += len(head) + member.size + padding
    yield bytes(2 * tarfile.BLOCKSIZE + -(length + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE)


def unpacked(tar: BinaryIO, folder: Path) -> Path:
    """Unpack into an empty folder, check the bag, and return where it lies. Raises DamagedBagError."""
    try:
        with tarfile.open(fileobj=tar, mode="r:") as archive:
            archive.extractall(folder, filter="data")
        (root,) = folder.iterdir()
        bagit.Bag(str(root)).validate()
    except (tarfile.TarError, bagit.BagError, ValueError, OSError) as error:
        raise DamagedBagError(str(error)) from error
    return root


@contextmanager
def payload_file(tar: BinaryIO, sha256: str) -> Iterator[BinaryIO | None]:
    """The file with this hash, to be read out of a package without unpacking it; None where there is none."""
    tar.seek(0)
    with tarfile.open(fileobj=tar, mode="r:") as archive:
        files = (file for member in archive if (file := archive.extractfile(member)) is not None)
        yield next((file for file in files if hashlib.file_digest(file, "sha256").hexdigest() == sha256), None)
