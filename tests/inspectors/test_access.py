"""Two hands let an inspector in; what was granted does not change; binders, papers and the log of the visit."""

import re
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.inspection.binder import Binder
from aftersales.inspectors.access import InspectorAccess
from aftersales.jobs.passes import look_after_inspectors, run_pass
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.security.account import Account
from aftersales.service.order import ServiceOrder
from tests.inspectors.conftest import NEW_PASSWORD, Inspector, access_of, account_of, let_in
from tests.portal.repair import finish
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import MONDAY, OWN, specimen

ABOUT = {"inspector_name": "秦检", "authority": "药监局", "purpose": "监督检查", "begins_on": "2026-11-16", "ends_on": "2026-11-18"}


def test_whoever_proposed_or_changed_it_does_not_approve(app: Flask, clock: object) -> None:
    regulatory, quality = (Visitor.signed_in(app, name) for name in ("regulatory", "quality"))
    page = regulatory.open("/inspector_access/add").send("/add", **ABOUT, things="HD-0001")
    pk = int(page.url.rsplit("/", 1)[1])
    quality.open(f"/inspector_access/edit/{pk}").send(f"/edit/{pk}", purpose="专项检查")
    regulatory.open(page.url).send(f"/{pk}/perform/submit")
    for hand in ("regulatory", "quality"):
        answer = Visitor.signed_in(app, hand).client.post(f"/inspector_access/{pk}/perform/approve")
        assert answer.status_code == 403, hand
        assert access_of(app, pk).state == "submitted", hand
    assert Visitor.signed_in(app, "manager").client.post(f"/inspector_access/{pk}/perform/approve").status_code == 302
    assert access_of(app, pk).state == "granted"


def test_what_was_granted_is_not_widened_afterwards(app: Flask, inspector: Inspector) -> None:
    quality = Visitor.signed_in(app, "quality")
    page = quality.open(f"/inspector_access/edit/{inspector.pk}").send(f"/edit/{inspector.pk}", ends_on="2027-11-18", reason="延长")
    assert "重新提出" in page.text
    assert access_of(app, inspector.pk).ends_on.isoformat() == "2026-11-18"


def test_scopes_that_say_nothing_or_too_much_are_refused(app: Flask, clock: object) -> None:
    quality = Visitor.signed_in(app, "quality")
    for wrong in ({}, {"records_from": "2026-11-01"}, {"things": "HD-0001", "is_everything": "y"}, {"things": "没有这样的东西"}):
        page = quality.open("/inspector_access/add").send("/add", **ABOUT, **wrong)
        assert page.url.endswith("/add"), wrong


def test_a_new_slip_ends_what_the_one_before_opened(app: Flask, inspector: Inspector) -> None:
    quality = Visitor.signed_in(app, "quality")
    slip = quality.client.post(f"/inspector_access/{inspector.pk}/hand_over")
    assert slip.mimetype == "application/pdf"
    assert inspector.username in " ".join(words_of(slip.data))
    assert inspector.client.get("/inspector/").status_code == 302
    with app.app_context(), acting_as(SYSTEM):
        account = account_of(inspector.username)
        assert account.must_change_password
        assert [role.name for role in account.roles] == ["inspector"]
        done = select(AuditEntry.action).where(AuditEntry.kind == "Account", AuditEntry.record_id == account.id)
        assert "reset_password" in list(db.session.scalars(done))


def test_its_story_names_the_account_and_not_its_number(app: Flask, inspector: Inspector) -> None:
    story = Visitor.signed_in(app, "quality").open(f"/inspector_access/show/{inspector.pk}").text.split("新建")[0]
    assert "用户名" in story
    assert not re.search(r"账户#?\d", story)


def test_it_ends_by_itself_and_its_account_is_closed(app: Flask, inspector: Inspector) -> None:
    with app.app_context(), server_time.at(MONDAY + timedelta(days=3)):
        run_pass(look_after_inspectors)
        with acting_as(SYSTEM):
            assert db.session.get_one(InspectorAccess, inspector.pk).state == "over"
            assert not db.session.scalars(select(Account).where(Account.username == inspector.username)).one().active
    answer = app.test_client().post("/login/", data={"username": inspector.username, "password": NEW_PASSWORD})
    assert answer.location != "/"


def test_what_happens_to_the_subject_meanwhile_comes_into_sight(app: Flask, inspector: Inspector) -> None:
    intake = Visitor.signed_in(app, "intake")
    with app.app_context(), acting_as(SYSTEM):
        from tests.furnished import _call_about

        request = _call_about(db.session.get_one(ServiceOrder, specimen(app, ServiceOrder, OWN)).device)
        db.session.commit()
        pk = request.id
    assert intake.client.get(f"/service_request/show/{pk}").status_code == 200
    assert inspector.client.get(f"/service_request/show/{pk}").status_code == 404
    with app.app_context(), server_time.at(MONDAY + timedelta(hours=2)):
        run_pass(look_after_inspectors)
    assert inspector.client.get(f"/service_request/show/{pk}").status_code == 200


def test_what_an_inspector_prints_says_that_it_is_for_reference(app: Flask, clock: object) -> None:
    order = finish(app).order_id
    inspector = let_in(app, things="HD-0001")
    page = Visitor(inspector.client).open(f"/service_order/show/{order}")
    paper = page.download(next(link for link in page.links("/paper/")))
    assert all("仅供参考" in text for text in words_of(paper))


def test_a_binder_made_for_the_inspector_stands_on_their_page_and_no_other(app: Flask, clock: object, office) -> None:
    finish(app)
    inspector = let_in(app, things="HD-0001")
    quality = office("quality")
    form = quality.client.get(f"/binder/?for={inspector.pk}").text
    assert 'name="for"' in form
    for values in ({"for": str(inspector.pk)}, {"for": ""}):
        answer = quality.client.post("/binder/new", data={"things": "HD-0001", "subject": "", "begins_on": "", "ends_on": "", **values})
        assert answer.status_code == 303
        quality.work()
    page = inspector.client.get("/inspector/").text
    links = re.findall(r"/inspector/binder/\d+/pdf", page)
    assert len(links) == 1
    assert inspector.client.get(links[0]).data.startswith(b"%PDF")
    with app.app_context(), acting_as(SYSTEM):
        other = db.session.scalars(select(Binder.id).where(Binder.access_id.is_(None)).order_by(Binder.id.desc()).limit(1)).one()
    assert inspector.client.get(f"/inspector/binder/{other}/pdf").status_code == 404


def test_the_log_is_a_page_and_a_paper_for_quality(app: Flask, inspector: Inspector) -> None:
    inspector.client.get("/search?q=气流分析")
    quality = Visitor.signed_in(app, "quality").open(f"/inspector_access/show/{inspector.pk}")
    assert "气流分析" in quality.text
    log = quality.download(f"/inspector_access/{inspector.pk}/log.pdf")
    text = " ".join(words_of(log))
    assert "检查员查阅日志" in text
    assert "气流分析" in text
    assert "QR-JC-02" in text
    assert "第1页" in text
    assert "气流分析" in quality.open(f"/inspector_entry/list/?access_id={inspector.pk}").text
