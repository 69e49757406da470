"""The pages of the packages beside the generic ones: asking for what the runner does by itself, and how far a drill is."""

from typing import Any

from flask import redirect, url_for
from flask_appbuilder import expose, has_access, permission_name
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from aftersales.extensions import db
from aftersales.jobs import Job, ask
from aftersales.jobs.pages import tone
from aftersales.packages.drill import RestoreDrill
from aftersales.packages.fixity import FixityReport
from aftersales.packages.package import ArchivePackage
from aftersales.packages.restoring import CHECK, WRITE
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.refusable import refusable
from aftersales.record.views import RecordView

MOST_HURT = 50


class ArchivePackageView(RecordView):
    """Nothing is added by hand; what is wanting is written, and everything checked, when somebody asks."""

    list_page_template = "packages/packages.html"
    show_page_template = "packages/package.html"
    include_route_methods = RecordView.include_route_methods | {"write", "check"}

    @expose("/write", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def write(self) -> Response:
        return self._begin(WRITE)

    @expose("/check", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def check(self) -> Response:
        return self._begin(CHECK)

    def _begin(self, kind: str) -> Response:
        job = ask(db.session(), kind, {"page": self.url("list") if kind == WRITE else url_for("FixityReportView.list")})
        return redirect(url_for("JobsView.show", pk=job.id))

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ArchivePackage)
        job = select(Job).where(Job.kind == WRITE, Job.asked_by_id == current_actor().user_id).order_by(Job.id.desc()).limit(1)
        last = db.session.scalars(job).one_or_none()
        return {"job": last if last is not None and not last.state.is_final and last.arguments.get("entry") == record.entry_id else None}


class FixityReportView(RecordView):
    """Written by the program; a person closes it."""

    show_page_template = "packages/report.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, FixityReport)
        return {"hurt": _packages_of(record) if record.state == "reported" else []}


def _packages_of(report: FixityReport) -> list[ArchivePackage]:
    """The packages whose damage is not mended yet, of those that the person sees."""
    entries = {row.entry_id for row in report.findings if row.mended_at is None}
    hurt = select(ArchivePackage).where(ArchivePackage.entry_id.in_(entries)).options(joinedload(ArchivePackage.entry))
    return list(db.session.scalars(hurt.order_by(ArchivePackage.id).limit(MOST_HURT)))


class RestoreDrillView(RecordView):
    """With how far it is while it is carried out."""

    show_page_template = "packages/drill.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, RestoreDrill)
        job = db.session.get(Job, record.job_id) if record.job_id is not None and record.state == "running" else None
        return {"job": job, "tone": tone}
