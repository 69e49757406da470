"""A small cast for tests at the level of records: one region, one hospital, one ventilator, and people with dates written out.

All names are invented. The day is Monday 2 March 2026, nine in the morning in China.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from aftersales.customers.customer import Customer, HospitalLevel
from aftersales.deadlines import load_shipped_rules
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.devices.form_item import FunctionTestItem, ItemKind
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.devices.model import DeviceModel, LegalClass, Risk
from aftersales.extensions import db
from aftersales.organization.code_list import Code, load_shipped_codes
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.record.actor import SYSTEM, Actor, acting_as
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.registration import record_types
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.security.grants import declared
from aftersales.service.request import Channel, Harm, ServiceRequest

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)
PASSWORD = "correct horse"
PNG = b"\x89PNG\r\n\x1a\n a hand's stroke"


@dataclass
class Company:
    session: Session
    app: Flask
    accounts: dict[str, int] = field(default_factory=dict)
    region: Any = None
    hospital: Any = None
    family: Any = None
    model: Any = None
    device: Any = None
    loaner: Any = None
    form: Any = None
    analyser: Any = None
    tester: Any = None
    cause: Any = None
    lin: Any = None  # qualified
    zhao: Any = None  # qualified until last December
    sun: Any = None  # qualified for another family

    def actor(self, role: Role, *, person: str = "") -> Actor:
        """Somebody with the shipped grants of a role, in this region."""
        grants = frozenset(pair for pair, roles in declared(dict.fromkeys(record_types())) if role in roles)
        name = person or role.value
        return Actor(name=name, user_id=self.account(name), permissions=grants, region_ids=frozenset({self.region.id}))

    def account(self, username: str) -> int:
        if username not in self.accounts:
            words = {"username": username, "first_name": username, "last_name": "测", "email": f"{username}@example.cn", "password": ""}
            account = Account(active=True, **words)
            with acting_as(SYSTEM):
                self.session.add(account)
                self.session.flush()
            self.accounts[username] = account.id
        return self.accounts[username]

    def call(self, **values: Any) -> ServiceRequest:
        """A call about the ventilator, as the intake desk takes it down."""
        answers = {"is_device_down": True, "is_treatment_affected": False, "has_alternative": True, "harm": Harm.no}
        facts = {"channel": Channel.hotline, "received_at": NINE, "device_id": self.device.id, "fault_text": "开机自检报流量传感器超差"}
        return create(self.session, ServiceRequest, facts | answers | values)

    def order(self, **values: Any) -> Any:
        with acting_as(self.actor(Role.intake)):
            request = self.call(**values)
            perform(request, "register")
            perform(request, "order")
        return request.order


def found(app: Flask) -> Company:
    """Build the cast into an empty database."""
    session = db.session
    company = Company(session=session, app=app)
    with acting_as(SYSTEM):
        session.add_all([Region(code="ZB", name="总部", is_head_office=True), hd := Region(code="HD", name="华东")])
        session.flush()
        company.region = hd
        load_shipped_codes(session)
        load_shipped_rules(session)
        _product(company)
        _people(company)
        _devices(company)
        session.commit()
    return company


def _product(company: Company) -> None:
    session = company.session
    family = company.family = DeviceFamily(code="VENT", name="治疗呼吸机系列")
    company.model = DeviceModel(
        family=family, name="治疗呼吸机", specification="QH-V600", maker="青禾医疗",
        risk=Risk.high, legal_class=LegalClass.class_3, udi_di="06901234567892",
    )  # fmt: skip
    codes = {code.code: code for code in session.query(Code)}
    company.cause = codes["wear"]
    test = FunctionTest(name="呼吸机维修后检测", family=family, revision=1)
    test.items = [
        FunctionTestItem(
            position=1, name="潮气量", kind=ItemKind.numeric, unit="mL", lower=Decimal(450), upper=Decimal(550), nominal=Decimal(500),
            instrument_kind=codes["gas_flow"],
        ),
        FunctionTestItem(
            position=2, name="接地电阻", kind=ItemKind.numeric, unit="Ω", upper=Decimal("0.2"), is_electrical_safety=True,
            instrument_kind=codes["electrical_safety"],
        ),
        FunctionTestItem(position=3, name="声光报警", kind=ItemKind.pass_fail),
    ]  # fmt: skip
    session.add_all([company.model, test])
    session.flush()
    perform(test, "approve")
    company.form = test
    for name, kind in (("analyser", "gas_flow"), ("tester", "electrical_safety")):
        instrument = TestInstrument(
            name=f"{kind} 分析仪", kind=codes[kind], serial_no=f"{kind}-1", region_id=company.region.id,
            calibrated_on=date(2025, 6, 1), calibration_valid_until=date(2026, 5, 31), certificate_no="JZ-2025-117",
        )  # fmt: skip
        setattr(company, name, instrument)
        session.add(instrument)


def _people(company: Company) -> None:
    other = DeviceFamily(code="PUMP", name="输注泵系列")
    for staff_no, name, family, until in (
        ("E01", "lin", company.family, date(2026, 12, 31)),
        ("E02", "zhao", company.family, date(2025, 12, 31)),
        ("E03", "sun", other, date(2026, 12, 31)),
    ):
        person = Person(staff_no=staff_no, name=name, region_id=company.region.id, user_id=company.account(name))
        person.qualifications = [
            Qualification(
                work=Work.repair, family=family, valid_from=date(2024, 1, 1), valid_until=until,
                effect_confirmed_on=date(2024, 1, 8), evidence="培训考核记录",
            )
        ]  # fmt: skip
        company.session.add(person)
        setattr(company, name, person)
    company.session.flush()


def _devices(company: Company) -> None:
    session = company.session
    hospital = {"name": "云岭第一人民医院", "level": HospitalLevel.tertiary_a, "region_id": company.region.id}
    company.hospital = create(session, Customer, hospital)
    place = {"model_id": company.model.id, "region_id": company.region.id}
    at_hospital = {"serial_no": "V6-0001", "customer_id": company.hospital.id, "installed_on": date(2024, 5, 6)}
    company.device = create(session, Device, place | at_hospital)
    company.loaner = create(session, Device, place | {"serial_no": "V6-LN-1", "is_loaner": True})
