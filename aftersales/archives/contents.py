"""What an archived record consists of: its files, by name and hash, as a list that `sha256sum --check` reads. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


@dataclass(frozen=True)
class ArchivedFile:
    """One file. `role` is paper, attachment, thumbnail or signature; `code` is what stands on a paper to verify it by."""

    name: str
    role: str
    sha256: str
    media_type: str
    size: int | None = None
    code: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "ArchivedFile":
        return cls(**row)


def safe_name(text: str) -> str:
    """A name that every file system takes, and that leaves no folder."""
    return UNSAFE.sub("_", text).strip(". ")[-120:] or "_"


def manifest(files: Iterable[ArchivedFile]) -> str:
    """A line for each file, sorted by name: hash, two spaces, name."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in sorted(files, key=lambda file: file.name))


def content_hash(files: Iterable[ArchivedFile]) -> str:
    """The SHA-256 of the manifest, which so stands for every byte of every file."""
    return hashlib.sha256(manifest(files).encode()).hexdigest()
