"""Secrets that are made at first start and kept in the instance folder, or given by configuration in production."""

import os
import secrets
from pathlib import Path

from flask import Flask

from aftersales.record.ciphers import LEAST


class MissingSecret(RuntimeError):
    """Production was started without its own secrets."""


class InsecureAddress(RuntimeError):
    """Production was started at an address whose passwords everybody on the way can read."""


def fill_in(app: Flask) -> None:
    """Gives the app its secrets. In production (APP_ENV=production) they must come from the environment."""
    folder = Path(app.config["INSTANCE_PATH"]) / "keys"
    production = os.environ.get("APP_ENV") == "production"
    for name in ("SECRET_KEY", "AUDIT_KEY", "SIGNING_PASSPHRASE"):
        given = app.config.get(name) or os.environ.get(name, "")
        if production and len(given) < LEAST:
            raise MissingSecret(f"{name} must be set, with at least {LEAST} characters, when APP_ENV=production")
        value = given or _kept(folder / name.lower())
        app.config[name] = value.encode() if name == "AUDIT_KEY" and isinstance(value, str) else value
    given = app.config.get("FIELD_KEYS") or os.environ.get("FIELD_KEYS", "")
    keys = [key for part in given.split(",") if (key := part.strip())]
    if production and (not keys or min(map(len, keys)) < LEAST):
        raise MissingSecret(f"FIELD_KEYS must name a key, or several with the newest first, of at least {LEAST} characters each")
    app.config["FIELD_KEYS"] = ",".join(keys) or _kept(folder / "field_keys")
    if production and not app.config["BASE_URL"].startswith("https://") and os.environ.get("ALLOW_HTTP") != "yes":
        raise InsecureAddress("BASE_URL must begin with https:// when APP_ENV=production; ALLOW_HTTP=yes says that it need not")
    app.config["JWT_SECRET_KEY"] = app.config["SECRET_KEY"]


def _kept(path: Path) -> str:
    """The secret of this installation; two processes that start at once end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
