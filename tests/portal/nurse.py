"""A report as a nurse would send it, and what became of it."""

import io
import re

from flask import Flask
from PIL import Image
from sqlalchemy import select

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.service.request import ServiceRequest

ANSWERS = {
    "fault_text": "开机自检后报警，无法送气",
    "is_device_down": "yes", "is_treatment_affected": "no", "has_alternative": "yes", "harm": "not_sure",
    "department": "重症医学科", "caller_name": "顾小满", "caller_phone": "139 0000 5511",
}  # fmt: skip
ELSEWHERE = {"hospital": "临江第三医院", "product_text": "婴儿培养箱 BI-97", "serial_text": ""}


def token_of_device(app: Flask, serial_no: str) -> str:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(Device.qr_token).where(Device.serial_no == serial_no)).one()


def form_token(html: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', html)[1]


def requests_of(app: Flask, caller: str = ANSWERS["caller_name"]) -> list[ServiceRequest]:
    """The requests a caller made, detached from their session."""
    with app.app_context(), acting_as(SYSTEM):
        found = list(db.session.scalars(select(ServiceRequest).where(ServiceRequest.caller_name == caller).order_by(ServiceRequest.id)))
        db.session.expunge_all()
        return found


def picture(colour: str = "navy", format: str = "JPEG") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, format)
    file.seek(0)
    return file
