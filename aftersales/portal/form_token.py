"""The signed token in a public form: this server made the form, not long ago. It takes the place of a cookie.

It is bound to no person: a public form acts with nobody's rights, so there are none that a foreign site could borrow.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

LIFETIME = 24 * 3600  # seconds; a page left open over a night shift may still be sent


def issue(purpose: str) -> str:
    return _serializer(purpose).dumps(secrets.token_urlsafe(16))


def nonce_of(purpose: str, token: str) -> str | None:
    """The number drawn for the form, or None where the token is not ours, or too old."""
    try:
        return str(_serializer(purpose).loads(token, max_age=LIFETIME))
    except BadData:
        return None


def name_for(nonce: str, contents: Iterable[str]) -> str:
    """The name of what one form with these contents creates: sent twice, it is the same name, so nothing is made twice.

    22 characters that nobody without the secret key can compute.
    """
    text = "\0".join((nonce, *contents)).encode()
    digest = hmac.digest(current_app.config["SECRET_KEY"].encode(), b"portal.name\0" + text, hashlib.sha256)
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"portal.{purpose}")
