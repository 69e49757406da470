"""The first page of each job: what waits, what is due, what needs a hand, each leading to where it is done."""

import html
import re
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from aftersales.complaints.complaint import Complaint
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.home.deadlines import deadlines
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.organization.region import Region
from aftersales.people.qualification import Qualification
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.saving import change, create
from aftersales.record.signatures import Signature
from aftersales.record.storage import Store
from aftersales.roles import Role
from aftersales.service.lines import Loaner
from aftersales.service.order import ServiceOrder
from aftersales.service.standing import Waiting
from aftersales.vigilance.assessment import VigilanceAssessment
from tests.engines import Installation
from tests.furnished import furnish
from tests.scenarios.dispatched import dispatched_order
from tests.world import MONDAY, sign_in

TOMORROW = MONDAY + timedelta(days=1, hours=1)


def page(app: Flask, role: str) -> str:
    return sign_in(app, role).get("/").get_data(as_text=True)


def test_an_engineer_sees_one_thing_to_do_and_does_it_with_one_tap(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.scalars(select(ServiceOrder).where(ServiceOrder.number.like("SO-HD-%")).order_by(ServiceOrder.id)).first()
        number, address = order.number, f"/service_order/show/{order.id}"
    seen = page(app, Role.engineer)
    assert number in seen
    assert f'class="btn primary" href="{address}"' in seen
    assert "tel:13900002208" in seen


def test_every_figure_of_every_role_leads_to_a_list_of_exactly_what_it_counts(app: Flask) -> None:
    """A week on much is late, a loaner is out, a signature void: nothing that the furnished world has is left out of a list."""
    dispatched_order(app)
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(minutes=20)):
        orders = db.session.scalars(select(ServiceOrder).where(ServiceOrder.number.like("SO-HD-%")).order_by(ServiceOrder.id)).all()
        _hold_up(orders[0])
        change(db.session, orders[1], {"waiting_for": Waiting.support, "waiting_note": "波形异常，请会诊"})
        db.session.commit()
    with server_time.at(TOMORROW):
        counted: dict[tuple[str, str], tuple[int, int]] = {}
        for role in Role:
            client = sign_in(app, role)
            for link, count in figures_of(client.get("/").get_data(as_text=True)):
                counted[role, link] = (int(count), rows_of(client, html.unescape(link)))
    assert {key: both for key, both in counted.items() if both[0] != both[1]} == {}
    told = " ".join(link for _role, link in counted)
    lists = (
        "/loaners/?show=out", "/trail/voided", "=register.", "judged=resolve.", "why=repairing", "why=support", "state=completed",
        "engineer_id",
    )  # fmt: skip
    assert [name for name in lists if name not in told] == []


def figures_of(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="(?:card figure|tally|chip tally)[^"]*" href="([^"]+)">(?:[^<]*<strong>)?(\d+)<', page)


def rows_of(client: FlaskClient, url: str) -> int:
    """The records that a list shows, on its first page: the world is small."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    page = answer.get_data(as_text=True)
    assert "next" not in re.findall(r'rel="(prev|next)"', page)
    return len(re.findall(r"<tr[^>]* data-(?:href|order)=", page))


def _hold_up(order: ServiceOrder) -> None:
    """It waits for a part, a loaner is out, and a signature of it was voided."""
    change(db.session, order, {"waiting_for": Waiting.parts, "waiting_note": "流量传感器"})
    device = db.session.scalars(select(Device).where(Device.is_loaner, Device.region_id == order.region_id)).one()
    create(db.session, Loaner, {"order": order, "device": device, "given_at": MONDAY})
    signed = {"name": "review", "method": "system", "signer_name": "—", "signed_at": MONDAY, "covers": [], "content_hash": ""}
    db.session.add(Signature.of(order, **signed, voided_at=MONDAY + timedelta(minutes=5)))
    db.session.commit()


def test_what_is_late_is_told_by_region_and_reason_with_its_rule(app: Flask) -> None:
    with server_time.at(TOMORROW):
        seen = page(app, Role.manager)
    assert re.search(r'href="/dispatch/\?clock=late&amp;why=repairing&amp;region_id=\d+">1</a>', seen)
    assert "公司规定" in seen


def test_an_inspector_is_met_by_the_search_and_may_open_a_device_from_it(app: Flask) -> None:
    client = sign_in(app, Role.inspector)
    assert 'class="card big-search"' in client.get("/").get_data(as_text=True)
    assert "/device/show/" in client.get("/search?q=HD-0001").location


def test_a_bucket_that_does_not_answer_is_told_and_does_not_hold_the_page(tmp_path: Path) -> None:
    assert Store(f"file://{tmp_path}").answers()
    nowhere = {"endpoint": "http://127.0.0.1:9", "access_key_id": "x", "secret_access_key": "x", "region": "x"}
    assert not Store("s3://files", nowhere).answers()


def test_an_administrator_is_told_what_needs_a_hand(app: Flask) -> None:
    seen = page(app, Role.administrator)
    assert "SMTP_URL" in seen
    assert "自签证书" in seen
    assert "系统运行状况" not in page(app, Role.engineer)


def test_an_engineer_calls_the_later_visits_too(app: Flask) -> None:
    dispatched_order(app)
    seen = page(app, Role.engineer)
    assert "tel:13900007731" in seen
    assert "tel:13900002208" in seen


def test_whoever_has_many_queues_meets_them_in_the_order_in_which_they_press(app: Flask) -> None:
    with server_time.at(TOMORROW):
        seen = page(app, Role.quality)
    order = ["逾期与法定时限", "待我处理", "持续关注", "维修工单", "最近到期"]
    assert [heading for heading in re.findall(r"<h2>([^<]+)</h2>", seen) if heading in order] == order


def test_deadlines_of_another_region_are_nobody_elses(installation: Installation, app: Flask) -> None:
    """The first clocks of every kind come in one statement, and the guard narrows each part of it."""
    installation.stage(furnish)
    kinds: set[type[SharedRecord]] = {Complaint, VigilanceAssessment, CorrectiveAction}
    with app.app_context(), acting_as(SYSTEM):
        everywhere = {(item.kind, item.id) for item in deadlines(db.session, kinds)}
        regions = set(db.session.scalars(select(Region.id)))
    assert everywhere
    seen: set[tuple[str, int]] = set()
    for region in regions:
        with app.app_context(), acting_as(Actor("reader", region_ids=frozenset({region}))):
            told = {(item.kind, item.id) for item in deadlines(db.session, kinds)}
        assert not told & seen, "of two regions at once"
        seen |= told
    assert seen == everywhere


def test_what_to_set_up_comes_first_until_it_is_done(app: Flask) -> None:
    assert "系统初始设置" not in page(app, Role.administrator)
    with app.app_context(), acting_as(SYSTEM):
        for qualification in db.session.scalars(select(Qualification)):
            qualification._audit_reason = "重新开始"
            db.session.delete(qualification)
        db.session.commit()
    assert re.findall(r"<h2[^>]*>\s*([^<]+)", page(app, Role.administrator))[0].strip() == "系统初始设置"
