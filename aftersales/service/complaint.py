"""A complaint as the intake desk knows it (R11): marked, announced to complaint staff, ended by their answer.

Its investigation, severity and deadlines are a record of their own, which begins where `announce` tells of it.
"""

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from aftersales.labels import speaking
from aftersales.record.notices import tell
from aftersales.record.refusal import Refusal
from aftersales.roles import Role
from aftersales.service.alerts import holders

if TYPE_CHECKING:
    from aftersales.service.request import ServiceRequest

ANSWERING = (Role.complaint_officer, Role.quality)


def announce(request: "ServiceRequest") -> None:
    """Tell complaint staff and quality of the region, once. Not in the language of whoever complained."""
    if request.kind != "complaint":
        return
    session: Session = object_session(request)
    session.flush()
    with speaking("zh"):
        subject = _("Complaint %(number)s", number=request.number)
    url = f"/service_request/show/{request.id}"
    tell(
        session, holders(ANSWERING, request.region_id), key=f"complaint:{request.id}", subject=subject, body=request.about, url=url,
        is_urgent=request.harm not in (None, "no"),
    )  # fmt: skip


def refuse_to_solve(request: "ServiceRequest") -> None:
    if request.kind == "complaint":
        raise Refusal(_("A complaint is answered by complaint staff."))


def refuse_other_kinds(request: "ServiceRequest") -> None:
    if request.kind != "complaint":
        raise Refusal(_("Only a complaint is answered; a fault is repaired or solved at a distance."))
