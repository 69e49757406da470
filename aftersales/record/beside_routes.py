"""What stands beside a record: its story, what refers to it, and what is said about it."""

from typing import Any

from flask import Response, current_app, redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name

from aftersales.columns import row_id
from aftersales.extensions import db
from aftersales.record.audit import history
from aftersales.record.comments import comment, readers_named, withdraw
from aftersales.record.display import url_of
from aftersales.record.privacy import note_reading
from aftersales.record.queued import takes_late
from aftersales.record.refusable import refusable
from aftersales.record.related import related_to
from aftersales.record.showing import STORY
from aftersales.record.story import events, together, told


class BesideRoutes:
    """Mixed into the pages of every record type."""

    _record: Any
    url: Any

    @expose("/<int:pk>/story")
    @has_access
    @permission_name("story")
    @refusable
    def story(self, pk: int) -> str:
        record = self._record(pk)
        before = request.args.get("before", type=row_id)
        entries = history(db.session, type(record).__name__, record.id, before_sequence=before, limit=STORY + 1)
        more = entries[STORY - 1].sequence if len(entries) > STORY else None
        note_reading(record)
        return render_template(
            "record/story.html", record=record, story=together(told(db.session, events(entries[:STORY]))), before=more,
            url=self.url, url_of=url_of,
        )

    @expose("/<int:pk>/related")
    @has_access
    @permission_name("related")
    def related(self, pk: int) -> str:
        record = self._record(pk)
        return render_template("record/related.html", record=record, related=related_to(db.session, record), url=self.url, url_of=url_of)

    @expose("/<int:pk>/comment", methods=["POST"])
    @has_access
    @permission_name("comment")
    @takes_late
    @refusable
    def comment(self, pk: int) -> Response:
        record = self._record(pk).root()
        comment(db.session, record, request.form.get("body", ""))
        db.session.commit()
        return redirect(f"{url_of(record)}#story")

    @expose("/<int:pk>/withdraw/<int:comment_id>", methods=["POST"])
    @has_access
    @permission_name("withdraw")
    @refusable
    def withdraw(self, pk: int, comment_id: int) -> Response:
        record = self._record(pk)
        withdraw(db.session, record, comment_id)
        db.session.commit()
        return redirect(f"{url_of(record)}#story")

    @expose("/<int:pk>/readers")
    @has_access
    @permission_name("readers")
    def readers(self, pk: int) -> Response:
        """Whom a comment can mention."""
        named = readers_named(self._record(pk), request.args.get("q", "").strip()[:40])
        return current_app.json.response(results=[{"name": name} for _id, name in named])
