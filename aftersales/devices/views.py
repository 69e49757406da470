"""The pages of devices: the generic ones, and the QR labels."""

from io import BytesIO
from typing import Any

from flask import Response, request, send_file
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _

from aftersales.devices.device import Device
from aftersales.devices.life import life_of
from aftersales.devices.qr_labels import devices_of, print_labels
from aftersales.extensions import db
from aftersales.recalls.unit import running_recalls
from aftersales.record.base import SharedRecord
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.views import RecordView


class DeviceView(RecordView):
    """Who may read a device may print its label: it says no more than the plate on the device."""

    show_page_template = "devices/show.html"
    list_page_template = "devices/list.html"
    include_route_methods = RecordView.include_route_methods | {"label", "labels"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Device)
        life = life_of(db.session, record, request.args.get("before", ""))
        recalls = running_recalls(db.session(), record.id) if life.may_be_recalled else []
        return {"life": life, "is_earlier": "before" in request.args, "recalls": recalls}

    @expose("/<int:pk>/label.pdf")
    @has_access
    @permission_name("read")
    @refusable
    def label(self, pk: int) -> Response:
        """One label, for a label printer."""
        return _pdf(print_labels(devices_of(db.session, [pk]), is_sheet=False), f"label-{pk}.pdf")

    @expose("/labels.pdf")
    @has_access
    @permission_name("read")
    @refusable
    def labels(self) -> Any:
        """The labels of `ids` (numbers with commas between) on sheets of A4."""
        texts = [text for text in request.args.get("ids", "").split(",") if text]
        if not all(text.isdecimal() and len(text) < 20 for text in texts):
            raise Refusal(_("The request could not be understood."))
        return _pdf(print_labels(devices_of(db.session, [int(text) for text in texts]), is_sheet=True), "labels.pdf")


def _pdf(data: bytes, name: str) -> Response:
    return send_file(BytesIO(data), mimetype="application/pdf", download_name=name)
