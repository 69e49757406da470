"""The lists of documents as pages, with their papers and workbooks."""

from flask import Response, abort, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from aftersales.documents import lists
from aftersales.documents.copies import ControlledCopy
from aftersales.documents.lists import DocumentList
from aftersales.extensions import db
from aftersales.labels import label, speaking
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.audit import note_event
from aftersales.record.display import words
from aftersales.record.file_routes import sent_bytes
from aftersales.record.now import now, today
from aftersales.sheets import Sheet, Table, print_sheet
from aftersales.spreadsheet.cells import XLSX, bytes_of, plain, writing
from aftersales.spreadsheet.cells import Sheet as WorkSheet
from aftersales.spreadsheet.export import EXPORTS, Export

KINDS = "<any(current,copies):kind>"


class DocumentListsPage(Page):
    """`/document_lists/current` and `/document_lists/copies`; `?all=1` has the copies that are no longer out."""

    route_base = "/document_lists"
    permission = ("can_read", "ControlledDocument")

    @classmethod
    def title(cls) -> str:
        return _("Lists of documents")

    @expose(f"/{KINDS}")
    @guarded
    def show(self, kind: str) -> str:
        return render_template(
            "controlled/list_of.html", told=_told(kind), kind=kind, words=words, as_of=now(), with_ended=_with_ended(),
            may_export=current_actor().can(*EXPORTS), may_see_copies=current_actor().can("can_read", ControlledCopy.permission_name()),
        )  # fmt: skip

    @expose(f"/{KINDS}.pdf")
    @guarded
    def printed(self, kind: str) -> Response:
        with speaking("zh"):
            told = _told(kind)
            rows = [tuple(words(cell) if cell not in (None, "") else "—" for cell in cells) for cells in told.cells]
        note = _scope(kind, len(rows), told.is_cut)
        sheet = Sheet(
            label(f"document_list.{kind}", "zh"), told.form_no, today().isoformat(), [Table("", told.heads, told.widths, rows)],
            note=note, is_wide=True,
        )  # fmt: skip
        return sent_bytes(print_sheet(db.session(), sheet), f"{kind}-{today()}.pdf", "application/pdf", inline=True)

    @expose(f"/{KINDS}.xlsx")
    @guarded
    def export(self, kind: str) -> Response:
        if not current_actor().can(*EXPORTS):
            abort(403)
        told, title = _told(kind), label(f"document_list.{kind}")
        with writing() as book:
            sheet = WorkSheet(book, title, list(told.heads))
            sheet.write([[plain(cell) for cell in cells] for cells in told.cells])
            sheet.finish()
            about = WorkSheet(book, _("About this workbook"), [_("About this workbook"), title])
            facts = (told.form_no, "A/0"), (_("Exported by"), current_actor().name), (_("Exported at"), words(now()))
            about.write([list(pair) for pair in (*facts, (_("Rows"), len(told.cells)))])
            about.finish()
            data = bytes_of(book)
        changes = {"record_type": [None, title], "rows": [None, len(told.cells)]}
        note_event(db.session(), Export(0), "export", changes=changes)  # made here and now, by no job
        return sent_bytes(data, f"{title}-{today():%Y%m%d}.xlsx", XLSX)


def _told(kind: str) -> DocumentList:
    if kind == "current":
        return lists.current(db.session())
    if not current_actor().can("can_read", ControlledCopy.permission_name()):
        abort(403)
    return lists.copies(db.session(), with_ended=_with_ended())


def _with_ended() -> bool:
    return request.args.get("all") == "1"


def _scope(kind: str, count: int, is_cut: bool) -> str:
    """What the paper says below the list: how much of what it is."""
    if is_cut:
        return f"仅列前 {count} 项，其余见系统。"
    if kind == "current":
        return f"共 {count} 份现行有效文件。"
    return f"共 {count} 份，含已收回、销毁和遗失。" if _with_ended() else f"共 {count} 份在外受控副本。"
