"""The procedures that come with the product, as drafts: the company reads, changes, approves and puts them in force itself."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.documents.document import ControlledDocument, DocumentKind, DocumentReader, DocumentScope
from aftersales.documents.version import DocumentVersion, ReadingQuestion
from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.roles import Role

TEXTS = Path(__file__).parent / "texts"
FENCE = "+++\n"
AUTHOR = "随产品提供"
ALWAYS = (Role.quality, Role.manager)  # read every procedure


@dataclass(frozen=True)
class Shipped:
    """A file of texts/: its TOML head and the Markdown under it."""

    head: dict[str, Any]
    body: str


def shipped() -> Iterator[Shipped]:
    for path in sorted(TEXTS.glob("*.md")):
        _before, head, body = path.read_text("utf-8").split(FENCE, 2)
        yield Shipped(tomllib.loads(head), body.strip() + "\n")


def load_shipped_documents(session: Session) -> int:
    """Write the documents that are not there yet, as drafts; says how many. What the company has is not touched."""
    known = set(session.scalars(select(ControlledDocument.code)))
    fresh = [text for text in shipped() if text.head["number"] not in known]
    for text in fresh:
        session.add(_draft(text))
    session.flush()
    return len(fresh)


def _draft(text: Shipped) -> DocumentVersion:
    head = text.head
    document = ControlledDocument(
        code=head["number"], name=head["title"], name_en=head["title_en"], kind=DocumentKind.procedure, office=head["owner"]
    )
    document.scopes = [DocumentScope(record_type=kind) for kind in head["record_types"]]
    document.readers = [DocumentReader(role_name=role) for role in _readers(text)]
    version = DocumentVersion(
        document=document, edition="A/0", summary="首次发布", body=text.body, cites="\n".join(head["cites"]), author_name=AUTHOR
    )
    version.questions = [_question(each) for each in head["questions"]]
    return version


def _question(asked: dict[str, Any]) -> ReadingQuestion:
    answers = {f"answer_{letter}": answer for letter, answer in zip("abcd", asked["answers"], strict=False)}
    return ReadingQuestion(text=asked["text"], right="abcd"[asked["right"]], why=asked.get("why"), **answers)


def _readers(text: Shipped) -> list[str]:
    """Whoever moves such records, whom the text gives duties or its head names besides, and those who read every procedure."""
    types = [SharedRecord.record_types[kind] for kind in text.head["record_types"]]
    doing = [role for cls in types for t in (cls.workflow.transitions if cls.workflow else ()) for role in t.by]
    dutied = [role for role in Role if f"（系统角色：{label(f'role.{role}', 'zh')}）" in text.body]
    return list(dict.fromkeys(str(role) for role in (*doing, *dutied, *text.head.get("read_by", ()), *ALWAYS)))
