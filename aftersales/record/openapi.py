"""The OpenAPI document, made from the declarations: schemas with their labels, required fields, transitions, errors.

Labels stand in both languages, "维修工单 / Service order", so one document serves every reader and is built once per app.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from apispec import APISpec
from flask import Response, current_app
from flask_appbuilder.api import BaseApi, expose
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import JSON, Boolean, Column, Date, Enum, Integer, Numeric, String, inspect

from aftersales.columns import UtcDateTime
from aftersales.labels import LANGUAGES, has_label, label, speaking
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord, snake_case
from aftersales.record.bulk import MOST, is_for_many
from aftersales.record.ciphers import plain_type
from aftersales.record.custom import CustomField, FieldKind, edition, field_of
from aftersales.record.display import relation_of
from aftersales.record.exposed import readable_in_lists, writable
from aftersales.record.filtering import CLOCKS, argument_names, bounds, filter_names, periods_of
from aftersales.record.forms import LONGEST_TEXT, form_class, reason_name
from aftersales.record.listing import LARGEST_PAGE, orders
from aftersales.record.words import Transition

Json = dict[str, Any]
JSON_TYPE, PDF_TYPE = "application/json", "application/pdf"
_BODY = {"body": {"type": "string", "maxLength": 2000}}
_SAID = {"type": "object", "additionalProperties": False, "required": ["body"], "properties": _BODY}
SECURITY = [{"jwt": []}]
ERRORS = {
    "Malformed": "The request is no JSON object.",
    "Anonymous": "No token, or one that holds no longer.",
    "Forbidden": "The role has no right to this.",
    "Missing": "No such record, or none that this person sees.",
    "Conflict": "Somebody changed the record in the meantime.",
    "Refused": "A rule said no; the sentences stand at their fields.",
}


class OpenApiDocument(BaseApi):
    """The document itself, for whoever holds a token or is signed in; it tells nothing of any record."""

    route_base = "/api/v1"

    @expose("/openapi.json", methods=["GET"])
    def document(self) -> Response:
        if current_actor().user_id is None and not current_user.is_authenticated:
            return self.response(401, message=_("Sign in first: send the header Authorization: Bearer <token>."))
        return self.response(200, **the_document())


def the_document() -> Json:
    """Built at the first question and kept with the app, until the custom fields are others."""
    fields, built = edition(), current_app.extensions.get("openapi", (None, {}))
    if built[0] != fields:
        spec = APISpec(
            title=current_app.config["PRODUCT_NAME"]["en"],
            version="1",
            openapi_version="3.1.0",
            info={"description": "Times are ISO 8601 in UTC, decimals are text. Messages follow Accept-Language or ?_l_=zh|en."},
            servers=[{"url": current_app.config["BASE_URL"]}],
        )
        _common(spec)
        with speaking("zh"):
            for view in current_app.appbuilder.baseviews:
                if isinstance(view, BaseApi) and not isinstance(view, OpenApiDocument):
                    view.add_api_spec(spec)
        built = current_app.extensions["openapi"] = (fields, spec.to_dict())
    return built[1]


def _common(spec: APISpec) -> None:
    text, sentences = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    by_field = {"type": "object", "additionalProperties": sentences, "description": 'Sentences by field; "" is the whole record.'}
    spec.components.schema("Refusal", {"type": "object", "required": ["message"], "properties": {"message": text, "errors": by_field}})
    move = dict.fromkeys(("name", "label", "target"), text) | {"possible": {"type": "boolean"}, "refusals": sentences, "fields": sentences}
    move |= {"needs_reason": {"type": "boolean"}, "signature": {"type": ["string", "null"], "enum": ["staff", "customer", None]}}
    spec.components.schema("Move", {"type": "object", "properties": move})
    for name, description in ERRORS.items():
        spec.components.response(name, {"description": description, "content": _json({"$ref": "#/components/schemas/Refusal"})})


def describe(
    spec: APISpec, cls: type[SharedRecord], base: str, routes: set[str], beside: Mapping[str, tuple[str, Json]]
) -> None:
    """Add the schemas and operations of one record type to `spec`. `beside`: what only its API does with one record."""
    name = cls.__name__
    spec.tag({"name": name, "description": both(cls.key())})
    spec.components.schema(name, _record(cls))
    spec.components.schema(f"{name}Write", _write(cls))
    if "index" in routes:
        columns = {"id": {"type": "integer"}, **{n: _value(cls, n) for n in readable_in_lists(cls)}, "version": {"type": "integer"}}
        spec.components.schema(f"{name}Row", {"type": "object", "properties": columns | {"changed_at": _instant()}})
    for path, operations in _paths(cls, routes, beside).items():
        for operation in operations.values():
            operation |= {"tags": [name], "security": SECURITY}
        spec.path(path=base + path, operations=operations)


def both(key: str) -> str:
    """The words of a key in both languages, or the key where it has none."""
    return " / ".join(label(key, lang) for lang in LANGUAGES) if has_label(key) else key


def _paths(cls: type[SharedRecord], routes: set[str], beside: Mapping[str, tuple[str, Json]]) -> dict[str, Json]:
    name, key = cls.__name__, cls.key()
    whole = _answer({"type": "object", "properties": {"result": _ref(name)}})
    here = [{"in": "path", "name": "pk", "required": True, "schema": {"type": "integer"}}]
    file = [*here, {"in": "path", "name": "file_id", "required": True, "schema": {"type": "integer"}}]
    whole_comment = _answer({"type": "object"})
    said = [*here, {"in": "path", "name": "comment_id", "required": True, "schema": {"type": "integer"}}]
    paper = [*here, {"in": "path", "name": "name", "required": True, "schema": {"type": "string", "enum": [d.name for d in cls.documents]}}]
    fields = {field: _value(cls, field, writing=True) for field in writable(cls) if field != f"{cls.parent}_id"}
    change = {"type": "object", "additionalProperties": False, "required": ["version"], "properties": fields | _version_and_reason(cls)}
    # endpoint: path, method, what it does, parameters, body, answers
    endpoints: dict[str, tuple[str, str, str, list[Json], Json | None, Json]] = {
        "index": ("/", "get", "List", _list_parameters(cls), None, {"200": _page(name, "before")}),
        "changes": ("/changes", "get", "What changed since", _feed_parameters(cls), None, {"200": _page(name, "more")}),
        "create": ("/", "post", "Create", [], _json(_ref(f"{name}Write")), {"201": whole}),
        "show": ("/{pk}", "get", "Show", here, None, {"200": whole}),
        "update": ("/{pk}", "put", "Change", here, _json(change), {"200": whole}),
        "remove": ("/{pk}", "delete", "Remove", here, None, {"200": _answer({"type": "object"})}),
        "history": ("/{pk}/history", "get", "History", [*here, _query("before", "integer")], None, {"200": _rows()}),
        "clocks": ("/{pk}/clocks", "get", "Deadlines, with the reasons for them", here, None, {"200": _rows()}),
        "comments": ("/{pk}/comments", "get", "Comments", here, None, {"200": _rows()}),
        "comment": ("/{pk}/comments", "post", "Comment", here, _json(_SAID), {"201": whole_comment}),
        "withdraw": ("/{pk}/comments/{comment_id}/withdraw", "post", "Withdraw a comment", said, None, {"200": whole_comment}),
        "files": ("/{pk}/files", "get", "Files", here, None, {"200": _rows()}),
        "attach": ("/{pk}/files", "post", "Add files", here, _UPLOAD, {"201": _rows()}),
        "file": ("/{pk}/files/{file_id}", "get", "One file", file, None, {"200": _bytes("*/*")}),
        "documents": ("/{pk}/documents", "get", "Sealed documents", here, None, {"200": _rows()}),
        "document": ("/{pk}/documents/{name}.pdf", "get", "The valid sealed document", paper, None, {"200": _bytes(PDF_TYPE)}),
    }
    for endpoint, (summary, body) in beside.items():
        endpoints[endpoint] = (f"/{{pk}}/{endpoint}", "post", summary, here, _json(body), {"200": whole})
    paths: dict[str, Json] = {}
    for endpoint, (path, method, summary, parameters, body, answers) in endpoints.items():
        if endpoint in routes:
            parameters = parameters if method == "get" else [*parameters, *_LATE]
            paths.setdefault(path, {})[method] = _operation(f"{key}.{endpoint}", f"{summary}: {both(key)}", parameters, body, answers)
    if "perform" in routes and cls.workflow:
        for transition in cls.workflow.transitions:
            words = f"{both(f'{key}.transition.{transition.name}')}: {', '.join(transition.from_states)} → {transition.target}"
            body = _json(_asked(cls, transition))
            operation = _operation(f"{key}.perform.{transition.name}", words, [*here, *_LATE], body, {"200": whole})
            paths[f"/{{pk}}/{transition.name}"] = {"post": operation}
    if "bulk" in routes and cls.workflow:
        for transition in cls.workflow.transitions:
            if is_for_many(transition):
                words = f"{both(f'{key}.transition.{transition.name}')}, each record in its own transaction"
                body = _json(_asked_of_many(cls, transition))
                operation = _operation(f"{key}.bulk.{transition.name}", words, [], body, {"200": _answer(_OUTCOMES)})
                paths[f"/bulk/{transition.name}"] = {"post": operation}
    return paths


def _operation(identifier: str, summary: str, parameters: list[Json], body: Json | None, answers: Json) -> Json:
    errors = {"400": "Malformed", "401": "Anonymous", "403": "Forbidden", "404": "Missing", "409": "Conflict", "422": "Refused"}
    responses = answers | {status: {"$ref": f"#/components/responses/{name}"} for status, name in errors.items()}
    operation: Json = {"operationId": identifier, "summary": summary, "parameters": parameters, "responses": responses}
    return operation | ({"requestBody": {"content": body}} if body else {})


# -- schemas --


def _record(cls: type[SharedRecord]) -> Json:
    properties: Json = {"id": {"type": "integer"}, "type": {"const": cls.key()}, "number": {"type": ["string", "null"]}}
    properties |= {"version": {"type": "integer"}, "created_at": _instant(), "changed_at": _instant()}
    properties["masked"] = {"type": "array", "items": {"type": "string"}, "description": "Fields whose value is not shown in full."}
    properties["sections"] = {"type": "object", "properties": {name: _section(cls, name) for name in cls.sections}}
    if cls.workflow:
        properties["state"] = _labelled(f"{cls.key()}.state", [state.name for state in cls.workflow.states])
        properties |= {"state_label": {"type": "string"}, "sealed": {"type": "boolean"}, "moves": {"type": "array", "items": _ref("Move")}}
    return {"type": "object", "description": both(cls.key()), "properties": properties}


def _section(cls: type[SharedRecord], name: str) -> Json:
    properties = {field: _value(cls, field) for field in cls.sections[name]}
    for lines in cls.lines:
        if lines.section == name:
            row = inspect(cls).relationships[lines.relation].mapper.class_
            columns = {field: _value(row, field) for fields in row.sections.values() for field in fields}
            items = {"type": "object", "properties": columns}
            properties[lines.relation] = {"type": "array", "description": both(row.key()), "items": items}
    return {"type": "object", "description": both(f"{cls.key()}.section.{name}"), "properties": properties}


def _write(cls: type[SharedRecord]) -> Json:
    form = form_class(cls, writable(cls))()
    required = [name for name in writable(cls) if form[name].flags.required]
    properties = {name: _value(cls, name, writing=True) for name in writable(cls)}
    schema: Json = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": required} if required else {})


def _version_and_reason(cls: type[SharedRecord]) -> Json:
    return {"version": {"type": "integer"}, reason_name(cls): {"type": "string", "maxLength": 500}}


def _asked(cls: type[SharedRecord], transition: Transition) -> Json:
    fields = {name: _value(cls, name, writing=True) for name in transition.fields}
    properties: Json = {"version": {"type": "integer"}, "reason": {"type": "string", "maxLength": 500}}
    properties["values"] = {"type": "object", "additionalProperties": False, "properties": fields}
    if transition.signs is not None:
        of_signature = {"staff": ("password",), "customer": ("drawn", "signer")}[transition.signs.by.value]
        properties |= {name: {"type": "string", "description": _SIGNING[name]} for name in of_signature}
    required = ["reason"] if transition.reason else []
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _asked_of_many(cls: type[SharedRecord], transition: Transition) -> Json:
    schema = _asked(cls, transition)
    ids = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": MOST}
    properties = {"ids": ids} | {name: of for name, of in schema["properties"].items() if name != "version"}
    return schema | {"properties": properties, "required": ["ids", *schema.get("required", [])]}


def _value(cls: type[SharedRecord], name: str, *, writing: bool = False) -> Json:
    if name == "state" and cls.workflow:
        return _labelled(f"{cls.key()}.state", [state.name for state in cls.workflow.states])
    mapper = inspect(cls)
    words = " / ".join(cls.field_label(name, lang) for lang in LANGUAGES)
    if name in relation_of(cls).values():
        return {"type": ["string", "null"], "description": words}
    if name in mapper.relationships:
        told: Json = {"type": "object", "properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}
        return {"type": "array", "items": {"type": "integer"} if writing else told, "description": words}
    if (field := field_of(cls, name)) is not None:
        schema = _of_custom(field, writing)
        return schema | {"description": words + schema.get("description", "")} | ({"x-personal": True} if field.is_personal else {})
    if name not in mapper.columns:
        return {"description": words}
    schema = _of_column(mapper.columns[name], writing)
    if name in relation_of(cls):
        words += f" → {mapper.relationships[relation_of(cls)[name]].mapper.class_.__name__}"
    if "x-labels" in schema:
        words += ": " + schema["description"]
    if name in cls.personal:
        schema["x-personal"] = True
    return schema | {"description": words}


def _of_column(column: Column[Any], writing: bool) -> Json:
    kind = plain_type(column.type)
    if isinstance(kind, Enum) and kind.enum_class is not None:
        key = snake_case(kind.enum_class.__name__)
        return _labelled(key, [member.value for member in kind.enum_class], [member.name for member in kind.enum_class])
    shapes: dict[type, Json] = {
        Boolean: {"type": ["boolean", "null"]},
        UtcDateTime: {"type": ["string", "null"], "format": "date-time"},
        Date: {"type": ["string", "null"], "format": "date"},
        Integer: {"type": ["integer", "null"]},
        Numeric: {"type": ["number", "string", "null"] if writing else ["string", "null"]},
        JSON: {"type": ["object", "array", "null"]},
        String: {"type": ["string", "null"]},
    }
    schema = next((dict(shapes[base]) for base in type(kind).__mro__ if base in shapes), {})
    return schema | {"maxLength": kind.length} if isinstance(kind, String) and kind.length else schema


def _of_custom(field: CustomField, writing: bool) -> Json:
    """A field that the company added; numbers are text, as all decimals are."""
    if field.kind is FieldKind.choice:
        labels = {choice.code: dict(zip(LANGUAGES, choice.words, strict=True)) for choice in field.choices}
        listed = "; ".join(f"{value} = {words['zh']} / {words['en']}" for value, words in labels.items())
        return {"type": ["string", "null"], "enum": [*labels, None], "description": f": {listed}", "x-labels": labels}
    number: Json = {"type": ["number", "string", "null"] if writing else ["string", "null"]}
    if field.unit:
        number["description"] = f" ({field.unit})"
    shapes: dict[FieldKind, Json] = {
        FieldKind.text: {"type": ["string", "null"], "maxLength": LONGEST_TEXT},
        FieldKind.number: number,
        FieldKind.date: {"type": ["string", "null"], "format": "date"},
        FieldKind.yes_no: {"type": ["boolean", "null"]},
    }
    return shapes[field.kind]


def _labelled(prefix: str, values: list[str], names: Iterable[str] = ()) -> Json:
    """An enum with the words of its values."""
    keys = [f"{prefix}.{name}" for name in (names or values)]
    labels = {value: {lang: label(key, lang) for lang in LANGUAGES} for value, key in zip(values, keys, strict=True) if has_label(key)}
    listed = "; ".join(f"{value} = {words['zh']} / {words['en']}" for value, words in labels.items())
    return {"type": ["string", "null"], "enum": [*values, None], "description": listed, "x-labels": labels}


# -- small pieces --

_LATE = [
    {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "pattern": "^[A-Za-z0-9-]{8,64}$"},
     "description": "Taken once per key and sender: sent again, it is answered and not done again."},
    {"in": "header", "name": "Captured-At", "schema": {"type": "string", "format": "date-time"},
     "description": "When it was captured without a network, at most seven days ago. Clocks go by it; both are kept."},
]  # fmt: skip

_SIGNING = {
    "password": "The signer's own password.",
    "drawn": "The customer's signature: data:image/png;base64,…",
    "signer": "The name of the person who signs for the customer.",
}
_OUTCOME = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "done": {"type": "boolean"}, "message": {"type": "string"},
                   "errors": {"type": "object"}, "status": {"type": "integer"}},
}  # fmt: skip
_OUTCOMES = {
    "type": "object",
    "properties": {"done": {"type": "integer"}, "refused": {"type": "integer"}, "result": {"type": "array", "items": _OUTCOME}},
}
_UPLOAD = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "purpose": {"type": "string", "maxLength": 40},
            },
        }
    }
}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Json) -> Json:
    return {JSON_TYPE: {"schema": schema}}


def _answer(schema: Json) -> Json:
    return {"description": "Done.", "content": _json(schema)}


def _rows() -> Json:
    return _answer({"type": "object", "properties": {"result": {"type": "array", "items": {"type": "object"}}}})


def _page(name: str, other: str) -> Json:
    """Rows with the cursor to go on from, and `before` (the page before) or `more` (whether there is more)."""
    beside = {"before": {"type": ["string", "null"]}, "more": {"type": "boolean"}}[other]
    rows = {"type": "array", "items": _ref(f"{name}Row")}
    return _answer({"type": "object", "properties": {"result": rows, "after": {"type": ["string", "null"]}, other: beside}})


def _bytes(media_type: str) -> Json:
    return {"description": "The bytes.", "content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}


def _instant() -> Json:
    return {"type": "string", "format": "date-time"}


def _query(name: str, kind: str, description: str = "", **more: Any) -> Json:
    return {"in": "query", "name": name, "schema": {"type": kind, **more}, "description": description}


def _list_parameters(cls: type[SharedRecord]) -> list[Json]:
    order = [sign + name for name in orders(cls) for sign in ("", "-")]
    parameters = [_query("q", "string", "Words to search for."), _query("order", "string", enum=order)]
    parameters.append(_query("before", "string", "A cursor."))
    parameters += [_query(name, "string", _filter_words(cls, name)) for name in filter_names(cls)]
    parameters += [_query(name, "string") for name in bounds(cls)]
    if "clock" in argument_names(cls):
        parameters.append(_query("clock", "string", "Judged by the deadlines that still run.", enum=list(CLOCKS)))
        parameters.append(_query("judged", "string", "Of what fell due: respond.missed.30_days, respond.kept.2026-07-01_2026-09-30.legal."))
    if "mine" in argument_names(cls):
        parameters.append(_query("mine", "string", "Those that the caller is responsible for.", enum=["1"]))
    parameters.append(_query("of", "string", "Those whose references lead there: device.model:7."))
    return [*parameters, *_feed_parameters(cls)]


def _filter_words(cls: type[SharedRecord], name: str) -> str:
    words = " / ".join(cls.field_label(name, lang) for lang in LANGUAGES)
    periods = periods_of(cls, name)
    return f"{words}; or {', '.join(periods)}" if periods else words


def _feed_parameters(cls: type[SharedRecord]) -> list[Json]:
    fields = _query("fields", "string", "Columns, with commas: " + ", ".join(readable_in_lists(cls)))
    return [_query("after", "string", "A cursor."), _query("limit", "integer", minimum=1, maximum=LARGEST_PAGE), fields]
