"""A column for secrets: encrypted in the database, written by people, read by the program alone."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from sqlalchemy import String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from aftersales.record import forms

DOTS = "••••••••"


class UnreadableSecret(Exception):
    """The secret was encrypted under another SECRET_KEY: it has to be entered anew."""


class Hidden(str):
    """A stored secret: dots to whoever prints, compares or sends it, and the secret by `reveal()` only."""

    encrypted: str

    def __new__(cls, encrypted: str) -> "Hidden":
        hidden = super().__new__(cls, DOTS)
        hidden.encrypted = encrypted
        return hidden

    def reveal(self) -> str:
        try:
            return _cipher().decrypt(self.encrypted.encode()).decode()
        except InvalidToken as error:
            raise UnreadableSecret("the secret cannot be read: enter it again") from error


class SecretText(TypeDecorator[str]):
    """A new text is encrypted on its way in; what comes back is `Hidden`. A form that posts the dots back changes nothing."""

    impl = String(1000)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or isinstance(value, Hidden):
            return getattr(value, "encrypted", None)
        return _cipher().encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Hidden | None:
        return None if value is None else Hidden(value)


forms._MAKERS[SecretText] = forms.TrimmedField


def reveal(value: str) -> str:
    """The secret of an attribute, whether it was just entered or read from the database."""
    return value.reveal() if isinstance(value, Hidden) else value


def _cipher() -> Fernet:
    key = current_app.config["SECRET_KEY"]
    digest = hashlib.sha256(b"webhook secret:" + (key.encode() if isinstance(key, str) else key)).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
