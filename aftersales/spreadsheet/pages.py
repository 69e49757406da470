"""The doors of exports, one for every record type: who may is asked of the type named in the address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.jobs import ask
from aftersales.labels import language
from aftersales.page import Page, guarded
from aftersales.record.base import SharedRecord
from aftersales.record.refusal import Refusal
from aftersales.spreadsheet import export
from aftersales.spreadsheet.incoming import may_import


def back_to_list(method: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal becomes a message above the list."""

    @wraps(method)
    def wrapped(self: Any, key: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, key, *args, **kwargs)
        except Refusal as refusal:
            db.session.rollback()
            for text in (text for texts in refusal.errors.values() for text in texts):
                flash(text, "danger")
            return redirect(f"/{key}/list/", 303)

    return wrapped


class SpreadsheetPage(Page):
    """`/sheet/<type>/…`: export."""

    route_base = "/sheet"
    permission = ("can_read", "Job")

    @expose("/<key>/export", methods=["POST"])
    @guarded
    @back_to_list
    def export(self, key: str) -> Any:
        """The list at this address, as a job whose page gives the workbook when it is done."""
        cls = _type(key)
        if not export.may_export(cls):
            abort(403)
        args = export.filters_of(cls, request.args)
        export.check(db.session, cls, args)
        job = ask(db.session(), export.KIND, {"type": cls.__name__, "args": args, "language": language()})
        return redirect(url_for("JobsView.show", pk=job.id, then="download"), 303)


def actions_of(cls: type[SharedRecord], query: str) -> list[dict[str, Any]]:
    """What stands beside the head of a list: the way in, the way out."""
    ways = [{"label": _("Import"), "url": f"/import/{cls.key()}/"}] if cls.parent is None and may_import(cls) else []
    if export.may_export(cls):
        ways.append({"label": _("Export"), "url": f"/sheet/{cls.key()}/export?{query}", "method": "post"})
    return ways


def _type(key: str) -> type[SharedRecord]:
    found = next((cls for cls in SharedRecord.record_types.values() if cls.key() == key and cls.parent is None), None)
    return abort(404) if found is None else found
