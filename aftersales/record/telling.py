"""A record and what hangs on it as JSON: the answers of the API. Personal data is masked here for those who may not read it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect

from aftersales.labels import has_label, label, language
from aftersales.record.archive import SealedDocument
from aftersales.record.attachments import Attachment
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.bulk import Outcome
from aftersales.record.ciphers import opened
from aftersales.record.clocks import ClockRun, explain_run
from aftersales.record.comments import Comment
from aftersales.record.content import plain
from aftersales.record.deadline import Decision
from aftersales.record.display import relation_of
from aftersales.record.privacy import masked_in, read_personal, sees_personal_data
from aftersales.record.story import action_words
from aftersales.record.workflow import Move, moves, state_label

COMMON = ("version", "created_at", "changed_at")
FILE = ("id", "name", "media_type", "size", "sha256", "purpose", "created_at", "created_by")
PAPER = (
    "name", "number", "form_no", "form_version", "code", "sha256", "size", "sealed_at", "sealed_by", "voided_at", "superseded_by", "status",
)  # fmt: skip


def row_json(record: SharedRecord, names: Iterable[str]) -> dict[str, Any]:
    """A row of a list. Lists never give personal data in full: who needs it opens the record, and that is noted."""
    told = fields_json(record, names)
    told |= {name: masked_in(type(record), name, told[name]) for name in record.personal if name in told}
    return {"id": record.id} | told | {"version": record.version, "changed_at": plain(record.changed_at)}


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """What became of one record of a bulk action."""
    told: dict[str, Any] = {"id": outcome.record_id, "name": outcome.name, "done": outcome.refusal is None}
    if outcome.refusal is not None:
        told |= {"status": outcome.refusal.status, "message": str(outcome.refusal), "errors": outcome.refusal.errors}
    return told


def record_json(record: SharedRecord) -> dict[str, Any]:
    """Everything of one record: sections with their lines, state, and what can be done next."""
    told: dict[str, Any] = {"id": record.id, "type": record.key(), "number": getattr(record, "number", None)}
    told |= {name: plain(getattr(record, name)) for name in COMMON}
    if "region_id" in record.__table__.columns:
        told |= fields_json(record, ("region_id",))
    if record.parent is not None:
        told |= fields_json(record, (f"{record.parent}_id",))
    told["sections"] = {name: _section(record, name) for name in record.sections}
    told["masked"] = [] if sees_personal_data() else sorted(record.personal)
    if record.workflow is not None:
        told |= {"state": record.state, "state_label": state_label(record, record.state), "sealed": record.is_sealed}
        told["moves"] = [_move(move) for move in moves(record)]
    return told


def rows_inside(record: SharedRecord) -> list[SharedRecord]:
    return [row for lines in record.lines for row in getattr(record, lines.relation)]


def _section(record: SharedRecord, name: str) -> dict[str, Any]:
    told = fields_json(record, record.sections[name])
    for lines in record.lines:
        if lines.section == name:
            told[lines.relation] = [_line(row) for row in getattr(record, lines.relation)]
    return told


def _line(row: SharedRecord) -> dict[str, Any]:
    names = [name for fields in row.sections.values() for name in fields if name != f"{row.parent}_id"]
    return {"id": row.id, "version": row.version} | fields_json(row, names)


def fields_json(record: SharedRecord, names: Iterable[str]) -> dict[str, Any]:
    """Fields by name; of a reference always its id and what it is called, of several references a list of both."""
    relations, told = relation_of(type(record)), {}
    ids = {relation: attribute for attribute, relation in relations.items()}
    for name in (ids.get(name, name) for name in names):
        value = getattr(record, name)
        if isinstance(value, list) and name in inspect(type(record)).relationships:
            told[name] = [{"id": item.id, "text": str(item)} for item in value]
            continue
        told[name] = read_personal(type(record), name, plain(value))
        if name in relations:
            target = getattr(record, relations[name])
            told[relations[name]] = None if target is None else str(target)
    return told


def _move(move: Move) -> dict[str, Any]:
    transition = move.transition
    return {
        "name": transition.name,
        "label": move.label,
        "target": transition.target,
        "possible": move.is_possible,
        "refusals": list(move.refusals),
        "fields": list(transition.fields),
        "needs_reason": transition.reason,
        "signature": transition.signs.by.value if transition.signs else None,
    }


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """One entry of the trail."""
    root = SharedRecord.record_types.get(entry.kind)
    line = SharedRecord.record_types.get(entry.line_kind) if entry.line_kind else None
    subject = line or root
    hidden = () if sees_personal_data() or subject is None else subject.personal
    told = {name: [*map(opened, pair)] for name, pair in entry.changes.items() if subject is None or subject.may_tell(name)}
    return {
        "sequence": entry.sequence,
        "at": plain(entry.at),
        "captured_at": plain(entry.captured_at),
        "who": entry.actor_name,
        "action": entry.action,
        "action_label": action_words(root, entry.action) if _has_words(root, entry.action) else entry.action,
        "line": {"type": line.key(), "id": entry.line_id} if line else None,
        "changes": {name: [masked_in(subject, name, value) for value in pair] if name in hidden else pair for name, pair in told.items()},
        "reason": entry.reason,
    }


def _has_words(cls: type[SharedRecord] | None, action: str) -> bool:
    return has_label(f"record.action.{action}") or bool(cls and has_label(f"{cls.key()}.transition.{action}"))


def clock_json(run: ClockRun) -> dict[str, Any]:
    """One run of a deadline, with the rules that won and the explanation in the reader's language."""
    decision = Decision.from_json(run.decision)
    return {
        "milestone": run.milestone,
        "label": label(f"milestone.{run.milestone}"),
        "track": run.track,
        "run": run.run,
        "state": run.state,
        "started_at": plain(run.started_at),
        "due_at": plain(run.due_at),
        "met_at": plain(run.met_at),
        "sent_at": plain(run.sent_at),
        "paused_at": plain(run.paused_at),
        "pauses": run.pauses,
        "rules": [{"id": won.rule.id, "kind": won.rule.kind.value, "source": won.rule.source} for won in decision.winners],
        "explanation": explain_run(run, language()),
    }


def comment_json(said: Comment) -> dict[str, Any]:
    """A comment; of a withdrawn one the words stay in the trail only."""
    told = {name: plain(getattr(said, name)) for name in ("id", "author_name", "created_at", "withdrawn_at", "mentions")}
    return told | {"body": None if said.withdrawn_at else said.body}


def file_json(attachment: Attachment, url: str) -> dict[str, Any]:
    return {name: plain(getattr(attachment, name)) for name in FILE} | {"url": url}


def paper_json(record: SharedRecord, paper: SealedDocument, url: str) -> dict[str, Any]:
    """A sealed document. `url` gives the bytes of the valid one of its name."""
    told = {name: plain(getattr(paper, name)) for name in PAPER}
    told["label"] = label(f"{record.key()}.document.{paper.name}")
    told["status"] = paper.standing(record)
    told["status_label"] = label(f"sealed_status.{told['status']}")
    return told | {"url": url if paper.status == "valid" else None}
