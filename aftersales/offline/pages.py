"""The manifest, the service worker, and the page of what waits on this device. What came late is taken in by record/late.py."""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, jsonify, redirect, render_template, request, send_from_directory, url_for
from flask_appbuilder import BaseView, expose
from flask_wtf.csrf import generate_csrf

from aftersales.labels import LANGUAGES
from aftersales.record.actor import actor_or_none, current_actor
from aftersales.record.now import server_now

SHORT_NAME = "医械售后"
ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("icon-maskable-512.png", 512, "maskable"))

blueprint = Blueprint("offline", __name__)


@blueprint.route("/manifest.webmanifest")
def manifest() -> Response:
    icons = [
        {"src": url_for("static", filename=f"icons/{name}"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for name, size, purpose in ICONS
    ]
    told = {
        "id": "/", "name": current_app.config["PRODUCT_NAME"][LANGUAGES[0]], "short_name": SHORT_NAME, "lang": "zh-CN", "start_url": "/",
        "scope": "/", "display": "standalone", "theme_color": "#0b6e75", "background_color": "#f5f7f8", "icons": icons,
    }  # fmt: skip
    response = jsonify(told)
    response.mimetype = "application/manifest+json"
    return response


@blueprint.route("/sw.js")
def worker() -> Response:
    """At the root, because a worker serves no page above its own address; asked for anew each time, so that a new one takes over."""
    response = send_from_directory(str(current_app.static_folder), "js/offline/worker.js", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


class WaitingView(BaseView):
    """`/waiting/`: the page is the same for everybody; the list stands on the device and is put into it there."""

    route_base = "/waiting"
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        if current_actor().user_id is None:
            return redirect(url_for("AuthDBView.login", next="/waiting/"))
        keep_offline()
        return render_template("offline/waiting.html")

    @expose("/hello")
    def hello(self) -> Response:
        """Asked before anything is sent: whose session it is, and a fresh token for the forms."""
        user_id = current_actor().user_id
        if user_id is None:
            response = jsonify(me=None)
            response.status_code = 401
            return response
        return jsonify(me=user_id, csrf=generate_csrf(), now=server_now().isoformat())


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.appbuilder.add_view_no_menu(WaitingView)
    app.after_request(say_whose)
    app.jinja_env.globals["server_now"] = server_now


def keep_offline() -> None:
    """The page being answered may be kept on the device of its reader."""
    g.keeps_offline = True


def say_whose(response: Response) -> Response:
    """Tells the service worker whose page this is, so that one person's pages are gone when another's comes, and which it may keep."""
    actor = actor_or_none()
    if actor is not None and actor.user_id is not None and request.method == "GET" and response.mimetype == "text/html":
        response.headers["Page-For"] = f"{actor.user_id};keep" if g.get("keeps_offline") else str(actor.user_id)
    return response
