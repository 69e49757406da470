"""The things that a binder or an inspector's access is about, as they are typed: one on each line."""

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from aftersales.labels import LANGUAGES, label
from aftersales.record.refusal import Refusal
from aftersales.traceability.start import LONGEST, Kind, Start, start_of, starts_for

MOST_THINGS = 50


def things_in(session: Session, text: str) -> list[Start]:
    """One thing for each line; a line that names none, or several, is told."""
    lines = list(dict.fromkeys(line.strip()[:LONGEST] for line in text.splitlines() if line.strip()))
    if len(lines) > MOST_THINGS:
        raise Refusal(_("At most %(n)s lines.", n=MOST_THINGS), field="things")
    things = []
    for line in lines:
        kind, key = _named(line)
        found = [start_of(session, kind, key)] if kind else starts_for(session, line)
        if not found:
            raise Refusal(_("Nothing is known as “%(line)s”.", line=line), field="things")
        if len(found) > 1:
            names = "、".join(f"{label(f'trace_kind.{thing.kind}')} {line_of(thing)}" for thing in found[:5])
            raise Refusal(_("“%(line)s” may be: %(names)s. Write it so.", line=line, names=names), field="things")
        things.append(found[0])
    return things


def line_of(thing: Start) -> str:
    """A line that names this thing and no other."""
    match thing.kind:
        case Kind.device | Kind.person:
            return thing.hint
        case (
            Kind.order | Kind.document | Kind.customer | Kind.complaint | Kind.event | Kind.emergency | Kind.signal
            | Kind.implant | Kind.follow_up
        ):
            return thing.text
        case _:
            return f"{label(f'trace_kind.{thing.kind}')}：{thing.key}"


def _named(line: str) -> tuple[str, str]:
    """The kind that a line names before its colon, in the words of either language, and the key after it; else nothing."""
    words, _colon, key = line.replace("：", ":", 1).partition(":")
    for kind in Kind:
        if words in (kind.value, *(label(f"trace_kind.{kind}", language) for language in LANGUAGES)):
            return kind.value, key.strip()
    return "", ""
