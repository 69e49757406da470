"""A page that belongs to no record type: where it stands in the navigation, and the one right that opens it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView

from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.refusal import Refusal


class Page(BaseView):
    """`section` is the section of menu.py ("" keeps it out of the navigation), `permission` the pair that opens every route of it."""

    section: ClassVar[str] = ""
    permission: ClassVar[tuple[str, str]]
    base_permissions: ClassVar[list[str]] = []

    @classmethod
    def title(cls) -> str:
        return ""


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Strangers are sent to the door, people without the right are refused; a refusal becomes a message on the page before."""

    @wraps(method)
    def wrapped(self: Page, *args: Any, **kwargs: Any) -> Any:
        actor = current_actor()
        if actor.user_id is None:
            return redirect(url_for("AuthDBView.login", next=request.full_path))
        if not actor.can(*self.permission):
            abort(403)
        try:
            return method(self, *args, **kwargs)
        except Refusal as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            for text in (text for texts in refusal.errors.values() for text in texts):
                flash(text, "danger")
            return redirect(f"{self.route_base}/")

    return wrapped
