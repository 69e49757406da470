"""Every record type is complete: what one could forget turns red here, and the message names the file to open."""

import inspect as code
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, inspect

import aftersales
from aftersales import labels
from aftersales.record.base import RecordTrace, Regional, SharedRecord, follow, snake_case
from aftersales.record.display import relation_of
from aftersales.record.rulebook import load_rules
from aftersales.record.words import Meaning
from aftersales.registration import record_types
from aftersales.roles import Role

pytestmark = pytest.mark.pure

TYPES = list(dict.fromkeys(record_types()))
SYSTEM_COLUMNS = {
    "id",
    "custom",
    "number",
    "state",
    "version",
    "search_text",
    "created_at",
    "created_by_id",
    "changed_at",
    "changed_by_id",
    "region_id",
}
ROOT = Path(aftersales.__file__).parent
DOCUMENTS = ROOT.parent / "templates/documents"


def home(cls: type[SharedRecord]) -> str:
    return str(Path(code.getsourcefile(cls)).relative_to(ROOT.parent))


def glossary(cls: type[SharedRecord]) -> str:
    return str(Path(code.getsourcefile(cls)).parent.relative_to(ROOT.parent) / "labels.toml")


def test_no_transition_bears_the_name_of_a_right(cls: type[SharedRecord]) -> None:
    """`can_read` and `can_write` would be granted twice, by the access and by the move."""
    names = {transition.name for transition in cls.workflow.transitions} if cls.workflow else set()
    assert not names & {"read", "write"}, f"call it otherwise in {home(cls)}"


@pytest.fixture(params=TYPES, ids=lambda cls: cls.__name__)
def cls(request: pytest.FixtureRequest) -> type[SharedRecord]:
    return request.param


def test_every_record_class_is_listed_in_the_menu() -> None:
    forgotten = [
        f"{name} ({home(c)})" for name, c in SharedRecord.record_types.items() if c not in TYPES and c.__module__.startswith("aftersales")
    ]
    assert not forgotten, f"list these in aftersales/menu.py, or as lines of a type that is: {forgotten}"


def test_every_word_has_a_chinese_and_an_english_label(cls: type[SharedRecord]) -> None:
    missing = [key for key in words_of(cls) if not labels.has_label(key)]
    assert not missing, f"add to {glossary(cls)}: {missing}"


def words_of(cls: type[SharedRecord]) -> Iterator[str]:
    key = cls.key()
    yield from (key, f"{key}.plural")
    if not cls.made_by_hand and cls.parent is None:
        yield f"{key}.comes"  # what an empty list says of where they come from
    for field in {*inspect(cls).columns.keys(), *cls.listing} - SYSTEM_COLUMNS:
        yield f"{key}.{field}" if not labels.has_label(f"record.{field}") else f"record.{field}"
    for column in inspect(cls).columns.values():
        members = getattr(column.type, "enum_class", None)
        for member in members or ():
            yield f"{snake_case(members.__name__)}.{member.name}"
    yield from (f"{key}.section.{name}" for name in cls.sections)
    yield from (f"{key}.document.{document.name}" for document in cls.documents)
    yield from (f"milestone.{clock.milestone}" for clock in cls.clocks)
    if cls.workflow:
        yield from (f"{key}.state.{state.name}" for state in cls.workflow.states)
        yield from (f"{key}.transition.{transition.name}" for transition in cls.workflow.transitions)
        yield from (f"signing.{transition.signs.name}" for transition in cls.workflow.transitions if transition.signs)


def test_labels_are_written_in_their_own_language() -> None:
    wrong = [key for key, (zh, en) in labels.glossary().items() if not zh or not en or any("\u4e00" <= c <= "\u9fff" for c in en)]
    assert not wrong, f"an English label with Chinese letters, or an empty one: {wrong}"


def test_sections_show_every_column(cls: type[SharedRecord]) -> None:
    shown = {field for fields in cls.sections.values() for field in fields}
    columns = set(inspect(cls).columns.keys()) - SYSTEM_COLUMNS - {f"{cls.parent}_id"}
    hidden = columns - shown - getattr(cls, "unseen", frozenset())
    assert not hidden, f"{home(cls)}: no section shows {sorted(hidden)}; a column that no page may show belongs into `unseen`"
    unknown = [f for f in shown if not hasattr(cls, f)]
    assert not unknown, f"{home(cls)}: sections name what is not there: {unknown}"


def test_declared_names_exist(cls: type[SharedRecord]) -> None:
    names = [*cls.listing, *cls.filters, *cls.fixed, *cls.personal]
    for clock in cls.clocks:
        names += [clock.starts, clock.stops]
    if cls.workflow:
        names += [f for s in cls.workflow.states for f in s.requires] + [f for t in cls.workflow.transitions for f in t.fields]
        sections = [name for state in cls.workflow.states for name in state.writes]
        sections += [name for t in cls.workflow.transitions if t.signs for name in t.signs.covers]
        assert not set(sections) - set(cls.sections), f"{home(cls)}: no such section: {set(sections) - set(cls.sections)}"
    unknown = [name for name in names if not hasattr(cls, name)]
    assert not unknown, f"{home(cls)}: misspelt: {unknown}"
    for path in [*cls.searched, *(fact for clock in cls.clocks for fact in clock.facts)]:
        assert resolves(cls, path), f"{home(cls)}: {path} leads nowhere"
    for lines in cls.lines:
        assert lines.section in cls.sections, f"{home(cls)}: lines {lines.relation} stand in no section"
        assert lines.relation in inspect(cls).relationships, f"{home(cls)}: no relation {lines.relation}"


def resolves(cls: type, path: str) -> bool:
    head, _, rest = path.partition(".")
    if not hasattr(cls, head):
        return False
    return not rest or (head in inspect(cls).relationships and resolves(inspect(cls).relationships[head].mapper.class_, rest))


def test_roles_and_rights_are_known(cls: type[SharedRecord]) -> None:
    named = [*cls.access, *(role for t in (cls.workflow.transitions if cls.workflow else ()) for role in t.by)]
    unknown = [role for role in named if role not in list(Role)]
    assert not unknown, f"{home(cls)}: no such role: {unknown}"
    if cls.parent is None:
        readers = {role for role, rights in cls.access.items() if "can_read" in rights}
        assert Role.inspector in readers, f"{home(cls)}: the inspector must be able to read it"
        assert "can_write" not in cls.access.get(Role.inspector, ()), f"{home(cls)}: the inspector writes nothing"
        blind = [role for t in (cls.workflow.transitions if cls.workflow else ()) for role in t.by if role not in readers]
        assert not blind, f"{home(cls)}: these roles move it and cannot read it: {blind}"


def test_every_state_can_be_reached_and_left(cls: type[SharedRecord]) -> None:
    if cls.workflow is None:
        return
    names = [state.name for state in cls.workflow.states]
    for transition in cls.workflow.transitions:
        assert {transition.target, *transition.from_states} <= set(names), f"{home(cls)}: {transition.name} names an unknown state"
        assert transition.by, f"{home(cls)}: nobody may {transition.name}"
    reached, frontier = {names[0]}, [names[0]]
    while frontier:
        here = frontier.pop()
        for transition in cls.workflow.leaving(here):
            if transition.target not in reached:
                reached.add(transition.target)
                frontier.append(transition.target)
    assert reached == set(names), f"{home(cls)}: never reached: {set(names) - reached}"
    stuck = [s.name for s in cls.workflow.states if not s.ends and not s.seals and not list(cls.workflow.leaving(s.name))]
    assert not stuck, f"{home(cls)}: no way out of {stuck}; an end is declared with ends=True"


def test_checks_and_effects_belong_to_a_transition(cls: type[SharedRecord]) -> None:
    names = {t.name for t in cls.workflow.transitions} if cls.workflow else set()
    methods = [name for name in dir(cls) if name.startswith(("check_", "judge_", "on_", "after_")) and callable(getattr(cls, name))]
    orphans = [m for m in methods if m not in ("on_create", "on_change") and m.split("_", 1)[1] not in names]
    assert not orphans, f"{home(cls)}: no transition calls {orphans}"


def test_the_database_holds_what_states_require(cls: type[SharedRecord]) -> None:
    if cls.workflow is None:
        return
    checks = {str(c.name) for c in cls.__table__.constraints if isinstance(c, CheckConstraint)}
    for field in {f for state in cls.workflow.states for f in state.requires}:
        assert any(name.endswith(f"{field}_filled") for name in checks), f"{home(cls)}: no CHECK for {field}"


def test_every_milestone_has_rules_with_a_source(cls: type[SharedRecord]) -> None:
    rules = [rule for path in ROOT.rglob("clock_rules.toml") for rule in load_rules(path)]
    for clock in cls.clocks:
        mine = [rule for rule in rules if rule.milestone == clock.milestone]
        assert mine, f"no shipped rule for milestone {clock.milestone}: add one to the clock_rules.toml beside {home(cls)}"
        assert all(rule.source and rule.article for rule in mine)
        asked = {fact for rule in mine for fact in rule.when}
        known = {fact.rsplit(".", 1)[-1] for fact in clock.facts}
        assert asked <= known, f"{home(cls)}: rules of {clock.milestone} ask for {asked - known}, the clock does not tell"


def test_every_document_has_a_template(cls: type[SharedRecord]) -> None:
    for document in cls.documents:
        template = DOCUMENTS / f"{document.name}.html"
        assert template.exists(), f"{home(cls)} declares {document.name}: write templates/documents/{document.name}.html"
        assert document.form_no, f"{home(cls)}: {document.name} has no form number"
        assert document.version, f"{home(cls)}: {document.name} has no version"


def test_customer_signatures_cover_content(cls: type[SharedRecord]) -> None:
    for transition in cls.workflow.transitions if cls.workflow else ():
        if transition.signs:
            assert transition.signs.covers, f"{home(cls)}: the signature of {transition.name} covers nothing"
            assert transition.signs.by in Meaning


def test_a_type_is_regional_or_says_why_not(cls: type[SharedRecord]) -> None:
    points_to_region = "region_id" in inspect(cls).columns
    assert points_to_region == issubclass(cls, Regional | RecordTrace), f"{home(cls)}: derive from Record, which guards regions"


def test_lists_show_their_references_without_further_statements(cls: type[SharedRecord]) -> None:
    """What str() and hint of a listed reference need is in its own row."""
    relations = set(relation_of(cls).values())
    for name in cls.listing:
        base = name.removesuffix("_id")
        assert "." not in name, f"{home(cls)}: {name}: list the relation, not a path"
        assert name in relations or base in relations or name in inspect(cls).columns or name == "state", (
            f"{home(cls)}: {name} is no column or reference"
        )


__all__ = ["follow"]
