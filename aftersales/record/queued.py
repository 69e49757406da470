"""What a page's POST answers to a queue: done and what moved, the words of a refusal, or a conflict with mine and theirs side by side."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, jsonify, make_response, request, session
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from aftersales.extensions import db
from aftersales.record.base import SharedRecord
from aftersales.record.conflict import differences, meanwhile
from aftersales.record.late import is_queued, moment_of_request, once
from aftersales.record.refusal import Conflict, Refusal


def takes_late(method: Callable[..., Any]) -> Callable[..., Any]:
    """A page method whose POST is taken once per key, and answered as data where a queue sends it."""

    @wraps(method)
    def wrapped(self: Any, *args: Any, **values: Any) -> Any:
        if request.method != "POST":
            return method(self, *args, **values)
        if not is_queued():
            return once(lambda: make_response(method(self, *args, **values)))
        try:
            return _sent(self, lambda: make_response(method(self, *args, **values)), values.get("pk"))
        except Refusal as refusal:
            db.session.rollback()
            return _refused(self, refusal, values.get("pk"))
        except HTTPException as error:
            db.session.rollback()
            gone = _("There is no such record.") if error.code == 404 else _("Your role may not do this.")
            return jsonify(message=gone, errors={"": [gone]}), error.code

    return wrapped


def _sent(view: Any, work: Callable[[], Response], pk: int | None) -> Response:
    """`before` and `version` tell the queue that it was this entry which moved the record, and not somebody else."""
    root = _root(view, pk)
    before = root.version if root is not None else None
    response = once(work)
    session.pop("_flashes", None)  # the queue has its answer; nobody looks at a page
    if response.is_json or root is None:
        return response if response.is_json else jsonify(done=True, location=response.location)
    return jsonify(done=True, location=response.location, record=f"{root.key()}/{root.id}", before=before, version=root.version)


def _root(view: Any, pk: int | None) -> SharedRecord | None:
    record = view._record(pk) if pk is not None else view._parent()
    return None if record is None else record.root()


def _refused(view: Any, refusal: Refusal, pk: int | None) -> tuple[Response, int]:
    answer: dict[str, Any] = {"message": str(refusal), "errors": refusal.errors}
    if isinstance(refusal, Conflict) and pk is not None:
        record = view._record(pk)
        answer |= {
            "differences": refusal.differences or differences(record),
            "renew": dict(refusal.renew) or {"version": str(record.version)},
            "meanwhile": meanwhile(record, moment_of_request()),
        }
    return jsonify(answer), refusal.status
