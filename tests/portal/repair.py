"""The repair of the world, running or brought to its sealed report."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from flask import Flask
from sqlalchemy import select

from aftersales.devices.form_item import FunctionTestItem
from aftersales.devices.instrument import TestInstrument
from aftersales.extensions import db
from aftersales.organization.code_list import Code, CodeList
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.archive import sealed_of
from aftersales.record.workflow import perform
from aftersales.service.lines import Measurement
from aftersales.service.order import RepairResult, ServiceOrder
from tests.world import DOT, MONDAY


@dataclass(frozen=True)
class Repair:
    """Plain values of one repair; the last three are empty before it is sealed."""

    order_id: int
    token: str
    code: str = ""
    sha256: str = ""
    paper_id: int = 0


def repair(app: Flask, region: str = "HD") -> Repair:
    with app.app_context(), acting_as(SYSTEM):
        order = _order(region)
        return Repair(order.id, order.request.progress_token)


def finish(app: Flask, *, is_closed: bool = True) -> Repair:
    """Bring the repair to its sealed report, the first time or after it was opened again; without `is_closed` all but the review."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=3)):
        order = _order("HD")
        if not order.cause:
            _work(order)
        accepted = {"result": RepairResult.usable, "accepted_by": "吴医生", "satisfaction": 90, "customer_opinion": "很好"}
        perform(order, "complete", values=accepted, drawn=DOT, signer="吴医生")
        if is_closed:
            perform(order, "close", values={"review_opinion": "资料齐全"})
        db.session.commit()
        if not is_closed:
            return Repair(order.id, order.request.progress_token)
        row = next(row for row in sealed_of(db.session, order) if row.status == "valid")
        return Repair(order.id, order.request.progress_token, row.code, row.sha256, row.id)


def ready(app: Flask) -> Repair:
    """All but the customer's word."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=3)):
        order = _order("HD")
        _work(order)
        db.session.commit()
        return Repair(order.id, order.request.progress_token)


def reopen(app: Flask) -> None:
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=5)):
        perform(_order("HD"), "reopen", reason="it failed again")
        db.session.commit()


def _work(order: ServiceOrder) -> None:
    item = db.session.scalars(select(FunctionTestItem).where(FunctionTestItem.name == "潮气量")).one()
    analyser = db.session.scalars(select(TestInstrument).where(TestInstrument.serial_no == "QL-HD-1")).one()
    measurement = Measurement(order=order, item=item, value=Decimal(502), instrument=analyser, measured_at=MONDAY + timedelta(hours=2))
    measurement.on_create()
    db.session.add(measurement)
    order.cause, order.plan = "流量传感器漂移", "更换传感器"
    order.cause_category_id = db.session.scalars(select(Code.id).join(CodeList).where(CodeList.code == "fault_cause").limit(1)).one()
    order.plan_explained_to, order.plan_explained_at = "吴医生", MONDAY + timedelta(hours=1)
    order._audit_reason = "现场维修"
    db.session.flush()


def _order(region: str) -> ServiceOrder:
    return db.session.scalars(select(ServiceOrder).where(ServiceOrder.number.like(f"SO-{region}-%-000001"))).one()
