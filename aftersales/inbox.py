"""The inbox: what each person should know, unread first. Nobody sees another's."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.display import words
from aftersales.record.notices import Notice, mark_read

PAGE = 30
LARGEST_ID = 2**63 - 1


class InboxView(BaseView):
    """Two lists one after the other, the unread and the read, each newest first and turned by key."""

    route_base = "/inbox"
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        user_id = current_actor().user_id
        if user_id is None:
            return redirect(url_for("AuthDBView.login"))
        notices = _page(user_id, request.args.get("unread", type=int), request.args.get("read", type=int))
        more, notices = len(notices) > PAGE, notices[:PAGE]
        next_url = url_for(".index", **{"read" if notices[-1].read_at else "unread": notices[-1].id}) if more else None
        first_url = url_for(".index") if request.args else None
        return render_template("inbox.html", notices=notices, next_url=next_url, first_url=first_url, words=words)

    @expose("/<int:pk>/open", methods=["POST"])
    def open(self, pk: int) -> Any:
        """To what the notice is about; it is read from now on."""
        user_id = current_actor().user_id
        mine = select(Notice).where(Notice.id == pk, Notice.user_id == user_id)
        notice = db.session.scalars(mine).one_or_none() if user_id is not None and pk <= LARGEST_ID else None
        if notice is None:
            abort(404)
        url = notice.url
        mark_read(db.session, user_id, [pk])
        db.session.commit()
        return redirect(url, 303)

    @expose("/read", methods=["POST"])
    def read(self) -> Any:
        """Mark as read: those named by `id`, or all."""
        user_id = current_actor().user_id
        if user_id is None:
            abort(404)
        ids = [pk for pk in request.form.getlist("id", type=int) if 0 < pk <= LARGEST_ID]
        mark_read(db.session, user_id, ids or None)
        db.session.commit()
        return redirect(url_for(".index"), 303)


def _page(user_id: int, after_unread: int | None, after_read: int | None) -> list[Notice]:
    """A page and one more, after the notice with that id in the list of its kind."""
    mine = select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc())
    found: list[Notice] = []
    if after_read is None:
        unread = mine.where(Notice.read_at.is_(None), Notice.id < min(after_unread or LARGEST_ID, LARGEST_ID))
        found += db.session.scalars(unread.limit(PAGE + 1))
    if len(found) <= PAGE:
        read = mine.where(Notice.read_at.is_not(None), Notice.id < min(after_read or LARGEST_ID, LARGEST_ID))
        found += db.session.scalars(read.limit(PAGE + 1 - len(found)))
    return found
