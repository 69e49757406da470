"""Every page in both languages: no gap, no name of the program, no sentence in the other language."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import DictLoader
from sqlalchemy import select

from aftersales.extensions import Model, db
from aftersales.labels import field_label, speaking
from aftersales.organization.code_list import Code, CodeList
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.audit import AuditEntry
from aftersales.record.audit.entry import canonical_json
from aftersales.record.story import told
from aftersales.registration import record_types
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.templating import SpeakingLoader
from aftersales.trail.telling import Teller
from tests.pages.addresses import Address, addresses
from tests.pages.reading import Reading
from tests.portal.repair import Repair
from tests.world import sign_in

# Names, standards and formats that are English in Chinese sentences too, and what people of the world are called.
PROPER = re.compile(
    r"\b(SHA-256|UDI-DI|UDI-PI|PDF/A-3b|JPEG|PNG|WebP|MP4|CSV|Excel|Word|[A-Z]\w+ Test|[2-9A-Z]{4}(?: [2-9A-Z]{4}){3}|SO-\S+|SR-\S+)\b"
)
# A name of the program.
NAME = re.compile(r"[a-z]+(?:_[a-z]+)+|[a-z]+ [a-z]+_[a-z]+")
# What the help of a field says is to be typed.
TYPED = frozenset(("on_site", "fault_level", "level_1"))
# The message of a webhook is shown as it was sent to another program.
SENT = frozenset(("service_order", "from_state", "occurred_at", "region_id"))
# Chinese that is meant to stand on English pages: the other language's name.
OTHER_LANGUAGE = "中文"


@pytest.fixture
def pages(app: Flask, furnished: Repair) -> list[Address]:
    return [address for address in addresses(app, furnished) if not address.name.endswith(".lookup")]


def read(app: Flask, pages: list[Address], language: str) -> dict[str, Reading]:
    """Each page by its address, as the administrator reads it, or the stranger for whom it is."""
    administrator, stranger = sign_in(app, Role.administrator), app.test_client()
    administrator.get(f"/lang/{language}")
    stranger.get(f"/lang/{language}")
    return {address.url: _page(stranger if address.is_public else administrator, address, language) for address in pages}


def _page(client: FlaskClient, address: Address, language: str) -> Reading:
    spoken = f"?lang={language}" if address.is_public and language != "zh" else ""
    answer = client.get(address.url + spoken, follow_redirects=True)
    assert answer.status_code == 200 or ("sealed" in answer.text or "封" in answer.text), f"{address.url}: {answer.status_code}"
    return Reading.of(answer.text)


def names_of_the_program() -> frozenset[str]:
    """Enum values, states, transitions and columns of one English word, as they stand in the code."""
    names: set[str] = set()
    for cls in record_types():
        columns = cls.__table__.columns
        names |= {column.key for column in columns}
        names |= {member.value for column in columns for member in getattr(column.type, "enum_class", None) or ()}
        if cls.workflow is not None:
            names |= {state.name for state in cls.workflow.states} | {transition.name for transition in cls.workflow.transitions}
    return frozenset(name for name in names if name.isascii() and name.islower())


@dataclass(frozen=True)
class Data:
    """What people wrote: all texts in one, and the names they gave to accounts and codes."""

    text: str
    names: frozenset[str]


def data_of(app: Flask, pages: list[Address]) -> Data:
    texts = [app.config["COMPANY_NAME"], OTHER_LANGUAGE, *(unquote_plus(address.url) for address in pages)]
    with app.app_context(), acting_as(SYSTEM):
        connection = db.session.connection()
        for table in Model.metadata.sorted_tables:
            values = [value for row in connection.execute(table.select()) for value in row]
            texts += [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str) for value in values]
        given = [connection.execute(select(column)).scalars() for column in (Account.username, CodeList.code, Code.code)]
    return Data("\n".join(texts), frozenset(name for names in given for name in names) | TYPED | SENT)


def complaints(readings: dict[str, Reading], ask: Callable[[Reading], list[str]]) -> str:
    """Each fault once, with the first page it stands on and on how many more."""
    seen: dict[str, list[str]] = defaultdict(list)
    for url, reading in readings.items():
        for fault in ask(reading):
            seen[fault].append(url)
    return "\n".join(f"{fault!r} on {urls[0]}, {len(urls)} in all" for fault, urls in seen.items())


@pytest.mark.sqlite  # words do not depend on the engine
def test_chinese_pages_say_everything_in_chinese(app: Flask, pages: list[Address]) -> None:
    readings, names, data = read(app, pages, "zh"), names_of_the_program(), data_of(app, pages)
    found = complaints(readings, Reading.nothings)
    assert not found, f"a value is missing:\n{found}"
    found = complaints(readings, lambda reading: reading.identifiers(names, data.names))
    assert not found, f"show its label instead (labels.toml):\n{found}"
    found = complaints(readings, lambda reading: reading.english(PROPER, data.text))
    assert not found, f"translate in aftersales/translations/zh/LC_MESSAGES/messages.po:\n{found}"


@pytest.mark.sqlite
def test_english_pages_say_everything_in_english(app: Flask, pages: list[Address]) -> None:
    readings, data = read(app, pages, "en"), data_of(app, pages)
    found = complaints(readings, Reading.nothings)
    assert not found, f"a value is missing:\n{found}"
    found = complaints(readings, lambda reading: reading.identifiers(frozenset(), data.names))
    assert not found, f"show its label instead (labels.toml):\n{found}"
    found = complaints(readings, lambda reading: reading.chinese(data.text))
    assert not found, f"Chinese in the English pages:\n{found}"


@pytest.mark.sqlite
def test_the_story_and_the_trail_name_what_changed_in_words(app: Flask, furnished: Repair) -> None:
    """Also what has no page of its own, such as a signature, and what a structured value holds."""
    with app.test_request_context(), acting_as(SYSTEM):
        entries = db.session.scalars(select(AuditEntry)).all()
        bare = {
            (entry.line_kind or entry.kind, change.label) for entry in entries for change in Teller(db.session()).tell(entry).changes
            if NAME.fullmatch(change.label)
        }  # fmt: skip
        keys = {match for change in _changes(entries, "parts") for match in NAME.findall(change["new"])}
    assert not bare | keys, "name these in a labels.toml"


@pytest.mark.sqlite
def test_no_and_nought_are_told_and_boxes_that_nobody_ticked_on_a_new_row_are_not(app: Flask) -> None:
    answered = {"is_loaner_offered": [None, False], "satisfaction": [None, 0], "cause": [None, ""]}
    measured = {"is_passed": [None, False], "text": [None, ""]}
    entries = [_entry("take_to_workshop", answered), _entry("create_line", measured, line_kind="Measurement")]
    with app.test_request_context(), acting_as(SYSTEM):
        changed, added = ([(c["label"], c["new"]) for c in entry["changes"]] for entry in told(db.session(), entries))
    asked = [(field_label("service_order", name), words) for name, words in (("is_loaner_offered", "否"), ("satisfaction", "0"))]
    assert changed == asked
    assert added == [(field_label("measurement", "is_passed"), "否")]


def test_a_template_is_compiled_in_each_language_with_what_it_extends_and_includes(app: Flask) -> None:
    rated = '{{ _("Rated %(score)s of 5: %(number)s", score="<", number=1) }}'
    pages = {
        "base.html": '{{ _("Save") }} {% block own %}{% endblock %}',
        "page.html": '{% extends "base.html" %}{% block own %}{% include "part.html" %} ' + rated + "{% endblock %}",
        "part.html": r"""{{ _("The \"quoted\" & 5%% whole") }}""",
    }
    environment = app.jinja_env.overlay(loader=SpeakingLoader(DictLoader(pages)))
    with app.app_context():
        said = {}
        for lang in ("zh", "en"):
            with speaking(lang):
                said[lang] = environment.get_template("page.html").render()
        assert said["en"] == 'Save The "quoted" & 5% whole Rated &lt; of 5: 1'
        assert said["zh"] == '保存 The "quoted" & 5% whole 客户评分 &lt;/5：1'
        with speaking("zh"):
            outliving = environment.get_template(":part.html")
        assert outliving.name == ":part.html"
        assert environment.loader.get_source(environment, ":base.html")[0] == pages["base.html"]


def _entry(action: str, changes: dict[str, list[object]], line_kind: str | None = None) -> AuditEntry:
    return AuditEntry(
        kind="ServiceOrder", record_id=1, line_kind=line_kind, transaction_id="1", action=action, actor_name="周工", at=datetime.now(UTC),
        changes_json=canonical_json(changes),
    )  # fmt: skip


def _changes(entries: Sequence[AuditEntry], field: str) -> list[dict[str, str]]:
    caption = field_label("document_version", field)
    return [change for entry in told(db.session(), entries) for change in entry["changes"] if change["label"] == caption]
