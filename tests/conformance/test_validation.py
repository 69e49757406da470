"""The validation pack says of the tests what is so, and leaves nothing that is grave untried."""

import re
from pathlib import Path

import pytest

from scripts.validation import proofs, read, results_of

pytestmark = pytest.mark.pure

TESTS = Path(__file__).parents[1]
REQUIREMENTS, TRIALS = read("requirements.toml"), read("trial.toml")
# These watch over how the program is written; no user asks for that.
OF_THE_CODE = {
    "conformance/test_absences.py", "conformance/test_docs.py", "conformance/test_the_tests_bite.py", "conformance/test_validation.py",
    "pure/test_addresses.py", "pure/test_inputs.py",
}  # fmt: skip


def named() -> set[str]:
    return {test for row in REQUIREMENTS["requirement"] for test in row["tests"]}


def test_every_test_named_exists() -> None:
    for test in named():
        file, _, name = test.partition("::")
        path = TESTS / file
        assert path.exists(), f"docs/validation/requirements.toml names tests/{file}, which is not there"
        assert not name or f"def {name}(" in path.read_text("utf-8"), f"docs/validation/requirements.toml names {test}, which is not there"


def test_every_test_proves_something() -> None:
    there = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    unnamed = there - OF_THE_CODE - {test.partition("::")[0] for test in named()}
    assert not unnamed, f"name in docs/validation/requirements.toml what these prove: {sorted(unnamed)}"


def test_what_is_grave_is_tried_and_every_trial_proves_something_known() -> None:
    ids = [row["id"] for row in (*REQUIREMENTS["requirement"], *REQUIREMENTS["absent"])]
    assert len(ids) == len(set(ids)), "a number is given twice"
    grave = {row["id"] for row in REQUIREMENTS["requirement"] if row["risk"] == "high"}
    tried = {one for row in TRIALS["trial"] for one in row["proves"]}
    assert grave <= tried, f"no trial in docs/validation/trial.toml proves {sorted(grave - tried)}"
    assert tried <= {row["id"] for row in REQUIREMENTS["requirement"]}


def test_a_failure_or_a_test_that_did_not_run_leaves_a_requirement_unproved(tmp_path: Path) -> None:
    cases = dict.fromkeys(named(), "")
    lost, failed = "security/test_two_people.py", "test_home.py"
    del cases[lost]
    cases[failed] = "<failure/>"
    report = tmp_path / "tests.xml"
    report.write_text("<testsuites>" + "".join(_case(test, ended) for test, ended in cases.items()) + "</testsuites>")
    found = {proof.id: proof for proof in proofs(results_of(report))}
    assert {proof.id for proof in found.values() if not proof.is_proved} == {
        row["id"] for row in REQUIREMENTS["requirement"] if {lost, failed} & set(row["tests"])
    }
    assert re.fullmatch("通过 2、失败 1", found["URS-01.4"].verdict)
    assert {proof.verdict for proof in proofs(None)} == {"待测"}


def _case(test: str, ended: str) -> str:
    file, _, name = test.partition("::")
    return f'<testcase classname="tests.{file[:-3].replace("/", ".")}" name="{name or "test_one"}[sqlite]">{ended}</testcase>'
