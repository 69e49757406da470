"""What stands around every page: navigation, inbox, who is signed in, the language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask_appbuilder import IndexView, expose
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from markupsafe import Markup, escape
from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from aftersales import menu
from aftersales.extensions import db
from aftersales.home import start_of
from aftersales.inspectors.gate import opens_page
from aftersales.labels import citation, label, language
from aftersales.offline.pages import keep_offline
from aftersales.people.person import Person
from aftersales.record import form_pieces, pieces
from aftersales.record.actor import Actor, actor_or_none
from aftersales.record.beyond import is_beyond, note_beyond
from aftersales.record.display import words
from aftersales.record.notices import unread
from aftersales.record.now import now
from aftersales.record.refusable import page_before
from aftersales.record.sections import sections
from aftersales.security import trial
from aftersales.security.matrix import role_words
from aftersales.service.desk.due import OPEN, late
from aftersales.service.job import map_url
from aftersales.service.standing import standing_of, standing_words

WORKS_OFFLINE = ("can_accept", "ServiceOrder")  # who is sent out: to cellars, X-ray rooms and trains
COUNTED = 99  # what is late is counted on every page, so no further than a badge is read


class Home(IndexView):
    """The first page after signing in."""

    @expose("/")
    def index(self) -> Any:
        actor = actor_or_none()
        if actor is None or actor.user_id is None:
            return redirect(url_for("AuthDBView.login"))
        if actor.bounds is not None:
            return redirect(url_for("InspectorPage.index"))
        if actor.can(*WORKS_OFFLINE):
            keep_offline()
        return render_template(
            "home.html", start=start_of(db.session, actor), may=actor.can, words=words, states=OPEN,
            standing_of=standing_of, standing_words=standing_words, map_url=map_url,
        )  # fmt: skip


def install(app: Flask) -> None:
    app.context_processor(surroundings)
    app.jinja_env.globals |= {"asset": asset, "label": label, "citation": citation, "icon": pieces.icon, "mark": pieces.mark}
    many = {piece.__name__: piece for piece in (*pieces.PIECES, *form_pieces.PIECES, sections)}
    few = app.jinja_env.get_template(":record/_macros.html", globals=many).module
    app.jinja_env.globals["ui"] = SimpleNamespace(**many, **vars(few))
    app.register_error_handler(HTTPException, error_page)


def surroundings() -> dict[str, Any]:
    """The context of shell.html. At most one statement: how much is overdue."""
    actor = actor_or_none()
    around: dict[str, Any] = {
        "product_name": current_app.config["PRODUCT_NAME"][language()],
        "company_name": current_app.config["COMPANY_NAME"],
        "locale": language(),
        "languages_offered": _languages(),
        "said_by_widgets": _said_by_widgets(language()),
    }
    if actor is None or actor.user_id is None:
        return around
    if "unread" not in g:
        g.unread, g.overdue, g.posts = waiting_for(actor)
    menu = menu_of(actor.permissions, actor.bounds is not None, language())
    return around | {
        "home_url": "/",
        "navigation": menu.at(request.path),
        "place": menu.place_of(request.path),
        "search_url": "/search",
        "search_hint": _("Number, serial number, hospital, person"),
        "inbox_url": "/inbox/",
        "inbox_unread": g.unread,
        "overdue": {
            "count": g.overdue,
            "text": f"{COUNTED}+" if g.overdue > COUNTED else g.overdue,
            "url": "/dispatch/?clock=late" if actor.can("can_assign", "ServiceOrder") else "/",
        },
        "person": {"id": actor.user_id, "name": actor.name, "post": g.posts, "url": "/account/"},
        "works_offline": actor.can(*WORKS_OFFLINE),
        "is_guest": actor.bounds is not None,
        "signout_url": "/account/signout",
        "trial": trial.running(),
        "role_words": role_words,
    }


def waiting_for(actor: Actor) -> tuple[int, int, str | None]:
    """Unread notices, what is late of this person's (of whoever sends others all orders in sight, of whoever is sent their own), and what
    posts the person holds. The first and the last came with the account, where a session brought it."""
    of, *told = g.get("at_hand", (None,))
    if of != actor.user_id:
        told = list(db.session.execute(_told(), {"user_id": actor.user_id}).one())
    news, posts = told
    sends, is_sent = actor.can("can_assign", "ServiceOrder"), actor.can("can_accept", "ServiceOrder")
    if not (sends or is_sent):
        return news, 0, posts
    if is_beyond("late orders", own=not sends):
        return news, COUNTED + 1, posts
    overdue = db.session.execute(late(not sends, COUNTED), {"user_id": actor.user_id, "now": now()}).scalar_one()
    if overdue > COUNTED:
        note_beyond("late orders", own=not sends)
    return news, overdue, posts


def at_hand() -> tuple[Any, Any]:
    """How many notices :user_id has not read, and the posts: as columns of the statement that every request begins with."""
    posts = select(Person.posts).where(Person.user_id == bindparam("user_id"))
    return unread().scalar_subquery(), posts.scalar_subquery()


@cache
def _told() -> Select[tuple[int, str | None]]:
    return select(*at_hand())


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    prefix: str  # what the addresses of its pages begin with


@dataclass(frozen=True, eq=False)
class Menu:
    """The navigation of somebody with these rights, and as it stands on each page: all of it but where one is."""

    groups: Mapping[str, Sequence[Item]]
    html: str

    def at(self, path: str) -> Markup:
        return _standing(self, path.rstrip("0123456789"))[0]

    def place_of(self, path: str) -> list[dict[str, Any]]:
        """Where in it a page stands: its section, and the list it belongs to. Empty for a page that is in none."""
        return _standing(self, path.rstrip("0123456789"))[1]


@lru_cache(maxsize=1000)
def _standing(menu: Menu, path: str) -> tuple[Markup, list[dict[str, Any]]]:
    """How it stands on a page, and where that is. Of all records of a type alike: `path` is without the number at its end."""
    html = menu.html
    found = [(title, item) for title, items in menu.groups.items() for item in items if path.startswith(item.prefix)]
    for title, item in found:
        html = html.replace(f'href="{item.url}"', f'href="{item.url}" aria-current="page"')
        html = html.replace(f'data-name="{escape(title)}">', f'data-name="{escape(title)}" open>')
    place = [crumb for title, item in found[:1] for crumb in ({"label": title}, {"label": item.label, "url": item.url})]
    return Markup(html), place


@lru_cache(maxsize=200)
def menu_of(permissions: frozenset[tuple[str, str]], is_guest: bool, lang: str) -> Menu:
    """The sections of the menu, with the record types and pages that these rights open."""
    groups = {}
    for section, types in menu.SECTIONS.items():
        pages = [page for page in menu.PAGES if page.section == section and page.permission in permissions]
        items = [Item(page.title(), f"{page.route_base}/", f"{page.route_base}/") for page in pages if opens_page(page.__name__)]
        readable = [cls for cls in types if ("can_read", cls.permission_name()) in permissions]
        items += [Item(cls.plural(), f"/{cls.key()}/list/", f"/{cls.key()}/") for cls in readable]
        if items:
            groups[label(f"menu.{section}", lang)] = items
    return Menu(groups, current_app.jinja_env.get_template("_menu.html").render(groups=groups))


def asset(name: str) -> str:
    """The address of a file of the pages. (Every page asks for six, and building one takes as long as a cell of a list.)"""
    return _asset(request.script_root, name)


@lru_cache(maxsize=200)
def _asset(_root: str, name: str) -> str:
    return url_for("static", filename=name)


@cache
def _said_by_widgets(lang: str) -> Markup:
    return Markup(current_app.jinja_env.get_template("_words.html").render())


def _languages() -> list[dict[str, Any]]:
    here = language()
    return [{"code": c, "label": w, "url": f"/lang/{c}", "active": c == here} for c, w in (("zh", "中文"), ("en", "English"))]


def error_page(error: HTTPException) -> Response | tuple[Any, int]:
    """An error in the reader's language: JSON for the API, a page for people."""
    code = error.code or 500
    try:
        db.session.rollback()
    except SQLAlchemyError:
        current_app.logger.exception("the session could not be rolled back")
    if request.path.startswith("/api/"):
        return current_app.json.response(message=words_of(code, error.description)), code
    name = "csrf" if isinstance(error, CSRFError) else code if code in (403, 404, 413, 429, 500) else "other"
    body = render_template(
        f"errors/{name}.html", error=error, message=words_of(code, error.description), broken=code >= 500, back=page_before(),
        megabytes=current_app.config["MAX_CONTENT_LENGTH"] >> 20,
    )  # fmt: skip
    return body, code


def words_of(code: int, description: str | None = None) -> str:
    return {
        400: _("The request could not be understood."),
        403: _("Your role may not do this."),
        404: _("There is no such record."),
        405: _("This is not possible here."),
        410: description or _("There is no such record."),
        413: _("The file is too large."),
        429: _("Too many requests; wait a minute."),
    }.get(code, _("Something went wrong on our side. Nothing was stored.") if code >= 500 else _("The request could not be understood."))


__all__ = ["Home", "get_locale", "install"]
