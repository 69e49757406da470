"""What is sealed becomes an archive entry by itself; how long it is kept follows what changes."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select

from aftersales.archives.contents import content_hash
from aftersales.archives.entering import enter_sealed_before
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.retention import Term
from aftersales.archives.rule import RetentionRule
from aftersales.customers.contract import ServiceContract
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.jobs.passes import judge_retention, run_pass
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import SealedDocument
from aftersales.record.audit import unaudited_maintenance
from aftersales.record.refusal import Refusal
from aftersales.record.rule import RuleKind
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from tests.portal.repair import Repair, finish, reopen
from tests.world import MONDAY, sign_in

LATER = MONDAY + timedelta(hours=6)


def the_entry() -> ArchiveEntry:
    return db.session.scalars(select(ArchiveEntry).where(ArchiveEntry.kind == "ServiceOrder")).one()


def the_model() -> DeviceModel:
    return db.session.scalars(select(DeviceModel).where(DeviceModel.specification == "VX-90")).one()


def judged(app: Flask) -> int:
    with app.app_context(), server_time.at(LATER):
        return run_pass(judge_retention)


def test_a_sealed_record_has_an_entry_that_says_what_it_is(app: Flask, finished: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM):
        entry = the_entry()
        assert entry.number.startswith("AR-HD-2026-")
        assert (entry.record_id, entry.record_number) == (finished.order_id, "SO-HD-2026-000001")
        assert "VX-90" in entry.title
        papers = [file for file in entry.archived_files if file.role == "paper"]
        assert [(paper.sha256, paper.code) for paper in papers] == [(finished.sha256, finished.code)]
        assert {file.role for file in entry.archived_files} == {"paper", "signature"}
        assert entry.content_hash == content_hash(entry.archived_files)
        # Made in January 2024, ten years of life; the model is of high risk and still made.
        assert (entry.term, entry.retain_until, entry.model, entry.device.serial_no) == (
            Term.open, date(2034, 1, 8), the_model(), "HD-0001",
        )  # fmt: skip
        assert any("产品尚未停产" in line for line in entry.why())


def test_reopened_and_sealed_again_it_is_the_same_entry_with_other_files(app: Flask, finished: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM):
        before = the_entry().content_hash
    reopen(app)
    with app.app_context(), acting_as(SYSTEM):
        assert the_entry().reopened_at == MONDAY + timedelta(hours=5)
    finish(app)
    with app.app_context(), acting_as(SYSTEM):
        entry = the_entry()
        assert entry.reopened_at is None
        assert entry.content_hash != before
        assert len([file for file in entry.archived_files if file.role == "paper"]) == 2


def test_the_term_follows_the_model_the_certificate_the_contract_and_the_rules(app: Flask, finished: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(LATER):
        change(db.session, the_model(), {"discontinued_on": date(2026, 6, 30)}, reason="停产")
        db.session.commit()
        assert the_entry().term is Term.open
    assert judged(app) == 1
    assert judged(app) == 0
    with app.app_context(), acting_as(SYSTEM), server_time.at(LATER):
        assert (the_entry().term, the_entry().retain_until) == (Term.dated, date(2036, 6, 30))
        contract: ServiceContract = the_entry().contract
        change(db.session, contract, {"records_kept_years": 30}, reason="补充协议")
        db.session.commit()
    judged(app)
    with app.app_context(), acting_as(SYSTEM), server_time.at(LATER):
        ends_on = the_entry().contract.valid_until
        assert the_entry().retain_until == ends_on.replace(year=ends_on.year + 30)
        change(db.session, the_model(), {"is_implant": True}, reason="更正")
        db.session.commit()
    judged(app)
    with app.app_context(), acting_as(SYSTEM):
        assert (the_entry().term, the_entry().retain_until) == (Term.permanent, None)


def test_a_new_version_of_a_rule_counts_once_a_second_person_approved_it(app: Flask, finished: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(LATER):
        change(db.session, the_model(), {"discontinued_on": date(2026, 6, 30)}, reason="停产")
        high = db.session.scalars(select(RetentionRule).where(RetentionRule.shipped_id == "B-4-high")).one()
        longer = create(
            db.session, RetentionRule, {"first": high, "years": 20, "reason": "总部决定", "effective_from": date(2026, 11, 16)}
        )
        db.session.commit()
        assert (longer.name, longer.kind, longer.anchor) == (high.name, high.kind, high.anchor)
    judged(app)
    with app.app_context(), acting_as(SYSTEM), server_time.at(LATER):
        assert the_entry().retain_until == date(2036, 6, 30)
        perform(db.session.scalars(select(RetentionRule).where(RetentionRule.years == 20)).one(), "approve")
        db.session.commit()
    judged(app)
    with app.app_context(), acting_as(SYSTEM), server_time.at(LATER):
        assert the_entry().retain_until == date(2046, 6, 30)
        halves = {"years": 3, "name": "x", "name_en": "x", "kind": RuleKind.company, "source": "S", "article": "1"}
        with pytest.raises(Refusal):
            create(db.session, RetentionRule, halves | {"reason": "x", "effective_from": date(2026, 11, 16)})
        db.session.rollback()


def test_what_was_sealed_before_gets_its_entry_later(app: Flask, finished: Repair) -> None:
    with app.app_context(), acting_as(SYSTEM):
        with unaudited_maintenance(db.session, "as if sealed by an earlier version"):
            db.session.connection().execute(delete(ArchiveEntry.__table__))
        db.session.commit()
        assert enter_sealed_before(db.session) == 1
        assert enter_sealed_before(db.session) == 0
        entry, paper = the_entry(), db.session.scalars(select(SealedDocument)).one()
        assert (entry.sealed_at, entry.sealed_by) == (paper.sealed_at, paper.sealed_by)


def test_nobody_makes_or_destroys_an_entry_by_hand(app: Flask, finished: Repair) -> None:
    client = sign_in(app, "quality")
    with app.app_context(), acting_as(SYSTEM):
        entry_id = the_entry().id
    assert client.post("/archive_entry/add", data={"paper_box": "1"}).status_code == 422
    assert client.post(f"/archive_entry/{entry_id}/perform/destroy", data={"reason": "过期"}).status_code in (403, 422)
    place = {"paper_room": "档案室 A", "paper_box": "2026-01", "paper_kept_until": "2050-12-31"}
    answer = client.post(f"/archive_entry/edit/{entry_id}", data=place)
    assert answer.status_code == 302, answer.text[:3000]
    with app.app_context(), acting_as(SYSTEM):
        assert (the_entry().state, the_entry().paper_place, the_entry().retain_until) == ("kept", "档案室 A · 2026-01", date(2050, 12, 31))
