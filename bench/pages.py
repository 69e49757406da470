"""Measures the pages on the rows of bench.load, through gunicorn with two workers, one request at a time, with the rows in memory. Run
by hand:

    python -m bench.pages [--folder /var/tmp/aftersales-bench] [--rounds 60] [--rival /var/tmp/rival/bin/python]

The limits: a fifth of what Django admin with history takes for what is read, the same for what is written. With --rival it is
measured here, in turns with the product, on the same rows (bench/rival.py says how to set it up); else the figures count that the
issue this was built for gives of such rows and cores.
"""

import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import psycopg

from bench.server import into_memory, server, settings
from tests.world import PASSWORD

PORT, RIVAL_PORT = 8431, 8432
TURN, UNCOUNTED = 20, 4
LEAK = quote("漏气")
BASE, RIVAL = f"http://127.0.0.1:{PORT}", f"http://127.0.0.1:{RIVAL_PORT}/admin"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    wanted: int


class Browser:
    """As little of one as there can be, with its cookies: a library's own takes 2 ms for a request, an eighth of a page."""

    def __init__(self, base: str) -> None:
        self.host = urlsplit(base).netloc
        self.cookies = SimpleCookie()

    def get(self, url: str) -> Answer:
        return self._ask("GET", url, None)

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        return self._ask("POST", url, urlencode(form))

    def _ask(self, method: str, url: str, body: str | None) -> Answer:
        cookie = "; ".join(f"{morsel.key}={morsel.coded_value}" for morsel in self.cookies.values())
        headers = {"Cookie": cookie, "Referer": url, "Accept": "text/html"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self.host, timeout=60)
        parts = urlsplit(url)
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        for line in response.headers.get_all("Set-Cookie", ()):
            self.cookies.load(line)
        connection.close()
        return Answer(response.status, text, 302 if method == "POST" else 200)


Task = Callable[[int], Answer]

# Another row at each run: who opens a page again within the hour is told of in the trail already, and that is quicker.
BEFORE = int(time.time()) % 100_000

# What the page took in Django admin (ms), and how many times faster this product has to be.
FIGURES = {
    "list": (92, 5),
    "filtered list": (142, 5),
    "Chinese substring": (909, 5),
    "deep page": (767, 5),
    "show": (55, 5),
    "timeline of a device": (55, 5),
    "save": (12, 1),
    "create": (12, 1),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--folder", type=Path, default=Path("/var/tmp/aftersales-bench"))
    arguments.add_argument("--rounds", type=int, default=60)
    arguments.add_argument("--rival", type=Path)
    asked = arguments.parse_args()
    into_memory(asked.folder)
    with server(asked.folder) as url, product(url, asked.folder):
        ours = tasks_of_the_product(signed_in(f"{BASE}/login/", "administrator", PASSWORD))
        if asked.rival is None:
            report(ours, {}, asked.rounds)
            return
        with rival(url, asked.rival):
            theirs = tasks_of_the_rival(signed_in(f"{RIVAL}/login/", "administrator", "rival-123456"))
            report(ours, theirs, asked.rounds)


@contextmanager
def product(url: str, folder: Path) -> Iterator[None]:
    config = settings(url, folder)
    environment = {
        "DATABASE_URL": str(config["SQLALCHEMY_DATABASE_URI"]),
        "INSTANCE_PATH": str(config["INSTANCE_PATH"]),
        "STORE_URL": str(config["STORE_URL"]),
        "SECRET_KEY": str(config["SECRET_KEY"]),
        "RATELIMIT_ENABLED": "0",
    }
    with gunicorn(Path(sys.executable), "app:app", PORT, environment, f"{BASE}/login/"):
        yield


@contextmanager
def rival(url: str, python: Path) -> Iterator[None]:
    address = psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", ""))
    environment = {f"RIVAL_{name}": str(address[key]) for name, key in (("DATABASE", "dbname"), ("HOST", "host"), ("USER", "user"))}
    subprocess.run([python, "-m", "bench.rival"], env=os.environ | environment, check=True)
    with gunicorn(python, "bench.rival:application", RIVAL_PORT, environment, f"{RIVAL}/login/"):
        yield


@contextmanager
def gunicorn(python: Path, application: str, port: int, environment: dict[str, str], page: str) -> Iterator[None]:
    command = [python, "-W", "ignore", "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error", application]
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        for _attempt in range(120):
            try:
                Browser(page).get(page)
                break
            except ConnectionError:
                time.sleep(0.5)
        else:
            raise RuntimeError(f"{application} did not start")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def signed_in(page: str, username: str, password: str) -> Browser:
    browser = Browser(page)
    names = fields(browser.get(page).text)
    browser.post(page, names | {"username": username, "password": password})
    return browser


def tasks_of_the_product(browser: Browser) -> dict[str, Task]:
    orders = f"{BASE}/service_order"
    last = newest(browser)
    deep = cursor(max(last - 250_000, last // 2))
    return {
        "list": lambda i: browser.get(f"{orders}/list/"),
        "filtered list": lambda i: browser.get(f"{orders}/list/?state=closed&fault_level=level_2"),
        "Chinese substring": lambda i: browser.get(f"{orders}/list/?q={LEAK}"),
        "deep page": lambda i: browser.get(f"{orders}/list/?after={deep}"),
        "show": lambda i: browser.get(f"{orders}/show/{last - BEFORE - 7 * i}"),
        "timeline of a device": lambda i: browser.get(f"{BASE}/device/show/{2000 + i}"),
        "save": saving(browser, f"{BASE}/customer/edit/{{}}"),
        "create": creating(browser, f"{BASE}/service_request/add"),
    }


def tasks_of_the_rival(browser: Browser) -> dict[str, Task]:
    orders = f"{RIVAL}/bench/order"
    last = int(re.findall(r"/bench/order/(\d+)/change", browser.get(f"{orders}/").text)[0])
    return {
        "list": lambda i: browser.get(f"{orders}/"),
        "filtered list": lambda i: browser.get(f"{orders}/?state__exact=closed&fault_level__exact=level_2"),
        "Chinese substring": lambda i: browser.get(f"{orders}/?q={LEAK}"),
        "deep page": lambda i: browser.get(f"{orders}/?p=10000"),
        "show": lambda i: browser.get(f"{orders}/{last - BEFORE - 7 * i}/change/"),
        "timeline of a device": lambda i: browser.get(f"{RIVAL}/bench/device/{2000 + i}/change/"),
        "save": saving(browser, f"{RIVAL}/bench/customer/{{}}/change/"),
        "create": creating(browser, f"{RIVAL}/bench/request/add/"),
    }


def newest(browser: Browser) -> int:
    return int(re.findall(r"/service_order/show/(\d+)", browser.get(f"{BASE}/service_order/list/").text)[0])


def report(ours: dict[str, Task], theirs: dict[str, Task], rounds: int) -> None:
    print(f"{'page':24}{'p50 ms':>9}{'rival':>9}{'times faster':>14}{'wanted':>8}")
    for name, (figure, wanted) in FIGURES.items():
        pair = [ours[name], theirs[name]] if name in theirs else [ours[name]]
        mine, other = (*in_turns(pair, rounds), float(figure))[:2]
        verdict = "" if other >= wanted * mine else "   too slow"
        print(f"{name:24}{mine:9.1f}{other:9.1f}{other / mine:14.1f}{wanted:8}{verdict}", flush=True)


def in_turns(tasks: list[Task], rounds: int) -> list[float]:
    """The medians in ms, after a warm-up of all workers. In turns of so many, so that what else the machine does weighs on both alike;
    the first ones of a turn do not count, for the other program has put its own into the processor's memory: in an installation
    there is no other."""
    taken: list[list[float]] = [[] for _task in tasks]
    for begin in range(0, rounds + TURN, TURN):
        for task, times in zip(tasks, taken, strict=True):
            for i in range(UNCOUNTED + TURN):
                begun = time.perf_counter()
                answer = task(begin // TURN * (UNCOUNTED + TURN) + i)
                if begin and i >= UNCOUNTED:
                    times.append((time.perf_counter() - begun) * 1000)
                if answer.status != answer.wanted:
                    raise RuntimeError(f"{answer.status} instead of {answer.wanted}: {answer.text[:300]}")
    return [statistics.median(times) for times in taken]


def saving(browser: Browser, url: str) -> Task:
    """One field of a customer, changed by its form; only the POST is timed, the forms are fetched before."""
    forms = {}
    for i in range(200):
        page = browser.get(url.format(1500 + i)).text
        forms[i] = fields(page) | {"street": f"临江路 {time.time_ns()} 号", "reason": "地址变更"}
    return lambda i: browser.post(url.format(1500 + i), forms[i])


def creating(browser: Browser, url: str) -> Task:
    form = fields(browser.get(url).text)
    form |= {"channel": "hotline", "customer": "1500", "customer_id": "1500", "fault_text": "开机自检不通过", "caller_name": "沈护士长"}
    form |= {"region_id": "3"}  # where bench.load put customer 1500
    if "received_at_0" not in form:
        form |= {"received_at": "2026-11-16T09:00", "device_id": ""}
        return lambda i: browser.post(url, form)
    form |= {"received_at_0": "2026-11-16", "received_at_1": "09:00", "state": "received"}

    def create(i: int) -> Answer:
        mark = time.time_ns()  # the rival asks for what the product gives by itself
        return browser.post(url, form | {"number": f"SR-{mark}", "progress_token": str(mark)})

    return create


def fields(page: str) -> dict[str, str]:
    """What a form would send if nothing was typed."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: dict[str, str] = {}
            self.select, self.area = "", ""

        def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
            values = dict(pairs)
            if tag == "input" and values.get("name"):
                self.found[values["name"]] = values.get("value") or ""
            elif tag == "select":
                self.select = values.get("name") or ""
            elif tag == "option" and "selected" in values and self.select:
                self.found[self.select] = values.get("value") or ""
            elif tag == "textarea":
                self.area = values.get("name") or ""

        def handle_data(self, text: str) -> None:
            if self.area:
                self.found[self.area] = text.strip()
                self.area = ""

    reader = Reader()
    reader.feed(page)
    return reader.found


def cursor(record_id: int) -> str:
    import base64

    return base64.urlsafe_b64encode(f"[{record_id}]".encode()).decode().rstrip("=")


if __name__ == "__main__":
    main()
