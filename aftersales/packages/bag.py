"""A package as files: a BagIt bag (RFC 8493) in a tar, the same bytes for the same content. Pure.

Names are such that `sha256sum --check` reads the manifests as they stand and every file system takes them.
"""

import hashlib
import io
import tarfile
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import bagit

from aftersales.archives.contents import ArchivedFile, safe_name

FOLDERS = {"paper": "papers", "attachment": "attachments", "thumbnail": "thumbnails", "signature": "signatures"}
LONGEST = 180  # bytes of a file's name: file systems end at 255
SUMS, TAG_SUMS = "manifest-sha256.txt", "tagmanifest-sha256.txt"


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


def bag(payload: Mapping[str, bytes], beside: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, bytes]:
    """All files of a bag: `payload` by its path below data/, `beside` what explains it, `info` for bag-info.txt."""
    files = {f"data/{path}": data for path, data in payload.items()}
    files[SUMS] = _sums(files)
    said = {**info, "Payload-Oxum": f"{sum(map(len, payload.values()))}.{len(payload)}"}
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "".join(f"{name}: {' '.join(value.split())}\n" for name, value in said.items()).encode(),
        SUMS: files[SUMS],
        **beside,
    }
    return files | tags | {TAG_SUMS: _sums(tags)}


def _sums(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)).encode()


def packed(name: str, files: Mapping[str, bytes], at: datetime) -> bytes:
    """The bag as a tar with one folder, `name`; owner and times say nothing of the machine it was made on."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size, member.mtime, member.mode = len(files[path]), int(at.timestamp()), 0o644
            archive.addfile(member, io.BytesIO(files[path]))
    return target.getvalue()


def unpacked(data: bytes, folder: Path) -> Path:
    """Unpack into an empty folder, check the bag, and return where it lies. Raises DamagedBagError."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            archive.extractall(folder, filter="data")
        (root,) = folder.iterdir()
        bagit.Bag(str(root)).validate()
    except (tarfile.TarError, bagit.BagError, ValueError, OSError) as error:
        raise DamagedBagError(str(error)) from error
    return root


def payload_file(data: bytes, sha256: str) -> bytes | None:
    """The bytes of the file with this hash, read out of a package without unpacking it; None where there is none."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            found = archive.extractfile(member)
            if found is not None and hashlib.sha256(content := found.read()).hexdigest() == sha256:
                return content
    return None
