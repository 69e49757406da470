"""Signing in without a browser: a token for a name and a password, and a new one for a refresh token."""

from typing import Any, ClassVar

from flask import Response, current_app
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.security import api as stock
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_jwt_extended import create_access_token, create_refresh_token, get_jwt_identity, verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_limiter.util import get_remote_address
from jwt import PyJWTError

from aftersales.labels import speaking
from aftersales.record.answering import reader_language
from aftersales.record.payload import json_object, text_of
from aftersales.record.refusal import Refusal

LONGEST_NAME, LONGEST_PASSWORD = 200, 1000


class SecurityApi(stock.SecurityApi):
    """Flask-AppBuilder's token API, limited like the sign-in page and refusing what it refuses: locked, first password unchanged."""

    limits: ClassVar = [Limit(limit_value=lambda: current_app.config["AUTH_RATE_LIMIT"], key_func=get_remote_address)]

    @expose("/login", methods=["POST"])
    def login(self) -> Response:
        """A token, and with `refresh` a refresh token.
        ---
        post:
          summary: Sign in
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    refresh: {type: boolean}
          responses:
            200:
              description: The tokens.
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
                      refresh_token: {type: string}
            401: {$ref: '#/components/responses/Anonymous'}
            403: {$ref: '#/components/responses/Forbidden'}
            422: {$ref: '#/components/responses/Refused'}
        """
        with speaking(reader_language()):
            try:
                body = json_object()
                name, password = text_of(body, "username", LONGEST_NAME), _password(body)
            except Refusal as refusal:
                return self.response(refusal.status, message=str(refusal), errors=refusal.errors)
            account = self.appbuilder.sm.auth_user_db(name, password)
            if account is None:
                return self.response(401, message=_("Name or password is wrong, or the account is locked."))
            if account.must_change_password:
                return self.response(403, message=_("Set a password of your own in the browser first."))
            tokens = {"access_token": create_access_token(str(account.id), fresh=True)}
            if body.get("refresh") is True:
                tokens["refresh_token"] = create_refresh_token(str(account.id))
            return self.response(200, **tokens)

    @expose("/refresh", methods=["POST"])
    def refresh(self) -> Response:
        """A new token. The refresh token is sent in the body: the header names who acts, and this one may do nothing else.
        ---
        post:
          summary: Renew a token
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [refresh_token]
                  properties:
                    refresh_token: {type: string}
          responses:
            200:
              description: The token.
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
            401: {$ref: '#/components/responses/Anonymous'}
        """
        with speaking(reader_language()):
            try:
                json_object()
                verify_jwt_in_request(refresh=True, locations=["json"])
            except Refusal as refusal:
                return self.response(refusal.status, message=str(refusal), errors=refusal.errors)
            except (JWTExtendedException, PyJWTError):
                return self.response(401, message=_("This token holds no longer. Sign in again."))
            return self.response(200, access_token=create_access_token(get_jwt_identity(), fresh=False))

    def add_apispec_components(self, api_spec: Any) -> None:
        api_spec.components.security_scheme("jwt", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})

    def operation_helper(self, path: Any = None, operations: Any = None, methods: Any = None, func: Any = None, **values: Any) -> None:
        """As Flask-AppBuilder has it, but nobody needs a token to get one."""
        BaseApi.operation_helper(self, path=path, operations=operations, methods=methods, func=func, **values)
        for operation in operations.values():
            operation["security"] = []


def _password(body: dict[str, Any]) -> str:
    """As it was typed: a blank at an end belongs to it."""
    password = body.get("password")
    return password if isinstance(password, str) and len(password) <= LONGEST_PASSWORD else text_of(body, "password", LONGEST_PASSWORD)
