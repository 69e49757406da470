"""The keys of the packages: age (age-encryption.org/v1, X25519). Anyone may lock for a recipient; only its identity opens."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pyrage
from pyrage.x25519 import Identity, Recipient

SECRET = "AGE-SECRET-KEY-1"


class UnusableKeyError(ValueError):
    """The identity or a recipient cannot be read; the message names it."""


class LockedPackageError(ValueError):
    """These bytes are no package, or are locked for somebody else."""


@dataclass(frozen=True)
class Keys:
    """The company's identity, and everybody a package is locked for: the company first, then who else is named."""

    identity: Identity
    recipients: tuple[str, ...]

    @classmethod
    def open(cls, path: Path, others: str = "") -> "Keys":
        """The identity in the file at `path`, made there at the first start; `others` are public keys, separated by commas."""
        if not path.exists():
            _publish(path)
        line = next((line for line in path.read_text("utf-8").splitlines() if line.startswith(SECRET)), "")
        try:
            identity = Identity.from_str(line.strip())
            named = [str(Recipient.from_str(text.strip())) for text in others.split(",") if text.strip()]
        except (pyrage.IdentityError, pyrage.RecipientError) as error:
            raise UnusableKeyError(f"{path} holds no age identity, or a recipient is none: {error}") from error
        return cls(identity, tuple(dict.fromkeys([str(identity.to_public()), *named])))

    @property
    def mark(self) -> str:
        """Tells whether a package is locked for today's recipients: 64 hexadecimal digits."""
        return hashlib.sha256("\n".join(sorted(self.recipients)).encode()).hexdigest()

    def lock(self, pieces: Iterable[bytes], target: BinaryIO) -> None:
        """Write the pieces into an open file, locked. Raises what the pieces raise."""
        source = _Source(pieces)
        try:
            pyrage.encrypt_io(source, target, [Recipient.from_str(text) for text in self.recipients])
        except pyrage.EncryptError as error:
            raise source.failure or error from error

    def unlock(self, source: BinaryIO, target: BinaryIO) -> None:
        """Write what is locked in `source` into another open file and go back to its beginning. Raises LockedPackageError: age
        authenticates what it opens, block by block, so a changed byte is found here."""
        try:
            pyrage.decrypt_io(source, target, [self.identity])
        except pyrage.DecryptError as error:
            raise LockedPackageError(str(error)) from error
        except OSError as error:
            if error.errno is not None:  # the disk's, not the block's
                raise
            raise LockedPackageError(str(error)) from error
        target.seek(0)


class _Source:
    """Pieces as a file that pyrage reads. It makes an error of its own out of any other, so `failure` keeps what really happened."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self.failure: Exception | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._pieces))
        except StopIteration:
            return b""
        except Exception as error:
            self.failure = error
            raise
        given, self._rest = self._rest[:size], self._rest[size:]
        return bytes(given)


def _publish(path: Path) -> None:
    """A new identity in the form of age-keygen; two processes that start at once end with the same one."""
    identity = Identity.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    draft.write_text(f"# created: {made}\n# public key: {identity.to_public()}\n{identity}\n", "utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
