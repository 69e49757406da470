"""The files of a record and its papers: filed, looked at, downloaded."""

from io import BytesIO
from typing import Any

from flask import Response, abort, current_app, redirect, request, send_file
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record.archive import SealedDocument
from aftersales.record.attachments import Attachment, attach
from aftersales.record.base import SharedRecord
from aftersales.record.media import RefusedFile
from aftersales.record.queued import takes_late
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store
from aftersales.record.words import Document

FRAMED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


class FileRoutes:
    """Mixed into the pages of every record type."""

    _record: Any
    url: Any

    @expose("/<int:pk>/attach", methods=["POST"])
    @has_access
    @permission_name("attach")
    @takes_late
    @refusable
    def attach(self, pk: int) -> Response:
        record = self._record(pk)
        uploads = [upload for upload in request.files.getlist("files") if upload.filename]
        if not uploads:
            raise Refusal(_("Choose a file."))
        try:
            for upload in uploads:
                attach(db.session, record, upload.read(), upload.filename, request.form.get("purpose", "file")[:40])
        except RefusedFile as refused:
            raise Refusal(str(refused)) from refused
        db.session.commit()
        return redirect(self.url("show", pk=pk))

    @expose("/<int:pk>/file/<int:file_id>")
    @has_access
    @permission_name("file")
    def file(self, pk: int, file_id: int) -> Response:
        attachment = self._attachment(pk, file_id)
        refuse_destroyed(attachment)
        return sent_file(attachment.sha256, attachment.name, attachment.media_type)

    @expose("/<int:pk>/thumbnail/<int:file_id>")
    @has_access
    @permission_name("thumbnail")
    def thumbnail(self, pk: int, file_id: int) -> Response:
        attachment = self._attachment(pk, file_id)
        if attachment.thumbnail is None:
            abort(404)
        refuse_destroyed(attachment)
        return sent_file(attachment.thumbnail, "thumbnail.jpg", "image/jpeg", inline=True)

    @expose("/<int:pk>/paper/<int:paper_id>.pdf")
    @has_access
    @permission_name("paper")
    def paper(self, pk: int, paper_id: int) -> Response:
        """An archived document, as it may go out."""
        record = self._record(pk)
        row = db.session.scalars(select(SealedDocument).where(SealedDocument.hangs_on(record), SealedDocument.id == paper_id)).one_or_none()
        if row is None:
            abort(404)
        return sent_paper(record, row, inline=True)

    @expose("/<int:pk>/preview/<name>.pdf")
    @has_access
    @permission_name("preview")
    def preview(self, pk: int, name: str) -> Response:
        """A document of the record as it stands now, marked as not controlled."""
        record = self._record(pk, full=True)
        document = next((d for d in record.printed() if d.name == name), None)
        if document is None:
            abort(404)
        name = f"{record}-{name}.pdf"
        data = current_app.extensions["printer"](record, document, "", False)
        data = current_app.extensions["paper_out"](record, document, None, data)
        response = send_file(BytesIO(data), mimetype="application/pdf", download_name=name)
        response.headers["Content-Security-Policy"], response.headers["X-Frame-Options"] = FRAMED, "SAMEORIGIN"
        return response

    def _attachment(self, pk: int, file_id: int) -> Attachment:
        record = self._record(pk)
        if file_id >= 2**63:
            abort(404)
        attachment = db.session.scalars(select(Attachment).where(Attachment.hangs_on(record), Attachment.id == file_id)).one_or_none()
        if attachment is None:
            abort(404)
        return attachment


def refuse_destroyed(row: Attachment | SealedDocument) -> None:
    """410 for a file that was destroyed: it was here, and is gone for good."""
    if row.destroyed_under is not None:
        abort(410, _("It was destroyed under certificate %(number)s.", number=row.destroyed_under))


def sent_paper(record: SharedRecord, paper: SealedDocument, *, inline: bool = False) -> Response:
    """A sealed paper, by the product's word on how it goes out: noted, and marked where it must not be taken for the valid one."""
    refuse_destroyed(paper)
    name, document = f"{paper.number}.pdf", Document(paper.name, paper.form_no, paper.form_version)
    data = current_app.extensions["store"].get(paper.sha256)
    return sent_bytes(current_app.extensions["paper_out"](record, document, paper, data), name, "application/pdf", inline=inline)


def sent_file(sha256: str, name: str, media_type: str, *, inline: bool = False) -> Response:
    store: Store = current_app.extensions["store"]
    return sent_bytes(store.get(sha256), name, media_type, inline=inline)


def sent_bytes(data: bytes, name: str, media_type: str, *, inline: bool = False) -> Response:
    response = send_file(BytesIO(data), mimetype=media_type, download_name=name, as_attachment=not inline)
    # A paper is looked at inside our own page; Chromium shows no PDF in a sandbox.
    is_paper = inline and media_type == "application/pdf"
    response.headers["Content-Security-Policy"] = FRAMED if is_paper else "default-src 'none'; sandbox"
    if is_paper:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "private, max-age=0"
    return response
