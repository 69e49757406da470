"""The printed QR labels: who may print them, of which devices, and that the code on them opens the right page."""

import io

import pikepdf
import pytest
from pikepdf import Name

from aftersales.devices.device import Device
from aftersales.roles import Role
from tests.portal.nurse import token_of_device
from tests.world import FOREIGN, OWN, sign_in, specimen

MILLIMETRE = 72 / 25.4


def pages(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each page in millimetres."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [tuple(round(float(side) / MILLIMETRE) for side in page.MediaBox[2:]) for page in document.pages]


def test_a_label_is_one_page_for_a_label_printer(app):
    answer = sign_in(app, Role.engineer).get(f"/device/{specimen(app, Device, OWN)}/label.pdf")
    assert answer.mimetype == "application/pdf"
    assert pages(answer.data) == [(50, 30)]


def test_labels_of_several_devices_stand_on_one_sheet(app):
    client = sign_in(app, Role.intake)
    ids = [specimen(app, Device, region) for region in (OWN, FOREIGN)]
    answer = client.get("/device/labels.pdf", query_string={"ids": ",".join(map(str, ids))})
    assert pages(answer.data) == [(210, 297)]


def test_the_address_of_the_report_page_is_in_the_file(app):
    pdf = sign_in(app, Role.engineer).get(f"/device/{specimen(app, Device, OWN)}/label.pdf").data
    with pikepdf.open(io.BytesIO(pdf)) as document:
        record = document.attachments["record.json"].get_file().read_bytes().decode()
        assert document.Root.get(Name.AcroForm) is None
    assert f"{app.config['BASE_URL']}/p/{token_of_device(app, 'HD-0001')}" in record


def test_a_foreign_device_gets_no_label(app):
    client = sign_in(app, Role.engineer)
    own, foreign = specimen(app, Device, OWN), specimen(app, Device, FOREIGN)
    assert client.get(f"/device/{foreign}/label.pdf").status_code == 404
    assert client.get(f"/device/labels.pdf?ids={own},{foreign}").status_code == 404


TOO_MANY = ",".join(map(str, range(1, 102)))


@pytest.mark.parametrize(("ids", "status"), [("", 422), ("abc", 422), ("-1", 422), ("0", 404), (str(2**63), 404), (TOO_MANY, 422)])
def test_a_list_of_devices_that_cannot_be_is_refused(app, ids, status):
    assert sign_in(app, Role.engineer).get(f"/device/labels.pdf?ids={ids}").status_code == status


def test_a_stranger_prints_no_label(app, client):
    assert client.get(f"/device/{specimen(app, Device, OWN)}/label.pdf").status_code in (302, 403)


def test_the_pages_of_devices_lead_to_their_labels(app):
    client = sign_in(app, Role.engineer)
    pk = specimen(app, Device, OWN)
    assert f"/device/{pk}/label.pdf" in client.get(f"/device/show/{pk}").text
    assert "/device/labels.pdf?ids=" in client.get("/device/list/").text
