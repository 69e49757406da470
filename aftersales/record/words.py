"""The closed vocabulary of a declaration. Values only: what a record type says of itself, never code.

A new word needs three record types that want it today; anything one type needs alone is a method of that type.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

READ = frozenset({"can_read"})
WRITE = frozenset({"can_read", "can_write"})


class Meaning(StrEnum):
    """Who puts a signature: a person of ours by password, or the customer by hand."""

    staff = "staff"
    customer = "customer"


@dataclass(frozen=True)
class Signing:
    """A signature a transition demands: its name (a label key), who signs, and the sections and lines its hash covers."""

    name: str
    by: Meaning
    covers: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """A state of a workflow.

    `requires` are fields that must be filled in this state (checked by page, API and a database CHECK).
    `writes` are the sections still being written here: filling or changing them needs no reason. Everything else is
    submitted, and changing it demands one. `seals`: entering renders, signs, stores and locks the record.
    """

    name: str
    requires: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    seals: bool = False
    ends: bool = False


@dataclass(frozen=True)
class Transition:
    """A verb that moves a record from one of `sources` to `target`; the only way a state changes.

    `by` are the shipped roles that get it as a default grant, `fields` what the person is asked on the way, `reason`
    whether a reason is demanded, `apart_from` the transitions whose hand may not also be this one's. `alike`: one answer to `fields`
    serves many records at once. `found` are those of `fields` that the step itself finds where they are left empty.
    """

    name: str
    sources: str | tuple[str, ...]
    target: str
    by: tuple[str, ...]
    fields: tuple[str, ...] = ()
    reason: bool = False
    apart_from: tuple[str, ...] = ()
    signs: Signing | None = None
    alike: bool = False
    found: tuple[str, ...] = ()

    @property
    def from_states(self) -> tuple[str, ...]:
        return (self.sources,) if isinstance(self.sources, str) else self.sources


@dataclass(frozen=True)
class Workflow:
    """The states (the first is where a record is born) and the verbs between them."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    @property
    def initial(self) -> State:
        return self.states[0]

    def state(self, name: str) -> State:
        return next(state for state in self.states if state.name == name)

    def transition(self, name: str) -> Transition | None:
        return next((t for t in self.transitions if t.name == name), None)

    def leaving(self, state: str) -> Iterator[Transition]:
        return (t for t in self.transitions if state in t.from_states)


@dataclass(frozen=True)
class Clock:
    """A milestone with a deadline: it starts when one field is filled and stops when another is.

    `facts` name the fields (dotted through relations) the rules' conditions ask about.
    """

    milestone: str
    starts: str
    stops: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A printed form of a record: its name (template and label key), form number and version.

    `goes_out`: a letter or card for somebody outside, printed while its record goes on. It says on its face what it is, and not that it
    is no controlled copy: a hospital that reads this across a recall takes it for a draft.
    """

    name: str
    form_no: str
    version: str
    goes_out: bool = False


@dataclass(frozen=True)
class Setting:
    """Says that the rows of a type are settings, which another instance may take over.

    `holds`: the state in which a row is in force; what comes from elsewhere then arrives in the first state, to be approved here.
    `since`: the day a row holds from, until a later one of the same key takes over. `shipped`: the column that is filled where
    the row came with the program.
    """

    holds: str = ""
    since: str = ""
    shipped: str = ""


@dataclass(frozen=True)
class Lines:
    """Rows that live inside a record, such as the parts replaced: the relation's name and the section they stand in."""

    relation: str
    section: str
