"""The pages of clock rules: the rule book as a table, the form of a change, what an approval would move; and the way to a pause."""

from typing import Any

from flask import abort, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.deadlines.clock_pause import ClockPause
from aftersales.deadlines.clock_rule import ClockRule, reach_of, superseded_by, versions_of
from aftersales.deadlines.condition import all_clocks, condition_words, offered_milestones
from aftersales.deadlines.condition_field import ConditionField, GivenHiddenField
from aftersales.deadlines.recount import under_way
from aftersales.deadlines.rejudging import Outlook, outlook
from aftersales.deadlines.rule_table import Tab, history, length_words, table
from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import LEGAL, ClockRun
from aftersales.record.conflict import Clash
from aftersales.record.display import url_of, words
from aftersales.record.forms import RecordForm
from aftersales.record.now import today
from aftersales.record.views import RecordView

KEPT_IN_A_VERSION = (
    "name", "name_en", "condition", "amount", "unit", "kind", "remind_before_minutes", "source", "source_title", "article",
)  # fmt: skip


class ClockRuleView(RecordView):
    """The bare address shows the table; `?version_of=` opens the form of a change, filled from the rule it changes."""

    show_page_template = "deadlines/clock_rule.html"
    form_page_template = "deadlines/clock_rule_form.html"

    def opening(self) -> str:
        asked = request.args.get("tab", "")
        tab = Tab(asked) if asked in list(Tab) else Tab.now
        groups, counts = table(db.session(), tab)
        sources = {line.rule.source: line.rule.source_title for group in groups for line in group.lines if line.rule.source_title}
        return render_template(
            "deadlines/clock_rules.html", groups=groups, sources=sources, counts=counts, tab=tab, tabs=Tab,
            url=self.url, url_of=url_of, words=words, length=length_words,
            may_write=current_actor().can("can_write", ClockRule.permission_name()),
        )  # fmt: skip

    # -- the form --

    def form_type(self, names: tuple[str, ...]) -> type[RecordForm]:
        milestone, changed = self._milestone(), self._changed()
        own = {
            "milestone": GivenHiddenField(default=milestone),
            "first_id": GivenHiddenField(default=changed.lineage if changed else None),
            "condition": ConditionField(
                ClockRule.field_label("condition"), description=label("clock_rule.help.condition"), milestone=milestone
            ),
        }
        return type("ClockRuleForm", (super().form_type(names),), own)

    def form_extras(self, record: SharedRecord | None) -> dict[str, Any]:
        return {"milestone": self._milestone(), "changed": self._changed(), "length": length_words, "words": words}

    def _preset(self, names: tuple[str, ...]) -> dict[str, Any]:
        changed = self._changed()
        kept = {name: getattr(changed, name) for name in KEPT_IN_A_VERSION} if changed else {}
        return kept | {"effective_from": today()}

    def _form(self, form: RecordForm, record: SharedRecord | None, parent: SharedRecord | None, clash: Clash | None = None) -> Any:
        if form["milestone"].data:
            return super()._form(form, record, parent, clash)
        clocks = [(cls.label(), label(f"milestone.{clock.milestone}"), clock.milestone) for cls, clock in all_clocks()]
        body = render_template("deadlines/milestones.html", cls=ClockRule, clocks=clocks, url=self.url)
        return (body, 422) if request.method == "POST" else body

    def _milestone(self) -> str:
        """What the rule is for: settled by the rule that is edited or changed, else chosen before the form."""
        rule, asked = self._edited() or self._changed(), request.args.get("milestone", "")
        return rule.milestone if rule else asked if asked in dict(offered_milestones()) else ""

    def _edited(self) -> ClockRule | None:
        pk = (request.view_args or {}).get("pk")
        return None if pk is None else db.session.get(ClockRule, pk)

    def _changed(self) -> ClockRule | None:
        """The version that the form proposes to change."""
        pk = request.args.get("version_of", type=int)
        if pk is None:
            return None
        return (db.session.get(ClockRule, pk) if 0 < pk < 2**63 else None) or abort(404)

    # -- one rule --

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, ClockRule)
        session = db.session()
        versions = versions_of(session, record)
        seen = outlook(session, reach_of(session, record, versions)) if record.state == "proposed" else None
        return {
            "recounting": under_way(session, record) if record.was_held else None,
            "outlook": seen,
            "moved": moved_rows(session, seen) if seen else [],
            "history": history(session, versions),
            "length": length_words(record.amount, record.unit),
            "condition": condition_words(record.milestone, record.condition),
            "superseded_by": (later := superseded_by(record, versions)),
            "may_propose": record.was_held and later is None and current_actor().can("can_write", ClockRule.permission_name()),
        }


def moved_rows(session: Session, seen: Outlook) -> list[dict[str, Any]]:
    """The sample as rows of a table: record, due now, due then. A record that this person may not see is left out."""
    wanted: dict[str, set[int]] = {}
    for change in seen.sample:
        wanted.setdefault(change.run.kind, set()).add(change.run.record_id)
    records: dict[tuple[str, int], SharedRecord] = {}
    for kind, ids in wanted.items():
        cls = SharedRecord.record_types[kind]
        records |= {(kind, row.id): row for row in session.scalars(select(cls).where(cls.id.in_(ids)))}
    found = ((change, records.get((change.run.kind, change.run.record_id))) for change in seen.sample)
    return [
        {
            "url": url_of(record),
            "cells": [
                {"text": str(record), "code": True, "hint": str(change.run)},
                words(change.old_due_at),
                words(change.new_due_at) or _("asked for no longer"),
            ],
        }
        for change, record in found
        if record is not None
    ]


def clock_actions(run: ClockRun) -> list[tuple[str, str]]:
    """What a person may ask of a running clock: (words, address). A legal clock is never paused."""
    may = current_actor().can("can_write", ClockPause.permission_name())
    return (
        [(_("Ask for a pause"), f"/clock_pause/add?clock_id={run.id}")]
        if may and run.track != LEGAL and run.state in ("running", "missed")
        else []
    )
