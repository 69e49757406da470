"""What the frame of the pages promises without a browser: light, self-contained, safe under a strict content policy."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "aftersales" / "static"
TEMPLATES = ROOT / "templates"
PAGE_TEMPLATES = sorted(path for path in TEMPLATES.rglob("*.html") if "documents" not in path.parts)
WEIGHT_BUDGET = 60_000


def loaded_modules(entry: Path) -> set[Path]:
    """The module and everything it imports, as the browser would load them."""
    found, waiting = set(), [entry]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [(module.parent / name).resolve() for name in re.findall(r'from "(\.[^"]+)"', module.read_text())]
    return found


def test_style_and_scripts_of_a_page_weigh_less_than_the_budget():
    files = {STATIC / "app.css", STATIC / "js" / "frame.js"} | loaded_modules(STATIC / "app.js")
    assert sum(path.stat().st_size for path in files) < WEIGHT_BUDGET


@pytest.mark.parametrize("path", PAGE_TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_has_no_inline_style_or_handler_and_every_script_a_nonce(path: Path):
    text = path.read_text()
    assert not re.search(r"<[^>]*\sstyle=", text)
    assert not re.search(r"<[^>{]*\son[a-z]+=", text)
    for tag in re.findall(r"<script[^>]*>", text):
        assert 'nonce="{{ csp_nonce() }}"' in tag


@pytest.mark.parametrize("path", [*STATIC.rglob("*.css"), *STATIC.rglob("*.js"), *PAGE_TEMPLATES], ids=lambda path: path.name)
def test_nothing_is_loaded_from_another_host(path: Path):
    addresses = re.findall(r"""(?:src|href|action)=["']?(?:https?:)?//|(?:url\(|from |import\()["']?(?:https?:)?//""", path.read_text())
    assert addresses == []
