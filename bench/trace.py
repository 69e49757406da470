"""Measures traces among a million fitted parts on PostgreSQL, in one process, signed in as quality. Run by hand:

    python -m bench.trace [--parts 1000000] [--rounds 15] [--folder /var/tmp/aftersales-trace]

The limit is a second for each page (issue: "one million parts: under a second"). The first run fills the folder, which takes minutes.
Quality, because the badge of late orders, which the frame counts for dispatchers, has no clocks to go by on these rows.
The starts are the widest there are: one engineer made every repair, one maker every device, a tenth of which bear the UDI-DI.
"""

import argparse
import statistics
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from flask.testing import FlaskClient

from bench.load import load
from bench.server import app_on, server

LIMIT_MS = 1000
MAKER = quote("澄海医疗设备厂")  # of the model that bench.load gives every device
STEPS = ("customers", "devices", "drafts", "requests", "orders", "parts", "visits")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--parts", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--folder", type=Path, default=Path("/var/tmp/aftersales-trace"))
    asked = arguments.parse_args()
    with server(asked.folder) as url:
        plain = url.replace("+psycopg", "")
        is_new = not _is_filled(plain)
        app = app_on(url, asked.folder, build=is_new)
        if is_new:
            load(plain, asked.parts, STEPS)
        app.config["WTF_CSRF_ENABLED"] = False
        from tests.world import sign_in  # only now are all records mapped

        measure(sign_in(app, "quality"), asked.parts, asked.rounds)


def _is_filled(url: str) -> bool:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('part_replaced')").fetchone()[0] is None:
            return False
        return connection.execute("SELECT 1 FROM part_replaced WHERE id > 1000 LIMIT 1").fetchone() is not None


def measure(client: FlaskClient, parts: int, rounds: int) -> None:
    middle = 1000 + parts // 2
    starts = {
        "part, one serial number": [f"kind=part&key=T{middle + 7 * i}" for i in range(rounds)],
        "part, a lot of 5,000": [f"kind=part&key=L{middle // 5000 + i}" for i in range(rounds)],
        "device": [f"kind=device&key={20_000 + i}" for i in range(rounds)],
        "UDI-DI, a tenth of all": [f"kind=udi&key=0690123456{i % 10:04d}" for i in range(rounds)],
        "maker of every device": [f"kind=maker&key={MAKER}"] * rounds,
        "software version": [f"kind=software&key=2.1.{i % 20}" for i in range(rounds)],
        "customer": [f"kind=customer&key={2000 + i}" for i in range(rounds)],
        "engineer of every repair": ["kind=person&key=4"] * rounds,
        "the same, far back": [f"kind=person&key=4&before=0.{middle - i}" for i in range(rounds)],
        "all parts of a window": ["kind=person&key=4&section=part"] * rounds,
        "what a scan means": [f"q=T{middle + 11 * i}" for i in range(rounds)],
    }
    print(f"{'trace from':28}{'p50 ms':>9}{'worst ms':>10}{'limit ms':>10}{'worst of limit':>16}")
    for name, queries in starts.items():
        taken = [_timed(client, query) for query in (queries[0], *queries)][1:]
        worst = max(taken)
        verdict = "" if worst <= LIMIT_MS else "   too slow"
        print(f"{name:28}{statistics.median(taken):9.0f}{worst:10.0f}{LIMIT_MS:10}{worst / LIMIT_MS:16.0%}{verdict}", flush=True)


def _timed(client: FlaskClient, query: str) -> float:
    begun = time.perf_counter()
    answer = client.get(f"/trace/?{query}")
    taken = (time.perf_counter() - begun) * 1000
    if answer.status_code not in (200, 302) or b"empty" in answer.data:
        raise RuntimeError(f"{answer.status_code} for {query}: it led nowhere")
    return taken


if __name__ == "__main__":
    main()
