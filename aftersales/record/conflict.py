"""Somebody else was there first: what was sent beside what is there now, and what happened to the record meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from aftersales.extensions import db
from aftersales.record.audit import history
from aftersales.record.base import SharedRecord
from aftersales.record.display import shown, words
from aftersales.record.form_fields import LookupField
from aftersales.record.forms import form_class
from aftersales.record.story import told

MEANWHILE = 5

Sides = tuple[str, str, str]


@dataclass(frozen=True)
class Clash:
    """What a form shows of a conflict: (field, mine, theirs), and who did what last."""

    differences: list[Sides]
    latest: dict[str, Any] | None


def clash_of(record: SharedRecord) -> Clash:
    return Clash(differences(record), next(iter(meanwhile(record, None)), None))


def differences(record: SharedRecord) -> list[Sides]:
    """What was sent beside what is there now, for the fields where they differ."""
    names = tuple(name for name in request.form if name in record.form_fields())
    form = form_class(type(record), names)(formdata=request.form)
    sides = [(record.field_label(name), _typed(form[name]), shown(record, name).text) for name in names]
    return [side for side in sides if side[1] != side[2]]


def _typed(field: Any) -> str:
    return field.lookup_text if isinstance(field, LookupField) else words(field.data)


def meanwhile(record: SharedRecord, since: datetime | None) -> list[dict[str, Any]]:
    """What was done to the record, by title, hand and time; from `since` on where that is known."""
    root = record.root()
    entries = history(db.session, type(root).__name__, root.id, limit=MEANWHILE)
    return [
        {"title": each["title"], "who": each["who"], "when": each["when_text"]}
        for entry, each in zip(entries, told(db.session, entries), strict=True)
        if entry.action != "read" and (since is None or entry.at >= since)
    ]
