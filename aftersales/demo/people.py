"""The people of the company: forty, one of each role with a login, engineers with and without valid qualifications."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from flask import current_app
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from aftersales.demo.words import PLACES, name, phone
from aftersales.devices.family import DeviceFamily
from aftersales.devices.model import DeviceModel
from aftersales.labels import label
from aftersales.organization.department import Department
from aftersales.organization.region import Region, ServiceCentre
from aftersales.people.gate import qualified
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.record.actor import Actor
from aftersales.record.now import today
from aftersales.record.saving import create
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.security.manager import actor_of

PASSWORD = "demo123456"
SECOND_ENGINEER = "engineer2"
HOME = "HD"  # where the logins work that do not see every region
SECOND_HOME = "XN"
ENGINEERS_PER_REGION = 3

# Role: department, post, how many.
STAFF: dict[Role, tuple[str, str, int]] = {
    Role.administrator: ("信息管理部", "系统管理员", 1),
    Role.manager: ("售后服务部", "售后经理", 2),
    Role.dispatcher: ("售后服务部", "售后主管", 3),
    Role.intake: ("客户服务部", "客服专员", 4),
    Role.technical_support: ("技术支持部", "技术支持工程师", 2),
    Role.parts_keeper: ("备件仓储部", "备件管理员", 2),
    Role.complaint_officer: ("客户服务部", "投诉处理专员", 1),
    Role.regulatory: ("质量管理部", "法规专员", 1),
    Role.quality: ("质量管理部", "质量工程师", 2),
    Role.sales: ("销售部", "客户经理", 3),
    Role.inspector: ("质量管理部", "内审员", 1),
    Role.follow_up: ("客户服务部", "随访专员", 1),
}
DEPARTMENTS = {
    "售后服务部": "派工、现场维修、保养与安装；服务时限的达成",
    "客户服务部": "受理报修、咨询与投诉；登记、回访与满意度",
    "技术支持部": "疑难故障诊断、检测规程编制、远程支持与技术培训",
    "备件仓储部": "备件采购、验收、储存、发放与追溯",
    "质量管理部": "服务记录审核、不良事件与召回、内审、计量器具管理",
    "销售部": "服务合同与客户关系",
    "信息管理部": "系统账号、角色与数据备份",
    "研发部": "产品设计与变更；评估售后反馈的设计原因",
    "生产部": "制造与出厂检验；评估售后反馈的制造原因",
    "采购部": "供应商管理；来料问题的整改",
}


def logins() -> list[tuple[str, str, str]]:
    """Role (in the reader's language), user name, password: what the start of the program prints."""
    rows = [(label(f"role.{role}"), role.value, PASSWORD) for role in Role]
    return [*rows, (label(f"role.{Role.engineer}"), SECOND_ENGINEER, PASSWORD)]


@dataclass
class Cast:
    """Who can be asked to do something. `actors` are those with a login; `engineers` everybody who repairs, by region code."""

    session: Session
    regions: dict[str, Region]
    actors: dict[str, Actor] = field(default_factory=dict)
    engineers: dict[str, list[Person]] = field(default_factory=dict)

    def hand(self, person: Person) -> Actor:
        """The person acting. Colleagues without a login act with the rights of their role, in their region."""
        for actor in self.actors.values():
            if actor.user_id is not None and actor.user_id == person.user_id:
                return actor
        engineer = self.actors[Role.engineer]
        return replace(engineer, name=person.name, user_id=None, region_ids=frozenset({person.region_id}))

    def qualified(self, region: str, model: DeviceModel, day: date) -> list[Person]:
        return [person for person in self.engineers[region] if qualified(self.session, person.id, model, Work.repair, day)]

    def unqualified(self, region: str, model: DeviceModel, day: date) -> Person:
        fit = self.qualified(region, model, day)
        return next(person for person in self.engineers[region] if person not in fit and person.left_on is None)


def found_regions(session: Session) -> dict[str, Region]:
    regions = {"ZB": Region(code="ZB", name="总部", is_head_office=True)}
    regions |= {code: Region(code=code, name=place[0]) for code, place in PLACES.items()}
    session.add_all(regions.values())
    session.add_all(Department(name=title, duties=duties) for title, duties in DEPARTMENTS.items())
    session.flush()
    for number, (code, place) in enumerate(PLACES.items(), 1):
        _name, province, (town, _second), (district, _other) = place
        values = {
            "region_id": regions[code].id,
            "name": f"{place[0][:2]}服务中心",
            "address": f"{province}{town}{district}长宁大道 {number * 18} 号",
            "phone": f"160-0000-08{number:02d}",
            "opened_on": date(2016 + number, 3, 1),
        }
        create(session, ServiceCentre, values)
    return regions


def hire(session: Session, rng: Random, regions: dict[str, Region]) -> Cast:
    """Everybody, and the accounts of those with a login."""
    cast = Cast(session, regions)
    posts = {department.name: department for department in session.query(Department)}
    centres = {centre.region_id: centre for centre in session.query(ServiceCentre)}
    # It is printed on the screen, so there is nothing to protect, and every review signs with it.
    password = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
    used: set[str] = set()
    for number, (role, username, code) in enumerate(_positions(), 1):
        department, post = ("售后服务部", "售后工程师") if role is Role.engineer else STAFF[role][:2]
        region = regions[code]
        person_name = _unused(rng, used)
        account = _open(session, username, person_name, role, password) if username else None
        values = {
            "region_id": region.id,
            "staff_no": f"{code}{number:03d}",
            "name": person_name,
            "posts": post,
            "user_id": account.id if account else None,
            "phone": phone(rng),
            "mail": f"{code.lower()}{number:03d}@service.example",
            "department_id": posts[department].id,
            "service_centre_id": centres[region.id].id if region.id in centres else None,
            "joined_on": today() - timedelta(days=rng.randrange(200, 3000)),
        }
        person = create(session, Person, values)
        if role is Role.engineer:
            cast.engineers.setdefault(code, []).append(person)
        if account is not None:
            cast.actors[username] = actor_of(account)
    return cast


def _positions() -> Iterator[tuple[Role, str, str]]:
    """Role, user name ("" for none), region code. The first of each role has the login."""
    for role, (_department, _post, count) in STAFF.items():
        for place in range(count):
            yield role, role.value if place == 0 else "", HOME if role in (Role.sales, Role.follow_up) and place == 0 else "ZB"
    for code in PLACES:
        for place in range(ENGINEERS_PER_REGION):
            username = {HOME: Role.engineer.value, SECOND_HOME: SECOND_ENGINEER}.get(code, "") if place == 0 else ""
            yield Role.engineer, username, code


def _unused(rng: Random, used: set[str]) -> str:
    found = name(rng)
    while found in used:
        found = name(rng)
    used.add(found)
    return found


def _open(session: Session, username: str, person_name: str, role: Role, password: str) -> Account:
    account = Account(
        username=username, last_name=person_name[:1], first_name=person_name[1:], email=f"{username}@service.example", active=True,
        password=password, roles=[current_app.appbuilder.sm.find_role(role.value)],
    )  # fmt: skip
    session.add(account)
    session.flush()
    return account


def train(session: Session, rng: Random, cast: Cast, families: Sequence[DeviceFamily], present: date) -> None:
    """Two engineers of a region share its devices between them; the third knows a few, and not for long any more.

    What the first two know outlasts the present, so that the region can always send somebody.
    """
    for place, (first, second, third) in enumerate(cast.engineers.values()):
        for index, family in enumerate(families):
            if index % 3 != 2:
                _qualify(session, rng, first, family, present + timedelta(days=rng.randrange(90, 600)))
            if index % 3 != 0:
                _qualify(session, rng, second, family, present + timedelta(days=rng.randrange(90, 600)))
        ends = (present + timedelta(days=18), present - timedelta(days=25), present + timedelta(days=6), present - timedelta(days=140))
        for family in families[place : place + 4]:
            _qualify(session, rng, third, family, ends[place % len(ends)])
    unconfirmed = cast.engineers["HN"][2]
    _qualify(session, rng, unconfirmed, families[9], present + timedelta(days=360), is_confirmed=False)


def _qualify(session: Session, rng: Random, person: Person, family: DeviceFamily, until: date, *, is_confirmed: bool = True) -> None:
    begun = today() - timedelta(days=rng.randrange(40, 300))
    for work in (Work.repair, Work.maintain):
        values = {
            "person": person, "family": family, "work": work, "valid_from": begun, "valid_until": until,
            "evidence": f"{family.name}{label(f'work.{work}', 'zh')}培训与考核记录 PX-{begun:%Y%m}-{person.staff_no}",
            "effect_confirmed_on": begun + timedelta(days=14) if is_confirmed else None,
        }  # fmt: skip
        session.add(Qualification(**values))
    session.flush()
