"""The first rows of the register of external documents: what the shipped procedures cite, with its day and the articles they cite."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.documents.document import ControlledDocument
from aftersales.documents.external import Affected, ExternalDocument, ExternalKind
from aftersales.documents.shipping import shipped
from aftersales.record.now import today
from aftersales.record.workflow import perform

FILE = Path(__file__).parent / "external.toml"
CITE = re.compile(r"《(?P<name>[^》]+)》(?:（[^）]*）)?(?P<articles>.*)")
LONGEST = 120


def load_shipped_regulations(session: Session) -> int:
    """Write the laws and rules that the register has not yet, each due for review; says how many. Documents are loaded before."""
    known = set(session.scalars(select(ExternalDocument.reference_no)))
    fresh = [row for row in tomllib.loads(FILE.read_text("utf-8"))["document"] if row["reference_no"] not in known]
    documents = {document.code: document for document in session.scalars(select(ControlledDocument))} if fresh else {}
    for row in fresh:
        _register(session, row, documents)
    session.flush()
    return len(fresh)


def _register(session: Session, row: dict[str, Any], documents: dict[str, ControlledDocument]) -> None:
    values = {name: row.get(name) for name in ("reference_no", "name", "issuer", "published_on", "note", "watch")}
    external = ExternalDocument(**values, kind=ExternalKind(row["kind"]))
    external.affects = [
        Affected(document=documents[code], articles=articles) for code, articles in cited_by(row["name"]) if code in documents
    ]
    session.add(external)
    session.flush()
    if ended_on := row.get("ended_on"):
        perform(external, "end", values={"ended_on": ended_on}, reason=row["note"])
        return
    external.review_on = today()
    perform(external, "take_effect", values={"effective_from": row["effective_from"]})


def cited_by(name: str) -> Iterable[tuple[str, str]]:
    """The shipped procedures that cite a law, with the articles: their number, "第20条、第67条"."""
    for text in shipped():
        for match in filter(None, map(CITE.match, text.head["cites"])):
            if match["name"] == name:
                yield text.head["number"], match["articles"].strip("　 、")[:LONGEST]
                break
