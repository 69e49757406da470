"""The API of every record type: Flask-AppBuilder's BaseApi, made from the declaration.

Not its ModelRestApi: marshmallow invents rows for unknown ids, and answers 500 where a rule says no. Here input goes
through the forms of the pages and every refusal is an answer with the pages' words.
"""

from typing import Any, ClassVar

from flask import Response, request
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from aftersales.extensions import db
from aftersales.record import openapi, telling, workflow
from aftersales.record.answering import AnsweringApi, answers
from aftersales.record.archive import sealed_of
from aftersales.record.attachments import Attachment, attach, attachments_of
from aftersales.record.audit import history
from aftersales.record.base import SharedRecord
from aftersales.record.bulk import MOST, for_many, perform_each
from aftersales.record.clocks import runs_of
from aftersales.record.comments import LONGEST as LONGEST_COMMENT
from aftersales.record.comments import comment, comments_of, withdraw
from aftersales.record.display import relation_of
from aftersales.record.drawn import from_data_url
from aftersales.record.exposed import readable_in_lists, routes_of, writable
from aftersales.record.feed import changed_after
from aftersales.record.file_routes import refuse_destroyed, sent_file, sent_paper
from aftersales.record.filtering import argument_names
from aftersales.record.forms import reason_name
from aftersales.record.listing import LARGEST_PAGE, PAGE, eager, list_page, list_query
from aftersales.record.payload import filled_form, in_own_region, json_object, page_size, query_args, text_of
from aftersales.record.privacy import note_reading, without_masks
from aftersales.record.refusal import NotFound, Refusal
from aftersales.record.saving import change, create, refuse_stale, settle
from aftersales.record.showing import load

LONGEST = {"reason": 500, "password": 1000, "signer": 120}
LONGEST_PURPOSE = 40
HISTORY = 50
LONGEST_CURSOR = 500


class RecordApi(AnsweringApi):
    """List, show, write, transitions, history, clocks, files and papers of one record type, as JSON."""

    record_type: type[SharedRecord]
    # What the API of this type alone does with one record, by POST …/<id>/<name>: in words, and the schema of what it is sent.
    beside: ClassVar[dict[str, tuple[str, openapi.Json]]] = {}

    # -- reading --

    @expose("/", methods=["GET"])
    @answers("read")
    def index(self) -> Response:
        cls = self.record_type
        args = query_args([*argument_names(cls), "order", "after", "before", "limit", "fields"])
        names = _chosen_fields(cls, args.pop("fields", ""))
        size = page_size(args, LARGEST_PAGE, PAGE)
        if len(args.get("after", "") + args.get("before", "")) > LONGEST_CURSOR:
            raise Refusal(_("This page mark is not valid."), field="after")
        page = list_page(db.session, list_query(db.session, cls, args, names), args, size)
        return self.response(200, result=[telling.row_json(row, names) for row in page.rows], after=page.after, before=page.before)

    @expose("/changes", methods=["GET"])
    @answers("read")
    def changes(self) -> Response:
        cls = self.record_type
        args = query_args(["after", "limit", "fields"])
        names = _chosen_fields(cls, args.pop("fields", ""))
        size = page_size(args, LARGEST_PAGE, LARGEST_PAGE)
        rows, cursor = changed_after(db.session, cls, args.get("after", ""), size)
        _load_relations(cls, rows, names)
        return self.response(200, result=[telling.row_json(row, names) for row in rows], after=cursor, more=len(rows) == size)

    @expose("/<int:pk>", methods=["GET"])
    @answers("read")
    def show(self, pk: int) -> Response:
        return self._told(200, self._record(pk, full=True))

    @expose("/<int:pk>/history", methods=["GET"])
    @answers("read")
    def history(self, pk: int) -> Response:
        record = self._record(pk)
        before = query_args(["before"]).get("before", "")
        if before and not (before.isascii() and before.isdigit() and len(before) < 10):
            raise Refusal(_("This page mark is not valid."), field="before")
        entries = history(db.session, type(record).__name__, record.id, int(before) if before else None, HISTORY + 1)
        told = [telling.entry_json(entry) for entry in entries[:HISTORY]]
        note_reading(record)
        return self.response(200, result=told, before=told[-1]["sequence"] if len(entries) > HISTORY else None)

    @expose("/<int:pk>/clocks", methods=["GET"])
    @answers("read")
    def clocks(self, pk: int) -> Response:
        return self.response(200, result=[telling.clock_json(run) for run in runs_of(db.session, self._record(pk))])

    # -- writing --

    @expose("/", methods=["POST"])
    @answers("write")
    def create(self) -> Response:
        cls = self.record_type
        body, names = json_object(), writable(cls)
        values = filled_form(cls, names, in_own_region(names, body)).values()
        if cls.parent is not None:
            target = inspect(cls).relationships[cls.parent].mapper.class_
            parent_id = values.pop(f"{cls.parent}_id")
            values[cls.parent] = db.session.scalars(select(target).where(target.id == parent_id)).one()
        record = create(db.session, cls, values)
        db.session.commit()
        response = self._told(201, self._record(record.id, full=True))
        response.headers["Location"] = f"{self.route_base}/{record.id}"
        return response

    @expose("/<int:pk>", methods=["PUT"])
    @answers("write")
    def update(self, pk: int) -> Response:
        cls, record = self.record_type, self._record(pk)
        body = json_object()
        version, reason = body.pop("version", None), text_of(body, reason_name(cls), LONGEST["reason"])
        if type(version) is not int:
            raise Refusal(_("Send the version that you read."), field="version")
        if record.is_sealed:
            raise Refusal(_("This record is sealed and can no longer be changed."))
        form = filled_form(cls, tuple(name for name in writable(cls) if name != f"{cls.parent}_id"), body, record, partial=True)
        change(db.session, record, without_masks(record, form.values()), reason=reason, version=version)
        db.session.commit()
        return self._told(200, self._record(pk, full=True))

    @expose("/<int:pk>", methods=["DELETE"])
    @answers("write")
    def remove(self, pk: int) -> Response:
        """Takes a row out of the record it lives in."""
        row, body = self._record(pk), json_object()
        row._audit_reason = text_of(body, "reason", LONGEST["reason"]) or None
        refuse_rest(body)
        db.session.delete(row)
        settle(db.session, lambda: None)
        db.session.commit()
        return self.response(200, message=_("Removed."))

    @expose("/<int:pk>/<name>", methods=["POST"])
    @answers("read")  # perform() asks for the transition's own permission
    def perform(self, pk: int, name: str) -> Response:
        record = self._record(pk, full=True)
        transition = record.workflow.transition(name)
        if transition is None:
            raise NotFound(_("There is no such action."))
        body = json_object()
        values, version = body.pop("values", None), body.pop("version", None)
        texts = {key: text_of(body, key, longest) for key, longest in LONGEST.items()}
        drawn = from_data_url(text_of(body, "drawn", 2**21))
        refuse_rest(body)
        refuse_stale(record, version)
        if values is not None and not isinstance(values, dict):
            raise Refusal(_("Send one JSON object."), field="values")
        form = filled_form(self.record_type, transition.fields, values or {}, record, partial=True)
        asked = without_masks(record, form.values())
        settle(db.session, lambda: workflow.perform(record, name, values=asked, drawn=drawn, **texts))
        db.session.commit()
        return self._told(200, self._record(pk, full=True))

    @expose("/bulk/<name>", methods=["POST"])
    @answers("read")  # each move asks for the transition's own permission
    def bulk(self, name: str) -> Response:
        """One transition for many records. The answer tells of each; what was refused costs the others nothing."""
        cls, transition = self.record_type, for_many(self.record_type, name)
        body = json_object()
        ids, values, reason = body.pop("ids", None), body.pop("values", None), text_of(body, "reason", LONGEST["reason"])
        refuse_rest(body)
        if not isinstance(ids, list) or not 0 < len(ids) <= MOST or any(type(pk) is not int or not 0 < pk < 2**63 for pk in ids):
            raise Refusal(_("Send the ids of 1 to %(n)s records.", n=MOST), field="ids")
        if values is not None and not isinstance(values, dict):
            raise Refusal(_("Send one JSON object."), field="values")
        asked = filled_form(cls, transition.fields, values or {}, partial=True).values()
        outcomes = [*perform_each(db.session, cls, dict.fromkeys(ids), name, values=asked, reason=reason)]
        refused = sum(outcome.refusal is not None for outcome in outcomes)
        told = [telling.outcome_json(outcome) for outcome in outcomes]
        return self.response(200, done=len(outcomes) - refused, refused=refused, result=told)

    # -- comments --

    @expose("/<int:pk>/comments", methods=["GET"])
    @answers("read")
    def comments(self, pk: int) -> Response:
        return self.response(200, result=[telling.comment_json(each) for each in comments_of(db.session, self._record(pk))])

    @expose("/<int:pk>/comments", methods=["POST"])
    @answers("read")  # whoever may read a record may say something about it
    def comment(self, pk: int) -> Response:
        record, body = self._record(pk), json_object()
        text = text_of(body, "body", LONGEST_COMMENT)
        refuse_rest(body)
        said = comment(db.session, record, text)
        db.session.commit()
        return self.response(201, result=telling.comment_json(said))

    @expose("/<int:pk>/comments/<int:comment_id>/withdraw", methods=["POST"])
    @answers("read")
    def withdraw(self, pk: int, comment_id: int) -> Response:
        said = withdraw(db.session, self._record(pk), comment_id)
        db.session.commit()
        return self.response(200, result=telling.comment_json(said))

    # -- files and papers --

    @expose("/<int:pk>/files", methods=["GET"])
    @answers("read")
    def files(self, pk: int) -> Response:
        return self.response(200, result=[self._file(pk, file) for file in attachments_of(db.session, self._record(pk))])

    @expose("/<int:pk>/files", methods=["POST"])
    @answers("write")
    def attach(self, pk: int) -> Response:
        """Files sent as multipart/form-data under the name `file`, with an optional `purpose`."""
        record = self._record(pk)
        uploads = [upload for upload in request.files.getlist("file") if upload.filename]
        if not uploads:
            raise Refusal(_("Send at least one file as multipart/form-data."), field="file")
        purpose = request.form.get("purpose", "file").replace("\x00", "")
        if len(purpose) > LONGEST_PURPOSE:
            raise Refusal(_("Too long."), field="purpose")
        try:
            kept = [attach(db.session, record, upload.read(), upload.filename or "", purpose) for upload in uploads]
        except Refusal as refused:
            raise Refusal(str(refused), field="file") from refused
        db.session.commit()
        return self.response(201, result=[self._file(pk, file) for file in kept])

    @expose("/<int:pk>/files/<int:file_id>", methods=["GET"])
    @answers("read")
    def file(self, pk: int, file_id: int) -> Response:
        chosen = select(Attachment).where(Attachment.hangs_on(self._record(pk)), Attachment.id == _row_id(file_id))
        file = db.session.scalars(chosen).one_or_none()
        if file is None:
            raise NotFound(_("There is no such file."))
        refuse_destroyed(file)
        return sent_file(file.sha256, file.name, file.media_type)

    @expose("/<int:pk>/documents", methods=["GET"])
    @answers("read")
    def documents(self, pk: int) -> Response:
        record = self._record(pk)
        papers = sealed_of(db.session, record)
        url = f"{self.route_base}/{pk}/documents"
        return self.response(200, result=[telling.paper_json(record, paper, f"{url}/{paper.name}.pdf") for paper in papers])

    @expose("/<int:pk>/documents/<name>.pdf", methods=["GET"])
    @answers("read")
    def document(self, pk: int, name: str) -> Response:
        """The sealed paper that still holds, as it may go out."""
        record = self._record(pk)
        papers = sealed_of(db.session, record)
        paper = next((paper for paper in papers if paper.name == name and paper.status == "valid"), None)
        if paper is None:
            raise NotFound(_("There is no valid document of this name."))
        return sent_paper(record, paper)

    # -- shared --

    def _record(self, pk: int, *, full: bool = False) -> Any:
        cls = self.record_type
        chosen = select(cls).where(cls.id == _row_id(pk))
        record = load(db.session, cls, _row_id(pk)) if full else db.session.scalars(chosen).one_or_none()
        if record is None:
            raise NotFound(_("There is no such record."))
        return record

    def _told(self, status: int, record: SharedRecord) -> Response:
        note_reading(record, telling.rows_inside(record))
        return self.response(status, result=telling.record_json(record))

    def _file(self, pk: int, file: Attachment) -> dict[str, Any]:
        return telling.file_json(file, f"{self.route_base}/{pk}/files/{file.id}")

    def add_api_spec(self, api_spec: Any) -> None:
        """Flask-AppBuilder reads docstrings here; ours follows from the declaration."""
        openapi.describe(api_spec, self.record_type, str(self.route_base), self.include_route_methods or set(), self.beside)


def _chosen_fields(cls: type[SharedRecord], text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in readable_in_lists(cls)]
    if unknown:
        raise Refusal(_("There is no such field.") + " " + ", ".join(unknown)[:200], field="fields")
    return names or cls.listing


def _load_relations(cls: type[SharedRecord], rows: list[Any], names: tuple[str, ...]) -> None:
    """The records that asked fields refer to, in one statement for all rows; those of `listing` are there already."""
    relations = relation_of(cls)
    asked = [name for name in names if name in relations and name not in cls.listing]
    if rows and asked:
        chosen = select(cls).where(cls.id.in_([row.id for row in rows]))
        db.session.scalars(chosen.options(*eager(cls, asked)).execution_options(populate_existing=True)).unique().all()


def refuse_rest(body: dict[str, Any]) -> None:
    if body:
        raise Refusal(errors={name: [_("There is no such field.")] for name in body})


def _row_id(number: int) -> int:
    if number >= 2**63:
        raise NotFound(_("There is no such record."))
    return number


def api_class(cls: type[SharedRecord], base: type[RecordApi] = RecordApi) -> type[RecordApi]:
    """The API of a record type, made from `base`. Fresh values per class: Flask-AppBuilder writes into those it is given."""
    return type(
        f"{cls.__name__}Api",
        (base,),
        {
            "record_type": cls,
            "resource_name": cls.key(),
            "class_permission_name": cls.permission_name(),
            "base_permissions": cls.permissions(),
            "include_route_methods": routes_of(cls) | base.beside.keys(),
            "openapi_spec_tag": cls.label("en"),
        },
    )
