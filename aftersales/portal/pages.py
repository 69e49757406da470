"""The ground of the public pages: their language from the address, their frame, their errors in words."""

import re
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from aftersales.extensions import db
from aftersales.labels import LANGUAGES, language, speaking
from aftersales.portal.limits import address, refuse_flood
from aftersales.record.display import words

READING = "120 per minute"
WORDS = {"zh": "中文", "en": "English"}

blueprint = Blueprint("portal", __name__)


@blueprint.before_request
def speak() -> None:
    """The language is in the address, and set before anything asks for it: Flask-AppBuilder would look it up in a cookie, and set one."""
    wanted = request.args.get("lang")
    g.acting.enter_context(speaking(wanted if wanted in LANGUAGES else LANGUAGES[0]))
    refuse_flood(READING, "read", address())


@blueprint.after_request
def stay_unlisted(response: Response) -> Response:
    """Who holds the paper finds the page; a search engine does not."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def page(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    body = render_template(f"portal/{template}.html", to=to, hotlines=hotlines(), show=words, languages_offered=_languages(), **values)
    return body, status


def to(endpoint: str, **values: Any) -> str:
    """The address of another public page, in the reader's language."""
    return url_for(f"portal.{endpoint}", **values, lang=_in_address(language()))


def hotlines() -> list[dict[str, str]]:
    """The telephone numbers of CONTACT_PHONE, which are separated by commas, as people read and as telephones dial them."""
    numbers = [text.strip() for text in re.split(r"[,，;；]", current_app.config.get("CONTACT_PHONE", ""))]
    return [{"text": text, "dial": re.sub(r"[^\d+]", "", text)} for text in numbers if text]


def _languages() -> list[dict[str, Any]]:
    here, values = str(request.endpoint), {**request.args.to_dict(), **(request.view_args or {})}
    addresses = {code: url_for(here, **{**values, "lang": _in_address(code)}) for code in LANGUAGES}
    return [{"code": code, "label": WORDS[code], "active": code == language(), "url": url} for code, url in addresses.items()]


def _in_address(code: str) -> str | None:
    return None if code == LANGUAGES[0] else code


@blueprint.errorhandler(404)
@blueprint.errorhandler(413)
@blueprint.errorhandler(429)
def trouble(error: HTTPException) -> tuple[str, int]:
    """What went wrong and what to do instead: for a broken device the telephone always remains."""
    db.session.rollback()
    titles = {404: _("Nothing is known under this address"), 413: _("The files are too large"), 429: _("Too many at once")}
    ways = {
        404: _("The link or label may be damaged or replaced. You can report a fault without it."),
        413: _("Go back and send fewer or smaller ones. A report needs no photo."),
        429: _("Please wait some minutes and try again. Call us if a device fails now."),
    }
    code = int(error.code or 404)
    typed = list(request.form.items(multi=True)) if code == 429 else []
    return page("trouble", code, title=titles[code], way=ways[code], offers_report=code == 404, typed=typed)
