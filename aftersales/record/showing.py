"""What the page of one record shows: its sections, lines, clocks, what can be done, files, signatures, papers and story."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from aftersales.labels import citation, label, language
from aftersales.record.actor import current_actor
from aftersales.record.archive import SealedDocument
from aftersales.record.attachments import Attachment
from aftersales.record.audit import AuditEntry
from aftersales.record.base import SharedRecord
from aftersales.record.ciphers import enciphered
from aftersales.record.clocks import ClockRun, explain_run, runs_of
from aftersales.record.comments import MOST, Comment
from aftersales.record.deadline import Decision
from aftersales.record.display import CHINA, Shown, is_handle, shown, words
from aftersales.record.late import late_words
from aftersales.record.listing import eager, reaching
from aftersales.record.ordered import POSITION, is_ordered
from aftersales.record.ordered import row_class as class_of_rows
from aftersales.record.signatures import Signature
from aftersales.record.story import events, together, told
from aftersales.record.words import Transition
from aftersales.record.workflow import Move, move_label, moves, state_label

STORY = 20
TRACES = (Attachment, SealedDocument, Signature, Comment)  # whether a record has any is told with it


@dataclass(frozen=True)
class LineTable:
    """The rows that live inside a record, as a table."""

    key: str
    title: str
    relation: str
    columns: list[str]
    rows: list[tuple[Any, list[Shown]]]
    add_url: str | None  # None as well where the program alone writes them
    edit_url: str | None  # where all rows are edited together, for those that stand in an order


@dataclass(frozen=True)
class Section:
    name: str
    title: str
    facts: list[tuple[str, Shown]]
    tables: list[LineTable]
    untold: list[str]  # what there may be for others to read, by its name


@dataclass(frozen=True)
class ClockCard:
    title: str
    run: ClockRun
    text: str
    explanation: str
    promise: str
    late: str


@dataclass(frozen=True)
class Step:
    label: str
    state: str


@dataclass(frozen=True)
class ShowPage:
    record: SharedRecord
    sections: list[Section]
    steps: list[Step]
    side: list[str]
    clocks: list[ClockCard]
    moves: list[Move]
    effects: dict[str, str]  # what each move will do, by its verb
    files: list[Attachment]
    papers: list[SealedDocument]
    signatures: list[Signature]
    comments: list[Comment]
    story: list[dict[str, Any]]
    story_before: int | None
    may_write: bool
    takes_words: bool  # files and comments; not where the record is encrypted, for they are not
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def left_to_others(self) -> list[str]:
        """The steps that come next, where this person has a right to none: else the page would not say why nothing can be done."""
        if self.record.workflow is None or self.moves:
            return []
        steps = self.record.workflow.leaving(self.record.state)
        return [move_label(self.record, step.name) for step in steps if step.by and not step.reason]

    def leads_on(self, move: Move) -> bool:
        """Whether a step goes on along the main way: only such a one is offered as the first thing to do. Of several that lead to the
        same state it is the one declared first; the others are for cases apart. One that stays where it is leads where none goes on."""
        step, main = move.transition, {state.name for state in main_way(type(self.record))}
        ways = [way for way in self.record.workflow.leaving(self.record.state) if way.target in main and not way.reason]
        onward = [way for way in ways if way.target != self.record.state] or ways
        return step in [way for way in onward if way.target == step.target][:1]


def load(session: Session, cls: type[SharedRecord], record_id: int) -> SharedRecord | None:
    """The record with what its page shows of others, in a bounded number of statements."""
    row = session.execute(_loading(cls), {"record_id": record_id}).unique().one_or_none()
    if row is None:
        return None
    record, *found = row
    record._bears = frozenset(trace for trace, is_there in zip(TRACES, found, strict=False) if is_there)
    for (relation, statement), is_there in zip(_apart(cls).items(), found[len(TRACES) :], strict=True):
        rows = list(session.scalars(statement, {"record_id": record_id}).unique()) if is_there else []
        set_committed_value(record, relation, rows if _is_many(cls, relation) else next(iter(rows), None))
    return record


@lru_cache(maxsize=200)
def _loading(cls: type[SharedRecord]) -> Select[Any]:
    """Built once per process: putting it together takes longer than its answer."""
    names = [name for fields in cls.sections.values() for name in fields] + ["region_id"]
    options = [*eager(cls, names), *reaching(cls, cls.about_from)]
    for relation in (lines.relation for lines in cls.lines[:1]):
        row = inspect(cls).relationships[relation].mapper.class_
        options.append(joinedload(getattr(cls, relation)).options(*_told_of(row)))
    bears = (select(trace.id).where(trace.kind == cls.__name__, trace.record_id == cls.id).exists() for trace in TRACES)
    has_rows = (_is_any(cls, relation) for relation in _apart(cls))
    return select(cls, *bears, *has_rows).where(cls.id == bindparam("record_id")).options(*options)


@lru_cache(maxsize=200)
def _apart(cls: type[SharedRecord]) -> dict[str, Select[Any]]:
    """What would multiply the statement of a record, or mostly widen it for nothing: the rows inside it, all but the first kind, and what
    few of its type have. Each by a statement of its own, asked where there are any."""
    statements = {}
    for name in (*(lines.relation for lines in cls.lines[1:]), *cls.seldom):
        relation = inspect(cls).relationships[name]
        row = relation.mapper.class_
        (column,) = relation.remote_side
        rows = select(row).where(column == bindparam("record_id")).options(*_told_of(row))
        statements[name] = rows.order_by(*(relation.order_by or ()))
    return statements


def _is_many(cls: type[SharedRecord], relation: str) -> bool:
    return bool(inspect(cls).relationships[relation].uselist)


def _is_any(cls: type[SharedRecord], relation: str) -> Any:
    there = getattr(cls, relation)
    return there.any() if _is_many(cls, relation) else there.has()


def _told_of(row: type[SharedRecord]) -> list[Any]:
    """With the rows, what is read of them."""
    return [*eager(row, [name for fields in row.sections.values() for name in fields]), *reaching(row, row.about_from)]


def _borne(session: Session, record: SharedRecord, trace: Any, **how: Any) -> list[Any]:
    """What hangs on a loaded record of one kind. Most records have none of most kinds, and then nothing is asked."""
    return trace.of_record(session, record, **how) if trace in record._bears else []


def show_page(session: Session, record: SharedRecord, entries: list[AuditEntry]) -> ShowPage:
    """`entries`: the last of its trail, one more than are told."""
    actor = current_actor()
    may_write = actor.can("can_write", record.permission_name()) and record.may_write() and not record.is_sealed
    return ShowPage(
        record=record,
        sections=sections_of(record, may_write and not record.is_settled),
        steps=_steps(record),
        side=_side(record),
        clocks=[_card(run) for run in runs_of(session, record)] if record.clocks else [],
        moves=(found := list(moves(record))),
        effects={move.transition.name: effect_of(record, move.transition) for move in found},
        files=_borne(session, record, Attachment, limit=100),
        papers=_borne(session, record, SealedDocument, newest_first=True, limit=20),
        signatures=_borne(session, record, Signature),
        comments=(comments := _borne(session, record, Comment, newest_first=True, limit=MOST)),
        story=_with_comments(together(told(session, events(entries[:STORY]))), comments),
        story_before=entries[STORY - 1].sequence if len(entries) > STORY else None,
        may_write=may_write,
        takes_words=not enciphered(type(record)),
    )


def _with_comments(story: list[dict[str, Any]], comments: list[Comment]) -> list[dict[str, Any]]:
    """What happened and what was said about it, in one order, newest first."""
    said = [{"comment": each, "who": each.author_name, "when": each.created_at, "when_text": words(each.created_at)} for each in comments]
    return sorted([*story, *said], key=lambda entry: entry["when"], reverse=True)


def effect_of(record: SharedRecord, transition: Transition) -> str:
    """What will happen, told before it is sent."""
    target = record.workflow.state(transition.target)
    sentences = [_("It will then be: %(state)s.", state=state_label(record, target.name))]
    if target.seals:
        sentences.append(_("Its papers are made and sealed, and nothing in it can be changed any more."))
    if record.is_sealed and not target.seals:
        sentences.append(_("Its sealed papers become void."))
    return " ".join(sentences)


def sections_of(record: SharedRecord, may_write: bool = False) -> list[Section]:
    return [_section(record, name, fields, may_write) for name, fields in record.sections.items()]


def _section(record: SharedRecord, name: str, fields: Iterable[str], may_write: bool) -> Section:
    cls, lang = type(record), language()
    names = [name for name in fields if not is_handle(cls, name)]
    facts = [(cls.field_label(name, lang), shown(record, name)) for name in names if cls.may_tell(name)]
    untold = [cls.field_label(name, lang) for name in names if not cls.may_tell(name)]
    tables = [_lines(record, lines.relation, may_write) for lines in record.lines if lines.section == name]
    return Section(name, label(f"{record.key()}.section.{name}"), facts, tables, untold)


def _lines(record: SharedRecord, relation: str, may_write: bool) -> LineTable:
    row_class = class_of_rows(type(record), relation)
    is_together = is_ordered(row_class)
    columns = [name for name in row_class.listing if name != POSITION or not is_together]
    cells = [{name: shown(row, name) for name in columns} for row in getattr(record, relation)]
    # What no row fills in takes the room of what they do, and the table off the page.
    columns = [name for name in columns if not cells or any(cell[name].text for cell in cells)]
    rows = [(row, [cell[name] for name in columns]) for row, cell in zip(getattr(record, relation), cells, strict=True)]
    add_url = f"/{row_class.key()}/add?parent={record.id}" if may_write and not is_together and row_class.made_by_hand else None
    edit_url = f"/{record.key()}/{record.id}/rows/{relation}" if may_write and is_together else None
    return LineTable(row_class.key(), row_class.plural(), relation, [row_class.field_label(n) for n in columns], rows, add_url, edit_url)


def _steps(record: SharedRecord) -> list[Step]:
    """The main way through the workflow: the states from which something goes on, in the order they are declared. What can only follow
    on its end (a receipt, a withdrawal) has all of it behind."""
    if record.workflow is None:
        return []
    names = [state.name for state in main_way(type(record))]
    sources = {name for step in record.workflow.transitions if step.target == record.state for name in step.from_states}
    here = names.index(record.state) if record.state in names else len(names) if sources == {names[-1]} else None
    return [
        Step(state_label(record, name), "now" if index == here else "done" if here is not None and index < here else "ahead")
        for index, name in enumerate(names)
    ]


@cache
def main_way(cls: type[SharedRecord]) -> tuple[Any, ...]:
    """From the first state to the sealing one; side ways (cancelled, refused) are not on it."""
    states = cls.workflow.states
    last = next((i for i, state in enumerate(states) if state.seals), next((i for i, s in enumerate(states) if s.ends), len(states) - 1))
    return tuple(state for state in states[: last + 1] if not (state.ends and not state.seals and state is not states[last]))


def _side(record: SharedRecord) -> list[str]:
    if record.workflow is None or any(state.name == record.state for state in main_way(type(record))):
        return []
    return [state_label(record, record.state)]


def _card(run: ClockRun) -> ClockCard:
    decision = Decision.from_json(run.decision)
    rule = decision.winners[0].rule
    title = label(f"milestone.{run.milestone}")
    if run.run > 1:
        title = _("%(milestone)s (run %(run)s)", milestone=title, run=run.run)
    late = late_words(run.met_at, run.sent_at) if run.met_at is not None and run.sent_at is not None else ""
    return ClockCard(title, run, clock_text(run), explain_run(run, language(), decision), rule_source(rule), late)


def rule_source(rule: Any) -> str:
    return " ".join(part for part in (label(f"rule_kind.{rule.kind.value}"), citation(rule.source, rule.article)) if part)


def clock_text(run: ClockRun) -> str:
    """What a clock says without a script: when it was met, that nobody asks for it any more, or when it is due."""
    if run.state == "dropped":
        return _("no longer asked for")
    time = (run.met_at or run.due_at).astimezone(CHINA).strftime("%m-%d %H:%M")
    return _("%(time)s, late", time=time) if run.state == "late" else time


def line_classes(cls: type[SharedRecord]) -> Iterable[type[SharedRecord]]:
    return (inspect(cls).relationships[lines.relation].mapper.class_ for lines in cls.lines)
