"""Forms made from declarations write what a person fills in, every field of it."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import SharedRecord
from aftersales.record.forms import form_class
from aftersales.registration import record_types
from aftersales.roles import Role
from tests.portal.repair import finish
from tests.world import sign_in


@pytest.mark.parametrize("cls", list(dict.fromkeys(record_types())), ids=lambda cls: cls.__name__)
def test_every_field_of_a_form_reaches_the_record(app: Flask, cls: type[SharedRecord]) -> None:
    """Also where a type has a field of its own that is called like the reason of a change."""
    with app.test_request_context():
        form = form_class(cls, cls.form_fields())()
        assert set(form.values()) == set(cls.form_fields())
        names = [field.name for field in form]
    assert len(set(names)) == len(names), f"two inputs of one name: {names}"


def test_what_was_chosen_lately_comes_first_where_it_may_still_be_chosen(app: Flask) -> None:
    mine, lent, implant, foreign = (device_id(app, serial) for serial in ("HD-0001", "HD-L1", "HD-PM-1", "XN-0001"))
    client = sign_in(app, Role.engineer)
    answer = client.get(f"/device/lookup?q=&recent={mine},{foreign},x,{mine}").json
    assert (answer["recent"], [found["id"] for found in answer["results"]]) == (1, [mine, implant, lent])
    assert client.get(f"/device/lookup?q=HD-L1&recent={mine}").json["recent"] == 0
    answer = client.get(f"/device/lookup?among=loaner&recent={mine},{lent}").json
    assert (answer["recent"], [found["id"] for found in answer["results"]]) == (1, [lent])


def device_id(app: Flask, serial: str) -> int:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(Device.id).where(Device.serial_no == serial)).one()


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "abc"])
@pytest.mark.parametrize(
    "url",
    ["/service_request/add?device_id=", "/service_order/1/story?before=", "/intake/?device_id=", "/document_version/add?document_id="],
)
def test_a_number_that_no_row_has_is_none(app: Flask, url: str, number: str) -> None:
    assert sign_in(app, "administrator").get(url + number).status_code == 200


def test_a_dialog_marks_what_its_step_cannot_do_without(app: Flask) -> None:
    order = finish(app, is_closed=False).order_id
    page = sign_in(app, Role.quality).get(f"/service_order/show/{order}").get_data(as_text=True)
    dialog = page.split('<dialog id="move-close"')[1].split("</dialog>")[0]
    assert re.search(r'class="required">审核意见', dialog)
    assert re.search(r'<textarea[^>]* name="review_opinion"[^>]* required', dialog)


def test_a_text_that_is_too_long_is_told_how_long_it_may_be(app: Flask) -> None:
    assert "内容过长：不超过 120 个字符。" in sign_in(app, "intake").post("/customer/add", data={"name": "院" * 121}).text
