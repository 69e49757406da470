"""A mark laid over the pages of a finished PDF: as what it was printed, by whom, when and what for. The signature of the original goes."""

import hashlib
from io import BytesIO
from typing import Any

import pikepdf
from flask import render_template

from aftersales.record.actor import current_actor
from aftersales.record.content import canonical
from aftersales.record.display import words
from aftersales.record.now import now
from aftersales.record.printing.render import render_pdf


def stamped(data: bytes, mark: Any, *, purpose: str = "", has_watermark: bool = False, has_code: bool = True) -> bytes:
    """`data` with `mark` (a PrintMark) on every page. `has_watermark`: the pages say already in large letters what they are;
    `has_code`: they bear a code that tells whether they still hold."""
    facts = {"mark": mark.value, "printed_by": current_actor().name, "printed_at": words(now()), "purpose": purpose}
    record = canonical(facts)
    html = render_template("documents/sheets/stamp.html", **facts, has_watermark=has_watermark, has_code=has_code)
    layer = render_pdf(html, identifier=hashlib.sha256(record).digest()[:16], record=record, created=now(), title=mark.value)
    with pikepdf.open(BytesIO(data)) as original, pikepdf.open(BytesIO(layer)) as over, pikepdf.new() as marked:
        marked.pages.extend(original.pages)
        for page in marked.pages:
            page.add_overlay(over.pages[0])
            if "/Annots" in page:
                del page.Annots
        out = BytesIO()
        marked.save(out)
    return out.getvalue()
