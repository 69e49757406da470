"""Every region guard bites, whatever way a statement is written: the session is asked, no page and no API.

The engineer of region A acts; the world has the same cast in region B.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, exists, func, select, union, update
from sqlalchemy.orm import aliased, joinedload, lazyload, selectinload, subqueryload

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record.actor import SYSTEM, Actor, NoActorError, _current, acting_as
from aftersales.record.audit import UnauditedStatementError
from aftersales.record.base import Regional
from aftersales.record.guard import ForbiddenStatement
from aftersales.record.refusal import Refusal
from aftersales.registration import record_types
from aftersales.security.account import Account
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, ServiceRequest
from tests.world import FOREIGN, OWN

REGIONAL = [cls for cls in dict.fromkeys(record_types()) if issubclass(cls, Regional)]


@pytest.fixture
def ids(app: Flask) -> dict[str, int]:
    """Ids of rows of both regions, by what they are: "Device HD"."""
    found = {}
    with app.app_context(), acting_as(SYSTEM):
        for code in (OWN, FOREIGN):
            region = db.session.scalars(select(Region.id).where(Region.code == code)).one()
            found[f"region {code}"] = region
            for cls in (Device, Customer, Person, ServiceOrder, ServiceRequest):
                rows = select(cls.id).where(cls.region_id == region).order_by(cls.id)
                found[f"{cls.__name__} {code}"] = db.session.scalars(rows).first()
        db.session.remove()
    return found


@pytest.fixture
def engineer(app: Flask, ids: dict[str, int]) -> Iterator[Actor]:
    """Acting as the engineer of region A, outside any request: as a job does."""
    actor = Actor(name="工程师", user_id=4, permissions=frozenset(), region_ids=frozenset({ids[f"region {OWN}"]}))
    with app.app_context(), acting_as(actor):
        yield actor
        db.session.rollback()
        db.session.remove()


Select = Callable[[dict[str, int]], Any]
SERIAL = f"{FOREIGN}-0001"
FAR = select(Person.user_id).where(Person.staff_no == "B001")
inner = aliased(Device)
ANSWERS = {"exists", "exists beside what is no record", "in", "in beside what is no record", "count by column"}

# Every way of asking, each giving rows; none of them may hold anything of region B.
WAYS: dict[str, Select] = {
    "entity": lambda ids: select(Device),
    "columns": lambda ids: select(Device.id, Device.serial_no, Device.region_id),
    "alias": lambda ids: select(inner),
    "columns of an alias": lambda ids: select(inner.serial_no),
    "count by column": lambda ids: select(func.count()).where(Device.serial_no == SERIAL).having(func.count(Device.id) > 0),
    "maximum": lambda ids: select(func.max(Device.serial_no)).where(Device.serial_no.like(f"{FOREIGN}%")),
    "subquery": lambda ids: select(select(Device).subquery().c.serial_no),
    "columns in a subquery": lambda ids: select(select(Device.serial_no).subquery().c.serial_no),
    "subquery of a subquery": lambda ids: select(select(select(Device.serial_no).subquery().c.serial_no).subquery()),
    "alias of a subquery": lambda ids: select(aliased(Device, select(Device).subquery())),
    "cte": lambda ids: select(select(Device.serial_no).cte().c.serial_no),
    "union": lambda ids: union(select(Device.serial_no), select(Device.serial_no)),
    "union below": lambda ids: select(union(select(Device.serial_no), select(Customer.name)).subquery()),
    "join": lambda ids: select(Device.serial_no).join(Customer, Customer.id == Device.customer_id),
    "join from a shared record": lambda ids: select(DeviceModel.name, Device.serial_no).join(Device, Device.model_id == DeviceModel.id),
    "outer join": lambda ids: select(DeviceModel.name, Device.serial_no).outerjoin(Device, Device.model_id == DeviceModel.id),
    "join from what is no record": lambda ids: select(Account.username, Person.name).join(Person, Person.user_id == Account.id),
    "scalar subquery": lambda ids: select(select(Device.serial_no).where(Device.serial_no == SERIAL).scalar_subquery()),
    "scalar subquery beside a shared record": lambda ids: select(DeviceModel.name, select(func.max(Device.serial_no)).scalar_subquery()),
    "scalar subquery beside what is no record": lambda ids: select(Account.id, select(func.max(Device.serial_no)).scalar_subquery()),
    "exists": lambda ids: select(func.max(DeviceModel.name)).where(exists().where(Device.serial_no == SERIAL)).having(func.count() > 0),
    "exists beside what is no record": lambda ids: select(Account.username).where(exists().where(Device.serial_no == SERIAL)),
    "in": lambda ids: select(DeviceModel.name).where(DeviceModel.id.in_(select(Device.model_id).where(Device.serial_no == SERIAL))),
    "in beside what is no record": lambda ids: select(Account.id).where(Account.id.in_(FAR)),
    "any": lambda ids: select(Customer.name).where(Customer.contacts.any()).where(Customer.id == ids[f"Customer {FOREIGN}"]),
    "where by key": lambda ids: select(Device).where(Device.id == ids[f"Device {FOREIGN}"]),
    "offset": lambda ids: select(Device.serial_no).order_by(Device.id.desc()).limit(100).offset(0),
    "for update": lambda ids: select(Device).with_for_update(),
    "window": lambda ids: select(Device.serial_no, func.row_number().over(order_by=Device.id)),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_row_of_a_foreign_region_comes_back(engineer: Actor, ids: dict[str, int], way: str) -> None:
    for row in db.session.execute(WAYS[way](ids)):
        for value in row:
            told = [value.serial_no, value.region_id] if isinstance(value, Device) else [value]
            assert FOREIGN not in str(told), f"{way}: {told}"
            assert "西南" not in str(told), f"{way}: {told}"
            assert way not in ANSWERS, f"{way} answers for a foreign row"


COUNTS: dict[str, Callable[[], Any]] = {
    "count": lambda: select(func.count()).select_from(Device),
    "count of a subquery": lambda: select(func.count()).select_from(select(Device).subquery()),
    "count of columns in a subquery": lambda: select(func.count()).select_from(select(Device.id).subquery()),
    "count of a cte": lambda: select(func.count()).select_from(select(Device.id).cte()),
    "count of an alias": lambda: select(func.count()).select_from(aliased(Device)),
    "count beside what is no record": lambda: select(select(func.count(Device.id)).scalar_subquery(), Account.id).limit(1),
    "count of a subquery of an alias": lambda: select(func.count()).select_from(select(aliased(Device)).subquery()),
    "count of a union": lambda: select(func.count()).select_from(union(select(Device.id), select(Device.id)).subquery()),
}


@pytest.mark.parametrize("way", COUNTS)
def test_a_count_tells_nothing_of_other_regions(engineer: Actor, way: str) -> None:
    assert db.session.scalar(COUNTS[way]()) == 3, way
    with acting_as(SYSTEM):
        assert db.session.scalar(COUNTS[way]()) == 6, way


def test_the_old_query_counts_alike(engineer: Actor) -> None:
    assert db.session.query(Device).count() == 3
    assert db.session.query(Device.id).filter(Device.serial_no == SERIAL).count() == 0


@pytest.mark.parametrize("cls", REGIONAL, ids=lambda cls: cls.__name__)
def test_no_type_forgets_the_guard(engineer: Actor, cls: type[Any]) -> None:
    assert {row.region_id for row in db.session.scalars(select(cls))} <= engineer.region_ids
    assert set(db.session.scalars(select(cls.region_id))) <= engineer.region_ids


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload, lazyload], ids=lambda load: load.__name__)
def test_a_relation_leads_to_no_foreign_row(app: Flask, engineer: Actor, ids: dict[str, int], load: Any) -> None:
    """A shared record that points to rows of every region, and a row that points out of its own."""
    device = ids[f"Device {OWN}"]
    _point_out_of_the_region(app, device, ids[f"Customer {FOREIGN}"])
    found = db.session.scalars(select(Device).where(Device.id == device).options(load(Device.customer))).unique().one()
    assert found.customer is None


def _point_out_of_the_region(app: Flask, device: int, customer: int) -> None:
    """As it stands after somebody was moved: written behind the program's back, committed."""
    from sqlalchemy import text

    with db.engine.begin() as connection:
        connection.execute(text("UPDATE device SET customer_id = :customer WHERE id = :device"), {"customer": customer, "device": device})


def test_a_row_is_not_got_by_its_key(engineer: Actor, ids: dict[str, int]) -> None:
    assert db.session.get(Device, ids[f"Device {FOREIGN}"]) is None
    assert db.session.get(Device, ids[f"Device {OWN}"]) is not None


def test_a_refresh_keeps_the_relations_narrow(app: Flask, engineer: Actor, ids: dict[str, int]) -> None:
    device = db.session.get(Device, ids[f"Device {OWN}"])
    assert device.customer is not None
    db.session.rollback()
    _point_out_of_the_region(app, ids[f"Device {OWN}"], ids[f"Customer {FOREIGN}"])
    db.session.refresh(device)
    assert device.customer is None


BULK = {"update": update(Device).values(serial_no="x"), "delete": delete(Device), "shared": update(DeviceFamily).values(name="x")}


@pytest.mark.parametrize("statement", BULK.values(), ids=BULK)
def test_bulk_statements_on_records_are_refused(engineer: Actor, statement: Any) -> None:
    with pytest.raises((ForbiddenStatement, UnauditedStatementError)):
        db.session.execute(statement)


@pytest.mark.parametrize("statement", [Device.__table__.update().values(serial_no="x"), Device.__table__.delete()], ids=["set", "drop"])
def test_bulk_statements_on_tables_are_refused(engineer: Actor, statement: Any) -> None:
    with pytest.raises(UnauditedStatementError):
        db.session.connection().execute(statement)


def test_nothing_is_written_into_a_foreign_region(engineer: Actor, ids: dict[str, int]) -> None:
    db.session.add(Customer(region_id=ids[f"region {FOREIGN}"], name="越界医院"))
    with pytest.raises(Refusal):
        db.session.flush()


def test_a_row_is_not_moved_out_of_the_region(engineer: Actor, ids: dict[str, int]) -> None:
    customer = db.session.get(Customer, ids[f"Customer {OWN}"])
    customer.region_id, customer._audit_reason = ids[f"region {FOREIGN}"], "搬迁"
    with pytest.raises(Refusal):
        db.session.flush()


@pytest.mark.parametrize("by", ["id", "relation"])
def test_nothing_is_linked_to_a_foreign_row(engineer: Actor, ids: dict[str, int], by: str) -> None:
    device = ids[f"Device {FOREIGN}"]
    request = ServiceRequest(region_id=ids[f"region {OWN}"], channel=Channel.hotline, fault_text="试", customer_id=ids[f"Customer {OWN}"])
    if by == "id":
        request.device_id = device
    else:
        with acting_as(SYSTEM):
            request.device = db.session.get(Device, device)
    db.session.add(request)
    with pytest.raises(Refusal), db.session.no_autoflush:
        db.session.flush()


def test_a_foreign_row_is_not_changed_by_whoever_holds_it(engineer: Actor, ids: dict[str, int]) -> None:
    with acting_as(SYSTEM):
        foreign = db.session.get(Device, ids[f"Device {FOREIGN}"])
    foreign.department, foreign._audit_reason = "别处", "试"
    with pytest.raises(Refusal):
        db.session.flush()


def test_a_foreign_row_is_not_deleted(engineer: Actor, ids: dict[str, int]) -> None:
    with acting_as(SYSTEM):
        contact = db.session.get(Customer, ids[f"Customer {FOREIGN}"]).contacts[0]
    contact._audit_reason = "试"
    db.session.delete(contact)
    with pytest.raises(Refusal):
        db.session.flush()


@pytest.fixture
def nobody(app: Flask) -> Iterator[None]:
    """As in code that forgot to say who acts."""
    with app.app_context():
        token = _current.set(None)
        yield
        _current.reset(token)
        db.session.rollback()
        db.session.remove()


@pytest.mark.parametrize("way", WAYS)
def test_with_nobody_acting_nothing_is_read(nobody: None, way: str) -> None:
    unknown = dict.fromkeys((f"{name} {code}" for name in ("region", "Device", "Customer") for code in (OWN, FOREIGN)), 1)
    with pytest.raises(NoActorError):
        db.session.execute(WAYS[way](unknown)).all()


@pytest.mark.parametrize("way", COUNTS)
def test_with_nobody_acting_nothing_is_counted(nobody: None, way: str) -> None:
    with pytest.raises(NoActorError):
        db.session.scalar(COUNTS[way]())


def test_with_nobody_acting_nothing_is_written(nobody: None) -> None:
    db.session.add(DeviceFamily(code="99", name="无人"))
    with pytest.raises(NoActorError):
        db.session.flush()


def test_accounts_are_read_before_anybody_acts(nobody: None) -> None:
    """Signing in must be possible; an account is no record of a region."""
    assert db.session.scalars(select(Account.id).limit(1)).first() is not None
