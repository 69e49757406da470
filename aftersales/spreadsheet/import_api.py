"""Imports through the API: template, file, state, go, the rows at fault. The same jobs as the pages ask for."""

import json
from typing import Any

from flask import Response, request
from flask_appbuilder.api import expose
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.jobs.pages import send_result
from aftersales.record.answering import AnsweringApi, answers
from aftersales.record.base import SharedRecord
from aftersales.record.openapi import SECURITY, Json
from aftersales.record.payload import json_object, text_of
from aftersales.record.refusal import NotAllowed, NotFound, Refusal
from aftersales.spreadsheet.cells import XLSX
from aftersales.spreadsheet.fields import importable
from aftersales.spreadsheet.import_pages import send_template
from aftersales.spreadsheet.importing import IMPORT, TRIAL, start
from aftersales.spreadsheet.incoming import DATE_ORDERS, IMPORTS, Import, import_of, may_import
from aftersales.spreadsheet.mapping import bring, read_as, understand
from aftersales.spreadsheet.outcome import outcome_of
from aftersales.spreadsheet.ranges import LONGEST

LONGEST_MAPPING = 100_000
PERMISSION, NAME = IMPORTS[0].removeprefix("can_"), IMPORTS[1]


class ImportApi(AnsweringApi):
    """`/api/v1/import/…`, for whoever may import and write the type; a file is seen by who brought it."""

    resource_name = "import"
    class_permission_name = NAME
    base_permissions = [f"can_{PERMISSION}"]
    openapi_spec_tag = "Import"

    @expose("/<key>/template", methods=["GET"])
    @answers(PERMISSION)
    def template(self, key: str) -> Response:
        return send_template(_type_named(key))

    @expose("/<key>", methods=["POST"])
    @answers(PERMISSION)
    def begin(self, key: str) -> Response:
        """A file as multipart/form-data under the name `file`; for other tables than our template `mapping`, unless it is known."""
        cls, file = _type_named(key), request.files.get("file")
        if file is None or not file.filename:
            raise Refusal(_("Choose a file."), field="file")
        brought = bring(db.session(), cls, file.read(), file.filename)
        if brought.is_foreign and (said := _mapping(request.form.get("mapping", ""))):
            columns, meanings = said.get("columns", {}), said.get("meanings", {})
            read_as(brought, [columns.get(head, "") for head in brought.headings], said.get("fixed", {}), said.get("date_order", "ymd"))
            understand(brought, meanings)
        elif brought.is_foreign:
            read_as(brought, brought.columns, brought.fixed, brought.date_order)
        start(db.session(), brought, TRIAL)
        response = self._told(202, brought)
        response.headers["Location"] = f"{self.route_base}/file/{brought.id}"
        return response

    @expose("/file/<int:pk>", methods=["GET"])
    @answers(PERMISSION)
    def show(self, pk: int) -> Response:
        return self._told(200, import_of(db.session(), pk))

    @expose("/file/<int:pk>/trial", methods=["POST"])
    @answers(PERMISSION)
    def trial(self, pk: int) -> Response:
        brought = import_of(db.session(), pk)
        start(db.session(), brought, TRIAL)
        return self._told(202, brought)

    @expose("/file/<int:pk>/import", methods=["POST"])
    @answers(PERMISSION)
    def take_in(self, pk: int) -> Response:
        brought = import_of(db.session(), pk)
        start(db.session(), brought, IMPORT, text_of(json_object(), "rows", LONGEST))
        return self._told(202, brought)

    @expose("/file/<int:pk>/result", methods=["GET"])
    @answers(PERMISSION)
    def result(self, pk: int) -> Response:
        """The rows at fault as a workbook."""
        outcome = outcome_of(db.session(), import_of(db.session(), pk))
        if outcome.result_id is None or outcome.job is None:
            raise NotFound(_("There is no such file."))
        return send_result(outcome.job)

    def _told(self, status: int, brought: Import) -> Response:
        return self.response(status, result=outcome_of(db.session(), brought).json())

    def add_api_spec(self, api_spec: Any) -> None:
        api_spec.tag({"name": NAME, "description": "导入 / Import"})
        for path, operations in _paths().items():
            for operation in operations.values():
                operation |= {"tags": [NAME], "security": SECURITY}
            api_spec.path(path=f"{self.route_base}{path}", operations=operations)


def _type_named(key: str) -> type[SharedRecord]:
    found = next((cls for cls in SharedRecord.record_types.values() if cls.key() == key and importable(cls)), None)
    if found is None:
        raise NotFound(_("There is no such record."))
    if not may_import(found):
        raise NotAllowed(_("Your role may not do this."))
    return found


def _mapping(text: str) -> dict[str, Any]:
    """The mapping as `_UPLOAD` describes it. Raises Refusal where it is anything else."""
    try:
        said = json.loads(text[:LONGEST_MAPPING]) if text else {}
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not set(said) <= {"columns", "fixed", "meanings", "date_order"} or not _is_shaped(said):
        raise Refusal(_("The request is not valid JSON."), field="mapping")
    return said


def _is_shaped(said: dict[str, Any]) -> bool:
    meanings = said.get("meanings", {})
    flat = [said.get("columns", {}), said.get("fixed", {}), *(meanings.values() if isinstance(meanings, dict) else [None])]
    return isinstance(said.get("date_order", ""), str) and all(
        isinstance(each, dict) and all(isinstance(word, str) for word in each.values()) for each in flat
    )


# -- the OpenAPI document --


def _paths() -> Json:
    key = {"in": "path", "name": "key", "required": True, "schema": {"type": "string"}, "description": "The type: customer, device, …"}
    pk = {"in": "path", "name": "pk", "required": True, "schema": {"type": "integer"}}
    outcome = {"description": "How far it is.", "content": {"application/json": {"schema": _OUTCOME}}}
    workbook = {"description": "A workbook.", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
    rows = {"type": "object", "properties": {"rows": {"type": "string", "maxLength": LONGEST, "examples": ["3-40, 57"]}}}
    go = {"application/json": {"schema": rows}}
    return {
        "/{key}/template": {"get": _operation("template", "The template to fill in", [key], {"200": workbook})},
        "/{key}": {"post": _operation("begin", "Bring a file; it is checked, nothing is stored", [key], {"202": outcome}, _UPLOAD)},
        "/file/{pk}": {"get": _operation("show", "State, counts and the first faults", [pk], {"200": outcome})},
        "/file/{pk}/trial": {"post": _operation("trial", "Check again", [pk], {"202": outcome})},
        "/file/{pk}/import": {"post": _operation("import", "Import rows without faults: all, or those named", [pk], {"202": outcome}, go)},
        "/file/{pk}/result": {"get": _operation("result", "The rows at fault, marked", [pk], {"200": workbook})},
    }


def _operation(name: str, summary: str, parameters: list[Json], answers: Json, body: Json | None = None) -> Json:
    errors = {"401": "Anonymous", "403": "Forbidden", "404": "Missing", "422": "Refused"}
    responses = answers | {status: {"$ref": f"#/components/responses/{of}"} for status, of in errors.items()}
    operation = {"operationId": f"sheet_import.{name}", "summary": summary, "parameters": parameters, "responses": responses}
    return operation | ({"requestBody": {"content": body}} if body else {})


_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_UPLOAD = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "mapping": {
                    "type": "object",
                    "description": "As JSON text, for other tables than our template: which column fills which field, what every row gets, "
                    "what words of choices mean. Left out, the mapping kept for these headings holds, else what the headings suggest.",
                    "properties": {
                        "columns": _TEXTS,
                        "fixed": _TEXTS,
                        "meanings": {"type": "object", "additionalProperties": _TEXTS},
                        "date_order": {"type": "string", "enum": list(DATE_ORDERS)},
                    },
                },
            },
        }
    }
}
_COUNT = {"type": "integer"}
_TEXT = {"type": "string"}
_FAULT = {"type": "object", "properties": {"row": _COUNT, "column": _TEXT, "heading": _TEXT, "text": _TEXT}}
_OUTCOME = {
    "type": "object",
    "properties": {
        "result": {
            "type": "object",
            "properties": {
                "id": _COUNT, "type": {"type": "string"}, "file": {"type": "string"},
                "state": {"type": "string", "enum": ["running", "untried", "tried", "done"]},
                "job": {"type": ["object", "null"]}, "columns": _TEXTS,
                "rows": _COUNT, "good": _COUNT, "at_fault": _COUNT, "stored": _COUNT,
                "strange": {"type": "object", "description": "Words of choices that are not known, by field."},
                "faults": {"type": "array", "items": _FAULT},
            },
        }
    },
}  # fmt: skip
