"""The validation pack on paper: what users need, which tests prove it, how these ended, and what a company tries in its own house.

    make validation                          runs all tests, then writes the report
    python scripts/validation.py             the plan alone, before any test
    python scripts/validation.py TESTS.xml   the report of a run of pytest (--junitxml)

The PDF goes to instance/validation/. What it is for and how it is filled in: docs/validation/README.md.
Sources: GMP 2025 art. 77, GB/T 42061-2022 4.1.6 (validated before first use and after changes, with records and a conclusion).
"""

import hashlib
import json
import platform
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aftersales.record.now import CHINA, now  # noqa: E402
from aftersales.record.printing.render import PRINT_CSS, render_pdf  # noqa: E402
from config import INSTANCE, Config  # noqa: E402

PACK = ROOT / "docs" / "validation"
ENDINGS = {"passed": "通过", "failed": "失败", "skipped": "跳过"}
HEAD = ("name_en", "address", "phone", "website", "licence_no", "footer", "logo")  # of the letterhead, which the company sets in its panel
RISKS = {"high": "高", "middle": "中", "low": "低"}
Results = dict[str, Counter[str]]  # test, as `folder/test_file.py::test_name` → how often it passed, failed, was skipped


@dataclass(frozen=True)
class Proof:
    """A requirement with what the tests say of it; without a run nothing is said."""

    id: str
    text: str
    risk: str
    tests: list[str]
    counts: Counter[str] | None

    @property
    def is_proved(self) -> bool:
        return self.counts is not None and bool(self.counts["passed"]) and not self.counts["failed"]

    @property
    def verdict(self) -> str:
        """A test that was named and did not run proves nothing."""
        if self.counts is None:
            return "待测"
        told = [f"{word} {self.counts[name]}" for name, word in ENDINGS.items() if self.counts[name]]
        return "、".join(told) or "没有运行"


def read(name: str) -> dict[str, list[dict[str, object]]]:
    return tomllib.loads((PACK / name).read_text("utf-8"))


def results_of(report: Path) -> Results:
    """What a run of pytest wrote down, the variants of a test taken together."""
    results: Results = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').removeprefix('tests.').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        ended = "failed" if case.find("failure") is not None or case.find("error") is not None else "passed"
        results.setdefault(name, Counter())["skipped" if case.find("skipped") is not None else ended] += 1
    return results


def proofs(results: Results | None) -> list[Proof]:
    return [
        Proof(row["id"], row["text"], RISKS[row["risk"]], row["tests"], None if results is None else _counts(row["tests"], results))
        for row in read("requirements.toml")["requirement"]
    ]


def _counts(tests: list[str], results: Results) -> Counter[str]:
    """A file stands for all its tests; one that is named and missing counts as failed."""
    total: Counter[str] = Counter()
    for test in tests:
        found = [counts for name, counts in results.items() if test in (name, name.partition("::")[0])]
        total.update(sum(found, Counter()) if found else Counter(failed=1))
    return total


def surroundings() -> list[tuple[str, ...]]:
    lock = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    return [
        ("程序版本", _git("describe", "--always", "--dirty")),
        ("版本日期", _git("log", "-1", "--format=%cs")),
        ("Python", platform.python_version()),
        ("处理器", platform.machine()),
        ("操作系统", platform.platform(), "wide"),
        ("依赖锁定", f"requirements.txt，SHA-256 {lock}", "wide"),
    ]


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def write(proved: list[Proof], total: Counter[str] | None, moment: datetime) -> Path:
    """The report of a run with `total`; without one the plan."""
    title, version = "计算机软件确认方案" if total is None else "计算机软件确认报告", _git("describe", "--always", "--dirty")
    html = _page(title, f"CSV-{version}", proved, total, moment)
    target = INSTANCE / "validation" / f"{title}-{version}.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(
        render_pdf(
            html,
            stylesheets=(PRINT_CSS, PACK / "report.css"),
            identifier=hashlib.sha256(html.encode()).digest()[:16],
            record=json.dumps({proof.id: proof.verdict for proof in proved}, ensure_ascii=False, indent=1).encode(),
            created=moment,
            title=f"{title} CSV-{version}",
        )
    )
    return target


def _page(title: str, number: str, proved: list[Proof], total: Counter[str] | None, moment: datetime) -> str:
    requirements, trial = read("requirements.toml"), read("trial.toml")
    loader = FileSystemLoader([ROOT / "templates", PACK])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    return environment.get_template("report.html").render(
        company=dict.fromkeys(HEAD, "") | {"name": Config.COMPANY_NAME},
        form={"title": title, "number": number, "version": _git("log", "-1", "--format=%cs")},
        number=number,
        printed={"by": Config.PRODUCT_NAME["zh"], "at": f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"},
        verification=None,
        mark=None,
        has_run=total is not None,
        surroundings=surroundings(),
        proofs=proved,
        unproved=[proof for proof in proved if not proof.is_proved],
        total=total,
        absent=[(row["id"], row["text"]) for row in requirements["absent"]],
        installation=trial["installation"],
        trial=trial["trial"],
    )


def main(report: str = "") -> int:
    """Exit status 1 where a run left a requirement unproved."""
    results = results_of(Path(report)) if report else None
    proved = proofs(results)
    print(write(proved, None if results is None else sum(results.values(), Counter()), now()))
    return int(results is not None and not all(proof.is_proved for proof in proved))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
