"""Duties that must be two people's are refused to one, by page and API, for administrators too: every declaration of it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Boolean, Date, inspect, select

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.paper import PaperRequest, PaperUse
from aftersales.archives.retention import RetentionClass, Term
from aftersales.columns import UtcDateTime
from aftersales.deadlines.clock_pause import ClockPause
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record.actor import Actor, acting_as
from aftersales.record.audit import record_event
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import LEGAL, ClockRun
from aftersales.record.now import at
from aftersales.record.saving import create
from aftersales.record.words import Transition
from aftersales.registration import record_types
from aftersales.settings.letterhead import Letterhead
from aftersales.settings.notice_text import NoticeKind, NoticeText
from aftersales.settings.number_pattern import NumberPattern
from tests.security.conftest import account
from tests.world import MONDAY, OWN, PASSWORD, sign_in, specimen, token_of

TYPED = {Date: "2100-01-01", Boolean: True, UtcDateTime: "2026-11-16T09:30"}
Inside = Callable[[Callable[[], Any]], Any]
APART = [
    (cls, transition, earlier)
    for cls in dict.fromkeys(record_types())
    for transition in (cls.workflow.transitions if cls.workflow else ())
    for earlier in transition.apart_from
]


def _typed(column: Any) -> Any:
    return next((value for kind, value in TYPED.items() if isinstance(column, kind)), "合格")


def test_there_are_such_duties() -> None:
    names = {(cls.__name__, transition.name) for cls, transition, _earlier in APART}
    assert names >= {("ServiceOrder", "close"), ("FunctionTest", "approve"), ("ClockRule", "approve"), ("ClockPause", "approve")}


@pytest.mark.parametrize(("cls", "transition", "earlier"), APART, ids=[f"{c.__name__}.{t.name} after {e}" for c, t, e in APART])
def test_one_person_does_not_do_both(app: Flask, inside: Inside, cls: type[SharedRecord], transition: Transition, earlier: str) -> None:
    pk = inside(lambda: _record(app, cls))
    state = inside(lambda: db.session.get(cls, pk).state)
    inside(lambda: _done_by_administrator(cls, pk, earlier))
    columns = inspect(cls).columns
    values = {name: _typed(columns[name].type) for name in transition.fields}
    signing = {"reason": "试", "password": PASSWORD}
    sent = {name: str(value).lower() for name, value in values.items()} | signing
    page = sign_in(app, "administrator").post(f"/{cls.key()}/{pk}/perform/{transition.name}", data=sent)
    assert page.status_code == 403
    bearer = {"Authorization": f"Bearer {token_of(app, 'administrator')}", "Accept-Language": "en"}
    api = app.test_client().post(f"/api/v1/{cls.key()}/{pk}/{transition.name}", json={"values": values, **signing}, headers=bearer)
    assert api.status_code == 403
    assert "needs a second person" in api.json["message"]
    assert inside(lambda: db.session.get(cls, pk).state) == state


SETTINGS: dict[type[SharedRecord], dict[str, Any]] = {
    NumberPattern: {"prefix_of": "SO", "letters": "WX"},
    Letterhead: {"name": "澄海医疗器械有限公司"},
    NoticeText: {"kind": NoticeKind.passed, "subject": "{时限}已超时", "body": "{记录}"},
}


def _record(app: Flask, cls: type[SharedRecord]) -> int:
    """A record of the type; the world has no pause of a clock, no setting and no archive, so one is proposed."""
    pk = specimen(app, cls, OWN)
    if pk is not None:
        return pk
    if cls in SETTINGS:
        return create(db.session(), cls, {"effective_from": date(2100, 1, 1)} | SETTINGS[cls]).id
    if cls is PaperRequest:
        return create(db.session(), cls, {"entry": _entry(app), "use": PaperUse.copy, "purpose": "核对签名"}).id
    assert cls is ClockPause, f"no specimen of {cls.__name__} in tests/world.py"
    with at(MONDAY):
        run = next(run for run in db.session.scalars(select(ClockRun).where(ClockRun.track != LEGAL)) if run.state == "running")
        return create(db.session(), ClockPause, {"clock": run, "reason": "等待配件"}).id


def _entry(app: Flask) -> ArchiveEntry:
    """The archived papers of a device, with a paper original in its box."""
    device = db.session.get(Device, specimen(app, Device, OWN))
    entry = ArchiveEntry(
        kind="Device", record_id=device.id, record_number=str(device), title="装机档案", recorded_on=MONDAY.date(), sealed_at=MONDAY,
        sealed_by="质量", content_hash="0" * 64, files=[], retention_class=RetentionClass.quality_record, term=Term.permanent, judgement={},
        paper_room="档案室", paper_box="2026-01", region_id=device.region_id,
    )  # fmt: skip
    db.session.add(entry)
    db.session.flush()
    return entry


def _done_by_administrator(cls: type[SharedRecord], pk: int, action: str) -> None:
    """The trail says that the administrator took the earlier step."""
    me = account("administrator")
    with acting_as(Actor(name=me.get_full_name(), user_id=me.id, region_ids=None)):
        record_event(db.session(), db.session.get(cls, pk), action)
