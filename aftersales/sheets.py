"""Lists on paper that belong to no record: letterhead, form number, page x of y, who printed them and when. In Chinese as every paper."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, render_template
from sqlalchemy.orm import Session

from aftersales.labels import speaking
from aftersales.record.actor import current_actor
from aftersales.record.content import canonical
from aftersales.record.display import words
from aftersales.record.now import CHINA, now
from aftersales.record.printing.render import PRINT_CSS, TEMPLATE_FOLDER, render_pdf


@dataclass(frozen=True)
class Table:
    """`widths` in hundredths of the line."""

    caption: str
    heads: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Sheet:
    """One paper: its form, its number, what it says at its head, and its tables."""

    title: str
    form_no: str
    number: str
    tables: Sequence[Table] = ()
    facts: Sequence[tuple[str, str]] = ()
    note: str = ""
    is_wide: bool = False
    edition: str = "A/0"
    more: dict[str, Any] = field(default_factory=dict)


def print_sheet(session: Session, sheet: Sheet, template: str = "documents/sheets/list.html") -> bytes:
    moment = now()
    with speaking("zh"):
        html = render_template(
            template, sheet=sheet, number=sheet.number, verification=None,
            mark="uncontrolled" if current_actor().bounds is None else "reference",
            company=current_app.extensions["letterhead"](session, None, moment.astimezone(CHINA).date()),
            form={"title": sheet.title, "number": sheet.form_no, "version": sheet.edition},
            printed={"by": current_actor().name, "at": words(moment)}, **sheet.more,
        )  # fmt: skip
    identifier = hashlib.sha256(f"{sheet.form_no}:{sheet.number}".encode()).digest()[:16]
    told = canonical({"form_no": sheet.form_no, "number": sheet.number, "printed_by": current_actor().name})
    sheets = (PRINT_CSS, *([TEMPLATE_FOLDER / "sheet_wide.css"] if sheet.is_wide else []))
    return render_pdf(html, stylesheets=sheets, identifier=identifier, record=told, created=moment, title=f"{sheet.title} {sheet.number}")
