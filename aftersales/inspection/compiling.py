"""The job that compiles a binder, with the rights of who asked. Its two files are named in the database in one step, at its end."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import pikepdf
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from aftersales.inspection import chapters as printing
from aftersales.inspection.binder import COMPILES, Binder, binder_of
from aftersales.inspection.binding import Bound, Chapter, Entry, Part, Press, bind
from aftersales.inspection.choosing import Chosen, Wanted, choose, procedures_of
from aftersales.inspection.extract import trail_of
from aftersales.jobs.work import Result, Work, handles
from aftersales.labels import label, speaking
from aftersales.record.actor import current_actor
from aftersales.record.archive import SealedDocument
from aftersales.record.audit import record_event
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.now import now
from aftersales.record.printing.render import RECORD_NAME
from aftersales.record.refusal import NotAllowed
from aftersales.record.storage import Store
from aftersales.trail.verification import READS_TRAIL

KIND = "binder"
LINES = 42  # entries on a sheet of the table of contents
STEP = 20  # parts between two signs of progress
MARKS = {"superseded": "已被取代", "void": "作废"}


@handles(KIND)
def compile_binder(work: Work) -> Result:
    with speaking(work.arguments["language"]):
        if not current_actor().can(*COMPILES):
            raise NotAllowed(_("Your role may not do this."))
        binder, things = binder_of(work.session, work.arguments["binder"])
        wanted = Wanted(tuple(things), binder.subject, binder.begins_on, binder.ends_on)
        chosen = choose(work.session, wanted)
        bound = _bound(work, binder, wanted, chosen)
        return _kept(work, bound, len(chosen.papers))


def _bound(work: Work, binder: Binder, wanted: Wanted, chosen: Chosen) -> Bound:
    session = work.session
    about = _about(session, binder, wanted, chosen)
    parts, beside = _parts(session, wanted, chosen)
    total = sum(len(chapter.parts) for chapter in parts)
    work.advance(0, total)

    def advance(done: int) -> None:
        if done % STEP == 0 or done == total:
            work.advance(done)

    press = Press(
        front=lambda entries, pages: _front(session, about, entries, pages),
        front_sheets=lambda count: 1 + ceil(count / LINES),
        sums=_sums,
        marks={name: printing.printed("mark", name, text=text) for name, text in MARKS.items()},
    )
    return bind(parts, beside, press, about, advance)


def _kept(work: Work, bound: Bound, originals: int) -> Result:
    store: Store = current_app.extensions["store"]
    pdf, packed = store.put(bound.pdf), store.put(bound.zip)
    binder, things = binder_of(work.session, work.arguments["binder"])
    binder.pdf, binder.zip, binder.pages, binder.originals, binder.made_at = pdf, packed, bound.pages, originals, now()
    told = {"title": binder.title, "things": "、".join(thing.text for thing in things), "originals": originals, "pdf": pdf, "zip": packed}
    record_event(work.session, binder, "compile", changes={name: [None, value] for name, value in told.items() if value != ""})
    work.session.commit()
    return Result(_("%(pages)s pages with %(n)s originals.", pages=bound.pages, n=originals))


def _parts(session: Session, wanted: Wanted, chosen: Chosen) -> tuple[list[Chapter], Iterator[tuple[str, bytes]]]:
    """The chapters in their order, and what goes into the ZIP beside them."""
    originals = tuple(_original(index, paper) for index, paper in enumerate(chosen.papers, 1))
    versions = [(version, paper) for version, paper in procedures_of(session, chosen) if paper is not None]
    entries: list[dict[str, Any]] = []
    qualified, calibrated = printing.qualifications_table(session, wanted, chosen), printing.calibrations_table(session, chosen)
    parts = [
        Chapter("设备台账", _made("01-devices", "设备台账", printing.devices_table(session, chosen))),
        Chapter("质量与监管事项", _made("02-story", "投诉、不良事件、召回及其处置", printing.story_table(session, chosen))),
        Chapter("存档原件", originals),
        Chapter("当时有效的程序文件", tuple(_procedure(version, paper) for version, paper in versions)),
        Chapter("人员资质", _made("05-qualifications", "当时有效的资质", qualified)),
        Chapter("计量校准", _made("06-calibrations", "使用当日有效的校准", calibrated)),
        Chapter("尚未封存的记录", _made("08-not-sealed", "尚无封存文件的工单", _not_sealed(chosen))),
    ]
    if current_actor().can(*READS_TRAIL):
        trail = trail_of(session, chosen)
        parts.insert(6, Chapter("审计追踪", _made("07-audit-trail", "审计追踪摘录", trail.table, trail.intro)))
        entries = [{"kind": kind, "record_id": pk, "entries": told} for (kind, pk), told in trail.entries.items()]
    return parts, _beside(originals, entries)


def _beside(originals: Sequence[Part], entries: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """The data that was sealed inside each original, and the trail."""
    for part in originals:
        with pikepdf.open(io.BytesIO(part.read())) as pdf:
            if RECORD_NAME in pdf.attachments:
                path = part.path.replace("originals/", "records/").replace(".pdf", ".json")
                yield path, pdf.attachments[RECORD_NAME].get_file().read_bytes()
    if entries:
        yield "audit/entries.json", _json(entries)


def _original(index: int, paper: SealedDocument) -> Part:
    title = printing.paper_words(paper.kind, paper.name)
    status = label(f"sealed_status.{paper.status}", "zh")
    return Part(
        title=f"{paper.number} {title}",
        detail=f"{words(paper.sealed_at)} {status}",
        path=f"originals/{index:04d}-{_plain(paper.number)}-{paper.name}.pdf",
        read=_reader(paper.sha256),
        sha256=paper.sha256,
        mark="" if paper.status == "valid" else paper.status,
    )


def _procedure(version: Any, paper: SealedDocument) -> Part:
    force = f"{words(version.in_force_at)[:10]} 至 {words(version.obsolete_at)[:10] or '今'}"
    return Part(f"{version} {version.document.name}", force, f"procedures/{_plain(str(version))}.pdf", _reader(paper.sha256), paper.sha256)


def _made(path: str, title: str, table: printing.Table, intro: str = "") -> tuple[Part, ...]:
    if not table.rows:
        return ()
    data = printing.print_chapter(title, [table], intro)
    return (Part(title, f"{len(table.rows)} 行", f"chapters/{path}.pdf", lambda: data),)


def _not_sealed(chosen: Chosen) -> printing.Table:
    """Repairs without a paper: open ones, and those that were cancelled."""
    sealed = {(paper.kind, paper.record_id) for paper in chosen.papers}
    orders = [order for order in chosen.orders.values() if ("ServiceOrder", order.id) not in sealed]
    rows = [(o.number, words(o.reported_at), label(f"service_order.state.{o.state}", "zh"), o.fault_text[:60]) for o in orders]
    return printing.Table(("工单", "报修时间", "状态", "故障"), (24, 18, 14, 44), rows)


def _front(session: Session, about: dict[str, Any], entries: Sequence[Entry], pages: int) -> bytes:
    """The cover, then the table of contents, LINES to a sheet."""
    sheets = [entries[at : at + LINES] for at in range(0, len(entries), LINES)]
    return printing.printed("front", about["title"], company=printing.letterhead(session), about=about, sheets=sheets, pages=pages)


def _sums(files: Sequence[dict[str, Any]]) -> Part:
    rows = [(file["sha256"], str(file["size"]), file["path"]) for file in files]
    intro = (
        "合并件加盖了册页码，不再是原件；未加改动的原件在压缩包中，其 SHA-256 如下。"
        "在解压后的文件夹中运行 sha256sum -c SHA256SUMS 即可核对。"
    )
    table = printing.Table(("SHA-256", "字节", "文件"), (51, 7, 42), rows, is_list=True)
    data = printing.print_chapter("文件清单与散列值", [table], intro)
    return Part("文件清单与散列值", f"{len(rows)} 个文件", "", lambda: data)


def _about(session: Session, binder: Binder, wanted: Wanted, chosen: Chosen) -> dict[str, Any]:
    """What the cover and the manifest say of the binder."""
    period = [day.isoformat() if day else "" for day in (wanted.begins_on, wanted.ends_on)]
    subject = SharedRecord.record_types[wanted.subject].label("zh") if wanted.subject else ""
    with speaking("zh"):
        things = [f"{label(f'trace_kind.{thing.kind}')}：{thing.text}" for thing in wanted.starts]
        made_at = words(now())
    return {
        "title": binder.title, "number": binder.file_name, "things": things, "subject": subject,
        "begins_on": period[0], "ends_on": period[1],
        "made_by": current_actor().name, "made_at": made_at, "records": len(chosen.orders), "devices": len(chosen.devices),
        "originals": len(chosen.papers),
    }  # fmt: skip


def _reader(sha256: str) -> Any:
    store: Store = current_app.extensions["store"]
    return lambda: store.get(sha256)


def _plain(number: str) -> str:
    """A name that every file system and sha256sum take."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", number).strip("-") or "record"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
