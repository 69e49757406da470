"""A trace as a workbook: a sheet for each kind of thing, every window of it, with the rights of the person who asked."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from openpyxl import Workbook

from aftersales.jobs.work import Result, Work, handles
from aftersales.labels import label, speaking
from aftersales.record.actor import current_actor
from aftersales.record.audit import record_event
from aftersales.record.display import words
from aftersales.record.now import now
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.spreadsheet.cells import XLSX, Sheet, bytes_of, plain, writing
from aftersales.spreadsheet.export import EXPORTS, MOST, Export
from aftersales.traceability.hub import Hub, windows
from aftersales.traceability.links import Link, sections_of
from aftersales.traceability.start import Kind, Start, start_of

KIND = "trace_export"


@dataclass
class Kept:
    """One sheet, and the keys of what stands on it already: windows tell a customer or a person again."""

    sheet: Sheet
    keys: set[str] = field(default_factory=set)

    def add(self, links: tuple[Link, ...]) -> None:
        new = [link for link in links if link.thing.key not in self.keys]
        self.keys |= {link.thing.key for link in new}
        self.sheet.write([_row(link) for link in new])


@handles(KIND)
def export_trace(work: Work) -> Result:
    with speaking(work.arguments["language"]):
        if not current_actor().can(*EXPORTS):
            raise NotAllowed(_("Your role may not do this."))
        start = start_of(work.session, work.arguments["kind"], work.arguments["key"])
        with writing() as book:
            count = _write(work, book, start)
            _tell(book, start, count)
            _note(work, start, count)
            return Result(_("%(n)s rows.", n=count), bytes_of(book), f"{_('Traceability')}-{start.text}-{now():%Y%m%d}.xlsx", XLSX)


def _write(work: Work, book: Workbook, start: Start) -> int:
    kept: dict[Kind, Kept] = {}
    count = 0
    for hub in windows(work.session, start):
        count = _window(work, book, hub, kept)
        work.session.expunge_all()
        if count > MOST:
            raise Refusal(_("More than %(n)s rows: begin from something narrower.", n=MOST))
        work.advance(count)
    for each in kept.values():
        each.sheet.finish()
    return count


def _window(work: Work, book: Workbook, hub: Hub, kept: dict[Kind, Kept]) -> int:
    captions = [_("What"), _("Detail"), _("How it hangs together"), _("When"), label("service_order.number")]
    for section in sections_of(work.session, hub):
        if section.kind not in kept:
            kept[section.kind] = Kept(Sheet(book, label(f"trace_kind.{section.kind}"), captions))
        kept[section.kind].add(section.links)
    return sum(len(each.keys) for each in kept.values())


def _row(link: Link) -> list[Any]:
    return [link.thing.text, link.thing.hint, label(f"trace_link.{link.how}"), plain(link.at), link.order_no]


def _tell(book: Workbook, start: Start, count: int) -> None:
    sheet = Sheet(book, _("About this workbook"), [_("About this workbook"), start.text])
    told = [(label(f"trace_kind.{start.kind}"), start.text), (_("Exported by"), current_actor().name), (_("Exported at"), words(now()))]
    sheet.write([list(pair) for pair in (*told, (_("Rows"), count))])
    sheet.finish()


def _note(work: Work, start: Start, count: int) -> None:
    told = {"record_type": label(f"trace_kind.{start.kind}"), "rows": count, "filter": start.text}
    record_event(work.session, Export(work.job_id), "export", changes={name: [None, value] for name, value in told.items()})
    work.session.commit()
