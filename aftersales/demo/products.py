"""What the company looks after: families, models, test forms and test instruments, read from the files in kinds/."""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from biip.checksums import gs1_standard_check_digit
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo.people import HOME, Cast
from aftersales.devices.family import DeviceFamily
from aftersales.devices.form_item import FunctionTestItem, ItemKind
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.devices.model import DeviceModel, LegalClass, Risk
from aftersales.organization.code_list import Code, CodeList
from aftersales.record.actor import acting_as
from aftersales.record.now import at, today
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role

KINDS = Path(__file__).parent / "kinds"
PROVINCES = "苏浙粤鲁京沪鄂川渝陕湘皖闽津冀"  # the authorities that register class II; the numbers are invented

# After YY/T 0841 (IEC 62353), for what is plugged into the mains and earthed: name, unit, lower, upper, nominal.
ELECTRICAL = (
    ("保护接地电阻（含电源线）", "Ω", None, "0.3", "0.11"),
    ("绝缘电阻（网电源对保护接地）", "MΩ", "2", None, "86"),
    ("设备漏电流（直接法）", "µA", None, "500", "118"),
)
APPLIED_PARTS = {"BF": ("应用部分漏电流（BF 型）", "µA", None, "5000", "38"), "CF": ("应用部分漏电流（CF 型）", "µA", None, "50", "6")}

# Kind of instrument: what it is called on its plate.
INSTRUMENTS = {
    "electrical_safety": "电气安全分析仪 AQ-610",
    "gas_flow": "气流分析仪 QL-4080",
    "infusion": "输注泵分析仪 SZ-2",
    "patient_simulator": "患者模拟器 MN-320",
    "defibrillator": "除颤分析仪 CF-70",
    "electrosurgery": "高频电刀分析仪 GP-500",
    "thermometer": "四通道数字温度计 WD-4",
    "pressure": "数字压力计 YL-100",
    "ultrasound_phantom": "超声体模 CT-551",
    "dose": "X射线综合剂量仪 JL-800",
}


@dataclass
class Kind:
    """One kind of device: its file, and what was made of it."""

    position: int
    facts: dict[str, Any]
    family: DeviceFamily
    models: list[DeviceModel]
    form: FunctionTest

    @property
    def stories(self) -> list[dict[str, Any]]:
        """Faults that a visit repairs."""
        return [story for story in self.facts["story"] if "fails" not in story]

    @property
    def unsafe(self) -> list[dict[str, Any]]:
        """Faults after which the device must not be used."""
        return [story for story in self.facts["story"] if "fails" in story]


@dataclass
class Range:
    """Everything in kinds/, and the codes that people chose from."""

    kinds: list[Kind] = field(default_factory=list)
    causes: dict[str, Code] = field(default_factory=dict)
    instrument_kinds: dict[str, Code] = field(default_factory=dict)

    def of(self, code: str) -> Kind:
        return next(kind for kind in self.kinds if kind.facts["code"] == code)


def register(session: Session, cast: Cast) -> Range:
    """Families, models and their forms: written by technical support, approved by quality."""
    found = Range(causes=_codes(session, "fault_cause"), instrument_kinds=_codes(session, "instrument_kind"))
    files = [tomllib.loads(path.read_text("utf-8")) for path in sorted(KINDS.glob("*.toml"))]
    for place, facts in enumerate(files):
        with acting_as(cast.actors[Role.technical_support]):
            family = create(session, DeviceFamily, {"code": facts["code"], "name": facts["family"]})
            models = [create(session, DeviceModel, _model(facts, family, place, row)) for row in range(len(facts["models"]))]
            name = f"{facts['family']}维修后检测"
            form = create(session, FunctionTest, {"name": name, "family": family, "items": items_of(facts, found)})
        with acting_as(cast.actors[Role.quality]):
            perform(form, "approve")
        found.kinds.append(Kind(place, facts, family, models, form))
    return found


def buy_instruments(session: Session, rng: Random, cast: Cast, found: Range, present: date) -> list[TestInstrument]:
    """One of each kind per region. Their calibration holds a year; when it is renewed is told in `upkeep`.

    The last is a second analyser in the first region, whose certificate was left to lapse a little before `present`.
    """
    bought = []
    for code in cast.engineers:
        for number, (kind, plate) in enumerate(INSTRUMENTS.items(), 1):
            mark, day = f"{code}{number:02d}", today() - timedelta(days=rng.randrange(20, 330))
            place = {"region_id": cast.regions[code].id, "name": plate, "kind": found.instrument_kinds[kind]}
            serial = {"serial_no": f"{mark}-{rng.randrange(1000, 9999)}"}
            bought.append(create(session, TestInstrument, place | serial | calibration(day, mark)))
    spare = {
        "region_id": cast.regions[HOME].id, "name": "电气安全分析仪 AQ-500", "kind": found.instrument_kinds["electrical_safety"],
        "serial_no": f"{HOME}99-0417",
    }  # fmt: skip
    lapsed = present - timedelta(days=364 + 23)
    with at(datetime.combine(lapsed, time(4), UTC)):
        bought.append(create(session, TestInstrument, spare | calibration(lapsed, f"{HOME}99")))
    return bought


def calibration(day: date, mark: str) -> dict[str, Any]:
    """A certificate of that day, good for a year."""
    return {"calibrated_on": day, "calibration_valid_until": day + timedelta(days=364), "certificate_no": f"JZ{day:%Y%m}-{mark}"}


def _codes(session: Session, name: str) -> dict[str, Code]:
    return {code.code: code for code in session.scalars(select(Code).join(CodeList).where(CodeList.code == name))}


def _model(facts: dict[str, Any], family: DeviceFamily, place: int, row: int) -> dict[str, Any]:
    name, specification, maker = facts["models"][row]
    catalogue = facts["classification"][:2]
    legal = facts["legal_class"]
    granted = today().year - 3 + row
    is_renewed = row == 0 and legal != 1  # the older one of a kind; a number keeps the year of the first registration
    first = granted - 5 if is_renewed else granted
    numbers = {
        1: f"{PROVINCES[place]}械备{first}99{place:02d}",
        2: f"{PROVINCES[place]}械注准{first}2{catalogue}99{place:02d}",
        3: f"国械注准{first}3{catalogue}99{place:02d}",
    }
    digits = f"0952{place:02d}{row:02d}10000"[:13]
    return {
        "family": family, "name": name, "specification": specification, "maker": maker, "registration_no": numbers[legal],
        "registration_valid_until": None if legal == 1 else date(granted + 5, 1 + place % 12, 28),
        "first_approved_on": date(first, 1 + place % 12, 28),
        "renewed_on": date(granted, 1 + place % 12, 28) if is_renewed else None,
        "classification_code": facts["classification"], "risk": Risk(facts["risk"]), "legal_class": LegalClass(f"class_{legal}"),
        "is_large": facts.get("is_large", False), "is_active": True,
        "udi_di": digits + str(gs1_standard_check_digit(digits)), "service_life_years": facts["life"],
    }  # fmt: skip


def items_of(facts: dict[str, Any], found: Range) -> list[FunctionTestItem]:
    """Electrical safety first, then what the kind of device is tested for."""
    electrical = [*ELECTRICAL, *([APPLIED_PARTS[facts["applied_part"]]] if facts["applied_part"] in APPLIED_PARTS else [])]
    safety = [
        {"name": name, "unit": unit, "lower": lower, "upper": upper, "nominal": nominal, "instrument": "electrical_safety", "safety": True}
        for name, unit, lower, upper, nominal in electrical
    ]
    items = enumerate([*safety, *facts["items"]], 1)
    return [FunctionTestItem(**_item(position, item, found.instrument_kinds)) for position, item in items]


def _item(position: int, item: dict[str, Any], kinds: dict[str, Code]) -> dict[str, Any]:
    limits = {name: _decimal(item.get(name)) for name in ("lower", "upper", "nominal")}
    is_numeric = limits["lower"] is not None or limits["upper"] is not None
    return {
        "position": position, "name": item["name"], "kind": ItemKind.numeric if is_numeric else ItemKind.pass_fail, **limits,
        "unit": item.get("unit"), "instrument_kind": kinds[item["instrument"]] if "instrument" in item else None,
        "is_electrical_safety": item.get("safety", False),
    }  # fmt: skip


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
