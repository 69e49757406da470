"""Measures the pages on the rows of bench.load, through gunicorn with two workers, one request at a time. Run by hand:

    python -m bench.pages [--folder /var/tmp/aftersales-bench] [--rounds 60]

The limits: a fifth of what Django admin with history took on such rows and cores for what is read, the same for what is
written (figures in the issue this was built for: 92, 142, 909, 767, 55, 12 and 12 ms).
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from bench.server import server, settings
from tests.world import PASSWORD

PORT = 8431
BASE = f"http://127.0.0.1:{PORT}"
LIMITS = {
    "list": 92 / 5,
    "filtered list": 142 / 5,
    "Chinese substring": 909 / 5,
    "deep page": 767 / 5,
    "show": 55 / 5,
    "timeline of a device": 55 / 5,
    "save": 12,
    "create": 12,
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--folder", type=Path, default=Path("/var/tmp/aftersales-bench"))
    arguments.add_argument("--rounds", type=int, default=60)
    asked = arguments.parse_args()
    with server(asked.folder) as url:
        process = serve(settings(url, asked.folder))
        try:
            measure(asked.rounds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def serve(config: dict[str, object]) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "DATABASE_URL": str(config["SQLALCHEMY_DATABASE_URI"]),
        "INSTANCE_PATH": str(config["INSTANCE_PATH"]),
        "STORE_URL": str(config["STORE_URL"]),
        "SECRET_KEY": str(config["SECRET_KEY"]),
        "RATELIMIT_ENABLED": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{PORT}", "--log-level", "error", "app:app"],
        env=environment,
    )
    for _attempt in range(120):
        try:
            requests.get(f"{BASE}/login/", timeout=60)
            return process
        except requests.ConnectionError:
            time.sleep(0.5)
    raise RuntimeError("the server did not start")


def measure(rounds: int) -> None:
    browser = requests.Session()
    page = browser.get(f"{BASE}/login/").text
    browser.post(f"{BASE}/login/", {"username": "administrator", "password": PASSWORD, "csrf_token": token(page)})
    orders = f"{BASE}/service_order"
    last = int(re.findall(r"/service_order/show/(\d+)", browser.get(f"{orders}/list/").text)[0])
    deep = cursor(max(last - 250_000, last // 2))
    tasks: dict[str, Callable[[int], requests.Response]] = {
        "list": lambda i: browser.get(f"{orders}/list/"),
        "filtered list": lambda i: browser.get(f"{orders}/list/?state=closed&fault_level=level_2"),
        "Chinese substring": lambda i: browser.get(f"{orders}/list/?q=漏气"),
        "deep page": lambda i: browser.get(f"{orders}/list/?after={deep}"),
        "show": lambda i: browser.get(f"{orders}/show/{last - 7 * i}"),
        "timeline of a device": lambda i: browser.get(f"{BASE}/device/show/{2000 + i}"),
        "save": saving(browser),
        "create": creating(browser),
    }
    print(f"{'page':24}{'p50 ms':>9}{'limit':>9}{'of limit':>10}")
    for name, task in tasks.items():
        p50 = timed(task, rounds)
        print(f"{name:24}{p50:9.1f}{LIMITS[name]:9.1f}{p50 / LIMITS[name]:9.0%}{'' if p50 <= LIMITS[name] else '   too slow'}", flush=True)


def timed(task: Callable[[int], requests.Response], rounds: int) -> float:
    """The median in ms, after a warm-up of both workers. An answer that is no success ends the measurement."""
    taken = []
    for i in range(rounds + 10):
        begun = time.perf_counter()
        answer = task(i)
        if i >= 10:
            taken.append((time.perf_counter() - begun) * 1000)
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"{answer.status_code} from {answer.url}: {answer.text[:300]}")
    return statistics.median(taken)


def saving(browser: requests.Session) -> Callable[[int], requests.Response]:
    """One field of a customer, changed by its form; only the POST is timed, the forms are fetched before."""
    url = f"{BASE}/customer/edit/"
    forms = {}
    for i in range(200):
        page = browser.get(f"{url}{1500 + i}").text
        forms[i] = fields(page) | {"street": f"临江路 {time.time_ns()} 号", "reason": "地址变更"}
    return lambda i: browser.post(f"{url}{1500 + i}", forms[i], allow_redirects=False)


def creating(browser: requests.Session) -> Callable[[int], requests.Response]:
    form = fields(browser.get(f"{BASE}/service_request/add").text)
    form |= {
        "channel": "hotline",
        "received_at": "2026-11-16T09:00",
        "customer_id": "1500",
        "device_id": "",
        "fault_text": "开机自检不通过",
        "region_id": "3",  # where bench.load put customer 1500
    }
    return lambda i: browser.post(f"{BASE}/service_request/add", form, allow_redirects=False)


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


def token(page: str) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def cursor(record_id: int) -> str:
    import base64

    return base64.urlsafe_b64encode(f"[{record_id}]".encode()).decode().rstrip("=")


if __name__ == "__main__":
    main()
