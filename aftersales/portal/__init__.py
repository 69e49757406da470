"""What strangers see: report a fault or complain, follow it, sign, check a paper. No sign-in, no cookie, no script needed (R2.1, R17.3)."""

from flask import Flask

from aftersales.extensions import csrf
from aftersales.portal import progress, rating, recall, report, signing, verification
from aftersales.portal.limits import Limits
from aftersales.portal.pages import blueprint


def install(app: Flask) -> None:
    app.extensions["portal_limits"] = Limits(app.config.get("RATELIMIT_STORAGE_URI") or "memory://")
    csrf.exempt(blueprint)  # the session's token needs a cookie; form_token.py signs these forms instead
    app.register_blueprint(blueprint)


__all__ = ["install", "progress", "rating", "recall", "report", "signing", "verification"]
