"""The workflows as pictures: one Mermaid state diagram per record type, drawn from its declaration with the words of its labels."""

from collections.abc import Iterable, Iterator

from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.record.words import Meaning, State, Transition

SEALED = "🔒"


def page(types: Iterable[type[SharedRecord]]) -> str:
    """A Markdown page with the diagram of each type that has a workflow. The same declarations give the same text."""
    return "\n".join([_HEAD, *(chapter(cls) for cls in types if cls.workflow)])


_HEAD = """# 工作流 · Workflows

<!-- Written by `flask --app app workflow draw` from the declarations, never by hand. -->

Every record type with a workflow, as it is declared. 🔒 marks a state that seals the record. The notes in brackets say what a
transition asks: a reason (说明理由), a second person (须另一人), a signature of staff (员工签名) or of the customer (用户签名).
"""


def chapter(cls: type[SharedRecord]) -> str:
    return f"## {cls.label('zh')} · {cls.label('en')}\n\n`{cls.__name__}`\n\n```mermaid\n{diagram(cls)}\n```\n"


def diagram(cls: type[SharedRecord]) -> str:
    """The stateDiagram of one type that has a workflow."""
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines(cls))])


def _lines(cls: type[SharedRecord]) -> Iterator[str]:
    workflow = cls.workflow
    for state in workflow.states:
        yield f'state "{_state_words(cls, state)}" as {state.name}'
    yield f"[*] --> {workflow.initial.name}"
    for transition in workflow.transitions:
        for source in transition.from_states:
            yield f"{source} --> {transition.target}: {_transition_words(cls, transition)}"
    yield from (f"{state.name} --> [*]" for state in workflow.states if state.ends)


def _state_words(cls: type[SharedRecord], state: State) -> str:
    seal = f" {SEALED}" if state.seals else ""
    return " / ".join(label(f"{cls.key()}.state.{state.name}", lang) for lang in ("zh", "en")) + seal


def _transition_words(cls: type[SharedRecord], transition: Transition) -> str:
    words = " / ".join(label(f"{cls.key()}.transition.{transition.name}", lang) for lang in ("zh", "en"))
    asked = list(_asked(transition))
    return f"{words} [{'，'.join(asked)}]" if asked else words


def _asked(transition: Transition) -> Iterator[str]:
    if transition.reason:
        yield "说明理由"
    if transition.apart_from:
        yield "须另一人"
    if transition.signs is not None:
        yield "员工签名" if transition.signs.by is Meaning.staff else "用户签名"
