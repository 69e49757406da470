"""The sealing of one order in a process of its own, which dies without a word at a named point: imported by that process."""

import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from multiprocessing.synchronize import Event
from typing import Any

from sqlalchemy import event

from aftersales import create_app
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.storage import Store
from aftersales.record.workflow import perform
from aftersales.service.order import ServiceOrder
from tests.engines import release
from tests.world import MONDAY

POINTS = ("before the bytes are stored", "after the bytes are stored", "before the commit", "after the commit")


def close(settings: Mapping[str, Any], order_id: int, point: str, began: Event) -> None:
    """Close and so seal the order; die at `point`, or run to the end where it is ""."""
    app = create_app(settings)
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=4)):
        order = db.session.get(ServiceOrder, order_id)
        put = Store.put

        def watched(store: Store, data: bytes) -> str:
            _die_at(POINTS[0], point)
            key = put(store, data)
            _die_at(POINTS[1], point)
            return key

        Store.put = watched
        event.listen(db.session, "before_commit", lambda _session: _die_at(POINTS[2], point))
        event.listen(db.session, "after_commit", lambda _session: _die_at(POINTS[3], point))
        began.set()
        perform(order, "close", values={"review_opinion": "资料齐全"})
        db.session.commit()
    release(app)


def _die_at(here: str, point: str) -> None:
    if here == point:
        os.kill(os.getpid(), signal.SIGKILL)
