"""The register of external documents comes filled with what the shipped procedures cite, and asks to be looked at again."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from aftersales.documents.external import ExternalDocument, ExternalKind, remind_of_reviews
from aftersales.documents.regulations import load_shipped_regulations
from aftersales.documents.shipping import load_shipped_documents, shipped
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.roles import Role
from tests.company import DAY, Company


def test_the_register_tells_what_each_law_affects_and_is_loaded_once(company: Company) -> None:
    with acting_as(SYSTEM):
        load_shipped_documents(company.session)
        assert load_shipped_regulations(company.session) == 16
        assert load_shipped_regulations(company.session) == 0
        rows = {row.reference_no: row for row in company.session.scalars(select(ExternalDocument))}
        recall = rows["原国家食品药品监督管理总局令第29号"]
        assert {str(row.document): row.articles for row in recall.affects}["AS-QP-02"] == "第12条"
        old = next(row for row in rows.values() if row.state == "ended")
        assert (old.ended_on.isoformat(), old.affects) == ("2026-11-01", [])
        assert all(row.affects for row in rows.values() if row is not old), "nothing is registered that no procedure cites"
        cited = {name for text in shipped() for cite in text.head["cites"] for name in re.findall("《(中华人民共和国[^》]+)》", cite)}
        assert cited == {row.name for row in rows.values() if row.kind is ExternalKind.law}


def test_a_review_is_due_until_somebody_says_what_was_found_and_when_to_look_again(company: Company) -> None:
    with acting_as(SYSTEM):
        load_shipped_regulations(company.session)
        assert remind_of_reviews(company.session) == 15
        row = company.session.scalars(select(ExternalDocument).where(ExternalDocument.reference_no.endswith("令第53号"))).one()
    with acting_as(company.actor(Role.regulatory)):
        with pytest.raises(Refusal):
            perform(row, "check", values={"watch": None, "review_on": DAY}, reason="已核对")
        perform(row, "check", values={"watch": None, "review_on": DAY + timedelta(days=180)}, reason="与官方文本一致")
    with acting_as(SYSTEM):
        assert remind_of_reviews(company.session) == 14
