"""Where a request becomes a complaint (R11): at the desk, announced to complaint staff; its reply is that of its record, `complaints/`."""

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from aftersales.record.notices import tell
from aftersales.record.refusal import Refusal
from aftersales.roles import Role
from aftersales.service.alerts import holders

if TYPE_CHECKING:
    from aftersales.service.request import ServiceRequest

ANSWERING = (Role.complaint_officer, Role.quality)


def announce(request: "ServiceRequest") -> None:
    """Open the record of a complaint, or bring it up to date, and tell complaint staff and quality of the region, once."""
    if request.kind != "complaint":
        return
    from aftersales.complaints.opening import take_in

    session: Session = object_session(request)
    session.flush()
    complaint = take_in(request)
    tell(
        session, holders(ANSWERING, request.region_id), key=f"complaint:{request.id}",
        words=lambda: (_("Complaint %(number)s", number=complaint.number), request.about),
        url=f"/complaint/show/{complaint.id}", is_urgent=request.harm not in (None, "no"),
    )  # fmt: skip


def refuse_to_solve(request: "ServiceRequest") -> None:
    if request.kind == "complaint":
        raise Refusal(_("A complaint is answered by complaint staff."))


def refuse_to_answer(request: "ServiceRequest") -> None:
    """A request is answered by closing its complaint, and by nothing else."""
    if request.kind != "complaint":
        raise Refusal(_("Only a complaint is answered; a fault is repaired or solved at a distance."))
    if request.complaint is None or request.complaint.state != "closed":
        raise Refusal(_("The complaint %(number)s answers it when it is closed.", number=request.complaint or ""))
