"""The page of traceability: one box for any code, then everything it leads to in sections; as a graph to print, and as a workbook."""

from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.jobs import ask
from aftersales.labels import language, speaking
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.display import words
from aftersales.record.refusal import NotAllowed
from aftersales.traceability import workbook
from aftersales.traceability.graph import drawn, printed
from aftersales.traceability.hub import WINDOW, Mark, hub_of
from aftersales.traceability.links import Section, sections_of
from aftersales.traceability.start import LONGEST, Kind, Start, start_of, starts_for

SHOWN, PAGE = 8, 50


class TracePage(Page):
    """`/trace/?q=` finds the start; `/trace/?kind=&key=` shows what it leads to, `section=` one kind of it page by page. `before` is the
    mark of an older window."""

    route_base = "/trace"
    default_view = "index"
    section = "devices_and_customers"
    permission = ("can_read", "ServiceOrder")

    @classmethod
    def title(cls) -> str:
        return _("Traceability")

    @expose("/")
    @guarded
    def index(self) -> Any:
        if "key" in request.args:
            return self._shown(start_of(db.session(), request.args.get("kind", ""), request.args["key"]))
        phrase = request.args.get("q", "").strip()[:LONGEST]
        found = starts_for(db.session(), phrase) if phrase else []
        if len(found) == 1:
            return redirect(url_to(found[0]))
        return render_template("traceability/begin.html", phrase=phrase, found=found, url_to=url_to)

    @expose("/find", methods=["POST"])
    @guarded
    def find(self) -> Any:
        """What was typed or scanned becomes an address, which can be kept and sent."""
        return redirect(url_for(".index", q=request.form.get("q", "").strip()[:LONGEST] or None), 303)

    def _shown(self, start: Start) -> str:
        mark = Mark.read(request.args.get("before", ""))
        hub = hub_of(db.session(), start, mark)
        chosen = request.args.get("section", "")
        sections = sections_of(db.session(), hub, [Kind[chosen]] if chosen in Kind.__members__ else Kind)
        here = {"before": request.args["before"]} if request.args.get("before") else {}
        actor = current_actor()
        return render_template(
            "traceability/show.html", start=start, hub=hub, window=WINDOW, words=words, url_to=url_to, chosen=chosen,
            is_older="before" in here,
            tables=[_table(start, section, here, chosen) for section in sections], graph=None if chosen else drawn(hub, sections),
            older_url=url_to(start, section=chosen or None, before=str(hub.older)) if hub.older else None,
            may_export=actor.can(*workbook.EXPORTS), may_compile=actor.can("can_compile", "Binder"),
        )  # fmt: skip

    @expose("/graph.pdf")
    @guarded
    def graph(self) -> Response:
        """The graph on one sheet of A4."""
        start = start_of(db.session(), request.args.get("kind", ""), request.args.get("key", ""))
        hub = hub_of(db.session(), start, Mark.read(request.args.get("before", "")))
        with speaking("zh"):  # print templates are Chinese documents
            return Response(printed(db.session(), hub, sections_of(db.session(), hub)), mimetype="application/pdf")

    @expose("/export", methods=["POST"])
    @guarded
    def export(self) -> Any:
        """Everything it leads to, without a window, as a job."""
        if not current_actor().can(*workbook.EXPORTS):
            raise NotAllowed(_("Your role may not do this."))
        start = start_of(db.session(), request.args.get("kind", ""), request.args.get("key", ""))
        job = ask(db.session(), workbook.KIND, {"kind": start.kind.value, "key": start.key, "language": language()})
        return redirect(url_for("JobsView.show", pk=job.id, then="download"), 303)


def url_to(start: Start, **more: str | None) -> str:
    return url_for("TracePage.index", kind=start.kind.value, key=start.key, **more)


def _table(start: Start, section: Section, here: dict[str, str], chosen: str) -> dict[str, Any]:
    """A section cut to what is shown of it: the first few, or where it was chosen a page after the key `after`."""
    links = section.links
    after = request.args.get("after", "") if chosen else ""
    if after:
        last = next((link.rank for link in links if link.thing.key == after), None)
        links = tuple(link for link in links if last is not None and link.rank < last)
    size = PAGE if chosen else SHOWN
    more = {"section": section.kind.value, **here}
    if chosen and len(links) > size:
        more["after"] = links[size - 1].thing.key
    return {
        "kind": section.kind, "links": links[:size], "count": len(section.links), "is_later": bool(after),
        "more_url": url_to(start, **more) if len(links) > size else None,
    }  # fmt: skip
