"""Of a recall an inspector sees the case, what authorities got, and the units of the subjects; never the list of everybody's."""

from flask import Flask
from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.reach import reached_by
from aftersales.recalls.lists import RecallList
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import SYSTEM, acting_as
from tests.inspectors.conftest import let_in
from tests.recalls.cases import LOT, decide, draft, make_units, notices, scoped, units
from tests.scenarios.person import Visitor

UNIT = f"{LOT}-0000"


def recalled(app: Flask) -> int:
    """A recall of twelve units at four hospitals, with a CAPA; its id."""
    make_units(app, 12, hospitals=2)
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality)
    scoped(quality, address, lots=LOT)
    decide(app, address)
    pk = int(address.rsplit("/", 1)[1])
    with app.app_context(), acting_as(SYSTEM):
        region_id = units(pk)[0].region_id
        action = db.session.scalars(select(CorrectiveAction).limit(1)).one()
        action.recall_id, action.region_id, action._audit_reason = pk, region_id, "by the test"
        db.session.commit()
    return pk


def test_a_device_leads_to_its_recall_its_own_unit_and_what_was_corrected(app: Flask, clock: object) -> None:
    pk = recalled(app)
    inspector = let_in(app, things=UNIT)
    page = Visitor(inspector.client)
    assert page.open(f"/recall/show/{pk}").status == 200
    with app.app_context(), acting_as(SYSTEM):
        own = db.session.scalars(select(RecallUnit).join(Device).where(Device.serial_no == UNIT)).one()
        others = [unit.id for unit in units(pk) if unit.id != own.id]
        action = db.session.scalars(select(CorrectiveAction.id).where(CorrectiveAction.recall_id == pk)).one()
        all_notices, frozen = [notice.id for notice in notices(pk)], db.session.scalars(select(RecallList.id)).all()
        own_id = own.id
    assert page.open(f"/recall_unit/show/{own_id}").status == 200
    assert page.open(f"/corrective_action/show/{action}").status == 200
    assert page.open(f"/recall_submission/list/?recall_id={pk}").links("/recall_submission/show/")
    shut = [*(f"/recall_unit/show/{n}" for n in others), *(f"/recall_notice/show/{n}" for n in all_notices)]
    assert {page.open(address).status for address in shut} == {404}
    assert {page.open(f"/recall_list/show/{n}").status for n in frozen} <= {403, 404}
    assert len(page.open(f"/recall_unit/list/?recall_id={pk}").links("/recall_unit/show/")) == 1


def test_a_customer_as_the_subject_leads_to_its_notice_and_no_other(app: Flask, clock: object) -> None:
    pk = recalled(app)
    with app.app_context(), acting_as(SYSTEM):
        notice = notices(pk)[0]
        access = InspectorAccess(things=notice.customer.name)
        access.starts = [["customer", str(notice.customer_id), notice.customer.name]]
        found = reached_by(db.session, access)
        assert (found[Recall], found[RecallNotice]) == ({pk}, {notice.id})
        assert len(found[RecallUnit]) == notice.unit_count
        assert RecallList not in found
        db.session.rollback()


def test_a_maker_as_the_subject_leads_to_the_repairs_of_its_devices(app: Flask, clock: object) -> None:
    page = Visitor(let_in(app, things="maker:澄海医疗设备厂").client)
    assert page.open("/service_order/list/").links("/service_order/show/")
    assert page.open("/trace/?kind=maker&key=澄海医疗设备厂").status == 200
