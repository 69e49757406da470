"""The keys of the packages: age (age-encryption.org/v1, X25519). Anyone may lock for a recipient; only its identity opens."""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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

    def lock(self, data: bytes) -> bytes:
        return pyrage.encrypt(data, [Recipient.from_str(text) for text in self.recipients])

    def unlock(self, data: bytes) -> bytes:
        """Raises LockedPackageError. age authenticates what it opens: a changed byte is found here."""
        try:
            return pyrage.decrypt(data, [self.identity])
        except pyrage.DecryptError as error:
            raise LockedPackageError(str(error)) from error


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
