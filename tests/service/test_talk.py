"""What people do around a record's fields: dependent fields, codes that are scanned, comments with mentions."""

from io import BytesIO

import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.comments import Comment
from aftersales.record.notices import Notice
from aftersales.roles import Role
from aftersales.security.account import Account
from tests.world import FOREIGN, OWN, sign_in, specimen, token_of

GS1 = "010690123456789221SN-77\x1d10LOT-5"


def test_choosing_a_device_brings_its_customer_and_what_is_known_of_it(app: Flask) -> None:
    dispatcher, device = sign_in(app, Role.dispatcher), specimen(app, Device, OWN)
    told = dispatcher.get(f"/service_request/follow?field=device_id&value={device}").json
    with app.app_context(), acting_as(SYSTEM):
        chosen = db.session.get_one(Device, device)
        assert told["values"]["customer_id"] == {"value": str(chosen.customer_id), "text": chosen.customer.name}
        assert told["values"]["serial_text"]["value"] == chosen.hint
        assert chosen.customer.name in told["known"]
        assert str(chosen.model) in told["known"]
    foreign = specimen(app, Customer, FOREIGN)
    nothing = {"values": {}, "known": ""}
    assert sign_in(app, Role.sales).get(f"/service_contract/follow?field=customer_id&value={foreign}").json == nothing
    assert dispatcher.get("/service_request/follow?field=state&value=ordered").json == nothing


def test_a_code_scanned_into_the_serial_number_fills_serial_lot_and_code(app: Flask) -> None:
    told = sign_in(app, Role.administrator).get("/device/follow", query_string={"field": "serial_no", "value": GS1}).json["values"]
    assert (told["serial_no"]["value"], told["lot_no"]["value"], told["udi"]["value"]) == ("SN-77", "LOT-5", GS1)


def test_a_picture_of_a_code_is_read_with_its_separators_and_anything_else_is_refused(app: Flask) -> None:
    code = zxingcpp.create_barcode(GS1, zxingcpp.BarcodeFormat.DataMatrix)
    picture = BytesIO()
    Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=6)).save(picture, "PNG")
    person = sign_in(app, Role.engineer)

    def send(client: FlaskClient, data: bytes) -> TestResponse:
        return client.post("/scan", data={"picture": (BytesIO(data), "p.png")})

    assert send(person, picture.getvalue()).json["codes"] == [GS1]
    assert send(person, b"no picture").status_code == 422
    assert send(app.test_client(), picture.getvalue()).status_code == 403


def test_a_comment_tells_those_it_names_and_nobody_who_may_not_read(app: Flask) -> None:
    device = specimen(app, Device, OWN)
    author = sign_in(app, Role.engineer)
    author.get("/lang/en")
    with app.app_context(), acting_as(SYSTEM):
        named = db.session.scalars(select(Account).where(Account.username == Role.technical_support)).one()
        name, named_id = named.last_name + named.first_name, named.id
    author.post(f"/device/{device}/comment", data={"body": f"请@{name}看一下"})
    author.post(f"/device/{device}/comment", data={"body": "@nobody.here look"})
    page = author.get(f"/device/show/{device}").get_data(as_text=True)
    assert f"请@{name}看一下" in page
    assert "nobody.here look" not in page
    with app.app_context(), acting_as(SYSTEM):
        assert [said.mentions for said in db.session.scalars(select(Comment))] == [[named_id]]
        notices = list(db.session.scalars(select(Notice).where(Notice.key.startswith("comment:"))))
        assert [notice.user_id for notice in notices] == [named_id]
        assert notices[0].url == f"/device/show/{device}#story"
        assert "提到了您" in notices[0].subject  # who reads it is not who wrote in English


def test_the_inbox_speaks_the_language_of_its_reader(app: Flask) -> None:
    device = specimen(app, Device, OWN)
    with app.app_context(), acting_as(SYSTEM):
        named = db.session.scalars(select(Account).where(Account.username == Role.technical_support)).one()
        name = named.last_name + named.first_name
    sign_in(app, Role.engineer).post(f"/device/{device}/comment", data={"body": f"@{name} 请看"})
    reader = sign_in(app, Role.technical_support)
    chinese, _choice, english = reader.get("/inbox/").text, reader.get("/lang/en"), reader.get("/inbox/").text
    assert "提到了您：设备 " in chinese
    assert "mentions you" not in chinese
    assert "mentions you: Device " in english
    assert "提到了您" not in english


def test_only_its_author_withdraws_a_comment_and_the_api_then_keeps_its_words_back(app: Flask) -> None:
    device = specimen(app, Device, OWN)
    caller, api = app.test_client(), f"/api/v1/device/{device}/comments"
    headers = {"Authorization": f"Bearer {token_of(app, Role.engineer)}"}
    said = caller.post(api, json={"body": "wrong device"}, headers=headers).json["result"]
    assert caller.post(api, json={"body": " "}, headers=headers).status_code == 422
    sign_in(app, Role.administrator).post(f"/device/{device}/withdraw/{said['id']}")
    assert caller.get(api, headers=headers).json["result"][0]["body"] == "wrong device"
    assert caller.post(f"{api}/{said['id']}/withdraw", headers=headers).status_code == 200
    told = caller.get(api, headers=headers).json["result"][0]
    assert told["body"] is None
    assert told["withdrawn_at"]


def test_related_records_are_those_that_refer_to_it(app: Flask) -> None:
    pk = specimen(app, Device, OWN)
    with app.app_context(), acting_as(SYSTEM):
        device = db.session.get_one(Device, pk)
        customer, number = device.customer_id, device.number
    page = sign_in(app, Role.administrator).get(f"/customer/{customer}/related").get_data(as_text=True)
    assert number in page
