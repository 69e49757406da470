"""`python app.py` starts two processes, watches them and leaves none behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aftersales import serving
from aftersales.demo.people import PASSWORD
from aftersales.roles import Role

ROOT = Path(__file__).parent.parent.parent
WEB = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()"
RUN = """
import sys, os
from aftersales import serving
port, web, runner = int(sys.argv[1]), sys.argv[2], sys.argv[3]
with serving.stopped_by_signals():
    commands = [sys.executable, '-c', web, str(port)], [sys.executable, '-c', runner]
    status = serving.watch(*commands, dict(os.environ), ('127.0.0.1', port), 'ready')
sys.exit(status)
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Path]:
    """A file in which each job runner notes its process id."""
    file = tmp_path / "runners"
    file.touch()
    yield file
    for pid in pids(file):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


def runner(file: Path, then: str = "time.sleep(600)") -> str:
    return f"import os, time; open({str(file)!r}, 'a').write(f'{{os.getpid()}}\\n'); {then}"


def watched(port: int, web: str, jobs: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(port), web, jobs]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_asked_to_end_ends_both_processes(port: int, notes: Path, ending: signal.Signals) -> None:
    process = watched(port, WEB, runner(notes))
    assert process.stdout.readline() == "ready\n"
    until(lambda: len(pids(notes)) == 1)
    process.send_signal(ending)
    assert process.wait(20) == 0
    with pytest.raises(OSError, match=r"refused|Connection"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_job_runner_that_dies_is_replaced(port: int, notes: Path) -> None:
    process = watched(port, WEB, runner(notes))
    until(lambda: len(pids(notes)) == 1)
    os.kill(pids(notes)[0], signal.SIGKILL)
    until(lambda: len(pids(notes)) == 2)
    process.terminate()
    assert process.wait(20) == 0


def test_a_web_server_that_cannot_start_ends_the_program_with_an_error(port: int, notes: Path) -> None:
    process = watched(port, "raise SystemExit(3)", runner(notes))
    assert process.wait(20) == 1
    assert "did not start" in process.stderr.read()
    assert pids(notes) == []


def test_a_web_server_that_ends_takes_the_job_runner_with_it(port: int, notes: Path) -> None:
    process = watched(port, WEB.replace("serve_forever()", "handle_request()"), runner(notes))
    assert process.wait(20) == 1


def test_the_next_port_is_taken_where_one_is_in_use(port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert serving.free_port("127.0.0.1", port) > port


def test_the_logins_stand_in_columns() -> None:
    lines = [line for line in serving._greeting("http://127.0.0.1:8000", is_demonstration=True).splitlines() if PASSWORD in line]
    assert len(lines) > len(Role)
    assert len({line.index(PASSWORD) for line in lines}) == 1
    assert all(line.split()[0] in line[: line.index(PASSWORD) - 1] for line in lines)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
