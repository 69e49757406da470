"""A file compared with what is here, and taken over. The dry run is the same work, taken back."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum, auto

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from aftersales.configuration.document import Sections
from aftersales.configuration.kind import Difference, Kind, kinds
from aftersales.record.actor import current_actor
from aftersales.record.audit import record_event
from aftersales.record.natural import Item
from aftersales.record.refusal import Refusal


class Outcome(StrEnum):
    """What becomes of an entry. One that waits was proposed here already."""

    new = auto()
    changed = auto()
    unchanged = auto()
    waiting = auto()
    refused = auto()


@dataclass(frozen=True)
class Entry:
    title: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    refusal: str = ""


@dataclass(frozen=True)
class Section:
    """What a file has of one kind. `refusal`: why the person may take over none of it."""

    kind: Kind
    entries: tuple[Entry, ...] = ()
    refusal: str = ""

    @property
    def counts(self) -> dict[Outcome, int]:
        found = [entry.outcome for entry in self.entries]
        return {outcome: found.count(outcome) for outcome in Outcome if outcome in found}

    @property
    def moves(self) -> bool:
        """Whether taking it over would write anything."""
        return not self.refusal and bool({Outcome.new, Outcome.changed} & self.counts.keys())


@dataclass(frozen=True)
class Configuration:
    """What the trail calls exports and imports of settings: they are one story."""

    id: int = 0


def take(session: Session, sections: Sections, chosen: Collection[str] | None = None, reason: str = "") -> list[Section]:
    """Take over the chosen sections (None: all of them) and say what became of each entry. What is refused is left out, the rest is
    written in this transaction: the caller commits it, or rolls it back and has made a dry run."""
    known = {kind.name: kind for kind in kinds()}
    if unknown := sorted(set(sections) - set(known)):
        message = _("The file has settings that this program does not know: %(names)s. Bring it up to the version that wrote the file.",
                    names=", ".join(unknown)[:200])  # fmt: skip
        raise Refusal(message, field="file")
    wanted = [kind for kind in kinds() if kind.name in sections and (chosen is None or kind.name in chosen)]
    return [_section(session, kind, sections[kind.name], reason or _("Dry run")) for kind in wanted]


def digest(sections: list[Section]) -> str:
    """Tells whether a later look at the same file would show something else."""
    told = [(section.kind.name, section.entries, section.refusal) for section in sections]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def note(session: Session, sections: list[Section], sha256: str, reason: str) -> None:
    """Have the trail say what file was taken over, and how much of it."""
    content = [f"{section.kind.label()}: {', '.join(f'{name} {n}' for name, n in section.counts.items())}" for section in sections]
    record_event(session, Configuration(), "import", changes={"content": [None, "; ".join(content)], "file": [None, sha256]}, reason=reason)


def note_export(session: Session, kinds: Iterable[Kind]) -> None:
    record_event(session, Configuration(), "export", changes={"content": [None, "; ".join(kind.label() for kind in kinds)]})


def _section(session: Session, kind: Kind, items: list[Item], reason: str) -> Section:
    if not current_actor().can(*kind.writes):
        return Section(kind, refusal=_("Your role may not do this."))
    return Section(kind, tuple(_entries(session, kind, items, reason)))


def _entries(session: Session, kind: Kind, items: list[Item], reason: str) -> Iterator[Entry]:
    here = [kind.as_of_today(item) for item in kind.entries(session)]
    waiting = [kind.as_of_today(item) for item in kind.waiting(session)]
    known = {_key(kind, item): item for item in here}
    asked = [kind.as_of_today(item) for item in items]
    times, seen = Counter(_key(kind, item) for item in asked), defaultdict[str, list[Item]](list)
    for item in asked:
        key = _key(kind, item)
        before = list(seen[key])
        seen[key].append(item)
        try:
            if item in before or (before and not kind.proposes):
                raise Refusal(_("The file has this entry twice."))
            entry = _taken(session, kind, item, here, waiting, before[-1] if before else known.get(key), reason)
        except Refusal as refusal:
            entry = Entry(kind.title(item) or "—", Outcome.refused, refusal=_sentences(kind, refusal))
        if times[key] > 1 and kind.proposes:  # the version in force and the one that is to follow it
            told = {"title": entry.title, "n": len(before) + 1, "all": times[key]}
            entry = replace(entry, title=_("%(title)s, version %(n)s of %(all)s in the file", **told))
        yield entry


def _taken(session: Session, kind: Kind, item: Item, here: list[Item], waiting: list[Item], old: Item | None, reason: str) -> Entry:
    title, differences = kind.title(item), tuple(kind.differences(old or {}, item))
    if item in here or (old is not None and not differences):
        return Entry(title, Outcome.unchanged)
    if item in waiting:
        return Entry(title, Outcome.waiting)
    with session.begin_nested():
        kind.take(session, item, reason, is_new=old is None)
    return Entry(title, Outcome.new if old is None else Outcome.changed, differences)


def _key(kind: Kind, item: Item) -> str:
    return json.dumps([item.get(name) for name in kind.key], ensure_ascii=False, sort_keys=True)


def _sentences(kind: Kind, refusal: Refusal) -> str:
    told = [(f"{kind.field_label(name)}{_(':')} " if name else "") + " ".join(texts) for name, texts in refusal.errors.items()]
    return " ".join(told) or _("Your role may not do this.")
