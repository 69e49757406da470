"""The pages of the archive beside the generic ones: an entry with its reason, files, holds and loans; a list of destruction that fills
itself; a rule with its versions."""

from typing import Any

from flask import flash, redirect, render_template
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.archives.destruction import Destruction
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.expired import MOST, add_expired, outlook
from aftersales.archives.hold import LegalHold, holds_on
from aftersales.archives.paper import PaperRequest
from aftersales.archives.rule import RetentionRule, versions_of
from aftersales.deadlines.clock_rule import superseded_by
from aftersales.extensions import db
from aftersales.packages.package import ArchivePackage
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import url_of, words
from aftersales.record.refusable import refusable
from aftersales.record.views import RecordView

LOANS = 20


class ArchiveEntryView(RecordView):
    show_page_template = "archives/entry.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ArchiveEntry)
        actor = current_actor()
        loans = select(PaperRequest).where(PaperRequest.entry_id == record.id).order_by(PaperRequest.id.desc()).limit(LOANS)
        return {
            "holds": holds_on(db.session(), record) if actor.can("can_read", LegalHold.permission_name()) else [],
            "loans": db.session.scalars(loans).all(),
            "package": db.session.scalars(select(ArchivePackage).where(ArchivePackage.entry_id == record.id)).one_or_none()
            if actor.can("can_read", ArchivePackage.permission_name())
            else None,
            "may_ask": record.state == "kept" and bool(record.paper_place) and actor.can("can_write", PaperRequest.permission_name()),
        }


class DestructionView(RecordView):
    """With the way to fill the list with everything that may be destroyed."""

    show_page_template = "archives/destruction.html"
    include_route_methods = RecordView.include_route_methods | {"expired", "add_expired"}

    @expose("/<int:pk>/expired")
    @has_access
    @permission_name("read")
    @refusable
    def expired(self, pk: int) -> str:
        """How many records could be added, and which stay."""
        record = self._record(pk)
        return render_template(
            "archives/expired.html", record=record, outlook=outlook(db.session(), record), most=MOST, may_fill=_may_write(), url=self.url,
            url_of=url_of, words=words,
        )  # fmt: skip

    @expose("/<int:pk>/add_expired", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def add_expired(self, pk: int) -> Any:
        """Put them on the list."""
        count = add_expired(db.session(), self._record(pk))
        db.session.commit()
        flash(_("%(n)s records were added to the list.", n=count), "success")
        return redirect(self.url("show", pk=pk))

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        return {"may_fill": record.state == "draft" and _may_write()}


def _may_write() -> bool:
    return current_actor().can("can_write", Destruction.permission_name())


class RetentionRuleView(RecordView):
    """With all versions of the rule, and the way to a new one."""

    show_page_template = "archives/rule.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, RetentionRule)
        versions = versions_of(db.session(), record)
        later = superseded_by(record, versions)
        may_propose = record.was_held and later is None and current_actor().can("can_write", RetentionRule.permission_name())
        return {"versions": versions, "superseded_by": later, "may_propose": may_propose}
