"""The documentation is what the program is: what it does not say, or says of yesterday, turns red here."""

import re
from pathlib import Path

import click
import pytest

from aftersales import commands
from aftersales.jobs import jobs_command
from aftersales.record.diagram import page
from aftersales.registration import record_types

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
ADMINISTRATOR = ROOT / "docs/administrator.md"
ENVIRONMENT = re.compile(r"""environ(?:\.get\(|\[)\s*["'](\w+)["']""")
KEPT_SECRETS = re.compile(r'for name in \(("SECRET_KEY"[^)]*)\)')
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_the_diagrams_are_those_of_the_declarations() -> None:
    drawn = page(dict.fromkeys(record_types()))
    assert (ROOT / "docs/workflows.md").read_text("utf-8") == drawn, "docs/workflows.md is stale: run `flask --app app workflow draw`"


def test_every_setting_of_the_environment_is_in_the_administrators_guide() -> None:
    sources = {path: path.read_text("utf-8") for path in (ROOT / "config.py", *(ROOT / "aftersales").rglob("*.py"))}
    settings = {name for text in sources.values() for name in ENVIRONMENT.findall(text)}
    secrets = KEPT_SECRETS.findall(sources[ROOT / "aftersales/security/secrets.py"])
    settings |= {name for found in secrets for name in re.findall(r'"(\w+)"', found)}
    assert "AUDIT_KEY" in settings
    told = set(re.findall(r"`(\w+)`", ADMINISTRATOR.read_text("utf-8")))
    assert not settings - told, f"add to the table of settings in docs/administrator.md: {sorted(settings - told)}"


def test_every_command_is_in_the_administrators_guide() -> None:
    text = ADMINISTRATOR.read_text("utf-8")
    own = [name for found in vars(commands).values() if isinstance(found, click.Command) for name in _names(found)]
    missing = [name for name in (*own, *_names(jobs_command)) if f"flask --app app {name}" not in text]
    assert own, "aftersales/commands.py has no commands"
    assert not missing, f"add to docs/administrator.md: {missing}"


def _names(command: click.Command) -> list[str]:
    """The command as it is typed; a group's commands each with the group's name."""
    if isinstance(command, click.Group):
        return [f"{command.name} {name}" for name in command.commands]
    return [] if command is commands.draw_command else [str(command.name)]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/architecture.md", "docs/administrator.md", "docs/user.md"])
def test_links_lead_somewhere(name: str) -> None:
    document = ROOT / name
    lost = [target for target in LINK.findall(document.read_text("utf-8")) if not (document.parent / target).exists()]
    assert not lost, f"{name} links to what is not there: {lost}"


def test_the_users_guide_shows_every_picture_that_was_taken_and_no_other() -> None:
    shown = re.findall(r'src="(screens/[^"]+)"', (ROOT / "docs/user.md").read_text("utf-8"))
    assert sorted(shown) == sorted(f"screens/{picture.name}" for picture in (ROOT / "docs/screens").iterdir())
    assert sum(picture.stat().st_size for picture in (ROOT / "docs/screens").iterdir()) < 2_500_000


def test_the_tests_named_as_holding_an_invariant_exist() -> None:
    lost = []
    for file, test in TEST.findall((ROOT / "docs/architecture.md").read_text("utf-8")):
        path = ROOT / file
        if not path.exists() or (test and f"def {test}(" not in path.read_text("utf-8")):
            lost.append(f"{file}::{test}" if test else file)
    assert not lost, f"docs/architecture.md names tests that are not there: {lost}"
