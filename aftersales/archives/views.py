"""The pages of the archive beside the generic ones: an entry with its reason, files, holds and loans; a rule with its versions."""

from typing import Any

from sqlalchemy import select

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import LegalHold, holds_on
from aftersales.archives.paper import PaperRequest
from aftersales.archives.rule import RetentionRule, versions_of
from aftersales.extensions import db
from aftersales.packages.package import ArchivePackage
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
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


class RetentionRuleView(RecordView):
    """With all versions of the rule, and the way to a new one."""

    show_page_template = "archives/rule.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, RetentionRule)
        may_propose = record.was_held and current_actor().can("can_write", RetentionRule.permission_name())
        return {"versions": versions_of(db.session(), record), "may_propose": may_propose}
