"""Columns that the database holds encrypted: who has the database, a copy of it or the trail, but not the keys, reads nothing of them.

The keys come from the configuration (FIELD_KEYS), the newest first: it encrypts, all of them decrypt. AES and HMAC are those of Fernet, by
the library `cryptography`. Whoever can write to the database can put one record's ciphertext into another: the trail finds that out.
"""

import base64
import hmac
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from sqlalchemy import CheckConstraint, Date, String, Text, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

MARK = "enc1:"  # how a ciphertext begins, so that nothing plain passes for one
LEAST = 32  # characters of a key in production


class Unreadable(ValueError):
    """A value that none of the keys opens: it was written under another key, or tampered with."""


class FieldKeys:
    """The keys of an installation, the newest first. ValueError without any."""

    def __init__(self, secrets: Iterable[str]) -> None:
        kept = tuple(secrets)
        if not kept:
            raise ValueError("no key for encrypted fields")
        self._fernets = tuple(Fernet(base64.urlsafe_b64encode(_derived(secret, b"field encryption"))) for secret in kept)
        self._cipher = MultiFernet(self._fernets)
        self._index_keys = tuple(_derived(secret, b"field index") for secret in kept)

    def seal(self, text: str) -> str:
        return MARK + self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises Unreadable."""
        try:
            return self._cipher.decrypt(sealed.removeprefix(MARK).encode()).decode()
        except InvalidToken as error:
            raise Unreadable("an encrypted field cannot be read with the keys of this installation") from error

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest key wrote it."""
        try:
            self._fernets[0].decrypt(sealed.removeprefix(MARK).encode())
        except InvalidToken:
            return False
        return True

    def index(self, text: str) -> str:
        """What an exact value is found by, without saying what it is: an HMAC under the newest key."""
        return _hmac(self._index_keys[0], text)

    def indexes(self, text: str) -> list[str]:
        """The same under each key: what was written before the last change of keys is found too."""
        return [_hmac(key, text) for key in self._index_keys]


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"aftersales " + purpose).derive(secret.encode())


def _hmac(key: bytes, text: str) -> str:
    return hmac.digest(key, spelt(text).encode(), "sha256").hex()


def spelt(text: str) -> str:
    """Without what people write differently: full width, case, blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def field_keys() -> FieldKeys:
    return current_app.extensions["field_keys"]


class Enciphered(TypeDecorator[Any]):
    """Text or a day, encrypted on its way into the database. `plain` is the type that forms and API know it by.

    It can be neither searched nor sorted nor narrowed by; a CHECK can say nothing of it but that it is encrypted (`is_enciphered`).
    """

    impl = Text
    cache_ok = True

    def __init__(self, plain: String | Date | None = None) -> None:
        super().__init__()
        self.plain: TypeEngine[Any] = plain or Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else field_keys().seal(value.isoformat() if isinstance(value, date) else str(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        text = field_keys().open(value)
        return date.fromisoformat(text) if isinstance(self.plain, Date) else text


def plain_type(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type of a column as people know it."""
    return kind.plain if isinstance(kind, Enciphered) else kind


@cache
def enciphered(cls: type) -> tuple[str, ...]:
    """The attributes of a mapped class that are kept encrypted."""
    return tuple(attribute.key for attribute in inspect(cls).column_attrs if isinstance(attribute.columns[0].type, Enciphered))


def is_enciphered(*names: str) -> tuple[CheckConstraint, ...]:
    """The CHECKs that nothing plain is ever stored in these columns."""
    return tuple(CheckConstraint(f"{name} LIKE '{MARK}%'", name=f"{name}_enciphered") for name in names)


def opened(value: Any) -> Any:
    """A value of the trail as it was before it was encrypted; one that was not stays what it is. Raises Unreadable."""
    return field_keys().open(value) if isinstance(value, str) and value.startswith(MARK) else value
