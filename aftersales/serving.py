"""`python app.py`: the whole program with one word. Web server and job runner are two processes, started, watched and stopped here.

In production they are started apart, by whatever looks after processes there:

    gunicorn --worker-class gthread --workers 2 --threads 4 --bind 127.0.0.1:8000 app:app
    flask --app app jobs
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import FrameType

from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db

ROOT = Path(__file__).parent.parent
HOST, PORT = "127.0.0.1", 8000
PATIENCE = 60.0  # seconds for the web server to answer
BREATH = 3.0  # seconds between two starts of the job runner, at least
FAREWELL = 15.0  # seconds for a process to end by itself


class Stopped(Exception):
    """Somebody asked the program to end."""


def serve(app: Flask) -> None:
    """Run until Ctrl-C. Exits with 1 when the web server cannot start, or ends by itself."""
    is_demonstration = prepare(app)
    host, wanted = os.environ.get("HOST", HOST), int(os.environ.get("PORT", PORT))
    port = free_port(host, wanted)
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    if port != wanted:
        print(f"Port {wanted} is taken.", flush=True)
    environment = os.environ | {"BASE_URL": os.environ.get("BASE_URL", address)}
    with stopped_by_signals():
        raise SystemExit(watch(web_command(host, port), jobs_command(), environment, (host, port), _greeting(address, is_demonstration)))


def prepare(app: Flask) -> bool:
    """Bring the database up to date and, where nobody is in it yet, build the demonstration company. Says whether its logins hold."""
    from aftersales.commands import upgrade_database
    from aftersales.demo import build
    from aftersales.organization.region import Region
    from aftersales.record.actor import SYSTEM, acting_as
    from aftersales.record.printing.fonts import document_fonts
    from aftersales.security.account import Account

    Thread(target=document_fonts).start()  # on a new machine they are cut meanwhile by other processes; the first paper waits for them
    upgrade_database(app)
    with app.app_context(), acting_as(SYSTEM):
        is_empty = db.session.scalar(select(Region.id).limit(1)) is None and db.session.scalar(select(Account.id).limit(1)) is None
        if is_empty:
            build(lambda line: print(line, flush=True))
        demonstration = _is_demonstration()
        db.session.remove()
        db.engine.dispose()
    return demonstration


def _is_demonstration() -> bool:
    from aftersales.demo import logins
    from aftersales.security.account import Account

    names = {username for _role, username, _password in logins()}
    return names <= set(db.session.scalars(select(Account.username).where(Account.username.in_(names))))


def free_port(host: str, wanted: int) -> int:
    """`wanted`, or the next one nobody listens on. OSError when a hundred are taken or the host is not ours."""
    *others, last = range(wanted, wanted + 100)
    for port in others:
        try:
            return _bound(host, port)
        except OSError:
            continue
    return _bound(host, last)


def _bound(host: str, port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    return port


def web_command(host: str, port: int) -> list[str]:
    workers = os.environ.get("WEB_CONCURRENCY", "2")
    gunicorn = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", workers, "--threads", "4"]
    return [*gunicorn, "--bind", f"{host}:{port}", "--log-level", "warning", "app:app"]


def jobs_command() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "app", "jobs"]


def _greeting(address: str, is_demonstration: bool) -> str:
    lines = ["", f"  {address}", ""]
    if is_demonstration:
        from aftersales.demo import logins

        widest = max(len(username) for _role, username, _password in logins())
        lines += [f"  {username:<{widest}}  {password}  {role}" for role, username, password in logins()] + [""]
    return "\n".join([*lines, "  Ctrl-C"])


def watch(web: list[str], jobs: list[str], environment: dict[str, str], address: tuple[str, int], greeting: str) -> int:
    """Both processes, until one asks to stop or the web server ends. The exit status."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        server = start(web, environment)
        processes.append(server)
        if not answers(server, address):
            print("The web server did not start.", file=sys.stderr, flush=True)
            return 1
        runner, started_at = start(jobs, environment), time.monotonic()
        processes.append(runner)
        print(greeting, flush=True)
        while server.poll() is None:
            time.sleep(0.5)
            if runner.poll() is not None and time.monotonic() - started_at > BREATH:
                print(f"The job runner ended with {runner.returncode}; starting another.", file=sys.stderr, flush=True)
                processes.remove(runner)
                runner, started_at = start(jobs, environment), time.monotonic()
                processes.append(runner)
        print(f"The web server ended with {server.returncode}.", file=sys.stderr, flush=True)
        return 1
    except (Stopped, KeyboardInterrupt):
        return 0
    finally:
        stop(processes)


def start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C comes to us alone, and we end both in order.
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)


def answers(server: subprocess.Popen[bytes], address: tuple[str, int]) -> bool:
    """Whether the server takes connections before it ends or our patience does."""
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(address, timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End them: the present request and job step may finish, then there is no more waiting."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + FAREWELL
    for process in processes:
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Within, being asked to end (Ctrl-C, a terminal that closes, a supervisor) is the exception Stopped.

    Ctrl-C is among them because a program started in the background of a shell has it ignored.
    """

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
