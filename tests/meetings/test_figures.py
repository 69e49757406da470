"""The figures of a quality meeting: each is that of its list, and those of hand-made rows are what was made."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.kinds import CauseKind, ComplaintKind, Severity
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.plan import EmergencyPlan
from aftersales.extensions import db
from aftersales.labels import has_label
from aftersales.meetings.counting import _names, counted, standing
from aftersales.meetings.figures import CHAPTERS, Entry, Grouped, Listed, Reckoned
from aftersales.meetings.period import Period, PeriodKind
from aftersales.meetings.reckoning import RECKONED
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import ClockRun
from aftersales.record.filtering import argument_names
from aftersales.record.listing import PAGE
from aftersales.roles import Role
from aftersales.service.fault import FaultLevel
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, Harm, RequestKind, ServiceRequest
from tests.pages.conftest import furnished
from tests.scenarios.person import Visitor
from tests.world import MONDAY

__all__ = ["furnished"]
QUARTER = Period(PeriodKind.quarter, date(2026, 10, 1))
AFTERWARDS = datetime(2027, 1, 5, 2, tzinfo=UTC)


def figures() -> dict[str, dict[str, Any]]:
    """The tables by key."""
    return {table["key"]: table for table in counted(db.session(), QUARTER, {})}


def cells(table: dict[str, Any]) -> dict[str, list[Any]]:
    return {row["key"]: row["cells"] for row in table["rows"]}


def test_every_figure_has_its_words_and_asks_for_lists_that_know_its_arguments(app: Flask) -> None:
    for chapter, tables in CHAPTERS.items():
        assert has_label(f"meeting_chapter.{chapter}")
        for figure in tables:
            assert has_label(f"meeting_table.{figure.key}"), figure.key
            assert has_label(f"meeting_rule.{figure.key}"), figure.key
            asked: list[Any] = []
            if isinstance(figure, Listed):
                asked = [(entry.kind, set(entry.args)) for entry in figure.entries]
                assert [e.key for e in figure.entries if not has_label(f"meeting_row.{figure.key}.{e.key}")] == []
            elif isinstance(figure, Grouped):
                by = "of" if "." in figure.by else figure.by
                asked = [(figure.kind, {*figure.args, f"{figure.on}_from", f"{figure.on}_until", by})]
            else:
                assert isinstance(figure, Reckoned)
                assert figure.key in RECKONED
            for kind, args in asked:
                assert args <= set(argument_names(SharedRecord.record_types[kind])), (figure.key, args)


@pytest.mark.pure
def test_what_stands_open_is_told_from_what_happened() -> None:
    assert Entry("open", "Complaint", {"state": "registered"}).is_standing
    assert not Entry("closed", "Complaint", {"closed_at_from": "{first}"}).is_standing


def test_each_number_is_that_of_the_list_it_leads_to(app: Flask, furnished: object) -> None:
    with server_time.at(AFTERWARDS):
        with app.app_context(), acting_as(SYSTEM):
            tables = counted(db.session(), QUARTER, {})
        administrator = Visitor.signed_in(app, Role.administrator)
        told = [(table, row) for table in tables for row in table["rows"] if row["url"] and row["kind"] and table["key"] != "recalls"]
        assert len(told) > 40
        for table, row in told:
            found = dict(zip(table["columns"], row["cells"], strict=True))
            number = found.get("n", found.get("orders", found.get("answers")))
            if number is None:
                number = found["missed"] or found["kept"]
            page = administrator.open(row["url"])
            assert page.status == 200, row["url"]
            assert len(page.page.xpath("//table[contains(@class, 'listing')]/tbody/tr")) == min(number, PAGE), (table["key"], row)


def test_complaints_are_counted_by_kind_severity_cause_model_and_region(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(AFTERWARDS):
        before = figures()
        model_id = _complaints()
        after = figures()
        grown = {key: _grown(before[key], after[key]) for key in after if key.startswith("complaint")}
        assert grown["complaints"] == {"received": (4, 1)}
        assert grown["complaint_kinds"] == {"product_quality": (2, 1), "delivery": (1, 0), "unknown": (1, 0)}
        assert grown["complaint_severities"] == {"general": (3, 1), "major": (1, 0)}
        assert grown["complaint_causes"] == {"manufacture": (1, 0), "unknown": (3, 1)}
        assert grown["complaint_models"] == {str(model_id): (3, 1), "unknown": (1, 0)}
        assert sum(now for now, _before in grown["complaint_regions"].values()) == 4
        assert len(grown["complaint_regions"]) == 2


def _complaints() -> int:
    """Four in the quarter, one of them at its last minute and one without a device, one in the quarter before, and one at the first moment
    of the next; besides one that is only proposed. Their states are written by hand, because here they are only counted."""
    orders = db.session.scalars(select(ServiceOrder).order_by(ServiceOrder.id)).all()
    first, second = orders[0], orders[1]
    product = ComplaintKind.product_quality
    rows = [
        (first, datetime(2026, 10, 1, tzinfo=server_time.CHINA), {"kind": product, "cause_kind": CauseKind.manufacture}),
        (first, datetime(2026, 12, 31, 23, 59, tzinfo=server_time.CHINA), {"kind": product, "severity": Severity.major}),
        (second, MONDAY, {"kind": ComplaintKind.delivery}),
        (second, MONDAY, {"device_id": None}),
        (first, datetime(2026, 9, 30, 23, 59, tzinfo=server_time.CHINA), {"kind": product}),
        (first, datetime(2027, 1, 1, tzinfo=server_time.CHINA), {"kind": product}),
        (first, MONDAY, {"kind": product, "state": "proposed"}),
    ]
    for order, received_at, facts in rows:
        place = {"region_id": order.region_id, "customer_id": order.customer_id}
        device = {"device_id": facts.get("device_id", order.device_id)}
        about = {"kind": RequestKind.complaint, "channel": Channel.hotline, "fault_text": "投诉", "harm": Harm.no}
        request = ServiceRequest(received_at=received_at, **about, **place, **device)
        state = facts.pop("state", "registered")
        told = {"severity": Severity.general, "description": "投诉", "received_at": received_at} | place | device | facts
        complaint = Complaint(request=request, **told)
        complaint._moving_to = state
        complaint.state = state
        db.session.add_all([request, complaint])
    db.session.flush()
    return first.device.model_id


def _grown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """What was added to each line, in the period and in the one before."""
    then = cells(before)
    told = {
        key: tuple(now - was for now, was in zip(found, then.get(key, (0, 0)), strict=True))
        for key, found in cells(after).items() if None not in found
    }  # fmt: skip
    return {key: grown for key, grown in told.items() if any(grown)}


def test_deadlines_are_judged_by_record_legal_and_company_apart(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(AFTERWARDS):
        order = db.session.scalars(select(ServiceOrder).order_by(ServiceOrder.id)).first()
        before = figures()
        late, soon = timedelta(minutes=1), -timedelta(minutes=1)
        made = [
            (1, "company", MONDAY, soon), (2, "company", MONDAY, late), (3, "company", MONDAY, None),
            (3, "legal", MONDAY, soon), (4, "legal", datetime(2026, 9, 1, tzinfo=UTC), late),
            (5, "company", datetime(2027, 1, 1, tzinfo=server_time.CHINA), None),
        ]  # fmt: skip
        for record_id, track, due_at, met in made:
            db.session.add(_run(order, record_id, track, due_at, None if met is None else due_at + met))
        paused, dropped = _run(order, 6, "company", MONDAY, None), _run(order, 7, "company", MONDAY, None)
        paused.paused_at = dropped.dropped_at = MONDAY
        db.session.add_all([paused, dropped])
        # A record whose second run was kept and whose first was missed counts once, as missed.
        again = _run(order, 2, "company", MONDAY, MONDAY)
        again.run = 2
        db.session.add(again)
        db.session.flush()
        after = figures()
        assert _runs(after["clocks_company"], before["clocks_company"]) == [3, 1, 2]
        assert _runs(after["clocks_legal"], before["clocks_legal"]) == [1, 1, 0]
        assert cells(after["clocks_legal"])["ServiceOrder.resolve"][3:] == ["100.0", "0.0"]


def _run(order: ServiceOrder, record_id: int, track: str, due_at: datetime, met_at: datetime | None) -> ClockRun:
    run = ClockRun.of(order, milestone="resolve", track=track, started_at=due_at, due_at=due_at, met_at=met_at, decision={})
    run.record_id = 10_000 + record_id
    return run


def _runs(after: dict[str, Any], before: dict[str, Any]) -> list[int]:
    then = cells(before).get("ServiceOrder.resolve", [0, 0, 0])
    return [now - was for now, was in zip(cells(after)["ServiceOrder.resolve"][:3], then[:3], strict=True)]


def test_times_are_means_of_what_took_the_step_and_repeats_are_devices_with_two_orders(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(AFTERWARDS):
        order = db.session.scalars(select(ServiceOrder).order_by(ServiceOrder.id)).first()
        used = set(db.session.scalars(select(ServiceOrder.fault_level)))
        level = next(level for level in FaultLevel if level not in used)
        for minutes in (30, 90, None):
            _order_like(order, level, MONDAY, minutes)
        _order_like(order, level, datetime(2026, 8, 1, tzinfo=UTC), 600)
        found = figures()
        assert cells(found["order_times"])[level.value] == [3, None, None, 60, 600]
        assert cells(found["orders"])[str(level)] == [3, 1]
        assert cells(found["repeated"]) == {"devices": [1, 0], "orders": [4, 0], f"device:{order.device_id}": [4, None]}


def _order_like(order: ServiceOrder, level: FaultLevel, reported_at: datetime, minutes: int | None) -> None:
    place = {"region_id": order.region_id, "customer_id": order.customer_id, "device_id": order.device_id}
    about = {"kind": RequestKind.fault, "channel": Channel.hotline, "fault_text": "报警"}
    request = ServiceRequest(received_at=reported_at, **about, **place)
    resolved_at = None if minutes is None else reported_at + timedelta(minutes=minutes)
    facts = {"reported_at": reported_at, "resolved_at": resolved_at, "fault_level": level, "fault_text": "报警"}
    db.session.add(ServiceOrder(request=request, **facts, **place))
    db.session.flush()


def test_what_stands_open_is_compared_with_what_the_last_meeting_was_told(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(AFTERWARDS):
        tables = counted(db.session(), QUARTER, {("capa", "open"): 7})
        capa = next(table for table in tables if table["key"] == "capa")
        assert cells(capa)["open"] == [2, 7]
        assert cells(capa)["open_long"] == [0, None]
        assert standing(tables)["capa", "open"] == 2


def test_an_emergency_is_told_by_its_plan_in_words(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        plan = db.session.scalars(select(EmergencyPlan)).first()
        told = _names(db.session(), Emergency, "plan_id", {plan.id})
    assert told == {plan.id: [f"{plan.number} {plan.title} {plan.edition}"] * 2}
