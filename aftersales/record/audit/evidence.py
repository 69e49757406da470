"""What is known about the trail outside the database, so that an older or shortened database betrays itself.

Signed tree heads go to a `HeadSink` after each pass; each committed entry goes to an `EntryJournal` at once and covers the
minute until a pass seals it. The files here are the default; a sink on another machine is one small class.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, TypeVar

from aftersales.record.now import now

T = TypeVar("T")
OPENED = os.O_WRONLY | os.O_APPEND | os.O_CREAT


@dataclass(frozen=True)
class SignedHead:
    """The log at one moment: `size` leaves with this root. Hashes in hexadecimal, `at` ISO in UTC."""

    size: int
    root: str
    at: str
    previous_hash: str
    hash: str
    tag: str


@dataclass(frozen=True)
class JournalLine:
    """A committed entry, noted outside the database."""

    entry_id: str
    kind: str
    record_id: int
    sequence: int
    hash: str


@dataclass(frozen=True)
class DamagedLine:
    """A line that cannot be read: torn by a power failure, or edited."""

    place: str


class HeadSink(Protocol):
    def publish(self, head: SignedHead) -> None: ...

    def last(self) -> SignedHead | None: ...

    def heads(self) -> Iterator[SignedHead | DamagedLine]: ...


class EntryJournal(Protocol):
    def note(self, lines: Iterable[JournalLine]) -> None: ...

    def lines(self) -> Iterator[JournalLine | DamagedLine]: ...

    def forget_before(self, day: date) -> None: ...


class HeadFile:
    """Heads, one JSON object a line, appended and brought to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def publish(self, head: SignedHead) -> None:
        _append(self._path, [json.dumps(vars(head))], sync=True)

    def last(self) -> SignedHead | None:
        """The newest readable head, looking at no more than the end of the file."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - 4096))
            tail = file.read().splitlines()
        parsed = (_parse(line, SignedHead, "") for line in reversed(tail))
        return next((head for head in parsed if isinstance(head, SignedHead)), None)

    def heads(self) -> Iterator[SignedHead | DamagedLine]:
        return _read(self._path, SignedHead)


class JournalFolder:
    """Entries, one JSON object a line, in a file per day. Processes may append to the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, lines: Iterable[JournalLine]) -> None:
        _append(self._folder / f"{now():%Y-%m-%d}.jsonl", [json.dumps(vars(line)) for line in lines], sync=False)

    def lines(self) -> Iterator[JournalLine | DamagedLine]:
        for path in sorted(self._folder.glob("*.jsonl")):
            yield from _read(path, JournalLine)

    def forget_before(self, day: date) -> None:
        for path in self._folder.glob("*.jsonl"):
            if path.stem < day.isoformat():
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class AuditSettings:
    """What the trail needs from outside the database: `key` (at least 32 bytes) and the places of evidence."""

    key: bytes
    heads: HeadSink
    journal: EntryJournal

    def __post_init__(self) -> None:
        if len(self.key) < 32:
            raise ValueError("the audit key must have at least 32 bytes")

    def __repr__(self) -> str:
        return "AuditSettings(key=…)"

    @classmethod
    def in_folder(cls, key: bytes, folder: Path) -> "AuditSettings":
        """Evidence as files in a folder (the instance folder); it is made when missing."""
        return cls(key, HeadFile(folder / "audit-heads.jsonl"), JournalFolder(folder / "audit-journal"))


def _append(path: Path, lines: list[str], *, sync: bool) -> None:
    try:
        handle = os.open(path, OPENED, 0o640)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, OPENED, 0o640)
    try:
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())  # one write: lines of two processes do not mix
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path, shape: type[T]) -> Iterator[T | DamagedLine]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield _parse(line, shape, f"{path.name}:{number}")


def _parse(line: bytes, shape: type[T], place: str) -> T | DamagedLine:
    try:
        return shape(**json.loads(line))
    except (ValueError, TypeError):
        return DamagedLine(place)
