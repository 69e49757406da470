"""Whether a paper holds: /v/<code> from the QR code on it, and a PDF compared with the archived one (R17.3)."""

import re
from dataclasses import dataclass
from typing import Any

from flask import current_app, redirect, request
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.labels import has_label, label, language
from aftersales.portal import form_token
from aftersales.portal.limits import address, refuse_flood
from aftersales.portal.pages import blueprint, page, to
from aftersales.portal.stranger import actor_behind
from aftersales.record.actor import acting_as
from aftersales.record.archive import CODE_ALPHABET, CODE_LENGTH, SealedDocument, sealed_of
from aftersales.record.base import SharedRecord
from aftersales.record.display import change_words
from aftersales.record.media import MEGABYTE
from aftersales.record.printing.verify import verify_pdf

ASKING = "30 per minute; 300 per hour"
COMPARING = "6 per minute; 60 per hour"
LARGEST = 20 * MEGABYTE
CODE = re.compile(f"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}")
SAID_ABOVE = ("number", "form")  # facts that the page shows already, from the paper's own row
ABOUT_THE_SIGNER = {"certificate_unknown", "certificate_expired"}


@dataclass(frozen=True)
class Comparison:
    """A file held against the archived one. `problems` are sentences about the file alone."""

    is_whole: bool
    is_ours: bool
    is_the_archived: bool
    sha256: str
    problems: tuple[str, ...]

    @property
    def is_genuine(self) -> bool:
        return self.is_whole and self.is_ours and self.is_the_archived


@blueprint.route("/v/")
def ask_code() -> Any:
    code = _proper(request.args.get("code", ""))
    return redirect(to("verify", code=code)) if code else page("verify_ask", code="", is_unknown=False)


@blueprint.route("/v/<code>", methods=["GET", "POST"])
def verify(code: str) -> Any:
    refuse_flood(ASKING, "verify", address())
    proper = _proper(code)
    if proper != code and proper:
        return redirect(to("verify", code=proper))
    actor = actor_behind(SealedDocument.code, code) if CODE.fullmatch(code) else None
    if actor is None:
        return page("verify_ask", 404, code=code[:40], is_unknown=True)
    with acting_as(actor):
        document = db.session.scalars(select(SealedDocument).where(SealedDocument.code == code)).one()
        record = db.session.get_one(SharedRecord.record_types[document.kind], document.record_id)
        comparison, error = _compare(document) if request.method == "POST" else (None, "")
        return page(
            "verify", 422 if error else 200, document=document, record=record, standing=document.standing(record),
            current=_current(record), title=_title(document), facts=list(_facts(document)),
            code=" ".join(re.findall("....", code)), comparison=comparison, error=error, token=form_token.issue("verify"),
        )  # fmt: skip


def _current(record: SharedRecord) -> str | None:
    """The code of the version in force, for whoever holds one that no longer is."""
    if not isinstance(record, DocumentVersion) or record.void_since is None:
        return None
    latest = record.document.latest
    papers = sealed_of(db.session, latest) if latest is not None and latest.state == "effective" else []
    return next((paper.code for paper in papers if paper.status == "valid"), None)


def _compare(document: SealedDocument) -> tuple[Comparison | None, str]:
    refuse_flood(COMPARING, "compare", address())
    request.max_content_length = LARGEST
    upload = request.files.get("file")
    if form_token.nonce_of("verify", request.form.get("token", "")) is None:
        return None, _("This page was open too long. Choose the file once more.")
    data = upload.read() if upload else b""
    if not data:
        return None, _("Choose a file.")
    if not data.startswith(b"%PDF-"):
        return None, _("This is not a PDF file.")
    verdict = verify_pdf(data, [current_app.extensions["signer"].certificate_pem])
    return Comparison(
        is_whole=all(problem.code in ABOUT_THE_SIGNER for problem in verdict.problems),
        is_ours=verdict.is_trusted is True,
        is_the_archived=verdict.sha256 == document.sha256,
        sha256=verdict.sha256,
        problems=tuple(problem.words(language()) for problem in verdict.problems),
    ), ""


def _proper(code: str) -> str:
    """A code as it is stored, from one read aloud or copied: capitals, no spaces, no dashes."""
    return re.sub(r"[\s\-–—·.]", "", code).upper()[: CODE_LENGTH * 2]


def _title(document: SealedDocument) -> str:
    cls = SharedRecord.record_types[document.kind]
    return label(f"{cls.key()}.document.{document.name}")


def _facts(document: SealedDocument) -> Any:
    """(caption, text) of each fact the record gave to the public when it was sealed."""
    cls = SharedRecord.record_types[document.kind]
    for name, value in document.facts.items():
        if name not in SAID_ABOVE and value not in (None, ""):
            yield (label(f"fact.{name}") if has_label(f"fact.{name}") else cls.field_label(name)), change_words(cls, name, value)
