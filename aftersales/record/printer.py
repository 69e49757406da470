"""A record on paper: its template, its data attached as JSON, signed when it is sealed."""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import current_app, render_template
from flask_babel import gettext as _
from pyhanko.sign.timestamps import TimestampRequestError
from sqlalchemy.orm import object_session

from aftersales.labels import label, speaking
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun, runs_of
from aftersales.record.content import canonical, content, plain
from aftersales.record.custom import form_version, is_custom
from aftersales.record.deadline import Decision
from aftersales.record.display import Shown, shown, words
from aftersales.record.now import CHINA, now
from aftersales.record.printing.qr import qr_svg
from aftersales.record.printing.render import render_pdf
from aftersales.record.refusal import Refusal
from aftersales.record.showing import Section, sections_of
from aftersales.record.signatures import signatures_of
from aftersales.record.words import Document


@dataclass(frozen=True)
class PrintedTable:
    relation: str
    title: str
    heads: list[tuple[str, str]]
    cells: list[list[str]]


def print_record(record: SharedRecord, document: Document, code: str, is_sealing: bool) -> bytes:
    """The PDF/A-3b of a record. Sealing gives it a code and the company's signature; else it says that it is not controlled."""
    moment = now()
    document = replace(document, version=form_version(type(record), document.version))
    title = label(f"{record.key()}.document.{document.name}", "zh")
    verify_url = f"{current_app.config['BASE_URL']}/v/{code}" if code else ""
    printed_by = current_actor().name
    # What is sealed is whole, whatever the person who seals may see of it; other prints are masked like the page.
    reader = SYSTEM if is_sealing else current_actor()
    with speaking("zh"), acting_as(reader):  # print templates are Chinese documents
        sections = printed_sections(record)
        html = render_template(
            [f"documents/{document.name}.html", "documents/record.html"],
            record=record,
            company=current_app.extensions["letterhead"](object_session(record), record, moment.astimezone(CHINA).date()),
            form={"title": title, "number": document.form_no, "version": document.version, "procedures": procedures_of(record)},
            number=str(record),
            printed={"by": printed_by, "at": words(moment)},
            verification={"qr": qr_svg(verify_url), "code": code, "url": verify_url} if code else None,
            mark=None if is_sealing or document.goes_out else "uncontrolled",
            sections=sections,
            added=added_pairs(record),
            people=_signers(record),
            clocks=printed_clocks(record),
            shown=shown,
            words=words,
        )
    pdf = render_pdf(
        html,
        identifier=hashlib.sha256(f"{record.key()}:{record.id}:{code}".encode()).digest()[:16],
        record=canonical(record_json(record, document, moment)),
        created=moment,
        title=f"{title} {record}",
        lang="zh-CN",
    )
    if not is_sealing:
        return pdf
    try:
        return current_app.extensions["signer"].sign_pdf(pdf, reason=title, signer_name=current_app.config["COMPANY_NAME"])
    except TimestampRequestError as error:
        raise Refusal(_("The time stamp server does not answer, so nothing was sealed. Try again later.")) from error


@dataclass(frozen=True)
class PrintedSection:
    """A section as the blocks of templates/documents take it: pairs of label and text, and tables of its lines."""

    name: str
    title: str
    pairs: list[tuple[str, ...]]
    tables: list[PrintedTable]

    @property
    def facts(self) -> bool:
        return bool(self.pairs)


@dataclass(frozen=True)
class PrintedClock:
    """One run of a deadline as paper tells it; `state` is the run's: met, late, missed, paused, running, dropped."""

    milestone: str
    run: int
    due_at: datetime
    met_at: datetime | None
    state: str
    demanded_by: str


def printed_clocks(record: SharedRecord) -> list[PrintedClock]:
    if not record.clocks:
        return []
    runs = runs_of(object_session(record), record)
    return [PrintedClock(label(f"milestone.{r.milestone}", "zh"), r.run, r.due_at, r.met_at, r.state, _demand(r)) for r in runs]


def _demand(run: ClockRun) -> str:
    rule = Decision.from_json(run.decision).winners[0].rule
    return rule.label[0]


def printed_sections(record: SharedRecord) -> list[PrintedSection]:
    return [_printed(section) for section in sections_of(record)]


def added_pairs(record: SharedRecord) -> list[tuple[str, ...]]:
    """The custom fields, for a form with a layout of its own."""
    names = [name for fields in record.sections.values() for name in fields if is_custom(name)]
    return [_pair(record.field_label(name), shown(record, name)) for name in names]


def _printed(section: Section) -> PrintedSection:
    pairs = [_pair(caption, value) for caption, value in section.facts]
    tables = [
        PrintedTable(t.relation, t.title, [(name, "") for name in t.columns], [[cell.text for cell in cells] for _row, cells in t.rows])
        for t in section.tables
    ]
    return PrintedSection(section.name, section.title, pairs, tables)


def _pair(caption: str, value: Shown) -> tuple[str, ...]:
    return (caption, value.text, "wide") if value.is_long else (caption, value.text)


def _signers(record: SharedRecord) -> list[dict[str, Any]]:
    """The valid signatures, as the signature boxes take them."""
    session = object_session(record)
    return [
        {
            "meaning": label(f"signing.{s.name}", "zh"),
            "name": s.signer_name,
            "at": words(s.signed_at),
            "image": _image(s.image) if s.image and s.destroyed_under is None else None,
        }
        for s in signatures_of(session, record)
        if s.is_valid
    ]


def record_json(record: SharedRecord, document: Document, moment: datetime) -> dict[str, Any]:
    """Everything the paper says, and what it rests on, for machines."""
    session = object_session(record)
    return {
        "document": {"name": document.name, "form_no": document.form_no, "version": document.version, "printed_at": plain(moment)},
        "record": content(record),
        "state": getattr(record, "state", None),
        "procedures": procedures_of(record),
        "signatures": [
            {
                "name": s.name,
                "signer": s.signer_name,
                "method": s.method,
                "signed_at": plain(s.signed_at),
                "content_sha256": s.content_hash,
                "valid": s.is_valid,
            }
            for s in signatures_of(session, record)
        ],
        "clocks": [
            {
                "milestone": r.milestone,
                "track": r.track,
                "run": r.run,
                "started_at": plain(r.started_at),
                "due_at": plain(r.due_at),
                "met_at": plain(r.met_at),
            }
            for r in runs_of(session, record)
        ],
    }


def procedures_of(record: SharedRecord) -> list[str]:
    """The controlled documents in force that govern such a record, with their version: what it was made by."""
    return [" ".join(pair) for pair in current_app.extensions["documents_in_force"](object_session(record), type(record).__name__)]


def _image(sha256: str) -> str:
    """A stored picture as a data URL: a document loads nothing from anywhere."""

    data = current_app.extensions["store"].get(sha256)
    media_type = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
