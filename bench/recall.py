"""Measures freezing the list of a recall of a hundred thousand units on PostgreSQL, in one process. Run by hand:

    python -m bench.recall [--units 100000] [--folder /var/tmp/aftersales-recall]

The limits: the preview within 5 seconds, the list with its trail and hash within 60 (it is a job), its entries in the log within 60 more,
the page of the recall and pages of its units within a second. "cpu" is of this process, without the database's. Each run freezes a new
recall, so the folder may be used again.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from flask import Flask

from bench.server import app_on, server

LIMITS = {"preview": 5.0, "list": 60.0, "log": 60.0, "sample of 200": 10.0, "page": 1.0, "units": 1.0, "next units": 1.0}
DEVICES = """
    INSERT INTO device (model_id, serial_no, lot_no, customer_id, is_loaner, qr_token, number, state, region_id, version, search_text,
           created_at, changed_at)
    SELECT 1, 'RC' || lpad(i::text, 8, '0'), 'LOT' || i % 2, customer.id, false, 'recall-' || i, 'DV-RC-' || i, 'in_use',
           customer.region_id, 1, 'rc' || i, now(), now()
    FROM generate_series(1, {n}) AS i JOIN customer ON customer.id = 1000 + 1 + i % 2000"""
CUSTOMERS = """
    INSERT INTO customer (id, name, level, city, number, region_id, version, search_text, created_at, changed_at)
    SELECT 1000 + i, '第' || i || '人民医院', 'tertiary_a', '临江市', 'CU-' || i, 1 + i % 3, 1, 'cu-' || i, now(), now()
    FROM generate_series(1, 2000) AS i"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--units", type=int, default=100_000)
    arguments.add_argument("--folder", type=Path, default=Path("/var/tmp/aftersales-recall"))
    asked = arguments.parse_args()
    with server(asked.folder) as url:
        plain = url.replace("+psycopg", "")
        app = app_on(url, asked.folder, build=_is_new(plain))
        with psycopg.connect(plain, autocommit=True) as connection:
            if connection.execute("SELECT count(*) FROM device WHERE lot_no LIKE 'LOT%'").fetchone()[0] == 0:
                connection.execute(CUSTOMERS)
                connection.execute(DEVICES.format(n=asked.units))
                connection.execute("ANALYZE")
        measure(app, asked.units)


def _is_new(plain: str) -> bool:
    with psycopg.connect(plain) as connection:
        return connection.execute("SELECT to_regclass('device')").fetchone()[0] is None


def measure(app: Flask, units: int) -> None:
    from aftersales.extensions import db
    from aftersales.jobs.work import work_off
    from aftersales.recalls.choices import RecallSource
    from aftersales.recalls.effect import draw
    from aftersales.recalls.preview import preview
    from aftersales.recalls.recall import Recall
    from aftersales.recalls.scope import RecallCriterion
    from aftersales.record.actor import SYSTEM, acting_as
    from aftersales.record.audit import seal_tree
    from aftersales.record.saving import create
    from tests.scenarios.person import Visitor
    from tests.world import sign_in

    app.config["WTF_CSRF_ENABLED"] = False
    client = sign_in(app, "quality")
    with app.app_context(), acting_as(SYSTEM):
        session = db.session()
        facts = {"subject": "批次缺陷", "model_id": 1, "source": RecallSource.signal, "source_text": "测量"}
        recall = create(session, Recall, facts)
        create(session, RecallCriterion, {"recall": recall, "lots": "LOT0 LOT1"})
        session.commit()
        pk = recall.id
        seal_tree(session, app.extensions["audit"])
        print(f"{'':16}{'cpu':>9}{'seconds':>9}{'limit':>9}{'of limit':>10}")
        _timed("preview", lambda: preview(session, recall))
    client.post(f"/recall/{pk}/perform/freeze")
    with app.app_context(), acting_as(SYSTEM):
        session = db.session()
        _timed("list", lambda: work_off(session))
        recall = session.get_one(Recall, pk)
        assert recall.unit_count == units, recall.unit_count
        _timed("log", lambda: seal_tree(session, app.extensions["audit"]))
        recall.sample_size, recall.sample_seed, recall._audit_reason = 200, 7, "measured"
        _timed("sample of 200", lambda: (draw(session, recall), session.rollback()))
    client.get(f"/recall/show/{pk}")
    _timed("page", lambda: client.get(f"/recall/show/{pk}"))
    reader = Visitor(client)
    units_page = f"/recall_unit/list/?recall_id={pk}&state=to_do"
    (following,) = reader.open(units_page).links("after=")
    _timed("units", lambda: reader.open(units_page))
    _timed("next units", lambda: reader.open(following))


def _timed(name: str, work: Callable[[], object]) -> None:
    begun, used = time.perf_counter(), time.process_time()
    work()
    taken, used = time.perf_counter() - begun, time.process_time() - used
    verdict = "" if taken <= LIMITS[name] else "   too slow"
    print(f"{name:16}{used:9.1f}{taken:9.1f}{LIMITS[name]:9.1f}{taken / LIMITS[name]:10.0%}{verdict}", flush=True)


if __name__ == "__main__":
    main()
