"""What a request of an inspector may do: look at what is named here and nothing else, on the days given; and it is written down.

The records themselves are guarded beneath (`scope`). Here stand the pages that belong to no record, closed unless they are named.
"""

from functools import cache
from typing import Any
from urllib.parse import unquote

from flask import Response, abort, flash, g, jsonify, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import logout_user

from aftersales.extensions import db
from aftersales.inspectors.log import InspectorEntry, Looked
from aftersales.inspectors.scope import Scope
from aftersales.labels import speaking
from aftersales.record.actor import current_actor
from aftersales.record.audit.chain import take_write_lock
from aftersales.record.base import SharedRecord
from aftersales.record.now import now

PAGES = frozenset(
    {
        "Home.index", "InspectorPage.index", "InspectorPage.binder", "SearchPage.index", "SearchPage.suggest", "TracePage.index",
        "TracePage.graph", "TrailPage.index", "TrailPage.voided", "OpenApiDocument.document", "InboxView.index", "WaitingView.hello",
        "LocaleView.index", "UtilView.back", "AccountView.index", "AuthDBView.login", "offline.manifest", "offline.worker",
        "portal.verify", "portal.ask_code",
        "DocumentListsPage.show", "DocumentListsPage.printed",
    }
)  # fmt: skip
# What is sent by POST and stores nothing but the inspector's own password and the notes of the visit.
SENT = frozenset(
    {"TracePage.find", "AccountView.index", "AccountView.signout", "AuthDBView.login", "SecurityApi.login", "SecurityApi.refresh",
     "DocumentVersionView.print_it"}
)  # fmt: skip
UNNOTED = frozenset({"static", "appbuilder.static", "offline.manifest", "offline.worker", "WaitingView.hello", "Home.index"})
LOOKED = {
    "list": Looked.listing, "lookup": Looked.search, "suggest": Looked.search, "find": Looked.search, "file": Looked.file,
    "thumbnail": Looked.file, "paper": Looked.paper, "preview": Looked.paper, "print_it": Looked.paper, "graph": Looked.paper,
    "printed": Looked.paper, "binder": Looked.binder,
}  # fmt: skip


def answer() -> Any:
    """Before anything else of a request: what is answered instead of it, or None."""
    if g.pop("shut_out", False):
        return _sign_out()
    scope = current_actor().bounds
    if not isinstance(scope, Scope) or request.endpoint is None or _opens(request.endpoint, request.method):
        return None
    return (jsonify(message=_("Your role may not do this.")), 403) if request.path.startswith("/api/") else abort(403)


def opens_page(name: str) -> bool:
    """Whether the navigation offers a page that belongs to no record type."""
    return current_actor().bounds is None or f"{name}.index" in PAGES


def _opens(endpoint: str, method: str) -> bool:
    if method in ("GET", "HEAD", "OPTIONS"):
        return endpoint in PAGES or endpoint.endswith("static") or endpoint.partition(".")[0] in _record_views()
    return method == "POST" and endpoint in SENT


@cache
def _record_views() -> dict[str, type[SharedRecord]]:
    from aftersales.registration import record_types

    return {f"{cls.__name__}{door}": cls for cls in record_types() for door in ("View", "Api")}


def _sign_out() -> Any:
    """The account of an inspector on no day of theirs: its session ends here, a token opens nothing."""
    message = _("This access is not open today, or was withdrawn.")
    if request.path.startswith("/api/"):
        return jsonify(message=message), 401
    logout_user()
    session.clear()
    flash(message, "warning")
    is_open = request.endpoint in ("AuthDBView.login", "LocaleView.index", None) or request.endpoint.startswith(("static", "portal."))
    return None if is_open else redirect(url_for("AuthDBView.login"))


def note_answer(response: Response) -> None:
    """After the answer: what was shown. Without the note nothing is given out: an error here takes the answer's place."""
    scope = g.actor.bounds if "actor" in g else None
    if isinstance(scope, Scope) and request.endpoint not in UNNOTED:
        note(response, scope)


def note(response: Response, scope: Scope) -> None:
    """One entry, in a transaction of its own."""
    view, _dot, method = (request.endpoint or "").partition(".")
    cls = _record_views().get(view)
    pk = (request.view_args or {}).get("pk") or (request.view_args or {}).get("record_id")
    db.session.rollback()  # a transaction of SQLite that has read cannot turn to writing safely
    name = _name_of(cls, pk)
    entry = InspectorEntry(
        access_id=scope.access_id, looked_at=now(), looked=_looked(view, method), title=_title(cls, view)[:120], address=_address(),
        kind=cls.__name__ if cls is not None else None, record_id=pk if name else None, record_name=name, asked=_asked(),
        status=response.status_code,
    )  # fmt: skip
    db.session.rollback()
    take_write_lock(db.session.connection())
    db.session.add(entry)
    db.session.commit()


def _looked(view: str, method: str) -> Looked:
    if request.path.startswith("/api/"):
        return Looked.api
    if view in ("SearchPage",):
        return Looked.search
    if view == "TracePage" and "q" in request.args:
        return Looked.search
    return LOOKED.get(method, Looked.page)


def _name_of(cls: type[SharedRecord] | None, pk: Any) -> str | None:
    """What the record is called, where the inspector may see it."""
    if cls is None or not isinstance(pk, int) or not 0 < pk < 2**63:
        return None
    record = db.session.get(cls, pk)
    return None if record is None else str(record)[:120]


def _title(cls: type[SharedRecord] | None, view: str) -> str:
    from aftersales import menu
    from aftersales.page import Page

    if cls is not None:
        return cls.label("zh")
    page = next((page for page in menu.PAGES if page.__name__ == view and issubclass(page, Page)), None)
    with speaking("zh"):
        named = {"SearchPage": _("Search"), "AccountView": _("Your account")}
        return page.title() if page is not None else named.get(view, request.path)


def _asked() -> str | None:
    words = (request.args.get(name, "") or request.form.get(name, "") for name in ("q", "key"))
    return " ".join(filter(None, words)).replace("\0", "")[:250] or None


def _address() -> str:
    return unquote(request.full_path.rstrip("?")).replace("\0", "")[:500]
