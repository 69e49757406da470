"""From an emergency to what it affected, and from a hospital back to it."""

from flask import Flask
from sqlalchemy import select

from aftersales.customers.customer import Customer
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.traceability.hub import Mark, hub_of
from aftersales.traceability.links import Section, sections_of
from aftersales.traceability.start import Kind, start_of
from tests.emergencies.case import opened


def around(kind: Kind, key: int) -> dict[Kind, list[str]]:
    hub = hub_of(db.session(), start_of(db.session(), kind, str(key)), Mark())
    told: list[Section] = sections_of(db.session(), hub)
    return {section.kind: [link.thing.text for link in section.links] for section in told}


def test_an_emergency_leads_to_what_it_affected_and_back(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM):
        emergency = opened()
        db.session.flush()
        found = around(Kind.emergency, emergency.id)
        assert found[Kind.customer] == ["华东仁安医院"]
        assert [text.split()[-1] for text in found[Kind.device]] == ["HD-0001"]
        customer = db.session.scalars(select(Customer).where(Customer.name == "华东仁安医院")).one()
        assert emergency.number in around(Kind.customer, customer.id)[Kind.emergency]
