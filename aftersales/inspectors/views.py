"""The page of an access: what it leads to, the account, and what the inspector looked at."""

from typing import Any

from flask import Response
from flask_appbuilder import expose, has_access, permission_name
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.inspection.binder import COMPILES, Binder
from aftersales.inspectors import papers
from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.log import InspectorEntry
from aftersales.inspectors.reach import Reach
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.file_routes import sent_bytes
from aftersales.record.refusable import refusable
from aftersales.record.views import RecordView

SHOWN = 10


class InspectorAccessView(RecordView):
    show_page_template = "inspectors/access.html"
    include_route_methods = RecordView.include_route_methods | {"log", "hand_over"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, InspectorAccess)
        mine = select(InspectorEntry).where(InspectorEntry.access_id == record.id).order_by(InspectorEntry.id.desc()).limit(SHOWN)
        made = select(Binder).where(Binder.access_id == record.id).order_by(Binder.id.desc()).limit(SHOWN)
        reach = db.session.get(Reach, record.id)
        actor = current_actor()
        return {
            "scope": papers.scope_words(record), "reach": reach, "counts": papers.counted(reach.counts) if reach else [],
            "entries": db.session.scalars(mine).all(), "binders": db.session.scalars(made).all(),
            "may_hand_over": record.state == "granted" and actor.can("can_write", InspectorAccess.permission_name()),
            "may_compile": record.state == "granted" and actor.can(*COMPILES),
        }  # fmt: skip

    @expose("/<int:pk>/log.pdf")
    @has_access
    @permission_name("read")
    @refusable
    def log(self, pk: int) -> Response:
        access: InspectorAccess = self._record(pk)
        return sent_bytes(papers.log(db.session(), access), f"{access.number}-log.pdf", "application/pdf", inline=True)

    @expose("/<int:pk>/hand_over", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def hand_over(self, pk: int) -> Response:
        """The slip with a new one-time password: it is in the answer to this request and nowhere else."""
        access: InspectorAccess = self._record(pk)
        password = access.hand_over()
        data = papers.slip(db.session(), access, password)
        db.session.commit()
        return sent_bytes(data, f"{access.number}.pdf", "application/pdf")
