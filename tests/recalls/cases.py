"""A lot of devices at several hospitals, and a recall of it as people make one: by the pages."""

from typing import Any

from flask import Flask
from sqlalchemy import select

from aftersales.customers.customer import Customer, CustomerContact, HospitalLevel
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.steps import ASSESSMENT
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import SYSTEM, acting_as
from tests.scenarios.person import Visitor
from tests.world import PASSWORD

LOT = "2409B"
TOLD = {
    "intended_use": "危重患者机械通气", "places": "中国境内", "person_in_charge": "管理者代表 梁工",
    "contact": "法规事务部 400-000-0000",
    "cause_brief": "该批电源板电容可能提前失效，导致断电报警", "demands": "立即暂停使用，将本通知转发至相关科室",
    "instructions": "工程师上门更换电源板，检测合格后恢复使用",
    "plan_quantities": "生产 520 台，销售 500 台，拟召回 500 台", "plan_measures": "售后服务部组织，全国，60 日内完成",
    "plan_publication": "省级药品监督管理部门网站及逐户通知", "plan_expected": "全部更换", "plan_afterwards": "换下的电源板集中销毁",
    "progress_every_days": "14", "target_percent": "100", "plan_done_by": "2027-01-20", "sold_quantity": "500", "made_quantity": "520",
}  # fmt: skip
ASSESSED = dict.fromkeys(ASSESSMENT, "见附件评估记录")


def make_units(app: Flask, count: int, lot: str = LOT, hospitals: int = 5) -> None:
    """`count` devices of a lot at `hospitals` hospitals of each of both regions, by the session's own flush."""
    with app.app_context(), acting_as(SYSTEM):
        session = db.session
        model = session.scalars(select(DeviceModel).where(DeviceModel.specification == "VX-90")).one()
        regions = session.scalars(select(Region).where(Region.code.in_(("HD", "XN"))).order_by(Region.code)).all()
        customers = [
            Customer(
                region_id=region.id, name=f"{region.name}第{place}医院", level=HospitalLevel.secondary_a,
                contacts=[CustomerContact(name=f"设备科{place}", mail=f"{region.code.lower()}{place}@hospital.invalid")],
            )
            for region in regions for place in range(1, hospitals + 1)
        ]  # fmt: skip
        session.add_all(customers)
        session.flush()
        for number in range(count):
            customer = customers[number % len(customers)]
            device = Device(model=model, serial_no=f"{lot}-{number:04d}", lot_no=lot, customer=customer, region_id=customer.region_id)
            session.add(device)
        session.commit()


def draft(who: Visitor, **facts: str) -> str:
    """A recall of the lot, assessed; its address."""
    asked = {"subject": "电源板批次缺陷", "model_id": "1", "source": "signal", "source_text": "同批次三起断电"} | facts
    assessed = {"defect": "unreasonable_risk", "defect_text": "断电", "handling": "replacement"} | ASSESSED | TOLD
    page = who.open("/recall/add").send("/add", **asked, **assessed)
    assert "/show/" in page.url, page.text[:1500]
    return page.url


def scoped(who: Visitor, address: str, **criterion: str) -> None:
    """Add a line to the scope by the link of the recall's page."""
    (link,) = who.open(address).links("/recall_criterion/add")
    page = who.open(link).send("/add", **criterion)
    assert page.url.split("?")[0].startswith("/recall/show/"), page.text[:800]


def decide(app: Flask, address: str, level: str = "level_2") -> None:
    """Frozen and proposed by quality, decided by the manager."""
    quality, manager = Visitor.signed_in(app, "quality"), Visitor.signed_in(app, "manager")
    pk = address.rsplit("/", 1)[1]
    page = quality.open(address).send(f"/{pk}/perform/freeze")
    assert page.status == 200, page.text[:800]
    quality.open(address).send(f"/{pk}/perform/propose", conclusion="recall", recall_level=level, proposal_reason="可逆危害")
    page = manager.open(address).send(f"/{pk}/perform/decide", password=PASSWORD)
    assert page.status == 200, page.text[:800]


def the(pk: int) -> Recall:
    return db.session.get_one(Recall, pk)


def units(pk: int, **wanted: Any) -> list[RecallUnit]:
    return list(db.session.scalars(select(RecallUnit).filter_by(recall_id=pk, **wanted).order_by(RecallUnit.id)))


def notices(pk: int, **wanted: Any) -> list[RecallNotice]:
    return list(db.session.scalars(select(RecallNotice).filter_by(recall_id=pk, **wanted).order_by(RecallNotice.id)))
