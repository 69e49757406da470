"""QR labels for devices: scanned, they open the page that reports a fault of just this device (R2.1, R16.2)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import current_app, render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from aftersales.devices.device import Device
from aftersales.labels import speaking
from aftersales.record.content import canonical
from aftersales.record.now import now
from aftersales.record.printing.qr import qr_svg
from aftersales.record.printing.render import render_pdf
from aftersales.record.refusal import NotFound, Refusal

MOST = 100


def devices_of(session: Session, ids: Sequence[int]) -> list[Device]:
    """The devices in the order asked for. Raises NotFound if one is missing or foreign, Refusal for none or more than MOST."""
    wanted = list(dict.fromkeys(ids))
    if not 0 < len(wanted) <= MOST:
        raise Refusal(_("Choose 1 to %(n)s devices.", n=MOST))
    if not all(0 < pk < 2**63 for pk in wanted):
        raise NotFound(_("There is no such record."))
    found = {device.id: device for device in session.scalars(select(Device).where(Device.id.in_(wanted)).options(joinedload(Device.model)))}
    if len(found) < len(wanted):
        raise NotFound(_("There is no such record."))
    return [found[pk] for pk in wanted]


def print_labels(devices: Sequence[Device], *, is_sheet: bool) -> bytes:
    """A PDF: each label on a page of 50 × 30 mm for a label printer, or on A4, 4 across and 9 down."""
    labels = [_label(device) for device in devices]
    record = canonical({"type": "device_labels", "labels": labels})
    with speaking("zh"):  # a printed Chinese document, as all are
        html = render_template(
            "devices/qr_labels.html", labels=[{**label, "qr": qr_svg(label["url"])} for label in labels], is_sheet=is_sheet,
            company=current_app.config["COMPANY_NAME"], hotline=current_app.config.get("CONTACT_PHONE", "").split(",")[0].strip(),
        )  # fmt: skip
    return render_pdf(
        html,
        stylesheets=[Path(current_app.template_folder) / "devices/qr_labels.css"],
        identifier=hashlib.sha256(record).digest()[:16],
        record=record,
        created=now(),
        title="设备二维码标签",
    )


def _label(device: Device) -> dict[str, Any]:
    address = f"{current_app.config['BASE_URL'].rstrip('/')}/p/{device.qr_token}"
    return {
        "url": address, "number": device.number, "name": device.model.name, "specification": device.model.specification,
        "serial": device.hint, "is_lot": device.serial_no is None,
    }  # fmt: skip
