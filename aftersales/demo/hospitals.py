"""Whom the company works for: invented hospitals in invented towns, their devices, and what contracts promise them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from aftersales.customers.contract import ContractPromise, Milestone, ServiceContract
from aftersales.customers.customer import Customer, CustomerContact, HospitalLevel
from aftersales.demo.people import Cast
from aftersales.demo.products import Kind, Range
from aftersales.demo.words import PLACES, STREETS, name, phone
from aftersales.devices.device import Device
from aftersales.record.deadline import Unit
from aftersales.record.now import at, today
from aftersales.record.saving import create

HOSPITALS_PER_REGION = 10
DEVICES = 400
LOANED_KINDS = ("HX", "SY", "JH", "YE")  # of these the company keeps one in each region to lend

# Pattern of the name and level, in the order in which a region has them: large ones first.
HOSPITALS = (
    ("{first}第一人民医院", HospitalLevel.tertiary_a),
    ("{second}中心医院", HospitalLevel.tertiary_a),
    ("{first}妇幼保健院", HospitalLevel.tertiary_b),
    ("{second}中医医院", HospitalLevel.tertiary_b),
    ("{district}人民医院", HospitalLevel.secondary_a),
    ("{first}儿童医院", HospitalLevel.tertiary),
    ("{first}明安医院", HospitalLevel.secondary),
    ("{other}中西医结合医院", HospitalLevel.secondary_b),
    ("{second}康悦血液净化中心", HospitalLevel.other),
    ("{district}社区卫生服务中心", HospitalLevel.primary),
)
# How many devices of a region stand in each of them, as parts of a whole.
SHARES = (22, 18, 10, 9, 12, 11, 6, 6, 3, 3)
# Kinds that a small house has; the others stand in hospitals.
SMALL_HOUSES = {HospitalLevel.primary: {"XD", "LX", "BC", "WH", "CC"}, HospitalLevel.other: {"TX", "JH", "CC", "BC"}}
POSITIONS = ("设备科科长", "设备科工程师", "护士长", "科室医工联络员", "科室主任")
BACKUP_PLANS = (
    "本院设备科备有同类设备 1 台，15 分钟内可调配；不足时联系区域服务中心调用备用机。",
    "急诊科与重症医学科互为备份；夜间由总值班调配，必要时启用简易呼吸器与转运设备。",
    "停机时先由护士长启用科室备用设备，同时拨打服务热线；4 小时内不能恢复的由我司送备用机。",
)


def sign_up(session: Session, rng: Random, cast: Cast, count: int) -> list[Customer]:
    """Hospitals with their contacts; the larger ones have an emergency file."""
    customers = []
    for code, (_name, province, (first, second), (district, other)) in PLACES.items():
        for place, (pattern, level) in enumerate(HOSPITALS[:count]):
            values: dict[str, Any] = {
                "region_id": cast.regions[code].id,
                "name": pattern.format(first=first, second=second, district=district, other=other),
                "level": level,
                "province": province,
                "city": second if "{second}" in pattern else first,
                "district": other if place % 3 == 1 else district,
                "street": f"{rng.choice(STREETS)} {rng.randrange(3, 299)} 号",
                "contact_name": name(rng),
                "contact_phone": phone(rng),
            }
            if place < 5:
                values |= {"second_contact_name": name(rng), "second_contact_phone": phone(rng), "backup_plan": rng.choice(BACKUP_PLANS)}
            contacts = rng.sample(POSITIONS, 2 + (place < 4))
            values["contacts"] = [CustomerContact(name=name(rng), position=position, phone=phone(rng)) for position in contacts]
            customers.append(create(session, Customer, values))
    return customers


def install(session: Session, rng: Random, cast: Cast, found: Range, customers: list[Customer], count: int, present: date) -> list[Device]:
    """The devices, each entered on the day it was installed, or when the company began, whichever came later."""
    founded = today()
    plan = sorted(_units(rng, cast, found, customers, count, present), key=lambda values: (values["installed_on"], values["serial_no"]))
    devices = []
    for values in plan:
        with at(_noon(max(values["installed_on"], founded))):
            devices.append(create(session, Device, values))
    return devices


def lend_out(session: Session, cast: Cast, found: Range) -> list[Device]:
    """The company's own devices, one of each kind that is lent in each region."""
    kinds = [kind for kind in found.kinds if kind.facts["code"] in LOANED_KINDS]
    plan = [
        {"region_id": cast.regions[code].id, "model": kind.models[0], "serial_no": f"BY-{kind.facts['serial']}-{code}", "is_loaner": True}
        for code in cast.engineers
        for kind in kinds
    ]
    return [create(session, Device, values) for values in plan]


def promise(session: Session, rng: Random, customers: list[Customer], devices: list[Device], present: date) -> list[ServiceContract]:
    """A third of the customers has a contract; most are in force, some ran out, some cover named devices only."""
    contracts = []
    for place, customer in enumerate(customers):
        if place % 10 not in (0, 1, 4) and not (place % 10 == 8 and place % 20 < 10):
            continue
        begun = present - timedelta(days=rng.randrange(40, 330) if place % 7 else rng.randrange(480, 520))
        is_for_all = place % 10 != 4
        own = [device for device in devices if device.customer_id == customer.id]
        values = {
            "customer_id": customer.id, "customer": customer, "contract_no": f"FW{begun:%Y}-{place + 101}", "valid_from": begun,
            "valid_until": begun + timedelta(days=364), "is_for_all_devices": is_for_all, "devices": [] if is_for_all else own[:4],
            "remark": "含人工与差旅，备件另计" if place % 2 else "全保，含备件", "promised": _promises(rng, place),
        }  # fmt: skip
        with at(_noon(begun)):
            contracts.append(create(session, ServiceContract, values))
    return contracts


def _promises(rng: Random, place: int) -> list[ContractPromise]:
    respond, on_site, resolve = ((30, 2, 12), (30, 4, 24), (60, 4, 48))[place % 3]
    promises = [
        ContractPromise(milestone=Milestone.respond, amount=respond, unit=Unit.minutes),
        ContractPromise(milestone=Milestone.on_site, amount=on_site, unit=Unit.hours),
        ContractPromise(milestone=Milestone.resolve, amount=resolve, unit=Unit.hours),
    ]
    return promises if rng.random() < 0.6 else promises[:2]


def _units(rng: Random, cast: Cast, found: Range, customers: list[Customer], count: int, present: date) -> Iterator[dict[str, Any]]:
    by_region = {code: [c for c in customers if c.region_id == cast.regions[code].id] for code in cast.engineers}
    codes = list(by_region)
    for number in range(count):
        kind = found.kinds[number % len(found.kinds)]
        fitting = [
            (customer, share)
            for customer, share in zip(by_region[codes[number % len(codes)]], SHARES, strict=False)
            if kind.facts["code"] in SMALL_HOUSES.get(customer.level, {kind.facts["code"]})
        ]
        customer = rng.choices([customer for customer, _share in fitting], [share for _customer, share in fitting])[0]
        yield _unit(rng, kind, customer, number, present)


def _unit(rng: Random, kind: Kind, customer: Customer, number: int, present: date) -> dict[str, Any]:
    model = kind.models[rng.randrange(len(kind.models))]
    installed = present - timedelta(days=rng.randrange(20, int(model.service_life_years * 365 * 0.8)))
    made = installed - timedelta(days=rng.randrange(25, 160))
    serial = f"{kind.facts['serial']}{made:%y%m}{number:04d}"
    software = kind.facts["software"]
    return {
        "region_id": customer.region_id, "model": model, "serial_no": serial, "customer": customer,
        "department": rng.choice(kind.facts["places"]), "place": f"{rng.randrange(1, 16)} 楼",
        "udi": f"(01){model.udi_di}(11){made:%y%m%d}(21){serial}", "made_on": made, "installed_on": installed,
        "warranty_until": installed + timedelta(days=rng.choice((365, 730, 1095))),
        "software_release": software[0] if software else None, "software_full_version": software[1] if software else None,
    }  # fmt: skip


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)
