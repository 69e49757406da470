"""The pages of controlled documents beside the generic ones: the editor with its preview, comparing versions, reading and its test."""

from typing import Any

from flask import Response, abort, current_app, flash, g, redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import false, select

from aftersales.columns import row_id
from aftersales.documents.document import ControlledDocument
from aftersales.documents.figures import Figures
from aftersales.documents.live import check_text, said
from aftersales.documents.prints import PrintMark, print_version
from aftersales.documents.reading import ReadingTask
from aftersales.documents.text import differences, html_of
from aftersales.documents.version import DocumentVersion, versions_of
from aftersales.extensions import db
from aftersales.record.base import SharedRecord
from aftersales.record.display import url_of
from aftersales.record.file_routes import sent_bytes
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.saving import settle
from aftersales.record.views import RecordView
from aftersales.record.workflow import perform


class ControlledDocumentView(RecordView):
    """With its versions, and what calls for a revision."""

    list_page_template = "controlled/documents.html"
    show_page_template = "controlled/document.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ControlledDocument)
        return {"versions": versions_of(db.session, record)}


class DocumentVersionView(RecordView):
    show_page_template = "controlled/version.html"
    form_page_template = "controlled/version_form.html"
    include_route_methods = RecordView.include_route_methods | {"preview_text", "compare", "print_it"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, DocumentVersion)
        others = [version for version in versions_of(db.session, record.document) if version.id != record.id]
        states = select(ReadingTask.person_name, ReadingTask.state, ReadingTask.id).where(ReadingTask.document_version_id == record.id)
        readings = db.session.execute(states.order_by(ReadingTask.state.desc(), ReadingTask.id).limit(500)).all()
        return {"text": record.html(), "others": others, "readings": readings}

    def _preset(self, names: tuple[str, ...]) -> dict[str, Any]:
        """A new version starts from the text of the one in force."""
        preset = {"is_new_issue": False} | super()._preset(names)
        document = db.session.get(ControlledDocument, preset["document_id"]) if "document_id" in preset else None
        latest = document.latest if document is not None else None
        return preset if latest is None else {"body": latest.body, "cites": latest.cites} | preset

    @expose("/preview_text", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def preview_text(self) -> Response:
        """What the editor shows beside the text: HTML, or what is wrong with it."""
        body = request.form.get("body", "")
        try:
            check_text(body, "body")
        except Refusal as refusal:
            return current_app.json.response(message=str(refusal))
        return current_app.json.response(html=html_of(body, lambda part: said(db.session, part), self._figures().uri))

    def _figures(self) -> Figures:
        """Those of the version that is edited; of a new one those of the version it begins with."""
        pk, document_id = request.args.get("version", type=row_id), request.form.get("document_id", type=row_id)
        if pk:
            return self._record(pk).figures()
        document = db.session.get(ControlledDocument, document_id) if document_id else None
        latest = document.latest if document is not None else None
        return latest.figures() if latest is not None else Figures(db.session(), select(DocumentVersion.id).where(false()))

    @expose("/<int:pk>/print", methods=["POST"])
    @has_access
    @permission_name("read")
    @refusable
    def print_it(self, pk: int) -> Response:
        """A print that nobody keeps up to date, marked as such on each page; the log says what it is for."""
        version, marks = self._record(pk, full=True), {mark.value: mark for mark in PrintMark}
        name = f"{version}.pdf".replace("/", "-")
        data = print_version(version, marks.get(request.form.get("mark", ""), PrintMark.controlled), request.form.get("purpose", ""))
        return sent_bytes(data, name, "application/pdf", inline=True)

    @expose("/<int:pk>/compare")
    @has_access
    @permission_name("read")
    @refusable
    def compare(self, pk: int) -> str:
        """What changed from another version of the same document, by default the one before."""
        version: DocumentVersion = self._record(pk)
        others = [other for other in versions_of(db.session, version.document) if other.id != version.id]
        wanted = request.args.get("with", type=row_id)
        earlier = next((o for o in others if o.id == wanted), None) if wanted else next((o for o in others if o.id < version.id), None)
        if wanted and earlier is None:
            abort(404)
        lines = list(differences(earlier.body, version.body)) if earlier is not None else []
        return render_template(
            "controlled/compare.html", cls=self.record_type, version=version, earlier=earlier, others=others, lines=lines,
            url=self.url, url_of=url_of,
        )  # fmt: skip


class ReadingTaskView(RecordView):
    """The text to read, and its questions under it."""

    show_page_template = "controlled/reading.html"
    include_route_methods = RecordView.include_route_methods | {"answer"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ReadingTask)
        given, wrong = g.get("answered", ("", []))
        return {"text": record.document_version.html(), "given": given, "wrong": wrong}

    @expose("/<int:pk>/answer", methods=["POST"])
    @has_access
    @permission_name("read")
    @refusable
    def answer(self, pk: int) -> Any:
        """All questions at once; those that are wrong are shown with where the text says it, to be answered again."""
        task: ReadingTask = self._record(pk, full=True)
        count = len(task.document_version.questions)
        given = "".join(request.form.get(f"answer-{i}", "-")[:1] or "-" for i in range(count))
        try:
            settle(db.session, lambda: perform(task, "pass_test", values={"answers": given}))
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            task = self._record(pk, full=True)
            g.answered = given, task.wrong(given)
            return self._show(task, refusal=refusal, status=refusal.status)
        flash(_("Passed. Thank you."), "success")
        return redirect(self.url("show", pk=pk))
