"""What must not be in the source: the invariants of docs/architecture.md that can be read from the text itself.

tests/kernel/test_sources.py reads there what goes past the guards.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aftersales

pytestmark = pytest.mark.pure

ROOT = Path(aftersales.__file__).parent
KERNEL = ROOT / "record"
TRADE = {"device", "engineer", "hospital", "patient", "nurse", "ventilator", "complaint", "fault"}

REGION_WORDS = {"region_ids", "sees_region", "with_loader_criteria"}

# Where something outside the kernel names regions, and why it may. A page, API or report that has to is wrong.
NAMES_REGIONS = {
    "people/person.py": "gives nobody a region that the giver does not see",
    "security/manager.py": "makes the actor",
    "security/trial.py": "makes the actor of who tries a role",
    "portal/stranger.py": "makes the actor of the public pages",
    "organization/region.py": "chooses the region of what has no place yet",
    "security/accounts.py": "accounts are no records: the page shows those of the people one sees",
    "inspectors/scope.py": "an inspector's bounds hang on the session as regions do",
    "trail/search.py": "entries of the trail are no records",
    "service/desk/board.py": "offers the choice of a region to who sees several",
}
# Where rows are counted, and what bounds it.
COUNTS = {
    "vigilance/risk_report.py": "the figures of one period of one registration, taken when its report is written, on no page",
    "home/queues.py": "up to a thousand and one",
    "selfcheck/evidence.py": "up to a thousand and one of each list",
    "home/taken.py": "up to a thousand and one calls of today",
    "service/desk/loaners.py": "up to a thousand and one",
    "trail/voided.py": "up to a thousand and one of thirty days",
    "home/house.py": "the newest thousand of each kind",
    "record/list_frame.py": "up to a thousand and one, and only where an index finds what is counted",
    "record/totals.py": "at most ten thousand rows, found by an index",
    "record/notices.py": "up to a hundred",
    "spreadsheet/export.py": "up to two hundred thousand and one, in a job",
    "spreadsheet/incoming.py": "the rows of one file, which has a hundred thousand at most",
    "packages/checking.py": "the packages of one check, at its end; no page",
    "record/audit/sealing.py": "what came in since the last minute; no page",
    "service/desk/due.py": "up to a thousand and one",
    "service/desk/crew.py": "the open orders of the people shown",
    "emergencies/affected.py": "the devices of what is affected, when an emergency opens or is changed; no page",
    "complaints/screening.py": "up to a hundred repairs of one device, and the lots taken out in one repair",
    "security/roles.py": "the roles of accounts",
    "recalls/freezing.py": "the units of one recall that no notice tells of yet, in the job that makes the notices",
    "recalls/tally.py": "the units and notices of one recall, by the index that begins with it",
    "recalls/implanted.py": "the units of one recall, by the index that begins with it",
    "recalls/preview.py": "the devices that the criteria of one recall reach, asked for before they are listed",
    "meetings/counting.py": "what happened in a quarter, by the indexes of its days, in the job runner; no page",
    "meetings/reckoning.py": "the same",
    "signals/counting.py": "the cases of one window, in the job runner; no page",
    "signals/looking.py": "the cases of one device within the days of repetition; no page",
}


def sources(folder: Path = ROOT) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def test_the_kernel_contains_no_word_of_the_trade() -> None:
    wrong = [f"{name}: {word}" for name, tree in sources(KERNEL) for word in _identifiers(tree) if TRADE & set(word.lower().split("_"))]
    assert not wrong, f"record/ knows no domain word: {wrong}"


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        for attribute in ("id", "attr", "name", "arg"):
            if isinstance(word := getattr(node, attribute, None), str):
                yield word


def test_nothing_outside_the_kernel_narrows_by_region() -> None:
    found = {name for name, tree in sources() if _is_outside(name) and REGION_WORDS & set(_identifiers(tree))}
    assert found == set(NAMES_REGIONS), f"the session narrows, nothing else asks: {sorted(found ^ set(NAMES_REGIONS))}"


def _is_outside(name: str) -> bool:
    return not name.startswith(("record/", "demo/"))


def test_nothing_counts_without_a_bound() -> None:
    found = {name for name, tree in sources() if any(_counts(node) for node in ast.walk(tree))}
    assert found == set(COUNTS), f"counting a table grows with it; bound it and say here what does: {sorted(found ^ set(COUNTS))}"


def _counts(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "count" and isinstance(node.value, ast.Name) and node.value.id == "func"


def test_one_place_chooses_another_language() -> None:
    """Flask-Babel's own way tells only its half of the words: the page would come in two languages."""
    found = [name for name, tree in sources() if name != "labels.py" and "force_locale" in set(_identifiers(tree))]
    assert not found, f"use aftersales.labels.speaking: {found}"
