"""The API of an action beside the generic one: what came of one's own."""

from flask import Response
from flask_appbuilder.api import expose

from aftersales.extensions import db
from aftersales.improvement.action import LONGEST_EVIDENCE, report_done
from aftersales.record.answering import answers
from aftersales.record.api import RecordApi, refuse_rest
from aftersales.record.payload import json_object, text_of

EVIDENCE = {"type": "string", "minLength": 1, "maxLength": LONGEST_EVIDENCE}
LONGEST_SENT = 2**21  # text_of asks for one; what counts is the rule's own, said after the questions that come before it


class CapaActionApi(RecordApi):
    beside = {
        "done": (
            "What came of it, by whoever it was given to",
            {"type": "object", "additionalProperties": False, "required": ["evidence"], "properties": {"evidence": EVIDENCE}},
        )
    }

    @expose("/<int:pk>/done", methods=["POST"])
    @answers("read")
    def done(self, pk: int) -> Response:
        """As the page's button (`views.py`)."""
        action, body = self._record(pk), json_object()
        evidence = text_of(body, "evidence", LONGEST_SENT)
        refuse_rest(body)
        report_done(db.session(), action, evidence)
        db.session.commit()
        return self._told(200, self._record(pk, full=True))
