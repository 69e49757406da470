"""How every endpoint of the API answers: who may, the reader's language, refusals as 4xx with the pages' words."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from flask import Response, current_app, request
from flask_appbuilder.api import BaseApi
from flask_babel import gettext as _
from sqlalchemy.exc import DataError, DBAPIError, StatementError

from aftersales.extensions import db
from aftersales.labels import speaking
from aftersales.record import late
from aftersales.record.actor import current_actor
from aftersales.record.refusal import Refusal


def reader_language() -> str:
    """`?_l_=en`, else the header Accept-Language, else Chinese."""
    offered = list(current_app.config["LANGUAGES"])
    asked = request.args.get("_l_")
    return asked if asked in offered else request.accept_languages.best_match(offered) or current_app.config["BABEL_DEFAULT_LOCALE"]


def answers(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """An endpoint for those who hold `permission` on the type that the API is of; its refusals become answers in the reader's language."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(method)
        def answered(self: "AnsweringApi", *args: Any, **values: Any) -> Response:
            with speaking(reader_language()):
                return self.answer(permission, partial(method, self, *args, **values))

        answered._permission_name = permission
        return answered

    return decorate


class AnsweringApi(BaseApi):
    def answer(self, permission: str, work: Callable[[], Response]) -> Response:
        actor = current_actor()
        if actor.user_id is None:
            return self.response(401, message=_("Sign in first: send the header Authorization: Bearer <token>."))
        if not actor.can(f"can_{permission}", self.class_permission_name):
            return self.response(403, message=_("Your role may not do this."))
        try:
            return work() if request.method == "GET" else late.once(work)
        except Refusal as refusal:
            db.session.rollback()
            return self.response(refusal.status, message=str(refusal), errors=refusal.errors)
        except (StatementError, UnicodeEncodeError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, DataError):
                raise
            db.session.rollback()  # a value that no column holds, met on its way into the statement
            message = _("A value is out of range.")
            return self.response(422, message=message, errors={"": [message]})
