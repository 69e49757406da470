"""Every page there is, with its address: found in the routes, so that a new page cannot be left out."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, inspect, select
from werkzeug.routing import Rule

from aftersales.extensions import Model, db
from aftersales.recalls.notice import RecallNotice
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.ordered import ordered_lines
from aftersales.registration import record_types
from tests.portal.repair import Repair

TYPES = {f"{cls.__name__}View": cls for cls in record_types()}
OF_A_TYPE = {
    "list", "show", "edit", "add", "lookup", "story", "test", "related", "rows", "phone", "compare", "products", "signing", "scope",
    "find", "expired",
}  # fmt: skip
# Files, redirects and answers to scripts.
NO_PAGES = {
    "file", "thumbnail", "paper", "preview", "label", "labels", "static", "result", "progress", "export", "document",
    "manifest", "worker", "hello", "follow", "readers", "suggest", "template", "graph", "log", "printed",
    "form_table",
}  # fmt: skip
NO_PAGES_OF_FRAMEWORK = {"LocaleView.index", "UtilView.back", "AuthDBView.logout"}


# Records that a trace begins with.
TRACED = {
    "order": "service_order", "device": "device", "customer": "customer", "person": "person", "document": "document_version",
    "complaint": "complaint", "event": "adverse_event", "recall": "recall", "emergency": "emergency",
    "implant": "implant", "follow_up": "implant_follow_up",
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A page's name (its endpoint), where it is, and whether one opens it without signing in."""

    name: str
    url: str
    is_public: bool = False


def addresses(app: Flask, repair: Repair) -> list[Address]:
    """Raises KeyError with the name of a page that nobody said how to open."""
    with app.app_context(), acting_as(SYSTEM):
        found = [address for rule in app.url_map.iter_rules() if _is_page(rule) for address in _of(app, rule, repair)]
    return sorted(dict.fromkeys(found), key=lambda address: (address.name, address.url))


def _is_page(rule: Rule) -> bool:
    view, _, name = rule.endpoint.partition(".")
    if "GET" not in rule.methods or view.endswith("Api") or not name or rule.endpoint in NO_PAGES_OF_FRAMEWORK:
        return False
    return name not in NO_PAGES or rule.endpoint == "portal.progress"


def _of(app: Flask, rule: Rule, repair: Repair) -> list[Address]:
    view, _, name = rule.endpoint.partition(".")
    if view in TYPES:
        return [Address(rule.endpoint, url) for url in _of_type(app, TYPES[view], name, rule)]
    special = _special(repair)
    return [Address(rule.endpoint, url, is_public=view == "portal" or url == "/login/") for url in special[rule.endpoint]]


def _special(repair: Repair) -> dict[str, list[str]]:
    """The addresses of pages that belong to no record type. A new page is entered here."""
    waiting = _one("service_request", "state = 'received'")
    return {
        "Home.index": ["/"],
        "AccountView.index": ["/account/"],
        "AuthDBView.login": ["/login/"],
        "InboxView.index": ["/inbox/"],
        "WaitingView.index": ["/waiting/"],
        "JobsView.index": ["/jobs/"],
        "JobsView.show": [f"/jobs/{_last('job')}"],
        "ImportPage.begin": ["/import/customer/", "/import/clock_rule/"],
        "ImportPage.show": [f"/import/file/{_last('sheet_import')}"],
        "ImportPage.columns": [f"/import/file/{_last('sheet_import')}/columns"],
        "SearchPage.index": ["/search?q=呼吸", "/search?q=HD-0001", "/search?q=没有这样的东西"],
        "TracePage.index": [
            "/trace/", "/trace/?q=HD", "/trace/?kind=part&key=HD-S2", "/trace/?kind=software&key=2.1.4.7",
            *(f"/trace/?kind={kind}&key={_last(table)}" for kind, table in TRACED.items()),
        ],
        "BinderPage.index": ["/binder/", f"/binder/?kind=device&key={_last('device')}"],
        "DocumentListsPage.show": ["/document_lists/current", "/document_lists/copies", "/document_lists/copies?all=1"],
        "SelfCheckPage.index": ["/selfcheck/", "/selfcheck/?year=2025"],
        "CapaBoardPage.index": ["/capa_board/"],
        "InspectorPage.index": [],  # for inspectors alone: tests/inspectors
        "InspectorPage.binder": [],
        "BinderPage.show": [f"/binder/{_last('binder')}"],
        "IntakePage.index": ["/intake/", f"/intake/?request={waiting}", "/intake/?device_id=1"],
        "IntakePage.done": [f"/intake/done/{_one('service_request', 'id > 0')}"],
        "DispatchPage.index": ["/dispatch/", "/dispatch/?clock=none", f"/dispatch/?order={_last('service_order')}"],
        "LoanersPage.index": ["/loaners/", "/loaners/?show=overdue"],
        "TrailPage.voided": ["/trail/voided"],
        "AccountsPage.index": ["/accounts/"],
        "AccountsPage.new": [f"/accounts/new?person={_one('person', 'user_id IS NULL')}"],
        "AccountsPage.show": [f"/accounts/{_last('ab_user')}"],
        "RolesPage.index": ["/roles/"],
        "RolesPage.show": [f"/roles/{_last('ab_role')}"],
        "RolesPage.compare": ["/roles/compare", "/roles/compare?first=1&second=2&all=1"],
        "ConfigurationPage.index": ["/configuration/"],
        "TrailPage.index": ["/trail/", "/trail/?q=SO-HD"],
        "portal.report": [f"/p/{_label()}"],
        "portal.report_unknown": ["/p/"],
        "portal.progress": [f"/t/{repair.token}"],
        "portal.received": [f"/t/{repair.token}/received"],
        "portal.sign": [f"/a/{_opened()}"],
        "portal.give_rating": [f"/t/{repair.token}/rate"],
        "portal.confirm_recall": [f"/r/{_linked()}"],
        "portal.ask_code": ["/v/"],
        "portal.verify": [f"/v/{repair.code}"],
    }


def _of_type(app: Flask, cls: type[SharedRecord], name: str, rule: Rule) -> list[str]:
    """Lists plain and narrowed; of records the newest, the oldest, and one in each state."""
    key = cls.key()
    if name not in OF_A_TYPE:
        raise KeyError(f"{rule.endpoint}: say in tests/pages/addresses.py how it is opened")
    if cls.parent is not None and name not in ("add", "edit"):
        return []
    if name == "list":
        return [f"/{key}/list/", f"/{key}/list/?q=呼吸"]
    if name == "lookup":
        return [f"/{key}/lookup", f"/{key}/lookup?q=华"]
    if name == "add" and not cls.made_by_hand:
        return []  # refused, and says where such records come from
    if name == "add":
        return [f"/{key}/add" + (f"?parent={_last(_home(cls).__tablename__)}" if cls.parent else "")]
    if name == "find":
        return [f"/{key}/find"]
    if name == "products":
        return [f"/{key}/products", f"/{key}/products?purpose=maintenance"]
    if name == "rows":
        return [f"/{key}/{pk}/rows/{lines.relation}" for lines in cls.lines if ordered_lines(cls, lines.relation) for pk in _unsealed(cls)]
    with app.test_request_context():
        return [app.url_map.bind("localhost").build(rule.endpoint, {"pk": pk}) for pk in _some_of(cls)]


def _unsealed(cls: type[SharedRecord]) -> list[int]:
    return [pk for pk in _some_of(cls) if not db.session.get(cls, pk).is_sealed][:1]


def _home(cls: type[SharedRecord]) -> Any:
    return inspect(cls).relationships[cls.parent].mapper.class_


def _some_of(cls: type[SharedRecord]) -> list[int]:
    ids = list(db.session.execute(select(func.max(cls.id), func.min(cls.id))).one())
    if cls.workflow is not None:
        ids += db.session.execute(select(func.min(cls.id)).group_by(cls.state)).scalars()
    return [pk for pk in dict.fromkeys(ids) if pk is not None]


def _last(table: str) -> int:
    return db.session.execute(select(func.max(Model.metadata.tables[table].c.id))).scalar_one()


def _one(table: str, condition: str) -> int:
    return db.session.connection().exec_driver_sql(f"SELECT min(id) FROM {table} WHERE {condition}").scalar_one()


def _linked() -> str:
    """A recall notice that was sent."""
    return db.session.execute(select(RecallNotice.token).where(RecallNotice.token.is_not(None)).limit(1)).scalar_one()


def _opened() -> str:
    order = Model.metadata.tables["service_order"]
    return db.session.execute(select(order.c.signing_token).where(order.c.signing_token.is_not(None))).scalar_one()


def _label() -> str:
    device = Model.metadata.tables["device"]
    return db.session.execute(select(device.c.qr_token).where(device.c.serial_no == "HD-0001")).scalar_one()
