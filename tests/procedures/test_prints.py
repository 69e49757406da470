"""The print log: written by the program at every door that gives out papers, and never changed."""

import pytest
from flask import Flask

from aftersales.documents.prints import PrintEntry
from aftersales.record.actor import acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, create
from aftersales.roles import Role
from tests.api.caller import Caller
from tests.company import Company
from tests.portal.repair import finish
from tests.world import sign_in


def test_papers_of_records_are_noted_from_every_door(app: Flask) -> None:
    repair = finish(app)
    engineer, order = sign_in(app, Role.engineer), f"/service_order/{repair.order_id}"
    sealed = engineer.get(f"{order}/paper/{repair.paper_id}.pdf").data
    assert sealed == app.extensions["store"].get(repair.sha256), "a record's own paper goes out as it was sealed"
    engineer.get(f"{order}/preview/repair_report.pdf")
    app.test_client().get(f"/t/{repair.token}/{repair.paper_id}.pdf")
    Caller.named(app, Role.engineer).get(f"{order}/documents/repair_report.pdf")
    asked = f"/print_entry/?kind=ServiceOrder&record_id={repair.order_id}"
    rows = [row for row in Caller.named(app, Role.quality).get(asked).json["result"] if row["printed_by"] != "华东engineer"]
    told = [(row["mark"], row["printed_by"], row["form_no"]) for row in sorted(rows, key=lambda row: row["id"])]
    by = "Engineer Test"
    assert [(mark, who) for mark, who, _form in told] == [("sealed", by), ("uncontrolled", by), ("sealed", "公众网页"), ("sealed", by)]


def test_nobody_writes_or_changes_the_log(company: Company) -> None:
    with acting_as(company.actor(Role.quality)):
        with pytest.raises(Refusal):
            create(company.session, PrintEntry, {"title": "维修报告"})
        company.session.rollback()
        order = company.order()
        company.session.commit()
        company.app.extensions["paper_out"](order, order.documents[0], None, b"")
        entry = company.session.query(PrintEntry).one()
        with pytest.raises(Refusal):
            change(company.session, entry, {"printed_by": "someone else"}, reason="because", version=entry.version)
