"""What the holder of a progress link sees, and what they never see."""

import re

import pytest
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.organization.region import Region, ServiceCentre
from aftersales.portal.progress import masked
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, Harm, ServiceRequest
from tests.portal.repair import reopen, repair
from tests.world import MONDAY

NOBODY = ("沈护士长", "13900002208", "主任", "护士长", "13900003309", "华东engineer", "仁安", "潮气量", "流量传感器", "吴医生", "很好")


def steps_of(html: str) -> list[tuple[str, str]]:
    """(class, first words) of each step."""
    return [(kind, words.strip()) for kind, words in re.findall(r'<li class="(\w+)"[^>]*>\s*(?:<b>)?([^<]+)', html)]


def test_a_running_repair_shows_its_steps_and_nobodys_name(app, client):
    token = repair(app).token
    page = client.get(f"/t/{token}?lang=en")
    assert page.status_code == 200
    assert steps_of(page.text) == [
        ("ok", "Report received"),
        ("ok", "Registered by our service desk"),
        ("ok", "Engineer appointed"),
        ("ok", "Engineer has answered"),
        ("accent", "Repair begun"),
        ("ahead", "Repaired and handed over"),
        ("ahead", "Report reviewed and filed"),
    ]
    assert "治疗呼吸机" in page.text
    assert not [secret for secret in NOBODY if secret in page.text]
    assert "Set-Cookie" not in page.headers


def test_the_engineer_is_a_surname_and_a_telephone_of_the_office(app, client):
    with app.app_context(), acting_as(SYSTEM):
        order = db.session.scalars(select(ServiceOrder).where(ServiceOrder.number.like("SO-HD-%"))).one()
        centre = db.session.scalars(select(ServiceCentre).where(ServiceCentre.region_id == order.region_id)).one()
        order.engineer.name, order.engineer.phone = "欧阳明月", "13900007777"
        order.engineer.service_centre, centre.phone = centre, "021-5550 0101"
        order.engineer._audit_reason = centre._audit_reason = "for the test"
        db.session.commit()
    page = client.get(f"/t/{repair(app).token}?lang=en").text
    assert "Engineer 欧阳" in page
    assert "021-5550 0101" in page
    assert "明月" not in page
    assert "13900007777" not in page


@pytest.mark.parametrize(("name", "surname"), [("王小明", "王"), ("欧阳明", "欧阳"), ("诸葛", "诸葛"), ("Anna Berg", "Berg"), ("Li", "Li")])
def test_a_name_is_masked_to_its_surname(name, surname):
    assert masked(name) == surname


def test_a_report_not_yet_registered_waits_at_the_first_step(app, client):
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        head_office = db.session.scalars(select(Region.id).where(Region.is_head_office)).one()
        call = {"channel": Channel.hotline, "received_at": MONDAY, "fault_text": "x", "harm": Harm.no, "region_id": head_office}
        token = create(db.session, ServiceRequest, call).progress_token
        db.session.commit()
    page = client.get(f"/t/{token}").text
    assert [kind for kind, _ in steps_of(page)] == ["accent"] + ["ahead"] * 6


def test_a_cancelled_report_says_so_and_shows_no_step_ahead(app, client):
    running = repair(app)
    with app.app_context(), acting_as(SYSTEM):
        perform(db.session.get(ServiceOrder, running.order_id), "cancel", reason="reported twice")
        db.session.commit()
    page = client.get(f"/t/{running.token}?lang=en").text
    assert "closed without a repair" in page
    assert {kind for kind, _ in steps_of(page)} == {"ok"}
    assert "reported twice" not in page


def test_a_device_in_the_workshop_is_said_to_be_there(app, client):
    running = repair(app)
    with app.app_context(), acting_as(SYSTEM):
        asked = {"workshop_reason": "needs a test bench", "is_loaner_offered": True}
        perform(db.session.get(ServiceOrder, running.order_id), "take_to_workshop", values=asked)
        db.session.commit()
    assert "in our workshop" in client.get(f"/t/{running.token}?lang=en").text


@pytest.mark.parametrize("path", ["/t/no-such-token", "/t/no-such-token/received", "/t/no-such-token/1.pdf", "/t/x"])
def test_an_unknown_link_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_nothing_can_be_downloaded_before_the_report_is_sealed(app, client):
    running = repair(app)
    assert ".pdf" not in client.get(f"/t/{running.token}").text
    assert client.get(f"/t/{running.token}/1.pdf").status_code == 404


def test_the_customers_copy_is_the_sealed_file_byte_for_byte(app, client, finished):
    page = client.get(f"/t/{finished.token}").text
    (address,) = set(re.findall(r'href="(/t/[^"]+\.pdf)"', page))
    copy = client.get(address)
    assert copy.mimetype == "application/pdf"
    assert copy.data == app.extensions["store"].get(finished.sha256)
    assert not [secret for secret in NOBODY if secret in page]


def test_a_copy_is_not_given_by_the_link_of_another_report(app, client, finished):
    other = repair(app, "XN")
    assert client.get(f"/t/{other.token}/{finished.paper_id}.pdf").status_code == 404


def test_a_reopened_repair_takes_its_copy_back(app, client, finished):
    reopen(app)
    assert client.get(f"/t/{finished.token}/{finished.paper_id}.pdf").status_code == 404
    assert ".pdf" not in client.get(f"/t/{finished.token}").text
