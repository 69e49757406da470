"""Who may be sent: a table of qualifications, and the words for those who may not."""

from datetime import date

import pytest
from sqlalchemy import select

from aftersales.people.gate import qualified, qualified_people, why_not
from aftersales.people.person import region_ids_of_user
from aftersales.people.qualification import Qualification, Work
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create, settle
from tests.company import DAY, Company

CASES = [
    ("lin", Work.repair, DAY, True),
    ("lin", Work.repair, date(2026, 12, 31), True),  # the last day counts
    ("lin", Work.repair, date(2027, 1, 1), False),
    ("lin", Work.repair, date(2024, 1, 7), False),  # trained, effect not yet confirmed
    ("lin", Work.repair, date(2023, 12, 31), False),
    ("lin", Work.install, DAY, False),  # another kind of work
    ("zhao", Work.repair, DAY, False),  # expired
    ("sun", Work.repair, DAY, False),  # another family
]


@pytest.mark.parametrize(("person", "work", "day", "may"), CASES)
def test_a_person_is_qualified_by_product_work_and_day(company: Company, person: str, work: Work, day: date, may: bool) -> None:
    with acting_as(SYSTEM):
        who = getattr(company, person)
        assert (qualified(company.session, who.id, company.model, work, day) is not None) is may
        assert bool(why_not(who, company.model, work, day)) is not may


def test_the_list_for_dispatch_says_until_when_and_why_not(company: Company) -> None:
    with acting_as(SYSTEM):
        found = {c.person.name: c for c in qualified_people(company.session, company.model, Work.repair, DAY)}
    assert next(iter(found)) == "lin"
    assert found["lin"].valid_until == date(2026, 12, 31)
    assert "2025-12-31" in found["zhao"].refusal
    assert not found["sun"].is_qualified


def test_who_left_is_sent_nowhere(company: Company) -> None:
    with acting_as(SYSTEM):
        company.lin._audit_reason = "离职"
        company.lin.left_on = date(2026, 3, 1)
        company.session.flush()
        assert qualified(company.session, company.lin.id, company.model, Work.repair, DAY) is None
        assert "lin" not in {c.person.name for c in qualified_people(company.session, company.model, Work.repair, DAY)}
        assert why_not(company.lin, company.model, Work.repair, DAY)


def test_a_qualification_is_for_a_model_or_a_family_never_both(company: Company) -> None:
    values = {"person": company.lin, "work": Work.train, "valid_from": DAY, "valid_until": DAY}
    with acting_as(SYSTEM):
        both = values | {"model_id": company.model.id, "family_id": company.family.id}
        with pytest.raises(Refusal):
            create(company.session, Qualification, both)


def test_an_account_sees_its_home_and_further_regions(company: Company) -> None:
    with acting_as(SYSTEM):
        head_office = company.session.scalars(select(type(company.region)).where(type(company.region).is_head_office)).one()
        company.lin.regions.append(head_office)
        settle(company.session, lambda: None)
        rows = company.session.connection().execute(region_ids_of_user(company.accounts["lin"])).all()
    assert {region for *_empty, region in rows} == {company.region.id, head_office.id}
