"""The company's machine is gone. On an empty one, with the second place, the key and the tools that every Debian has, all is read again.

What is done here stands in docs/archive-format.md, and the test reads it from there. Nothing of this program is used but, at the very
end and beside pdfsig, the verdict on the signature.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask
from lxml import html

from aftersales.extensions import db
from aftersales.jobs.passes import package_all, run_pass
from aftersales.record.printing.verify import verify_pdf
from tests.portal.repair import finish

GUIDE = Path(__file__).parents[2] / "docs/archive-format.md"
TOOLS = ("age", "tar", "sha256sum", "find", "basename", "sh", "mkdir", "cut", "pdfsig", "pdftotext")


def commands(heading: str) -> str:
    """The block of shell commands below a heading of the guide."""
    found = re.search(rf"<!-- {heading} -->\n```sh\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found, f"{GUIDE.name} has no commands for {heading}"
    return found[1]


def run(folder: Path, script: str) -> str:
    """In `folder`, with nothing of this machine but the tools."""
    tools = folder.parent / "tools"
    tools.mkdir(exist_ok=True)
    for name in TOOLS:
        if not (tools / name).exists():
            (tools / name).symlink_to(shutil.which(name))
    environment = {"PATH": str(tools), "LANG": "C.UTF-8", "HOME": str(folder)}
    return subprocess.run(["sh", "-e", "-c", script], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def empty_machine(app: Flask, folder: Path) -> Path:
    """Nothing but a copy of the second place and the key."""
    machine, instance = folder / "machine", Path(app.config["INSTANCE_PATH"])
    machine.mkdir()
    shutil.copytree(instance / "second", machine / "second")
    shutil.copy(instance / "keys/archive.agekey", machine)
    return machine


def test_everything_is_restored_and_read_without_this_program(app: Flask, tmp_path: Path) -> None:
    repair = finish(app)
    with app.app_context():
        assert run_pass(package_all) == 1
        db.session.remove()
    machine = empty_machine(app, tmp_path)
    run(machine, commands("names"))
    run(machine, commands("restore"))
    checked = run(machine, commands("check"))
    assert "FAILED" not in checked
    (record,) = (machine / "restored").iterdir()
    assert record.name.startswith("AR-HD-2026-")

    (paper,) = (record / "data/papers").iterdir()
    assert paper.read_bytes() == app.extensions["store"].get(repair.sha256)
    assert "Signature is Valid" in run(machine, f"pdfsig -nocert '{paper}'")
    assert "SO-HD-2026-000001" in run(machine, f"pdftotext '{paper}' -")
    assert verify_pdf(paper.read_bytes(), [(record / "certificate.pem").read_bytes()]).is_genuine

    entry = json.loads((record / "data/entry.json").read_bytes())
    assert (entry["record_no"], entry["archive_no"]) == ("SO-HD-2026-000001", record.name)
    index = html.parse(str(record / "index.html"))
    links = [unquote(link) for link in index.xpath("//a/@href")]
    assert f"data/papers/{paper.name}" in links
    assert [link for link in links if not (record / link).is_file()] == []
    assert not index.xpath("//*[starts-with(@src, 'http')]")
    assert "sha256sum -c manifest-sha256.txt" in (record / "README.txt").read_text("utf-8")


def test_a_package_that_was_altered_is_told_by_its_name_and_does_not_open(app: Flask, tmp_path: Path) -> None:
    finish(app)
    with app.app_context():
        run_pass(package_all)
        db.session.remove()
    machine = empty_machine(app, tmp_path)
    (package,) = [path for path in (machine / "second").rglob("*") if path.is_file()]
    data = bytearray(package.read_bytes())
    data[-10] ^= 1
    package.write_bytes(data)
    assert package.name in run(machine, commands("names"))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run(machine, commands("restore"))
    assert "age: error" in refused.value.stderr
