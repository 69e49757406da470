"""What a page answers when a rule says no."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import abort, flash, redirect, render_template, request

from aftersales.extensions import db
from aftersales.record.late import is_queued
from aftersales.record.refusal import Refusal


def refusable(method: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal outside a form becomes a message on the page the person came from."""

    @wraps(method)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Refusal as refusal:
            db.session.rollback()
            if is_queued():
                raise
            if refusal.status == 404:
                abort(404)
            if request.method == "GET":
                return render_template("record/refused.html", refusal=refusal, back=page_before() or self.url("list")), refusal.status
            for texts in refusal.errors.values():
                for text in texts:
                    flash(text, "danger")
            return redirect(
                self.url("list") if not args and "pk" not in kwargs else self.url("show", pk=kwargs.get("pk", args[0] if args else 0))
            )

    return wrapped


def page_before() -> str | None:
    """The page of ours that led here. The same address again, when it was posted to: there stands the form."""
    came_from = urlsplit(request.referrer or "")
    address = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    is_ours = came_from.netloc == request.host and not address.startswith("//")
    leads_on = request.method == "POST" or address != request.full_path.rstrip("?")
    return address if is_ours and leads_on else None
