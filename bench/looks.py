"""Measures the looks for signals on the rows of bench.load: at new cases, at all lots, at the rises of the models. Run by hand:

    python -m bench.load --orders 300000
    python -m bench.looks [--folder /var/tmp/aftersales-bench]

There every device has had a part of a lot fitted at each repair, and all cases lie within the window: more than a company would have. A
million orders a year are two new cases a minute. The looks are a pass of their own, nobody waits for them. What is found is rolled back.
"""

import argparse
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from unittest.mock import patch

from bench.server import app_on, server

CASES = 50
LIMITS = {"a new case": 0.5, "all lots": 120.0, "rises": 20.0}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--folder", type=Path, default=Path("/var/tmp/aftersales-bench"))
    asked = arguments.parse_args()
    with server(asked.folder) as url:
        app = app_on(url, asked.folder)
        from aftersales.record.actor import SYSTEM, acting_as

        with app.app_context(), acting_as(SYSTEM):
            measure()


def measure() -> None:
    from sqlalchemy import func, select

    from aftersales.extensions import db
    from aftersales.labels import speaking
    from aftersales.service.lines import PartReplaced
    from aftersales.service.request import ServiceRequest
    from aftersales.signals import looking
    from aftersales.signals.kinds import SignalLook

    session = db.session()
    counted = [session.scalar(select(func.count()).select_from(cls)) for cls in (ServiceRequest, PartReplaced)]
    print(f"{counted[0]} requests, {counted[1]} parts fitted")
    newest = session.scalars(select(ServiceRequest).order_by(ServiceRequest.id.desc()).limit(CASES)).all()
    print(f"{'':16}{'seconds':>9}{'limit':>9}{'of limit':>10}")
    with speaking("zh"), patch.object(session, "commit", session.flush):
        _timed("a new case", lambda: [looking.look_at_request(session, request) for request in newest], CASES)
        _timed("all lots", lambda: looking._look_at_lots(session, SignalLook.month))
        _timed("rises", lambda: looking._look_at_rises(session, SignalLook.month, date.today().replace(day=1), 1))
    session.rollback()


def _timed(name: str, work: Callable[[], object], times: int = 1) -> None:
    begun = time.perf_counter()
    work()
    taken = (time.perf_counter() - begun) / times
    verdict = "" if taken <= LIMITS[name] else "   too slow"
    print(f"{name:16}{taken:9.2f}{LIMITS[name]:9.2f}{taken / LIMITS[name]:10.0%}{verdict}", flush=True)


if __name__ == "__main__":
    main()
