"""At every door: an inspector sees what belongs to the subjects, writes nothing, and only on the days given."""

from datetime import timedelta
from functools import cache, partial

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import Model, db
from aftersales.inspectors.log import InspectorEntry
from aftersales.inspectors.scope import LISTED, Scope
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.base import RecordTrace, Regional, SharedRecord
from aftersales.record.refusal import NotAllowed
from aftersales.service.order import ServiceOrder
from tests.doors.test_every_route import ask, bare_refusals, fill, routes, type_of
from tests.inspectors.conftest import Inspector, let_in
from tests.pages.test_statements import MOST, Counted, told
from tests.scenarios.person import Visitor
from tests.world import FOREIGN, MONDAY, OWN, foreign_marks, specimen

__all__ = ["bare_refusals"]
ALL_REGIONS = None


@pytest.mark.usefixtures("bare_refusals")
def test_no_page_and_no_api_shows_what_the_subjects_do_not_lead_to(app: Flask, inspector: Inspector) -> None:
    """Every route of every record type, read, by page and by API: nothing foreign, no error of ours, and nothing is written."""
    marks, token, wrong = foreign_marks(app), inspector.token(), []
    found = cache(partial(specimen, app))
    for rule in routes(app):
        cls = type_of(rule)
        if cls is None:
            continue
        is_api = rule.endpoint.partition(".")[0].endswith("Api")
        client, headers = (app.test_client(), token) if is_api else (inspector.client, {})
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            for region in (OWN, FOREIGN):
                url = fill(app, rule, cls, region, found)
                if url is None:
                    continue
                answer = client.open(url, method=method, headers=headers, json={} if headers and method != "GET" else None)
                if answer.status_code >= 500:
                    wrong.append(f"{method} {url}: {answer.status_code}")
                if method != "GET" and answer.status_code not in (403, 405) and rule.endpoint != "DocumentVersionView.print_it":
                    wrong.append(f"{method} {url}: {answer.status_code}, and an inspector sends nothing")
                if method == "GET" and answer.mimetype in ("text/html", "application/json"):
                    wrong += [f"{url} shows {mark}" for mark in marks if mark in answer.text]
                if region == FOREIGN and issubclass(cls, Regional | RecordTrace) and answer.status_code == 200:
                    wrong.append(f"{method} {url}: 200 for a foreign record")
    assert not wrong, "\n".join(wrong[:40])


def test_what_belongs_to_the_subject_is_there(app: Flask, inspector: Inspector) -> None:
    order = specimen(app, ServiceOrder, OWN)
    page = Visitor(inspector.client).open("/")
    assert page.url == "/inspector/"
    assert "HD-0001" in page.text
    assert "XN-0001" not in page.text
    shown = inspector.client.get(f"/service_order/show/{order}").text
    assert "VX-S04" in shown
    assert "13900002208" not in shown
    assert inspector.client.get(f"/service_order/{specimen(app, ServiceOrder, FOREIGN)}/story").status_code == 404
    listed = app.test_client().get("/api/v1/service_order/", headers=inspector.token()).json["result"]
    assert [row["id"] for row in listed] == [order]


def test_search_trace_and_look_ups_stay_within(app: Flask, inspector: Inspector) -> None:
    for url in ("/search?q=西南", "/search?q=XN-0001", "/search/suggest?q=XN", "/trace/?q=XN-0001", "/trace/?kind=part&key=XN-S2"):
        answer = inspector.client.get(url)
        assert answer.status_code in (200, 404), url
        assert not [mark for mark in ("西南仁安医院", "XN-2026") if mark in answer.text], url
    assert "HD-0001" in inspector.client.get("/search?q=HD-0001", follow_redirects=True).text
    assert "HD-S2" in inspector.client.get(f"/trace/?kind=device&key={device(app, OWN)}").text


def device(app: Flask, region: str) -> int:
    from aftersales.devices.device import Device

    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(Device.id).where(Device.serial_no == f"{region}-0001")).one()


@pytest.mark.parametrize(
    "url",
    ["/dispatch/",
     "/binder/", "/jobs/", "/trail/", "/accounts/", "/roles/", "/configuration/", "/import/customer/", "/loaners/", "/intake/",
     "/inspector_access/list/", "/inspector_entry/list/", "/print_entry/list/", "/controlled_copy/list/", "/webhook_call/list/"],
)  # fmt: skip
def test_pages_that_were_not_opened_to_inspectors_stay_shut(inspector: Inspector, url: str) -> None:
    assert inspector.client.get(url).status_code in (403, 302), url
    if (answer := inspector.client.get(url)).status_code == 302:
        assert answer.location in ("/", "/login/"), answer.location


def test_nothing_is_exported(app: Flask, inspector: Inspector) -> None:
    assert inspector.client.post(f"/trace/export?kind=device&key={device(app, OWN)}").status_code == 403
    for rule in routes(app):
        if rule.endpoint in ("SpreadsheetPage.export", "TrailPage.export", "ConfigurationPage.export"):
            url = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, "service_order"))
            answers = [ask(inspector.client, method, url, {}) for method in rule.methods - {"HEAD", "OPTIONS"}]
            assert set(answers) == {403}, url


def test_everything_opens_everything_but_stays_reading(app: Flask, clock: object) -> None:
    everything = let_in(app, is_everything="y")
    assert everything.client.get(f"/service_order/show/{specimen(app, ServiceOrder, FOREIGN)}").status_code == 200
    assert everything.client.get("/inspector_access/list/").status_code == 403
    assert everything.client.get("/service_order/add").status_code == 403
    assert everything.client.post(f"/service_order/{specimen(app, ServiceOrder, OWN)}/comment", data={"body": "?"}).status_code == 403
    assert everything.client.get("/trail/trail.csv").status_code == 403


@pytest.mark.parametrize("things", ["华东仁安医院", "A004", "part:HD-S2", "SO-HD-2026-000001", "HD-0001\nA004"])
def test_every_kind_of_subject_leads_to_its_repairs_and_no_other(app: Flask, clock: object, things: str) -> None:
    inspector = let_in(app, things=things)
    assert inspector.client.get(f"/service_order/show/{specimen(app, ServiceOrder, OWN)}").status_code == 200
    assert inspector.client.get(f"/service_order/show/{specimen(app, ServiceOrder, FOREIGN)}").status_code == 404
    assert inspector.client.get(f"/device/show/{device(app, OWN)}").status_code == 200
    assert inspector.client.get(f"/device/show/{device(app, FOREIGN)}").status_code == 404


def test_a_period_opens_what_was_reported_in_it(app: Flask, clock: object) -> None:
    later = let_in(app, records_from="2026-11-17", records_until="2026-11-20")
    assert later.client.get(f"/service_order/show/{specimen(app, ServiceOrder, OWN)}").status_code == 404
    within = let_in(app, records_from="2026-11-16", records_until="2026-11-16")
    assert within.client.get(f"/service_order/show/{specimen(app, ServiceOrder, FOREIGN)}").status_code == 200


def test_on_any_other_day_nothing_opens_by_page_or_token(app: Flask, inspector: Inspector) -> None:
    token = inspector.token()
    assert app.test_client().get("/api/v1/device/", headers=token).status_code == 200
    with server_time.at(MONDAY + timedelta(hours=2)):
        assert inspector.client.get("/inspector/").status_code == 200
    with server_time.at(MONDAY + timedelta(days=3)):
        assert app.test_client().get("/api/v1/device/", headers=token).status_code == 401
        page = inspector.client.get("/inspector/", follow_redirects=True)
        assert page.request.path == "/login/"
        assert inspector.client.get("/device/list/").status_code == 302


def test_a_session_ends_on_the_first_request_past_the_last_day(app: Flask, clock: object) -> None:
    late = let_in(app, things="HD-0001")
    midnight = MONDAY.replace(hour=15, minute=55) + timedelta(days=2)  # 23:55 in China on the last day
    with server_time.at(midnight):
        late.client.post("/login/", data={"username": late.username, "password": "inspection in november"})
        late.client.get("/inspector/")
    with server_time.at(midnight + timedelta(minutes=6)):
        page = late.client.get("/device/list/", follow_redirects=True)
        assert page.request.path == "/login/"
        assert "授权" in page.text


def test_withdrawn_is_shut_at_once(app: Flask, inspector: Inspector) -> None:
    token = inspector.token()
    Visitor.signed_in(app, "quality").open(f"/inspector_access/show/{inspector.pk}").send(
        f"/{inspector.pk}/perform/withdraw", reason="检查中止"
    )
    assert app.test_client().get("/api/v1/device/", headers=token).status_code == 401
    assert inspector.client.get("/inspector/").status_code == 302
    assert app.test_client().post("/login/", data={"username": inspector.username, "password": "inspection in november"}).location != "/"


def test_a_type_that_nobody_opened_is_shut_beneath_every_door(app: Flask, inspector: Inspector) -> None:
    """What a page of tomorrow asks is bounded too: the session says no, whatever the page forgot."""
    with app.app_context():
        scope = Scope(inspector.pk, False, None)
        guest = Actor(
            name="秦检", permissions=frozenset({("can_read", cls.__name__) for cls in LISTED}), region_ids=ALL_REGIONS, bounds=scope
        )
        classes = [m.class_ for m in Model.registry.mappers if issubclass(m.class_, SharedRecord | RecordTrace)]
        with acting_as(guest):
            shut = [cls for cls in classes if scope._condition(cls) is not None and str(scope._condition(cls)) == "false"]
            assert {"LegalHold", "Comment", "WebhookSubscription", "InspectorEntry", "Absence"} <= {cls.__name__ for cls in shut}
            assert not [cls for cls in shut if db.session.scalars(select(cls).limit(1)).first() is not None]
            order = db.session.scalars(select(ServiceOrder)).one()
            order.fault_text = "changed"
            with pytest.raises(NotAllowed):
                db.session.flush()
            db.session.rollback()


def test_each_look_is_written_down_with_its_answer(app: Flask, inspector: Inspector) -> None:
    order, foreign = specimen(app, ServiceOrder, OWN), specimen(app, ServiceOrder, FOREIGN)
    for url in (
        f"/service_order/show/{order}",
        f"/service_order/show/{foreign}",
        "/search?q=气流",
        f"/service_order/{order}/preview/repair_report.pdf",
    ):
        inspector.client.get(url)
    app.test_client().get(f"/api/v1/service_order/{order}", headers=inspector.token())
    with app.app_context(), acting_as(SYSTEM):
        mine = select(InspectorEntry).where(InspectorEntry.access_id == inspector.pk).order_by(InspectorEntry.id)
        told = [(entry.looked.value, entry.record_name, entry.asked, entry.status) for entry in db.session.scalars(mine)]
    number = "SO-HD-2026-000001"
    assert ("page", number, None, 200) in told
    assert ("paper", number, None, 200) in told
    assert ("api", number, None, 200) in told
    assert ("page", None, None, 404) in told
    assert ("search", None, "气流", 200) in told


@pytest.mark.parametrize("url", ["/inspector/", "/device/list/", "/service_order/list/", "/controlled_document/list/"])
def test_no_page_of_an_inspector_asks_the_database_too_often(app: Flask, inspector: Inspector, url: str) -> None:
    """Beside the page there is the note of it: its name, the entry, and the trail of the entry."""
    inspector.client.get(url)
    with Counted(app)._watching() as seen:
        inspector.client.get(url)
    asked = [statement for statement in seen if not any(table in statement for table in ("inspector_entry", "audit_"))]
    assert len(asked) <= MOST, told(asked)


def test_nobody_mentions_an_inspector(app: Flask, inspector: Inspector) -> None:
    order = specimen(app, ServiceOrder, OWN)
    offered = Visitor.signed_in(app, "quality").client.get(f"/service_order/{order}/readers?q=秦").text
    assert "秦检" not in offered
